//! A real site against its control group's own counter: the words are the names watched, the file of the counter, a label, and
//! the command that puts load on the site. `tests/bench/profiler-sites.sh` builds the sites.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use autoperf_profiler::client::Client;
use autoperf_profiler::reading::GroupReading;

use crate::case::{NOBODY, agent, used_ns};

/// Time after the load for its last processes to end and their records to be read.
const REST: Duration = Duration::from_secs(2);

/// Prints a row for an agent with all rights and one for one with none.
pub(crate) fn compare(names: &str, usage: &str, label: &str, command: &[&str]) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let (root, mut as_root) = agent(&program, None, names)?;
    let (nobody, mut as_nobody) = agent(&program, Some(NOBODY), names)?;
    // What an agent needs to know the cost of ending it learns from the first ends that it sees.
    carry_out(command)?;
    std::thread::sleep(REST);
    let before = (
        look(&mut as_root)?,
        look(&mut as_nobody)?,
        used_ns(Path::new(usage))?,
    );
    carry_out(command)?;
    std::thread::sleep(REST);
    let after = (
        look(&mut as_root)?,
        look(&mut as_nobody)?,
        used_ns(Path::new(usage))?,
    );
    let truth_ns = after.2 - before.2;
    for (user, from, to, client) in [
        ("root", &before.0, &after.0, &mut as_root),
        ("nobody", &before.1, &after.1, &mut as_nobody),
    ] {
        println!(
            "{}",
            row(
                (label, user),
                (from, to),
                truth_ns,
                is_complete(client, from.1, to.1)?
            )
        );
    }
    drop((root, nobody));
    Ok(())
}

/// Label, user, source, what the control group used, what was said, the error, what of it is said to be for ending, whether
/// it was said to be complete.
fn row(
    (label, user): (&str, &str),
    (from, to): (&(GroupReading, u64), &(GroupReading, u64)),
    truth_ns: f64,
    complete: bool,
) -> String {
    let said_ns = (to.0.cpu_ns - from.0.cpu_ns) as f64;
    let ending = |group: &GroupReading| group.evidence.exit_overhead_ns.map(|ns| ns as f64);
    let ending = match (ending(&from.0), ending(&to.0)) {
        (Some(from), Some(to)) => format!("{:.0}", (to - from) / 1e6),
        _ => "not known".into(),
    };
    format!(
        "| {label} | {user} | `{}` | {:.0} | {:.0} | {:+.2} % | {ending} | {} |",
        to.0.source,
        truth_ns / 1e6,
        said_ns / 1e6,
        (said_ns / truth_ns - 1.0) * 100.0,
        if complete { "yes" } else { "no" }
    )
}

fn carry_out(command: &[&str]) -> Result<(), String> {
    let (program, arguments) = command.split_first().ok_or("no command puts load on the site")?;
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{program}: {status}")),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

fn look(client: &mut Client) -> Result<(GroupReading, u64), String> {
    let reading = client.snapshot().map_err(|error| error.to_string())?;
    let group = reading.groups.into_iter().next().ok_or("no group")?;
    Ok((group, reading.sequence))
}

fn is_complete(client: &mut Client, from: u64, to: u64) -> Result<bool, String> {
    let drained = client.drain(from).map_err(|error| error.to_string())?;
    let within = drained.readings.iter().filter(|reading| reading.sequence <= to);
    Ok(drained.lost == 0
        && within
            .flat_map(|reading| &reading.groups)
            .all(|group| group.complete))
}
