//! The default strategy: calibrate at low load, jump by the queueing model, refit after every level, place the next one
//! where it teaches most per second, end when the plateau is confirmed and the curve is known.

pub(crate) mod evidence;
mod plans;
mod verdict;

use super::history::History;
use super::options::Options;
use super::outcome::LevelOutcome;
use super::site::SiteModel;
use super::{Finding, Next, Strategy};

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

    /// The model fitted to the levels so far, for predictions up to `reach` users.
    fn model(&self, reach: u32) -> Option<SiteModel> {
        let history = &self.history;
        SiteModel::calibrate(evidence::pooled(&history.valid(), &history.options, reach)?)
    }
}

impl Strategy for ModelGuided {
    fn next(&mut self, last: Option<&LevelOutcome>) -> Next {
        self.history.take(last);
        match plans::next(self) {
            Some(plan) => Next::Run(self.history.ask(plan)),
            None => Next::Done(self.finding()),
        }
    }

    fn finding(&self) -> Finding {
        verdict::finding(self)
    }
}
