//! `autoperf check`: validates the files and says what would be run, without any contact.

use crate::cli::exit::Exit;
use crate::cli::launch::Files;
use crate::parameters;
use autoperf_inputs::workload::{Description, Profile, TransactionDescription};
use autoperf_inputs::{Mode, Workload};
use autoperf_models::grammar::{counted, measured};
use std::fmt::Write;
use std::path::PathBuf;

mod forecast;

/// Rows of a schedule that are shown one by one.
pub(super) const MOST_ROWS: usize = 12;

/// What `check` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// What is read.
    #[command(flatten)]
    pub files: Files,
    /// The schedule; by default the one that config.properties names, else `mll.txt`, where it exists.
    #[arg(long, value_name = "FILE")]
    pub manual: Option<PathBuf>,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let request = arguments
        .files
        .request(Mode::Everything, arguments.manual.as_deref());
    let inspection = autoperf_inputs::inspect_folder(&request);
    if !inspection.diagnostics.is_empty() {
        eprintln!("{}", inspection.diagnostics);
    }
    let Some(mut workload) = inspection.workload else {
        return Exit::Usage;
    };
    parameters::lift_infinite_timeouts(&mut workload);
    let files: Vec<String> = inspection
        .files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    println!("read: {}", files.join(", "));
    print!("{}", told(&workload));
    println!("Nothing was contacted.");
    Exit::Found
}

/// Everything that can be said before any load.
fn told(workload: &Workload) -> String {
    let description = workload.describe();
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write_all(&mut text, workload, &description);
    text
}

fn write_all(out: &mut String, workload: &Workload, description: &Description) -> std::fmt::Result {
    writeln!(out, "load goes to: {}", description.targets.join(", "))?;
    transactions(out, &description.transactions)?;
    match description.session {
        Some(session) => writeln!(
            out,
            "session: {:.2} transactions on average (standard deviation {:.2}), mean think time {:.3} s per transaction",
            session.length, session.length_sd, session.think_time_s
        )?,
        None => writeln!(out, "session: no navigation, so there is no mix")?,
    }
    profilers(out, workload)?;
    if let Some(session) = description.session {
        forecast::write(out, workload, session.think_time_s)?;
    }
    schedule(out, workload)?;
    if let Some(profile) = &workload.profile {
        writeln!(out, "profile: {}", profiled(workload, profile))?;
    }
    for (name, value) in &workload.parameters.values {
        writeln!(out, "parameter: {name} = {value}")?;
    }
    writeln!(out, "can be run: {}", modes(workload).join(", "))
}

fn transactions(out: &mut String, rows: &[TransactionDescription]) -> std::fmt::Result {
    let width = rows
        .iter()
        .map(|row| row.name.chars().count())
        .max()
        .unwrap_or(0)
        .max(11);
    writeln!(
        out,
        "{:<width$} {:>8} {:>12} {:>10} {:>10}  request",
        "transaction", "share", "per session", "think time", "time limit"
    )?;
    let figure = |value: Option<f64>, factor: f64, unit: &str| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{:.2}{unit}", value * factor))
    };
    for row in rows {
        writeln!(
            out,
            "{:<width$} {:>8} {:>12} {:>10} {:>10}  {}",
            row.name,
            figure(row.share, 100.0, " %"),
            figure(row.visits_per_session, 1.0, ""),
            figure(Some(row.think_time_s), 1.0, " s"),
            figure(row.timeout_s, 1.0, " s"),
            row.request
        )?;
    }
    Ok(())
}

fn profilers(out: &mut String, workload: &Workload) -> std::fmt::Result {
    if workload.nodes.is_empty() {
        return writeln!(
            out,
            "profilers: none; a NodeInfo with a profiler on each server would name what limits the site"
        );
    }
    for node in &workload.nodes {
        let cores = node
            .cores
            .map_or_else(String::new, |cores| format!(", {}", measured(cores, "core")));
        writeln!(
            out,
            "profiler: {} on {} port {}{cores}",
            node.process, node.node, node.port
        )?;
    }
    Ok(())
}

fn schedule(out: &mut String, workload: &Workload) -> std::fmt::Result {
    let rows = &workload.manual_levels;
    let Some((duration_s, most)) = workload.describe().manual else {
        return Ok(());
    };
    let shown: Vec<String> = rows
        .iter()
        .take(MOST_ROWS)
        .map(|row| format!("{} for {} s", row.users, row.duration_s))
        .collect();
    let more = match rows.len().saturating_sub(MOST_ROWS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    writeln!(
        out,
        "schedule: {}, at most {}, {duration_s} s in all: {}{more}",
        counted(rows.len() as u64, "level"),
        counted(most, "user"),
        shown.join(", ")
    )
}

fn profiled(workload: &Workload, profile: &Profile) -> String {
    let name = |index: &usize| {
        workload
            .transactions
            .get(*index)
            .map_or_else(String::new, |transaction| transaction.name.clone())
    };
    let uses: Vec<String> = profile
        .uses
        .iter()
        .map(|item| {
            let requires: Vec<String> = item.requires.iter().map(name).collect();
            match requires.is_empty() {
                true => name(&item.transaction),
                false => format!("{} (after {})", name(&item.transaction), requires.join(", ")),
            }
        })
        .collect();
    let count = match (
        profile.execution_count,
        parameters::profile_options(workload, f64::MAX),
    ) {
        (Some(count), _) => format!("{} by each user", counted(count, "execution")),
        (None, Some(options)) => format!(
            "{} to {} executions, until demands are known to {} %",
            options.fewest,
            options.most,
            options.demand_precision * 100.0
        ),
        (None, None) => String::new(),
    };
    format!(
        "{}; {}, think time {} s, {count}",
        uses.join(", "),
        counted(profile.users, "user"),
        profile.think_time_s
    )
}

/// The modes for which everything is there.
fn modes(workload: &Workload) -> Vec<&'static str> {
    let (graph, rows) = (workload.navigation.is_some(), !workload.manual_levels.is_empty());
    let profile = workload
        .profile
        .as_ref()
        .is_some_and(|profile| !profile.uses.is_empty());
    let all = [
        (graph, "capacity"),
        (graph && rows, "capacity --manual"),
        (profile, "profile"),
        (profile && rows, "profile --manual"),
    ];
    let possible = all.into_iter().filter(|(possible, _)| *possible);
    possible.map(|(_, mode)| mode).chain(["try"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_alone_can_only_be_searched_and_tried() {
        let workload = Workload::from_url("http://127.0.0.1:8080/a").unwrap();
        let text = told(&workload);
        for part in [
            "load goes to: 127.0.0.1:8080\n",
            "100.00 %",
            "session: 10.00 transactions on average (standard deviation 9.49), mean think time 1.000 s",
            "profilers: none",
            "N* is unknown",
            "the first has ",
            "with Z = 1.000 s it would be 1001 users at 1 ms, 101 users at 10 ms, 11 users at 100 ms",
            "warm-up: is detected",
            "can be run: capacity, try\n",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }
}
