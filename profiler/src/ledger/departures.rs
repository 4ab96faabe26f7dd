//! From ends of threads to ends of processes. Pure.

use crate::ledger::taskstats::ThreadEnd;
use crate::process::numbers::ByNumber;

/// The end of a process, with the sums over those of its threads that have ended since the ledger was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProcessEnd {
    /// The process.
    pub pid: u32,
    /// CPU time, ns, without what ending itself costs.
    pub cpu_ns: u64,
    /// Name of the thread that ended last.
    pub comm: String,
    /// Page faults served from memory.
    pub minor_faults: u64,
    /// Page faults that needed a disk.
    pub major_faults: u64,
    /// Bytes that it made disks read.
    pub read_bytes: u64,
    /// Bytes that it made disks write.
    pub write_bytes: u64,
    /// Times its threads gave up their cores to wait.
    pub voluntary_switches: u64,
    /// Times its threads lost their cores.
    pub involuntary_switches: u64,
}

/// Sums of processes some of whose threads have ended.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Departures {
    sums: ByNumber<ProcessEnd>,
}

impl Departures {
    /// Adds the end of a thread; returns the process's end when it was the last.
    pub fn take(&mut self, end: &ThreadEnd) -> Option<ProcessEnd> {
        let sum = self.sums.entry(end.process).or_default();
        sum.pid = end.process;
        sum.cpu_ns = sum.cpu_ns.saturating_add(end.cpu_ns);
        sum.minor_faults = sum.minor_faults.saturating_add(end.minor_faults);
        sum.major_faults = sum.major_faults.saturating_add(end.major_faults);
        sum.read_bytes = sum.read_bytes.saturating_add(end.read_bytes);
        sum.write_bytes = sum.write_bytes.saturating_add(end.write_bytes);
        sum.voluntary_switches = sum.voluntary_switches.saturating_add(end.voluntary_switches);
        sum.involuntary_switches = sum.involuntary_switches.saturating_add(end.involuntary_switches);
        if !end.last {
            return None;
        }
        let mut whole = self.sums.remove(&end.process)?;
        whole.comm.clone_from(&end.comm);
        Some(whole)
    }

    /// CPU time of threads of a living process that ended since the ledger was opened, ns.
    #[must_use]
    pub fn ended_threads_ns(&self, pid: u32) -> u64 {
        self.sums.get(&pid).map_or(0, |sum| sum.cpu_ns)
    }

    /// Voluntary and involuntary context switches of threads of a living process that ended since the ledger was opened.
    #[must_use]
    pub fn ended_switches(&self, pid: u32) -> [u64; 2] {
        self.sums
            .get(&pid)
            .map_or([0; 2], |sum| [sum.voluntary_switches, sum.involuntary_switches])
    }

    /// Forgets processes that are not there any more.
    pub fn keep_only(&mut self, alive: impl Fn(u32) -> bool) {
        self.sums.retain(|pid, _| alive(*pid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(process: u32, thread: u32, cpu_ns: u64, last: bool) -> ThreadEnd {
        ThreadEnd {
            process,
            thread,
            cpu_ns,
            last,
            comm: format!("t{thread}"),
            ..ThreadEnd::default()
        }
    }

    #[test]
    fn a_process_ends_with_its_last_thread() {
        let mut departures = Departures::default();
        assert_eq!(departures.take(&end(10, 11, 5, false)), None);
        assert_eq!(
            departures.take(&end(10, 10, 7, false)),
            None,
            "the first thread may end before others"
        );
        assert_eq!(departures.ended_threads_ns(10), 12);
        let whole = departures.take(&end(10, 12, 1, true)).unwrap();
        assert_eq!((whole.pid, whole.cpu_ns, whole.comm.as_str()), (10, 13, "t12"));
        assert_eq!(
            departures.ended_threads_ns(10),
            0,
            "a later process of that number begins anew"
        );
        departures.take(&end(20, 21, 5, false));
        departures.keep_only(|pid| pid != 20);
        assert_eq!(departures, Departures::default());
    }
}
