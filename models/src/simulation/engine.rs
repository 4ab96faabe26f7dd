//! The simulator: one event after the other.

mod events;
mod jobs;
mod routes;
mod users;

use super::heap::Heap;
use super::pool::PoolState;
use super::site::{Site, SiteError, Station};
use super::station::StationState;
use super::walk::Walk;
use crate::distribution::{Distribution, Sampler};
use crate::record::Record;
use jobs::{Deadlines, Jobs};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use routes::{GeneratorLaws, Route};
use users::Users;

/// How much has happened since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Events: ends of think and service times, arrivals, time limits, changes of regime.
    pub events: u64,
    /// Transactions begun (scheduled, even if the generator has not come to them).
    pub begun: u64,
    /// Records emitted with outcome ok.
    pub served: u64,
    /// Records emitted with an error that is no time-out.
    pub failed: u64,
    /// Records emitted with a time-out.
    pub timed_out: u64,
    /// Sessions that came to Exit.
    pub sessions: u64,
}

/// A site in motion.
#[derive(Debug, Clone)]
pub struct Simulator {
    now_s: f64,
    stations: Vec<StationState>,
    /// Next event of each station, beside each other for the search of the least.
    station_next_s: Vec<f64>,
    pools: Vec<PoolState>,
    routes: Vec<Route>,
    walk: Walk,
    generator: Option<GeneratorLaws>,
    /// Ends of think times.
    thinking: Heap,
    users: Users,
    jobs: Jobs,
    deadlines: Deadlines,
    /// Jobs that go on at this instant.
    ready: Vec<u32>,
    services: ChaCha8Rng,
    /// Law of the time between arrivals from outside.
    arrivals: Option<Sampler>,
    arrivals_rng: ChaCha8Rng,
    next_arrival_s: f64,
    counters: Counters,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Source {
    Station(usize),
    Deadline,
    Thinking,
    Arrival,
}

/// Streams of random numbers of one seed: services, arrivals, then a block for each kind of owner.
const STREAM_SERVICES: u64 = 0;
const STREAM_ARRIVALS: u64 = 1;
const STREAM_STATIONS: u64 = 1 << 16;

fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

impl Simulator {
    /// The site at time 0 without users.
    ///
    /// # Errors
    /// Where the site cannot be simulated.
    pub fn new(site: &Site, seed: u64) -> Result<Self, SiteError> {
        site.validate()?;
        let own = site
            .generator
            .as_ref()
            .map(|generator| Station::fcfs("generator", generator.threads));
        let stations: Vec<StationState> = site
            .stations
            .iter()
            .chain(&own)
            .zip(STREAM_STATIONS..)
            .map(|(station, number)| StationState::new(station, stream(seed, number)))
            .collect();
        Ok(Self {
            now_s: 0.0,
            station_next_s: stations.iter().map(StationState::next_s).collect(),
            stations,
            pools: site.pools.iter().map(PoolState::new).collect(),
            routes: site.classes.iter().map(Route::new).collect(),
            walk: Walk::new(site),
            generator: site
                .generator
                .as_ref()
                .map(|g| GeneratorLaws::new(g, site.stations.len())),
            thinking: Heap::default(),
            users: Users::new(seed),
            jobs: Jobs::default(),
            deadlines: Deadlines::new(site.classes.len()),
            ready: Vec::new(),
            services: stream(seed, STREAM_SERVICES),
            arrivals: None,
            arrivals_rng: stream(seed, STREAM_ARRIVALS),
            next_arrival_s: f64::INFINITY,
            counters: Counters::default(),
        })
    }

    /// Changes the closed population to `users`, from now on. New users begin a session with a think time; users beyond
    /// the number leave after their current transaction.
    pub fn set_users(&mut self, users: u32) {
        for user in self.users.resize(users) {
            self.begin_session(user);
        }
    }

    /// Lets sessions arrive from outside, the first after one time between arrivals from now; `None` ends that. Each
    /// visitor walks the graph once and leaves at Exit.
    ///
    /// # Errors
    /// Where the law is none, or its mean is 0.
    pub fn set_arrivals(&mut self, between: Option<&Distribution>) -> Result<(), SiteError> {
        let place = || "arrivals".to_owned();
        if let Some(law) = between {
            law.validate().map_err(|error| SiteError::Law {
                place: place(),
                error,
            })?;
            if law.mean() <= 0.0 {
                return Err(SiteError::Parameter { place: place() });
            }
        }
        self.arrivals = between.map(Sampler::new);
        self.next_arrival_s = f64::INFINITY;
        self.schedule_arrival();
        Ok(())
    }

    /// Lets everything happen up to and with `time_s`. The records come in order of their ends. An earlier time changes
    /// nothing.
    pub fn run_until(&mut self, time_s: f64, mut sink: impl FnMut(&Record)) {
        loop {
            let (next_s, source) = self.next_event();
            if next_s > time_s || !next_s.is_finite() {
                break;
            }
            self.now_s = next_s;
            // A deadline counts when it turns out that somebody still waited.
            self.counters.events += u64::from(!matches!(source, Source::Deadline));
            match source {
                Source::Station(station) => self.station_event(station),
                Source::Deadline => self.deadline_event(&mut sink),
                Source::Thinking => self.think_event(),
                Source::Arrival => self.arrival_event(),
            }
            while let Some(job) = self.ready.pop() {
                self.go_on(job, &mut sink);
            }
        }
        self.now_s = self.now_s.max(time_s);
    }

    /// The virtual clock, s since the start.
    #[must_use]
    pub fn now_s(&self) -> f64 {
        self.now_s
    }

    /// Busy server-seconds of a station since the start: what a profiler would read as CPU time. A station that is not
    /// there has none.
    #[must_use]
    pub fn busy_s(&self, station: usize) -> f64 {
        self.stations.get(station).map_or(0.0, |s| s.busy_s(self.now_s))
    }

    /// Busy thread-seconds of the generator since the start; 0 without one.
    #[must_use]
    pub fn generator_busy_s(&self) -> f64 {
        self.generator
            .as_ref()
            .map_or(0.0, |generator| self.busy_s(generator.station))
    }

    /// Jobs at a station now, waiting ones included.
    #[must_use]
    pub fn jobs_at(&self, station: usize) -> u32 {
        self.stations.get(station).map_or(0, StationState::jobs)
    }

    /// Users who think now; those who have been removed meanwhile count until they are asked to act.
    #[must_use]
    pub fn thinking(&self) -> usize {
        self.thinking.len()
    }

    /// Tokens of a pool in use now, and jobs that wait for one.
    #[must_use]
    pub fn pool_use(&self, pool: usize) -> (u32, usize) {
        self.pools.get(pool).map_or((0, 0), |p| (p.in_use(), p.waiting()))
    }

    /// Transactions under way, whose users wait for them.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        let Counters {
            served,
            failed,
            timed_out,
            ..
        } = self.counters;
        self.counters.begun - served - failed - timed_out
    }

    /// Jobs that are still worked on though their users have left them.
    #[must_use]
    pub fn abandoned_jobs(&self) -> u64 {
        self.jobs.len() as u64 - self.in_flight()
    }

    /// What has happened since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    #[inline]
    fn next_event(&self) -> (f64, Source) {
        let mut first = (self.thinking.first(), Source::Thinking);
        if self.next_arrival_s <= first.0 {
            first = (self.next_arrival_s, Source::Arrival);
        }
        if self.deadlines.next_s() <= first.0 {
            first = (self.deadlines.next_s(), Source::Deadline);
        }
        for (station, next_s) in self.station_next_s.iter().enumerate() {
            // A transaction that is done at its deadline is in time.
            if *next_s <= first.0 {
                first = (*next_s, Source::Station(station));
            }
        }
        first
    }
}
