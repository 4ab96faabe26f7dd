//! The connections of one thread, found by the small number that the event queue knows them by.

use super::origins::Origins;
use crate::clock::Clock;
use crate::transport::Failure;
use crate::transport::connection::{Connection, Readiness};
use crate::transport::http1::Limits;
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
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    link: Option<Box<Link>>,
}

/// All connections of a thread.
#[derive(Debug)]
pub struct Links {
    limits: Limits,
    slots: Vec<Slot>,
    free: Vec<u32>,
    open: u32,
    /// Which of the addresses 127.0.0.2, 127.0.0.3 ... to connect from, once the ports of 127.0.0.1 are used up.
    loopback_source: u8,
}

/// Source addresses tried on loopback when ports run out; each has some 28,000 ports.
const LOOPBACK_SOURCES: u8 = 200;

impl Links {
    /// No connections yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            slots: Vec::new(),
            free: Vec::new(),
            open: 0,
            loopback_source: 0,
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
            match self.dial(address, clock) {
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

    fn dial(&mut self, address: SocketAddr, clock: &Clock) -> Result<Connection, Failure> {
        loop {
            match Connection::open(address, self.source(address), self.limits, clock) {
                Err(Failure::NoPort) if self.can_move_on(address) => self.loopback_source += 1,
                other => return other,
            }
        }
    }

    fn source(&self, address: SocketAddr) -> Option<IpAddr> {
        let moved = self.loopback_source > 0 && address.is_ipv4() && address.ip().is_loopback();
        moved.then(|| IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1 + self.loopback_source)))
    }

    fn can_move_on(&self, address: SocketAddr) -> bool {
        address.is_ipv4() && address.ip().is_loopback() && self.loopback_source < LOOPBACK_SOURCES
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
