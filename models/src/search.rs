//! The search for load levels: a strategy is asked for the next level, given the last one's outcome; it never calls.

use crate::Estimate;
use crate::level::{Precision, Steadiness};

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
}

/// The demand that one transaction of the mix puts on one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDemand {
    /// Name that the report shows, such as `mariadbd on db1`.
    pub resource: String,
    /// CPU seconds per served transaction.
    pub demand_s: Estimate,
    /// Servers (cores, or the part of them that the resource may use) that share it, > 0.
    pub servers: f64,
}

/// What a level has shown.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelOutcome {
    /// Number of emulated users.
    pub users: u32,
    /// Served transactions per second; `None` where nothing was served.
    pub throughput_per_s: Option<Estimate>,
    /// Mean response time, s.
    pub response_time_s: Option<Estimate>,
    /// Quantiles of the response time that thresholds ask for: (0.95, seconds).
    pub quantiles_s: Vec<(f64, Estimate)>,
    /// Measured mean think time per transaction, s.
    pub think_time_s: f64,
    /// CPU demand of every profiled process and host.
    pub demands: Vec<ResourceDemand>,
    /// Share of transactions that failed, 0..1, time-outs not counted.
    pub error_share: f64,
    /// Share of transactions that timed out, 0..1.
    pub timeout_share: f64,
    /// Whether the output was stationary.
    pub steadiness: Steadiness,
    /// Whether the generator was the limit; such a level enters no fit.
    pub generator_saturated: bool,
    /// |N - X (R + Z)| / N.
    pub little_gap: f64,
    /// Time under load that the level took, s.
    pub load_s: f64,
}

/// How the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictCode {
    /// Saturation was reached and is known.
    Found,
    /// A limit of users or time came first: at least this many.
    AtLeast,
    /// Throughput grows with users to the end of the range: think time, not the site, is the limit.
    NoSaturation,
    /// The site fails at one user.
    FailsAtOnce,
    /// The generator was the limit first.
    GeneratorLimited,
    /// Throughput falls beyond its peak.
    Retrograde,
    /// The site flips between two regimes.
    Bistable,
    /// The environment changed during the run.
    Drifted,
    /// The measurements allow no answer.
    Inconclusive,
}

/// One point of the curve for every number of users.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Number of users.
    pub users: u32,
    /// Throughput of the model with its band, per second.
    pub throughput_per_s: Estimate,
    /// Mean response time of the model with its band, s.
    pub response_time_s: Estimate,
}

/// What the search has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How it ended.
    pub verdict: VerdictCode,
    /// Reasons, one sentence each, the most important first.
    pub reasons: Vec<String>,
    /// Plateau of throughput, per second.
    pub max_throughput_per_s: Option<Estimate>,
    /// Saturation point N* = `X_max` (R(1) + Z), users.
    pub saturation_users: Option<Estimate>,
    /// Largest number of users that holds the asked objective.
    pub objective_users: Option<Estimate>,
    /// The limiting resource's index in the demands of the outcomes, with its utilization at the plateau; `None` where
    /// no profiled resource explains the plateau.
    pub bottleneck: Option<(String, f64)>,
    /// The curve, a row for every integer from 1 to the largest level, or 200 rows.
    pub curve: Vec<CurvePoint>,
}

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
