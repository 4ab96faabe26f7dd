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
use crate::wire::link::Link;

pub mod conversation;
pub mod log;
pub mod ring;
pub mod session;

/// Connections at one time; more are closed at once.
const MOST_CONNECTIONS: usize = 32;
/// Connections taken from the queue before the other duties have their turn.
const ACCEPTED_AT_ONCE: usize = 128;
/// Time between two samples.
const PERIOD_NS: u64 = 1_000_000_000;
/// Time between two looks into the exit ledger: what comes meanwhile waits in the kernel, which has room for so much.
const DRAIN_NS: u64 = 100_000_000;
/// A connection's thread needs little; a full-size stack each would count against the address space.
const STACK_BYTES: usize = 512 * 1024;

/// What all threads of an agent share.
#[derive(Debug)]
pub struct Agent {
    state: Mutex<State>,
    connections: AtomicUsize,
    log: Log,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) observer: Observer,
    pub(crate) sessions: Sessions,
}

impl Agent {
    /// An agent for a machine.
    #[must_use]
    pub fn new(system: System) -> Arc<Self> {
        let state = State {
            observer: Observer::open(system),
            sessions: Sessions::default(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            connections: AtomicUsize::new(0),
            log: Log::default(),
        })
    }

    /// Serves clients of `listener` until `stop` becomes readable.
    ///
    /// # Errors
    /// When the operating system refuses to wait for connections.
    pub fn serve(self: &Arc<Self>, listener: &TcpListener, stop: &OwnedFd) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let mut next_ns = clock::monotonic_ns();
        loop {
            let mut descriptors = [
                PollFd::new(stop, PollFlags::IN),
                PollFd::new(listener, PollFlags::IN),
            ];
            let most_ns = if self.lock().observer.has_ledger() {
                DRAIN_NS
            } else {
                PERIOD_NS
            };
            let left_ns = next_ns.saturating_sub(clock::monotonic_ns()).min(most_ns);
            let timeout = Timespec {
                tv_sec: (left_ns / 1_000_000_000).cast_signed(),
                tv_nsec: (left_ns % 1_000_000_000).cast_signed(),
            };
            match poll(&mut descriptors, Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            if !descriptors[0].revents().is_empty() {
                return Ok(());
            }
            if !descriptors[1].revents().is_empty() {
                self.accept(listener);
            }
            self.drain();
            if clock::monotonic_ns() >= next_ns {
                self.sample();
                // The grid of the samples does not drift; what a stall has missed is left out.
                next_ns += (clock::monotonic_ns().saturating_sub(next_ns) / PERIOD_NS + 1) * PERIOD_NS;
            }
        }
    }

    /// Empties the exit ledger. Reading records in bulk costs a fraction of waking up for each.
    fn drain(&self) {
        let mut state = self.lock();
        let State { observer, sessions } = &mut *state;
        sessions.drain(observer);
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
                let result = prepare(&stream)
                    .map_err(Into::into)
                    .and_then(|()| agent.converse(stream));
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

    /// Speaks with one client until it leaves or misbehaves.
    ///
    /// # Errors
    /// Why it was dropped.
    pub fn converse(self: &Arc<Self>, link: impl Link) -> Result<(), conversation::Dropped> {
        conversation::hold(self, link)
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)
}
