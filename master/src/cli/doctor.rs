//! `autoperf doctor`: whether this machine is fit to generate load, in some eight seconds.

use crate::cli::exit::Exit;
use crate::load::doctor::{Facts, Line, Status, examine};
use serde::Serialize;

/// What `doctor` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// How to print it.
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = ["text", "json"])]
    pub format: String,
}

/// The answer for programs.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    schema_version: u32,
    machine: String,
    lines: &'a [Line],
    facts: &'a Facts,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    eprintln!("looking at this machine, with load on loopback for some eight seconds");
    let facts = Facts::gather();
    let lines = examine(&facts);
    let machine = crate::host::describe();
    if arguments.format == "json" {
        let answer = Answer {
            schema_version: 1,
            machine,
            lines: &lines,
            facts: &facts,
        };
        match serde_json::to_string_pretty(&answer) {
            Ok(text) => println!("{text}"),
            Err(error) => {
                eprintln!("autoperf: {error}");
                return Exit::RunError;
            }
        }
    } else {
        print!("{}", table(&machine, &lines));
    }
    match lines.iter().any(|line| line.status == Status::Fail) {
        true => Exit::Inconclusive,
        false => Exit::Found,
    }
}

fn table(machine: &str, lines: &[Line]) -> String {
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
    let mut text = format!("{machine}\n");
    for line in lines {
        let status = match line.status {
            Status::Pass => "pass",
            Status::Warn => "warn",
            Status::Fail => "FAIL",
        };
        text += &format!("[{status}] {:width$}  {}\n", line.name, line.found);
        if let Some(advice) = line.advice {
            text += &format!("       {:width$}  {advice}\n", "");
        }
    }
    let worst = lines.iter().map(|line| line.status).max();
    text += match worst {
        Some(Status::Fail) => "Figures from this machine, as it is now, cannot be trusted.\n",
        Some(Status::Warn) => "This machine can generate load; mind the warnings.\n",
        _ => "This machine is fit to generate load.\n",
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_ends_with_the_worst_line() {
        let line = |status| Line {
            name: "Open files",
            status,
            found: "64 descriptors".into(),
            advice: Some("raise the limit"),
        };
        let text = table("host", &[line(Status::Pass), line(Status::Fail)]);
        assert!(
            text.starts_with("host\n[pass] Open files  64 descriptors\n"),
            "{text}"
        );
        assert!(text.contains("[FAIL]") && text.contains("raise the limit"));
        assert!(text.ends_with("cannot be trusted.\n"));
        assert!(table("host", &[line(Status::Warn)]).ends_with("mind the warnings.\n"));
    }
}
