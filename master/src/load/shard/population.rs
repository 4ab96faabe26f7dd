//! Users that join and leave a running thread.

use super::{Activity, Shard, User};
use crate::load::session::{Next, Session};
use crate::transport::Phases;

impl Shard {
    /// Takes this thread's share of so many users: user k lives on thread k modulo the number of threads.
    pub(super) fn set_users(&mut self, users: u32) {
        let own = (users as usize + self.place.count - 1 - self.place.index) / self.place.count;
        let now_ns = self.clock.now_ns();
        for at in self.members..own {
            self.join(at, now_ns);
        }
        let before = std::mem::replace(&mut self.members, own);
        for at in own..before {
            self.leave(at);
        }
        self.start_due();
    }

    fn join(&mut self, at: usize, now_ns: u64) {
        if let Some(user) = self.users.get_mut(at).and_then(Option::as_mut) {
            user.leaving = false;
            return;
        }
        if let Some(next) = self.place_user(at, now_ns) {
            self.schedule(at as u32, now_ns, next.think_time_s, 0);
        }
    }

    /// Makes a user, ready for its first transaction; `None` if the script has none.
    pub(super) fn place_user(&mut self, at: usize, now_ns: u64) -> Option<Next> {
        if at >= self.users.len() {
            self.users.resize_with(at + 1, || None);
            self.lives.resize(at + 1, 0);
        }
        let number = (at * self.place.count + self.place.index) as u32;
        let mut session = Session::new(&self.plan, number, self.lives[at]);
        self.lives[at] += 1;
        let next = session.join(&self.plan, &mut self.tally)?;
        self.users[at] = Some(Box::new(User {
            session,
            activity: Activity::Thinking,
            link: None,
            parked: Vec::new(),
            gathering: None,
            cache: None,
            tls: None,
            leaving: false,
            joined_just_now: true,
            retried: false,
            attempt: 0,
            transaction: next.transaction,
            counts: next.measured,
            scheduled_ns: now_ns,
            start_ns: 0,
            ended_ns: now_ns,
            carried: Phases::default(),
        }));
        Some(next)
    }

    fn leave(&mut self, at: usize) {
        let Some(user) = self.users.get_mut(at).and_then(Option::as_mut) else {
            return;
        };
        match user.activity {
            Activity::Exchanging => user.leaving = true,
            Activity::Thinking | Activity::Resting | Activity::Finished => self.remove(at as u32),
        }
    }

    /// Takes a user away with all that is its own.
    pub(super) fn remove(&mut self, at: u32) {
        self.wheel.cancel(at);
        if let Some(user) = self.users.get_mut(at as usize).and_then(Option::take) {
            for link in user.link.into_iter().chain(user.parked) {
                self.links.close(link);
            }
            if user.activity == Activity::Finished {
                self.finished -= 1;
            }
        }
    }
}
