//! What the screen shows: the curve as far as it is known, the current level, how busy the processes are, the log.

use crate::campaign::state::Progress;
use crate::cli::progress::{begin_line, level_line};
use crate::report::chart::counts;
use crate::summary::Level;

/// A finished level on the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Users.
    pub users: f64,
    /// Served transactions per second.
    pub throughput_per_s: Option<f64>,
    /// Mean response time, ms.
    pub response_ms: Option<f64>,
    /// Whether the level counts.
    pub counts: bool,
}

/// How busy a process was at the last finished level.
#[derive(Debug, Clone, PartialEq)]
pub struct Busy {
    /// The process and its node.
    pub name: String,
    /// Share of the cores that it may use.
    pub utilization: f64,
    /// Its CPU time for a transaction, ms.
    pub demand_ms: Option<f64>,
}

/// Everything on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    colour: bool,
    current: Option<Progress>,
    curve: Vec<Point>,
    busy_at: u32,
    busy: Vec<Busy>,
    log: Vec<String>,
}

impl State {
    /// Nothing yet.
    #[must_use]
    pub const fn new(colour: bool) -> Self {
        Self {
            colour,
            current: None,
            curve: Vec::new(),
            busy_at: 0,
            busy: Vec::new(),
            log: Vec::new(),
        }
    }

    /// A level goes on.
    pub fn progress(&mut self, progress: &Progress) {
        if self
            .current
            .as_ref()
            .is_none_or(|last| last.level != progress.level)
        {
            self.log.push(begin_line(progress));
        }
        self.current = Some(progress.clone());
    }

    /// A level is over.
    pub fn level(&mut self, level: &Level) {
        self.log.push(format!("  {}", level_line(level)));
        self.curve.push(Point {
            users: f64::from(level.users),
            throughput_per_s: level.throughput_per_s.map(|rate| rate.value),
            response_ms: level.response_time_s.mean.map(|mean| mean.value * 1e3),
            counts: counts(level),
        });
        self.busy_at = level.users;
        self.busy = level
            .processes
            .iter()
            .filter_map(|process| {
                Some(Busy {
                    name: format!("{} on {}", process.process, process.node),
                    utilization: process.cpu_utilization?,
                    demand_ms: process.service_demand_s.map(|demand| demand.value * 1e3),
                })
            })
            .collect();
        self.busy.sort_by(|a, b| b.utilization.total_cmp(&a.utilization));
    }

    /// Something worth knowing happened.
    pub fn note(&mut self, text: &str) {
        self.log.push(format!("note: {text}"));
    }

    /// Whether colours are wanted.
    #[must_use]
    pub const fn colour(&self) -> bool {
        self.colour
    }

    /// The level that goes on, as last heard of.
    #[must_use]
    pub const fn current(&self) -> Option<&Progress> {
        self.current.as_ref()
    }

    /// The finished levels in their order.
    #[must_use]
    pub fn curve(&self) -> &[Point] {
        &self.curve
    }

    /// The processes, the busiest first, and the users at which they were so.
    #[must_use]
    pub fn busy(&self) -> (u32, &[Busy]) {
        (self.busy_at, &self.busy)
    }

    /// Every line of the log.
    #[must_use]
    pub fn log(&self) -> &[String] {
        &self.log
    }
}
