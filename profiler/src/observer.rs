//! Looks at a machine for any number of watches: finds the processes, reads the members' counters at one instant, and lets
//! each watch do its accounts. This is the driver; [`watch`] and [`account`] decide.

use crate::clock;
use crate::probe::Host;
use crate::reading::{GroupReading, HostReading, Reading};
use crate::system::System;

pub mod account;
pub mod limits;
pub mod table;
pub mod watch;

use limits::Limits;
use table::Table;
use watch::Watch;

/// The first process, which is always there.
pub(crate) const INIT: u32 = 1;

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
    limits: Limits,
}

impl Observer {
    /// Opens the machine's files.
    #[must_use]
    pub fn open(system: System) -> Self {
        let host = Host::open(&system);
        let limits = Limits::find(&system);
        Self {
            system,
            host,
            table: Table::default(),
            limits,
        }
    }

    /// The machine.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The sources of CPU time that work here, the best first.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let clock = self
            .system
            .cpu_clock_ns(INIT)
            .map(|_| account::BY_CLOCK.to_owned());
        clock.into_iter().chain([account::BY_TICKS.to_owned()]).collect()
    }

    /// The processes as last seen.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Looks for processes and gives every watch its members, without reading counters.
    pub fn find(&mut self, watches: &mut [&mut Watch], depth: Depth) {
        self.table.scan(&self.system, depth);
        for watch in watches.iter_mut() {
            watch.adopt(&self.table, clock::monotonic_ns());
        }
    }

    /// Takes a reading for every watch; all are of the same instant.
    pub fn observe(&mut self, watches: &mut [&mut Watch], depth: Depth) -> Vec<Reading> {
        self.find(watches, depth);
        let mut members: Vec<u32> = watches.iter().flat_map(|watch| watch.pids()).collect();
        members.sort_unstable();
        members.dedup();
        let (begin_ns, wall_ns) = (clock::monotonic_ns(), clock::wall_ns());
        self.table.measure(&self.system, &members);
        let host = self.host.read(&self.system);
        let end_ns = clock::monotonic_ns();
        self.table.describe(&self.system, &members, depth);
        if depth == Depth::Full {
            self.limits.refresh(&self.system, &self.table, &members);
        }
        let mut readings = Vec::new();
        for watch in watches.iter_mut() {
            let groups = watch.account(&self.table, &host, self.system.facts());
            let groups = self.with_cores(watch, &host, groups);
            let unattributed_ns = watch.unattributed_ns(&host);
            readings.push(Reading {
                sequence: 0,
                begin_ns,
                end_ns,
                wall_ns,
                host: host.clone(),
                groups,
                unattributed_ns,
            });
        }
        readings
    }

    /// Forgets what is kept only for members that no watch has any more.
    pub fn release(&mut self, watches: &[&Watch]) {
        let members: std::collections::HashSet<u32> = watches.iter().flat_map(|watch| watch.pids()).collect();
        self.table.release(&members);
    }

    fn with_cores(
        &self,
        watch: &Watch,
        host: &HostReading,
        mut groups: Vec<GroupReading>,
    ) -> Vec<GroupReading> {
        for (index, group) in groups.iter_mut().enumerate() {
            let members = watch
                .members_of(index)
                .filter_map(|identity| self.table.get(identity));
            group.cores_allowed = self.limits.cores_allowed(members, host.cores);
        }
        groups
    }
}
