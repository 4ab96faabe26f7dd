//! The campaign's mind: events in, actions out; no clock, no socket, no file.
//!
//! Each mode has a state of its own: [`search::Search`] asks a strategy for levels, [`schedule::Scheduled`] follows a schedule in
//! time, [`profiling::Profiling`] takes one transaction after the other, [`open::Open`] lets arrivals make the load.

use crate::journal::entry::{AgentReading, Entry};
use crate::journal::log::RunLog;
use crate::load::ArrivalLaw;
use crate::load::window::Window;
use crate::summary::Level;
use autoperf_models::level::LevelState;

mod chronicle;
pub mod open;
pub mod profiling;
pub mod schedule;
pub mod search;

pub use chronicle::{Chronicle, Start};

/// Decides what a campaign does: what each event means in a mode. Instants are seconds on the run's clock; what is to be done is
/// added to the actions. What the agents say is kept alike in every mode.
pub trait State {
    /// Where the run is kept.
    fn chronicle(&mut self) -> &mut Chronicle;

    /// [`Event::Start`].
    fn start(&mut self, at_s: f64, actions: &mut Vec<Action>);

    /// [`Event::Window`].
    fn window(&mut self, window: &Window, actions: &mut Vec<Action>);

    /// [`Event::Alarm`]; not every mode sets one.
    fn alarm(&mut self, _at_s: f64, _actions: &mut Vec<Action>) {}

    /// [`Event::Settled`].
    fn settled(&mut self, at_s: f64, actions: &mut Vec<Action>);

    /// [`Event::AgentLost`], once it is noted; without more, the level goes on.
    fn agent_lost(&mut self, _at_s: f64, _actions: &mut Vec<Action>) {}

    /// [`Event::Interrupt`].
    fn interrupt(&mut self, at_s: f64, actions: &mut Vec<Action>);

    /// Takes an event and adds what is to be done about it.
    fn handle(&mut self, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Start { at_s } => self.start(at_s, actions),
            Event::Window(window) => self.window(&window, actions),
            Event::Alarm { at_s } => self.alarm(at_s, actions),
            Event::Reading(reading) => self.chronicle().emit(Entry::Reading(reading), actions),
            Event::Settled { at_s } => self.settled(at_s, actions),
            Event::AgentLost { node, reason, at_s } => {
                self.chronicle().agent_lost(node, &reason, at_s, actions);
                self.agent_lost(at_s, actions);
            }
            Event::AgentBack { node, anew, at_s } => {
                self.chronicle().agent_back(&node, anew, at_s, actions);
            }
            Event::Interrupt { at_s } => self.interrupt(at_s, actions),
        }
    }

    /// How many windows the levels have been given, so that one can be told to belong to a level or not.
    fn filled(&mut self) -> Filled {
        self.chronicle().filled()
    }

    /// The run as it stands; at the end the same as the journal tells.
    fn into_log(self: Box<Self>) -> RunLog;
}

/// The windows that levels have been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filled {
    /// Number of the level that the last of them went to, from 1.
    pub level: usize,
    /// How many there were, over all levels.
    pub windows: u64,
}

/// What happens to a campaign. Instants are seconds on the run's clock.
#[derive(Debug)]
pub enum Event {
    /// Everything is ready; no user runs yet.
    Start {
        /// Now.
        at_s: f64,
    },
    /// The engine has closed a window.
    Window(Box<Window>),
    /// The instant of the last [`Action::Alarm`] has come.
    Alarm {
        /// Now.
        at_s: f64,
    },
    /// An agent has sent a reading.
    Reading(Box<AgentReading>),
    /// The snapshots asked for have arrived, or their time is up.
    Settled {
        /// Now.
        at_s: f64,
    },
    /// An agent does not answer any more.
    AgentLost {
        /// Its node.
        node: String,
        /// What was seen.
        reason: String,
        /// Now.
        at_s: f64,
    },
    /// A lost agent answers again.
    AgentBack {
        /// Its node.
        node: String,
        /// Whether it has begun anew.
        anew: bool,
        /// Now.
        at_s: f64,
    },
    /// The user wants to stop.
    Interrupt {
        /// Now.
        at_s: f64,
    },
}

/// What the driver is to do.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// Bring the number of running users to this.
    SetUsers(u32),
    /// Begin so many transactions a second from now on, by this law, whatever becomes of them.
    SetRate(f64, ArrivalLaw),
    /// End the load at once and begin with this script of the run, without users.
    Script(usize),
    /// Report [`Event::Alarm`] at this instant, s; a later one takes the place of an earlier one.
    Alarm(f64),
    /// Ask every agent for a reading now, then report [`Event::Settled`].
    Snapshot,
    /// Append to the journal.
    Write(Box<Entry>),
    /// Make the journal survive a power cut.
    Sync,
    /// Show how far it has got.
    Show(Progress),
    /// Show a finished level.
    ShowLevel(Box<Level>),
    /// End: no more events are needed.
    Finish,
}

/// How far a level has got.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Number of the level from 1.
    pub level: usize,
    /// Its users.
    pub users: u32,
    /// Why it is run.
    pub why: String,
    /// Time since its begin, s.
    pub elapsed_s: f64,
    /// Forecast of its duration when it began, s.
    pub forecast_s: f64,
    /// Longest duration that it may have, s.
    pub limit_s: f64,
    /// Forecast of the whole rest of the run when the level began, the level included, s; `None` where nobody forecasts it.
    pub remaining_s: Option<f64>,
    /// Where it stands.
    pub state: LevelState,
    /// What else to show in place of the state, where the state does not decide the level's end.
    pub note: Option<String>,
}
