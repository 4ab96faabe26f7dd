//! The last readings of one session, numbered. Pure.

use std::collections::VecDeque;

use crate::reading::{GroupReading, Reading};

/// Readings kept at most: ten minutes of samples.
const CAPACITY: usize = 600;
/// Memory that they may take; on a host with hundreds of network interfaces a reading is large.
const MOST_BYTES: usize = 4 << 20;

/// The ring.
#[derive(Debug, Default)]
pub struct Ring {
    readings: VecDeque<Reading>,
    bytes: usize,
    last: u64,
}

/// What [`Ring::later_than`] finds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Later {
    /// In their order.
    pub readings: Vec<Reading>,
    /// Readings later than asked for that are no longer there.
    pub lost: u64,
    /// Whether more are there than were taken.
    pub more: bool,
}

impl Ring {
    /// Numbers a reading, from 1, and keeps it; the oldest goes when there is no room.
    pub fn push(&mut self, mut reading: Reading) -> &Reading {
        self.last += 1;
        reading.sequence = self.last;
        self.bytes += size(&reading);
        while self.readings.len() == CAPACITY || (self.bytes > MOST_BYTES && !self.readings.is_empty()) {
            self.bytes -= self.readings.pop_front().map_or(0, |oldest| size(&oldest));
        }
        self.readings.push_back(reading);
        &self.readings[self.readings.len() - 1]
    }

    /// The last one.
    #[must_use]
    pub fn latest(&self) -> Option<&Reading> {
        self.readings.back()
    }

    /// Up to `most` readings with numbers above `since`.
    #[must_use]
    pub fn later_than(&self, since: u64, most: usize) -> Later {
        let first = self.last - self.readings.len() as u64 + 1;
        let lost = if since < self.last {
            first.saturating_sub(since + 1)
        } else {
            0
        };
        let mut later = self.readings.iter().filter(|reading| reading.sequence > since);
        let readings: Vec<Reading> = later.by_ref().take(most).cloned().collect();
        Later {
            readings,
            lost,
            more: later.next().is_some(),
        }
    }
}

/// About how much memory a reading takes; always the same for the same one.
fn size(reading: &Reading) -> usize {
    let host = &reading.host.detail;
    let lists = 128 * (host.disks.len() + host.interfaces.len())
        + 8 * host.core_busy_ns.len()
        + 24 * host.ports.len();
    let group = |group: &GroupReading| {
        let reasons: usize = group.evidence.reasons.iter().map(String::len).sum();
        1024 + reasons + 512 * group.detail.jvms.len()
    };
    1024 + lists + reading.groups.iter().map(group).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Interface;

    #[test]
    fn large_readings_are_fewer() {
        let mut ring = Ring::default();
        let mut large = Reading::default();
        large.host.detail.interfaces = vec![Interface::default(); 1000];
        for _ in 0..100 {
            ring.push(large.clone());
        }
        let kept = ring.later_than(0, CAPACITY);
        assert!((20..40).contains(&kept.readings.len()), "{}", kept.readings.len());
        assert_eq!(kept.lost + kept.readings.len() as u64, 100);
    }

    fn numbers(later: &Later) -> Vec<u64> {
        later.readings.iter().map(|reading| reading.sequence).collect()
    }

    #[test]
    fn what_has_fallen_out_is_counted() {
        let mut ring = Ring::default();
        assert_eq!(ring.later_than(0, 10), Later::default());
        for _ in 0..CAPACITY + 5 {
            ring.push(Reading::default());
        }
        let all = ring.later_than(0, CAPACITY);
        assert_eq!((all.lost, all.more, all.readings.len()), (5, false, CAPACITY));
        let some = ring.later_than(2, 3);
        assert_eq!((numbers(&some), some.lost, some.more), (vec![6, 7, 8], 3, true));
        let next = ring.later_than(8, CAPACITY);
        assert_eq!((next.readings[0].sequence, next.lost), (9, 0));
        assert_eq!(ring.later_than(605, 10), Later::default());
        assert_eq!(
            ring.later_than(u64::MAX, 10),
            Later::default(),
            "a number from the future"
        );
    }
}
