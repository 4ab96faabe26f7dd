//! The simulator: one event after the other.

mod jobs;
mod users;

use super::heap::Heap;
use super::pool::{Grant, PoolState};
use super::site::{Class, Generator, Site, SiteError, Station, Step};
use super::station::StationState;
use super::walk::Walk;
use crate::distribution::{Distribution, Sampler, half_open};
use crate::record::Record;
use jobs::{Deadlines, Jobs, NOBODY, Phase};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use users::{User, Users};

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
#[derive(Debug)]
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
    arrivals: Option<Arrivals>,
    arrivals_rng: ChaCha8Rng,
    next_arrival_s: f64,
    counters: Counters,
}

/// A class made ready for drawing.
#[derive(Debug)]
struct Route {
    steps: Vec<RouteStep>,
    think: Sampler,
    timeout_s: f64,
    failures: f64,
}

#[derive(Debug, Clone)]
enum RouteStep {
    Visit(u16, Sampler),
    Take(u8),
    Return(u8),
}

#[derive(Debug)]
struct GeneratorLaws {
    station: usize,
    send: Sampler,
    receive: Sampler,
}

#[derive(Debug)]
struct Arrivals {
    between: Sampler,
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
        self.arrivals = between.map(|law| Arrivals {
            between: Sampler::new(law),
        });
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

    #[inline]
    fn station_event(&mut self, station: usize) {
        let departure = self.stations[station].happen(self.now_s);
        self.station_next_s[station] = self.stations[station].next_s();
        let Some(departure) = departure else {
            return;
        };
        if let Some(begun) = departure.begun {
            self.service_begun(begun);
        }
        let job = self.jobs.get_mut(departure.left);
        job.phase = job.phase.next();
        self.ready.push(departure.left);
    }

    /// A job whose sending begins is a transaction that really starts.
    #[inline]
    fn service_begun(&mut self, number: u32) {
        let job = self.jobs.get_mut(number);
        if job.phase == Phase::SENDING {
            job.start_s = self.now_s;
            let timeout_s = self.routes[usize::from(job.class)].timeout_s;
            if timeout_s.is_finite() {
                self.deadlines.push(&self.jobs, number, self.now_s + timeout_s);
            }
        }
    }

    #[inline]
    fn think_event(&mut self) {
        let Some(user) = self.thinking.pop() else {
            return;
        };
        if self.users.leaves(user) {
            return;
        }
        self.counters.begun += 1;
        let class = self.users.get_mut(user).class;
        let number = self.jobs.insert(user, class, self.now_s);
        if self.generator.is_none() {
            self.service_begun(number);
            let job = self.jobs.get_mut(number);
            job.sent_s = self.now_s;
            job.phase = job.phase.next();
        }
        self.ready.push(number);
    }

    /// Takes a job from step to step until it must wait.
    #[inline]
    fn go_on(&mut self, number: u32, sink: &mut impl FnMut(&Record)) {
        loop {
            let job = self.jobs.get_mut(number);
            match (job.phase.step(), &self.generator) {
                (Some(step), _) => {
                    if job.sent_s < 0.0 {
                        job.sent_s = self.now_s;
                    }
                    let class = usize::from(job.class);
                    if step < self.routes[class].steps.len() {
                        if self.take_step(number, class, step) {
                            continue;
                        }
                        return;
                    }
                    if self.generator.is_none() {
                        return self.finish(number, sink);
                    }
                    self.jobs.get_mut(number).phase = Phase::RECEIVING;
                }
                (None, Some(generator)) => {
                    let law = match job.phase {
                        Phase::SENDING => &generator.send,
                        Phase::RECEIVING => &generator.receive,
                        _ => return self.finish(number, sink),
                    };
                    let (station, work_s) = (generator.station, law.sample(&mut self.services));
                    return self.arrive(station, number, work_s);
                }
                (None, None) => return self.finish(number, sink),
            }
        }
    }

    /// Whether the job may go on at once.
    #[inline]
    fn take_step(&mut self, number: u32, class: usize, step: usize) -> bool {
        match &self.routes[class].steps[step] {
            RouteStep::Visit(station, demand) => {
                let (station, work_s) = (usize::from(*station), demand.sample(&mut self.services));
                self.arrive(station, number, work_s);
                return false;
            }
            RouteStep::Take(pool) => {
                let pool = *pool;
                match self.pools[usize::from(pool)].take(number) {
                    Grant::Taken => self.jobs.get_mut(number).held |= 1 << pool,
                    Grant::Waits => return false,
                    Grant::Refused => {
                        self.refuse(number, class);
                        return true;
                    }
                }
            }
            RouteStep::Return(pool) => {
                let pool = *pool;
                self.give_back(number, pool);
            }
        }
        let job = self.jobs.get_mut(number);
        job.phase = job.phase.next();
        true
    }

    #[inline]
    fn arrive(&mut self, station: usize, number: u32, work_s: f64) {
        let begins = self.stations[station].arrive(self.now_s, number, work_s);
        self.station_next_s[station] = self.stations[station].next_s();
        if begins {
            self.service_begun(number);
        }
    }

    fn give_back(&mut self, number: u32, pool: u8) {
        self.jobs.get_mut(number).held &= !(1 << pool);
        if let Some(next) = self.pools[usize::from(pool)].give_back() {
            let job = self.jobs.get_mut(next);
            job.held |= 1 << pool;
            job.phase = job.phase.next();
            self.ready.push(next);
        }
    }

    /// The line before a pool is full: the job returns what it holds and skips the rest of its route.
    #[cold]
    fn refuse(&mut self, number: u32, class: usize) {
        let held = self.jobs.get_mut(number).held;
        for pool in (0..64_u8).filter(|pool| held & (1 << pool) != 0) {
            self.give_back(number, pool);
        }
        let job = self.jobs.get_mut(number);
        job.refused = true;
        job.phase = Phase::at_step(self.routes[class].steps.len());
    }

    #[inline]
    fn finish(&mut self, number: u32, sink: &mut impl FnMut(&Record)) {
        let job = self.jobs.remove(number);
        if job.user == NOBODY {
            return;
        }
        let failures = self.routes[usize::from(job.class)].failures;
        let status = match () {
            () if job.refused => 503,
            () if failures > 0.0 && half_open(&mut self.services) < failures => 500,
            () => 200,
        };
        if status == 200 {
            self.counters.served += 1;
        } else {
            self.counters.failed += 1;
        }
        sink(&job.answered(self.now_s, status));
        self.go_to_next_transaction(job.user);
    }

    #[inline(never)]
    fn deadline_event(&mut self, sink: &mut impl FnMut(&Record)) {
        let Some(number) = self.deadlines.pop(&self.jobs) else {
            return;
        };
        self.counters.events += 1;
        self.counters.timed_out += 1;
        let job = self.jobs.abandon(number);
        sink(&job.timed_out(self.now_s));
        self.go_to_next_transaction(job.user);
    }

    #[inline]
    fn go_to_next_transaction(&mut self, number: u32) {
        if self.users.leaves(number) {
            return;
        }
        let user = self.users.get_mut(number);
        let class = self.walk.follow(user.class, half_open(&mut user.rng));
        if class.is_none() {
            self.counters.sessions += 1;
        }
        match class {
            Some(class) => self.think_before(number, class),
            None if Users::is_visitor(number) => self.users.dismiss(number),
            None => self.begin_session(number),
        }
    }

    fn begin_session(&mut self, number: u32) {
        let user = self.users.get_mut(number);
        let class = self.walk.enter(half_open(&mut user.rng));
        self.think_before(number, class);
    }

    #[inline]
    fn think_before(&mut self, number: u32, class: u16) {
        let user: &mut User = self.users.get_mut(number);
        user.class = class;
        let think_s = self.routes[usize::from(class)].think.sample(&mut user.rng);
        self.thinking.push(self.now_s + think_s, number);
    }

    #[inline(never)]
    fn arrival_event(&mut self) {
        let visitor = self.users.admit();
        self.begin_session(visitor);
        self.schedule_arrival();
    }

    fn schedule_arrival(&mut self) {
        if let Some(arrivals) = &self.arrivals {
            self.next_arrival_s = self.now_s + arrivals.between.sample(&mut self.arrivals_rng);
        }
    }
}

impl Route {
    fn new(class: &Class) -> Self {
        let step = |step: &Step| match step {
            Step::Visit { station, demand } => RouteStep::Visit(*station as u16, Sampler::new(demand)),
            Step::Take(pool) => RouteStep::Take(*pool as u8),
            Step::Return(pool) => RouteStep::Return(*pool as u8),
        };
        Self {
            steps: class.route.iter().map(step).collect(),
            think: Sampler::new(&class.think),
            timeout_s: class.timeout_s.unwrap_or(f64::INFINITY),
            failures: class.failures,
        }
    }
}

impl GeneratorLaws {
    fn new(generator: &Generator, station: usize) -> Self {
        Self {
            station,
            send: Sampler::new(&generator.send),
            receive: Sampler::new(&generator.receive),
        }
    }
}
