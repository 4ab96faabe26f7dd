//! The way of finished transactions out of a generator thread: a shelf of bounded size that the thread never waits for.

use super::Records;
use autoperf_models::record::Record;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A transaction that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// Everything known of it.
    pub record: Record,
    /// Whether it counts, or only prepared others.
    pub measured: bool,
}

/// Windows whose transactions may lie on the shelf at once, beside the limit on their number.
const WINDOWS: usize = 4096;

/// The taker's end.
#[derive(Debug)]
pub struct Shelf {
    batches: Mutex<Receiver<Vec<Finished>>>,
    held: Arc<AtomicUsize>,
}

/// The thread's end.
#[derive(Debug)]
pub struct Supplier {
    batches: SyncSender<Vec<Finished>>,
    held: Arc<AtomicUsize>,
    most: usize,
    next: Vec<Finished>,
    lost: u64,
    is_needed: bool,
}

/// Both ends of a shelf for so many transactions; `None` where none are kept.
#[must_use]
pub fn shelf(records: Records, most: usize) -> Option<(Supplier, Shelf)> {
    let is_needed = match records {
        Records::None => return None,
        Records::Needed => true,
        Records::Mirrored => false,
    };
    let (sender, receiver) = sync_channel(WINDOWS);
    let held = Arc::new(AtomicUsize::new(0));
    let supplier = Supplier {
        batches: sender,
        held: Arc::clone(&held),
        most,
        next: Vec::new(),
        lost: 0,
        is_needed,
    };
    let batches = Mutex::new(receiver);
    Some((supplier, Shelf { batches, held }))
}

impl Shelf {
    /// Everything that lies there, in the order in which it ended.
    #[must_use]
    pub fn take(&self) -> Vec<Finished> {
        let batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<Finished> = batches.try_iter().flatten().collect();
        self.held.fetch_sub(all.len(), Ordering::AcqRel);
        all
    }
}

impl Supplier {
    /// Notes a transaction for the next hand-over; without room it is lost.
    pub fn add(&mut self, finished: Finished) {
        if self.next.len() < self.most {
            self.next.push(finished);
        } else {
            self.lost += 1;
        }
    }

    /// Whether the measurement rests on what is handed over.
    #[must_use]
    pub const fn is_needed(&self) -> bool {
        self.is_needed
    }

    /// Puts what was noted on the shelf, all of it or, without room, nothing. Gives how many were lost since the last time.
    pub fn hand_over(&mut self) -> u64 {
        let mut lost = std::mem::take(&mut self.lost);
        let count = self.next.len();
        if count == 0 {
            return lost;
        }
        let batch = std::mem::replace(&mut self.next, Vec::with_capacity(count));
        // Counted before it can be taken, so that the number never falls below zero.
        let held = self.held.fetch_add(count, Ordering::AcqRel);
        if held + count > self.most || self.batches.try_send(batch).is_err() {
            self.held.fetch_sub(count, Ordering::AcqRel);
            lost += count as u64;
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::shard::recorder::tests::record;

    fn finished(end_ns: u64) -> Finished {
        Finished {
            record: record(end_ns),
            measured: true,
        }
    }

    #[test]
    fn nothing_is_kept_unasked() {
        assert!(shelf(Records::None, 10).is_none());
    }

    #[test]
    fn what_finds_no_room_is_counted_and_room_comes_back() {
        let (mut supplier, shelf) = shelf(Records::Mirrored, 5).expect("asked for");
        for round in 0..3 {
            for end_ns in [60, 70, 80] {
                supplier.add(finished(end_ns));
            }
            assert_eq!(supplier.hand_over(), if round == 0 { 0 } else { 3 });
        }
        assert_eq!(shelf.take().len(), 3);
        supplier.add(finished(90));
        assert_eq!(supplier.hand_over(), 0);
        let ends: Vec<u64> = shelf.take().iter().map(|one| one.record.end_ns).collect();
        assert_eq!(ends, [90]);
    }

    #[test]
    fn one_window_cannot_outgrow_the_shelf() {
        let (mut supplier, shelf) = shelf(Records::Needed, 2).expect("asked for");
        (0..5).for_each(|i| supplier.add(finished(60 + i)));
        assert_eq!((supplier.hand_over(), shelf.take().len()), (3, 2));
    }

    #[test]
    fn a_taker_that_has_gone_is_a_loss() {
        let (mut supplier, shelf) = shelf(Records::Mirrored, 5).expect("asked for");
        drop(shelf);
        supplier.add(finished(60));
        assert_eq!(supplier.hand_over(), 1);
    }
}
