//! The wire: frames of a length (four bytes, most significant first) and that many bytes of JSON, over any byte stream.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub mod frame;
pub mod key;
pub mod link;
pub mod message;
pub mod pipe;
pub mod secure;

use frame::Decoder;
use link::Link;

/// Version of the messages. Peers with another one refuse each other.
pub const PROTOCOL: u32 = 1;
/// Longest frame of an answer, bytes.
pub const LONGEST_ANSWER: usize = 1 << 20;
/// Longest frame of a request, bytes: a list of names.
pub const LONGEST_REQUEST: usize = 1 << 16;

/// Why no message came.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The peer has closed the stream between two frames.
    #[error("the peer has closed the connection")]
    Closed,
    /// The peer was silent, or its frame did not end, in time.
    #[error("no complete answer in time")]
    Timeout,
    /// The stream broke.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// What came is no frame or no message.
    #[error("{0}")]
    Garbage(String),
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Broken(error),
        }
    }
}

/// One end of a connection.
#[derive(Debug)]
pub struct Connection<L> {
    link: L,
    decoder: Decoder,
}

impl<L: Link> Connection<L> {
    /// Speaks over `link` and takes frames of at most `longest` bytes.
    pub fn new(link: L, longest: usize) -> Self {
        Self {
            link,
            decoder: Decoder::new(longest),
        }
    }

    /// Sends a message; `deadline_ns` is of the monotonic clock.
    ///
    /// # Errors
    /// Timeout, broken stream, or a message too long for a frame.
    pub fn send<T: Serialize>(&mut self, message: &T, deadline_ns: u64) -> Result<(), WireError> {
        let body = serde_json::to_vec(message).map_err(|error| WireError::Garbage(error.to_string()))?;
        let frame =
            frame::encode(&body).ok_or_else(|| WireError::Garbage("the message is too long".into()))?;
        Ok(self.link.write_all_by(&frame, deadline_ns)?)
    }

    /// Waits for the first byte of a message until `first_ns`, and from then on for all of it at most `rest_ns`.
    ///
    /// # Errors
    /// See [`WireError`].
    pub fn receive<T: DeserializeOwned>(&mut self, first_ns: u64, rest_ns: u64) -> Result<T, WireError> {
        let mut deadline_ns = first_ns;
        let mut begun = self.decoder.has_begun();
        let mut bytes = [0; 8192];
        loop {
            if let Some(body) = self
                .decoder
                .take()
                .map_err(|error| WireError::Garbage(error.to_string()))?
            {
                return serde_json::from_slice(&body)
                    .map_err(|error| WireError::Garbage(format!("not a message: {error}")));
            }
            let got = self.link.read_by(&mut bytes, deadline_ns)?;
            if got == 0 && self.decoder.has_begun() {
                return Err(WireError::Garbage("the connection ended within a frame".into()));
            }
            if got == 0 {
                return Err(WireError::Closed);
            }
            if !begun {
                begun = true;
                deadline_ns = crate::clock::monotonic_ns().saturating_add(rest_ns);
            }
            self.decoder.push(&bytes[..got]);
        }
    }
}
