//! The exit ledger: what processes had spent when they ended, and who started whom, as the kernel reports it. Needs the right
//! to administer the network (the reports come over netlink) and the machine's own process and network name spaces; where
//! anything is missing, [`Ledger::open`] says so and the accounts rest on waited-for children.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::ledger::connector::Event;
use crate::ledger::costs::{Costs, EndingCost};
use crate::ledger::departures::{Departures, ProcessEnd};
use crate::ledger::freed::{Freed, Queue};
use crate::ledger::taskstats::ThreadEnd;
use crate::netlink::Socket;
use crate::system::System;

pub mod connector;
pub mod costs;
pub mod departures;
pub mod freed;
pub mod taskstats;

/// Bytes of reports that the kernel holds for us: some ten thousand, at least a second of the worst fork storm.
const BUFFER_BYTES: usize = 8 << 20;
/// Time between two questions in the self-test, and how many.
const TEST_STEP: Duration = Duration::from_millis(5);
const TEST_STEPS: u32 = 60;
/// How many for a task to be given back, which the kernel puts off until nobody can be looking at it.
const FREED_STEPS: u32 = 200;

/// The open sockets.
#[derive(Debug)]
pub struct Ledger {
    ends: Socket,
    tree: Socket,
    /// Or why there is none.
    freed: Result<Queue, String>,
    departures: Departures,
    costs: Costs,
    opened_boot_ns: u64,
}

/// What has happened since the ledger was last drained.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// Who started whom, and who became another program; in their order. They all come before the ends.
    pub events: Vec<Event>,
    /// Processes that have ended, in their order.
    pub ended: Vec<ProcessEnd>,
    /// What ending cost, of processes that have ended by now or before.
    pub costs: Vec<EndingCost>,
    /// Whether some of those may be missing.
    pub costs_lost: bool,
    /// How often the kernel had to drop reports because they were not read in time.
    pub lost: u64,
    /// Whether anything was reported at all, ends of threads among it.
    pub told: bool,
}

impl Ledger {
    /// Opens the ledger and proves that reports arrive.
    ///
    /// # Errors
    /// Why there is none here.
    pub fn open(system: &System) -> Result<Self, String> {
        Self::open_with(system, BUFFER_BYTES)
    }

    fn open_with(system: &System, buffer_bytes: usize) -> Result<Self, String> {
        if !system.is_live() {
            return Err("a recorded machine".into());
        }
        let refused = |what: &str| {
            let what = what.to_owned();
            move |error: io::Error| format!("{what}: {error}")
        };
        let tree = connector::listen(buffer_bytes).map_err(refused("process events are refused"))?;
        let cores = system
            .text("sys/devices/system/cpu/possible")
            .unwrap_or_else(|| "0".into());
        let ends =
            taskstats::listen(buffer_bytes, cores.trim()).map_err(refused("exit records are refused"))?;
        let opened_boot_ns = clock::boot_ns();
        let mut ledger = Self {
            ends,
            tree,
            freed: Queue::open(system),
            departures: Departures::default(),
            costs: Costs::default(),
            opened_boot_ns,
        };
        ledger.test()?;
        Ok(ledger)
    }

    /// When it was opened, on the clock that process starts are given in, ns. Of processes started later, all is known.
    #[must_use]
    pub fn opened_boot_ns(&self) -> u64 {
        self.opened_boot_ns
    }

    /// What becomes readable when anything is reported. Whoever holds it keeps the reports coming; to be held for one wait only.
    #[must_use]
    pub fn descriptors(&self) -> [Arc<OwnedFd>; 2] {
        [self.ends.descriptor(), self.tree.descriptor()]
    }

    /// Everything reported since the last call.
    ///
    /// Ends are read first and given last: the start of whatever has ended by then is among the events read afterwards.
    pub fn drain(&mut self) -> Batch {
        let mut batch = Batch::default();
        // Read before the exit records, so that the record of each task in it is known.
        let mut freed = Vec::new();
        if let Ok(queue) = &self.freed {
            batch.costs_lost = queue.receive(|task| freed.push(task));
        }
        let mut ends = Vec::new();
        batch.lost += self.ends.receive(|message| {
            batch.told = true;
            ends.extend(ThreadEnd::parse(message));
        });
        batch.lost += self.tree.receive(|message| {
            batch.told = true;
            batch.events.extend(Event::parse(message));
        });
        if self.freed.is_ok() {
            self.settle_costs(&ends, &freed, &mut batch);
        }
        batch
            .ended
            .extend(ends.into_iter().filter_map(|end| self.departures.take(&end)));
        batch
    }

    fn settle_costs(&mut self, ends: &[ThreadEnd], freed: &[Freed], batch: &mut Batch) {
        ends.iter().for_each(|end| self.costs.ended(end));
        let costs = freed.iter().filter_map(|task| self.costs.given_back(task));
        batch.costs.extend(costs);
        if batch.costs_lost || batch.lost > 0 {
            self.costs.forget();
        }
    }

    /// Why it is not measured what ending costs; `None` where it is.
    #[must_use]
    pub fn costs_absent(&self) -> Option<&str> {
        self.freed.as_ref().err().map(String::as_str)
    }

    /// Whether the cost of this process's end may still come.
    #[must_use]
    pub fn awaits_cost(&self, pid: u32) -> bool {
        self.costs.awaits(pid)
    }

    /// CPU time of threads of a living process that ended since the ledger was opened, ns.
    #[must_use]
    pub fn ended_threads_ns(&self, pid: u32) -> u64 {
        self.departures.ended_threads_ns(pid)
    }

    /// Voluntary and involuntary context switches of those threads.
    #[must_use]
    pub fn ended_switches(&self, pid: u32) -> [u64; 2] {
        self.departures.ended_switches(pid)
    }

    /// Forgets processes that are not there any more, whose end was missed.
    pub fn keep_only(&mut self, alive: impl Fn(u32) -> bool) {
        self.departures.keep_only(&alive);
        self.costs.keep_only(alive);
    }

    /// Ends a thread of its own and waits for both reports of it. In another network name space the kernel takes the
    /// registration and then reports nothing; in another process name space the numbers are not ours.
    fn test(&mut self) -> Result<(), String> {
        let thread = std::thread::spawn(|| rustix::thread::gettid().as_raw_pid().cast_unsigned());
        let thread = thread
            .join()
            .map_err(|_| "the self-test's thread failed".to_owned())?;
        let own = std::process::id();
        let (mut started, mut ended) = (false, false);
        for _ in 0..TEST_STEPS {
            self.ends
                .receive(|message| ended |= ThreadEnd::parse(message).is_some_and(|end| end.is(own, thread)));
            self.tree.receive(|message| {
                started |= Event::parse(message).is_some_and(|event| event.is_start_of(thread))
            });
            if started && ended {
                connector::narrow(&self.tree);
                self.test_freed(own, thread);
                return Ok(());
            }
            std::thread::sleep(TEST_STEP);
        }
        Err(if ended {
            "process events do not arrive (another process name space?)".into()
        } else {
            "exit records do not arrive (another network or process name space, or a kernel before 5.19)"
                .into()
        })
    }

    /// Waits for the same thread to be given back.
    fn test_freed(&mut self, process: u32, thread: u32) {
        let Ok(queue) = &self.freed else { return };
        for _ in 0..FREED_STEPS {
            let mut came = false;
            queue.receive(|task| came |= (task.process, task.thread) == (process, thread));
            if came {
                return;
            }
            std::thread::sleep(TEST_STEP);
        }
        self.freed = Err("ended tasks are not reported when the kernel gives them back".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(buffer_bytes: usize) -> Option<Ledger> {
        match Ledger::open_with(&System::live(), buffer_bytes) {
            Ok(ledger) => Some(ledger),
            Err(reason) => {
                eprintln!("not tested, no exit ledger here: {reason}");
                None
            }
        }
    }

    #[test]
    fn the_end_of_a_child_is_reported_with_its_time() {
        let Some(mut ledger) = open(BUFFER_BYTES) else {
            return;
        };
        let line = "x=0; while [ $x -lt 20000 ]; do x=$((x+1)); done";
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", line])
            .spawn()
            .unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let batch = ledger.drain();
        assert!(
            batch.events.iter().any(|event| event.is_start_of(pid)),
            "no start"
        );
        assert!(batch.events.contains(&Event::Exec { pid }), "no program");
        let end = batch.ended.iter().find(|end| end.pid == pid).expect("no end");
        assert!(end.cpu_ns > 1_000_000, "{end:?}");
        assert_eq!((end.comm.as_str(), batch.lost), ("sh", 0));
    }

    #[test]
    fn starts_of_threads_stay_in_the_kernel() {
        let Some(mut ledger) = open(BUFFER_BYTES) else {
            return;
        };
        // What other tests started while it was opened.
        ledger.drain();
        std::thread::spawn(|| {}).join().unwrap();
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let events = ledger.drain().events;
        assert!(events.iter().any(|event| event.is_start_of(pid)));
        assert!(!events.iter().any(|event| matches!(event, Event::Thread { .. })));
    }

    #[test]
    fn reports_that_do_not_fit_are_noticed() {
        let Some(mut ledger) = open(16 * 1024) else { return };
        for _ in 0..200 {
            std::thread::spawn(|| {}).join().unwrap();
        }
        assert!(ledger.drain().lost > 0);
        assert_eq!(ledger.drain().lost, 0);
    }
}
