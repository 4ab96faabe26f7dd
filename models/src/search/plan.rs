//! What a strategy asks for: a level, why, how well and how long.

use crate::level::Precision;

/// Why a level is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Low load, to learn service demands and the response time without queueing.
    Calibrate,
    /// A rung of a ladder or of a sequence.
    Step,
    /// A point where the model is least certain.
    Explore,
    /// A bound of a searched threshold.
    Bracket,
    /// Beyond the saturation point, to see the plateau and what comes after it.
    Overload,
    /// A level repeated to see whether the environment has drifted.
    Canary,
}

/// A level to run.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelPlan {
    /// Number of emulated users.
    pub users: u32,
    /// Why this one.
    pub purpose: Purpose,
    /// The reason in one sentence for the report, with its figures.
    pub why: String,
    /// How well it must be known.
    pub precision: Precision,
    /// Forecast of its duration, s.
    pub forecast_s: f64,
    /// Forecast of the whole rest of the run, this level included, s.
    pub remaining_s: f64,
}
