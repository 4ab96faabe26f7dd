//! A station at run time: its jobs on a virtual clock.

use super::effect::{Alternation, LoadSpeed, demand_factor};
use super::heap::Heap;
use super::site::{Discipline, Effect, Station};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// Jobs in service stand in a heap by the reading of the virtual clock at which their work is done. The clock runs at the
/// rate at which each of them is worked on, so that a change of rate changes no entry.
#[derive(Debug, Clone)]
pub(super) struct StationState {
    discipline: Discipline,
    in_service: Heap,
    /// Jobs that wait for a server, each with its demand.
    line: VecDeque<(u32, f64)>,
    clock: f64,
    rate: f64,
    /// Busy servers now, and their integral up to `at_s`.
    busy: f64,
    busy_s: f64,
    at_s: f64,
    load: LoadSpeed,
    time_effects: Vec<Effect>,
    alternations: Vec<Alternation>,
    rng: ChaCha8Rng,
    done_s: f64,
}

/// A job that left, and one that went from the line into service in its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Departure {
    pub(super) left: u32,
    pub(super) begun: Option<u32>,
}

impl StationState {
    pub(super) fn new(station: &Station, mut rng: ChaCha8Rng) -> Self {
        let alternations = station
            .effects
            .iter()
            .filter_map(|effect| Alternation::new(effect, &mut rng))
            .collect();
        Self {
            discipline: station.discipline,
            in_service: Heap::default(),
            line: VecDeque::new(),
            clock: 0.0,
            rate: 1.0,
            busy: 0.0,
            busy_s: 0.0,
            at_s: 0.0,
            load: LoadSpeed::new(&station.effects),
            time_effects: station
                .effects
                .iter()
                .filter(|e| e.is_of_time())
                .cloned()
                .collect(),
            alternations,
            rng,
            done_s: f64::INFINITY,
        }
    }

    /// When something happens here next: a job is done or a regime changes.
    #[inline]
    pub(super) fn next_s(&self) -> f64 {
        self.alternations
            .iter()
            .fold(self.done_s, |next, alternation| next.min(alternation.next_s))
    }

    /// Busy server-seconds up to `time_s`, which must not lie before the last event.
    pub(super) fn busy_s(&self, time_s: f64) -> f64 {
        self.busy_s + self.busy * (time_s - self.at_s)
    }

    /// Jobs here, in service or in line.
    #[inline]
    pub(super) fn jobs(&self) -> u32 {
        (self.in_service.len() + self.line.len()) as u32
    }

    /// Takes a job in; whether its service begins at once.
    #[inline]
    pub(super) fn arrive(&mut self, time_s: f64, job: u32, demand_s: f64) -> bool {
        self.advance(time_s);
        let begins = match self.discipline {
            Discipline::Fcfs { servers } => self.in_service.len() < servers as usize,
            Discipline::ProcessorSharing { .. } | Discipline::Delay => true,
        };
        if begins {
            self.begin(job, demand_s);
        } else {
            self.line.push_back((job, demand_s));
        }
        self.refresh();
        begins
    }

    /// Lets happen what [`Self::next_s`] announced for `time_s`.
    #[inline]
    pub(super) fn happen(&mut self, time_s: f64) -> Option<Departure> {
        let departure = if self.done_s <= time_s {
            self.depart(time_s)
        } else {
            self.advance(time_s);
            for alternation in &mut self.alternations {
                if alternation.next_s <= time_s {
                    alternation.switch(&mut self.rng);
                }
            }
            None
        };
        self.refresh();
        departure
    }

    #[inline]
    fn depart(&mut self, time_s: f64) -> Option<Departure> {
        let done_at = self.in_service.first();
        let left = self.in_service.pop()?;
        self.advance(time_s);
        // The clock's reading is known here without error; what rounding has gathered ends with it.
        self.clock = done_at;
        if self.in_service.len() == 0 {
            self.clock = 0.0;
        }
        let next = self.line.pop_front();
        if let Some((job, demand_s)) = next {
            self.begin(job, demand_s);
        }
        Some(Departure {
            left,
            begun: next.map(|(job, _)| job),
        })
    }

    #[inline]
    fn begin(&mut self, job: u32, demand_s: f64) {
        let demand_s = if self.time_effects.is_empty() {
            demand_s
        } else {
            demand_s * demand_factor(&self.time_effects, self.at_s)
        };
        self.in_service.push(self.clock + demand_s, job);
    }

    #[inline]
    fn advance(&mut self, time_s: f64) {
        let elapsed = time_s - self.at_s;
        self.clock += self.rate * elapsed;
        self.busy_s += self.busy * elapsed;
        self.at_s = time_s;
    }

    /// Works out rate, busy servers and the next departure for the jobs that are here now.
    #[inline]
    fn refresh(&mut self) {
        let jobs = self.jobs();
        self.rate = self.load.at(jobs);
        self.busy = f64::from(jobs);
        match self.discipline {
            Discipline::Fcfs { .. } => self.busy = self.in_service.len() as f64,
            Discipline::ProcessorSharing { servers } if jobs > servers => {
                self.busy = f64::from(servers);
                self.rate *= self.busy / f64::from(jobs);
            }
            Discipline::ProcessorSharing { .. } | Discipline::Delay => {}
        }
        for alternation in &self.alternations {
            self.rate *= alternation.speed();
            if let Some(busy) = alternation.pause_busy() {
                self.busy = busy;
            }
        }
        let first = self.in_service.first();
        self.done_s = if first.is_finite() && self.rate > 0.0 {
            self.at_s + (first - self.clock).max(0.0) / self.rate
        } else {
            f64::INFINITY
        };
    }
}
