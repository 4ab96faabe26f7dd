//! HTTP/2 (RFC 9113) as bytes in, bytes out, like `http1`: requests as HTTP/1.1 writes them go in, answers come out.
//!
//! One value is one connection; its streams carry one exchange or many at once. Built without the cargo feature `http2`
//! there is only a stand-in that cannot be made, and whoever asks for HTTP/2 is told so before any load.

#[cfg(not(feature = "http2"))]
mod absent;
#[cfg(feature = "http2")]
mod exchange;
#[cfg(feature = "http2")]
mod heads;
#[cfg(feature = "http2")]
mod pipe;
#[cfg(feature = "http2")]
mod request;
#[cfg(feature = "http2")]
mod streams;

#[cfg(not(feature = "http2"))]
pub use absent::Http2;
#[cfg(feature = "http2")]
pub use streams::Http2;

use super::Failure;
use super::http1::head::Head;

/// Whether this program was built with HTTP/2.
pub const AVAILABLE: bool = cfg!(feature = "http2");

/// How far the exchanges of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Idle,
    /// At least one goes on.
    Pending,
    /// All are over; each has its own ending.
    Over,
}

/// One answer among those that came together.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Why there is none; `None` where it is complete.
    pub failure: Option<&'a Failure>,
    /// What its head says.
    pub head: &'a Head,
    /// The head in the form of HTTP/1.1; empty if it was not kept.
    pub head_bytes: &'a [u8],
    /// The body; empty if it was not kept.
    pub body_bytes: &'a [u8],
}
