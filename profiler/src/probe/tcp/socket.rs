//! The TCP sockets of a machine.

use std::io;

use rustix::net::netlink::SOCK_DIAG;

use crate::netlink::{self, HEADER, u32_at};
use crate::system::System;

pub(super) const ESTABLISHED: u8 = 0x01;
pub(super) const CLOSE_WAIT: u8 = 0x08;
pub(super) const LISTEN: u8 = 0x0a;

/// A socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Socket {
    /// Its own port.
    pub(super) port: u16,
    /// The kernel's number of its state.
    pub(super) state: u8,
    /// Bytes to be read, or of a listening socket the connections to be accepted.
    pub(super) waiting: u32,
    /// Unanswered retransmissions.
    pub(super) retransmissions: u32,
}

/// Those of this machine that listen or are connected (`include/uapi/linux/inet_diag.h`).
pub(super) fn living() -> io::Result<Vec<Socket>> {
    const BY_FAMILY: u16 = 20;
    const TCP: u8 = 6;
    const IDENTITY_BYTES: usize = 48;
    let states: u32 = (1 << ESTABLISHED) | (1 << CLOSE_WAIT) | (1 << LISTEN);
    let mut sockets = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        let mut kernel = netlink::Socket::open(SOCK_DIAG, 0, 1 << 18)?;
        let mut body = vec![u8::try_from(family).unwrap_or(0), TCP, 0, 0];
        body.extend_from_slice(&states.to_ne_bytes());
        body.resize(body.len() + IDENTITY_BYTES, 0);
        kernel.send(&netlink::dump_request(BY_FAMILY, &body))?;
        // The kernel makes the next part of its answer while we take one, so all is there without waiting.
        kernel.receive(|message| sockets.extend(Socket::from_kernel(message)));
    }
    Ok(sockets)
}

/// Those of a recorded machine.
pub(super) fn recorded(system: &System) -> Vec<Socket> {
    let text = |file| system.text(file).unwrap_or_default();
    let (four, six) = (text("proc/net/tcp"), text("proc/net/tcp6"));
    four.lines()
        .chain(six.lines())
        .filter_map(Socket::from_line)
        .collect()
}

impl Socket {
    /// A part of the kernel's answer; anything but a socket is shorter.
    fn from_kernel(message: &[u8]) -> Option<Self> {
        let body = message.get(HEADER..)?;
        let waiting = u32_at(body, 56)?;
        u32_at(body, 68)?;
        Some(Self {
            port: u16::from_be_bytes(*body.get(4..)?.first_chunk()?),
            state: *body.get(1)?,
            waiting,
            retransmissions: u32::from(*body.get(3)?),
        })
    }

    /// A line of `/proc/net/tcp`: all numbers but two are hexadecimal.
    fn from_line(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (_, port) = words.next()?.rsplit_once(':')?;
        let state = words.nth(1)?;
        let (_, waiting) = words.next()?.split_once(':')?;
        let retransmissions = words.nth(1)?;
        Some(Self {
            port: u16::from_str_radix(port, 16).ok()?,
            state: u8::from_str_radix(state, 16).ok()?,
            waiting: u32::from_str_radix(waiting, 16).ok()?,
            retransmissions: u32::from_str_radix(retransmissions, 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_socket_say_the_same() {
        let line =
            "   1: 0100007F:1F90 0100007F:C001 01 00000000:00000005 01:00000020 00000002     0        0 2 1";
        let expected = Socket {
            port: 8080,
            state: ESTABLISHED,
            waiting: 5,
            retransmissions: 2,
        };
        assert_eq!(Socket::from_line(line), Some(expected));
        let mut message = vec![0; HEADER + 72];
        message[HEADER + 1] = 1;
        message[HEADER + 3] = 2;
        message[HEADER + 4..HEADER + 6].copy_from_slice(&8080_u16.to_be_bytes());
        message[HEADER + 56..HEADER + 60].copy_from_slice(&5_u32.to_ne_bytes());
        assert_eq!(Socket::from_kernel(&message), Some(expected));
        assert_eq!(Socket::from_kernel(&message[..40]), None);
        assert_eq!(
            Socket::from_line("  sl  local_address rem_address   st tx_queue"),
            None
        );
    }
}
