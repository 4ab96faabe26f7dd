//! How far each source of CPU time is from the truth: runs loads that count their own CPU time, reads them through the real
//! agent, once as root and once as an unprivileged user, and prints the table of `docs/profiler-accuracy.md`.
//!
//! `cargo run --release -p autoperf-profiler --example accuracy [-- MODE...]` as root, on a machine with cpuacct or unified
//! control groups. Takes about ten seconds a row.

use std::ffi::OsString;
use std::process::ExitCode;

mod case;
#[path = "../load/modes.rs"]
mod modes;
mod site;
mod table;
#[path = "../load/truth.rs"]
mod truth;

/// Mode and percent of a core.
const CASES: &[(&str, u32)] = &[
    ("single", 1),
    ("single", 10),
    ("single", 50),
    ("threads", 10),
    ("threads", 50),
    ("fork", 1),
    ("fork", 10),
    ("fork", 50),
    ("forkign", 10),
    ("dblfork", 10),
    ("forkexec", 10),
    ("bigfork", 10),
    ("prefork", 1),
    ("prefork", 10),
    ("prefork", 50),
    ("rename", 10),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["agent"] => return autoperf_profiler::command::main(["-d", "0"].map(OsString::from)),
        ["site", names, usage, label, ref command @ ..] => site::compare(names, usage, label, command),
        ["load", mode, percent, file, seconds] => load(mode, percent, file, seconds),
        ref wanted => all(wanted),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("accuracy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load(mode: &str, percent: &str, file: &str, seconds: &str) -> Result<(), String> {
    let truth = truth::Truth::open(file).map_err(|error| error.to_string())?;
    let number = |text: &str| text.parse::<f64>().map_err(|error| error.to_string());
    modes::run(mode, number(percent)? / 100.0, number(seconds)?, &truth)
}

fn all(wanted: &[&str]) -> Result<(), String> {
    println!("{}", table::HEAD);
    for (mode, percent) in CASES
        .iter()
        .filter(|(mode, _)| wanted.is_empty() || wanted.contains(mode))
    {
        let outcome = case::run(mode, *percent)?;
        println!("{}", table::row(mode, *percent, &outcome));
    }
    Ok(())
}
