//! The answer: everything that a report may see, and the public contract `summary.json` (schema version 1).
//!
//! Times are in seconds, rates per second, memory in bytes; intervals are 95 % confidence intervals. What is not known
//! is `null`, never NaN and never a made-up zero.

use autoperf_models::Estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub mod analysis;
mod audit;
pub mod build;
mod costs;
pub mod load;
mod pooling;
mod separation;
mod servers;
pub mod verdict;

pub use crate::journal::entry::RecordEnd;
pub use costs::{Costliest, TransactionDemand, TransactionDemands};
pub use load::{Generator, GeneratorThread, OpenLoad, TransactionTimes};
pub use servers::{Collector, Host, Java, Process, Processor};

/// Version of the layout of `summary.json`; raised when a field changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// A figure with its 95 % confidence interval and the number of observations behind it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// Point estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Observations that it rests on.
    pub samples: u64,
}

impl From<Estimate> for Interval {
    fn from(estimate: Estimate) -> Self {
        let Estimate {
            value,
            low,
            high,
            samples,
        } = estimate;
        Self {
            value,
            low,
            high,
            samples,
        }
    }
}

impl From<Interval> for Estimate {
    fn from(interval: Interval) -> Self {
        let Interval {
            value,
            low,
            high,
            samples,
        } = interval;
        Self {
            value,
            low,
            high,
            samples,
        }
    }
}

/// The whole answer of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Layout version, [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What ran, so that anyone can run it again.
    pub run: RunFacts,
    /// `capacity`, `open`, `profile`, `manual-capacity` or `manual-profile`.
    pub mode: String,
    /// Seed of all random choices.
    pub seed: u64,
    /// From the first to the last instant of the run, s.
    pub wall_time_s: f64,
    /// Time with users running, s.
    pub load_time_s: f64,
    /// The answer in words.
    pub verdict: Verdict,
    /// The objective, where one was asked.
    #[serde(default)]
    pub objective: Option<Objective>,
    /// The answer in figures.
    pub capacity: Capacity,
    /// Every finished level, in the order in which they ran.
    pub levels: Vec<Level>,
    /// What each transaction costs each profiled process.
    #[serde(default)]
    pub transaction_demands: Vec<TransactionDemands>,
    /// The model's curve, a row for every number of users up to the largest level, or 200 rows.
    pub curve: Vec<CurveRow>,
    /// The audits: what speaks for and against trusting the answer.
    pub audits: Vec<Audit>,
    /// What became of each record of every transaction that was asked for.
    #[serde(default)]
    pub records: Vec<RecordEnd>,
}

/// Facts to reproduce a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RunFacts {
    /// Version of autoperf.
    pub version: String,
    /// When the run began, RFC 3339 in UTC.
    pub started_at: String,
    /// The files read, by role, with their paths as given.
    pub inputs: BTreeMap<String, String>,
    /// The command line.
    pub command: Vec<String>,
    /// The machine that generated the load.
    pub generator_host: String,
    /// Agents reached: address, host name, version, kernel.
    pub agents: Vec<String>,
    /// Strategy that chose the levels.
    pub strategy: String,
}

/// The answer in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Machine-readable code, such as `found` or `at_least`.
    pub code: String,
    /// One sentence with its figures.
    pub sentence: String,
    /// What else matters, one sentence each.
    pub reasons: Vec<String>,
}

/// The answer in figures.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Capacity {
    /// Plateau of throughput.
    pub max_throughput_per_s: Option<Interval>,
    /// Saturation point, users.
    pub saturation_users: Option<Interval>,
    /// Largest number of users that holds the asked objective.
    pub objective_users: Option<Interval>,
    /// What limits.
    pub bottleneck: Option<Bottleneck>,
}

/// A percentile of response time that must stay within a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Objective {
    /// Percentile as a share, 0..1.
    pub quantile: f64,
    /// Its limit, s.
    pub limit_s: f64,
}

impl Objective {
    /// As people write it, such as `p95 <= 2 s`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let percent = (self.quantile * 1000.0).round() / 10.0;
        format!("p{percent} <= {} s", self.limit_s)
    }
}

/// The limiting resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bottleneck {
    /// `process_cpu`, `host_cpu` or `unexplained` (a pool, a lock, a service behind).
    pub kind: String,
    /// Node of the resource.
    pub node: Option<String>,
    /// Process name.
    pub process: Option<String>,
    /// Share of its limit in use at the plateau, 0..1.
    pub utilization: Option<f64>,
    /// The transaction that costs the limiting process most, where the run tells the transactions apart well.
    #[serde(default)]
    pub costliest: Option<Costliest>,
}

/// One load level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// Emulated users; in the open mode, those in a transaction on average.
    pub users: u32,
    /// The open side of the level, in the open mode.
    #[serde(default)]
    pub open: Option<OpenLoad>,
    /// The one transaction that was measured, where transactions are profiled one by one.
    #[serde(default)]
    pub transaction: Option<String>,
    /// Why this level was run.
    pub why: String,
    /// What it was for, such as `calibrate` or `overload`.
    pub purpose: String,
    /// What it taught the search, or why it does not count, in one sentence.
    #[serde(default)]
    pub taught: Option<String>,
    /// Whether it entered the fit; `null` where the search does not say.
    #[serde(default)]
    pub counts: Option<bool>,
    /// Transient dropped before measuring, s.
    pub warmup_s: f64,
    /// Steady part that all figures come from, s.
    pub measured_s: f64,
    /// Transactions finished in it, however they ended.
    pub transactions: u64,
    /// Of these, failed (time-outs apart).
    pub errors: u64,
    /// Of these, timed out.
    pub timeouts: u64,
    /// Served transactions per second.
    pub throughput_per_s: Option<Interval>,
    /// Response time of the served transactions; in the open mode from their intended starts.
    pub response_time_s: ResponseTime,
    /// Think time per transaction as measured, s.
    pub think_time_s: Option<f64>,
    /// Whether the level was stationary.
    pub steady: bool,
    /// In words: since when steady, or what speaks against it.
    pub steadiness: String,
    /// Why the level ended: `precise`, `time_limit`, `timeouts` or `schedule`; where transactions are profiled also
    /// `execution_count`, `upper_bound` or `failures`.
    pub ended_by: String,
    /// |N - X (R + Z)| / N.
    pub little_gap: Option<f64>,
    /// The generator's own state.
    pub generator: Generator,
    /// Every profiled process.
    pub processes: Vec<Process>,
    /// Every profiled host.
    pub hosts: Vec<Host>,
    /// Every transaction of the workload.
    pub by_transaction: Vec<ByTransaction>,
    /// Phases of the served transactions in their order; empty for journals that do not tell.
    #[serde(default)]
    pub phases: Vec<PhaseTime>,
    /// Response times of the served transactions, in steps that grow by the same factor.
    #[serde(default)]
    pub response_histogram: Vec<HistogramStep>,
    /// Course of the level in steps of a second, from its begin, warm-up included.
    pub timeline: Vec<TimelinePoint>,
}

/// One phase of the served transactions of a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseTime {
    /// `connect`, `tls`, `send` (the request), `wait` (for the first byte of the answer), `receive` (the rest of it) or
    /// `process` (checks and extractions). Names of hosts are looked up once, before the load.
    pub name: String,
    /// Transactions that went through it.
    pub count: u64,
    /// Mean of these, s.
    pub mean_s: f64,
    /// 95th percentile of these (at most 6.3 % off), s.
    pub p95_s: Option<f64>,
}

/// A step of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistogramStep {
    /// Lower end, s.
    pub from_s: f64,
    /// Upper end, s.
    pub to_s: f64,
    /// Transactions in it.
    pub count: u64,
}

/// Response time of the served transactions, s.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ResponseTime {
    /// Mean with its interval.
    pub mean: Option<Interval>,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
}

/// One transaction at one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ByTransaction {
    /// Name.
    pub name: String,
    /// Finished, however they ended.
    pub count: u64,
    /// Failed (time-outs apart).
    pub errors: u64,
    /// Timed out.
    pub timeouts: u64,
    /// Failures by kind.
    pub errors_by_kind: BTreeMap<String, u64>,
    /// Response time of the served ones.
    pub response_time_s: TransactionResponse,
}

/// Response time of one transaction, s.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TransactionResponse {
    /// Mean.
    pub mean: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
}

/// One second of a level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelinePoint {
    /// Start since the level's begin, s.
    pub at_s: f64,
    /// Served per second.
    pub throughput_per_s: f64,
    /// Mean response time, s.
    pub response_time_s: Option<f64>,
    /// Whether it lies in the steady part.
    pub measured: bool,
}

/// One row of the model's curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CurveRow {
    /// Emulated users.
    pub users: u32,
    /// Throughput.
    pub throughput_per_s: f64,
    /// Mean response time, s.
    pub response_time_s: f64,
    /// Throughput with its 95 % band.
    pub throughput_band_per_s: Interval,
    /// Mean response time with its 95 % band, s.
    pub response_time_band_s: Interval,
}

/// One audit of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// What was looked at.
    pub name: String,
    /// `pass`, `warn` or `fail`.
    pub status: String,
    /// The figure and the threshold, in words.
    pub detail: String,
    /// What to do about it, if anything.
    pub advice: Option<String>,
}
