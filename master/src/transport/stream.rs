//! A socket with or without TLS on it, alike to whoever sends and receives.

use super::tls::TlsState;
use super::{Failure, socket};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

/// The byte stream of a connection.
#[derive(Debug)]
pub struct Stream {
    socket: OwnedFd,
    tls: Option<Box<TlsState>>,
}

impl Stream {
    /// Over a socket that is being connected.
    #[must_use]
    pub const fn new(socket: OwnedFd, tls: Option<Box<TlsState>>) -> Self {
        Self { socket, tls }
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Whether there is TLS on it.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The protocol that both sides have agreed on in the handshake (ALPN), if they have.
    #[must_use]
    pub fn agreed_protocol(&self) -> Option<&[u8]> {
        self.tls.as_ref()?.agreed_protocol()
    }

    /// Whether the connection attempt has succeeded.
    ///
    /// # Errors
    /// Why it has not.
    pub fn connected(&self) -> Result<(), Failure> {
        socket::connected(&self.socket)
    }

    /// Goes on with the handshake; true when there is nothing left of it.
    ///
    /// # Errors
    /// `Handshake` or the socket's.
    pub fn handshake(&mut self) -> Result<bool, Failure> {
        self.tls
            .as_mut()
            .map_or(Ok(true), |tls| tls.handshake(&self.socket))
    }

    /// Writes; the number of bytes taken, which may still have to be flushed.
    ///
    /// # Errors
    /// The socket's.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        match &mut self.tls {
            None => Ok(socket::write(&self.socket, bytes)?.unwrap_or(0)),
            Some(tls) => tls.write(bytes).map(|()| bytes.len()),
        }
    }

    /// Brings taken bytes to the socket; true when none are left.
    ///
    /// # Errors
    /// The socket's.
    pub fn flush(&mut self) -> Result<bool, Failure> {
        self.tls.as_mut().map_or(Ok(true), |tls| tls.flush(&self.socket))
    }

    /// Reads; `None` if nothing has arrived, 0 at the end.
    ///
    /// # Errors
    /// The socket's, or broken TLS.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<Option<usize>, Failure> {
        match &mut self.tls {
            None => socket::read(&self.socket, buffer),
            Some(tls) => tls.read(&self.socket, buffer),
        }
    }
}
