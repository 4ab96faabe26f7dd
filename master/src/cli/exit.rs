//! Exit codes: one table, used by every verb, printed in the documentation.

use std::process::ExitCode;

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The answer was found, and the objective (if any) is met.
    Found,
    /// The run itself failed.
    RunError,
    /// Wrong usage or a wrong input file; nothing was started.
    Usage,
    /// The objective or a comparison failed.
    Failed,
    /// No firm answer: generator-limited, unstable, or a limit came first.
    Inconclusive,
    /// A profiler or the site cannot be reached.
    Unreachable,
    /// The user interrupted; what was measured has been reported.
    Interrupted,
}

/// Every exit code with its meaning.
pub const EXITS: &[(Exit, u8, &str)] = &[
    (
        Exit::Found,
        0,
        "found (and the objective is met, where one was asked); a schedule or profile was carried out as asked",
    ),
    (Exit::RunError, 1, "the run failed"),
    (
        Exit::Usage,
        2,
        "wrong usage or a wrong input file; nothing was started",
    ),
    (Exit::Failed, 3, "the objective or a comparison failed"),
    (
        Exit::Inconclusive,
        4,
        "no firm answer: the generator was the limit, the site is unstable, or a limit came first",
    ),
    (Exit::Unreachable, 5, "a profiler or the site cannot be reached"),
    (
        Exit::Interrupted,
        130,
        "interrupted; what was measured has been reported",
    ),
];

impl Exit {
    /// The end of a run by how it ended and the code of its verdict.
    #[must_use]
    pub fn of(how: &str, verdict: &str) -> Self {
        match (how, verdict) {
            ("interrupted", _) => Self::Interrupted,
            ("profiler_lost", _) => Self::Unreachable,
            (_, "found" | "retrograde" | "as_scheduled" | "profiled" | "rate_held") => Self::Found,
            (_, "fails_at_once" | "objective_failed" | "rate_not_held") => Self::Failed,
            _ => Self::Inconclusive,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        let code = EXITS
            .iter()
            .find(|(candidate, _, _)| *candidate == exit)
            .map_or(1, |&(_, code, _)| code);
        Self::from(code)
    }
}

#[cfg(test)]
mod tests {
    use super::EXITS;

    #[test]
    fn codes_are_unique_and_explained() {
        for (index, (exit, code, meaning)) in EXITS.iter().enumerate() {
            assert!(!meaning.is_empty());
            assert!(
                EXITS[..index]
                    .iter()
                    .all(|(other, number, _)| other != exit && number != code)
            );
        }
    }
}
