//! What ending cost each process: how much more its tasks had spent when the kernel gave them back than when they wrote their
//! exit records. Pure.
//!
//! The clock of a process has its ended threads with what they had spent at the scheduler's last look at them, and so misses
//! some of what their ending cost. How much is known whenever all that have ended were given back: their times, less what the
//! clock has of them by then.

use crate::ledger::freed::Freed;
use crate::ledger::taskstats::ThreadEnd;
use crate::process::numbers::ByNumber;

/// Listings that a process may be missing from before it is forgotten though not all of its tasks were given back.
const LISTINGS: u8 = 2;

/// What ending cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndingCost {
    /// The whole process has ended and was given back.
    Process {
        /// The process.
        pid: u32,
        /// What its tasks spent after their exit records, ns; of all that ended since the ledger was opened.
        cpu_ns: u64,
    },
    /// Threads of a living process.
    Threads {
        /// The process.
        pid: u32,
        /// What its clock misses of them, beyond what was told before, ns.
        missed_ns: u64,
    },
}

/// A process some of whose tasks have ended.
#[derive(Debug, Clone, PartialEq, Default)]
struct Leaving {
    /// Tasks that were not given back yet, with the times in their exit records, ns.
    waiting: Vec<(u32, u64)>,
    /// What the others spent after their exit records, ns.
    cpu_ns: u64,
    /// What the others had spent in all, ns.
    freed_ns: u64,
    /// What that was more than the clock had, when it was first known, and what more was told since, ns.
    missed_before_ns: Option<i64>,
    told_ns: u64,
    over: bool,
    absent: u8,
}

impl Leaving {
    /// What the process's clock misses of the threads that have ended, beyond what was told before, ns. All were given back.
    fn missed_ns(&mut self, in_clock_ns: u64) -> u64 {
        let missed_ns = self.freed_ns.cast_signed() - in_clock_ns.cast_signed();
        let before_ns = *self.missed_before_ns.get_or_insert(missed_ns);
        let all_ns = u64::try_from(missed_ns - before_ns).unwrap_or(0);
        let more_ns = all_ns.saturating_sub(self.told_ns);
        self.told_ns += more_ns;
        more_ns
    }
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
        if leaving.over && leaving.waiting.iter().any(|(thread, _)| *thread == end.thread) {
            // A later process of that number.
            *leaving = Leaving::default();
        }
        leaving.waiting.push((end.thread, end.cpu_ns));
        leaving.over |= end.last;
    }

    /// A task was given back; returns what is known by that. One without exit record ended before the ledger was opened.
    pub fn given_back(&mut self, freed: &Freed) -> Option<EndingCost> {
        let pid = freed.process;
        let leaving = self.leaving.get_mut(&pid)?;
        let place = leaving
            .waiting
            .iter()
            .position(|(thread, _)| *thread == freed.thread)?;
        let (_, recorded_ns) = leaving.waiting.swap_remove(place);
        leaving.cpu_ns += freed.cpu_ns.saturating_sub(recorded_ns);
        leaving.freed_ns = leaving.freed_ns.saturating_add(freed.cpu_ns);
        if !leaving.waiting.is_empty() {
            return None;
        }
        if leaving.over {
            let cpu_ns = leaving.cpu_ns;
            self.leaving.remove(&pid);
            return Some(EndingCost::Process { pid, cpu_ns });
        }
        let missed_ns = leaving.missed_ns(freed.in_clock_ns);
        (missed_ns > 0).then_some(EndingCost::Threads { pid, missed_ns })
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
            leaving.absent = if alive(*pid) { 0 } else { leaving.absent + 1 };
            leaving.absent < LISTINGS
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

    fn freed(process: u32, thread: u32, cpu_ns: u64, in_clock_ns: u64) -> Freed {
        Freed {
            process,
            thread,
            cpu_ns,
            in_clock_ns,
        }
    }

    #[test]
    fn a_process_has_cost_what_all_its_tasks_have() {
        let mut costs = Costs::default();
        assert_eq!(
            costs.given_back(&freed(10, 9, 900, 0)),
            None,
            "it ended before anyone looked"
        );
        costs.ended(&end(10, 11, 100, false));
        assert_eq!(
            costs.given_back(&freed(10, 9, 900, 0)),
            None,
            "and so did this one"
        );
        assert_eq!(
            costs.given_back(&freed(10, 11, 103, 1_000)),
            None,
            "the process lives"
        );
        costs.ended(&end(10, 10, 50, false));
        costs.ended(&end(10, 12, 20, true));
        assert_eq!(costs.given_back(&freed(10, 12, 25, 1_070)), None);
        assert!(costs.awaits(10));
        let cost = costs.given_back(&freed(10, 10, 57, 1_070));
        assert_eq!(
            cost,
            Some(EndingCost::Process {
                pid: 10,
                cpu_ns: 3 + 5 + 7
            })
        );
        assert_eq!(costs, Costs::default());
    }

    #[test]
    fn what_a_clock_misses_of_threads_is_known_when_none_is_waited_for() {
        let mut costs = Costs::default();
        let missed = |cost: Option<EndingCost>| match cost {
            Some(EndingCost::Threads { pid: 10, missed_ns }) => Some(missed_ns),
            None => None,
            other => panic!("{other:?}"),
        };
        // The clock has 7000 of threads from before.
        costs.ended(&end(10, 11, 100, false));
        assert_eq!(
            missed(costs.given_back(&freed(10, 11, 120, 7_105))),
            None,
            "the first tells where to start"
        );
        costs.ended(&end(10, 12, 100, false));
        costs.ended(&end(10, 13, 200, false));
        assert_eq!(
            missed(costs.given_back(&freed(10, 12, 110, 7_405))),
            None,
            "of the other the clock has what cannot be told apart"
        );
        assert_eq!(
            missed(costs.given_back(&freed(10, 13, 230, 7_405))),
            Some(10 + 30)
        );
        costs.ended(&end(10, 14, 100, false));
        assert_eq!(
            missed(costs.given_back(&freed(10, 14, 101, 7_506))),
            None,
            "the clock has all of it"
        );
        costs.ended(&end(10, 15, 100, false));
        assert_eq!(missed(costs.given_back(&freed(10, 15, 108, 7_610))), Some(4));
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
        let cost = costs.given_back(&freed(20, 20, 61, 61));
        assert_eq!(
            cost,
            Some(EndingCost::Process { pid: 20, cpu_ns: 1 }),
            "of the later one"
        );
    }
}
