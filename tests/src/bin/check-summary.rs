//! Checks a summary.json: `check-summary FILE MODE [PROCESS ...]`, where each process must have got a service demand.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(mode)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: check-summary FILE MODE [PROCESS ...]");
        return ExitCode::from(2);
    };
    let processes: Vec<String> = arguments.collect();
    let summary = std::fs::read(&file)
        .map_err(|e| e.to_string())
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).map_err(|e| e.to_string()));
    let complaints = match summary {
        Ok(summary) if summary["mode"] != mode.as_str() => {
            vec![format!("the mode is {}, not {mode}", summary["mode"])]
        }
        Ok(summary) => autoperf_tests::summary::complaints(&summary, &processes),
        Err(error) => vec![error],
    };
    complaints
        .iter()
        .for_each(|complaint| eprintln!("{file}: {complaint}"));
    if complaints.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
