//! What a client asks and an agent answers. The client asks first; every request has one answer.

use serde::{Deserialize, Serialize};

use crate::matching::How;
use crate::reading::Reading;

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// The first of every connection.
    Hello {
        /// [`super::PROTOCOL`] of the client.
        protocol: u32,
        /// The session to go on with after a broken connection.
        resume: Option<String>,
    },
    /// Watch these groups from now on, and no others.
    Watch {
        /// Their names, see [`crate::matching::Pattern`].
        groups: Vec<String>,
    },
    /// Take a reading now.
    Snapshot,
    /// Readings later than this one.
    Drain {
        /// Sequence number of the last reading that the client has; 0 for none.
        since: u64,
    },
    /// What time it is.
    Time,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// To `Hello`.
    Hello(Hello),
    /// To `Watch`.
    Watching {
        /// What each name means now.
        matched: Vec<Matched>,
    },
    /// To `Snapshot`.
    Reading(Box<Reading>),
    /// To `Drain`: as many readings as fit a frame.
    Drained {
        /// In their order.
        readings: Vec<Reading>,
        /// Readings that were asked for and are no longer in the ring.
        lost: u64,
        /// Whether there are still later ones.
        more: bool,
    },
    /// To `Time`.
    Time {
        /// Monotonic clock, ns.
        monotonic_ns: u64,
        /// Wall clock, ns since 1970.
        wall_ns: u64,
    },
    /// To anything.
    Failed(Failure),
}

/// What an agent says of itself and its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`super::PROTOCOL`] of the agent.
    pub protocol: u32,
    /// Version of the agent.
    pub version: String,
    /// Names this connection's watch and ring, to resume it.
    pub session: String,
    /// Whether the session asked for was still there.
    pub resumed: bool,
    /// Name of the host.
    pub host: String,
    /// Its kernel's release.
    pub kernel: String,
    /// Cores online.
    pub cores: u32,
    /// Model of its processor; empty where the kernel does not tell.
    pub cpu_model: String,
    /// Its monotonic clock, ns.
    pub monotonic_ns: u64,
    /// Its wall clock, ns since 1970.
    pub wall_ns: u64,
    /// Clock ticks per second of its process times.
    pub ticks_per_s: u64,
    /// The sources of CPU time that it can use there, the best first.
    #[serde(default)]
    pub sources: Vec<String>,
}

/// What a name means on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// The name.
    pub name: String,
    /// Its processes, descendants included.
    pub processes: Vec<MatchedProcess>,
}

/// One process of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchedProcess {
    /// Its number.
    pub pid: u32,
    /// Its program, or its thread's name where that is hidden.
    pub exe: String,
    /// By what it was recognised.
    pub how: How,
}

/// Why a request cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The peers speak different versions.
    Version {
        /// The agent's.
        agent: u32,
    },
    /// A name that no process has.
    NoSuchProcess {
        /// The name.
        name: String,
        /// The nearest names that there are.
        nearest: Vec<String>,
    },
    /// Nothing is watched yet.
    NotWatching,
    /// The agent has as many clients as it takes.
    Busy,
    /// The request makes no sense.
    BadRequest {
        /// Why.
        reason: String,
    },
}
