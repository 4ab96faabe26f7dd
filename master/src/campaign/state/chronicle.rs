//! What every mode does alike: keep the run as the journal tells it, fill a level with windows, note what the agents do.

use super::{Action, Filled, Progress};
use crate::campaign::second::Gatherer;
use crate::journal::entry::{Agent, Begin, End, Entry, LevelBegin, LevelEnd, Note};
use crate::journal::log::{INTERRUPTED, RunLog};
use crate::load::window::Window;
use crate::summary::analysis::{self, Measured};
use autoperf_models::level::{Bin, LevelMonitor};

/// What a campaign begins with.
#[derive(Debug, Clone)]
pub struct Start {
    /// First entry of the journal.
    pub begin: Begin,
    /// Agents reached.
    pub agents: Vec<Agent>,
    /// How many of the engine's windows make a second of the journal.
    pub windows_per_second: usize,
}

/// The run so far, and what is to be written of it.
#[derive(Debug)]
pub struct Chronicle {
    log: RunLog,
    lost_agents: Vec<String>,
    windows_per_second: usize,
    filled: Filled,
    over: bool,
}

/// A level that is being filled.
#[derive(Debug)]
pub(super) struct Filling {
    pub(super) monitor: LevelMonitor,
    pub(super) begin_s: f64,
    gatherer: Gatherer,
}

impl Chronicle {
    pub(super) fn new(start: Start) -> Self {
        let mut log = RunLog::new(start.begin);
        log.agents = start.agents;
        Self {
            log,
            lost_agents: Vec::new(),
            windows_per_second: start.windows_per_second,
            filled: Filled::default(),
            over: false,
        }
    }

    pub(super) const fn log(&self) -> &RunLog {
        &self.log
    }

    pub(super) const fn filled(&self) -> Filled {
        self.filled
    }

    pub(super) fn into_log(self) -> RunLog {
        self.log
    }

    pub(super) fn emit(&mut self, entry: Entry, actions: &mut Vec<Action>) {
        self.log.push(entry.clone());
        actions.push(Action::Write(Box::new(entry)));
    }

    /// AutoPerf's test for the end of the warm-up, where it is asked for, for so many users.
    pub(super) fn window_rule(&self, users: u32) -> Option<(u64, u32, f64)> {
        let (each, values, difference) = self.log.begin.search.window_rule?;
        Some((each.saturating_mul(u64::from(users.max(1))), values, difference))
    }

    /// Writes that a level begins, and gives what will hold its windows.
    pub(super) fn begin_level(&mut self, begin: LevelBegin, actions: &mut Vec<Action>) -> Filling {
        let filling = Filling {
            monitor: LevelMonitor::new(begin.precision.into()),
            begin_s: begin.at_s,
            gatherer: Gatherer::default(),
        };
        self.emit(Entry::LevelBegin(begin), actions);
        filling
    }

    /// Adds a window to the level; writes and shows it whenever a second is full, or at once where `flush` asks for it.
    /// Gives the window's bin, and whether something was written.
    pub(super) fn fill(
        &mut self,
        filling: &mut Filling,
        window: &Window,
        flush: impl FnOnce(&LevelMonitor) -> bool,
        actions: &mut Vec<Action>,
    ) -> (Bin, bool) {
        self.filled = Filled {
            level: self.log.levels.len(),
            windows: self.filled.windows + 1,
        };
        let bin = filling.gatherer.add(window, filling.begin_s);
        filling.monitor.observe(&bin);
        let full = filling.gatherer.windows() >= self.windows_per_second || flush(&filling.monitor);
        if full {
            self.flush(filling, actions);
        }
        (bin, full)
    }

    fn flush(&mut self, filling: &mut Filling, actions: &mut Vec<Action>) {
        if let Some(second) = filling.gatherer.take() {
            self.emit(Entry::Second(Box::new(second)), actions);
        }
    }

    /// How far the level has got after a window; none yet at its begin.
    pub(super) fn progress(&self, filling: &Filling, bin: Option<&Bin>) -> Option<Progress> {
        let begin = &self.log.levels.last()?.begin;
        Some(Progress {
            level: self.log.levels.len(),
            users: begin.users,
            why: begin.why.clone(),
            elapsed_s: bin.map_or(0.0, |bin| bin.start_s + bin.length_s),
            forecast_s: begin.forecast_s,
            limit_s: begin.precision.max_level_s,
            remaining_s: begin.remaining_s,
            state: filling.monitor.state(),
            note: None,
        })
    }

    /// Writes that the level is over, shows and gives what it has measured.
    pub(super) fn end_level(
        &mut self,
        filling: Option<Filling>,
        end: LevelEnd,
        actions: &mut Vec<Action>,
    ) -> Option<Measured> {
        if let Some(mut filling) = filling {
            self.flush(&mut filling, actions);
        }
        self.emit(Entry::LevelEnd(end), actions);
        actions.push(Action::Sync);
        let measured = self.measured()?;
        actions.push(Action::ShowLevel(Box::new(measured.level.clone())));
        Some(measured)
    }

    /// What the level that began last has measured so far.
    pub(super) fn measured(&self) -> Option<Measured> {
        let level = self.log.levels.last()?;
        Some(analysis::analyse(&self.log.begin, &self.log.agents, level))
    }

    pub(super) const fn has_lost_agents(&self) -> bool {
        !self.lost_agents.is_empty()
    }

    pub(super) fn agent_lost(&mut self, node: String, reason: &str, at_s: f64, actions: &mut Vec<Action>) {
        let text = format!("the profiler on {node} does not answer: {reason}");
        self.note_profiler(text, at_s, actions);
        if !self.lost_agents.contains(&node) {
            self.lost_agents.push(node);
        }
    }

    pub(super) fn agent_back(&mut self, node: &str, anew: bool, at_s: f64, actions: &mut Vec<Action>) {
        let how = if anew {
            "answers again and has begun anew: what it counted in between is lost"
        } else {
            "answers again and has gone on counting meanwhile"
        };
        self.note_profiler(format!("the profiler on {node} {how}"), at_s, actions);
        self.lost_agents.retain(|lost| lost != node);
    }

    fn note_profiler(&mut self, text: String, at_s: f64, actions: &mut Vec<Action>) {
        let about = "profiler".into();
        self.emit(Entry::Note(Note { about, text, at_s }), actions);
    }

    /// Ends the run in the middle of a level, whose windows so far are kept and enter no figure.
    pub(super) fn break_off(
        &mut self,
        filling: Option<Filling>,
        how: &str,
        at_s: f64,
        actions: &mut Vec<Action>,
    ) {
        if self.over {
            return;
        }
        if let Some(mut filling) = filling {
            self.flush(&mut filling, actions);
        }
        if self.log.levels.last().is_some_and(|level| level.end.is_none()) {
            let ended_by = INTERRUPTED.to_owned();
            let end = LevelEnd {
                ended_by,
                at_s,
                changed_at_s: None,
            };
            self.emit(Entry::LevelEnd(end), actions);
        }
        self.finish(how, at_s, actions);
    }

    pub(super) fn finish(&mut self, how: &str, at_s: f64, actions: &mut Vec<Action>) {
        if self.over {
            return;
        }
        self.over = true;
        let how = how.to_owned();
        self.emit(Entry::End(End { how, at_s }), actions);
        actions.extend([Action::SetUsers(0), Action::Sync, Action::Finish]);
    }
}
