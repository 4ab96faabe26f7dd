//! The CPU account of one group: what its processes have spent since it was first watched. Pure.
//!
//! The sum over the living of their own time and of their waited-for children's (a difference of tree sums) needs no
//! privilege and stays whole when a child ends, because the parent that waits takes over the child's time. Three things are
//! not in it and are kept apart: what processes had spent when they ended outside the tree, what a parent of this group has
//! taken over from a child of another, and what has been lost.

use crate::observer::watch::Member;
use crate::reading::{Evidence, SourceValue};
use crate::system::Facts;

/// The account of a group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account {
    /// Spent by those that have ended without a waiting parent in the group, ns.
    retired_ns: u64,
    /// Of another group's ended processes, yet in the children's sums of this one, ns.
    foreign_ns: u64,
    /// The last figure given, ns; a later one is never smaller.
    reported_ns: u64,
    /// Readings in a row in which the tree sum was smaller than the last figure by more than its resolution.
    short: u32,
    /// Why the interval since the last reading is not complete.
    reasons: Vec<String>,
}

/// The sums over a group's living members at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeSum {
    /// Own and waited-for children's time since each became a member, ns.
    pub cpu_ns: u64,
    /// Processes alive.
    pub processes: u32,
    /// Their threads.
    pub threads: u32,
    /// Members whose own time comes from clock ticks.
    pub by_ticks: u32,
    /// Members with time of waited-for children, which comes in clock ticks.
    pub parents: u32,
}

/// Source: the CPU clocks of all living processes, and what waited-for children left with their parents.
pub const BY_CLOCK: &str = "process-clock+cutime";
/// Source: the same from clock ticks, where CPU clocks cannot be read.
pub const BY_TICKS: &str = "stat+cutime";

/// Tree sums that stay short for this many readings in a row have lost something; a single one may be a race.
const SHORT_TO_BELIEVE: u32 = 2;

impl Account {
    /// A member has ended outside the group's tree: its last known time stays in the account.
    pub fn retire(&mut self, member: &Member) {
        self.retired_ns = self.retired_ns.saturating_add(member.spent_ns());
        self.incomplete(format!(
            "process {} ({}) ended without a waiting parent in its group: what it spent after it was last seen is missing",
            member.identity.pid, member.name
        ));
    }

    /// A member goes over to another group: what it has spent so far stays here.
    pub fn hand_over(&mut self, member: &Member) {
        self.retired_ns = self.retired_ns.saturating_add(member.spent_ns());
    }

    /// A process of another group has ended and a parent of this one has waited for it.
    pub fn exclude(&mut self, cpu_ns: u64) {
        self.foreign_ns = self.foreign_ns.saturating_add(cpu_ns);
    }

    /// Something may be missing.
    pub fn incomplete(&mut self, reason: String) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// The figure for these sums, and whether and why it may be incomplete; the reasons are then forgotten.
    pub fn settle(&mut self, sum: &TreeSum, facts: &Facts, cores: u32) -> Settled {
        let error_bound_ns = error_bound_ns(sum, facts, cores);
        let total = self
            .retired_ns
            .saturating_add(sum.cpu_ns)
            .saturating_sub(self.foreign_ns);
        let missing = self.reported_ns.saturating_sub(total);
        if missing > error_bound_ns {
            self.short += 1;
        } else {
            self.short = 0;
        }
        if self.short >= SHORT_TO_BELIEVE {
            self.short = 0;
            self.retired_ns = self.retired_ns.saturating_add(missing);
            self.incomplete("children ended and no parent took over their time: what they spent after they were last seen is missing".into());
        }
        self.reported_ns = self.reported_ns.max(total);
        let reasons = std::mem::take(&mut self.reasons);
        let source = source(sum);
        let sources = vec![SourceValue {
            source: source.to_owned(),
            cpu_ns: self.reported_ns,
        }];
        let evidence = Evidence {
            reasons,
            sources,
            ..Evidence::default()
        };
        Settled {
            cpu_ns: self.reported_ns,
            error_bound_ns,
            source,
            evidence,
        }
    }
}

/// What [`Account::settle`] says.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// CPU time since the group was first watched, ns.
    pub cpu_ns: u64,
    /// Largest error of a difference of two such figures, ns.
    pub error_bound_ns: u64,
    /// Where the figure comes from.
    pub source: &'static str,
    /// On what it rests.
    pub evidence: Evidence,
}

fn source(sum: &TreeSum) -> &'static str {
    if sum.by_ticks > 0 { BY_TICKS } else { BY_CLOCK }
}

/// A clock of a running thread is stale by up to a timer tick at each edge of a window, and no more threads run than there
/// are cores. Times in clock ticks are two fields, each cut off at each edge.
fn error_bound_ns(sum: &TreeSum, facts: &Facts, cores: u32) -> u64 {
    let running = u64::from(sum.threads.min(cores));
    let cut = u64::from(sum.parents) + u64::from(sum.by_ticks);
    2 * running * facts.tick_ns + 2 * cut * facts.ticks_to_ns(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts = Facts {
        ticks_per_s: 100,
        page_bytes: 4096,
        tick_ns: 4_000_000,
    };

    fn sum(cpu_ms: u64) -> TreeSum {
        TreeSum {
            cpu_ns: cpu_ms * 1_000_000,
            processes: 1,
            threads: 1,
            by_ticks: 0,
            parents: 0,
        }
    }

    fn member(spent_ms: u64) -> Member {
        Member {
            last_cpu_ns: spent_ms * 1_000_000,
            ..Member::default()
        }
    }

    #[test]
    fn a_single_short_sum_is_held_and_a_lasting_one_is_a_loss() {
        let mut account = Account::default();
        assert_eq!(account.settle(&sum(500), &FACTS, 2).cpu_ns, 500_000_000);
        let race = account.settle(&sum(300), &FACTS, 2);
        assert_eq!((race.cpu_ns, race.evidence.reasons.len()), (500_000_000, 0));
        assert_eq!(account.settle(&sum(520), &FACTS, 2).cpu_ns, 520_000_000);
        account.settle(&sum(320), &FACTS, 2);
        let lost = account.settle(&sum(330), &FACTS, 2);
        assert_eq!((lost.cpu_ns, lost.evidence.reasons.len()), (520_000_000, 1));
        let after = account.settle(&sum(340), &FACTS, 2);
        assert_eq!(
            (after.cpu_ns, after.evidence.reasons.len()),
            (530_000_000, 0),
            "growth counts again, and the reason is past"
        );
    }

    #[test]
    fn the_ended_stay_in_and_foreign_time_stays_out() {
        let mut account = Account::default();
        account.settle(&sum(100), &FACTS, 2);
        account.retire(&member(40));
        let retired = account.settle(&sum(60), &FACTS, 2);
        assert_eq!(retired.cpu_ns, 100_000_000);
        assert!(
            retired.evidence.reasons[0].contains("ended"),
            "{:?}",
            retired.evidence.reasons
        );
        account.exclude(30_000_000);
        assert_eq!(account.settle(&sum(150), &FACTS, 2).cpu_ns, 160_000_000);
    }

    #[test]
    fn the_bound_counts_edges_of_what_runs_and_what_is_cut() {
        let base = TreeSum {
            threads: 50,
            parents: 2,
            ..TreeSum::default()
        };
        assert_eq!(
            error_bound_ns(&base, &FACTS, 2),
            2 * 2 * 4_000_000 + 2 * 2 * 10_000_000
        );
        assert_eq!(
            error_bound_ns(
                &TreeSum {
                    by_ticks: 1,
                    threads: 1,
                    ..TreeSum::default()
                },
                &FACTS,
                2
            ),
            28_000_000
        );
    }
}
