//! Who has the time of a member that has ended, and what may have ended without anyone having it.

use std::collections::HashMap;

use super::{Member, Watch};
use crate::observer::INIT;
use crate::observer::account::Ends;
use crate::observer::table::{Seen, Table};
use crate::reading::HostReading;
use crate::system::Facts;

impl Watch {
    /// Decides for each member that is gone who has its time now.
    pub(super) fn settle_ended(&mut self, table: &Table) {
        let mut ended = std::mem::take(&mut self.departed);
        ended.extend(
            self.members
                .values()
                .filter(|member| table.get(member.identity).is_none())
                .cloned(),
        );
        let gone: HashMap<u32, Member> = ended
            .iter()
            .map(|member| (member.identity.pid, member.clone()))
            .collect();
        for member in &ended {
            let heir = self.heir(member, &gone, table);
            let whole_ns = member.last_cpu_ns + member.last_children_ns;
            if let Some((_, account)) = heir.and_then(|group| self.groups.get_mut(group)) {
                // The waiting parent takes over the whole life, also the part before the watch began.
                let own = heir == Some(member.group);
                account.exclude(if own {
                    whole_ns - member.spent_ns()
                } else {
                    whole_ns
                });
                account.exclude_counts(if own {
                    member.base_counts
                } else {
                    member.last_counts
                });
            }
            let base_ns = member.base_ns.map_or(0, |(own, _)| own);
            let final_ns = member.last_cpu_ns.max(member.ended_ns.unwrap_or(0));
            let told_ns = final_ns.saturating_add(member.missed_ns);
            if let Some((_, account)) = self.groups.get_mut(member.group) {
                account.ended(
                    member,
                    final_ns.saturating_sub(base_ns),
                    heir == Some(member.group),
                );
                if let Some(given_back_ns) = member.given_back_ns {
                    account.ending_cost(given_back_ns.saturating_sub(told_ns));
                }
            }
            if self.member(member.identity).is_some() {
                self.members.remove(&member.identity.pid);
                // Its record may still come, and is then counted for what it says more.
                if self.ends != Ends::Untold {
                    let told_ns = told_ns.max(member.given_back_ns.unwrap_or(0));
                    self.kin.count(member.identity.pid, member.group, told_ns);
                }
            }
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
                    let member = self.member(table.by_pid(parent)?.identity())?;
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
    pub(super) fn suspect(&mut self, table: &Table, host: &HostReading, facts: &Facts) {
        let started = host.detail.tasks_started;
        let forked = started != self.tasks_started || started.is_none();
        let first = self.tasks_started.is_none();
        self.tasks_started = started;
        let adopted_ns = self.growth_of_init(table, facts);
        let unreaped = self.more_unreaped(table);
        if first {
            return;
        }
        for member in self
            .members
            .values()
            .filter(|member| member.ignores_children && forked)
        {
            if let Some((_, account)) = self.groups.get_mut(member.group) {
                account.suspect(format!(
                    "process {} ({}) ignores the ends of its children: the time of those that ended unseen is in no counter",
                    member.identity.pid, member.name
                ));
            }
        }
        if unreaped > 0 {
            for (_, account) in &mut self.groups {
                account.suspect(format!(
                    "{unreaped} ended orphans that init has not waited for yet may have been the group's"
                ));
            }
        }
        if adopted_ns > 0 {
            for (_, account) in &mut self.groups {
                account.suspect(format!(
                    "orphans or services that spent {} ms ended with init, and may have been the group's",
                    adopted_ns / 1_000_000
                ));
            }
        }
    }

    /// How many ended orphans have come to wait for init since the last account.
    fn more_unreaped(&mut self, table: &Table) -> usize {
        let orphans = table
            .iter()
            .filter(|seen| seen.stat.parent == INIT && seen.stat.state == 'Z');
        let now: Vec<_> = orphans.map(Seen::identity).collect();
        let before = std::mem::replace(&mut self.unreaped, now);
        self.unreaped
            .iter()
            .filter(|orphan| !before.contains(orphan))
            .count()
    }

    /// What init has taken over from ended processes since the last account. Whose they were is not known; services of its
    /// own are among them.
    fn growth_of_init(&mut self, table: &Table, facts: &Facts) -> u64 {
        let Some(init) = table.by_pid(INIT) else { return 0 };
        let children_ns = facts.ticks_to_ns(init.stat.children_ticks);
        let before = self.reaped_ns.replace(children_ns);
        before.map_or(0, |before| children_ns.saturating_sub(before))
    }
}
