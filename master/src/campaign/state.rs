//! The campaign's mind: events in, actions out; no clock, no socket, no file.

use crate::campaign::second::Gatherer;
use crate::journal::entry::{Agent, AgentReading, Begin, End, Entry, LevelBegin, LevelEnd, Note};
use crate::journal::log::{INTERRUPTED, RunLog};
use crate::load::window::Window;
use crate::summary::Level;
use crate::summary::analysis;
use autoperf_models::level::{LevelMonitor, LevelState, StopReason};
use autoperf_models::search::{LevelOutcome, LevelPlan, Next, Purpose, Strategy};

/// What happens to a campaign. Instants are seconds on the engine's clock.
#[derive(Debug)]
pub enum Event {
    /// Everything is ready; no user runs yet.
    Start {
        /// Now.
        at_s: f64,
    },
    /// The engine has closed a window.
    Window(Box<Window>),
    /// An agent has sent a reading.
    Reading(Box<AgentReading>),
    /// The snapshots asked for last have arrived, or their time is up.
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
    /// Where it stands.
    pub state: LevelState,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Running(Box<Running>),
    Closing(StopReason),
    Over,
}

#[derive(Debug)]
struct Running {
    monitor: LevelMonitor,
    gatherer: Gatherer,
    begin_s: f64,
    plan: LevelPlan,
}

/// The state of a campaign.
pub struct State {
    log: RunLog,
    strategy: Box<dyn Strategy>,
    phase: Phase,
    lost_agents: Vec<String>,
    outcomes: Vec<LevelOutcome>,
    windows_per_second: usize,
}

impl State {
    /// A campaign that has not started, with the agents reached; `windows_per_second` is how many engine windows make a
    /// second of the journal.
    #[must_use]
    pub fn new(
        begin: Begin,
        agents: Vec<Agent>,
        strategy: Box<dyn Strategy>,
        windows_per_second: usize,
    ) -> Self {
        let mut log = RunLog::new(begin);
        log.agents = agents;
        let (lost_agents, outcomes) = (Vec::new(), Vec::new());
        Self {
            log,
            strategy,
            phase: Phase::Idle,
            lost_agents,
            outcomes,
            windows_per_second,
        }
    }

    /// The run as it stands; at the end the same as the journal tells.
    #[must_use]
    pub fn into_log(self) -> RunLog {
        self.log
    }

    /// Takes an event and adds what is to be done about it.
    pub fn handle(&mut self, event: Event, actions: &mut Vec<Action>) {
        match event {
            Event::Start { at_s } => {
                let next = self.strategy.next(None);
                self.follow(next, at_s, actions);
            }
            Event::Window(window) => self.window(&window, actions),
            Event::Reading(reading) => self.emit(Entry::Reading(reading), actions),
            Event::Settled { at_s } => self.settled(at_s, actions),
            Event::AgentLost { node, reason, at_s } => self.agent_lost(node, &reason, at_s, actions),
            Event::AgentBack { node, at_s } => self.agent_back(&node, at_s, actions),
            Event::Interrupt { at_s } => self.interrupt(at_s, actions),
        }
    }

    fn emit(&mut self, entry: Entry, actions: &mut Vec<Action>) {
        self.log.push(entry.clone());
        actions.push(Action::Write(Box::new(entry)));
    }

    fn follow(&mut self, next: Next, at_s: f64, actions: &mut Vec<Action>) {
        match next {
            Next::Run(_) if !self.lost_agents.is_empty() => self.finish("profiler_lost", at_s, actions),
            Next::Run(plan) => self.begin_level(plan, at_s, actions),
            Next::Done(_) => self.finish("finished", at_s, actions),
        }
    }

    fn begin_level(&mut self, plan: LevelPlan, at_s: f64, actions: &mut Vec<Action>) {
        let begin = LevelBegin {
            users: plan.users,
            purpose: purpose_name(plan.purpose).to_owned(),
            why: plan.why.clone(),
            at_s,
            precision: plan.precision.into(),
            forecast_s: plan.forecast_s,
        };
        self.emit(Entry::LevelBegin(begin), actions);
        actions.push(Action::SetUsers(plan.users));
        actions.push(Action::Snapshot);
        let monitor = LevelMonitor::new(plan.precision);
        let running = Running {
            monitor,
            gatherer: Gatherer::default(),
            begin_s: at_s,
            plan,
        };
        self.phase = Phase::Running(Box::new(running));
    }

    fn window(&mut self, window: &Window, actions: &mut Vec<Action>) {
        let Phase::Running(running) = &mut self.phase else {
            return;
        };
        // A window that began before the level holds users of the level before.
        if (window.start_ns as f64) * 1e-9 < running.begin_s - 1e-6 {
            return;
        }
        let bin = running.gatherer.add(window, running.begin_s);
        running.monitor.observe(&bin);
        let state = running.monitor.state();
        let done = match state {
            LevelState::Done(reason) => Some(reason),
            LevelState::Warming | LevelState::Measuring { .. } => None,
        };
        if done.is_none() && running.gatherer.windows() < self.windows_per_second {
            return;
        }
        let second = running.gatherer.take();
        let progress = Progress {
            level: self.log.levels.len(),
            users: running.plan.users,
            why: running.plan.why.clone(),
            elapsed_s: bin.start_s + bin.length_s,
            forecast_s: running.plan.forecast_s,
            state,
        };
        if let Some(second) = second {
            self.emit(Entry::Second(Box::new(second)), actions);
        }
        actions.push(Action::Show(progress));
        if let Some(reason) = done {
            self.phase = Phase::Closing(reason);
            actions.push(Action::Snapshot);
        }
    }

    fn settled(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        let Phase::Closing(reason) = self.phase else {
            return;
        };
        let ended_by = stop_name(reason).to_owned();
        self.emit(Entry::LevelEnd(LevelEnd { ended_by, at_s }), actions);
        actions.push(Action::Sync);
        self.phase = Phase::Idle;
        let Some(level) = self.log.levels.last() else {
            return;
        };
        let measured = analysis::analyse(&self.log.begin, &self.log.agents, level);
        actions.push(Action::ShowLevel(Box::new(measured.level)));
        let next = self.strategy.next(Some(&measured.outcome));
        self.outcomes.push(measured.outcome);
        self.follow(next, at_s, actions);
    }

    fn agent_lost(&mut self, node: String, reason: &str, at_s: f64, actions: &mut Vec<Action>) {
        let text = format!("the profiler on {node} does not answer: {reason}");
        self.emit(
            Entry::Note(Note {
                about: "profiler".into(),
                text,
                at_s,
            }),
            actions,
        );
        if !self.lost_agents.contains(&node) {
            self.lost_agents.push(node);
        }
    }

    fn agent_back(&mut self, node: &str, at_s: f64, actions: &mut Vec<Action>) {
        let text = format!("the profiler on {node} answers again");
        self.emit(
            Entry::Note(Note {
                about: "profiler".into(),
                text,
                at_s,
            }),
            actions,
        );
        self.lost_agents.retain(|lost| lost != node);
    }

    fn interrupt(&mut self, at_s: f64, actions: &mut Vec<Action>) {
        if let Phase::Running(running) = &mut self.phase
            && let Some(second) = running.gatherer.take()
        {
            self.emit(Entry::Second(Box::new(second)), actions);
        }
        if matches!(self.phase, Phase::Running(_) | Phase::Closing(_)) {
            self.emit(
                Entry::LevelEnd(LevelEnd {
                    ended_by: INTERRUPTED.into(),
                    at_s,
                }),
                actions,
            );
        }
        self.finish("interrupted", at_s, actions);
    }

    fn finish(&mut self, how: &str, at_s: f64, actions: &mut Vec<Action>) {
        if matches!(self.phase, Phase::Over) {
            return;
        }
        self.phase = Phase::Over;
        self.emit(
            Entry::End(End {
                how: how.to_owned(),
                at_s,
            }),
            actions,
        );
        actions.extend([Action::SetUsers(0), Action::Sync, Action::Finish]);
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
