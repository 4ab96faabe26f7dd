//! A load that knows its own truth: every task adds the CPU time that it has used, by its own thread clock, to a counter in
//! a file that others can read at any instant. What a task spends on ending, after its last statement, is not in it.
//!
//! `load MODE PERCENT FILE SECONDS` with PERCENT of one core in bursts, for at most SECONDS.

use std::process::ExitCode;

mod modes;
mod truth;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        [_, mode, percent, file, seconds] => start(mode, percent, file, seconds),
        _ => Err(format!(
            "load MODE PERCENT FILE SECONDS; modes: {}",
            modes::names()
        )),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::from(2)
        }
    }
}

fn start(mode: &str, percent: &str, file: &str, seconds: &str) -> Result<(), String> {
    let percent: f64 = percent.parse().map_err(|_| format!("{percent:?} is no number"))?;
    let seconds: f64 = seconds.parse().map_err(|_| format!("{seconds:?} is no number"))?;
    let truth = truth::Truth::open(file).map_err(|error| format!("{file}: {error}"))?;
    // Nothing may outlive the test that started it.
    // SAFETY: takes no pointers.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    modes::run(mode, percent / 100.0, seconds, &truth)
}
