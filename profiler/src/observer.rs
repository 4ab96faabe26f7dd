//! Looks at a machine for any number of watches: finds the processes, reads the members' counters at one instant, and lets
//! each watch do its accounts. This is the driver; [`watch`] and [`account`] decide.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::clock;
use crate::hardware::{HARDWARE, Hardware};
use crate::jvm;
use crate::ledger::connector::Event;
use crate::ledger::costs::EndingCost;
use crate::ledger::departures::ProcessEnd;
use crate::ledger::{Batch, Ledger};
use crate::observer::account::Ends;
use crate::observer::control_group::Own;
use crate::observer::limits::{Limits, Mounts};
use crate::observer::table::Table;
use crate::observer::watch::{Look, Watch};
use crate::probe::Host;
use crate::process::numbers::{ByNumber, Numbers};
use crate::reading::{GroupReading, HostReading, Reading};
use crate::system::System;

pub mod account;
pub mod control_group;
pub mod limits;
pub mod table;
pub mod watch;

/// The first process, which is always there.
pub(crate) const INIT: u32 = 1;

/// Looks from one listing of all processes to the next while the exit ledger is open.
const LOOKS_PER_LISTING: u64 = 10;

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// What changes by the second: new processes, CPU, resident memory.
    Quick,
    /// Also the names of all processes, and the members' peaks, affinity and limits.
    Full,
}

/// The eye on one machine.
#[derive(Debug)]
pub struct Observer {
    system: System,
    host: Host,
    table: Table,
    mounts: Mounts,
    limits: Limits,
    ledger: Option<Ledger>,
    ledger_absent: Option<String>,
    /// Processes that have become other programs and not ended yet.
    execed: Numbers,
    /// What processes had spent by their exit records, ns, of those that the kernel has not given back yet.
    leaving_ns: ByNumber<u64>,
    /// Own control groups, by watch and group.
    own: HashMap<(u64, usize), Own>,
    hardware: Hardware,
    buffer: Vec<u8>,
    looks: u64,
}

impl Observer {
    /// Opens the machine's files.
    #[must_use]
    pub fn open(system: System) -> Self {
        let mounts = Mounts::find(&system);
        Self {
            host: Host::open(&system),
            table: Table::default(),
            limits: Limits::new(mounts.clone()),
            mounts,
            ledger: None,
            ledger_absent: None,
            execed: Numbers::default(),
            leaving_ns: ByNumber::default(),
            own: HashMap::new(),
            hardware: Hardware::probe(&system, HARDWARE),
            buffer: Vec::new(),
            looks: 0,
            system,
        }
    }

    /// The machine.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Opens the exit ledger if it is not open and was not found to be absent. It should be drained ten times a second.
    pub fn open_ledger(&mut self) {
        if self.ledger.is_none() && self.ledger_absent.is_none() {
            match Ledger::open(&self.system) {
                Ok(ledger) => self.ledger = Some(ledger),
                Err(reason) => self.ledger_absent = Some(reason),
            }
        }
    }

    /// Closes the exit ledger, so that the ends of processes cost nothing while nobody watches.
    pub fn close_ledger(&mut self) {
        self.ledger = None;
        self.execed.clear();
        self.leaving_ns.clear();
    }

    /// Whether the exit ledger is open.
    #[must_use]
    pub fn has_ledger(&self) -> bool {
        self.ledger.is_some()
    }

    fn ends(&self) -> Ends {
        match &self.ledger {
            None => Ends::Untold,
            Some(ledger) if ledger.costs_absent().is_some() => Ends::Recorded,
            Some(_) => Ends::GivenBack,
        }
    }

    /// Why there is no exit ledger here, once that is known.
    #[must_use]
    pub fn ledger_absent(&self) -> Option<&str> {
        self.ledger_absent.as_deref()
    }

    /// The sources of CPU time that work here, the best first. A control group is used for a group that has its own.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let groups = self.mounts.unified.is_some() || self.mounts.accounting.is_some();
        let clocks = self.system.cpu_clock_ns(INIT).is_some();
        let all = [
            (groups, account::BY_CONTROL_GROUP),
            (clocks && self.ends() == Ends::GivenBack, account::BY_GIVEN_BACK),
            (clocks && self.has_ledger(), account::BY_RECORDS),
            (clocks, account::BY_CLOCK),
            (true, account::BY_TICKS),
        ];
        all.into_iter()
            .filter(|(works, _)| *works)
            .map(|(_, name)| name.to_owned())
            .collect()
    }

    /// The processes as last seen.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// What becomes readable when the exit ledger is told anything; empty without one. See [`Ledger::descriptors`].
    #[must_use]
    pub fn ledger_descriptors(&self) -> Vec<Arc<OwnedFd>> {
        let ledger = self.ledger.iter();
        ledger.flat_map(Ledger::descriptors).collect()
    }

    /// Takes in what the exit ledger has been told since the last time. Returns whether that was anything.
    pub fn drain(&mut self, watches: &mut [&mut Watch]) -> bool {
        let Some(ledger) = &mut self.ledger else {
            return false;
        };
        let batch = ledger.drain();
        let costs = ledger.costs_absent().is_none();
        let over: Numbers = batch.ended.iter().map(|end| end.pid).collect();
        for event in &batch.events {
            match event {
                Event::Fork { parent, pid } => {
                    watches.iter_mut().for_each(|watch| watch.started(*parent, *pid))
                }
                Event::Exec { pid } => {
                    self.execed.insert(*pid);
                    self.look_at(*pid, &over, watches);
                }
                Event::Rename { pid } => self.look_at(*pid, &over, watches),
                Event::Thread { .. } => {}
            }
        }
        for end in &batch.ended {
            let cpu_ns = self.whole_ns(end);
            let execed = self.execed.remove(&end.pid);
            if costs {
                self.leaving_ns.insert(end.pid, cpu_ns);
            }
            watches
                .iter_mut()
                .for_each(|watch| watch.ended(end, cpu_ns, execed));
            if !watches.iter().any(|watch| watch.has(end.pid)) {
                self.table.remove(end.pid);
            }
        }
        for cost in &batch.costs {
            match *cost {
                EndingCost::Process { pid, cpu_ns } => {
                    if let Some(recorded_ns) = self.leaving_ns.remove(&pid) {
                        let whole_ns = recorded_ns.saturating_add(cpu_ns);
                        watches
                            .iter_mut()
                            .for_each(|watch| watch.given_back(pid, whole_ns));
                    }
                }
                EndingCost::Threads { pid, missed_ns } => watches
                    .iter_mut()
                    .for_each(|watch| watch.threads_given_back(pid, missed_ns)),
            }
        }
        self.take_loss(&batch, watches);
        batch.told
    }

    /// Takes note of a process's new names, unless it has ended already.
    fn look_at(&mut self, pid: u32, over: &Numbers, watches: &mut [&mut Watch]) {
        if over.contains(&pid) || self.table.look_at(&self.system, pid).is_none() {
            return;
        }
        let now_ns = clock::monotonic_ns();
        if let Some(seen) = self.table.by_pid(pid) {
            watches.iter_mut().for_each(|watch| {
                watch.adopt_one(&self.table, seen, now_ns);
            });
        }
    }

    /// The whole time of an ended process: what the ledger knows of its threads, and what ended before that.
    fn whole_ns(&self, end: &ProcessEnd) -> u64 {
        let before = self
            .table
            .by_pid(end.pid)
            .and_then(|seen| seen.ended_threads_ns)
            .unwrap_or(0);
        end.cpu_ns.saturating_add_signed(before)
    }

    fn take_loss(&mut self, batch: &Batch, watches: &mut [&mut Watch]) {
        if batch.costs_lost {
            watches.iter_mut().for_each(|watch| watch.lose_costs());
        }
        if batch.lost > 0 {
            watches
                .iter_mut()
                .for_each(|watch| watch.lose_records(batch.lost));
            self.table.scan(&self.system, Depth::Full, false);
        }
    }

    /// Looks for processes and gives every watch its members, without reading counters. While the exit ledger tells who comes
    /// and goes, listing all processes is only a precaution.
    pub fn find(&mut self, watches: &mut [&mut Watch], depth: Depth) {
        self.drain(watches);
        let told = self.ledger.is_some() && !watches.iter().any(|watch| watch.is_new());
        self.looks += 1;
        if told && depth == Depth::Quick && !self.looks.is_multiple_of(LOOKS_PER_LISTING) {
            let unseen: Numbers = watches.iter().flat_map(|watch| watch.unseen()).collect();
            unseen
                .into_iter()
                .for_each(|pid| self.table.find_one(&self.system, pid));
        } else {
            self.table.scan(&self.system, depth, told);
            if let Some(ledger) = &mut self.ledger {
                ledger.keep_only(|pid| self.table.by_pid(pid).is_some());
                self.leaving_ns.retain(|pid, _| ledger.awaits_cost(*pid));
            }
            self.execed.retain(|pid| self.table.by_pid(*pid).is_some());
            watches.iter_mut().for_each(|watch| watch.sweep(&self.table));
        }
        let ends = self.ends();
        for watch in watches.iter_mut() {
            watch.set_ends(ends);
            watch.adopt(&self.table, clock::monotonic_ns());
        }
    }

    /// Takes a reading for every watch; all are of the same instant.
    pub fn observe(&mut self, watches: &mut [&mut Watch], depth: Depth) -> Vec<Reading> {
        let all = 0..watches.len();
        self.observe_some(watches, all, depth)
    }

    /// Takes a reading for one of the watches. The others are told who has come and gone.
    pub fn observe_one(&mut self, watches: &mut [&mut Watch], index: usize, depth: Depth) -> Option<Reading> {
        self.observe_some(watches, index..index + 1, depth).pop()
    }

    fn observe_some(
        &mut self,
        watches: &mut [&mut Watch],
        chosen: Range<usize>,
        depth: Depth,
    ) -> Vec<Reading> {
        self.find(watches, depth);
        let mut members: Vec<u32> = watches[chosen.clone()]
            .iter()
            .flat_map(|watch| watch.pids())
            .collect();
        members.sort_unstable();
        members.dedup();
        let (begin_ns, wall_ns) = (clock::monotonic_ns(), clock::wall_ns());
        let fresh = self.table.measure(&self.system, &members, depth);
        let usages: Vec<_> = watches[chosen.clone()]
            .iter()
            .map(|watch| self.usages(watch, depth))
            .collect();
        let host = self.host.read(&self.system, depth);
        let end_ns = clock::monotonic_ns();
        // Who has ended while the clocks were read has left his record by now.
        self.drain(watches);
        if let Some(ledger) = &self.ledger {
            self.table.complete(&self.system, &fresh, ledger);
        }
        let due = if depth == Depth::Full { &members } else { &fresh };
        self.table.describe(&self.system, due, depth);
        self.limits.refresh(&self.system, &self.table, due, depth);
        let mut readings = Vec::new();
        for (watch, usages) in watches[chosen].iter_mut().zip(usages) {
            let switches = |pid| {
                self.ledger
                    .as_ref()
                    .map_or([0; 2], |ledger| ledger.ended_switches(pid))
            };
            let look = Look {
                host: &host,
                facts: self.system.facts(),
                usages: &usages,
                switches: &switches,
            };
            let groups = watch.account(&self.table, &look);
            let groups = self.with_cores(watch, &host, groups);
            let groups = self.with_jvms(watch, depth, groups);
            let groups = self.with_hardware(watch, depth, groups);
            let unattributed_ns = watch.unattributed_ns(&host);
            let host = host.clone();
            readings.push(Reading {
                sequence: 0,
                begin_ns,
                end_ns,
                wall_ns,
                host,
                groups,
                unattributed_ns,
            });
        }
        readings
    }

    /// What the groups' own control groups have used. Whether a group is all there is in one is looked at in full looks.
    fn usages(&mut self, watch: &Watch, depth: Depth) -> Vec<Option<u64>> {
        let mut usages = Vec::new();
        for index in 0..watch.names().count() {
            let members: Vec<u32> = watch.members_of(index).map(|identity| identity.pid).collect();
            let place = (watch.id(), index);
            if depth == Depth::Full {
                match Own::find(&self.system, &self.mounts, &self.table, &members) {
                    Some(own) => self.own.insert(place, own),
                    None => self.own.remove(&place),
                };
            }
            let own = self
                .own
                .get(&place)
                .filter(|own| own.holds(&self.mounts, &self.table, &members));
            usages.push(own.and_then(|own| own.usage_ns(&mut self.buffer)));
        }
        usages
    }

    /// Forgets what is kept only for members that no watch has any more.
    pub fn release(&mut self, watches: &[&Watch]) {
        let members: Numbers = watches.iter().flat_map(|watch| watch.pids()).collect();
        let ids: HashSet<u64> = watches.iter().map(|watch| watch.id()).collect();
        self.table.release(&members);
        self.own.retain(|(id, _), _| ids.contains(id));
        self.hardware.keep_only(|id| ids.contains(&id));
    }

    fn with_jvms(&self, watch: &Watch, depth: Depth, mut groups: Vec<GroupReading>) -> Vec<GroupReading> {
        if depth == Depth::Full {
            for (index, group) in groups.iter_mut().enumerate() {
                let members = watch
                    .members_of(index)
                    .filter_map(|identity| self.table.get(identity));
                group.detail.jvms = members
                    .filter(|seen| jvm::is_jvm(seen))
                    .map(|seen| jvm::read(&self.system, seen))
                    .collect();
                group.detail.jvms.sort_by_key(|jvm| jvm.pid);
            }
        }
        groups
    }

    fn with_hardware(
        &mut self,
        watch: &Watch,
        depth: Depth,
        mut groups: Vec<GroupReading>,
    ) -> Vec<GroupReading> {
        if depth == Depth::Full {
            for (index, group) in groups.iter_mut().enumerate() {
                let seen = watch
                    .members_of(index)
                    .filter_map(|identity| self.table.get(identity));
                let members: Vec<_> = seen.map(|seen| (seen.identity(), seen.parent)).collect();
                match self.hardware.look(&self.system, (watch.id(), index), &members) {
                    Ok(counts) => group.detail.hardware = Some(counts),
                    Err(reason) => group.detail.hardware_absent = Some(reason),
                }
            }
        }
        groups
    }

    fn with_cores(
        &self,
        watch: &Watch,
        host: &HostReading,
        mut groups: Vec<GroupReading>,
    ) -> Vec<GroupReading> {
        for (index, group) in groups.iter_mut().enumerate() {
            let members: Vec<_> = watch
                .members_of(index)
                .filter_map(|identity| self.table.get(identity))
                .collect();
            group.detail.core_set = self.limits.core_set(&members);
            group.cores_allowed = self.limits.cores_allowed(&members, host.cores);
        }
        groups
    }
}
