//! What the agent reports: raw counters since the process group or the host began; rates are computed by the reader.

use serde::{Deserialize, Serialize};

pub use crate::reading::detail::{
    CpuModes, Disk, GroupDetail, HardwareCounts, HostDetail, Interface, Jvm, JvmCollector, ListeningPort,
    Pressure,
};

mod detail;

/// One snapshot of everything watched, between two instants of the agent's monotonic clock.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reading {
    /// Position in the agent's ring; gaps mean lost readings.
    pub sequence: u64,
    /// `CLOCK_MONOTONIC` before the reads, ns.
    pub begin_ns: u64,
    /// `CLOCK_MONOTONIC` after the reads, ns.
    pub end_ns: u64,
    /// Wall clock at the begin, ns since 1970.
    pub wall_ns: u64,
    /// The host as a whole.
    pub host: HostReading,
    /// The watched process groups, in the order in which they were asked for.
    pub groups: Vec<GroupReading>,
    /// CPU time that the host has been busy since the watch began, less that of all groups, ns. Negative values within the
    /// resolution of the host's counters (a clock tick per core and column) happen on an idle host.
    #[serde(default)]
    pub unattributed_ns: i64,
}

/// Counters of a host. `None` = not available there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostReading {
    /// CPU time spent busy (user, nice, system, irq, softirq) over all cores, ns.
    pub cpu_busy_ns: u64,
    /// CPU time stolen by the hypervisor, ns.
    pub cpu_steal_ns: u64,
    /// Cores online.
    pub cores: u32,
    /// Blocks (512 bytes) read from whole disks.
    pub disk_blocks_read: Option<u64>,
    /// Blocks (512 bytes) written to whole disks.
    pub disk_blocks_written: Option<u64>,
    /// Packets received without error, loopback counted apart.
    pub packets_received: Option<u64>,
    /// Packets sent without error, loopback counted apart.
    pub packets_sent: Option<u64>,
    /// Packets over the loopback interface (sent = received there).
    pub loopback_packets: Option<u64>,
    /// Memory in use (total less available), bytes.
    pub memory_used_bytes: Option<u64>,
    /// Everything else.
    #[serde(default)]
    pub detail: HostDetail,
}

/// Counters of one named process group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupReading {
    /// The name asked for.
    pub name: String,
    /// CPU time of all its processes since the group was first watched, ns, ended and waited-for children included.
    pub cpu_ns: u64,
    /// Largest error of a difference of two such readings, ns.
    pub error_bound_ns: u64,
    /// Where the figure comes from, such as `process-clock+cutime`.
    pub source: String,
    /// Whether nothing is known to be missing since the last reading.
    pub complete: bool,
    /// Processes alive.
    pub processes: u32,
    /// Threads alive.
    pub threads: u32,
    /// Resident memory of all its processes now, bytes.
    pub resident_bytes: Option<u64>,
    /// Largest resident memory: sum of the processes' own peaks, bytes.
    pub resident_peak_bytes: Option<u64>,
    /// Cores that the group may use (affinity, CPU quota), as far as the agent can see.
    pub cores_allowed: f64,
    /// On what the CPU figure rests.
    #[serde(default)]
    pub evidence: Evidence,
    /// Everything else.
    #[serde(default)]
    pub detail: GroupDetail,
}

/// On what the CPU figure of a group rests, and what may be missing from it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Why the interval since the last reading is incomplete, a sentence each; empty when `complete`.
    pub reasons: Vec<String>,
    /// Ends of processes of the group seen since the watch began; `None` without an exit ledger.
    pub exits_seen: Option<u64>,
    /// Times since the watch began that the kernel dropped exit records because they were not read in time (each may stand
    /// for many records).
    pub records_lost: u64,
    /// CPU time that the ended processes spent on ending (freeing memory), which exit records do not show but the counters
    /// of a waiting parent or a control group do, ns since the watch began.
    pub exit_overhead_ns: Option<u64>,
    /// What every source read, ns since the watch began, whether or not the figure comes from it.
    pub sources: Vec<SourceValue>,
}

/// What one source of CPU time read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceValue {
    /// The source's name.
    pub source: String,
    /// CPU time since the watch began, ns.
    pub cpu_ns: u64,
}
