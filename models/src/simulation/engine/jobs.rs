//! Jobs under way in a slab, and the deadlines of those who wait for them.

use crate::record::{Outcome, Record};
use crate::simulation::bins::nanoseconds;
use std::collections::VecDeque;

/// The user of a job that nobody waits for any more.
pub(super) const NOBODY: u32 = u32::MAX;

/// Where a job is: with the generator before sending, at a step of its route, with the generator on receiving, done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phase(u16);

impl Phase {
    pub(super) const SENDING: Self = Self(0);
    pub(super) const RECEIVING: Self = Self(u16::MAX - 1);

    pub(super) fn at_step(step: usize) -> Self {
        Self(step as u16 + 1)
    }

    #[inline]
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    #[inline]
    pub(super) fn step(self) -> Option<usize> {
        (self.0 > 0 && self.0 < Self::RECEIVING.0).then(|| usize::from(self.0) - 1)
    }
}

/// A transaction as the site sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) user: u32,
    pub(super) class: u16,
    pub(super) phase: Phase,
    pub(super) refused: bool,
    /// Which use of the place in the slab this is.
    serial: u32,
    /// Pools of which the job has a token, a bit each.
    pub(super) held: u64,
    pub(super) scheduled_s: f64,
    pub(super) start_s: f64,
    /// Negative until the request is out.
    pub(super) sent_s: f64,
}

impl Job {
    /// The record of a transaction whose answer has been read at `now_s`.
    #[inline]
    pub(super) fn answered(&self, now_s: f64, status: u16) -> Record {
        let end_ns = nanoseconds(now_s);
        Record {
            outcome: if status == 200 {
                Outcome::Ok
            } else {
                Outcome::HttpError
            },
            status,
            first_byte_ns: end_ns,
            last_byte_ns: end_ns,
            ..self.ended(end_ns)
        }
    }

    /// The record of a transaction whose time limit passed at `now_s`.
    pub(super) fn timed_out(&self, now_s: f64) -> Record {
        Record {
            outcome: if self.sent_s < 0.0 {
                Outcome::TimeoutSend
            } else {
                Outcome::TimeoutFirstByte
            },
            ..self.ended(nanoseconds(now_s))
        }
    }

    #[inline]
    fn ended(&self, end_ns: u64) -> Record {
        let start_ns = nanoseconds(self.start_s);
        Record {
            user: self.user,
            transaction: self.class,
            outcome: Outcome::Ok,
            status: 0,
            scheduled_ns: nanoseconds(self.scheduled_s),
            start_ns,
            connect_start_ns: 0,
            connect_end_ns: 0,
            tls_end_ns: 0,
            send_start_ns: start_ns,
            send_end_ns: nanoseconds(self.sent_s.max(0.0)),
            first_byte_ns: 0,
            last_byte_ns: 0,
            end_ns,
            bytes_sent: 0,
            bytes_received: 0,
        }
    }
}

/// The jobs under way, each in a place of its own that is used again.
#[derive(Debug, Clone, Default)]
pub(super) struct Jobs {
    places: Vec<Job>,
    free: Vec<u32>,
}

impl Jobs {
    #[inline]
    pub(super) fn insert(&mut self, user: u32, class: u16, now_s: f64) -> u32 {
        let mut job = Job {
            user,
            class,
            phase: Phase::SENDING,
            refused: false,
            serial: 0,
            held: 0,
            scheduled_s: now_s,
            start_s: now_s,
            sent_s: -1.0,
        };
        if let Some(place) = self.free.pop() {
            job.serial = self.places[place as usize].serial.wrapping_add(1);
            self.places[place as usize] = job;
            return place;
        }
        self.places.push(job);
        (self.places.len() - 1) as u32
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u32) -> &mut Job {
        &mut self.places[number as usize]
    }

    /// Nobody waits for the job from now on; what it was until now.
    pub(super) fn abandon(&mut self, number: u32) -> Job {
        let place = &mut self.places[number as usize];
        let job = *place;
        place.user = NOBODY;
        job
    }

    #[inline]
    pub(super) fn remove(&mut self, number: u32) -> Job {
        self.free.push(number);
        self.abandon(number)
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether somebody still waits for this very job.
    fn is_awaited(&self, number: u32, serial: u32) -> bool {
        let job = &self.places[number as usize];
        job.user != NOBODY && job.serial == serial
    }
}

#[derive(Debug, Clone, Copy)]
struct Deadline {
    at_s: f64,
    job: u32,
    serial: u32,
}

/// Deadlines. Within a class they come in the order of the starts, so that a line for each class is sorted by itself.
#[derive(Debug, Clone)]
pub(super) struct Deadlines {
    lines: Vec<VecDeque<Deadline>>,
    next_s: f64,
}

impl Deadlines {
    pub(super) fn new(classes: usize) -> Self {
        Self {
            lines: vec![VecDeque::new(); classes],
            next_s: f64::INFINITY,
        }
    }

    /// No deadline lies before this instant.
    #[inline]
    pub(super) fn next_s(&self) -> f64 {
        self.next_s
    }

    /// Notes when the one who waits for `number` gives up.
    pub(super) fn push(&mut self, jobs: &Jobs, number: u32, at_s: f64) {
        let job = &jobs.places[number as usize];
        let line = &mut self.lines[usize::from(job.class)];
        while line
            .front()
            .is_some_and(|first| !jobs.is_awaited(first.job, first.serial))
        {
            line.pop_front();
        }
        line.push_back(Deadline {
            at_s,
            job: number,
            serial: job.serial,
        });
        self.next_s = self.next_s.min(at_s);
    }

    /// Takes the earliest deadline out; the job whose user gives up, unless it is done already.
    pub(super) fn pop(&mut self, jobs: &Jobs) -> Option<u32> {
        let next_s = self.next_s;
        let due = self
            .lines
            .iter_mut()
            .filter(|line| line.front().is_some_and(|first| first.at_s <= next_s))
            .find_map(VecDeque::pop_front);
        self.next_s = self
            .lines
            .iter()
            .filter_map(VecDeque::front)
            .fold(f64::INFINITY, |least, first| least.min(first.at_s));
        due.filter(|deadline| jobs.is_awaited(deadline.job, deadline.serial))
            .map(|deadline| deadline.job)
    }
}
