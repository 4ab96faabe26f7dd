//! What a level has shown, as the strategies take it in.

use crate::Estimate;
use crate::level::Steadiness;

/// The demand that one transaction of the mix puts on one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDemand {
    /// Name that the report shows, such as `mariadbd on db1`.
    pub resource: String,
    /// CPU seconds per served transaction.
    pub demand_s: Estimate,
    /// Servers (cores, or the part of them that the resource may use) that share it, > 0.
    pub servers: f64,
    /// Name of the set of servers (such as `db1` or `db1 core 0`) that it shares with other resources: demands with the
    /// same name add up on the same servers. `None` where it has its servers to itself.
    pub shares: Option<String>,
    /// Whether this is a whole host's figure, which contains those of its processes: a limit, but no station of its
    /// own where processes are given too.
    pub whole_host: bool,
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

impl LevelOutcome {
    /// The measured quantile of response time nearest to `quantile` (within 0.001), s.
    #[must_use]
    pub fn quantile_s(&self, quantile: f64) -> Option<Estimate> {
        let near = |(q, _): &&(f64, Estimate)| (q - quantile).abs() < 1e-3;
        self.quantiles_s.iter().find(near).map(|&(_, estimate)| estimate)
    }
}
