//! The agent: accepts clients, samples for each of them on its own timer, and answers. It reads only; nothing that a client
//! says makes it write or start anything.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::agent::log::Log;
use crate::agent::session::Sessions;
use crate::clock;
use crate::observer::Observer;
use crate::system::System;
use crate::wire::key::Key;
use crate::wire::link::Link;
use crate::wire::secure::Secured;

pub mod conversation;
pub mod log;
pub mod metrics;
pub mod ring;
pub mod session;

/// Connections at one time; more are closed at once.
const MOST_CONNECTIONS: usize = 32;
/// Connections taken from the queue before the other duties have their turn.
const ACCEPTED_AT_ONCE: usize = 128;
/// Time between two samples.
const PERIOD_NS: u64 = 1_000_000_000;
/// Time between two looks into the exit ledger while processes end: what comes meanwhile waits in the kernel, which has room
/// for so much.
const DRAIN_NS: u64 = 100_000_000;
/// A connection's thread needs little; a full-size stack each would count against the address space.
const STACK_BYTES: usize = 512 * 1024;

/// What all threads of an agent share.
#[derive(Debug)]
pub struct Agent {
    state: Mutex<State>,
    connections: AtomicUsize,
    log: Log,
    key: Option<Key>,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) observer: Observer,
    pub(crate) sessions: Sessions,
}

impl Agent {
    /// An agent for a machine. With a key it speaks over the network only to those who have it too.
    #[must_use]
    pub fn new(system: System, key: Option<Key>) -> Arc<Self> {
        let state = State {
            observer: Observer::open(system),
            sessions: Sessions::default(),
        };
        let state = Mutex::new(state);
        Arc::new(Self {
            state,
            connections: AtomicUsize::new(0),
            log: Log::default(),
            key,
        })
    }

    /// Serves clients of `listener` until `stop` becomes readable.
    ///
    /// # Errors
    /// When the operating system refuses to wait for connections.
    pub fn serve(self: &Arc<Self>, listener: &TcpListener, stop: &OwnedFd) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        self.run(Some(listener), &[stop])
    }

    /// Serves one client, over the standard input and output, until it leaves or `stop` becomes readable.
    ///
    /// # Errors
    /// When the operating system refuses to wait, or why the client was dropped.
    pub fn serve_one(self: &Arc<Self>, link: impl Link + 'static, stop: &OwnedFd) -> io::Result<()> {
        let (over, open) = rustix::pipe::pipe()?;
        let agent = Arc::clone(self);
        let conversation = std::thread::spawn(move || {
            let result = agent.converse(link);
            drop(open);
            result
        });
        self.run(None, &[stop, &over])?;
        if !conversation.is_finished() {
            return Ok(());
        }
        match conversation.join() {
            Ok(result) => result.map_err(io::Error::other),
            Err(_) => Err(io::Error::other("the conversation failed")),
        }
    }

    fn run(self: &Arc<Self>, listener: Option<&TcpListener>, stops: &[&OwnedFd]) -> io::Result<()> {
        let mut next_ns = clock::monotonic_ns();
        let mut told = false;
        loop {
            let left_ns = next_ns.saturating_sub(clock::monotonic_ns());
            let woken = if told {
                wait(listener, stops, &[], left_ns.min(DRAIN_NS))?
            } else {
                let ledger = self.lock().observer.ledger_descriptors();
                wait(listener, stops, &ledger, left_ns)?
            };
            match woken {
                Woken::Stop => return Ok(()),
                Woken::Visitor => listener.into_iter().for_each(|listener| self.accept(listener)),
                Woken::Ledger | Woken::Time => {}
            }
            // Whatever woke it, one look in this time is enough.
            told = self.drain() || woken == Woken::Ledger;
            if clock::monotonic_ns() >= next_ns {
                self.sample();
                // The grid of the samples does not drift; what a stall has missed is left out.
                next_ns += (clock::monotonic_ns().saturating_sub(next_ns) / PERIOD_NS + 1) * PERIOD_NS;
            }
        }
    }

    /// Empties the exit ledger; returns whether there was anything. Reading records in bulk costs a fraction of waking up for
    /// each, so the next waits for [`DRAIN_NS`]; while nothing ends, nobody is woken to find nothing.
    fn drain(&self) -> bool {
        let mut state = self.lock();
        let State { observer, sessions } = &mut *state;
        sessions.drain(observer)
    }

    /// Takes a sample for every session that watches anything.
    fn sample(&self) {
        let mut state = self.lock();
        let State { observer, sessions } = &mut *state;
        sessions.expire(clock::monotonic_ns());
        sessions.sample(observer);
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that has panicked while it held the lock leaves counters that are still meaningful.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for _ in 0..ACCEPTED_AT_ONCE {
            match listener.accept() {
                Ok((stream, peer)) => self.welcome(stream, peer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    self.log
                        .line("accept", &format!("no connection accepted: {error}"));
                    return;
                }
            }
        }
    }

    fn welcome(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        if self.connections.fetch_add(1, Ordering::AcqRel) >= MOST_CONNECTIONS {
            self.connections.fetch_sub(1, Ordering::AcqRel);
            self.log.line(
                "full",
                &format!("{peer} refused: {MOST_CONNECTIONS} connections are open"),
            );
            return;
        }
        let agent = Arc::clone(self);
        let begun = std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let result = agent.receive(stream);
                agent.connections.fetch_sub(1, Ordering::AcqRel);
                if let Err(error) = result {
                    agent.log.line("peer", &format!("{peer} dropped: {error}"));
                }
            });
        if let Err(error) = begun {
            self.connections.fetch_sub(1, Ordering::AcqRel);
            self.log.line("thread", &format!("{peer} refused: {error}"));
        }
    }

    fn receive(self: &Arc<Self>, stream: TcpStream) -> Result<(), conversation::Dropped> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        match &self.key {
            Some(key) => {
                let deadline_ns = clock::monotonic_ns() + conversation::SHORT_NS;
                self.converse(Secured::respond(stream, key, deadline_ns)?)
            }
            None => self.converse(stream),
        }
    }

    /// Speaks with one client until it leaves or misbehaves.
    ///
    /// # Errors
    /// Why it was dropped.
    pub fn converse(self: &Arc<Self>, link: impl Link) -> Result<(), conversation::Dropped> {
        conversation::hold(self, link)
    }
}

/// Why the agent's thread goes on.
#[derive(PartialEq)]
enum Woken {
    Stop,
    Visitor,
    Ledger,
    Time,
}

/// Waits for one of these, but no longer than `left_ns`. What has come to the ledger is looked at whatever the reason.
fn wait(
    listener: Option<&TcpListener>,
    stops: &[&OwnedFd],
    ledger: &[Arc<OwnedFd>],
    left_ns: u64,
) -> io::Result<Woken> {
    let of_stops = stops.iter().map(|stop| PollFd::new(*stop, PollFlags::IN));
    let of_listener = listener.map(|listener| PollFd::new(listener, PollFlags::IN));
    let of_ledger = ledger.iter().map(|ends| PollFd::new(ends, PollFlags::IN));
    let mut descriptors: Vec<PollFd<'_>> = of_stops.chain(of_listener).chain(of_ledger).collect();
    let visitors = stops.len() + usize::from(listener.is_some());
    let seconds = (left_ns / 1_000_000_000).cast_signed();
    let timeout = Timespec {
        tv_sec: seconds,
        tv_nsec: (left_ns % 1_000_000_000).cast_signed(),
    };
    match poll(&mut descriptors, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let ready = descriptors
        .iter()
        .position(|descriptor| !descriptor.revents().is_empty());
    Ok(match ready {
        Some(index) if index < stops.len() => Woken::Stop,
        Some(index) if index < visitors => Woken::Visitor,
        Some(_) => Woken::Ledger,
        None => Woken::Time,
    })
}
