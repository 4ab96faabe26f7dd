//! The account of one group: what its processes have spent since it was first watched, by every source at hand, and the
//! figure that is given. Pure.
//!
//! Sources, the best first: the group's own control group (everything, also what ending costs); the clocks of the living and
//! the exit records of the dead (everything but that, which is measured where the kernel tells when it gives a task back, and
//! else estimated); the clocks of the living and what the dead left with the parents that
//! waited for them. The figure grows by what the best source that was there at both ends of the interval has grown by.

use crate::observer::account::counts::{CountAccount, Counts};
use crate::observer::account::ending::Ending;
use crate::observer::account::tree::Tree;
use crate::observer::watch::Member;
use crate::reading::{Evidence, SourceValue};
use crate::system::Facts;

pub mod counts;
mod ending;
mod tree;

/// Source: the control group that holds the group's processes and no others.
pub const BY_CONTROL_GROUP: &str = "control-group";
/// Source: the CPU clocks of all living processes, and what the ended had spent when the kernel gave them back.
pub const BY_GIVEN_BACK: &str = "process-clock+freed-tasks";
/// Source: the CPU clocks of all living processes, and the exit records of the ended.
pub const BY_RECORDS: &str = "process-clock+exit-records";
/// Source: the CPU clocks of all living processes, and what waited-for children left with their parents.
pub const BY_CLOCK: &str = "process-clock+cutime";
/// Source: the same from clock ticks, where CPU clocks cannot be read.
pub const BY_TICKS: &str = "stat+cutime";

/// Share of a group's time that ended processes nobody waited for may have spent before what their ending cost is missed. They
/// were measured to spend 3 to 8 % of it on ending, 23 % where each had much memory.
const UNWAITED_SHARE: f64 = 0.1;

/// The account of a group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account {
    tree: Tree,
    ending: Ending,
    counts: CountAccount,
    /// Own time of the ended, ns.
    ended_ns: u64,
    /// What ending was measured to have cost them beside, ns.
    endings_ns: u64,
    /// What waiting parents knew of processes whose records were lost, ns.
    made_up_ns: u64,
    exits: u64,
    lost: u64,
    /// Why the exit records of the interval since the last reading are not complete.
    doubts: Vec<String>,
    last: Option<Values>,
    given: Given,
}

/// The sums over a group's living members at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeSum {
    /// Own time since each became a member, ns.
    pub own_ns: u64,
    /// Waited-for children's time since each became a member, ns.
    pub children_ns: u64,
    /// Processes alive.
    pub processes: u32,
    /// Their threads.
    pub threads: u32,
    /// Members whose own time comes from clock ticks.
    pub by_ticks: u32,
    /// Members that have waited for children, whose time comes in clock ticks.
    pub parents: u32,
}

/// What the exit ledger tells of the ends of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ends {
    /// Nothing: it is not open.
    #[default]
    Untold,
    /// What they had spent before ending itself.
    Recorded,
    /// And what ending cost them.
    GivenBack,
}

/// What is known beside the members' sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circumstances {
    /// Units.
    pub facts: Facts,
    /// Cores of the host.
    pub cores: u32,
    /// What is told of the ends of processes.
    pub ends: Ends,
    /// What the group's own control group has used since its creation, ns.
    pub control_group_ns: Option<u64>,
}

/// What the sources say at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Values {
    control_group_ns: Option<u64>,
    records_ns: Option<u64>,
    /// Of that, what was told and not estimated.
    told_ns: u64,
    tree_ns: u64,
    /// Of `records_ns`, what ending is held to have cost.
    ending_ns: u64,
    /// Exit records so far.
    exits: u64,
    by_ticks: bool,
    /// The name for `records_ns`.
    records_source: &'static str,
}

/// The sums that were given.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Given {
    cpu_ns: u64,
    by_control_group_ns: u64,
    ending_ns: u64,
}

/// What [`Account::settle`] says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// CPU time since the group was first watched, ns.
    pub cpu_ns: u64,
    /// Largest error of a difference of two such figures, ns.
    pub error_bound_ns: u64,
    /// Where the figure's growth comes from.
    pub source: &'static str,
    /// On what it rests.
    pub evidence: Evidence,
}

impl Account {
    /// A member has ended. Its own time has come to `own_ns`; `heir` is whether a parent in the group has waited for it.
    pub fn ended(&mut self, member: &Member, own_ns: u64, heir: bool) {
        self.ended_ns = self.ended_ns.saturating_add(own_ns);
        self.counts.end(member.last_counts - member.base_counts, heir);
        if !heir {
            self.tree.retire(member);
        }
    }

    /// A process that was never a member has ended; the switches of its threads are in nobody's sums.
    pub fn count_switches(&mut self, own: [u64; 2]) {
        self.counts.end(Counts { tree: [0; 4], own }, true);
    }

    /// So much of what parents in the group have taken over is not its own.
    pub fn exclude_counts(&mut self, taken: Counts) {
        self.counts.exclude(taken);
    }

    /// The counters beside CPU time since the watch began.
    pub fn settle_counts(&mut self, living: Counts) -> Counts {
        self.counts.settle(living)
    }

    /// A process that was never a member by itself, but a descendant of one, has ended; or a record was late by so much.
    pub fn ended_unseen(&mut self, own_ns: u64) {
        self.ended_ns = self.ended_ns.saturating_add(own_ns);
    }

    /// Ending has cost a process of the group so much beside what its exit record said.
    pub fn ending_cost(&mut self, cpu_ns: u64) {
        self.endings_ns = self.endings_ns.saturating_add(cpu_ns);
    }

    /// Another exit record of the group has come.
    pub fn count_exit(&mut self) {
        self.exits += 1;
    }

    /// A member goes over to another group: what it has spent so far stays here.
    pub fn hand_over(&mut self, member: &Member) {
        self.ended_ns = self.ended_ns.saturating_add(member.own_spent_ns());
        self.counts.end(member.last_counts - member.base_counts, false);
        self.tree.hand_over(member);
    }

    /// So much of the children's sums of this group is not its own.
    pub fn exclude(&mut self, cpu_ns: u64) {
        self.tree.exclude(cpu_ns);
    }

    /// Something may be missing where exit records are not at hand.
    pub fn suspect(&mut self, reason: String) {
        self.tree.incomplete(reason);
    }

    /// Exit records were lost.
    pub fn lose_records(&mut self, times: u64) {
        self.lost = self.lost.saturating_add(times);
        self.doubt(
            "the kernel dropped exit records: what the processes spent that ended then is missing".into(),
        );
    }

    /// Something may be missing although exit records are at hand.
    pub fn doubt(&mut self, reason: String) {
        if !self.doubts.contains(&reason) {
            self.doubts.push(reason);
        }
    }

    /// The figure now, and whether and why it may be incomplete; the reasons are then forgotten.
    pub fn settle(&mut self, sum: &TreeSum, circumstances: &Circumstances) -> Settled {
        let stale_ns = stale_ns(sum, circumstances);
        let cut_ns = cut_ns(sum, &circumstances.facts);
        let tree_ns = self
            .tree
            .settle(sum.own_ns.saturating_add(sum.children_ns), stale_ns + cut_ns);
        let measured_ns = match circumstances.ends {
            Ends::GivenBack => Some(self.endings_ns),
            _ => None,
        };
        let told_ns = self
            .ended_ns
            .saturating_add(sum.own_ns)
            .saturating_add(measured_ns.unwrap_or(0));
        self.make_up_for_lost(told_ns, tree_ns);
        let told_ns = told_ns.saturating_add(self.made_up_ns);
        // The clocks of the living are the same in both accounts; what is cut off is half of the largest on average.
        let estimated_ns = match measured_ns {
            Some(_) => 0,
            None => self
                .ending
                .charge(self.exits, tree_ns.saturating_sub(told_ns), cut_ns / 2),
        };
        let values = Values {
            control_group_ns: circumstances.control_group_ns,
            records_ns: (circumstances.ends != Ends::Untold).then_some(told_ns + estimated_ns),
            told_ns,
            tree_ns,
            ending_ns: measured_ns.unwrap_or(estimated_ns),
            exits: self.exits,
            by_ticks: sum.by_ticks > 0,
            records_source: match circumstances.ends {
                Ends::GivenBack => BY_GIVEN_BACK,
                _ => BY_RECORDS,
            },
        };
        if circumstances.ends == Ends::Recorded {
            self.miss_endings(&values, stale_ns + cut_ns);
        }
        let source = self.advance(values);
        let error_bound_ns = match source {
            BY_CONTROL_GROUP => stale_ns,
            BY_RECORDS | BY_GIVEN_BACK => {
                let by_ticks = 2 * u64::from(sum.by_ticks) * circumstances.facts.ticks_to_ns(1);
                // What ending is held to have cost rests on sums that are cut off.
                stale_ns + by_ticks + estimated_ns.min(cut_ns)
            }
            _ => stale_ns + cut_ns,
        };
        let evidence = self.evidence(source, values);
        Settled {
            cpu_ns: self.given.cpu_ns,
            error_bound_ns,
            source,
            evidence,
        }
    }

    /// When records were lost, parents that have waited still know more.
    fn make_up_for_lost(&mut self, told_ns: u64, tree_ns: u64) {
        if self.doubts.is_empty() {
            return;
        }
        if let Some(before) = self.last.filter(|last| last.records_ns.is_some()) {
            let by_records = (told_ns + self.made_up_ns).saturating_sub(before.told_ns);
            let by_tree = tree_ns.saturating_sub(before.tree_ns);
            self.made_up_ns = self.made_up_ns.saturating_add(by_tree.saturating_sub(by_records));
        }
    }

    /// What ending costs is learnt from the parents that waited. Where exit records tell of much more time than living processes
    /// and parents have between them, nobody has waited for those that spent it, and what ending cost them is in no counter.
    fn miss_endings(&mut self, now: &Values, uncertain_ns: u64) {
        let Some(before) = self.last.filter(|last| last.records_ns.is_some()) else {
            return;
        };
        let growth = |now: u64, before: u64| now.saturating_sub(before);
        let by_records = growth(now.told_ns, before.told_ns);
        let alone = by_records.saturating_sub(growth(now.tree_ns, before.tree_ns) + uncertain_ns);
        let ends = growth(now.exits, before.exits);
        if ends > 0 && alone as f64 > UNWAITED_SHARE * by_records as f64 {
            self.doubt(format!(
                "what ending cost is not known of processes that spent {} ms and that nobody waited for: only a control group of \
                 the group's own tells it",
                alone / 1_000_000
            ));
        }
    }

    /// Adds the growth since the last reading by the best source that was there then and is there now.
    fn advance(&mut self, now: Values) -> &'static str {
        let Some(before) = self.last.replace(now) else {
            return now.best();
        };
        let growth = |now: Option<u64>, before: Option<u64>| now?.checked_sub(before?);
        let by_group = growth(now.control_group_ns, before.control_group_ns);
        let by_records = growth(now.records_ns, before.records_ns);
        let ending_ns = now.ending_ns.saturating_sub(before.ending_ns);
        let (source, growth_ns, ending_ns) = match (by_group, by_records) {
            // The control group counts ending itself: what the records' clocks do not explain.
            (Some(growth_ns), records) => {
                let clocks_ns = records.map_or(growth_ns, |records_ns| records_ns.saturating_sub(ending_ns));
                (BY_CONTROL_GROUP, growth_ns, growth_ns.saturating_sub(clocks_ns))
            }
            (None, Some(growth_ns)) => (now.records_source, growth_ns, ending_ns),
            (None, None) => (now.tree_source(), now.tree_ns.saturating_sub(before.tree_ns), 0),
        };
        self.given.by_control_group_ns += by_group.unwrap_or(0);
        self.given.cpu_ns = self.given.cpu_ns.saturating_add(growth_ns);
        self.given.ending_ns = self.given.ending_ns.saturating_add(ending_ns);
        source
    }

    fn evidence(&mut self, source: &'static str, values: Values) -> Evidence {
        let (suspicions, doubts) = (self.tree.take_reasons(), std::mem::take(&mut self.doubts));
        let reasons = match source {
            BY_CONTROL_GROUP => Vec::new(),
            BY_RECORDS | BY_GIVEN_BACK => doubts,
            _ => suspicions,
        };
        let group = values
            .control_group_ns
            .map(|_| (BY_CONTROL_GROUP, self.given.by_control_group_ns));
        let records = values.records_ns.map(|cpu_ns| (values.records_source, cpu_ns));
        let all = group
            .into_iter()
            .chain(records)
            .chain([(values.tree_source(), values.tree_ns)]);
        let ledger = values.records_ns.is_some();
        Evidence {
            reasons,
            exits_seen: ledger.then_some(self.exits),
            records_lost: self.lost,
            exit_overhead_ns: ledger.then_some(self.given.ending_ns),
            sources: all
                .map(|(source, cpu_ns)| SourceValue {
                    source: source.to_owned(),
                    cpu_ns,
                })
                .collect(),
        }
    }
}

impl Values {
    fn tree_source(&self) -> &'static str {
        if self.by_ticks { BY_TICKS } else { BY_CLOCK }
    }

    fn best(&self) -> &'static str {
        match (self.control_group_ns, self.records_ns) {
            (Some(_), _) => BY_CONTROL_GROUP,
            (None, Some(_)) => self.records_source,
            (None, None) => self.tree_source(),
        }
    }
}

/// A clock of a running thread is stale by up to a timer tick at each edge of a window, and no more threads run than there
/// are cores.
fn stale_ns(sum: &TreeSum, circumstances: &Circumstances) -> u64 {
    2 * u64::from(sum.threads.min(circumstances.cores)) * circumstances.facts.tick_ns
}

/// Times in clock ticks are two fields, each cut off at each edge.
fn cut_ns(sum: &TreeSum, facts: &Facts) -> u64 {
    2 * (u64::from(sum.parents) + u64::from(sum.by_ticks)) * facts.ticks_to_ns(1)
}

#[cfg(test)]
mod tests;
