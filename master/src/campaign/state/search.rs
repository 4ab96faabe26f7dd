//! Levels by a strategy: each is measured until it is known well enough, then the strategy is asked for the next.

use super::chronicle::{Chronicle, Filling};
use super::{Action, Start, State};
use crate::journal::entry::{LevelBegin, LevelEnd, PrecisionEntry};
use crate::journal::log::RunLog;
use crate::load::window::Window;
use autoperf_models::level::{LevelState, StopReason};
use autoperf_models::search::{LevelPlan, Next, Purpose, Strategy};

#[derive(Debug)]
enum Phase {
    Idle,
    Running(Box<Filling>),
    Closing(StopReason),
    Over,
}

/// The state of a campaign whose levels a strategy chooses.
pub struct Search {
    chronicle: Chronicle,
    strategy: Box<dyn Strategy>,
    phase: Phase,
}

impl Search {
    /// A campaign that has not started.
    #[must_use]
    pub fn new(start: Start, strategy: Box<dyn Strategy>) -> Self {
        Self {
            chronicle: Chronicle::new(start),
            strategy,
            phase: Phase::Idle,
        }
    }

    fn follow(&mut self, next: Next, at_s: f64, actions: &mut Vec<Action>) {
        match next {
            Next::Run(_) if self.chronicle.has_lost_agents() => self.finish("profiler_lost", at_s, actions),
            Next::Run(plan) => self.begin_level(plan, at_s, actions),
            Next::Done(_) => self.finish("finished", at_s, actions),
        }
    }

    fn begin_level(&mut self, plan: LevelPlan, at_s: f64, actions: &mut Vec<Action>) {
        let mut precision = plan.precision;
        if let Some(each) = self.chronicle.log().begin.search.min_per_user {
            precision.min_completions = precision.min_completions.max(each * u64::from(plan.users));
        }
        let judged_after = self.chronicle.log().begin.search.timeouts_judged_after;
        precision.timeouts_judged_after =
            judged_after.map(|share| (precision.min_completions as f64 * share).ceil() as u64);
        let begin = LevelBegin {
            users: plan.users,
            purpose: purpose_name(plan.purpose).to_owned(),
            why: plan.why,
            at_s,
            transaction: None,
            precision: PrecisionEntry {
                window_rule: self.chronicle.window_rule(plan.users),
                ..precision.into()
            },
            forecast_s: plan.forecast_s,
            remaining_s: Some(plan.remaining_s),
        };
        let restarted =
            self.chronicle.log().begin.search.restart_users && !self.chronicle.log().levels.is_empty();
        let filling = self.chronicle.begin_level(begin, actions);
        // What it will take is shown before the first user starts.
        actions.extend(self.chronicle.progress(&filling, None).map(Action::Show));
        if restarted {
            actions.push(Action::Script(0));
        }
        actions.push(Action::SetUsers(plan.users));
        actions.push(Action::Snapshot);
        self.phase = Phase::Running(Box::new(filling));
    }

    fn finish(&mut self, how: &str, at_s: f64, actions: &mut Vec<Action>) {
        self.phase = Phase::Over;
        self.chronicle.finish(how, at_s, actions);
    }
}

impl State for Search {
    fn chronicle(&mut self) -> &mut Chronicle {
        &mut self.chronicle
    }

    fn start(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        let next = self.strategy.next(None);
        self.follow(next, at_s, actions);
    }

    fn window(&mut self, window: &Window, actions: &mut Vec<Action>) {
        let Phase::Running(filling) = &mut self.phase else {
            return;
        };
        // A window that began before the level holds users of the level before.
        if (window.start_ns as f64) * 1e-9 < filling.begin_s - 1e-6 {
            return;
        }
        let is_done = |state: &LevelState| matches!(state, LevelState::Done(_));
        let (bin, written) =
            self.chronicle
                .fill(filling, window, |monitor| is_done(&monitor.state()), actions);
        if !written {
            return;
        }
        let state = filling.monitor.state();
        actions.extend(self.chronicle.progress(filling, Some(&bin)).map(Action::Show));
        if let LevelState::Done(reason) = state {
            self.phase = Phase::Closing(reason);
            actions.push(Action::Snapshot);
        }
    }

    fn settled(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        let Phase::Closing(reason) = self.phase else {
            return;
        };
        let ended_by = stop_name(reason).to_owned();
        self.phase = Phase::Idle;
        let end = LevelEnd {
            ended_by,
            at_s,
            changed_at_s: None,
        };
        let Some(measured) = self.chronicle.end_level(None, end, actions) else {
            return;
        };
        let next = self.strategy.next(Some(&measured.outcome));
        self.follow(next, at_s, actions);
    }

    fn interrupt(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        let filling = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Running(filling) => Some(*filling),
            _ => None,
        };
        self.chronicle.break_off(filling, "interrupted", at_s, actions);
    }

    fn into_log(self: Box<Self>) -> RunLog {
        self.chronicle.into_log()
    }
}

/// Name of a purpose in journal and summary.
#[must_use]
pub const fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Calibrate => "calibrate",
        Purpose::Step => "step",
        Purpose::Explore => "explore",
        Purpose::Bracket => "bracket",
        Purpose::Overload => "overload",
        Purpose::Canary => "canary",
    }
}

/// Name of a stop reason in journal and summary.
#[must_use]
pub const fn stop_name(reason: StopReason) -> &'static str {
    match reason {
        StopReason::PreciseEnough => "precise",
        StopReason::TimeLimit => "time_limit",
        StopReason::Timeouts => "timeouts",
    }
}
