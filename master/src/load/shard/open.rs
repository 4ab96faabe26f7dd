//! The open mode: transactions begin by their own law, each carried out by whichever user is free.

use super::{Activity, Shard};
use crate::load::arrivals::ArrivalLaw;

impl Shard {
    pub(super) fn set_rate(&mut self, rate_per_s: f64, law: ArrivalLaw, from_ns: u64) {
        self.open = true;
        self.recorder.open();
        self.arrivals
            .set(from_ns, rate_per_s, law, (self.place.index, self.place.count));
    }

    /// Begins all transactions that are due.
    pub(super) fn arrive(&mut self, now_ns: u64) {
        while let Some(scheduled_ns) = self.arrivals.take_due(now_ns) {
            self.arrive_one(scheduled_ns);
            self.start_due();
        }
    }

    fn arrive_one(&mut self, scheduled_ns: u64) {
        let Some(at) = self.resting.pop().or_else(|| self.newcomer(scheduled_ns)) else {
            self.recorder.window().generator.unstarted += 1;
            return;
        };
        if let Some(user) = self.users[at as usize].as_mut() {
            user.scheduled_ns = scheduled_ns;
            // Between two transactions it did not think; it was not needed.
            user.joined_just_now = true;
            self.start(at);
        }
    }

    /// One more user; `None` where there are as many as allowed.
    fn newcomer(&mut self, now_ns: u64) -> Option<u32> {
        let at = self.users.len();
        if at >= self.max_open_users {
            return None;
        }
        self.place_user(at, now_ns)?;
        self.users[at].as_mut()?.activity = Activity::Resting;
        u32::try_from(at).ok()
    }

    /// Users in a transaction.
    pub(super) fn busy_users(&self) -> usize {
        self.users.len() - self.resting.len()
    }
}
