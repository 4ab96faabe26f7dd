//! Reference tables of the documentation are made from the code: `AUTOPERF_BLESS=1` writes them anew between their marks.

use autoperf::cli::exit::{EXITS, VERDICTS};
use autoperf::cli::settings::{settable, variable};
use autoperf::compare::write::FORMS;
use autoperf::record;
use autoperf::report::RENDERERS;
use autoperf::report::csv::{COLUMNS, PROCESS_COLUMNS};
use autoperf_profiler::agent::metrics;
use clap::{Arg, ArgAction, Command};
use std::path::PathBuf;

const END: &str = "<!-- end of the generated part -->";

fn page(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).join(name)
}

/// Holds the part of a page behind `<!-- generated: MARK -->` against what the code says.
fn generated(name: &str, mark: &str, table: &str) {
    let path = page(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("docs/{name}: {error}"));
    let begin = format!("<!-- generated: {mark} -->\n");
    let parts = text
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?)));
    let Some((before, (found, after))) = parts else {
        panic!("docs/{name} has no part `{mark}`: it needs the lines\n{begin}{END}");
    };
    if found == table {
        return;
    }
    if std::env::var_os("AUTOPERF_BLESS").is_some() {
        return std::fs::write(&path, format!("{before}{begin}{table}{END}{after}")).unwrap();
    }
    panic!(
        "docs/{name}, `{mark}` is not up to date (AUTOPERF_BLESS=1 writes it anew); it should be\n{table}"
    );
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
}

/// A row for every argument of a verb: how it is typed, its default, the variable that sets it, what it does.
fn arguments(verb: &Command) -> String {
    let mut text = "| argument | default | environment | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    let settable = settable(&autoperf::cli::command());
    let layered = settable.iter().find(|known| known.verb == verb.get_name());
    let shown = verb
        .get_arguments()
        .filter(|argument| !["help", "version", "print_config"].contains(&argument.get_id().as_str()));
    for argument in shown {
        let defaults = argument.get_default_values().iter();
        let default: Vec<_> = match argument.get_action() {
            ArgAction::SetTrue => Vec::new(),
            _ => defaults
                .map(|value| format!("`{}`", value.to_string_lossy()))
                .collect(),
        };
        let long = argument
            .get_long()
            .filter(|long| layered.is_some_and(|known| known.options.iter().any(|option| option == long)));
        text.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            typed(argument),
            default.join(" "),
            long.map_or_else(String::new, |long| format!("`{}`", variable(long))),
            cell(&meaning(argument))
        ));
    }
    text
}

fn typed(argument: &Arg) -> String {
    let names: Vec<_> = argument
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect();
    let takes = argument.get_action().takes_values();
    let value = names.join(" ");
    match (argument.get_long(), argument.get_short()) {
        (None, _) if argument.is_required_set() => value,
        (None, _) => format!("[{value}]"),
        (Some(long), Some(short)) if !takes => format!("-{short}, --{long}"),
        (Some(long), _) if !takes => format!("--{long}"),
        (Some(long), _)
            if argument
                .get_num_args()
                .is_some_and(|range| range.min_values() == 0) =>
        {
            format!("--{long} [{value}]")
        }
        (Some(long), _) => format!("--{long} {value}"),
    }
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<_> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    let takes = argument.get_action().takes_values();
    if takes && !values.is_empty() {
        format!("{help}: {}", values.join(", "))
    } else {
        help
    }
}

/// What the page of a new verb begins as.
fn new_page(verb: &Command) -> String {
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    format!(
        "# autoperf {}\n\n{about}.\n\n## Arguments\n\n<!-- generated: arguments -->\n{END}\n",
        verb.get_name()
    )
}

#[test]
fn every_verb_has_a_page_with_its_arguments() {
    let mut command = autoperf::cli::command();
    command.build();
    for verb in verbs(&command) {
        let name = format!("verbs/{}.md", verb.get_name());
        if std::env::var_os("AUTOPERF_BLESS").is_some() && !page(&name).exists() {
            std::fs::write(page(&name), new_page(verb)).unwrap();
        }
        generated(&name, "arguments", &arguments(verb));
    }
    for file in std::fs::read_dir(page("verbs")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let verb = name.trim_end_matches(".md");
        let known = verbs(&command).any(|known| known.get_name() == verb);
        assert!(known, "docs/verbs/{name} is about no verb");
    }
}

#[test]
fn the_verbs_are_listed() {
    let mut text = "| verb | what it does |\n| --- | --- |\n".to_owned();
    for verb in verbs(&autoperf::cli::command()) {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("| [`{0}`](verbs/{0}.md) | {about} |\n", verb.get_name()));
    }
    generated("modes.md", "verbs", &text);
}

#[test]
fn the_exit_codes_and_verdicts_are_documented() {
    let mut codes = "| code | meaning |\n| --- | --- |\n".to_owned();
    for (_, code, meaning) in EXITS {
        codes.push_str(&format!("| {code} | {meaning} |\n"));
    }
    generated("results.md", "exit codes", &codes);
    let mut verdicts = "| code | meaning | exit code |\n| --- | --- | --- |\n".to_owned();
    for (verdict, exit, meaning) in VERDICTS {
        verdicts.push_str(&format!("| `{verdict}` | {meaning} | {} |\n", exit.code()));
    }
    generated("results.md", "verdicts", &verdicts);
}

#[test]
fn the_record_of_a_transaction_is_documented() {
    let mut forms = "| form | what it is |\n| --- | --- |\n".to_owned();
    for form in record::FORMS {
        forms.push_str(&format!("| `{}` | {} |\n", form.name, form.about));
    }
    generated("transport.md", "forms of a record", &forms);
    let mut columns = "| column | Addanc | what it holds |\n| --- | --- | --- |\n".to_owned();
    for column in record::columns::COLUMNS {
        let names = column.addanc.split(", ").filter(|name| !name.is_empty());
        let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
        columns.push_str(&format!(
            "| `{}` | {} | {} |\n",
            column.name,
            names.join(", "),
            cell(column.about)
        ));
    }
    generated("transport.md", "columns of a record", &columns);
}

#[test]
fn the_profilers_metrics_are_documented() {
    let mut text = "| metric | kind | label | what it says |\n| --- | --- | --- | --- |\n".to_owned();
    for metric in metrics::described() {
        let label = metric
            .label
            .map_or_else(String::new, |label| format!("`{label}`"));
        text.push_str(&format!(
            "| `{}` | {} | {label} | {} |\n",
            metric.name, metric.kind, metric.about
        ));
    }
    generated("profiler.md", "metrics", &text);
}

#[test]
fn the_forms_and_columns_are_documented() {
    for (mark, always) in [("forms", true), ("forms on request", false)] {
        let mut text = "| file | form | what it is |\n| --- | --- | --- |\n".to_owned();
        for form in RENDERERS.iter().filter(|form| form.always == always) {
            text.push_str(&format!(
                "| `{}` | `{}` | {} |\n",
                form.file_name, form.name, form.about
            ));
        }
        generated("results.md", mark, &text);
    }
    let mut columns = "| column | what it holds |\n| --- | --- |\n".to_owned();
    for column in COLUMNS {
        columns.push_str(&format!("| `{}` | {} |\n", column.name, column.about));
    }
    for (name, about) in PROCESS_COLUMNS {
        columns.push_str(&format!("| `{name}:PROCESS@NODE` | {about} |\n"));
    }
    generated("results.md", "columns", &columns);
    let mut forms = "| form | what it is |\n| --- | --- |\n".to_owned();
    for form in FORMS {
        forms.push_str(&format!("| `{}` | {} |\n", form.name, form.about));
    }
    generated("verbs/compare.md", "forms", &forms);
}
