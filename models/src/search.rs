//! The search for load levels: a strategy is asked for the next level, given the last one's outcome; it never calls.

mod finding;
mod fit;
mod flow;
mod guards;
mod linear;
pub mod model_guided;
mod network;
mod options;
mod outcome;
mod plan;
mod site;

pub use finding::{CurvePoint, Finding, LevelNote, VerdictCode};
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
