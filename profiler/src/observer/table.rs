//! All processes of the machine as last seen. Finding new ones costs a directory listing; counters are read of members only,
//! from files kept open.

use std::collections::HashSet;

use crate::clock;
use crate::ledger::Ledger;
use crate::observer::Depth;
use crate::observer::account::counts::Counts;
use crate::process::numbers::{ByNumber, Numbers};
use crate::process::{DiskBytes, Identity, Names, Stat, Status};
use crate::system::{Kept, System};

/// A process younger than this may still be about to become another program, so its names are read at every look.
pub(crate) const YOUNG_NS: u64 = 5_000_000_000;
/// Known processes whose names are read again at each quick look, in turn.
const NAMES_PER_LOOK: usize = 24;
/// Threads of a process whose switches are summed up; it costs a file each.
const MOST_THREADS: u32 = 128;
/// Members whose threads and memory are read at each quick look, in turn.
const STATS_PER_LOOK: usize = 24;
/// How often a look at the members is repeated when one of them ends during it.
const PASSES: usize = 4;

/// One process.
#[derive(Debug, Default)]
pub struct Seen {
    /// Who started it, as far as that one was known.
    pub parent: Option<Identity>,
    /// Its names.
    pub names: Names,
    /// Its control groups, lines of `/proc/PID/cgroup`.
    pub control_groups: String,
    /// When it was found, `CLOCK_MONOTONIC` ns.
    pub first_seen_ns: u64,
    /// Its counters as last read.
    pub stat: Stat,
    /// What is read of members at full looks.
    pub status: Status,
    /// What is read of members at full looks, where it may be read.
    pub disk: Option<DiskBytes>,
    /// Files open, as of the last full look.
    pub open_files: Option<u64>,
    /// Voluntary and involuntary context switches of its living threads, as of the last full look.
    pub switches: Option<[u64; 2]>,
    /// CPU time, ns; `None` until it is measured as a member.
    pub cpu_ns: Option<u64>,
    /// Whether `cpu_ns` is of its CPU clock and not of its clock ticks.
    pub by_clock: bool,
    /// What its threads that had already ended when it was first measured had spent, less what their exit records said, ns;
    /// with the records of all its threads this makes its whole time. `None` until it is measured with a ledger at hand.
    pub ended_threads_ns: Option<i64>,
    /// The look at which its names or its parent were last found changed.
    pub revision: u64,
    pub(crate) kept: Option<Kept>,
}

impl Seen {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            pid: self.stat.pid,
            start_ticks: self.stat.start_ticks,
        }
    }

    fn is_described(&self) -> bool {
        !self.status.cores.is_empty()
    }

    /// The kernel's peak is that of the last full look.
    fn raise_peak(&mut self, system: &System) {
        let resident = self.stat.resident_pages.saturating_mul(system.facts().page_bytes);
        if let Some(peak) = &mut self.status.resident_peak_bytes {
            *peak = (*peak).max(resident);
        }
    }

    fn describe(&mut self, system: &System) {
        let pid = self.stat.pid;
        if let Some(text) = system.text(&format!("proc/{pid}/status")) {
            self.status = Status::parse(&text);
        }
        self.disk = system
            .text(&format!("proc/{pid}/io"))
            .and_then(|text| DiskBytes::parse(&text));
        self.open_files = system.count(&format!("proc/{pid}/fd"));
        self.switches = if self.stat.threads <= MOST_THREADS {
            switches(system, pid)
        } else {
            None
        };
    }

    /// Its counters beside CPU time. Where the ledger is open, `ended` are the switches of its ended threads.
    #[must_use]
    pub fn counts(&self, ended: [u64; 2]) -> Counts {
        let disk = self.disk.unwrap_or_default();
        let faults = |own: u64, children: u64| own.saturating_add(children);
        let minor = faults(self.stat.minor_faults, self.stat.children_minor_faults);
        let major = faults(self.stat.major_faults, self.stat.children_major_faults);
        let [voluntary, involuntary] = self.switches.unwrap_or_default();
        let own = [
            voluntary.saturating_add(ended[0]),
            involuntary.saturating_add(ended[1]),
        ];
        Counts {
            tree: [minor, major, disk.read, disk.written],
            own,
        }
    }

    /// The path of its control group in the unified hierarchy, or of systemd's own.
    #[must_use]
    pub fn control_group(&self) -> Option<&str> {
        let path = |begin: &str| {
            self.control_groups
                .lines()
                .find_map(|line| line.strip_prefix(begin))
        };
        let named = || {
            self.control_groups
                .lines()
                .find_map(|line| line.split_once(":name=systemd:").map(|(_, path)| path))
        };
        path("0::").filter(|path| *path != "/").or_else(named)
    }
}

/// The processes, by their numbers.
#[derive(Debug, Default)]
pub struct Table {
    processes: ByNumber<Seen>,
    revision: u64,
    turn: u32,
    stat_turn: u32,
    buffer: Vec<u8>,
}

impl Table {
    /// The process with this identity, if it is still there.
    #[must_use]
    pub fn get(&self, identity: Identity) -> Option<&Seen> {
        self.by_pid(identity.pid)
            .filter(|seen| seen.identity() == identity)
    }

    /// The process that has this number now.
    #[must_use]
    pub fn by_pid(&self, pid: u32) -> Option<&Seen> {
        self.processes.get(&pid)
    }

    /// All processes.
    pub fn iter(&self) -> impl Iterator<Item = &Seen> {
        self.processes.values()
    }

    /// The number of the last look that found anything new or changed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The names of all processes, each once.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let each = |seen: &Seen| {
            [
                seen.names.exe_name(),
                seen.names.argument_name(),
                &seen.names.comm,
            ]
            .map(str::to_owned)
        };
        let names: HashSet<String> = self.iter().flat_map(each).collect();
        names.into_iter().collect()
    }

    /// Puts a process in, as a scan does.
    pub fn insert(&mut self, mut seen: Seen) {
        self.revision += 1;
        seen.revision = self.revision;
        self.processes.insert(seen.stat.pid, seen);
    }

    /// Takes a process out, as a scan does when it is gone.
    pub fn remove(&mut self, pid: u32) {
        self.processes.remove(&pid);
    }

    /// Takes a process out to change it, in a test.
    #[cfg(test)]
    pub(crate) fn take(&mut self, pid: u32) -> Seen {
        self.processes.remove(&pid).unwrap_or_default()
    }

    /// Finds the processes that have come, gone, or taken other names. With `told`, changes of names are reported otherwise
    /// and need not be looked for.
    pub fn scan(&mut self, system: &System, depth: Depth, told: bool) {
        let now_ns = clock::monotonic_ns();
        let listed = system.pids();
        let present: Numbers = listed.iter().copied().collect();
        let gone: Vec<u32> = self
            .processes
            .keys()
            .copied()
            .filter(|pid| !present.contains(pid))
            .collect();
        for pid in gone {
            self.remove(pid);
        }
        let mut fresh: Vec<u32> = listed
            .iter()
            .copied()
            .filter(|pid| !self.processes.contains_key(pid))
            .collect();
        let doubtful = if told {
            Vec::new()
        } else {
            self.due_for_names(depth, now_ns)
        };
        for pid in doubtful {
            if !self.name_again(system, pid) {
                self.remove(pid);
                fresh.push(pid);
            }
        }
        for pid in fresh {
            self.find(system, pid, now_ns);
        }
        self.link();
    }

    /// Finds one process, if it is there and not known yet.
    pub fn find_one(&mut self, system: &System, pid: u32) {
        if !self.processes.contains_key(&pid) {
            self.find(system, pid, clock::monotonic_ns());
            self.link();
        }
    }

    /// Looks at a process that has just become another program. Returns it if it is still there.
    pub fn look_at(&mut self, system: &System, pid: u32) -> Option<&Seen> {
        if !self.processes.contains_key(&pid) || !self.name_again(system, pid) {
            self.remove(pid);
            self.find(system, pid, clock::monotonic_ns());
            self.link();
        }
        self.by_pid(pid)
    }

    fn find(&mut self, system: &System, pid: u32, now_ns: u64) {
        let Some(stat) = read_stat(system, pid) else {
            return;
        };
        let names = Names::read(system, pid, &stat.comm);
        let control_groups = system.text(&format!("proc/{pid}/cgroup")).unwrap_or_default();
        let seen = Seen {
            names,
            control_groups,
            first_seen_ns: now_ns,
            stat,
            ..Seen::default()
        };
        self.insert(seen);
    }

    /// Which known processes' names are read again: all in a full look, else the young ones and some in turn.
    fn due_for_names(&mut self, depth: Depth, now_ns: u64) -> Vec<u32> {
        if depth == Depth::Full {
            return self.processes.keys().copied().collect();
        }
        let young = |seen: &Seen| now_ns.saturating_sub(seen.first_seen_ns) < YOUNG_NS;
        let (mut chosen, mut rest): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        for (pid, seen) in &self.processes {
            if young(seen) {
                chosen.push(*pid)
            } else {
                rest.push(*pid)
            }
        }
        rest.sort_unstable();
        let from = rest.partition_point(|pid| *pid <= self.turn);
        let next: Vec<u32> = rest
            .iter()
            .copied()
            .cycle()
            .skip(from)
            .take(NAMES_PER_LOOK.min(rest.len()))
            .collect();
        self.turn = next.last().copied().unwrap_or(0);
        chosen.extend(next);
        chosen
    }

    /// Whether the number still means the same process, whose names are then up to date.
    fn name_again(&mut self, system: &System, pid: u32) -> bool {
        let Some(stat) = read_stat(system, pid) else {
            return false;
        };
        let Some(seen) = self.processes.get_mut(&pid) else {
            return false;
        };
        if stat.start_ticks != seen.stat.start_ticks {
            return false;
        }
        let names = Names::read(system, pid, &stat.comm);
        if names != seen.names {
            self.revision += 1;
            seen.revision = self.revision;
            seen.names = names;
        }
        seen.stat.parent = stat.parent;
        true
    }

    /// Notes who started the processes that have no parent yet. A parent that has started later has only inherited the
    /// number.
    fn link(&mut self) {
        let mut found = Vec::new();
        for seen in self.processes.values().filter(|seen| seen.parent.is_none()) {
            if let Some(parent) = self.processes.get(&seen.stat.parent)
                && parent.stat.start_ticks <= seen.stat.start_ticks
            {
                found.push((seen.stat.pid, parent.identity()));
            }
        }
        for (pid, parent) in found {
            if let Some(seen) = self.processes.get_mut(&pid) {
                self.revision += 1;
                seen.revision = self.revision;
                seen.parent = Some(parent);
            }
        }
    }

    /// Reads the counters of members, so that no ended child is counted both by itself and by the parent that waited for it:
    /// first the parents' sums, then the clocks, and all again when a process has ended in between.
    ///
    /// The clocks cost a tenth of the rest, so a quick look reads the rest only of those that have children's time or are new,
    /// and of some others in turn; and of the parents of those that have ended. Gives the members of which not all is known
    /// yet.
    pub fn measure(&mut self, system: &System, members: &[u32], depth: Depth) -> Vec<u32> {
        let mut due = self.due_for_stat(members, depth);
        for _ in 0..PASSES {
            let mut heirs = Vec::new();
            let mut fresh = Vec::new();
            for pid in &due {
                heirs.extend(self.measure_stat(system, *pid).err());
            }
            for pid in members {
                match self.measure_clock(system, *pid) {
                    Ok(true) => {}
                    Ok(false) => fresh.push(*pid),
                    Err(parent) => heirs.push(parent),
                }
            }
            if heirs.is_empty() {
                return fresh;
            }
            due.extend(heirs);
            due.sort_unstable();
            due.dedup();
        }
        members.to_vec()
    }

    fn due_for_stat(&mut self, members: &[u32], depth: Depth) -> Vec<u32> {
        let seen = |pid: &u32| self.processes.get(pid);
        let waits = |pid: &&u32| {
            seen(pid).is_some_and(|seen| seen.cpu_ns.is_none() || seen.stat.children_minor_faults > 0)
        };
        if depth == Depth::Full || members.len() <= STATS_PER_LOOK {
            return members.to_vec();
        }
        let from = members.partition_point(|pid| *pid <= self.stat_turn);
        let in_turn: Vec<u32> = members
            .iter()
            .copied()
            .cycle()
            .skip(from)
            .take(STATS_PER_LOOK)
            .collect();
        let mut due: Vec<u32> = members.iter().filter(waits).copied().collect();
        self.stat_turn = in_turn.last().copied().unwrap_or(0);
        due.extend(in_turn);
        due.sort_unstable();
        due.dedup();
        due
    }

    /// Who is not there any more is taken out; the error is its parent.
    fn measure_stat(&mut self, system: &System, pid: u32) -> Result<(), u32> {
        let Some(seen) = self.processes.get_mut(&pid) else {
            return Ok(());
        };
        let parent = seen.stat.parent;
        if seen.kept.is_none() {
            seen.kept = system.keep(&format!("proc/{pid}/stat")).ok();
        }
        let stat = match &seen.kept {
            Some(kept) => kept
                .read_into(&mut self.buffer)
                .ok()
                .and_then(|()| Stat::parse(&self.buffer)),
            // No descriptor left: open, read, close.
            None => read_stat(system, pid),
        };
        match stat {
            Some(stat) if stat.start_ticks == seen.stat.start_ticks => {
                seen.stat = stat;
                seen.raise_peak(system);
                Ok(())
            }
            _ => {
                self.remove(pid);
                Err(parent)
            }
        }
    }

    /// The same by its clock; tells whether all else is known of it.
    fn measure_clock(&mut self, system: &System, pid: u32) -> Result<bool, u32> {
        let Some(seen) = self.processes.get_mut(&pid) else {
            return Ok(true);
        };
        let before = seen.cpu_ns.unwrap_or(0);
        match system.cpu_clock_ns(pid) {
            // A clock that runs backwards is that of another process, which has inherited the number.
            Some(cpu_ns) if cpu_ns >= before || !seen.by_clock => {
                seen.cpu_ns = Some(cpu_ns);
                seen.by_clock = true;
                Ok(seen.is_described() && seen.ended_threads_ns.is_some())
            }
            _ => {
                self.measure_stat(system, pid)?;
                let Some(seen) = self.processes.get_mut(&pid) else {
                    return Ok(true);
                };
                seen.cpu_ns = Some(system.facts().ticks_to_ns(seen.stat.own_ticks).max(before));
                seen.by_clock = false;
                Ok(seen.is_described())
            }
        }
    }

    /// Reads what of the members is dear: at full looks of all, else of those that have none yet.
    pub fn describe(&mut self, system: &System, members: &[u32], depth: Depth) {
        for pid in members {
            let Some(seen) = self.processes.get_mut(pid) else {
                continue;
            };
            if depth == Depth::Full || !seen.is_described() {
                seen.describe(system);
                seen.raise_peak(system);
            }
        }
    }

    /// Finds out, for members measured for the first time, what their already ended threads had spent: what the process's
    /// clock has and the living threads do not. Of processes started after the ledger was opened every record is known.
    pub fn complete(&mut self, system: &System, members: &[u32], ledger: &Ledger) {
        let opened_ticks = ledger.opened_boot_ns() / system.facts().ticks_to_ns(1).max(1);
        for pid in members {
            let Some(seen) = self.processes.get_mut(pid) else {
                continue;
            };
            if seen.ended_threads_ns.is_some() || !seen.by_clock {
                continue;
            }
            seen.ended_threads_ns = if seen.stat.start_ticks > opened_ticks {
                Some(0)
            } else {
                let recorded = ledger.ended_threads_ns(*pid).cast_signed();
                ended_threads_ns(system, *pid).map(|ended| ended - recorded)
            };
        }
    }

    /// Closes the files of all processes but these.
    pub fn release(&mut self, members: &Numbers) {
        for (pid, seen) in &mut self.processes {
            if !members.contains(pid) {
                seen.kept = None;
                seen.cpu_ns = None;
            }
        }
    }
}

fn read_stat(system: &System, pid: u32) -> Option<Stat> {
    Stat::parse(&system.read(&format!("proc/{pid}/stat")).ok()?)
}

/// What the process's clock has and the sum over its living threads has not, ns.
fn ended_threads_ns(system: &System, pid: u32) -> Option<i64> {
    let mut living_ns = 0_u64;
    for thread in system.list(&format!("proc/{pid}/task")) {
        // A thread that ends meanwhile is in the clock, read last, and not in this sum, as it should be.
        if let Some(line) = system.text(&format!("proc/{pid}/task/{thread}/schedstat")) {
            living_ns += line.split(' ').next()?.parse::<u64>().ok()?;
        }
    }
    let clock_ns = system.cpu_clock_ns(pid)?;
    Some(clock_ns.saturating_sub(living_ns).cast_signed())
}

/// The sums of the threads' context switches.
fn switches(system: &System, pid: u32) -> Option<[u64; 2]> {
    let mut sums = None;
    for thread in system.list(&format!("proc/{pid}/task")) {
        let Some(text) = system.text(&format!("proc/{pid}/task/{thread}/status")) else {
            continue;
        };
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().parse::<u64>().ok()
        };
        let [voluntary, involuntary] = sums.unwrap_or_default();
        sums = Some([
            voluntary + value("voluntary_ctxt_switches:")?,
            involuntary + value("nonvoluntary_ctxt_switches:")?,
        ]);
    }
    sums
}
