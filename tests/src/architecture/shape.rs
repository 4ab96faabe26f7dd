//! Rules on files, names and numbers of things.

use super::Source;

/// Longest file, lines with tests.
pub const LONGEST_FILE: usize = 600;

/// Nine files of ten have at most this many lines.
pub const LONG_FILE: usize = 400;

/// Half of the files should have at most this many lines; reported, not enforced.
pub const USUAL_FILE: usize = 150;

/// Most traits in the workspace.
pub const MOST_TRAITS: usize = 12;

/// Module names that say where a thing was put instead of what it is.
const EMPTY_NAMES: [&str; 7] = ["utils", "util", "common", "helpers", "helper", "imp", "misc"];

/// Lengths of files: half, nine of ten and all of them have at most this many lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// Median.
    pub p50: usize,
    /// Ninth decile.
    pub p90: usize,
    /// Maximum.
    pub longest: usize,
}

/// The lengths of files; 0 where there are none.
#[must_use]
pub fn lengths(sources: &[Source]) -> Lengths {
    let mut lines: Vec<_> = sources.iter().map(Source::lines).collect();
    lines.sort_unstable();
    let at_most = |share: f64| -> usize {
        let rank = (share * lines.len() as f64).ceil() as usize;
        lines.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    };
    Lengths {
        p50: at_most(0.5),
        p90: at_most(0.9),
        longest: at_most(1.0),
    }
}

/// Findings where a file is too long, or too many are long.
#[must_use]
pub fn long_files(sources: &[Source]) -> Vec<String> {
    let mut findings: Vec<_> = sources
        .iter()
        .filter(|s| s.lines() > LONGEST_FILE)
        .map(|s| {
            format!(
                "{}: {} lines, at most {LONGEST_FILE}; split it by what it decides",
                s.place,
                s.lines()
            )
        })
        .collect();
    let lengths = lengths(sources);
    if lengths.p90 > LONG_FILE {
        findings.push(format!(
            "more than a tenth of the files has over {LONG_FILE} lines: {lengths:?}"
        ));
    }
    findings
}

/// Findings where a module is a mod.rs or has a name that says nothing.
#[must_use]
pub fn empty_names(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let (_, file) = source.place.rsplit_once('/').unwrap_or(("", &source.place));
        if file == "mod.rs" {
            findings.push(format!(
                "{}: thing.rs states the contract of thing/, there is no mod.rs",
                source.place
            ));
        }
        let declared = source.names_after("mod").into_iter();
        let own = source
            .place
            .trim_end_matches(".rs")
            .split('/')
            .map(|name| (name, 1));
        for (name, line) in declared.chain(own).filter(|(name, _)| EMPTY_NAMES.contains(name)) {
            findings.push(format!(
                "{}:{line}: `{name}` does not say what the module is about",
                source.place
            ));
        }
    }
    findings
}

/// Findings where there are more traits than an overview can hold.
#[must_use]
pub fn many_traits(sources: &[Source]) -> Vec<String> {
    let traits = traits(sources);
    if traits.len() <= MOST_TRAITS {
        return Vec::new();
    }
    vec![format!(
        "{} traits, at most {MOST_TRAITS}; an enum serves a closed family: {}",
        traits.len(),
        traits.join(", ")
    )]
}

/// All traits, tests' own left out.
#[must_use]
pub fn traits(sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| !source.is_test_file())
        .flat_map(|source| {
            source
                .names_after("trait")
                .into_iter()
                .map(|(name, line)| format!("{name} ({}:{line})", source.place))
        })
        .collect()
}
