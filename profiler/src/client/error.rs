//! What can go wrong between a client and an agent.

use std::io;

use crate::wire::message::Failure;
use crate::wire::{PROTOCOL, WireError};

/// An error of a [`super::Client`]. Each names the agent's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Nothing answers there.
    #[error("no profiler can be reached at {address}: {reason}")]
    Unreachable {
        /// Where.
        address: String,
        /// What the operating system says.
        reason: String,
    },
    /// The other side does not want to talk.
    #[error("{address} refused the connection: {reason}")]
    Refused {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The agent speaks another version of the protocol.
    #[error(
        "the profiler at {address} speaks version {agent} of the protocol, this program version {own}: use the same release on both sides"
    )]
    Version {
        /// Where.
        address: String,
        /// The agent's version.
        agent: u32,
        /// Ours.
        own: u32,
    },
    /// What came makes no sense.
    #[error("{address} does not speak like a profiler: {reason}")]
    Protocol {
        /// Where.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// No answer in time.
    #[error("the profiler at {address} did not answer in time")]
    Timeout {
        /// Where.
        address: String,
    },
    /// The connection broke; [`super::Client::reconnect`] may mend it.
    #[error("the connection to the profiler at {address} broke: {reason}")]
    Broken {
        /// Where.
        address: String,
        /// What the operating system says.
        reason: String,
    },
    /// A name that no process there has.
    #[error("no process at {address} is called {name:?}{}", hint(nearest))]
    NoSuchProcess {
        /// Where.
        address: String,
        /// The name.
        name: String,
        /// The nearest names that there are.
        nearest: Vec<String>,
    },
    /// The agent has lost the session: counts begin anew.
    #[error("the profiler at {address} was started anew: its counts begin at zero")]
    Restarted {
        /// Where.
        address: String,
    },
}

fn hint(nearest: &[String]) -> String {
    if nearest.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", nearest.join(", "))
    }
}

impl ClientError {
    pub(super) fn from_connect(address: &str, error: &io::Error) -> Self {
        let (address, reason) = (address.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Timeout { address },
            io::ErrorKind::ConnectionReset => Self::Refused { address, reason },
            _ => Self::Unreachable { address, reason },
        }
    }

    pub(super) fn from_wire(address: &str, error: WireError) -> Self {
        let address = address.to_owned();
        match error {
            WireError::Timeout => Self::Timeout { address },
            WireError::Closed => Self::Broken {
                address,
                reason: "closed by the other side".into(),
            },
            WireError::Broken(error) => Self::Broken {
                address,
                reason: error.to_string(),
            },
            WireError::Garbage(reason) => Self::Protocol { address, reason },
        }
    }

    pub(super) fn from_failure(address: &str, failure: &Failure) -> Self {
        let address = address.to_owned();
        match failure {
            Failure::Version { agent } => Self::Version {
                address,
                agent: *agent,
                own: PROTOCOL,
            },
            Failure::NoSuchProcess { name, nearest } => Self::NoSuchProcess {
                address,
                name: name.clone(),
                nearest: nearest.clone(),
            },
            Failure::NotWatching => Self::Protocol {
                address,
                reason: "nothing is watched yet".into(),
            },
            Failure::Busy => Self::Refused {
                address,
                reason: "it has as many clients as it takes".into(),
            },
            Failure::BadRequest { reason } => Self::Protocol {
                address,
                reason: reason.clone(),
            },
        }
    }
}
