use super::*;
use autoperf_inputs::FileName;
use clap::Parser;

/// A command line like the real one, as small as the rules allow.
#[derive(Debug, Parser)]
#[command(name = "tool")]
struct Tool {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Run(Run),
    Walk {
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    Bare {
        name: String,
    },
}

#[derive(Debug, clap::Args)]
struct Run {
    #[arg(conflicts_with = "input")]
    url: Option<String>,
    #[arg(long)]
    input: Option<String>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    max_users: Option<u32>,
    #[arg(long, num_args = 0..=1)]
    manual: Option<Option<String>>,
    #[arg(long)]
    node: Vec<String>,
    #[arg(long)]
    quiet: bool,
}

fn tool() -> Command {
    use clap::CommandFactory;
    Tool::command()
}

fn words(line: &str) -> Vec<OsString> {
    line.split(' ').map(OsString::from).collect()
}

/// The layers: variables, the project's file, the user's file.
fn behind(variables: &[(&str, &str)], project: &str, user: &str) -> Layers {
    let verbs = settable(&tool());
    let file = |name: &str, text: &str| options::parse(text, &FileName::new(name), &verbs).unwrap();
    Layers {
        environment: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        files: vec![file("autoperf.toml", project), file("config.toml", user)],
    }
}

fn found(line: &str, layers: Layers, option: &str) -> (String, String) {
    let effective = resolve(&tool(), words(line), || Ok(layers)).unwrap();
    let row = effective.rows.iter().find(|row| row.0 == option).unwrap();
    (row.1.clone(), row.2.to_string())
}

#[test]
fn each_layer_yields_to_the_one_before_it() {
    let variable = [("AUTOPERF_MAX_USERS", "4")];
    let (project, user) = ("max-users = 3", "max-users = 2");
    for (line, layers, value, origin) in [
        (
            "tool run --max-users 5",
            behind(&variable, project, user),
            "5",
            "command line",
        ),
        (
            "tool run",
            behind(&variable, project, user),
            "4",
            "environment, AUTOPERF_MAX_USERS",
        ),
        (
            "tool run",
            behind(&[("AUTOPERF_MAX_USERS", "")], project, user),
            "3",
            "autoperf.toml:1",
        ),
        ("tool run", behind(&[], "", user), "2", "config.toml:1"),
        ("tool run", behind(&[], "", ""), "-", "not set"),
        ("tool walk", behind(&variable, "", ""), "1", "built in"),
    ] {
        let option = if line.contains("walk") {
            "steps"
        } else {
            "max-users"
        };
        assert_eq!(
            found(line, layers, option),
            (value.to_owned(), origin.to_owned()),
            "{line}"
        );
    }
}

#[test]
fn a_verbs_own_table_goes_before_the_rest_of_its_file_and_not_before_another() {
    let project = "quiet = true\nmax-users = 3\n[run]\nmax-users = 9\n";
    assert_eq!(found("tool run", behind(&[], project, ""), "max-users").0, "9");
    assert_eq!(
        found(
            "tool run",
            behind(&[], "max-users = 3", "[run]\nmax-users = 9"),
            "max-users"
        )
        .0,
        "3"
    );
}

#[test]
fn the_values_reach_the_verb_as_if_they_had_been_typed() {
    let layers = behind(&[("AUTOPERF_QUIET", "yes")], "max-users = 3\nmanual = true", "");
    let effective = resolve(&tool(), words("tool run here"), || Ok(layers)).unwrap();
    let Verb::Run(run) = <Tool as clap::FromArgMatches>::from_arg_matches(&effective.matches)
        .unwrap()
        .verb
    else {
        panic!("another verb");
    };
    assert_eq!(
        (run.quiet, run.max_users, run.manual),
        (true, Some(3), Some(None))
    );
    assert_eq!(run.url.as_deref(), Some("here"));
    assert_eq!(
        effective.arguments,
        words("tool run --quiet --manual --max-users=3 here")
    );
}

#[test]
fn a_list_gives_an_option_as_often_as_it_has_texts() {
    let layers = behind(&[], "node = [\"a\", \"b\"]", "");
    assert_eq!(
        found("tool run", layers, "node"),
        ("a b".to_owned(), "autoperf.toml:1".to_owned())
    );
    let twice = behind(&[], "max-users = [\"1\", \"2\"]", "");
    assert!(matches!(
        resolve(&tool(), words("tool run"), || Ok(twice)),
        Err(Refused::Layer(_))
    ));
}

#[test]
fn a_switch_can_be_set_back_and_what_was_typed_excludes_what_it_cannot_stand_beside() {
    let layers = behind(&[("AUTOPERF_QUIET", "off")], "quiet = true", "");
    assert_eq!(found("tool run", layers, "quiet").0, "false");
    let layers = || behind(&[], "input = \"a.xml\"", "");
    assert_eq!(found("tool run", layers(), "input").0, "a.xml");
    assert_eq!(found("tool run here", layers(), "input").0, "-");
}

#[test]
fn a_wrong_value_is_told_with_its_place() {
    for (variables, project, says) in [
        (&[][..], "max-users = 0", "autoperf.toml:1:13"),
        (&[], "max-users = true", "needs a value"),
        (&[], "quiet = \"loud\"", "expected: true or false"),
        (
            &[("AUTOPERF_MAX_USERS", "many")],
            "",
            "AUTOPERF_MAX_USERS: invalid value 'many'",
        ),
        (&[("AUTOPERF_QUIET", "loud")], "", "AUTOPERF_QUIET is `loud`"),
    ] {
        let layers = behind(variables, project, "");
        let Err(Refused::Layer(told)) = resolve(&tool(), words("tool run"), || Ok(layers)) else {
            panic!("{project} was accepted");
        };
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn a_verb_without_options_asks_for_no_layer() {
    let effective = resolve(&tool(), words("tool bare x"), || Err("asked".to_owned())).unwrap();
    assert!(effective.rows.is_empty());
    assert!(matches!(
        resolve(&tool(), words("tool bare"), || Ok(Layers::default())),
        Err(Refused::Typed(_))
    ));
}

#[test]
fn the_real_command_line_is_consistent() {
    super::super::command().debug_assert();
    let verbs = settable(&super::super::command());
    for verb in [
        "capacity", "profile", "plan", "check", "try", "convert", "demo", "report", "compare",
    ] {
        assert!(
            verbs.iter().any(|known| known.verb == verb),
            "{verb} has no option that can be set"
        );
    }
}
