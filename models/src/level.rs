//! One load level as a pure state machine: bins of finished transactions in; warming, measuring, done out.

use crate::Estimate;

mod assessment;
mod cells;
mod interval;
mod monitor;
mod successive;
mod warm_up;

pub use monitor::LevelMonitor;
pub use successive::WindowRule;

/// What finished within one short window of time (0.1 s as the engine cuts them).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bin {
    /// Start of the window since the level's begin, s.
    pub start_s: f64,
    /// Length of the window, s.
    pub length_s: f64,
    /// Transactions served (outcome ok).
    pub completions: u64,
    /// Transactions that failed for another reason than a time limit.
    pub errors: u64,
    /// Transactions that ran into their time limit.
    pub timeouts: u64,
    /// Sum of the served transactions' response times, s.
    pub response_sum_s: f64,
    /// Sum of the squares of the served transactions' response times, s^2.
    pub response_sum_sq_s2: f64,
}

impl Bin {
    /// Mean response time of the served transactions, s; `None` where none was served.
    #[must_use]
    pub fn mean_response_s(&self) -> Option<f64> {
        (self.completions > 0).then(|| self.response_sum_s / self.completions as f64)
    }
}

/// How well a level must be known, and what it may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Confidence of the intervals, 0.95 by default.
    pub confidence: f64,
    /// Wanted relative half-width of throughput.
    pub throughput: f64,
    /// Wanted relative half-width of mean response time.
    pub response_time: f64,
    /// Whether warm-up is to be detected; without it, measuring starts at once.
    pub warm_up: bool,
    /// Shortest steady measurement, s.
    pub min_measured_s: f64,
    /// Longest level in all, warm-up included, s.
    pub max_level_s: f64,
    /// Fewest served transactions.
    pub min_completions: u64,
    /// Share of transactions that may time out before the level is given up, 0..1.
    pub max_timeout_share: f64,
    /// Finished transactions from which the share of time-outs is judged; `None`: `min_completions`.
    pub timeouts_judged_after: Option<u64>,
    /// A test that the end of the warm-up has to pass as well, where one is asked for.
    pub window_rule: Option<WindowRule>,
}

impl Default for Precision {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            throughput: 0.03,
            response_time: 0.10,
            warm_up: true,
            min_measured_s: 5.0,
            max_level_s: 60.0,
            min_completions: 30,
            max_timeout_share: 0.05,
            timeouts_judged_after: None,
            window_rule: None,
        }
    }
}

/// Why a level ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// Both intervals are as narrow as asked.
    PreciseEnough,
    /// The level's time limit was reached first.
    TimeLimit,
    /// Too many transactions ran into their time limit.
    Timeouts,
}

/// Whether the level's output was stationary, and since when.
#[derive(Debug, Clone, PartialEq)]
pub enum Steadiness {
    /// Stationary from `since_s` after the level's begin.
    Steady {
        /// Start of the steady part, s.
        since_s: f64,
    },
    /// Not stationary within the time given.
    NotSteady {
        /// What speaks against it.
        reason: String,
    },
    /// A trend remains.
    Drifting {
        /// Change of mean response time in per cent per minute.
        percent_per_minute: f64,
    },
    /// The output flips between two regimes.
    TwoState,
}

/// Where a running level stands.
#[derive(Debug, Clone, PartialEq)]
pub enum LevelState {
    /// The transient since the change of users is still there.
    Warming,
    /// The steady part has begun.
    Measuring {
        /// Start of the steady part since the level's begin, s.
        since_s: f64,
        /// Served transactions per second so far.
        throughput_per_s: Option<Estimate>,
        /// Mean response time so far, s.
        response_time_s: Option<Estimate>,
        /// Forecast of the time to the level's end, s, which runs down between two looks at the windows; `None` where the end
        /// waits for more than time, such as a steady output.
        remaining_s: Option<f64>,
    },
    /// The level is over.
    Done(StopReason),
}

/// What a level has shown, decided afterwards over all of its bins.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelMeasurement {
    /// Verdict on stationarity.
    pub steadiness: Steadiness,
    /// The part that counts starts here, s since the level's begin.
    pub since_s: f64,
    /// The part that counts ends here, s since the level's begin.
    pub until_s: f64,
    /// Served transactions in that part.
    pub completions: u64,
    /// Failed transactions in that part.
    pub errors: u64,
    /// Timed-out transactions in that part.
    pub timeouts: u64,
    /// Served transactions per second with its autocorrelation-aware interval.
    pub throughput_per_s: Option<Estimate>,
    /// Mean response time of the served transactions, s, with its autocorrelation-aware interval.
    pub response_time_s: Option<Estimate>,
}
