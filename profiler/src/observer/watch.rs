//! What one client watches: named groups, their members, and their accounts. Pure: it is shown the table of processes and
//! decides who belongs where and what was spent.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ledger::departures::ProcessEnd;
use crate::matching::{How, Pattern, nearest};
use crate::observer::INIT;
use crate::observer::account::counts::Counts;
use crate::observer::account::{Account, Circumstances, Ends, TreeSum};
use crate::observer::table::{Seen, Table, YOUNG_NS};
use crate::observer::watch::kin::Kin;
use crate::process::numbers::ByNumber;
use crate::process::{Identity, Names};
use crate::reading::{GroupReading, HostReading};
use crate::system::Facts;

mod endings;
mod kin;
mod sums;

/// A process that belongs to a group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Member {
    /// Who it is.
    pub identity: Identity,
    /// The group's position.
    pub group: usize,
    /// By what it belongs there; `None` for a descendant.
    pub matched: Option<How>,
    /// What it had spent itself, and its ended children, when it became a member, ns; `None` until first measured.
    pub base_ns: Option<(u64, u64)>,
    /// Whether it was started while it was being watched for, so that all its time counts.
    pub newborn: bool,
    /// CPU time when last seen, ns.
    pub last_cpu_ns: u64,
    /// Page faults of waited-for children when it became a member; they tell of a child whose time is less than a tick.
    pub base_faults: u64,
    /// Whether it has waited for a child since.
    pub has_waited: bool,
    /// Waited-for children's CPU time when last seen, ns.
    pub last_children_ns: u64,
    /// Its parent when last seen.
    pub parent: u32,
    /// Whether it ignores its children's ends.
    pub ignores_children: bool,
    /// Its name, for messages.
    pub name: String,
    /// Other counters when it became a member.
    pub base_counts: Counts,
    /// Other counters when last seen.
    pub last_counts: Counts,
    /// What its exit record says that it has spent in all, ns.
    pub ended_ns: Option<u64>,
    /// What it had spent in all when the kernel gave it back, ns.
    pub given_back_ns: Option<u64>,
    /// What its clock misses of its ended threads, as told since it became a member, ns.
    pub missed_ns: u64,
}

impl Member {
    /// What it and its ended children have spent as a member, ns.
    #[must_use]
    pub fn spent_ns(&self) -> u64 {
        let (_, children) = self.base_ns.unwrap_or((0, 0));
        self.own_spent_ns() + self.last_children_ns.saturating_sub(children)
    }

    /// What it has spent itself as a member, ns.
    #[must_use]
    pub fn own_spent_ns(&self) -> u64 {
        self.last_cpu_ns
            .saturating_sub(self.base_ns.map_or(0, |(own, _)| own))
    }
}

/// What is known at one look beside the processes.
pub struct Look<'a> {
    /// Counters of the host.
    pub host: &'a HostReading,
    /// Units.
    pub facts: &'a Facts,
    /// What the groups' own control groups have used, ns.
    pub usages: &'a [Option<u64>],
    /// Context switches of a process's threads that have ended.
    pub switches: &'a dyn Fn(u32) -> [u64; 2],
}

/// The watch of one client.
#[derive(Debug, Default)]
pub struct Watch {
    id: u64,
    groups: Vec<(Pattern, Account)>,
    /// By their numbers.
    members: ByNumber<Member>,
    /// Members whose numbers others have now.
    departed: Vec<Member>,
    kin: Kin,
    ends: Ends,
    judged: u64,
    adopted_ns: u64,
    by_control_group: bool,
    begun_ns: Option<u64>,
    busy_at_begin_ns: Option<u64>,
    given_ns: u64,
    tasks_started: Option<u64>,
    /// What init had taken over from ended processes at the last account, ns.
    reaped_ns: Option<u64>,
    /// Ended orphans that init had not waited for at the last account.
    unreaped: Vec<Identity>,
}

impl Watch {
    /// Watches for these names.
    #[must_use]
    pub fn new(names: &[String]) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let groups = names.iter().map(|name| (Pattern::new(name), Account::default()));
        let groups: Vec<(Pattern, Account)> = groups.collect();
        let by_control_group = groups.iter().any(|(pattern, _)| pattern.means_control_group());
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            groups,
            by_control_group,
            ..Self::default()
        }
    }

    /// A number that no other watch of this program has.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether it has not been shown any processes yet.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.begun_ns.is_none()
    }

    /// The names asked for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(pattern, _)| pattern.text())
    }

    /// The numbers of all processes whose counters the accounts need.
    pub fn pids(&self) -> Vec<u32> {
        self.members
            .keys()
            .copied()
            .chain((!self.groups.is_empty()).then_some(INIT))
            .collect()
    }

    /// The members of a group.
    pub fn members_of(&self, group: usize) -> impl Iterator<Item = Identity> {
        self.members
            .values()
            .filter(move |member| member.group == group)
            .map(|member| member.identity)
    }

    /// By what a process belongs to its group.
    #[must_use]
    pub fn how(&self, identity: Identity) -> How {
        self.member(identity)
            .and_then(|member| member.matched)
            .unwrap_or(How::Descendant)
    }

    /// What the exit ledger tells this watch.
    pub fn set_ends(&mut self, ends: Ends) {
        self.ends = ends;
    }

    fn member(&self, identity: Identity) -> Option<&Member> {
        self.members
            .get(&identity.pid)
            .filter(|member| member.identity == identity)
    }

    /// The first name without a process, with the nearest names that there are.
    #[must_use]
    pub fn without_process(&self, table: &Table) -> Option<(String, Vec<String>)> {
        let (_, (pattern, _)) = self
            .groups
            .iter()
            .enumerate()
            .find(|(index, _)| self.members_of(*index).next().is_none())?;
        Some((pattern.text().to_owned(), nearest(pattern, &table.names())))
    }

    /// Takes in the processes that belong to its groups and were not members yet, after a scan.
    pub fn adopt(&mut self, table: &Table, now_ns: u64) {
        self.begun_ns.get_or_insert(now_ns);
        if table.revision() == self.judged {
            return;
        }
        let mut older = self.judged == 0;
        let judged = self.judged;
        for seen in table.iter().filter(|seen| seen.revision > judged) {
            // Who has just come has no older descendants, but who has just got a watched name may have.
            older |= self.adopt_one(table, seen, now_ns) && seen.first_seen_ns < self.adopted_ns;
        }
        if older {
            table.iter().for_each(|seen| {
                self.adopt_one(table, seen, now_ns);
            });
        }
        self.judged = table.revision();
        self.adopted_ns = now_ns;
    }

    /// After all processes were listed: forgets descendants that are not there any more.
    pub fn sweep(&mut self, table: &Table) {
        self.kin.sweep(|pid| table.by_pid(pid).is_some());
    }

    /// Descendants of members that are known from events alone.
    pub fn unseen(&self) -> Vec<u32> {
        self.kin.living()
    }

    /// Whether the process with this number is a member.
    #[must_use]
    pub fn has(&self, pid: u32) -> bool {
        self.members.contains_key(&pid)
    }

    /// Takes in a process that has just been found or has become another program, if it belongs to one of the groups. Returns
    /// whether it was taken in.
    pub fn adopt_one(&mut self, table: &Table, seen: &Seen, now_ns: u64) -> bool {
        let Some((group, matched)) = self.judge(table, seen) else {
            return false;
        };
        match self.member(seen.identity()) {
            Some(member) if member.group == group || matched.is_none() => false,
            None if self.kin.is_counted(seen.stat.pid) => false,
            _ => {
                let begun_ns = self.begun_ns.unwrap_or(now_ns);
                let young = now_ns.saturating_sub(seen.first_seen_ns) < YOUNG_NS;
                self.take(seen, group, matched, seen.first_seen_ns > begun_ns && young);
                true
            }
        }
    }

    /// `parent` has started `pid`.
    pub fn started(&mut self, parent: u32, pid: u32) {
        // The event may be of a member that a scan has found meanwhile; only when that one has ended, of a later process.
        if self
            .members
            .get(&pid)
            .is_some_and(|member| member.ended_ns.is_none())
        {
            return;
        }
        if let Some(before) = self.members.remove(&pid) {
            self.departed.push(before);
        }
        match self
            .members
            .get(&parent)
            .map(|member| member.group)
            .or_else(|| self.kin.group_of(parent))
        {
            Some(group) => self.kin.born(pid, group),
            None => self.kin.forget(pid),
        }
    }

    /// A process has ended after it had spent `cpu_ns` in all. `execed` tells that it had become another program, by whose
    /// name alone it may belong to a group.
    pub fn ended(&mut self, end: &ProcessEnd, cpu_ns: u64, execed: bool) {
        if let Some(member) = self.members.get_mut(&end.pid)
            && member.ended_ns.is_none()
        {
            member.ended_ns = Some(cpu_ns);
            member.last_counts.own = [end.voluntary_switches, end.involuntary_switches];
            if let Some((_, account)) = self.groups.get_mut(member.group) {
                account.count_exit();
            }
            return;
        }
        let own = || {
            self.own_match(
                &Names {
                    comm: end.comm.clone(),
                    ..Names::default()
                },
                None,
            )
        };
        let named = if execed {
            own().map(|(_, group)| group)
        } else {
            None
        };
        let Some(group) = named.or_else(|| self.kin.group_of(end.pid)) else {
            return;
        };
        let first = !self.kin.is_counted(end.pid);
        let more_ns = self.kin.count(end.pid, group, cpu_ns);
        if let Some((_, account)) = self.groups.get_mut(group) {
            account.ended_unseen(more_ns);
            if first {
                account.count_switches([end.voluntary_switches, end.involuntary_switches]);
                account.count_exit();
            }
        }
    }

    /// The kernel has given back a process that ended before; it had spent `cpu_ns` in all, with what ending cost.
    pub fn given_back(&mut self, pid: u32, cpu_ns: u64) {
        if let Some(member) = self.members.get_mut(&pid) {
            if member.ended_ns.is_some() {
                member.given_back_ns = Some(cpu_ns);
            }
            return;
        }
        let Some(group) = self.kin.group_of(pid).filter(|_| self.kin.is_counted(pid)) else {
            return;
        };
        let more_ns = self.kin.count(pid, group, cpu_ns);
        if let Some((_, account)) = self.groups.get_mut(group) {
            account.ending_cost(more_ns);
        }
    }

    /// The kernel has given back threads of a process that goes on, whose clock misses so much of them.
    pub fn threads_given_back(&mut self, pid: u32, missed_ns: u64) {
        let Some(member) = self.members.get_mut(&pid) else {
            return;
        };
        if member.base_ns.is_some() {
            member.missed_ns = member.missed_ns.saturating_add(missed_ns);
            if let Some((_, account)) = self.groups.get_mut(member.group) {
                account.ending_cost(missed_ns);
            }
        }
    }

    /// The kernel has given back tasks unseen: what ending cost some processes is missing.
    pub fn lose_costs(&mut self) {
        let reason =
            "the kernel gave back tasks faster than they were looked at: what ending cost some is missing";
        for (_, account) in &mut self.groups {
            account.doubt(reason.into());
        }
    }

    /// The kernel has dropped exit records or events so many times.
    pub fn lose_records(&mut self, times: u64) {
        self.groups
            .iter_mut()
            .for_each(|(_, account)| account.lose_records(times));
    }

    fn take(&mut self, seen: &Seen, group: usize, matched: Option<How>, newborn: bool) {
        let name = [seen.names.exe_name(), &seen.names.comm]
            .into_iter()
            .find(|name| !name.is_empty());
        let mut member = Member {
            identity: seen.identity(),
            group,
            matched,
            newborn,
            parent: seen.stat.parent,
            name: name.unwrap_or_default().to_owned(),
            ..Member::default()
        };
        match self.members.remove(&seen.stat.pid) {
            Some(before) if before.identity == member.identity => {
                if let Some((_, account)) = self.groups.get_mut(before.group) {
                    account.hand_over(&before);
                }
                member.base_ns = before
                    .base_ns
                    .map(|_| (before.last_cpu_ns, before.last_children_ns));
                member.ended_ns = before.ended_ns;
                member.given_back_ns = before.given_back_ns;
                member.missed_ns = before.missed_ns;
                member.base_counts = before.last_counts;
                member.base_faults = before.base_faults;
            }
            Some(before) => self.departed.push(before),
            None => {}
        }
        self.kin.forget(seen.stat.pid);
        self.members.insert(seen.stat.pid, member);
    }

    /// The group of a process: its own match, else that of the nearest ancestor that matches or is a member. A process keeps
    /// the group that it has when its name changes to one that means nothing.
    fn judge(&self, table: &Table, seen: &Seen) -> Option<(usize, Option<How>)> {
        const DEEPEST: usize = 1000;
        let mut current = seen;
        for step in 0..DEEPEST {
            if let Some((how, group)) = self.own_match(
                &current.names,
                if self.by_control_group {
                    current.control_group()
                } else {
                    None
                },
            ) {
                return Some((group, (step == 0).then_some(how)));
            }
            let known = self.member(current.identity()).map(|member| member.group);
            if let Some(group) = known.or_else(|| self.kin.group_of(current.stat.pid)) {
                return Some((group, None));
            }
            current = table.get(current.parent?)?;
        }
        None
    }

    fn own_match(&self, names: &Names, control_group: Option<&str>) -> Option<(How, usize)> {
        let matched = |(index, (pattern, _)): (usize, &(Pattern, Account))| {
            Some((pattern.matches(names, control_group)?, index))
        };
        self.groups.iter().enumerate().filter_map(matched).min()
    }

    /// Does the accounts from the counters just read; Intervals of
    /// completeness reach from one call to the next.
    pub fn account(&mut self, table: &Table, look: &Look<'_>) -> Vec<GroupReading> {
        let (host, facts) = (look.host, look.facts);
        self.update(table, look.facts, look.switches);
        self.settle_ended(table);
        self.suspect(table, host, facts);
        let mut sums = vec![TreeSum::default(); self.groups.len()];
        let mut counts = vec![Counts::default(); self.groups.len()];
        let mut details: Vec<GroupReading> = vec![GroupReading::default(); self.groups.len()];
        for member in self.members.values() {
            let (Some(seen), Some(sum)) = (table.get(member.identity), sums.get_mut(member.group)) else {
                continue;
            };
            sums::add(sum, member, seen);
            if let Some(counts) = counts.get_mut(member.group) {
                *counts = *counts + (member.last_counts - member.base_counts);
            }
            if let Some(reading) = details.get_mut(member.group) {
                sums::describe(reading, seen, facts);
            }
        }
        let mut given_ns = 0;
        let ends = self.ends;
        for (index, ((pattern, account), reading)) in self.groups.iter_mut().zip(&mut details).enumerate() {
            let sum = sums.get(index).copied().unwrap_or_default();
            let control_group_ns = look.usages.get(index).copied().flatten();
            let circumstances = Circumstances {
                facts: *facts,
                cores: host.cores,
                ends,
                control_group_ns,
            };
            let settled = account.settle(&sum, &circumstances);
            given_ns += settled.cpu_ns;
            let counts = account.settle_counts(counts.get(index).copied().unwrap_or_default());
            sums::add_counts(reading, counts, ends != Ends::Untold);
            reading.name = pattern.text().to_owned();
            reading.cpu_ns = settled.cpu_ns;
            reading.error_bound_ns = settled.error_bound_ns;
            reading.source = settled.source.to_owned();
            reading.complete = settled.evidence.reasons.is_empty();
            reading.processes = sum.processes;
            reading.threads = sum.threads;
            reading.evidence = settled.evidence;
        }
        self.given_ns = given_ns;
        details
    }

    /// CPU time of the host since the first account, less that of all groups, ns.
    pub fn unattributed_ns(&mut self, host: &HostReading) -> i64 {
        let begin = *self.busy_at_begin_ns.get_or_insert(host.cpu_busy_ns);
        let busy = i64::try_from(host.cpu_busy_ns.saturating_sub(begin)).unwrap_or(i64::MAX);
        busy.saturating_sub(i64::try_from(self.given_ns).unwrap_or(i64::MAX))
    }

    /// Brings the members that are still there up to date.
    fn update(&mut self, table: &Table, facts: &Facts, switches: impl Fn(u32) -> [u64; 2]) {
        for member in self.members.values_mut() {
            let Some(seen) = table.get(member.identity) else {
                continue;
            };
            let Some(cpu_ns) = seen.cpu_ns else { continue };
            let children_ns = facts.ticks_to_ns(seen.stat.children_ticks);
            let counts = seen.counts(switches(seen.stat.pid));
            if member.base_ns.is_none() {
                let before = if member.newborn {
                    (0, 0, 0)
                } else {
                    (cpu_ns, children_ns, seen.stat.children_minor_faults)
                };
                member.base_ns = Some((before.0, before.1));
                member.base_faults = before.2;
                member.base_counts = if member.newborn { Counts::default() } else { counts };
            }
            member.has_waited |= seen.stat.children_minor_faults > member.base_faults;
            member.last_cpu_ns = cpu_ns;
            member.last_counts = counts;
            member.last_children_ns = children_ns;
            member.parent = seen.stat.parent;
            member.ignores_children = seen.status.ignores_children;
        }
    }
}

#[cfg(test)]
mod tests;
