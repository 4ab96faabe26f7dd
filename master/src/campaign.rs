//! The campaign's hands: takes windows and readings, lets [`state::State`] decide, and obeys.

use crate::agents::{AgentEvent, Agents};
use crate::campaign::state::{Action, Event, Progress, State};
use crate::clock::Clock;
use crate::generator::Generator;
use crate::journal::entry::{Entry, Note, RecordEnd, Walks};
use crate::journal::log::RunLog;
use crate::journal::{JournalError, Writer};
use crate::load::{EngineError, Window};
use crate::record::{FINISH_WITHIN, Mirror};
use crate::summary::Level;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub mod second;
pub mod state;

/// How long one turn of the loop waits for a window at most.
const TURN: Duration = Duration::from_millis(50);
/// How long a snapshot may take before the level goes on without it.
const SNAPSHOT_WITHIN_S: f64 = 2.0;

/// Why a campaign cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A script cannot be taken up.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A generator thread has ended in the middle of the run.
    #[error(
        "a generator thread has ended by itself (what it said is above); the journal has what was measured until then"
    )]
    Broken,
}

/// Shows a campaign to whoever watches.
pub trait Display {
    /// A level goes on.
    fn progress(&mut self, progress: &Progress);
    /// A level is over.
    fn level(&mut self, level: &Level);
    /// Something worth knowing happened.
    fn note(&mut self, text: &str);
}

/// What a campaign works with.
pub struct Campaign<'a> {
    /// The load.
    pub generator: &'a mut Generator,
    /// The profilers.
    pub agents: &'a Agents,
    /// The run directory's truth.
    pub journal: Writer,
    /// The record of every transaction, where one was asked for.
    pub mirror: Option<Mirror>,
    /// Who watches.
    pub display: &'a mut dyn Display,
    /// Set when the user wants to stop.
    pub interrupt: &'a AtomicBool,
    /// The run's time, the same as the engine's.
    pub clock: Clock,
}

impl Campaign<'_> {
    /// Runs the campaign to its end and gives the run as the journal tells it.
    ///
    /// # Errors
    /// [`CampaignError`]; the load is stopped by then.
    pub fn run(mut self, state: Box<dyn State>) -> Result<RunLog, CampaignError> {
        let ended = self.carry_on(state);
        // What a run that broke off had to record is written nonetheless.
        self.finish_records();
        ended
    }

    fn carry_on(&mut self, mut state: Box<dyn State>) -> Result<RunLog, CampaignError> {
        let mut pending = Pending::default();
        let mut actions = Vec::new();
        state.handle(Event::Start { at_s: self.now_s() }, &mut actions);
        let mut going_on = self.obey(&mut actions, &mut pending)?;
        while going_on {
            let window = self.generator.next_window(pending.turn(self.now_s()));
            if window.is_none() && self.generator.is_broken() {
                return Err(CampaignError::Broken);
            }
            let at_s = self.now_s();
            // An alarm that is due goes first: a window that has come in the meantime may lie after its instant.
            if pending.alarm_s.take_if(|due_s| *due_s <= at_s).is_some() {
                state.handle(Event::Alarm { at_s }, &mut actions);
                self.obey(&mut actions, &mut pending)?;
            }
            if let Some(window) = window {
                self.take(state.as_mut(), window, &mut pending, &mut actions)?;
            }
            self.listen(state.as_mut(), &mut pending, &mut actions);
            going_on = self.obey(&mut actions, &mut pending)?;
        }
        let mut log = state.into_log();
        log.walks = pending.walks;
        log.records = pending.records;
        log.notes.extend(pending.notes);
        log.notes.sort_by(|one, other| one.at_s.total_cmp(&other.at_s));
        Ok(log)
    }

    /// Does what the state wants, in its order; `false` when the campaign is over.
    fn obey(&mut self, actions: &mut Vec<Action>, pending: &mut Pending) -> Result<bool, CampaignError> {
        for action in std::mem::take(actions) {
            let carried_out = self.carry_out(action, pending);
            if !carried_out.inspect_err(|_| self.generator.set_users(0))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn now_s(&self) -> f64 {
        self.clock.now_ns() as f64 * 1e-9
    }

    /// Does what the state wants; `false` when the campaign is over.
    fn carry_out(&mut self, action: Action, pending: &mut Pending) -> Result<bool, CampaignError> {
        match action {
            Action::SetUsers(users) => self.generator.set_users(users),
            Action::SetRate(rate_per_s, law) => self.generator.set_rate(rate_per_s, law),
            Action::Script(script) => self.generator.take_up(script)?,
            Action::Alarm(at_s) => pending.alarm_s = Some(at_s),
            Action::Snapshot => pending.ask(self.agents.snapshot(), self.now_s() + SNAPSHOT_WITHIN_S),
            Action::Write(entry) => {
                match &*entry {
                    Entry::Note(note) => self.display.note(&note.text),
                    Entry::End(_) => {
                        pending.walks = self.end_load()?;
                        pending.records = self.end_records()?;
                    }
                    _ => {}
                }
                self.journal.append(&entry)?;
            }
            Action::Sync => self.journal.sync()?,
            Action::Show(progress) => self.display.progress(&progress),
            Action::ShowLevel(level) => self.display.level(&level),
            Action::Finish => return Ok(false),
        }
        Ok(true)
    }

    /// Ends the load; writes and gives the ways of the users, where they walked a graph.
    fn end_load(&mut self) -> Result<Option<Walks>, CampaignError> {
        let end = self.generator.end();
        if end.transitions.is_empty() {
            return Ok(None);
        }
        let walks = Walks {
            sessions: end.sessions,
            transitions: end.transitions,
        };
        self.journal.append(&Entry::Walks(walks.clone()))?;
        Ok(Some(walks))
    }

    /// Gives the state a window, and its transactions to the record.
    fn take(
        &mut self,
        state: &mut dyn State,
        mut window: Window,
        pending: &mut Pending,
        actions: &mut Vec<Action>,
    ) -> Result<(), CampaignError> {
        let Some(mirror) = &mut self.mirror else {
            state.handle(Event::Window(Box::new(window)), actions);
            return Ok(());
        };
        // What the record lacks is known before the window is counted, whose transactions these are only afterwards.
        let on_the_way = window.generator.unrecorded;
        window.generator.unrecorded += mirror.take(self.generator.take_finished(), on_the_way);
        let before = state.filled();
        state.handle(Event::Window(Box::new(window)), actions);
        let after = state.filled();
        mirror.pass_on((after.windows > before.windows).then_some(after.level));
        for text in mirror.failures() {
            self.display.note(&text);
            let (about, at_s) = ("record".to_owned(), self.clock.now_ns() as f64 * 1e-9);
            let note = Note { about, text, at_s };
            self.journal.append(&Entry::Note(note.clone()))?;
            pending.notes.push(note);
        }
        Ok(())
    }

    fn finish_records(&mut self) -> Vec<RecordEnd> {
        let mirror = self.mirror.take();
        mirror.map_or_else(Vec::new, |mirror| mirror.finish(FINISH_WITHIN))
    }

    /// Ends the records; writes and gives what became of each.
    fn end_records(&mut self) -> Result<Vec<RecordEnd>, CampaignError> {
        let ends = self.finish_records();
        for end in &ends {
            self.journal.append(&Entry::Record(end.clone()))?;
        }
        Ok(ends)
    }

    /// Tells the state what else has happened in the last turn.
    fn listen(&self, state: &mut dyn State, pending: &mut Pending, actions: &mut Vec<Action>) {
        let at_s = self.now_s();
        for event in self.agents.take() {
            let event = match event {
                AgentEvent::Reading(reading) => Event::Reading(reading),
                AgentEvent::Lost { node, reason } => Event::AgentLost { node, reason, at_s },
                AgentEvent::Back { node, anew } => Event::AgentBack { node, anew, at_s },
                AgentEvent::SnapshotDone => {
                    pending.answers = pending.answers.saturating_sub(1);
                    continue;
                }
            };
            state.handle(event, actions);
        }
        if pending.is_settled(at_s) {
            pending.asked = false;
            state.handle(Event::Settled { at_s }, actions);
        }
        if self.interrupt.load(Ordering::Relaxed) {
            state.handle(Event::Interrupt { at_s }, actions);
        }
    }
}

/// What is still to come.
#[derive(Debug, Default)]
struct Pending {
    /// Instant of the alarm, s.
    alarm_s: Option<f64>,
    /// Whether a snapshot was asked for whose answers are not all here.
    asked: bool,
    /// Answers to all snapshots so far that have not come yet.
    answers: usize,
    /// When the snapshots asked for are given up, s.
    until_s: f64,
    /// What the users did, once the load has ended.
    walks: Option<Walks>,
    /// What became of the records, once the load has ended.
    records: Vec<RecordEnd>,
    /// What was noted of them meanwhile.
    notes: Vec<Note>,
}

impl Pending {
    const fn ask(&mut self, answers: usize, until_s: f64) {
        // What was given up earlier is not waited for again.
        self.answers = if self.asked {
            self.answers + answers
        } else {
            answers
        };
        self.asked = true;
        self.until_s = until_s;
    }

    fn is_settled(&self, at_s: f64) -> bool {
        self.asked && (self.answers == 0 || at_s >= self.until_s)
    }

    /// How long to wait for a window, so that the alarm is not missed.
    fn turn(&self, at_s: f64) -> Duration {
        let left_s = self
            .alarm_s
            .map_or(f64::INFINITY, |due_s| (due_s - at_s).max(0.0));
        TURN.min(Duration::try_from_secs_f64(left_s).unwrap_or(TURN))
    }
}
