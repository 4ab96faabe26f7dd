//! The default strategy: calibrate at low load, jump by the queueing model, refit after every level, place the next one
//! where it teaches most per second, end when the plateau is confirmed and the curve is known.

pub(crate) mod evidence;
mod lengths;
mod outlook;
mod plans;
mod threshold;
mod verdict;

use super::guards;
use super::history::{History, Run};
use super::options::Options;
use super::outcome::LevelOutcome;
use super::{Finding, Next, Purpose, Strategy};
use crate::grammar::counted;

/// Relative half-width of throughput beyond which a level near a collapse tells nothing.
const TORN: f64 = 0.25;

/// The model-guided search.
#[derive(Debug, Clone)]
pub struct ModelGuided {
    history: History,
}

impl ModelGuided {
    /// A search with the given options.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self {
            history: History::new(options),
        }
    }

    /// The levels that count below a collapse of throughput, and the smallest number of users at which it collapsed.
    fn standing(&self) -> (Vec<&LevelOutcome>, Option<u32>) {
        let mut valid = self.history.valid();
        let collapsed = guards::collapsed_at(&valid);
        // Nor do levels count that were on their way from one regime to the other.
        let torn = |o: &LevelOutcome, users: u32| {
            let width = o
                .throughput_per_s
                .map_or(f64::INFINITY, |e| e.relative_half_width());
            o.users >= users || o.users > users / 3 && width > TORN
        };
        valid.retain(|o| collapsed.is_none_or(|users| !torn(o, users)));
        (valid, collapsed)
    }

    /// Looks at the last level in the light of the earlier ones.
    fn review(&mut self) {
        let collapsed = self.standing().1.is_some();
        let Some((last, earlier)) = self.history.runs.split_last_mut() else {
            return;
        };
        if last.plan.purpose != Purpose::Canary || last.rejected.is_some() {
            return;
        }
        let users = last.outcome.users;
        // What it repeats, not another canary: that one may have met the end of a queue.
        let mut same = earlier.iter().filter(|r| {
            r.outcome.users == users && r.rejected.is_none() && r.plan.purpose != Purpose::Canary
        });
        let Some(before) = same.next() else { return };
        if collapsed && guards::slower(&last.outcome, &before.outcome) {
            last.rejected = Some(format!(
                "the site had not recovered at {many}",
                many = counted(users, "user")
            ));
            return;
        }
        if guards::change(&last.outcome, &before.outcome).is_some_and(|change| change < 0.0) {
            // Faster than at the start: the early levels saw caches and compilers warm up.
            let early = earlier
                .iter_mut()
                .filter(|r| r.plan.purpose == Purpose::Calibrate);
            for run in early.filter(|r| r.rejected.is_none()) {
                run.rejected = Some(format!(
                    "the site was still warming up at {}",
                    counted(run.outcome.users, "user")
                ));
            }
        }
    }

    /// Significant relative changes of the response time between the canaries and the earlier level that they repeat; 0
    /// where a canary sees none.
    fn changes(&self) -> Vec<f64> {
        let counts = || self.history.runs.iter().filter(|r| r.rejected.is_none());
        let canaries = counts().filter(|r| r.plan.purpose == Purpose::Canary);
        let change = |canary: &Run| {
            let same =
                |r: &&Run| r.outcome.users == canary.outcome.users && r.plan.purpose != Purpose::Canary;
            let before = counts().find(same)?;
            Some(guards::change(&canary.outcome, &before.outcome).unwrap_or(0.0))
        };
        canaries.filter_map(change).collect()
    }

    /// The change that two canaries have seen.
    fn drift(&self) -> Option<f64> {
        let changes = self.changes();
        let agreed = changes.len() >= 2 && changes.iter().all(|&change| change > 0.0);
        changes.last().copied().filter(|_| agreed)
    }
}

impl Strategy for ModelGuided {
    fn next(&mut self, last: Option<&LevelOutcome>) -> Next {
        self.history.take(last);
        self.review();
        match plans::next(self) {
            Some(plan) => Next::Run(self.history.ask(plan)),
            None => Next::Done(self.finding()),
        }
    }

    fn finding(&self) -> Finding {
        verdict::finding(self)
    }
}
