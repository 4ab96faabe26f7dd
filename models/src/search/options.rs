//! What a person may ask of a search; every field has a default that needs no thought.

use crate::level::Precision;

/// A limit on a quantile of response time: "the 95th percentile stays within 2 s".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// The quantile, 0..1 (0.95).
    pub quantile: f64,
    /// Its limit, s.
    pub limit_s: f64,
}

/// What is known of the think time beforehand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThinkTime {
    /// Mean think time per transaction of the mix, s.
    pub mean_s: f64,
    /// Its coefficient of variation (0 constant, 1 exponential).
    pub cv: f64,
}

/// What a search is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// First level; chosen by the strategy where absent.
    pub start_load: Option<u32>,
    /// Largest number of users that may be emulated.
    pub max_users: Option<u32>,
    /// Longest time under load in all levels together, s.
    pub max_run_s: Option<f64>,
    /// How well a level is to be known at most; strategies may ask for less where less is enough.
    pub precision: Precision,
    /// Wanted relative half-width of `X_max` and of the curve of throughput.
    pub wanted_throughput: f64,
    /// Wanted relative half-width of the curve of mean response time, on average over 1..1.5 N*.
    pub wanted_response: f64,
    /// Objective on response time whose largest number of users is wanted.
    pub objective: Option<Objective>,
    /// Share of transactions that may time out before the search goes no higher, 0..1.
    pub max_timeout_share: f64,
    /// Share of transactions that may fail otherwise before the search goes no higher, 0..1.
    pub max_error_share: f64,
    /// Time under load that the run should take if it can, s.
    pub time_budget_s: Option<f64>,
    /// Think time of the workload, where it is known; measured otherwise.
    pub think_time: Option<ThinkTime>,
    /// Most levels that may be run.
    pub max_levels: usize,
    /// Number of steps of a ladder.
    pub steps: u32,
}

impl Default for Options {
    fn default() -> Self {
        let precision = Precision::default();
        Self {
            start_load: None,
            max_users: None,
            max_run_s: None,
            precision,
            wanted_throughput: 0.03,
            wanted_response: 0.18,
            objective: None,
            max_timeout_share: precision.max_timeout_share,
            max_error_share: 0.05,
            time_budget_s: None,
            think_time: None,
            max_levels: 24,
            steps: 20,
        }
    }
}
