//! The load of a run: one script after the other, each by an engine of its own, all in the run's own time.

use crate::load::Finished;
use crate::load::window::Window;
use crate::load::{ArrivalLaw, CONNECTIONS_PER_ORIGIN, Engine, EngineConfig, EngineEnd, EngineError, Script};
use autoperf_inputs::Workload;
use std::time::Duration;

/// The scripts of a run, one of which is running.
#[derive(Debug)]
pub struct Generator {
    workload: Workload,
    scripts: Vec<Script>,
    config: EngineConfig,
    epoch_ns: u64,
    engine: Engine,
}

impl Generator {
    /// Starts with the first script, without users; without any script, with the workload's navigation. The run's time 0 is
    /// the first engine's.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn start(
        workload: Workload,
        scripts: Vec<Script>,
        config: EngineConfig,
    ) -> Result<Self, EngineError> {
        let first = scripts.first().cloned().unwrap_or(Script::Navigation);
        let engine = Engine::start(&workload, first, config.clone())?;
        Ok(Self {
            workload,
            scripts,
            config,
            epoch_ns: engine.epoch_monotonic_ns(),
            engine,
        })
    }

    /// Reading of CLOCK_MONOTONIC at time 0 of the run, ns.
    #[must_use]
    pub const fn epoch_monotonic_ns(&self) -> u64 {
        self.epoch_ns
    }

    /// Why so many users may be too many for this machine, before any load.
    #[must_use]
    pub fn shortfall(&self, users: u32) -> Option<String> {
        let resources = self.config.resources || self.workload.transactions.iter().any(|t| t.resources);
        let each = if resources { CONNECTIONS_PER_ORIGIN } else { 1 };
        self.engine.room().shortfall(u64::from(users), each as u64)
    }

    /// Whether the load has broken off by itself.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.engine.is_broken()
    }

    /// How many windows make a second.
    #[must_use]
    pub fn windows_per_second(&self) -> usize {
        (1.0 / self.config.window_s).round().max(1.0) as usize
    }

    /// Ends the load at once and begins with another script, without users. A number beyond the last script changes nothing.
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn take_up(&mut self, script: usize) -> Result<(), EngineError> {
        if let Some(script) = self.scripts.get(script) {
            self.engine = Engine::start(&self.workload, script.clone(), self.config.clone())?;
        }
        Ok(())
    }

    /// Sets the number of users.
    pub fn set_users(&self, users: u32) {
        self.engine.set_users(users);
    }

    /// Sets the rate at which transactions begin, whatever becomes of them.
    pub fn set_rate(&self, rate_per_s: f64, law: ArrivalLaw) {
        self.engine.set_rate(rate_per_s, law);
    }

    /// Ends the load for good; gives what the users of the running script did.
    pub fn end(&mut self) -> EngineEnd {
        self.engine.end()
    }

    /// The next window of the running script, in the run's time; `None` if there is none within `wait`.
    pub fn next_window(&self, wait: Duration) -> Option<Window> {
        let mut window = self.engine.next_window(wait)?;
        let since_ns = self.engine.epoch_monotonic_ns().saturating_sub(self.epoch_ns);
        window.start_ns += since_ns;
        window.end_ns += since_ns;
        Some(window)
    }

    /// All transactions that have ended since the last call and are kept, at least up to the window that was given last; their
    /// instants are readings of CLOCK_MONOTONIC, ns.
    #[must_use]
    pub fn take_finished(&self) -> Vec<Finished> {
        let epoch_ns = self.engine.epoch_monotonic_ns();
        let mut all = self.engine.take_finished();
        for one in &mut all {
            crate::record::shift(&mut one.record, epoch_ns);
        }
        all
    }
}
