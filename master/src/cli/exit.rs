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

/// Every code of a verdict with the exit code that goes with it and its meaning.
pub const VERDICTS: &[(&str, Exit, &str)] = &[
    (
        "found",
        Exit::Found,
        "the plateau of throughput was reached and is known to ±4 % or better, N* to ±8 %",
    ),
    (
        "retrograde",
        Exit::Found,
        "throughput has a peak and falls beyond it",
    ),
    ("as_scheduled", Exit::Found, "the schedule was run to its end"),
    (
        "profiled",
        Exit::Found,
        "every transaction was profiled as precisely as asked",
    ),
    (
        "objective_failed",
        Exit::Failed,
        "no number of users holds the objective that `--slo` asked for",
    ),
    ("fails_at_once", Exit::Failed, "the site fails at the first level"),
    (
        "at_least",
        Exit::Inconclusive,
        "a limit of the run (`--max-users`, `--max-duration`) came before the site's",
    ),
    (
        "no_saturation",
        Exit::Inconclusive,
        "throughput grows with users to the end of the range",
    ),
    (
        "generator_limited",
        Exit::Inconclusive,
        "the generator was the limit; the site can do more",
    ),
    (
        "bistable",
        Exit::Inconclusive,
        "the site flips between two states, or fell from one to another while the load stayed the same",
    ),
    (
        "drifted",
        Exit::Inconclusive,
        "the environment changed during the run",
    ),
    ("rate_held", Exit::Found, "the asked arrival rate was served"),
    (
        "rate_not_held",
        Exit::Failed,
        "the asked arrival rate was not served",
    ),
    (
        "imprecise",
        Exit::Inconclusive,
        "a service demand is not known as well as asked, or a transaction was not reached",
    ),
    (
        "inconclusive",
        Exit::Inconclusive,
        "the measurements allow no answer, or none as certain as `found`; more time under load may",
    ),
    (
        "interrupted",
        Exit::Interrupted,
        "stopped by the user; the finished levels are reported",
    ),
];

impl Exit {
    /// Its number.
    #[must_use]
    pub fn code(self) -> u8 {
        let entry = EXITS.iter().find(|(candidate, _, _)| *candidate == self);
        entry.map_or(1, |&(_, code, _)| code)
    }

    /// The end of a run by how it ended and the code of its verdict.
    #[must_use]
    pub fn of(how: &str, verdict: &str) -> Self {
        match (how, verdict) {
            ("interrupted", _) => Self::Interrupted,
            ("profiler_lost", _) => Self::Unreachable,
            _ => {
                let entry = VERDICTS.iter().find(|(code, _, _)| *code == verdict);
                entry.map_or(Self::Inconclusive, |&(_, exit, _)| exit)
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::{EXITS, Exit, VERDICTS};
    use crate::summary::verdict::code_name;
    use autoperf_models::search::VerdictCode;

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
    #[test]
    fn every_verdict_has_its_code() {
        for (index, (verdict, exit, meaning)) in VERDICTS.iter().enumerate() {
            assert!(!meaning.is_empty());
            assert!(VERDICTS[..index].iter().all(|(other, _, _)| other != verdict));
            assert_eq!(Exit::of("finished", verdict), *exit, "{verdict}");
            assert_eq!(Exit::of("interrupted", verdict), Exit::Interrupted);
            assert_eq!(Exit::of("profiler_lost", verdict), Exit::Unreachable);
        }
        for &code in VerdictCode::ALL {
            let name = code_name(code);
            assert!(VERDICTS.iter().any(|(known, _, _)| *known == name), "{name}");
        }
        assert_eq!(Exit::of("finished", "of another version"), Exit::Inconclusive);
    }

    #[test]
    fn the_numbers_are_those_that_scripts_rely_on() {
        let codes: Vec<u8> = EXITS
            .iter()
            .map(|&(exit, code, _)| {
                assert_eq!(exit.code(), code);
                code
            })
            .collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 130]);
    }
}
