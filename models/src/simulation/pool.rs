//! A pool's tokens at run time.

use super::site::Pool;
use std::collections::VecDeque;

/// What became of the wish for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// The token is the job's.
    Taken,
    /// The job waits, first come first served.
    Waits,
    /// The line is full.
    Refused,
}

#[derive(Debug, Clone)]
pub(super) struct PoolState {
    size: u32,
    in_use: u32,
    queue_limit: usize,
    waiting: VecDeque<u32>,
}

impl PoolState {
    pub(super) fn new(pool: &Pool) -> Self {
        Self {
            size: pool.size,
            in_use: 0,
            queue_limit: pool.queue_limit.map_or(usize::MAX, |limit| limit as usize),
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn take(&mut self, job: u32) -> Grant {
        if self.in_use < self.size {
            self.in_use += 1;
            Grant::Taken
        } else if self.waiting.len() < self.queue_limit {
            self.waiting.push_back(job);
            Grant::Waits
        } else {
            Grant::Refused
        }
    }

    /// Takes a token back; the job that has it from now on, where one waited.
    pub(super) fn give_back(&mut self) -> Option<u32> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.in_use -= 1;
        }
        next
    }

    pub(super) fn in_use(&self) -> u32 {
        self.in_use
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_round_in_order_of_coming() {
        let mut pool = PoolState::new(&Pool {
            name: "threads".into(),
            size: 1,
            queue_limit: Some(2),
        });
        assert_eq!(pool.take(7), Grant::Taken);
        assert_eq!(pool.take(8), Grant::Waits);
        assert_eq!(pool.take(9), Grant::Waits);
        assert_eq!(pool.take(10), Grant::Refused);
        assert_eq!((pool.give_back(), pool.in_use(), pool.waiting()), (Some(8), 1, 1));
        assert_eq!((pool.give_back(), pool.give_back()), (Some(9), None));
        assert_eq!(pool.in_use(), 0);
    }
}
