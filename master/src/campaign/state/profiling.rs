//! One transaction after the other, each until its service demands are known or its executions are done.

use super::chronicle::{Chronicle, Filling};
use super::{Action, Start, State};
use crate::journal::entry::{LevelBegin, LevelEnd, PrecisionEntry, ProfileOptions};
use crate::journal::log::RunLog;
use crate::load::window::Window;
use crate::summary::analysis::Measured;
use crate::summary::{Level, Process};
use autoperf_models::Estimate;
use autoperf_models::grammar::counted;
use autoperf_models::level::{LevelState, Precision, Steadiness, StopReason};

/// [`LevelBegin::purpose`] of a level that profiles a transaction.
pub const PROFILE: &str = "profile";
/// How many windows after the first one that is seen a transaction begins: time for that one to arrive.
const WINDOWS_AHEAD: f64 = 3.0;
/// Between two looks at the demands the executions grow at least by this factor: every look is a chance to stop at an
/// interval that is narrow by luck, so there must be few.
const GROWTH: f64 = 1.15;

#[derive(Debug)]
enum Phase {
    /// For the first window of the transaction's script.
    Waiting,
    /// For the instant at which users are let in, s.
    Ready(f64),
    Running(Box<Running>),
    Over,
}

#[derive(Debug)]
struct Running {
    filling: Filling,
    executed: u64,
    served: u64,
    /// Executions and time since the level's begin, s, at the last look at the demands.
    looked: (u64, f64),
    /// What the last look has shown.
    note: String,
    /// Why the level ends, once it does.
    ended_by: Option<&'static str>,
    /// When the readings of its end had come, s; windows up to there still belong to it.
    settled_s: Option<f64>,
}

/// The state of a campaign that profiles transactions.
pub struct Profiling {
    chronicle: Chronicle,
    options: ProfileOptions,
    /// Share of time-outs that ends a transaction, and the executions after which it is judged.
    timeouts: (f64, u64),
    warm_up: bool,
    /// Number of the current transaction in the order of the profile, which is also that of its script.
    task: usize,
    /// Time under load so far, s.
    load_s: f64,
    phase: Phase,
}

impl Profiling {
    /// A campaign that has not started, over [`Begin::profile`](crate::journal::entry::Begin::profile). The first
    /// transaction's script is running already, without users. `timeouts` is the share of time-outs that ends a transaction,
    /// and the executions after which it is judged.
    #[must_use]
    pub fn new(start: Start, timeouts: (f64, u64), warm_up: bool) -> Self {
        Self {
            options: start.begin.profile.clone().unwrap_or_default(),
            chronicle: Chronicle::new(start),
            timeouts,
            warm_up,
            task: 0,
            load_s: 0.0,
            phase: Phase::Waiting,
        }
    }

    /// Longest time for the current transaction, s: all that is left where its executions are counted, else a fair part.
    fn limit_s(&self) -> f64 {
        let left_s = self.options.max_duration_s - self.load_s;
        let tasks = self.options.transactions.len().saturating_sub(self.task).max(1);
        match self.options.executions_per_user {
            Some(_) => left_s,
            None => left_s / tasks as f64,
        }
    }

    /// Where there are demands to be known, throughput and response time decide nothing.
    fn precision(&self, limit_s: f64) -> PrecisionEntry {
        let standard = Precision::default();
        let counted = self.options.executions_per_user.is_some();
        let wanted = |share: f64| {
            if counted || !self.chronicle.log().begin.nodes.is_empty() {
                0.0
            } else {
                share
            }
        };
        let precision = Precision {
            throughput: wanted(standard.throughput),
            response_time: wanted(standard.response_time),
            warm_up: self.warm_up,
            max_level_s: limit_s,
            min_completions: self.timeouts.1,
            max_timeout_share: self.timeouts.0,
            ..standard
        };
        PrecisionEntry {
            window_rule: self.chronicle.window_rule(self.options.users),
            ..precision.into()
        }
    }

    fn end_transaction(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        let Phase::Running(running) = std::mem::replace(&mut self.phase, Phase::Waiting) else {
            return;
        };
        self.load_s += at_s - running.filling.begin_s;
        let end = LevelEnd {
            ended_by: running.ended_by.unwrap_or_default().to_owned(),
            at_s,
            changed_at_s: None,
        };
        let _ = self.chronicle.end_level(Some(running.filling), end, actions);
        self.task += 1;
        if self.task < self.options.transactions.len() && self.limit_s() > 0.0 {
            actions.push(Action::Script(self.task));
        } else {
            self.phase = Phase::Over;
            self.chronicle.finish("finished", at_s, actions);
        }
    }

    fn break_off(&mut self, how: &str, at_s: f64, actions: &mut Vec<Action>) {
        let filling = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Running(running) => Some(running.filling),
            _ => None,
        };
        self.chronicle.break_off(filling, how, at_s, actions);
    }
}

impl State for Profiling {
    fn chronicle(&mut self) -> &mut Chronicle {
        &mut self.chronicle
    }

    fn start(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        if self.options.transactions.is_empty() {
            self.phase = Phase::Over;
            self.chronicle.finish("finished", at_s, actions);
        }
    }

    fn window(&mut self, window: &Window, actions: &mut Vec<Action>) {
        let start_s = window.start_ns as f64 * 1e-9;
        let end_s = window.end_ns as f64 * 1e-9;
        match &mut self.phase {
            Phase::Waiting => {
                let begin_s = end_s + WINDOWS_AHEAD * (end_s - start_s);
                self.phase = Phase::Ready(begin_s);
                actions.push(Action::Alarm(begin_s));
            }
            Phase::Running(running) if start_s >= running.filling.begin_s - 1e-6 => {
                let before = running.ended_by;
                running.take(&mut self.chronicle, &self.options, window, actions);
                if running.ended_by != before {
                    actions.push(Action::Snapshot);
                }
                if running.settled_s.is_some_and(|settled_s| end_s >= settled_s) {
                    self.end_transaction(end_s, actions);
                }
            }
            Phase::Running(_) | Phase::Ready(_) | Phase::Over => {}
        }
    }

    /// Lets the users in.
    fn alarm(&mut self, _at_s: f64, actions: &mut Vec<Action>) {
        let Phase::Ready(begin_s) = self.phase else {
            return;
        };
        let of = self.options.transactions.len();
        let until = match self.options.executions_per_user {
            Some(count) => format!("{} by each user", counted(count, "execution")),
            None => format!(
                "until its service demands are known to {} %",
                self.options.demand_precision * 100.0
            ),
        };
        let limit_s = self.limit_s();
        let begin = LevelBegin {
            users: self.options.users,
            purpose: PROFILE.to_owned(),
            why: format!("Transaction {} of {of}: {until}.", self.task + 1),
            at_s: begin_s,
            transaction: self.options.transactions.get(self.task).copied(),
            precision: self.precision(limit_s),
            forecast_s: limit_s,
            remaining_s: None,
        };
        let filling = self.chronicle.begin_level(begin, actions);
        actions.extend([Action::SetUsers(self.options.users), Action::Snapshot]);
        self.phase = Phase::Running(Box::new(Running {
            filling,
            executed: 0,
            served: 0,
            looked: (0, 0.0),
            note: String::new(),
            ended_by: None,
            settled_s: None,
        }));
    }

    fn settled(&mut self, at_s: f64, _actions: &mut Vec<Action>) {
        if let Phase::Running(running) = &mut self.phase
            && running.ended_by.is_some()
        {
            running.settled_s = Some(at_s);
        }
    }

    /// Its counters begin anew when it comes back, and without them there is nothing to profile.
    fn agent_lost(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        self.break_off("profiler_lost", at_s, actions);
    }

    fn interrupt(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        self.break_off("interrupted", at_s, actions);
    }

    fn into_log(self: Box<Self>) -> RunLog {
        self.chronicle.into_log()
    }
}

impl Running {
    /// Counts a window and decides whether it was the last one that is needed.
    fn take(
        &mut self,
        chronicle: &mut Chronicle,
        options: &ProfileOptions,
        window: &Window,
        actions: &mut Vec<Action>,
    ) {
        for transaction in &window.transactions {
            self.served += transaction.served;
            self.executed += transaction.outcomes.iter().sum::<u64>();
        }
        let (bin, written) = chronicle.fill(&mut self.filling, window, |_| false, actions);
        if self.ended_by.is_none() {
            self.ended_by = self.counted_out(options, window);
        }
        let elapsed_s = bin.start_s + bin.length_s;
        if written && self.ended_by.is_none() && self.is_look_due(options, elapsed_s) {
            self.looked = (self.executed, elapsed_s);
            if let Some(measured) = chronicle.measured() {
                self.note = note(&measured.level);
                let enough = are_known(&measured, options, self.executed);
                self.ended_by = enough.then_some("precise");
            }
        }
        if let Some(mut progress) = chronicle.progress(&self.filling, Some(&bin)).filter(|_| written) {
            progress.note = Some(format!("{}{}", counted(self.executed, "execution"), self.note));
            actions.push(Action::Show(progress));
        }
    }

    /// Why the level ends by what can be counted.
    fn counted_out(&self, options: &ProfileOptions, window: &Window) -> Option<&'static str> {
        let automatic = options.executions_per_user.is_none();
        match self.filling.monitor.state() {
            LevelState::Done(StopReason::Timeouts) => return Some("timeouts"),
            LevelState::Done(StopReason::TimeLimit) => return Some("time_limit"),
            LevelState::Done(StopReason::PreciseEnough) if self.executed >= options.fewest => {
                return Some("precise");
            }
            _ => {}
        }
        if !automatic {
            return (window.finished_users >= options.users).then_some("execution_count");
        }
        if self.served == 0 && self.executed >= options.fewest {
            return Some("failures");
        }
        (self.executed >= options.most).then_some("upper_bound")
    }

    fn is_look_due(&self, options: &ProfileOptions, elapsed_s: f64) -> bool {
        let (executed, at_s) = self.looked;
        let step = options.look_every.saturating_mul(u64::from(options.users));
        options.executions_per_user.is_none()
            && self.executed >= options.fewest
            && self.executed - executed >= step
            && self.executed as f64 >= GROWTH * executed as f64
            && elapsed_s - at_s >= options.look_every_s
    }
}

/// Whether the transient is over and every process's demand is known as well as asked. The interval of a demand covers both
/// the variation between readings and what the CPU counters may be off by.
fn are_known(measured: &Measured, options: &ProfileOptions, executed: u64) -> bool {
    let is_known = |process: &Process| match process.service_demand_s {
        Some(demand) if demand.low <= 0.0 => executed >= options.most_without_demand,
        Some(demand) => Estimate::from(demand).relative_half_width() <= options.demand_precision,
        None => false,
    };
    let processes = &measured.level.processes;
    !processes.is_empty()
        && !matches!(measured.outcome.steadiness, Steadiness::NotSteady { .. })
        && measured.level.measured_s >= options.least_measured_s
        && processes.iter().all(is_known)
}

fn note(level: &Level) -> String {
    let demand = |process: &Process| {
        let demand = Estimate::from(process.service_demand_s?);
        Some(format!(
            " | {} {:.3} ms ±{:.0} %",
            process.process,
            demand.value * 1e3,
            demand.relative_half_width() * 100.0
        ))
    };
    level.processes.iter().filter_map(demand).collect()
}

#[cfg(test)]
mod tests;
