//! One level whose load is made by arrivals: so many transactions begin in a second, whatever the site makes of them.

use super::chronicle::{Chronicle, Filling};
use super::{Action, Progress, Start, State};
use crate::journal::entry::{LevelBegin, LevelEnd, OpenOptions, PrecisionEntry};
use crate::journal::log::RunLog;
use crate::load::ArrivalLaw;
use crate::load::arrivals::LAWS;
use crate::load::window::Window;
use autoperf_models::level::{LevelState, Precision};

/// [`LevelBegin::purpose`] of a level that arrivals make, and the mode of such a run.
pub const OPEN: &str = "open";

#[derive(Debug)]
enum Phase {
    Idle,
    Running(Box<Filling>),
    /// Waits for the last readings; the level has ended for this reason.
    Closing(&'static str),
    Over,
}

/// The state of a campaign in the open mode.
pub struct Open {
    chronicle: Chronicle,
    options: OpenOptions,
    phase: Phase,
}

impl Open {
    /// A campaign that has not started.
    #[must_use]
    pub fn new(start: Start, options: OpenOptions) -> Self {
        Self {
            chronicle: Chronicle::new(start),
            options,
            phase: Phase::Idle,
        }
    }

    fn law(&self) -> ArrivalLaw {
        let named = LAWS.iter().find(|(name, _)| *name == self.options.arrivals);
        named.map_or(ArrivalLaw::Poisson, |&(_, law)| law)
    }

    fn begin(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        let precision = self.precision();
        let OpenOptions {
            rate_per_s, arrivals, ..
        } = &self.options;
        let begin = LevelBegin {
            users: 0,
            purpose: OPEN.to_owned(),
            why: format!(
                "{rate_per_s} transactions begin in a second ({arrivals} arrivals), whatever becomes of them."
            ),
            at_s,
            transaction: None,
            precision,
            forecast_s: precision.max_level_s,
            remaining_s: Some(precision.max_level_s),
        };
        let filling = self.chronicle.begin_level(begin, actions);
        actions.push(Action::SetRate(self.options.rate_per_s, self.law()));
        actions.push(Action::Snapshot);
        self.phase = Phase::Running(Box::new(filling));
    }

    /// A stated duration is kept, whatever happens; else the level ends as any other.
    fn precision(&self) -> PrecisionEntry {
        let asked = self.chronicle.log().begin.search.precision;
        match self.options.duration_s {
            Some(duration_s) => Precision {
                throughput: 0.0,
                response_time: 0.0,
                max_level_s: duration_s,
                max_timeout_share: 1.0,
                ..asked.into()
            }
            .into(),
            None => asked,
        }
    }
}

impl State for Open {
    fn chronicle(&mut self) -> &mut Chronicle {
        &mut self.chronicle
    }

    fn start(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        self.begin(at_s, actions);
    }

    fn window(&mut self, window: &Window, actions: &mut Vec<Action>) {
        let Phase::Running(filling) = &mut self.phase else {
            return;
        };
        // A window that began before the level saw no arrivals for a part of it.
        if (window.start_ns as f64) * 1e-9 < filling.begin_s - 1e-6 {
            return;
        }
        let duration_s = self.options.duration_s;
        let end_s = window.end_ns as f64 * 1e-9 - filling.begin_s;
        let time_is_over = duration_s.is_some_and(|duration_s| end_s > duration_s - 1e-6);
        let is_done = |state: &LevelState| matches!(state, LevelState::Done(_));
        let flush = |monitor: &autoperf_models::level::LevelMonitor| {
            time_is_over || duration_s.is_none() && is_done(&monitor.state())
        };
        let (bin, written) = self.chronicle.fill(filling, window, flush, actions);
        if !written {
            return;
        }
        let ended_by = match (filling.monitor.state(), duration_s) {
            (LevelState::Done(reason), None) => Some(super::search::stop_name(reason)),
            _ => time_is_over.then_some("duration"),
        };
        let progress = self.chronicle.progress(filling, Some(&bin));
        actions.extend(progress.map(|progress| {
            Action::Show(Progress {
                users: window.users,
                ..progress
            })
        }));
        if let Some(ended_by) = ended_by {
            self.phase = Phase::Closing(ended_by);
            actions.push(Action::Snapshot);
        }
    }

    fn settled(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        let Phase::Closing(ended_by) = self.phase else {
            return;
        };
        self.phase = Phase::Over;
        let end = LevelEnd {
            ended_by: ended_by.to_owned(),
            at_s,
            changed_at_s: None,
        };
        let _ = self.chronicle.end_level(None, end, actions);
        actions.push(Action::SetRate(0.0, self.law()));
        let lost = self.chronicle.has_lost_agents();
        let how = if lost { "profiler_lost" } else { "finished" };
        self.chronicle.finish(how, at_s, actions);
    }

    fn interrupt(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        let filling = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Running(filling) => Some(*filling),
            _ => None,
        };
        actions.push(Action::SetRate(0.0, self.law()));
        self.chronicle.break_off(filling, "interrupted", at_s, actions);
    }

    fn into_log(self: Box<Self>) -> RunLog {
        self.chronicle.into_log()
    }
}

#[cfg(test)]
mod tests;
