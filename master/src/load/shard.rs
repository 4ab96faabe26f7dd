//! One generator thread: an event loop that waits, reads, writes and obeys what sessions decide.

use super::arrivals::{ArrivalLaw, Arrivals};
use super::cache::Cache;
use super::links::{Links, event_readiness};
use super::origins::Origins;
use super::plan::Plan;
use super::session::Session;
use super::walk::Tally;
use super::wheel::Wheel;
use crate::clock::Clock;
use crate::transport::Phases;
use crate::transport::tls::TlsSession;
use recorder::Recorder;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use std::sync::{Arc, Mutex, PoisonError};

mod exchange;
mod gather;
mod open;
mod population;
pub mod recorder;

/// What the thread is told from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Command {
    /// So many users over all threads.
    Users(u32),
    /// So many transactions a second over all threads, by this law, whatever the users do; counted from this instant,
    /// ns, the same for all threads.
    Rate(f64, ArrivalLaw, u64),
    /// End now.
    Stop,
}

/// The way into a running thread.
#[derive(Debug)]
pub struct Control {
    commands: Mutex<Vec<Command>>,
    wake: OwnedFd,
}

impl Control {
    /// A way for one thread.
    ///
    /// # Errors
    /// The system's, if no event descriptor can be had.
    pub fn new() -> std::io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self {
            commands: Mutex::new(Vec::new()),
            wake,
        })
    }

    /// Tells the thread something and wakes it.
    pub fn tell(&self, command: Command) {
        self.commands
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(command);
        // A full counter means that the thread is already being woken.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    fn take(&self) -> Vec<Command> {
        let mut counter = [0; 8];
        let _ = rustix::io::read(&self.wake, &mut counter);
        std::mem::take(&mut *self.commands.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a thread has seen in all.
#[derive(Debug, Clone, Default)]
pub struct ShardEnd {
    /// Observed moves.
    pub tally: Tally,
    /// Transactions that were in work when the thread was stopped.
    pub abandoned: u64,
}

/// The event queue of a thread and the way in.
#[derive(Debug)]
pub struct Waiting {
    epoll: OwnedFd,
    control: Arc<Control>,
}

const CONTROL_KEY: u64 = u64::MAX;
const EVENTS_PER_TURN: usize = 256;
const READ_BUFFER_BYTES: usize = 64 * 1024;

impl Waiting {
    /// Makes the event queue.
    ///
    /// # Errors
    /// The system's.
    pub fn new(control: Arc<Control>) -> std::io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(
            &epoll,
            &control.wake,
            epoll::EventData::new_u64(CONTROL_KEY),
            epoll::EventFlags::IN,
        )?;
        Ok(Self { epoll, control })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    Thinking,
    Exchanging,
    /// Waits for an arrival, in the open mode.
    Resting,
    Finished,
}

#[derive(Debug)]
struct User {
    session: Session,
    activity: Activity,
    /// The connection in use, or kept for the next request.
    link: Option<u32>,
    /// Kept connections to other origins.
    parked: Vec<u32>,
    /// Resources of the page in work, while they are fetched.
    gathering: Option<Box<gather::Gathering>>,
    /// Resources that the session has, once there are any.
    cache: Option<Box<Cache>>,
    /// TLS settings of the session, once it has needed them.
    tls: Option<TlsSession>,
    leaving: bool,
    joined_just_now: bool,
    retried: bool,
    /// Addresses of the origin tried in this transaction.
    attempt: usize,
    /// The transaction in work, and whether it counts; the session is ahead of it when it ends.
    transaction: usize,
    counts: bool,
    scheduled_ns: u64,
    start_ns: u64,
    ended_ns: u64,
    /// What earlier requests of the same transaction (redirects) have taken.
    carried: Phases,
}

/// Where and as what a thread works.
#[derive(Debug, Clone, Copy)]
pub struct ShardPlace {
    /// Its number.
    pub index: usize,
    /// How many threads there are.
    pub count: usize,
}

/// State of one generator thread.
#[derive(Debug)]
pub struct Shard {
    place: ShardPlace,
    plan: Arc<Plan>,
    origins: Origins,
    clock: Clock,
    /// Wall clock at the clock's time 0, s; cookies expire by it.
    epoch_unix_s: i64,
    waiting: Waiting,
    links: Links,
    wheel: Wheel,
    users: Vec<Option<Box<User>>>,
    /// Times that each place has been taken by a user.
    lives: Vec<u32>,
    members: usize,
    finished: u32,
    /// Users whose next transaction begins without any wait.
    due: Vec<u32>,
    /// Connections that have more to read.
    again: Vec<u32>,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    recorder: Recorder,
    tally: Tally,
    stopped: bool,
    /// Whether arrivals, not think times, begin transactions.
    open: bool,
    arrivals: Arrivals,
    /// Users without work, in the open mode.
    resting: Vec<u32>,
    max_open_users: usize,
}

impl Shard {
    /// A thread's state before it runs.
    #[must_use]
    pub fn new(
        place: ShardPlace,
        plan: Arc<Plan>,
        clock: Clock,
        waiting: Waiting,
        recorder: Recorder,
    ) -> Self {
        let epoch_unix_s =
            (crate::clock::unix_ns().saturating_sub(clock.now_ns()) / 1_000_000_000).cast_signed();
        Self {
            place,
            origins: plan.origins.clone(),
            tally: plan.walk.tally(),
            links: Links::new(plan.terms, place.count),
            clock,
            epoch_unix_s,
            waiting,
            wheel: Wheel::new(),
            users: Vec::new(),
            lives: Vec::new(),
            members: 0,
            finished: 0,
            due: Vec::new(),
            again: Vec::new(),
            buffer: vec![0; READ_BUFFER_BYTES],
            scratch: Vec::new(),
            recorder,
            stopped: false,
            open: false,
            arrivals: Arrivals::new(plan.seed, place.index),
            resting: Vec::new(),
            max_open_users: plan.max_open_users.div_ceil(place.count.max(1)),
            plan,
        }
    }

    /// Runs until it is told to stop.
    #[must_use]
    pub fn run(mut self) -> ShardEnd {
        let mut events = Vec::with_capacity(EVENTS_PER_TURN);
        let mut fired = Vec::new();
        let mut looked_ns = self.clock.now_ns();
        while !self.stopped {
            let asked_ns = self.clock.now_ns();
            self.wait(asked_ns, &mut events);
            let returned_ns = self.clock.now_ns();
            for event in &events {
                self.handle(*event);
                self.start_due();
            }
            self.read_on();
            let now_ns = self.clock.now_ns();
            if !events.is_empty() {
                // Without sleep the events may have come at any time since the loop last looked.
                let slept = returned_ns - asked_ns > SLEPT_NS;
                self.recorder
                    .read_delay(now_ns - if slept { returned_ns } else { looked_ns });
            }
            looked_ns = returned_ns;
            self.arrive(now_ns);
            self.wheel.advance(now_ns, &mut fired);
            for user in fired.drain(..) {
                self.fire(user);
                self.start_due();
            }
            self.cut_windows(now_ns);
        }
        let abandoned = self
            .users
            .iter()
            .flatten()
            .filter(|user| user.activity == Activity::Exchanging)
            .count();
        ShardEnd {
            tally: self.tally,
            abandoned: abandoned as u64,
        }
    }

    fn wait(&self, now_ns: u64, events: &mut Vec<epoll::Event>) {
        events.clear();
        let busy = !self.again.is_empty() || !self.due.is_empty();
        let until_ns = if busy {
            0
        } else {
            let window_ns = self.recorder.window_end_ns();
            let timer_ns = self.wheel.next_ns().unwrap_or(u64::MAX);
            window_ns
                .min(timer_ns)
                .min(self.arrivals.next_ns().unwrap_or(u64::MAX))
        };
        wait_for(&self.waiting.epoll, until_ns.saturating_sub(now_ns), events);
    }

    fn handle(&mut self, event: epoll::Event) {
        let (key, flags) = (event.data.u64(), event.flags);
        if key == CONTROL_KEY {
            for command in self.waiting.control.take() {
                match command {
                    Command::Users(users) => self.set_users(users),
                    Command::Rate(rate_per_s, law, from_ns) => self.set_rate(rate_per_s, law, from_ns),
                    Command::Stop => self.stopped = true,
                }
            }
            return;
        }
        let Some(index) = self.links.check(key) else {
            return;
        };
        self.advance_link(index, event_readiness(flags));
    }

    fn read_on(&mut self) {
        for index in std::mem::take(&mut self.again) {
            if self.links.get(index).is_some() {
                let readiness = crate::transport::connection::Readiness {
                    readable: true,
                    ..Default::default()
                };
                self.advance_link(index, readiness);
                self.start_due();
            }
        }
    }

    fn start_due(&mut self) {
        while let Some(user) = self.due.pop() {
            self.start(user);
        }
    }

    fn fire(&mut self, user: u32) {
        match self
            .users
            .get(user as usize)
            .and_then(Option::as_ref)
            .map(|user| user.activity)
        {
            Some(Activity::Thinking) => self.start(user),
            Some(Activity::Exchanging) => self.time_out(user),
            Some(Activity::Resting | Activity::Finished) | None => {}
        }
    }

    fn cut_windows(&mut self, now_ns: u64) {
        if now_ns >= self.recorder.window_end_ns() {
            let users = if self.open {
                self.busy_users()
            } else {
                self.members
            };
            let users = u32::try_from(users).unwrap_or(u32::MAX);
            self.recorder
                .cut(now_ns, (users, self.finished), self.links.len());
        }
    }
}

/// Wall clock of an instant, s since 1970.
const fn unix_s(epoch_unix_s: i64, now_ns: u64) -> i64 {
    epoch_unix_s + (now_ns / 1_000_000_000).cast_signed()
}

/// A wait that takes longer than this has really slept.
const SLEPT_NS: u64 = 20_000;

fn wait_for(epoll: &OwnedFd, wait_ns: u64, events: &mut Vec<epoll::Event>) {
    let timeout = Timespec {
        tv_sec: (wait_ns / 1_000_000_000).cast_signed(),
        tv_nsec: (wait_ns % 1_000_000_000).cast_signed(),
    };
    let waited = epoll::wait(epoll, rustix::buffer::spare_capacity(events), Some(&timeout));
    if waited == Err(Errno::NOSYS) {
        // Kernels before 5.11 know only milliseconds here; ppoll waits as exactly, for one more call.
        let mut ready = [rustix::event::PollFd::new(epoll, rustix::event::PollFlags::IN)];
        let _ = rustix::event::poll(&mut ready, Some(&timeout));
        let _ = epoll::wait(epoll, rustix::buffer::spare_capacity(events), None);
    }
}
