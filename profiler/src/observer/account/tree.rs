//! The difference of tree sums. The sum over the living of their own time and of their waited-for children's stays whole when
//! a child ends, because the parent that waits takes over the child's time. Three things are not in it and are kept apart:
//! what processes had spent when they ended outside the tree, what a parent has taken over that is not the group's, and what
//! has been lost.

use crate::observer::watch::Member;

/// Tree sums that stay short for this many readings in a row have lost something; a single one may be a race.
const SHORT_TO_BELIEVE: u32 = 2;

/// The account by tree sums.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tree {
    retired_ns: u64,
    foreign_ns: u64,
    given_ns: u64,
    short: u32,
    reasons: Vec<String>,
    /// Members that have ended outside the tree since the reasons were last taken, and the first of them.
    unwaited: u32,
    first_unwaited: String,
}

/// Reasons that are given at most.
const MOST_REASONS: usize = 8;

impl Tree {
    /// A member has ended outside the group's tree: its last known time stays in the account.
    pub(super) fn retire(&mut self, member: &Member) {
        self.hand_over(member);
        self.unwaited += 1;
        if self.unwaited == 1 {
            self.first_unwaited = format!("{} ({})", member.identity.pid, member.name);
        }
    }

    /// A member goes over to another group: what it has spent so far stays here.
    pub(super) fn hand_over(&mut self, member: &Member) {
        self.retired_ns = self.retired_ns.saturating_add(member.spent_ns());
    }

    /// So much of the children's sums is not the group's.
    pub(super) fn exclude(&mut self, cpu_ns: u64) {
        self.foreign_ns = self.foreign_ns.saturating_add(cpu_ns);
    }

    /// Something may be missing. Of many reasons, the first few are enough.
    pub(super) fn incomplete(&mut self, reason: String) {
        if self.reasons.len() < MOST_REASONS && !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// The reasons since the last call.
    pub(super) fn take_reasons(&mut self) -> Vec<String> {
        let mut reasons = std::mem::take(&mut self.reasons);
        match std::mem::take(&mut self.unwaited) {
            0 => {}
            count => reasons.push(format!(
                "{count} processes, the first of them {}, ended without a waiting parent in their group: what they spent after \
                 they were last seen is missing",
                self.first_unwaited
            )),
        }
        reasons
    }

    /// The time since the watch began, never less than before.
    pub(super) fn settle(&mut self, living_ns: u64, error_bound_ns: u64) -> u64 {
        let total = self
            .retired_ns
            .saturating_add(living_ns)
            .saturating_sub(self.foreign_ns);
        let missing = self.given_ns.saturating_sub(total);
        self.short = if missing > error_bound_ns {
            self.short + 1
        } else {
            0
        };
        if self.short >= SHORT_TO_BELIEVE {
            self.short = 0;
            self.retired_ns = self.retired_ns.saturating_add(missing);
            self.incomplete(
                "children ended and no parent took over their time: what they spent after they were last seen is missing"
                    .into(),
            );
        }
        self.given_ns = self.given_ns.max(total);
        self.given_ns
    }
}
