//! What one client watches: named groups, their members, and their accounts. Pure: it is shown the table of processes and
//! decides who belongs where and what was spent.

use std::collections::HashMap;

use crate::matching::{How, Pattern, nearest};
use crate::observer::INIT;
use crate::observer::account::{Account, TreeSum};
use crate::observer::table::{Seen, Table, YOUNG_NS};
use crate::process::Identity;
use crate::reading::{GroupReading, HostReading};
use crate::system::Facts;

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
    /// Waited-for children's CPU time when last seen, ns.
    pub last_children_ns: u64,
    /// Its parent when last seen.
    pub parent: u32,
    /// Whether it ignores its children's ends.
    pub ignores_children: bool,
    /// Its name, for messages.
    pub name: String,
}

impl Member {
    /// What it and its ended children have spent as a member, ns.
    #[must_use]
    pub fn spent_ns(&self) -> u64 {
        let (own, children) = self.base_ns.unwrap_or((0, 0));
        self.last_cpu_ns.saturating_sub(own) + self.last_children_ns.saturating_sub(children)
    }
}

/// The processes that init adopts leave their time with it when they end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Reaper {
    children_ns: u64,
    ended: u64,
}

/// The watch of one client.
#[derive(Debug, Default)]
pub struct Watch {
    groups: Vec<(Pattern, Account)>,
    members: HashMap<Identity, Member>,
    judged: u64,
    begun_ns: Option<u64>,
    busy_at_begin_ns: Option<u64>,
    given_ns: u64,
    tasks_started: Option<u64>,
    reaper: Option<Reaper>,
}

impl Watch {
    /// Watches for these names.
    #[must_use]
    pub fn new(names: &[String]) -> Self {
        let groups = names
            .iter()
            .map(|name| (Pattern::new(name), Account::default()))
            .collect();
        Self {
            groups,
            ..Self::default()
        }
    }

    /// The names asked for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(pattern, _)| pattern.text())
    }

    /// The numbers of all processes whose counters the accounts need.
    pub fn pids(&self) -> Vec<u32> {
        let members = self.members.keys().map(|identity| identity.pid);
        members.chain((!self.groups.is_empty()).then_some(INIT)).collect()
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
        self.members
            .get(&identity)
            .and_then(|member| member.matched)
            .unwrap_or(How::Descendant)
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

    /// Takes in the processes that belong to its groups and were not members yet.
    pub fn adopt(&mut self, table: &Table, now_ns: u64) {
        let begun = *self.begun_ns.get_or_insert(now_ns);
        if table.revision() == self.judged {
            return;
        }
        let mut chosen = Vec::new();
        for seen in table.iter() {
            let Some((group, matched)) = self.judge(table, seen) else {
                continue;
            };
            match self.members.get(&seen.identity()) {
                Some(member) if member.group == group || matched.is_none() => {}
                _ => chosen.push((seen, group, matched)),
            }
        }
        for (seen, group, matched) in chosen {
            let newborn = seen.first_seen_ns > begun && now_ns.saturating_sub(seen.first_seen_ns) < YOUNG_NS;
            self.take(seen, group, matched, newborn);
        }
        self.judged = table.revision();
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
        if let Some(before) = self.members.remove(&seen.identity()) {
            if let Some((_, account)) = self.groups.get_mut(before.group) {
                account.hand_over(&before);
            }
            member.base_ns = before
                .base_ns
                .map(|_| (before.last_cpu_ns, before.last_children_ns));
        }
        self.members.insert(member.identity, member);
    }

    /// The group of a process: its own match, else that of the nearest ancestor that matches or is a member. A process keeps
    /// the group that it has when its name changes to one that means nothing.
    fn judge(&self, table: &Table, seen: &Seen) -> Option<(usize, Option<How>)> {
        const DEEPEST: usize = 1000;
        let mut current = seen;
        for step in 0..DEEPEST {
            let matched = if step > 0 && current.revision <= self.judged {
                None
            } else {
                self.own_match(current)
            };
            if let Some((how, group)) = matched {
                return Some((group, (step == 0).then_some(how)));
            }
            if let Some(member) = self.members.get(&current.identity()) {
                return Some((member.group, None));
            }
            current = table.get(current.parent?)?;
        }
        None
    }

    fn own_match(&self, seen: &Seen) -> Option<(How, usize)> {
        let matched = |(index, (pattern, _)): (usize, &(Pattern, Account))| {
            Some((pattern.matches(&seen.names, seen.control_group())?, index))
        };
        self.groups.iter().enumerate().filter_map(matched).min()
    }

    /// Does the accounts from the counters just read. Intervals of completeness reach from one call to the next.
    pub fn account(&mut self, table: &Table, host: &HostReading, facts: &Facts) -> Vec<GroupReading> {
        self.update(table, facts);
        self.settle_ended(table);
        self.suspect(table, host, facts);
        let mut sums = vec![TreeSum::default(); self.groups.len()];
        let mut details: Vec<GroupReading> = vec![GroupReading::default(); self.groups.len()];
        for member in self.members.values() {
            let (Some(seen), Some(sum)) = (table.get(member.identity), sums.get_mut(member.group)) else {
                continue;
            };
            add(sum, member, seen);
            if let Some(reading) = details.get_mut(member.group) {
                describe(reading, seen, facts);
            }
        }
        let mut given_ns = 0;
        for (((pattern, account), sum), reading) in self.groups.iter_mut().zip(&sums).zip(&mut details) {
            let settled = account.settle(sum, facts, host.cores);
            given_ns += settled.cpu_ns;
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
    fn update(&mut self, table: &Table, facts: &Facts) {
        for member in self.members.values_mut() {
            let Some(seen) = table.get(member.identity) else {
                continue;
            };
            let Some(cpu_ns) = seen.cpu_ns else { continue };
            let children_ns = facts.ticks_to_ns(seen.stat.children_ticks);
            if member.base_ns.is_none() {
                member.base_ns = Some(if member.newborn {
                    (0, 0)
                } else {
                    (cpu_ns, children_ns)
                });
            }
            member.last_cpu_ns = cpu_ns;
            member.last_children_ns = children_ns;
            member.parent = seen.stat.parent;
            member.ignores_children = seen.status.ignores_children;
        }
    }

    /// Decides for each member that is gone who has its time now.
    fn settle_ended(&mut self, table: &Table) {
        let ended: Vec<Member> = self
            .members
            .values()
            .filter(|member| table.get(member.identity).is_none())
            .cloned()
            .collect();
        let gone: HashMap<u32, Member> = ended
            .iter()
            .map(|member| (member.identity.pid, member.clone()))
            .collect();
        for member in &ended {
            let heir = self.heir(member, &gone, table);
            let mut whole_ns = member.last_cpu_ns + member.last_children_ns;
            if heir == Some(member.group) {
                // The waiting parent takes over the whole life, also the part before the watch began.
                whole_ns -= member.spent_ns();
            } else if let Some((_, account)) = self.groups.get_mut(member.group) {
                account.retire(member);
            }
            if let Some((_, account)) = heir.and_then(|group| self.groups.get_mut(group)) {
                account.exclude(whole_ns);
            }
            self.members.remove(&member.identity);
        }
    }

    /// The group of the living process that has waited for this ended one, if that is a member: its parent, or the parent of
    /// a parent that has ended too.
    fn heir(&self, ended: &Member, gone: &HashMap<u32, Member>, table: &Table) -> Option<usize> {
        let mut parent = ended.parent;
        for _ in 0..=gone.len() {
            let waiting = match gone.get(&parent) {
                Some(also_gone) => {
                    parent = also_gone.parent;
                    !also_gone.ignores_children
                }
                None => {
                    let member = self.members.get(&table.by_pid(parent)?.identity())?;
                    return (!member.ignores_children).then_some(member.group);
                }
            };
            if !waiting {
                return None;
            }
        }
        None
    }

    /// Looks for signs that processes were started and ended unseen with nobody of their group waiting for them.
    fn suspect(&mut self, table: &Table, host: &HostReading, facts: &Facts) {
        let started = host.detail.tasks_started;
        let forked = started != self.tasks_started || started.is_none();
        let first = self.tasks_started.is_none();
        self.tasks_started = started;
        let adopted_ns = self.unexplained_growth_of_init(table, facts);
        if first {
            return;
        }
        for member in self
            .members
            .values()
            .filter(|member| member.ignores_children && forked)
        {
            if let Some((_, account)) = self.groups.get_mut(member.group) {
                account.incomplete(format!(
                    "process {} ({}) ignores the ends of its children: the time of those that ended unseen is in no counter",
                    member.identity.pid, member.name
                ));
            }
        }
        if adopted_ns > 0 {
            for (_, account) in &mut self.groups {
                account.incomplete(format!(
                    "orphans that spent {} ms ended unseen, and may have been the group's",
                    adopted_ns / 1_000_000
                ));
            }
        }
    }

    /// What init has taken over from ended processes since the last account, if none of those it was known to have has ended.
    fn unexplained_growth_of_init(&mut self, table: &Table, facts: &Facts) -> u64 {
        let Some(init) = table.by_pid(INIT) else { return 0 };
        let children_ns = facts.ticks_to_ns(init.stat.children_ticks);
        let now = Reaper {
            children_ns,
            ended: table.ended_children(INIT),
        };
        let before = self.reaper.replace(now);
        match before {
            Some(before) if before.ended == now.ended => children_ns.saturating_sub(before.children_ns),
            _ => 0,
        }
    }
}

fn add(sum: &mut TreeSum, member: &Member, seen: &Seen) {
    sum.cpu_ns += member.spent_ns();
    let children = member.last_children_ns > member.base_ns.map_or(0, |(_, children)| children);
    sum.parents += u32::from(children);
    sum.by_ticks += u32::from(seen.cpu_ns.is_some() && !seen.by_clock);
    if seen.stat.state != 'Z' {
        sum.processes += 1;
        sum.threads += seen.stat.threads;
    }
}

fn describe(reading: &mut GroupReading, seen: &Seen, facts: &Facts) {
    let add = |total: &mut Option<u64>, part: Option<u64>| {
        if let Some(part) = part {
            *total = Some(total.unwrap_or(0).saturating_add(part));
        }
    };
    add(
        &mut reading.resident_bytes,
        seen.stat.resident_pages.checked_mul(facts.page_bytes),
    );
    add(&mut reading.resident_peak_bytes, seen.status.resident_peak_bytes);
    add(&mut reading.detail.virtual_bytes, Some(seen.stat.virtual_bytes));
}

#[cfg(test)]
mod tests;
