//! What the journal of a run in `run/` says, for tests that compare it with what the site says.

use crate::stage::Folder;
use serde_json::Value;

/// Its entries in their order; a line that is none is left out.
#[must_use]
pub fn entries(folder: &Folder) -> Vec<Value> {
    let journal = folder.read("run/journal");
    journal
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Served transactions of all windows, by index of the transaction.
#[must_use]
pub fn served(folder: &Folder) -> Vec<u64> {
    let mut served = Vec::new();
    for entry in entries(folder) {
        for (index, transaction) in list(&entry["transactions"]).enumerate() {
            let Some(count) = transaction["served"].as_u64() else {
                continue;
            };
            if index >= served.len() {
                served.resize(index + 1, 0);
            }
            served[index] += count;
        }
    }
    served
}

/// Resources of pages in all windows: fetched, unchanged, taken from a cache, failed.
#[must_use]
pub fn resources(folder: &Folder) -> [u64; 4] {
    let mut sums = [0; 4];
    for entry in entries(folder) {
        for (sum, name) in sums.iter_mut().zip(["fetched", "unchanged", "cached", "failed"]) {
            *sum += entry["resources"][name].as_u64().unwrap_or(0);
        }
    }
    sums
}

/// How many windows each level has.
#[must_use]
pub fn windows(folder: &Folder) -> Vec<usize> {
    let mut windows: Vec<usize> = Vec::new();
    for entry in entries(folder) {
        match (entry["type"].as_str(), windows.last_mut()) {
            (Some("level_begin"), _) => windows.push(0),
            (Some("second"), Some(last)) => *last += list(&entry["bins"]).count(),
            _ => {}
        }
    }
    windows
}

/// Whether the profiler saw one process of each name all the time. Another demo site on the same machine has processes of
/// the same names, and then nothing can be said of the demands of this one.
#[must_use]
pub fn site_was_alone(folder: &Folder) -> bool {
    let entries = entries(folder);
    let readings = entries.iter().filter(|entry| entry["type"] == "reading");
    let mut groups = readings.flat_map(|entry| list(&entry["reading"]["groups"]));
    let alone = groups.all(|group| group["processes"] == 1);
    if !alone {
        eprintln!("another demo site runs on this machine: demands are not compared");
    }
    alone
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
