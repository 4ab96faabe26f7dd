//! System calls on non-blocking TCP sockets, with their errors sorted by who is to blame.

use super::Failure;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, connect, recv, send, socket_with,
    sockopt,
};
use std::net::{IpAddr, SocketAddr};

/// Begins a connection; it is established when the socket becomes writable and `connected` says so.
///
/// # Errors
/// `Refused`, `NoPort`, `NoResource`, `ConnectTimedOut`.
pub fn dial(address: SocketAddr, source: Option<IpAddr>) -> Result<OwnedFd, Failure> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None).map_err(connect_failure)?;
    // A request longer than a segment must not wait for the acknowledgement of its first part.
    sockopt::set_tcp_nodelay(&socket, true).map_err(connect_failure)?;
    if let Some(source) = source {
        bind(&socket, &SocketAddr::new(source, 0)).map_err(|error| match error {
            Errno::ADDRINUSE => Failure::NoPort,
            other => connect_failure(other),
        })?;
    }
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(socket),
        Err(error) => Err(connect_failure(error)),
    }
}

/// Whether a connection attempt has succeeded, asked when the socket became writable or failed.
///
/// # Errors
/// Why it has not.
pub fn connected(socket: &OwnedFd) -> Result<(), Failure> {
    match sockopt::socket_error(socket) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) | Err(error) => Err(connect_failure(error)),
    }
}

/// Writes what the socket takes now; `None` if it takes nothing.
///
/// # Errors
/// `Reset` or `NoResource`.
pub fn write(socket: &OwnedFd, bytes: &[u8]) -> Result<Option<usize>, Failure> {
    loop {
        return match send(socket, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => Ok(Some(sent)),
            Err(Errno::AGAIN) => Ok(None),
            Err(Errno::INTR) => continue,
            Err(error) => Err(io_failure(error)),
        };
    }
}

/// Reads what has arrived; `None` if nothing has, 0 at the end of the stream.
///
/// # Errors
/// `Reset` or `NoResource`.
pub fn read(socket: &OwnedFd, buffer: &mut [u8]) -> Result<Option<usize>, Failure> {
    loop {
        return match recv(socket, &mut *buffer, RecvFlags::empty()) {
            Ok((received, _)) => Ok(Some(received)),
            Err(Errno::AGAIN) => Ok(None),
            Err(Errno::INTR) => continue,
            Err(error) => Err(io_failure(error)),
        };
    }
}

fn connect_failure(error: Errno) -> Failure {
    match error {
        Errno::ADDRNOTAVAIL | Errno::AGAIN => Failure::NoPort,
        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => Failure::NoResource(error.to_string()),
        Errno::TIMEDOUT => Failure::ConnectTimedOut,
        _ => Failure::Refused(error.to_string()),
    }
}

fn io_failure(error: Errno) -> Failure {
    match error {
        Errno::NOBUFS | Errno::NOMEM => Failure::NoResource(error.to_string()),
        _ => Failure::Reset(error.to_string()),
    }
}
