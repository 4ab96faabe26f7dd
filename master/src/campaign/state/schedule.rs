//! Levels by a schedule: users follow its rows in time to the instant, whatever the site makes of it.
//!
//! The schedule begins at the edge of an engine window, so that levels whose durations are whole windows share none. A window
//! that lies across a change counts where its middle lies; it is never lost.

use super::chronicle::{Chronicle, Filling};
use super::{Action, Progress, Start, State};
use crate::journal::entry::{LevelBegin, LevelEnd, PrecisionEntry};
use crate::journal::log::{RunLog, SCHEDULED};
use crate::load::window::Window;
use autoperf_models::level::Precision;

/// How many windows after the first one that is seen the schedule begins: time for that one to arrive.
const WINDOWS_AHEAD: f64 = 3.0;

/// A time in which the whole schedule is run with one script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// Number of the script.
    pub script: usize,
    /// The one transaction that it measures, by index; `None` for the whole mix.
    pub transaction: Option<usize>,
}

/// The state of a campaign that follows a schedule.
pub struct Scheduled {
    chronicle: Chronicle,
    passes: Vec<Pass>,
    /// Number of the current pass.
    pass: usize,
    /// `None` until the first window of the pass's script has come.
    running: Option<Running>,
    warm_up: bool,
    over: bool,
}

/// A pass in its course.
#[derive(Debug)]
struct Running {
    /// Begin of each row and, last, the end of the schedule, s.
    edges_s: Vec<f64>,
    /// When the engine was told of each edge so far, s.
    told_s: Vec<f64>,
    /// Row whose level is being filled.
    row: usize,
    filling: Option<Filling>,
    transaction: Option<usize>,
    warm_up: bool,
    /// Whether the windows up to the end have come.
    complete: bool,
    /// Whether the readings asked for at the end have come.
    settled: bool,
}

impl Scheduled {
    /// A campaign that has not started: the rows of [`Begin::schedule`](crate::journal::entry::Begin::schedule) once for each
    /// pass. The first pass's script is running already, without users.
    #[must_use]
    pub fn new(start: Start, passes: Vec<Pass>, warm_up: bool) -> Self {
        Self {
            chronicle: Chronicle::new(start),
            passes,
            pass: 0,
            running: None,
            warm_up,
            over: false,
        }
    }

    /// Closes the last level once its windows and readings are there, and goes on with the next pass.
    fn end_pass(&mut self, actions: &mut Vec<Action>) {
        let Some(mut running) = self
            .running
            .take_if(|running| running.complete && running.settled)
        else {
            return;
        };
        running.close(&mut self.chronicle, actions);
        self.pass += 1;
        if let Some(pass) = self.passes.get(self.pass) {
            return actions.push(Action::Script(pass.script));
        }
        let lost = self.chronicle.has_lost_agents();
        let how = if lost { "profiler_lost" } else { "finished" };
        self.over = true;
        self.chronicle.finish(how, running.end_s(), actions);
    }
}

impl State for Scheduled {
    fn chronicle(&mut self) -> &mut Chronicle {
        &mut self.chronicle
    }

    fn start(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        if self.passes.is_empty() || self.chronicle.log().begin.schedule.is_empty() {
            self.over = true;
            self.chronicle.finish("finished", at_s, actions);
        }
    }

    fn window(&mut self, window: &Window, actions: &mut Vec<Action>) {
        if let Some(running) = &mut self.running {
            running.count(&mut self.chronicle, window, actions);
            return self.end_pass(actions);
        }
        let Some(pass) = self.passes.get(self.pass).filter(|_| !self.over) else {
            return;
        };
        let running = Running::new(self.chronicle.log(), window, pass.transaction, self.warm_up);
        actions.push(Action::Alarm(running.edges_s[0]));
        self.running = Some(running);
    }

    fn settled(&mut self, _at_s: f64, actions: &mut Vec<Action>) {
        if let Some(running) = &mut self.running {
            running.settled |= running.told_s.len() == running.edges_s.len();
            self.end_pass(actions);
        }
    }

    fn interrupt(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        self.over = true;
        let filling = self.running.take().and_then(|running| running.filling);
        self.chronicle.break_off(filling, "interrupted", at_s, actions);
    }

    fn alarm(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        if let Some(running) = &mut self.running {
            running.alarm(&self.chronicle, at_s, actions);
        }
    }

    fn into_log(self: Box<Self>) -> RunLog {
        self.chronicle.into_log()
    }
}

impl Running {
    fn new(log: &RunLog, seen: &Window, transaction: Option<usize>, warm_up: bool) -> Self {
        let length_s = seen.end_ns.saturating_sub(seen.start_ns) as f64 * 1e-9;
        let begin_s = seen.end_ns as f64 * 1e-9 + WINDOWS_AHEAD * length_s;
        let ends_s = log.begin.schedule.iter().scan(0.0, |sum_s, &(_, duration_s)| {
            *sum_s += duration_s;
            Some(begin_s + *sum_s)
        });
        Self {
            edges_s: std::iter::once(begin_s).chain(ends_s).collect(),
            told_s: Vec::new(),
            row: 0,
            filling: None,
            transaction,
            warm_up,
            complete: false,
            settled: false,
        }
    }

    fn end_s(&self) -> f64 {
        self.edges_s.last().copied().unwrap_or(0.0)
    }

    /// Tells the engine of every edge whose instant has come; of several at once, the last one holds.
    fn alarm(&mut self, chronicle: &Chronicle, at_s: f64, actions: &mut Vec<Action>) {
        let due = self.edges_s[self.told_s.len()..].partition_point(|&edge_s| edge_s <= at_s);
        if due > 0 {
            self.told_s.resize(self.told_s.len() + due, at_s);
            let row = chronicle.log().begin.schedule.get(self.told_s.len() - 1);
            actions.push(Action::SetUsers(row.map_or(0, |row| row.0)));
            actions.push(Action::Snapshot);
        }
        actions.extend(
            self.edges_s
                .get(self.told_s.len())
                .map(|&next_s| Action::Alarm(next_s)),
        );
    }

    /// Puts a window where it belongs, and closes and opens levels on the way there.
    fn count(&mut self, chronicle: &mut Chronicle, window: &Window, actions: &mut Vec<Action>) {
        let middle_s = window.start_ns.midpoint(window.end_ns) as f64 * 1e-9;
        if self.complete || middle_s < self.edges_s[0] {
            return;
        }
        if self.filling.is_none() {
            self.open(chronicle, actions);
        }
        while middle_s >= self.edges_s[self.row + 1] {
            if self.row + 2 == self.edges_s.len() {
                // The last level waits for its readings.
                self.complete = true;
                return;
            }
            self.close(chronicle, actions);
            self.row += 1;
            self.open(chronicle, actions);
        }
        if let Some(filling) = &mut self.filling {
            let (bin, written) = chronicle.fill(filling, window, |_| false, actions);
            let progress = chronicle.progress(filling, Some(&bin)).filter(|_| written);
            actions.extend(progress.map(|progress| Action::Show(with_time_left(progress))));
        }
    }

    fn open(&mut self, chronicle: &mut Chronicle, actions: &mut Vec<Action>) {
        let rows = &chronicle.log().begin.schedule;
        let (users, duration_s) = rows[self.row];
        let begin = LevelBegin {
            users,
            purpose: SCHEDULED.to_owned(),
            why: format!("Row {} of {} of the schedule.", self.row + 1, rows.len()),
            at_s: self.edges_s[self.row],
            transaction: self.transaction,
            precision: PrecisionEntry {
                window_rule: chronicle.window_rule(users),
                ..never_cut_short(duration_s, self.warm_up)
            },
            forecast_s: duration_s,
            remaining_s: Some(self.end_s() - self.edges_s[self.row]),
        };
        self.filling = Some(chronicle.begin_level(begin, actions));
    }

    fn close(&mut self, chronicle: &mut Chronicle, actions: &mut Vec<Action>) {
        let end = LevelEnd {
            ended_by: SCHEDULED.to_owned(),
            at_s: self.edges_s[self.row + 1],
            changed_at_s: self.told_s.get(self.row).copied(),
        };
        let _ = chronicle.end_level(self.filling.take(), end, actions);
    }
}

fn with_time_left(progress: Progress) -> Progress {
    let left_s = (progress.forecast_s - progress.elapsed_s).max(0.0);
    Progress {
        note: Some(format!("{left_s:.0} s of this level left")),
        ..progress
    }
}

/// Nothing is asked of a level's precision, and no share of time-outs ends it: the schedule decides.
fn never_cut_short(duration_s: f64, warm_up: bool) -> PrecisionEntry {
    Precision {
        throughput: 0.0,
        response_time: 0.0,
        warm_up,
        max_level_s: duration_s,
        max_timeout_share: 1.0,
        ..Precision::default()
    }
    .into()
}

#[cfg(test)]
mod tests;
