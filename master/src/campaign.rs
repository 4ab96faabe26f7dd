//! The campaign's hands: takes windows and readings, lets [`state::State`] decide, and obeys.

use crate::agents::{AgentEvent, Agents};
use crate::campaign::state::{Action, Event, Progress, State};
use crate::clock::Clock;
use crate::journal::log::RunLog;
use crate::journal::{JournalError, Writer};
use crate::load::Engine;
use crate::summary::Level;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub mod second;
pub mod state;

/// How long one turn of the loop waits for a window.
const TURN: Duration = Duration::from_millis(50);
/// How long a snapshot may take before the level goes on without it.
const SNAPSHOT_WITHIN_S: f64 = 2.0;

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
    pub engine: &'a Engine,
    /// The profilers.
    pub agents: &'a Agents,
    /// The run directory's truth.
    pub journal: Writer,
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
    /// [`JournalError`] where the journal cannot be written; the load is stopped by then.
    pub fn run(mut self, mut state: State) -> Result<RunLog, JournalError> {
        let mut waiting = Waiting::default();
        let mut actions = Vec::new();
        state.handle(Event::Start { at_s: self.now_s() }, &mut actions);
        loop {
            for action in std::mem::take(&mut actions) {
                if !self.carry_out(action, &mut waiting)? {
                    return Ok(state.into_log());
                }
            }
            self.listen(&mut state, &mut waiting, &mut actions);
        }
    }

    fn now_s(&self) -> f64 {
        self.clock.now_ns() as f64 * 1e-9
    }

    /// Does what the state wants; `false` when the campaign is over.
    fn carry_out(&mut self, action: Action, waiting: &mut Waiting) -> Result<bool, JournalError> {
        match action {
            Action::SetUsers(users) => self.engine.set_users(users),
            Action::Snapshot => {
                *waiting = Waiting::new(self.agents.snapshot(), self.now_s() + SNAPSHOT_WITHIN_S)
            }
            Action::Write(entry) => {
                if let crate::journal::entry::Entry::Note(note) = &*entry {
                    self.display.note(&note.text);
                }
                self.journal
                    .append(&entry)
                    .inspect_err(|_| self.engine.set_users(0))?;
            }
            Action::Sync => self.journal.sync()?,
            Action::Show(progress) => self.display.progress(&progress),
            Action::ShowLevel(level) => self.display.level(&level),
            Action::Finish => return Ok(false),
        }
        Ok(true)
    }

    /// Waits a turn and tells the state what has happened.
    fn listen(&mut self, state: &mut State, waiting: &mut Waiting, actions: &mut Vec<Action>) {
        if let Some(window) = self.engine.next_window(TURN) {
            state.handle(Event::Window(Box::new(window)), actions);
        }
        let at_s = self.now_s();
        for event in self.agents.take() {
            let event = match event {
                AgentEvent::Reading(reading) => Event::Reading(reading),
                AgentEvent::Lost { node, reason } => Event::AgentLost { node, reason, at_s },
                AgentEvent::Back { node } => Event::AgentBack { node, at_s },
                AgentEvent::SnapshotDone => {
                    waiting.answers = waiting.answers.saturating_sub(1);
                    continue;
                }
            };
            state.handle(event, actions);
        }
        if waiting.is_over(at_s) {
            waiting.active = false;
            state.handle(Event::Settled { at_s }, actions);
        }
        if self.interrupt.load(Ordering::Relaxed) {
            state.handle(Event::Interrupt { at_s }, actions);
        }
    }
}

/// Answers that a snapshot still waits for.
#[derive(Debug, Default)]
struct Waiting {
    active: bool,
    answers: usize,
    until_s: f64,
}

impl Waiting {
    const fn new(answers: usize, until_s: f64) -> Self {
        Self {
            active: true,
            answers,
            until_s,
        }
    }

    fn is_over(&self, at_s: f64) -> bool {
        self.active && (self.answers == 0 || at_s >= self.until_s)
    }
}
