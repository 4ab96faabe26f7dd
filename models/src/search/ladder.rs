//! The ladder: equal steps up to a number of users that a person has to know beforehand.

use super::history::{History, plain_plan};
use super::{Finding, LevelOutcome, Next, Options, Purpose, Strategy, VerdictCode, guards, measured};
use crate::grammar::counted;

/// Equal steps up to [`Options::max_users`], [`Options::steps`] of them.
#[derive(Debug, Clone)]
pub struct Ladder {
    history: History,
}

impl Ladder {
    /// A ladder with the given options.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self {
            history: History::new(options),
        }
    }

    /// The rungs, lowest first; none without a maximum.
    #[must_use]
    pub fn rungs(&self) -> Vec<u32> {
        let options = &self.history.options;
        let (Some(top), steps) = (options.max_users, options.steps.max(1)) else {
            return Vec::new();
        };
        let first = options.start_load.unwrap_or(1).clamp(1, top.max(1));
        let span = f64::from(top.max(1) - first);
        let at = |step: u32| first + (span * f64::from(step) / f64::from((steps - 1).max(1))).round() as u32;
        let mut rungs: Vec<u32> = (0..steps).map(at).collect();
        rungs.dedup();
        rungs
    }
}

impl Strategy for Ladder {
    fn next(&mut self, last: Option<&LevelOutcome>) -> Next {
        self.history.take(last);
        if let Some(plan) = self.history.second_try() {
            return Next::Run(self.history.ask(plan));
        }
        let overloaded = last.is_some_and(|o| guards::overloaded(o, &self.history.options));
        let stopped = overloaded || self.history.generator_limited();
        let rungs = self.rungs();
        let tried = self.history.runs.iter().map(|r| r.outcome.users).max();
        let done = rungs.iter().filter(|users| Some(**users) <= tried).count();
        let Some(&users) = rungs
            .get(done)
            .filter(|_| !stopped && self.history.left_s() > 0.0)
        else {
            return Next::Done(self.finding());
        };
        let top = rungs.last().copied().unwrap_or(users);
        let why = format!(
            "Step {} of {} on the way to {}.",
            done + 1,
            rungs.len(),
            counted(top, "user")
        );
        let mut plan = plain_plan(&self.history.options, users, Purpose::Step, why);
        plan.remaining_s = plan.forecast_s * (rungs.len() - done) as f64;
        Next::Run(self.history.ask(plan))
    }

    fn finding(&self) -> Finding {
        if self.history.options.max_users.is_none() {
            let reason = "A ladder needs the largest number of users beforehand.".into();
            return Finding::without_figures(VerdictCode::Inconclusive, vec![reason]);
        }
        measured::finding(&self.history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_are_equal_steps_from_one_to_the_top() {
        let options = Options {
            max_users: Some(96),
            ..Options::default()
        };
        let rungs = Ladder::new(options).rungs();
        assert_eq!(rungs.len(), 20);
        assert_eq!((rungs[0], rungs[1], rungs[19]), (1, 6, 96));
        let few = Options {
            max_users: Some(5),
            ..Options::default()
        };
        assert_eq!(Ladder::new(few).rungs(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn without_a_maximum_it_says_so() {
        let mut ladder = Ladder::new(Options::default());
        let Next::Done(finding) = ladder.next(None) else {
            panic!("a level without a maximum")
        };
        assert_eq!(finding.verdict, VerdictCode::Inconclusive);
        assert!(finding.reasons[0].contains("largest number of users"));
    }
}
