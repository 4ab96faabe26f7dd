//! What the load itself was like at a level: the generator's own state, and arrivals where they made it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The generator's own state over the level's steady part. Counts of a moment are the largest.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Generator {
    /// CPU share of the busiest generator thread, 0..1.
    pub cpu_utilization: Option<f64>,
    /// Every generator thread.
    #[serde(default)]
    pub threads: Vec<GeneratorThread>,
    /// Median of how late transactions were begun, s.
    #[serde(default)]
    pub lateness_p50_s: Option<f64>,
    /// 99th percentile of how late transactions were begun, s.
    pub lateness_p99_s: Option<f64>,
    /// The latest begin, s.
    #[serde(default)]
    pub lateness_max_s: Option<f64>,
    /// Median of how long an answer at most lay in its socket before it was read, s.
    #[serde(default)]
    pub read_delay_p50_s: Option<f64>,
    /// 99th percentile of how long an answer at most lay in its socket before it was read, s.
    #[serde(default)]
    pub read_delay_p99_s: Option<f64>,
    /// The longest such time, s.
    #[serde(default)]
    pub read_delay_max_s: Option<f64>,
    /// Mean wait for a processor each time that a generator thread was given one, s.
    #[serde(default)]
    pub processor_wait_s: Option<f64>,
    /// Local ports in use by open and lately closed connections of the machine.
    #[serde(default)]
    pub local_ports_in_use: Option<u64>,
    /// Local ports that connections to one address may have.
    #[serde(default)]
    pub local_ports: Option<u64>,
    /// Descriptors that the process had open.
    #[serde(default)]
    pub descriptors_in_use: Option<u64>,
    /// Descriptors that it may have open.
    #[serde(default)]
    pub descriptor_limit: Option<u64>,
    /// Requests that a socket did not take at once.
    #[serde(default)]
    pub send_stalls: Option<u64>,
    /// Transactions of the whole level that are in its figures, but missing from a record of every transaction that was asked for.
    #[serde(default)]
    pub unrecorded: u64,
    /// Connections that the generator could not open, and records that it lost.
    #[serde(default)]
    pub failures: u64,
    /// Whether the generator was the limit.
    pub saturated: bool,
    /// Why it was, if it was.
    pub saturated_because: Option<String>,
    /// Why high percentiles of the response time may be the generator's rather than the site's, if so. The level counts all
    /// the same: throughput and the mean are sound.
    #[serde(default)]
    pub doubtful_tail: Option<String>,
}

/// One generator thread over the level's steady part.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorThread {
    /// CPU time over time, 0..1.
    pub cpu_utilization: f64,
    /// Time spent waiting for a processor over time, 0..1.
    pub waiting: f64,
}

/// The open side of a level: transactions began by the clock, whatever the site made of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct OpenLoad {
    /// Transactions that were to begin in a second.
    pub rate_per_s: f64,
    /// Law of the times between them: `poisson` or `constant`.
    pub arrivals: String,
    /// Most users in a transaction at once.
    pub users_most: u32,
    /// Users that may be in a transaction at once.
    pub users_limit: u32,
    /// Arrivals that found no user free and were not begun, over the whole level.
    pub unstarted: u64,
    /// Response time from the actual start of the served; that of the level itself is from the intended one.
    pub response_from_start_s: TransactionTimes,
    /// Whether the two differ by more than 1 % and 0.1 ms anywhere.
    pub views_differ: bool,
}

/// Times of the served transactions without intervals, s.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TransactionTimes {
    /// Mean.
    pub mean: Option<f64>,
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
