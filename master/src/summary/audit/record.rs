//! Whether the records of every transaction are whole, where any were asked for.

use super::{audit, label};
use crate::journal::log::RunLog;
use crate::summary::{Audit, Level};
use autoperf_models::grammar::counted;

/// An audit of all files together. No figure of the run rests on them, so that it never fails.
pub(super) fn record(log: &RunLog, levels: &[Level]) -> Option<Audit> {
    let missing = |level: &Level| level.generator.unrecorded;
    if log.records.is_empty() && levels.iter().all(|level| missing(level) == 0) {
        return None;
    }
    let of_levels = levels.iter().filter(|level| missing(level) > 0).map(|level| {
        let (count, of) = (counted(missing(level), "transaction"), label(level));
        format!("the record of the level with {of} is not whole: {count} missing from a file")
    });
    let of_files = log
        .records
        .iter()
        .filter(|file| file.missing > 0 || file.failure.is_some());
    let of_files = of_files.map(|file| {
        let why = file
            .failure
            .as_ref()
            .map_or_else(String::new, |why| format!(" ({why})"));
        format!(
            "{}: {} written, {} missing{why}",
            file.path, file.written, file.missing
        )
    });
    let faults: Vec<String> = of_levels.chain(of_files).collect();
    let whole = || {
        let files: Vec<_> = log
            .records
            .iter()
            .map(|file| format!("{}: {}", file.path, counted(file.written, "transaction")))
            .collect();
        files.join("; ")
    };
    let (status, detail) = match faults.is_empty() {
        true => ("pass", whole()),
        false => ("warn", faults.join("; ")),
    };
    audit(
        "The record of every transaction is whole",
        status,
        detail,
        "the figures are whole without it; write it to a faster or larger disk to have all of it",
    )
}
