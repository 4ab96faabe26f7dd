//! What a search has found, and how sure it is.

use super::Purpose;
use crate::Estimate;

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

impl VerdictCode {
    /// Every one of them.
    pub const ALL: &'static [Self] = &[
        Self::Found,
        Self::AtLeast,
        Self::NoSaturation,
        Self::FailsAtOnce,
        Self::GeneratorLimited,
        Self::Retrograde,
        Self::Bistable,
        Self::Drifted,
        Self::Inconclusive,
    ];
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

/// What became of one level.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelNote {
    /// Number of emulated users.
    pub users: u32,
    /// Why it was run.
    pub purpose: Purpose,
    /// The reason as it was given before the level.
    pub why: String,
    /// What it taught, or why it does not count, in one sentence.
    pub taught: String,
    /// Whether it entered the fit.
    pub counts: bool,
}

/// What the search has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How it ended.
    pub verdict: VerdictCode,
    /// Reasons, one sentence each, the most important first.
    pub reasons: Vec<String>,
    /// Plateau of throughput (the peak where throughput falls again), per second. With the verdicts `AtLeast`,
    /// `NoSaturation` and `GeneratorLimited` a lower bound: what was reached.
    pub max_throughput_per_s: Option<Estimate>,
    /// Saturation point N* = `X_max` (R(1) + Z), users; a lower bound under the same verdicts.
    pub saturation_users: Option<Estimate>,
    /// Largest number of users that holds the asked objective: `low` has been seen to hold it, `high` is the smallest
    /// number that has been seen to break it (or the largest one tried).
    pub objective_users: Option<Estimate>,
    /// Number of users with the largest throughput, where throughput falls beyond it.
    pub retrograde_users: Option<Estimate>,
    /// The limiting resource with its utilization at the plateau; `None` where no profiled resource explains the
    /// plateau.
    pub bottleneck: Option<(String, f64)>,
    /// The curve, a row for every integer from 1 to the largest level, or 200 rows.
    pub curve: Vec<CurvePoint>,
    /// Every level in its order: why it was chosen and what it taught.
    pub levels: Vec<LevelNote>,
}

impl Finding {
    /// A finding without figures.
    #[must_use]
    pub fn without_figures(verdict: VerdictCode, reasons: Vec<String>) -> Self {
        Self {
            verdict,
            reasons,
            max_throughput_per_s: None,
            saturation_users: None,
            objective_users: None,
            retrograde_users: None,
            bottleneck: None,
            curve: Vec::new(),
            levels: Vec::new(),
        }
    }
}
