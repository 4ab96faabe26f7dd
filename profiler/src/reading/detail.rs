//! The counters beyond the few that every report needs. `None` or empty = not available there; all are totals unless said
//! otherwise, so that a reader takes differences.

use serde::{Deserialize, Serialize};

/// More counters of a host.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HostDetail {
    /// CPU time by mode over all cores.
    pub cpu_modes: Option<CpuModes>,
    /// Busy CPU time of each core, ns, in the order of the core numbers.
    pub core_busy_ns: Vec<u64>,
    /// Processes and threads started since boot.
    pub tasks_started: Option<u64>,
    /// Processes that run or wait for a core, averaged over a minute (the load average).
    pub load_1min: Option<f64>,
    /// Memory installed, bytes.
    pub memory_total_bytes: Option<u64>,
    /// Swap space in use, bytes.
    pub swap_used_bytes: Option<u64>,
    /// Whole disks.
    pub disks: Vec<Disk>,
    /// Network interfaces, loopback too.
    pub interfaces: Vec<Interface>,
    /// Segments that TCP has sent again.
    pub tcp_retransmissions: Option<u64>,
    /// TCP connections that wait out the time after their end.
    pub tcp_time_wait: Option<u64>,
    /// Listening TCP ports; in readings taken on demand.
    pub ports: Vec<ListeningPort>,
    /// Time in which some task waited for a resource (pressure stall information).
    pub pressure: Option<Pressure>,
    /// Mean frequency of the cores now, Hz; in readings taken on demand.
    pub frequency_hz: Option<u64>,
    /// Frequency at which the cores are sold (base or nominal), Hz; in readings taken on demand.
    pub frequency_nominal_hz: Option<u64>,
}

/// CPU time by mode, ns. Guest time is inside `user_ns`, as the kernel counts it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct CpuModes {
    /// In programs.
    pub user_ns: u64,
    /// In programs of lowered priority.
    pub nice_ns: u64,
    /// In the kernel for programs.
    pub system_ns: u64,
    /// Nothing to do.
    pub idle_ns: u64,
    /// Nothing to do while a disk was being waited for.
    pub iowait_ns: u64,
    /// In interrupt handlers.
    pub irq_ns: u64,
    /// In deferred interrupt work.
    pub softirq_ns: u64,
    /// Taken by the hypervisor.
    pub steal_ns: u64,
}

/// Counters of one whole disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Disk {
    /// Its name, such as `sda`.
    pub name: String,
    /// Blocks (512 bytes) read.
    pub blocks_read: u64,
    /// Blocks (512 bytes) written.
    pub blocks_written: u64,
    /// Time in which at least one request was under way, ns.
    pub busy_ns: u64,
}

/// Counters of one network interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Interface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Bytes received without error.
    pub bytes_received: u64,
    /// Packets received without error.
    pub packets_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Packets sent without error.
    pub packets_sent: u64,
    /// Receptions and transmissions that failed.
    pub errors: u64,
    /// Packets dropped in either direction.
    pub drops: u64,
}

/// State of a listening TCP port now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ListeningPort {
    /// The port.
    pub port: u16,
    /// Connections to it that are established.
    pub established: u32,
    /// Connections to it that the other side has closed and the server has not.
    pub close_wait: u32,
    /// Connections that wait to be accepted.
    pub backlog: u32,
    /// Unanswered retransmissions of its connections now.
    pub retransmitting: u32,
}

/// Time in which some task waited for a resource, ns (`some` line, `total`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Pressure {
    /// For a core.
    pub cpu_some_ns: Option<u64>,
    /// For a disk.
    pub io_some_ns: Option<u64>,
    /// For memory.
    pub memory_some_ns: Option<u64>,
}

/// More counters of a process group.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct GroupDetail {
    /// Numbers of the cores that its processes may run on (affinity); groups with a core in common share it.
    pub core_set: Vec<u32>,
    /// Address space of the processes alive, bytes.
    pub virtual_bytes: Option<u64>,
    /// Page faults served from memory, since the watch began; like all here but switches, without those of children that
    /// nobody waited for.
    pub minor_faults: Option<u64>,
    /// Page faults that needed a disk, since the watch began.
    pub major_faults: Option<u64>,
    /// Times a thread gave up its core to wait, since the watch began, as of the last reading on demand; needs exit records.
    pub voluntary_switches: Option<u64>,
    /// Times a thread lost its core to another, likewise.
    pub involuntary_switches: Option<u64>,
    /// Bytes read from disks, since the watch began, as of the last reading on demand.
    pub disk_read_bytes: Option<u64>,
    /// Bytes written to disks (or to be written), likewise.
    pub disk_write_bytes: Option<u64>,
    /// Files open now; in readings taken on demand.
    pub open_files: Option<u64>,
    /// What the processor counted, since the watch began; in readings taken on demand.
    pub hardware: Option<HardwareCounts>,
    /// Why that is not known.
    pub hardware_absent: Option<String>,
    /// Java virtual machines among its processes; in readings taken on demand.
    pub jvms: Vec<Jvm>,
}

/// Counters of the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HardwareCounts {
    /// Clock cycles.
    pub cycles: u64,
    /// Instructions carried out.
    pub instructions: u64,
    /// Accesses to memory that no cache could serve.
    pub cache_misses: u64,
}

/// State and counters of one Java virtual machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Jvm {
    /// Its process.
    pub pid: u32,
    /// Why nothing else is known, such as the machine having been started without its counters.
    pub absent: Option<String>,
    /// Java version.
    pub version: Option<String>,
    /// Name of the collection policy.
    pub policy: Option<String>,
    /// Heap in use as of the last collection or the machine's own 50 ms sampler, bytes.
    pub heap_used_bytes: Option<u64>,
    /// Heap taken from the system, bytes.
    pub heap_committed_bytes: Option<u64>,
    /// The collectors.
    pub collectors: Vec<JvmCollector>,
    /// Time in which all Java threads were stopped, ns.
    pub safepoint_ns: Option<u64>,
    /// CPU time of the collectors' live threads, ns.
    pub gc_cpu_ns: Option<u64>,
    /// CPU time of the compilers' live threads, ns.
    pub compiler_cpu_ns: Option<u64>,
    /// CPU time of all other live threads, ns.
    pub application_cpu_ns: Option<u64>,
}

/// Counters of one garbage collector.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct JvmCollector {
    /// Its name.
    pub name: String,
    /// Collections.
    pub count: u64,
    /// Time spent in them, ns.
    pub time_ns: u64,
}
