//! The default strategy: calibrate at low load, jump by the queueing model, refit after every level, place the next one
//! where it teaches most per second, end when the plateau is confirmed and the curve is known.

mod evidence;
mod plans;
mod verdict;

use super::guards;
use super::options::Options;
use super::outcome::LevelOutcome;
use super::plan::LevelPlan;
use super::site::SiteModel;
use super::{Finding, Next, Strategy};

/// A level with what became of it.
#[derive(Debug, Clone)]
struct Run {
    plan: LevelPlan,
    outcome: LevelOutcome,
    /// Why it does not count.
    rejected: Option<String>,
}

/// The model-guided search.
#[derive(Debug, Clone)]
pub struct ModelGuided {
    options: Options,
    runs: Vec<Run>,
    asked: Option<LevelPlan>,
}

impl ModelGuided {
    /// A search with the given options.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self {
            options,
            runs: Vec::new(),
            asked: None,
        }
    }

    fn valid(&self) -> Vec<&LevelOutcome> {
        self.runs
            .iter()
            .filter(|r| r.rejected.is_none())
            .map(|r| &r.outcome)
            .collect()
    }

    /// The model fitted to the levels so far, for predictions up to `reach` users.
    fn model(&self, reach: u32) -> Option<SiteModel> {
        SiteModel::calibrate(evidence::pooled(&self.valid(), &self.options, reach)?)
    }

    fn load_s(&self) -> f64 {
        self.runs.iter().map(|r| r.outcome.load_s).sum()
    }
}

impl Strategy for ModelGuided {
    fn next(&mut self, last: Option<&LevelOutcome>) -> Next {
        if let (Some(outcome), Some(plan)) = (last, self.asked.take()) {
            let rejected = guards::rejected(outcome, &self.options);
            self.runs.push(Run {
                plan,
                outcome: outcome.clone(),
                rejected,
            });
        }
        match plans::next(self) {
            Some(plan) => {
                self.asked = Some(plan.clone());
                Next::Run(plan)
            }
            None => Next::Done(self.finding()),
        }
    }

    fn finding(&self) -> Finding {
        verdict::finding(self)
    }
}
