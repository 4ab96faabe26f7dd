//! Descendants of members that no scan has found yet, known from the kernel's events. Most live for milliseconds only.

use crate::process::numbers::ByNumber;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Relative {
    group: usize,
    /// CPU time that its group has been given when it ended, ns.
    counted_ns: Option<u64>,
    /// Scans that have not found it.
    missed: u8,
}

/// All of them, by their numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Kin {
    relatives: ByNumber<Relative>,
}

/// Scans that must miss one before it is forgotten: one may have been under way when it was started.
const SCANS: u8 = 2;

impl Kin {
    /// A process of this group has started `pid`.
    pub(super) fn born(&mut self, pid: u32, group: usize) {
        self.relatives.insert(
            pid,
            Relative {
                group,
                counted_ns: None,
                missed: 0,
            },
        );
    }

    /// The number has been given to a process that is no relative.
    pub(super) fn forget(&mut self, pid: u32) {
        self.relatives.remove(&pid);
    }

    /// Its group.
    pub(super) fn group_of(&self, pid: u32) -> Option<usize> {
        self.relatives.get(&pid).map(|relative| relative.group)
    }

    /// Those that have not ended.
    pub(super) fn living(&self) -> Vec<u32> {
        self.relatives
            .iter()
            .filter(|(_, relative)| relative.counted_ns.is_none())
            .map(|(pid, _)| *pid)
            .collect()
    }

    /// Whether it has ended and been counted.
    pub(super) fn is_counted(&self, pid: u32) -> bool {
        self.relatives
            .get(&pid)
            .is_some_and(|relative| relative.counted_ns.is_some())
    }

    /// Notes that its group has been given so much for it; a later call only for what is more. Returns what is more.
    pub(super) fn count(&mut self, pid: u32, group: usize, cpu_ns: u64) -> u64 {
        let relative = self.relatives.entry(pid).or_insert(Relative {
            group,
            counted_ns: None,
            missed: 0,
        });
        let more = cpu_ns.saturating_sub(relative.counted_ns.unwrap_or(0));
        relative.counted_ns = Some(cpu_ns.max(relative.counted_ns.unwrap_or(0)));
        more
    }

    /// After a scan: forgets those that it, and one before, have not found.
    pub(super) fn sweep(&mut self, is_there: impl Fn(u32) -> bool) {
        self.relatives.retain(|pid, relative| {
            relative.missed = if is_there(*pid) { 0 } else { relative.missed + 1 };
            relative.missed < SCANS
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_counted_once_and_remembered_for_its_children() {
        let mut kin = Kin::default();
        kin.born(7, 1);
        assert!(!kin.is_counted(7));
        assert_eq!(kin.count(7, 1, 30), 30);
        assert_eq!(kin.count(7, 1, 35), 5, "a record that came late");
        assert_eq!(kin.count(7, 1, 35), 0);
        assert!(kin.is_counted(7));
        kin.born(8, 1);
        assert_eq!(kin.living(), [8]);
        kin.forget(8);
        kin.sweep(|_| false);
        assert_eq!(kin.group_of(7), Some(1), "its children may just be starting");
        kin.sweep(|_| false);
        assert_eq!(kin.group_of(7), None);
    }
}
