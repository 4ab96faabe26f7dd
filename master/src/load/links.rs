//! The connections of one thread, found by the small number that the event queue knows them by.

use super::origins::Origins;
use crate::clock::Clock;
use crate::transport::connection::{Connection, Readiness};
use crate::transport::tls::{TlsSession, TlsState};
use crate::transport::url::Origin;
use crate::transport::{Failure, Terms};
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A connection with its owner.
#[derive(Debug)]
pub struct Link {
    /// The user's place on its thread.
    pub user: u32,
    /// Index of the origin that it leads to.
    pub origin: usize,
    /// The connection itself.
    pub connection: Connection,
}

/// Whose connection leads where.
#[derive(Debug)]
pub struct Destination<'a> {
    /// The user's place on its thread.
    pub user: u32,
    /// Index of the origin.
    pub origin: usize,
    /// Which of the origin's addresses is tried; moved on past those that refuse at once.
    pub attempt: &'a mut usize,
    /// TLS settings of the user's session, for an https origin.
    pub tls: Option<TlsSession>,
}

/// The TLS side of a connection to an origin; `None` for plain HTTP.
///
/// # Errors
/// The origin needs TLS and cannot have it.
pub fn tls_state(origin: &Origin, session: Option<&TlsSession>) -> Result<Option<Box<TlsState>>, Failure> {
    if !origin.https {
        return Ok(None);
    }
    let session = session.ok_or_else(|| Failure::Handshake("not set up".to_owned()))?;
    TlsState::new(session, &origin.host).map(|state| Some(Box::new(state)))
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    link: Option<Box<Link>>,
}

/// All connections of a thread.
#[derive(Debug)]
pub struct Links {
    terms: Terms,
    slots: Vec<Slot>,
    free: Vec<u32>,
    open: u32,
    /// Connections after which the next of the addresses 127.0.0.1, 127.0.0.2 ... is connected from.
    per_source: u32,
    /// How many of these addresses have no ports left.
    exhausted_sources: u32,
}

/// Connections from one loopback address over all threads. There are some 28,000 ports, but the kernel looks for a free
/// one in turn, and from about half of that number on a single connect takes it a millisecond and more.
const CONNECTIONS_PER_SOURCE: usize = 8_000;
/// Source addresses tried on loopback.
const LOOPBACK_SOURCES: u32 = 200;

impl Links {
    /// No connections yet, on one of so many threads.
    #[must_use]
    pub const fn new(terms: Terms, threads: usize) -> Self {
        Self {
            terms,
            slots: Vec::new(),
            free: Vec::new(),
            open: 0,
            per_source: (CONNECTIONS_PER_SOURCE / if threads == 0 { 1 } else { threads }) as u32 + 1,
            exhausted_sources: 0,
        }
    }

    /// Number of open connections.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.open
    }

    /// Whether no connection is open.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open == 0
    }

    /// Begins a connection at the first address that takes the attempt.
    ///
    /// # Errors
    /// No address takes it, or this machine can open no more.
    pub fn open(
        &mut self,
        to: Destination<'_>,
        origins: &Origins,
        epoll: &OwnedFd,
        clock: &Clock,
    ) -> Result<u32, Failure> {
        let mut refused = Failure::Refused("no address is left".to_owned());
        while let Some(address) = origins.address(to.origin, *to.attempt) {
            let tls = || tls_state(origins.origin(to.origin), to.tls.as_ref());
            match self.dial(address, &tls, clock) {
                Ok(connection) => {
                    return self.register(
                        Link {
                            user: to.user,
                            origin: to.origin,
                            connection,
                        },
                        epoll,
                    );
                }
                Err(failure @ Failure::Refused(_)) => refused = failure,
                Err(failure) => return Err(failure),
            }
            *to.attempt += 1;
        }
        Err(refused)
    }

    fn register(&mut self, link: Link, epoll: &OwnedFd) -> Result<u32, Failure> {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            (self.slots.len() - 1) as u32
        });
        let slot = &mut self.slots[index as usize];
        let key = u64::from(slot.generation) << 32 | u64::from(index);
        let flags =
            epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        if let Err(error) = epoll::add(
            epoll,
            link.connection.socket(),
            epoll::EventData::new_u64(key),
            flags,
        ) {
            self.free.push(index);
            return Err(Failure::NoResource(error.to_string()));
        }
        slot.link = Some(Box::new(link));
        self.open += 1;
        Ok(index)
    }

    fn dial(
        &mut self,
        address: SocketAddr,
        tls: &dyn Fn() -> Result<Option<Box<TlsState>>, Failure>,
        clock: &Clock,
    ) -> Result<Connection, Failure> {
        loop {
            match Connection::open(address, self.source(address), tls()?, self.terms, clock) {
                Err(Failure::NoPort) if self.source_number(address).is_some_and(|n| n < LOOPBACK_SOURCES) => {
                    self.exhausted_sources += 1;
                }
                other => return other,
            }
        }
    }

    /// Where to connect from; `None` leaves it to the system.
    fn source(&self, address: SocketAddr) -> Option<IpAddr> {
        let number = self.source_number(address).filter(|number| *number > 0)?;
        let last = u8::try_from(number.min(LOOPBACK_SOURCES)).unwrap_or(u8::MAX);
        Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1 + last)))
    }

    /// Which loopback address is in turn; `None` for other destinations, which see only addresses that this machine has.
    fn source_number(&self, address: SocketAddr) -> Option<u32> {
        let loopback = address.is_ipv4() && address.ip().is_loopback();
        loopback.then_some(self.open / self.per_source + self.exhausted_sources)
    }

    /// The connection that an event is meant for; `None` if it was closed in the meantime.
    #[must_use]
    pub fn check(&self, key: u64) -> Option<u32> {
        let index = (key & u64::from(u32::MAX)) as u32;
        let slot = self.slots.get(index as usize)?;
        (u64::from(slot.generation) == key >> 32 && slot.link.is_some()).then_some(index)
    }

    /// A connection by its number.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&Link> {
        self.slots.get(index as usize)?.link.as_deref()
    }

    /// A connection by its number.
    pub fn get_mut(&mut self, index: u32) -> Option<&mut Link> {
        self.slots.get_mut(index as usize)?.link.as_deref_mut()
    }

    /// Closes a connection.
    pub fn close(&mut self, index: u32) {
        if let Some(slot) = self.slots.get_mut(index as usize)
            && slot.link.take().is_some()
        {
            slot.generation = slot.generation.wrapping_add(1);
            self.free.push(index);
            self.open -= 1;
        }
    }
}

/// What an event says of its socket.
#[must_use]
pub fn event_readiness(flags: epoll::EventFlags) -> Readiness {
    let broken = epoll::EventFlags::HUP | epoll::EventFlags::ERR;
    Readiness {
        readable: flags.contains(epoll::EventFlags::IN),
        writable: flags.contains(epoll::EventFlags::OUT),
        closed: flags.intersects(broken | epoll::EventFlags::RDHUP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{SocketAddr, TcpListener};

    #[test]
    fn further_source_addresses_are_taken_before_the_ports_of_one_run_out() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        let mut origins = Origins::default();
        let origin = Origin {
            https: false,
            host: "127.0.0.1".to_owned(),
            port: address.port(),
        };
        let origin = origins.add(origin, vec![address]);
        // So many threads leave three connections from each address to each of them.
        let mut links = Links::new(Terms::default(), CONNECTIONS_PER_SOURCE / 2);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll");
        let clock = Clock::start();
        for user in 0..7 {
            let to = Destination {
                user,
                origin,
                attempt: &mut 0,
                tls: None,
            };
            links.open(to, &origins, &epoll, &clock).expect("ports are free");
        }
        let mut sources: Vec<IpAddr> = (0..7)
            .map(|_| listener.accept().expect("connected").1)
            .map(|source: SocketAddr| source.ip())
            .collect();
        sources.sort_unstable();
        let expected = [1, 1, 1, 2, 2, 2, 3].map(|last| IpAddr::from([127, 0, 0, last]));
        assert_eq!(sources, expected);
    }
}
