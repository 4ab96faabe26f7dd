//! Carries one request and its answer over a connection and notes when each phase happened.
//!
//! `http1` and `http2` are pure; `connection` does the I/O on one non-blocking socket and never waits; whoever owns the
//! event loop tells it what the socket is ready for. Nothing here knows of users, workloads or time-outs.

pub mod connection;
pub mod http1;
pub mod http2;
pub mod resolve;
pub mod socket;
pub mod stream;
pub mod tls;
pub mod url;

use crate::transport::http1::Fault;
use autoperf_models::record::Outcome;

/// Which HTTP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Version {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2: over TLS only where the server agrees, else by prior knowledge.
    Http2,
    /// What the server prefers of the two over TLS (ALPN), HTTP/1.1 without TLS.
    Auto,
}

/// On what terms connections are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// What an answer may cost.
    pub limits: http1::Limits,
    /// Which HTTP is spoken.
    pub version: Version,
}

/// Instants of the phases of one exchange (ns of the caller's clock, 0 = did not happen) and its bytes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Phases {
    /// Connection attempt begun; 0 on a kept connection.
    pub connect_start_ns: u64,
    /// Connection established.
    pub connect_end_ns: u64,
    /// TLS handshake finished.
    pub tls_end_ns: u64,
    /// First byte of the request handed to the socket.
    pub send_start_ns: u64,
    /// Last byte of the request handed to the socket.
    pub send_end_ns: u64,
    /// First byte of the answer read.
    pub first_byte_ns: u64,
    /// Last byte of the answer read.
    pub last_byte_ns: u64,
    /// Bytes of requests written, heads included, TLS framing excluded.
    pub bytes_sent: u64,
    /// Bytes of answers read, heads included, TLS framing excluded.
    pub bytes_received: u64,
}

/// Why an exchange did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The peer refused the connection or cannot be reached.
    #[error("cannot connect: {0}")]
    Refused(String),
    /// TLS could not be agreed on: the certificate is not believed, or the peer speaks something else.
    #[error("TLS: {0}")]
    Handshake(String),
    /// The connection was closed or reset before the answer was complete.
    #[error("{0}")]
    Reset(String),
    /// The answer is not what it should be.
    #[error(transparent)]
    Answer(Fault),
    /// The system gave up the connection attempt after its own time limit.
    #[error("the connection attempt timed out")]
    ConnectTimedOut,
    /// No local port is left for this peer.
    #[error("no local port is left")]
    NoPort,
    /// Another resource of this machine is used up (descriptors, memory).
    #[error("this machine cannot open another connection: {0}")]
    NoResource(String),
}

/// What came of the last step of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It waits for the socket.
    Pending,
    /// It could read on, but lets others have their turn: call `ready` again without waiting.
    Again,
    /// The answer is complete.
    Complete,
    /// The exchange is over without one; the connection is useless.
    Failed(Failure),
    /// The peer closed a connection that had nothing to do; it is useless.
    IdleClosed,
}

/// The phase that an unfinished exchange is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Connection or TLS handshake not yet established.
    Connect,
    /// Request not yet sent as a whole.
    Send,
    /// Nothing of the answer has arrived.
    FirstByte,
    /// The answer has begun.
    Body,
}

impl Failure {
    /// The outcome of a transaction that ends by it.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(_) | Self::Handshake(_) => Outcome::Refused,
            Self::Reset(_) => Outcome::Reset,
            Self::ConnectTimedOut => Outcome::TimeoutConnect,
            Self::Answer(Fault::TooLarge(_)) => Outcome::TooLarge,
            Self::Answer(_) => Outcome::Malformed,
            Self::NoPort | Self::NoResource(_) => Outcome::Generator,
        }
    }
}
