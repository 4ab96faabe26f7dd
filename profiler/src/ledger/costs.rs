//! What ending cost each process: how much more its tasks had spent when the kernel gave them back than when they wrote their
//! exit records. Pure.

use crate::ledger::freed::Freed;
use crate::ledger::taskstats::ThreadEnd;
use crate::process::numbers::ByNumber;

/// Listings that a process may be missing from before it is forgotten though not all of its tasks were given back.
const LISTINGS: u8 = 2;

/// The cost of a process's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndingCost {
    /// The process.
    pub pid: u32,
    /// What its tasks spent after their exit records, ns; of all that ended since the ledger was opened.
    pub cpu_ns: u64,
}

/// A process some of whose tasks have ended.
#[derive(Debug, Clone, PartialEq, Default)]
struct Leaving {
    /// Tasks that were not given back yet, with the times in their exit records, ns.
    waiting: Vec<(u32, u64)>,
    cpu_ns: u64,
    over: bool,
    missed: u8,
}

/// All of them, by their numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Costs {
    leaving: ByNumber<Leaving>,
}

impl Costs {
    /// A task has written its exit record.
    pub fn ended(&mut self, end: &ThreadEnd) {
        let leaving = self.leaving.entry(end.process).or_default();
        if leaving.over {
            // A later process of that number.
            *leaving = Leaving::default();
        }
        leaving.waiting.push((end.thread, end.cpu_ns));
        leaving.over |= end.last;
    }

    /// A task was given back; returns the process's cost when it was the last. One without exit record ended before the
    /// ledger was opened.
    pub fn given_back(&mut self, freed: &Freed) -> Option<EndingCost> {
        let leaving = self.leaving.get_mut(&freed.process)?;
        let place = leaving
            .waiting
            .iter()
            .position(|(thread, _)| *thread == freed.thread)?;
        let (_, recorded_ns) = leaving.waiting.swap_remove(place);
        leaving.cpu_ns += freed.cpu_ns.saturating_sub(recorded_ns);
        if !leaving.over || !leaving.waiting.is_empty() {
            return None;
        }
        let cost = EndingCost {
            pid: freed.process,
            cpu_ns: leaving.cpu_ns,
        };
        self.leaving.remove(&freed.process);
        Some(cost)
    }

    /// Whether the cost of this process's end may still come.
    #[must_use]
    pub fn awaits(&self, pid: u32) -> bool {
        self.leaving.contains_key(&pid)
    }

    /// Forgets everything, after tasks were given back unseen.
    pub fn forget(&mut self) {
        self.leaving.clear();
    }

    /// After a listing of all processes: forgets those that it, and one before, had not.
    pub fn keep_only(&mut self, alive: impl Fn(u32) -> bool) {
        self.leaving.retain(|pid, leaving| {
            leaving.missed = if alive(*pid) { 0 } else { leaving.missed + 1 };
            leaving.missed < LISTINGS
        });
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
            ..ThreadEnd::default()
        }
    }

    fn freed(process: u32, thread: u32, cpu_ns: u64) -> Freed {
        Freed {
            process,
            thread,
            cpu_ns,
        }
    }

    #[test]
    fn a_process_has_cost_what_all_its_tasks_have() {
        let mut costs = Costs::default();
        assert_eq!(
            costs.given_back(&freed(10, 9, 900)),
            None,
            "it ended before anyone looked"
        );
        costs.ended(&end(10, 11, 100, false));
        assert_eq!(costs.given_back(&freed(10, 9, 900)), None, "and so did this one");
        assert_eq!(costs.given_back(&freed(10, 11, 103)), None, "the process lives");
        costs.ended(&end(10, 10, 50, false));
        costs.ended(&end(10, 12, 20, true));
        assert_eq!(costs.given_back(&freed(10, 12, 25)), None);
        assert!(costs.awaits(10));
        let cost = costs.given_back(&freed(10, 10, 57));
        assert_eq!(
            cost,
            Some(EndingCost {
                pid: 10,
                cpu_ns: 3 + 5 + 7
            })
        );
        assert_eq!(costs, Costs::default());
    }

    #[test]
    fn who_is_never_given_back_is_forgotten() {
        let mut costs = Costs::default();
        costs.ended(&end(10, 10, 50, true));
        costs.keep_only(|_| false);
        assert!(costs.awaits(10), "it may have ended while the listing was made");
        costs.keep_only(|_| true);
        costs.keep_only(|_| false);
        costs.keep_only(|_| false);
        assert!(!costs.awaits(10));
        costs.ended(&end(20, 20, 50, true));
        costs.ended(&end(20, 20, 60, true));
        let cost = costs.given_back(&freed(20, 20, 61));
        assert_eq!(cost, Some(EndingCost { pid: 20, cpu_ns: 1 }), "of the later one");
    }
}
