//! What the system says of itself, and how long a reading of the clock takes.

use super::reach::{self, Lateness, Reach};
use crate::clock::monotonic_ns;
use crate::load::limits;
use crate::load::scheduling::RunQueue;
use serde::{Serialize, Serializer};

/// What was found on this machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// Processors that this process may use.
    pub cores: usize,
    /// Limit on descriptors as it was, and as it was raised.
    pub descriptors: (u64, u64),
    /// Descriptors that the kernel lets any process have (fs.nr_open).
    pub descriptor_ceiling: Option<u64>,
    /// First and last of the local ports that the system gives to connections.
    pub ports: Option<(u16, u16)>,
    /// Closed connections that still hold one.
    pub time_wait: Option<u64>,
    /// The kernel's source of time.
    pub clock_source: Option<String>,
    /// Cost of a reading of the clock, ns.
    pub clock_read_ns: f64,
    /// Frequency governor of every processor that has one.
    pub governors: Vec<String>,
    /// Share of the processors' time that the hypervisor took while measuring, 0..1.
    pub steal: Option<f64>,
    /// Whether the kernel tells how long a thread waited for a processor.
    pub run_delay_told: bool,
    /// The rate reached, or why there is none.
    #[serde(serialize_with = "measured")]
    pub reach: Result<Reach, String>,
    /// The lateness seen, or why there is none.
    #[serde(serialize_with = "measured")]
    pub lateness: Result<Lateness, String>,
}

impl Facts {
    /// Looks at this machine and measures for some eight seconds, with load on loopback only.
    #[must_use]
    pub fn gather() -> Self {
        let before = limits::descriptor_limit();
        let raised = limits::raise_descriptors();
        let at_start = read("/proc/stat").and_then(|text| processor_time(&text));
        let reach = reach::rate().map_err(|error| error.to_string());
        let lateness = reach::lateness(raised).map_err(|error| error.to_string());
        let at_end = read("/proc/stat").and_then(|text| processor_time(&text));
        Self {
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            descriptors: (before, raised),
            descriptor_ceiling: limits::descriptor_ceiling(),
            ports: limits::local_ports(),
            time_wait: limits::time_wait(),
            clock_source: read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            clock_read_ns: clock_read_ns(),
            governors: governors(),
            steal: at_start.zip(at_end).and_then(|(start, end)| stolen(start, end)),
            run_delay_told: RunQueue::of_this_thread().read().is_some(),
            reach,
            lateness,
        }
    }
}

/// What was measured, else null: the table says why.
fn measured<T: Serialize, S: Serializer>(found: &Result<T, String>, to: S) -> Result<S::Ok, S::Error> {
    found.as_ref().ok().serialize(to)
}

fn read(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

fn governors() -> Vec<String> {
    let processors = std::fs::read_dir("/sys/devices/system/cpu").into_iter().flatten();
    processors
        .flatten()
        .filter_map(|entry| read(entry.path().join("cpufreq/scaling_governor").to_str()?))
        .collect()
}

/// The cheapest of some batches, since others hold whatever came between.
fn clock_read_ns() -> f64 {
    const BATCH: u32 = 1_000;
    let batch = || {
        let begin_ns = monotonic_ns();
        (0..BATCH).for_each(|_| {
            let _ = std::hint::black_box(monotonic_ns());
        });
        (monotonic_ns() - begin_ns) as f64 / f64::from(BATCH)
    };
    (0..20).map(|_| batch()).fold(f64::INFINITY, f64::min)
}

/// Stolen and all time of the processors, in ticks.
fn processor_time(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    // user nice system idle iowait irq softirq steal; what follows is contained in the first two.
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .take(8)
        .map_while(|word| word.parse().ok())
        .collect();
    Some((*ticks.get(7)?, ticks.iter().sum()))
}

fn stolen(start: (u64, u64), end: (u64, u64)) -> Option<f64> {
    let all = end.1.checked_sub(start.1).filter(|all| *all > 0)?;
    Some(end.0.saturating_sub(start.0) as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_a_share_of_all_time() {
        let start = processor_time("cpu  100 0 50 800 10 0 5 35 7 0\ncpu0 1 2 3").expect("complete");
        assert_eq!(start, (35, 1_000));
        let end = processor_time("cpu  150 0 70 900 10 0 5 65 9 0").expect("complete");
        assert_eq!(stolen(start, end), Some(0.15));
        assert_eq!(stolen(start, start), None);
        assert_eq!(processor_time("cpu  1 2 3"), None);
        assert_eq!(processor_time("intr 5"), None);
    }

    #[test]
    fn the_clock_costs_something() {
        let cost_ns = clock_read_ns();
        assert!(cost_ns > 0.0 && cost_ns.is_finite());
    }
}
