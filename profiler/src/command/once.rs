//! `--once`: a table for people, over one second.

use std::fmt::Write;
use std::time::Duration;

use crate::observer::watch::Watch;
use crate::observer::{Depth, Observer};
use crate::reading::{GroupReading, Reading};
use crate::system::System;

/// Looks at the groups twice, a second apart, and returns the table.
///
/// # Errors
/// A name that no process has, with the nearest names.
pub fn run(names: &[String]) -> Result<String, String> {
    let mut observer = Observer::open(System::live());
    let mut watch = Watch::new(names);
    observer.open_ledger();
    observer.find(&mut [&mut watch], Depth::Full);
    if let Some((name, nearest)) = watch.without_process(observer.table()) {
        let hint = if nearest.is_empty() {
            String::new()
        } else {
            format!("; did you mean {}?", nearest.join(", "))
        };
        return Err(format!("no process is called {name:?}{hint}"));
    }
    let mut look = || {
        observer
            .observe(&mut [&mut watch], Depth::Full)
            .pop()
            .ok_or("nothing was read")
    };
    let first = look()?;
    std::thread::sleep(Duration::from_secs(1));
    let second = look()?;
    Ok(table(&first, &second))
}

/// The table of what was spent between two readings.
#[must_use]
pub fn table(first: &Reading, second: &Reading) -> String {
    let seconds = second.begin_ns.saturating_sub(first.begin_ns).max(1) as f64 / 1e9;
    let mut text = format!(
        "{:<24} {:>5} {:>7} {:>10} {:>8} {:>7} {:>6} {:>10} {:>10}  {}\n",
        "PROCESS", "PROCS", "THREADS", "CPU ms", "+- ms", "UTIL %", "CORES", "RSS KiB", "PEAK KiB", "SOURCE"
    );
    for (before, after) in first.groups.iter().zip(&second.groups) {
        row(&mut text, before, after, seconds);
    }
    let host = |read: fn(&Reading) -> u64| read(second).saturating_sub(read(first)) as f64 / 1e6;
    let busy_ms = host(|reading| reading.host.cpu_busy_ns);
    let steal_ms = host(|reading| reading.host.cpu_steal_ns);
    let unattributed_ms = (second.unattributed_ns - first.unattributed_ns) as f64 / 1e6;
    let _ = writeln!(
        text,
        "host: {} cores, busy {busy_ms:.0} ms, of that by none of these {unattributed_ms:.0} ms, stolen {steal_ms:.0} ms, \
         memory in use {}",
        second.host.cores,
        kibibytes(second.host.memory_used_bytes)
    );
    for group in &second.groups {
        for reason in &group.evidence.reasons {
            let _ = writeln!(text, "incomplete: {}: {reason}", group.name);
        }
    }
    text
}

fn row(text: &mut String, before: &GroupReading, after: &GroupReading, seconds: f64) {
    let cpu_ms = after.cpu_ns.saturating_sub(before.cpu_ns) as f64 / 1e6;
    let utilization = cpu_ms / 10.0 / seconds / after.cores_allowed.max(1e-9);
    let _ = writeln!(
        text,
        "{:<24} {:>5} {:>7} {:>10.1} {:>8.1} {:>7.1} {:>6.2} {:>10} {:>10}  {}{}",
        after.name,
        after.processes,
        after.threads,
        cpu_ms,
        after.error_bound_ns as f64 / 1e6,
        utilization,
        after.cores_allowed,
        kibibytes(after.resident_bytes),
        kibibytes(after.resident_peak_bytes),
        after.source,
        if after.complete { "" } else { ", incomplete" }
    );
}

fn kibibytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| (bytes / 1024).to_string())
}
