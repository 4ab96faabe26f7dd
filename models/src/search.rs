//! The search for load levels: a strategy is asked for the next level, given the last one's outcome; it never calls.

mod autoperf;
mod bracket;
mod explanation;
mod finding;
mod fit;
mod flow;
mod guards;
mod history;
mod ladder;
mod linear;
mod measured;
mod model_guided;
mod network;
mod options;
mod outcome;
mod plan;
mod plateau;
mod site;

pub use autoperf::{AutoPerf, AutoPerfParameters};
pub use finding::{CurvePoint, Finding, LevelNote, VerdictCode};
pub use ladder::Ladder;
pub use measured::joined;
pub use model_guided::ModelGuided;
pub use options::{Objective, Options, ThinkTime};
pub use outcome::{LevelOutcome, ResourceDemand};
pub use plan::{LevelPlan, Purpose};

/// What a strategy answers.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Run this level and come back with its outcome.
    Run(LevelPlan),
    /// Enough is known.
    Done(Finding),
}

/// Chooses levels. Asked, never calling.
pub trait Strategy {
    /// Takes the last level's outcome (`None` at the start) and says what comes next.
    fn next(&mut self, last: Option<&LevelOutcome>) -> Next;

    /// What is known now, when the run ends early (interrupt, time limit).
    fn finding(&self) -> Finding;
}

/// A strategy as a person asks for it.
#[derive(Debug, Clone, Copy)]
pub struct StrategyInfo {
    /// Name on the command line.
    pub name: &'static str,
    /// What it does, in one line.
    pub description: &'static str,
    /// Makes one.
    pub build: fn(Options) -> Box<dyn Strategy>,
}

/// The strategies, the default first.
pub const STRATEGIES: &[StrategyInfo] = &[
    StrategyInfo {
        name: "model-guided",
        description: "jumps by a queueing model fitted to the measured demands and levels; needs no maximum",
        build: |options| Box::new(ModelGuided::new(options)),
    },
    StrategyInfo {
        name: "autoperf",
        description: "AutoPerf's plan: one by one, bisection up to 1.2 M*, steps beyond; needs no maximum",
        build: |options| Box::new(AutoPerf::new(options, AutoPerfParameters::default())),
    },
    StrategyInfo {
        name: "ladder",
        description: "equal steps up to a number of users that is given",
        build: |options| Box::new(Ladder::new(options)),
    },
];
