//! The levels so far, as every strategy keeps them: which count, what they cost, how far up the search may go.

use super::finding::LevelNote;
use super::guards;
use super::options::Options;
use super::outcome::LevelOutcome;
use super::plan::{LevelPlan, Purpose};
use super::{Finding, VerdictCode};
use crate::Estimate;
use crate::grammar::counted;
use crate::level::Steadiness;

/// Fewest served transactions of a level that can tell two regimes from chance.
const TELLING_SAMPLES: u64 = 100;

fn samples(outcome: &LevelOutcome) -> u64 {
    outcome.throughput_per_s.map_or(0, |e| e.samples)
}

/// A level with what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) plan: LevelPlan,
    pub(crate) outcome: LevelOutcome,
    /// Why it does not count.
    pub(crate) rejected: Option<String>,
}

/// The levels in their order, under the options that they were run with.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) options: Options,
    pub(crate) runs: Vec<Run>,
    asked: Option<LevelPlan>,
}

impl History {
    pub(crate) const fn new(options: Options) -> Self {
        Self {
            options,
            runs: Vec::new(),
            asked: None,
        }
    }

    /// Takes the outcome of the level that was asked for last.
    pub(crate) fn take(&mut self, last: Option<&LevelOutcome>) {
        if let (Some(outcome), Some(plan)) = (last, self.asked.take()) {
            let rejected = guards::rejected(outcome, &self.options);
            self.runs.push(Run {
                plan,
                outcome: outcome.clone(),
                rejected,
            });
        }
    }

    /// Remembers what is asked for now.
    pub(crate) fn ask(&mut self, plan: LevelPlan) -> LevelPlan {
        self.asked = Some(plan.clone());
        plan
    }

    /// The levels that count.
    pub(crate) fn valid(&self) -> Vec<&LevelOutcome> {
        self.runs
            .iter()
            .filter(|r| r.rejected.is_none())
            .map(|r| &r.outcome)
            .collect()
    }

    /// The levels that say something about response time: those that count and those that broke the site.
    pub(crate) fn measured(&self) -> Vec<&LevelOutcome> {
        let broken =
            |r: &Run| guards::overloaded(&r.outcome, &self.options) && !r.outcome.generator_saturated;
        let telling = |r: &&Run| r.rejected.is_none() || broken(r);
        self.runs.iter().filter(telling).map(|r| &r.outcome).collect()
    }

    /// Time under load so far, s.
    pub(crate) fn load_s(&self) -> f64 {
        self.runs.iter().map(|r| r.outcome.load_s).sum()
    }

    /// Time under load that is left, s.
    pub(crate) fn left_s(&self) -> f64 {
        self.options.max_run_s.unwrap_or(f64::INFINITY) - self.load_s()
    }

    /// Largest number of users that may still be asked for: fewer than broke the site, and no more than the generator was
    /// seen to be up to where it once was not.
    pub(crate) fn ceiling(&self) -> u32 {
        let broken = self
            .runs
            .iter()
            .filter(|r| guards::overloaded(&r.outcome, &self.options))
            .map(|r| r.outcome.users.saturating_sub(1));
        let spoilt = self
            .spoilt()
            .map(|users| self.highest().unwrap_or_else(|| users.saturating_sub(1)));
        let lowest = broken.chain(spoilt).min().unwrap_or(u32::MAX);
        self.options.max_users.unwrap_or(u32::MAX).min(lowest).max(1)
    }

    /// Numbers of users for which the generator was not up to the load. A level that counts with as many users or more
    /// shows that it was held up by something else, once.
    fn spoilt(&self) -> impl Iterator<Item = u32> {
        let highest = self.highest().unwrap_or(0);
        let spoilt = self.runs.iter().filter(|r| r.outcome.generator_saturated);
        spoilt
            .map(|r| r.outcome.users)
            .filter(move |users| *users > highest)
    }

    /// Whether the generator set a limit to the search.
    pub(crate) fn generator_limited(&self) -> bool {
        self.spoilt().next().is_some()
    }

    /// Whether the generator was the limit and its second try is over: nothing more may be asked of it upwards.
    pub(crate) fn generator_spent(&self) -> bool {
        self.spoilt().count() >= 2
    }

    /// Right after the first level that the generator spoilt: fewer users, once, to know what it is up to. `None` where
    /// that is known already.
    pub(crate) fn second_try(&self) -> Option<LevelPlan> {
        let last = self.runs.last().filter(|r| r.outcome.generator_saturated)?;
        let users = last.outcome.users;
        let known = self.highest().unwrap_or(0);
        if self.spoilt().count() != 1 || known >= users || known > 0 && known + 1 >= users {
            return None;
        }
        Some(LevelPlan {
            users: users.midpoint(known).max(1),
            why: format!("The generator was the limit at {users} users: fewer users show what it is up to."),
            ..last.plan.clone()
        })
    }

    /// Largest number of users of a level that counts.
    pub(crate) fn highest(&self) -> Option<u32> {
        self.valid().iter().map(|o| o.users).max()
    }

    /// Whether the levels show two regimes: two or more did, and at least half of all with as many users as the lowest of
    /// them. A single queue that is now empty and now long looks like two regimes now and then.
    pub(crate) fn two_state(&self) -> bool {
        let told = |r: &&Run| r.rejected.is_none() && samples(&r.outcome) >= TELLING_SAMPLES;
        let two = |r: &Run| r.outcome.steadiness == Steadiness::TwoState;
        let flipping = self.runs.iter().filter(told).filter(|r| two(r));
        let Some(lowest) = flipping.clone().map(|r| r.outcome.users).min() else {
            return false;
        };
        let as_many = self
            .runs
            .iter()
            .filter(told)
            .filter(|r| r.outcome.users >= lowest);
        let count = flipping.count();
        count >= 2 && 2 * count >= as_many.count()
    }

    /// The finding where no level counts.
    pub(crate) fn without_levels(&self) -> Finding {
        let mut reasons: Vec<String> = self.runs.iter().filter_map(|r| r.rejected.clone()).collect();
        let verdict = match self.runs.last() {
            Some(run) if run.outcome.generator_saturated => VerdictCode::GeneratorLimited,
            Some(run) if guards::too_short_to_tell(&run.outcome, &self.options) => {
                reasons.insert(
                    0,
                    format!(
                        "No transaction ended within a level of {:.0} s, too short beside the think time to say anything of \
                         the site.",
                        run.outcome.load_s
                    ),
                );
                VerdictCode::Inconclusive
            }
            Some(run)
                if guards::overloaded(&run.outcome, &self.options)
                    || run.outcome.throughput_per_s.is_none_or(|e| e.value <= 0.0) =>
            {
                reasons.insert(
                    0,
                    format!(
                        "The site fails at {} already.",
                        counted(run.outcome.users, "user")
                    ),
                );
                VerdictCode::FailsAtOnce
            }
            _ => VerdictCode::Inconclusive,
        };
        self.noted(Finding::without_figures(verdict, reasons))
    }

    /// The largest throughput that was reached and the number of users that was: what "at least" means.
    pub(crate) fn reached(&self) -> (Option<Estimate>, Option<Estimate>) {
        let valid = self.valid();
        let rates = valid.iter().filter_map(|o| o.throughput_per_s);
        let users = self
            .highest()
            .and_then(|n| Estimate::symmetric(f64::from(n), 0.0, 1));
        (rates.max_by(|a, b| a.value.total_cmp(&b.value)), users)
    }

    /// The finding with the levels' notes, and the reasons why levels do not count.
    pub(crate) fn noted(&self, mut finding: Finding) -> Finding {
        for reason in self.runs.iter().filter_map(|r| r.rejected.as_ref()) {
            if !finding.reasons.contains(reason) {
                finding.reasons.push(reason.clone());
            }
        }
        finding.levels = self.runs.iter().map(note).collect();
        finding
    }
}

fn note(run: &Run) -> LevelNote {
    let outcome = &run.outcome;
    let taught = match (&run.rejected, guards::unsteady(outcome)) {
        (Some(reason), _) => format!("Does not count: {reason}."),
        (None, Some(doubt)) => format!("{}, but {doubt}.", figures(outcome)),
        (None, None) => format!("{}.", figures(outcome)),
    };
    LevelNote {
        users: outcome.users,
        purpose: run.plan.purpose,
        why: run.plan.why.clone(),
        taught,
        counts: run.rejected.is_none(),
    }
}

fn figures(outcome: &LevelOutcome) -> String {
    let shown = |estimate: Option<Estimate>| match estimate {
        Some(e) => format!("{:.4} (±{:.1} %)", e.value, 100.0 * e.relative_half_width()),
        None => "nothing".into(),
    };
    format!(
        "{} transactions per second, mean response time {} s",
        shown(outcome.throughput_per_s),
        shown(outcome.response_time_s)
    )
}

/// A plan with the precision of the options.
pub(crate) fn plain_plan(options: &Options, users: u32, purpose: Purpose, why: String) -> LevelPlan {
    let precision = options.precision;
    LevelPlan {
        users,
        purpose,
        why,
        precision,
        forecast_s: precision.max_level_s,
        remaining_s: precision.max_level_s,
    }
}
