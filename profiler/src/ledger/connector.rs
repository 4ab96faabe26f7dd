//! The kernel's process events (`include/uapi/linux/cn_proc.h`): who started whom, and who became another program.

use std::io;

use rustix::net::netlink::CONNECTOR;

use crate::netlink::{self, HEADER, Socket, u32_at};

mod filter;

/// The connector's number and group for processes.
const PROCESSES: u32 = 1;
/// Bytes of the connector's own header.
const CONNECTOR_HEADER: usize = 20;
/// Bytes of an event before the numbers of its tasks.
const BEFORE_IDS: usize = 16;
/// Kinds of events.
const FORK: u32 = 1;
const EXEC: u32 = 2;
const COMM: u32 = 0x200;

/// An event of a process; those of its threads are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `parent` has started `pid`.
    Fork {
        /// The starter.
        parent: u32,
        /// The started.
        pid: u32,
    },
    /// A process has started a thread.
    Thread {
        /// The process.
        pid: u32,
        /// The thread.
        thread: u32,
    },
    /// It has become another program.
    Exec {
        /// The process.
        pid: u32,
    },
    /// It has taken another thread name.
    Rename {
        /// The process.
        pid: u32,
    },
}

impl Event {
    /// Reads one message; `None` for what is not used.
    #[must_use]
    pub fn parse(message: &[u8]) -> Option<Self> {
        let event = message.get(HEADER + CONNECTOR_HEADER..)?;
        let id = |index: usize| u32_at(event, BEFORE_IDS + 4 * index);
        match u32_at(event, 0)? {
            FORK if id(2)? == id(3)? => Some(Self::Fork {
                parent: id(1)?,
                pid: id(3)?,
            }),
            FORK => Some(Self::Thread {
                pid: id(3)?,
                thread: id(2)?,
            }),
            EXEC => Some(Self::Exec { pid: id(1)? }),
            COMM if id(0)? == id(1)? => Some(Self::Rename { pid: id(1)? }),
            _ => None,
        }
    }

    /// Whether this is the start of the process or thread `task`.
    #[must_use]
    pub fn is_start_of(&self, task: u32) -> bool {
        match self {
            Self::Fork { pid, .. } => *pid == task,
            Self::Thread { thread, .. } => *thread == task,
            _ => false,
        }
    }
}

/// A socket to which the kernel reports process events.
pub(super) fn listen(buffer_bytes: usize) -> io::Result<Socket> {
    const LISTEN: u32 = 1;
    let socket = Socket::open(CONNECTOR, PROCESSES, buffer_bytes)?;
    let mut body = Vec::new();
    for word in [PROCESSES, 1, 0, 0] {
        body.extend_from_slice(&u32::to_ne_bytes(word));
    }
    body.extend_from_slice(&4_u16.to_ne_bytes());
    body.extend_from_slice(&0_u16.to_ne_bytes());
    body.extend_from_slice(&LISTEN.to_ne_bytes());
    socket.send(&netlink::request(3, &body))?;
    Ok(socket)
}

/// Lets the kernel keep back the events that are not used. Where it cannot, they only cost their reading.
pub(super) fn narrow(socket: &Socket) {
    let _ = socket.filter(&mut filter::program());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(what: u32, ids: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER + CONNECTOR_HEADER];
        bytes.extend_from_slice(&what.to_ne_bytes());
        bytes.extend_from_slice(&[0; 12]);
        ids.iter()
            .for_each(|id| bytes.extend_from_slice(&id.to_ne_bytes()));
        bytes
    }

    #[test]
    fn processes_are_told_from_threads() {
        assert_eq!(
            Event::parse(&message(1, &[11, 10, 20, 20])),
            Some(Event::Fork { parent: 10, pid: 20 })
        );
        assert_eq!(
            Event::parse(&message(1, &[9, 9, 21, 20])),
            Some(Event::Thread { pid: 20, thread: 21 })
        );
        assert_eq!(
            Event::parse(&message(2, &[20, 20])),
            Some(Event::Exec { pid: 20 })
        );
        assert_eq!(
            Event::parse(&message(0x200, &[20, 20])),
            Some(Event::Rename { pid: 20 })
        );
        assert_eq!(Event::parse(&message(0x200, &[21, 20])), None);
        assert_eq!(Event::parse(&message(0x8000_0000, &[20, 20])), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_event_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = Event::parse(&bytes);
        }
    }
}
