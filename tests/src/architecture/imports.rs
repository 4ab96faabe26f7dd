//! Rules on what a part may name.

use super::Source;

/// A part of the workspace: all files whose place begins with one of these.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its name in messages.
    pub name: &'static str,
    /// A folder ends with `/`; a file does not.
    pub places: &'static [&'static str],
}

impl Part {
    /// Whether a file belongs to it.
    #[must_use]
    pub fn holds(&self, source: &Source) -> bool {
        self.places.iter().any(|place| {
            if place.ends_with('/') {
                source.place.starts_with(place)
            } else {
                source.place == *place
            }
        })
    }
}

/// What decides without doing: no runtime, no file, no socket, no clock.
pub const PURE_PARTS: [Part; 4] = [
    Part {
        name: "models",
        places: &["models/src/"],
    },
    Part {
        name: "campaign's state",
        places: &["master/src/campaign/"],
    },
    Part {
        name: "summary",
        places: &["master/src/summary.rs"],
    },
    Part {
        name: "the load's session and wheel",
        places: &["master/src/load/session.rs", "master/src/load/wheel.rs"],
    },
];

/// What no pure part may name.
const IMPURE: [&[&str]; 7] = [
    &["tokio"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
    &["crate", "clock"],
];

/// Findings where a pure part names the runtime, files, sockets, processes or a clock; its tests may.
#[must_use]
pub fn impure_names(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for part in PURE_PARTS {
        for source in sources.iter().filter(|s| part.holds(s) && !s.is_test_file()) {
            for path in source.paths().into_iter().filter(|path| !path.in_tests) {
                if let Some(denied) = IMPURE.iter().find(|denied| reaches(&path.segments, denied)) {
                    findings.push(format!(
                        "{}:{}: {} is pure and may not name {}; let the driver pass in what it needs",
                        source.place,
                        path.line,
                        part.name,
                        denied.join("::")
                    ));
                }
            }
        }
    }
    findings
}

/// Parts of the master that are to move out one day, with what else of the master each may name.
pub const MOVABLE_PARTS: [(Part, &[&str]); 2] = [
    (
        Part {
            name: "load",
            places: &["master/src/load.rs", "master/src/load/"],
        },
        &["load", "transport", "clock"],
    ),
    (
        Part {
            name: "transport",
            places: &["master/src/transport.rs", "master/src/transport/"],
        },
        &["transport", "clock"],
    ),
];

/// Findings where load or transport name another part of the master.
#[must_use]
pub fn ties_to_the_master(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for (part, allowed) in MOVABLE_PARTS {
        for source in sources.iter().filter(|s| part.holds(s)) {
            for path in source.paths() {
                let [root, room, ..] = &path.segments[..] else {
                    continue;
                };
                if root == "crate" && !allowed.contains(&room.as_str()) {
                    findings.push(format!(
                        "{}:{}: {} is to move out one day and may not name crate::{room}; only {}",
                        source.place,
                        path.line,
                        part.name,
                        allowed.join(", ")
                    ));
                }
            }
        }
    }
    findings
}

/// Findings where a file that is not called clock.rs asks the time. Tests, benches and programs that make load say so to
/// clippy, which forbids the same calls.
#[must_use]
pub fn hidden_clocks(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    let is_bound =
        |s: &&Source| s.place.contains("/src/") && !s.is_test_file() && !s.place.ends_with("/clock.rs");
    for source in sources.iter().filter(is_bound) {
        for path in source.paths() {
            if let [.., clock, call] = &path.segments[..]
                && call == "now"
                && matches!(clock.as_str(), "Instant" | "SystemTime")
            {
                let (place, line) = (&source.place, path.line);
                findings.push(format!(
                    "{place}:{line}: {clock}::now belongs in clock.rs, where a test can replace it"
                ));
            }
        }
    }
    findings
}

/// Whether a path leads to or through a denied one; a glob may lead anywhere below it.
fn reaches(path: &[String], denied: &[&str]) -> bool {
    match path.split_last() {
        Some((last, parents)) if last == "*" && parents.len() < denied.len() => {
            parents.iter().zip(denied).all(|(a, b)| a == b)
        }
        _ => path.len() >= denied.len() && path.iter().zip(denied).all(|(a, b)| a == b),
    }
}
