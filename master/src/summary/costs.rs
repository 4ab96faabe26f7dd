//! What transactions cost processes, as the summary has it.

use super::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The transaction that costs a process most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Costliest {
    /// Its name.
    pub transaction: String,
    /// CPU seconds of the process for one of it.
    pub demand_s: Interval,
}

/// What each transaction costs one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransactionDemands {
    /// Node of its agent.
    pub node: String,
    /// Process name asked for.
    pub process: String,
    /// Whether the run tells the transactions apart. It always does where they are profiled one by one.
    pub separable: bool,
    /// Why it does not; or, where it does, which transactions have no figure for want of a narrow interval.
    pub note: Option<String>,
    /// How much alike the mixes of the windows are (Belsley, Kuh and Welsch): easy below 10, refused above 1,000, between them
    /// the intervals decide; `null` where transactions are profiled one by one.
    pub condition_index: Option<f64>,
    /// Windows that the demands rest on; 0 where transactions are profiled one by one.
    pub windows: u64,
    /// Every transaction of the workload.
    pub transactions: Vec<TransactionDemand>,
}

/// What one transaction costs a process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransactionDemand {
    /// Name.
    pub name: String,
    /// CPU seconds of the process for one of it.
    pub demand_s: Option<Interval>,
    /// Its share of all the process's CPU time in the measured parts, 0..1.
    pub cpu_share: Option<f64>,
}
