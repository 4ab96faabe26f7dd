//! The default strategy: calibrate at low load, jump by the queueing model, refit after every level, place the next one
//! where it teaches most per second, end when the plateau is confirmed and the curve is known.

pub(crate) mod evidence;
mod lengths;
mod outlook;
mod plans;
mod verdict;

use super::guards;
use super::history::{History, Run};
use super::options::Options;
use super::outcome::LevelOutcome;
use super::{Finding, Next, Purpose, Strategy};

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
        valid.retain(|o| collapsed.is_none_or(|users| o.users < users));
        (valid, collapsed)
    }

    /// Looks at the last level in the light of the earlier ones.
    fn review(&mut self) {
        let Some((last, earlier)) = self.history.runs.split_last_mut() else {
            return;
        };
        if last.plan.purpose != Purpose::Canary || last.rejected.is_some() {
            return;
        }
        let same = |r: &&mut Run| r.outcome.users == last.outcome.users && r.rejected.is_none();
        let Some(before) = earlier.iter_mut().filter(same).next_back() else {
            return;
        };
        if guards::slower(&last.outcome, &before.outcome) {
            let users = last.outcome.users;
            last.rejected = Some(format!("{RECOVERING} at {users} users"));
        }
    }
}

/// How the reason begins where a level shows the after-effects of another one.
const RECOVERING: &str = "the site had not recovered";

fn is_recovering(reason: &str) -> bool {
    reason.starts_with(RECOVERING)
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
