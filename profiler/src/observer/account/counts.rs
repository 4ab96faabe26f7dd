//! Counters beside CPU time. Pure. The same two ways: those that a waiting parent takes over from its child (page faults, disk
//! bytes) are sums over the tree; those that it does not (context switches) are sums over the living and over the records of
//! the ended.

use std::ops::{Add, Sub};

/// Counters of one process, or their sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Page faults served from memory, page faults that needed a disk, bytes read from and written to disks; with those of
    /// waited-for children.
    pub tree: [u64; 4],
    /// Voluntary and involuntary context switches, its own.
    pub own: [u64; 2],
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (mut tree, mut own) = (self.tree, self.own);
        tree.iter_mut()
            .zip(other.tree)
            .for_each(|(sum, part)| *sum = sum.saturating_add(part));
        own.iter_mut()
            .zip(other.own)
            .for_each(|(sum, part)| *sum = sum.saturating_add(part));
        Self { tree, own }
    }
}

impl Sub for Counts {
    type Output = Self;

    /// Never below zero.
    fn sub(self, other: Self) -> Self {
        let (mut tree, mut own) = (self.tree, self.own);
        tree.iter_mut()
            .zip(other.tree)
            .for_each(|(rest, part)| *rest = rest.saturating_sub(part));
        own.iter_mut()
            .zip(other.own)
            .for_each(|(rest, part)| *rest = rest.saturating_sub(part));
        Self { tree, own }
    }
}

/// The account of a group's counters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CountAccount {
    ended: Counts,
    foreign: Counts,
    given: Counts,
}

impl CountAccount {
    /// A member has ended, `spent` since it became one. With an heir in the group, that one has the sums of the tree.
    pub fn end(&mut self, spent: Counts, heir: bool) {
        let tree = if heir { [0; 4] } else { spent.tree };
        self.ended = self.ended + Counts { tree, own: spent.own };
    }

    /// A parent in the group has taken over so much that is not the group's.
    pub fn exclude(&mut self, taken: Counts) {
        self.foreign = self.foreign + Counts { own: [0; 2], ..taken };
    }

    /// The sums since the watch began, never less than before.
    pub fn settle(&mut self, living: Counts) -> Counts {
        let total = living + self.ended - self.foreign;
        self.given = self.given + (total - self.given);
        self.given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(faults: u64, switches: u64) -> Counts {
        Counts {
            tree: [faults, 0, 0, 0],
            own: [switches, 0],
        }
    }

    #[test]
    fn an_heir_has_the_tree_s_and_nobody_the_own() {
        let mut account = CountAccount::default();
        assert_eq!(account.settle(counts(50, 5)), counts(50, 5));
        account.end(counts(20, 2), true);
        // The parent has taken over 30: also what the child had before the watch began.
        account.exclude(counts(10, 9));
        assert_eq!(account.settle(counts(60, 3)), counts(50, 5));
        account.end(counts(7, 1), false);
        assert_eq!(account.settle(counts(53, 2)), counts(50, 5));
        assert_eq!(account.settle(counts(70, 2)), counts(67, 5));
        assert_eq!(
            account.settle(counts(0, 0)),
            counts(67, 5),
            "never less than before"
        );
    }
}
