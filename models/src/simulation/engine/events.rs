//! What each kind of event does.

use super::Simulator;
use super::jobs::{NOBODY, Phase};
use super::routes::RouteStep;
use super::users::{User, Users};
use crate::distribution::half_open;
use crate::record::Record;
use crate::simulation::pool::Grant;

impl Simulator {
    #[inline]
    pub(super) fn station_event(&mut self, station: usize) {
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
    pub(super) fn think_event(&mut self) {
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
    pub(super) fn go_on(&mut self, number: u32, sink: &mut impl FnMut(&Record)) {
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
    pub(super) fn deadline_event(&mut self, sink: &mut impl FnMut(&Record)) {
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

    pub(super) fn begin_session(&mut self, number: u32) {
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
    pub(super) fn arrival_event(&mut self) {
        let visitor = self.users.admit();
        self.begin_session(visitor);
        self.schedule_arrival();
    }

    pub(super) fn schedule_arrival(&mut self) {
        if let Some(between) = &self.arrivals {
            self.next_arrival_s = self.now_s + between.sample(&mut self.arrivals_rng);
        }
    }
}
