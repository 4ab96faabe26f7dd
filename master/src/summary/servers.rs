//! What the profilers say of one level: processes, hosts.

use super::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One profiled process group at one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Node of its agent.
    pub node: String,
    /// Name asked for.
    pub process: String,
    /// CPU seconds per served transaction of the mix, all processes of that name together.
    pub service_demand_s: Option<Interval>,
    /// CPU seconds per second over the cores that it may use, 0..1.
    pub cpu_utilization: Option<f64>,
    /// The same with its interval, from the utilizations between successive readings.
    #[serde(default)]
    pub cpu_utilization_interval: Option<Interval>,
    /// Cores that it may use.
    pub cores: f64,
    /// Name of the set of cores that it shares with other processes; `null` where its cores are its own (a quota, or fewer
    /// threads than cores).
    pub core_set: Option<String>,
    /// Peak of resident memory, bytes.
    pub memory_peak_bytes: Option<u64>,
    /// Where the CPU figure comes from.
    pub source: String,
    /// Whether nothing is known to be missing: every reading of the steady part is there, and each says so of itself.
    pub complete: bool,
    /// What the profiler says is missing; then the figures are lower bounds.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Largest error of the CPU time between two readings, s; it is inside the demand's interval.
    #[serde(default)]
    pub cpu_error_bound_s: Option<f64>,
    /// CPU time that ending processes spent on ending (giving back memory), s; `null` without an exit ledger.
    #[serde(default)]
    pub exit_overhead_s: Option<f64>,
    /// Its Java virtual machines over the whole level, warm-up included; `null` without one.
    #[serde(default)]
    pub java: Option<Java>,
    /// What a transaction takes of the processor itself.
    #[serde(default)]
    pub processor: Option<Processor>,
}

/// Java virtual machines of one process group at one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Java {
    /// Why nothing but CPU time is known, such as a machine started without its counters.
    pub absent: Option<String>,
    /// Heap in use at the level's end, as of the last collection or the machine's own sampler, bytes.
    pub heap_used_bytes: Option<u64>,
    /// Heap taken from the system at the level's end, bytes.
    pub heap_committed_bytes: Option<u64>,
    /// Garbage collections of the level.
    pub collectors: Vec<Collector>,
    /// Time in which all Java threads were stopped, s.
    pub stopped_s: Option<f64>,
    /// CPU time of garbage collection, s.
    pub collector_cpu_s: Option<f64>,
    /// CPU time of just-in-time compilation, s.
    pub compiler_cpu_s: Option<f64>,
    /// CPU time of everything else, s.
    pub application_cpu_s: Option<f64>,
}

/// One garbage collector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Collector {
    /// Its name.
    pub name: String,
    /// Collections.
    pub count: u64,
    /// Time in them, s.
    pub time_s: f64,
}

/// What a served transaction takes of the processor, over the whole level, warm-up included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Processor {
    /// Clock cycles by the processor's own counter.
    pub cycles: Option<f64>,
    /// Instructions by the processor's own counter.
    pub instructions: Option<f64>,
    /// Accesses to memory that no cache could serve.
    pub cache_misses: Option<f64>,
    /// Why these counters are not there.
    pub absent: Option<String>,
    /// Service demand in cycles, at the mean frequency of the cores.
    pub demand_cycles: Option<f64>,
    /// Service demand that the cores would have at their nominal frequency, s.
    pub demand_at_nominal_s: Option<f64>,
}

/// One profiled host at one level; counts are for the level's steady part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Node of its agent.
    pub node: String,
    /// Busy share of all cores, 0..1.
    pub cpu_utilization: Option<f64>,
    /// CPU share stolen by the hypervisor, 0..1.
    pub cpu_steal: Option<f64>,
    /// Share of all cores that was busy with something else than the profiled processes, 0..1.
    #[serde(default)]
    pub cpu_unattributed: Option<f64>,
    /// Blocks of 512 bytes read from whole disks.
    pub disk_blocks_read: Option<u64>,
    /// Blocks of 512 bytes written to whole disks.
    pub disk_blocks_written: Option<u64>,
    /// Packets received without error (loopback included).
    pub packets_received: Option<u64>,
    /// Packets sent without error (loopback included).
    pub packets_sent: Option<u64>,
}
