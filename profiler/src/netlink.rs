//! Netlink by hand: sockets, and the framing that the kernel's reports come in. All numbers are in the machine's byte order.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::syscall;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

/// Bytes of a message's header.
pub(crate) const HEADER: usize = 16;
/// Bytes of an attribute's header.
const ATTRIBUTE: usize = 4;
/// A report is far shorter; the family's description, the longest answer we ask for, too.
const LONGEST: usize = 16 * 1024;
/// Reports taken in one go. What a storm brings meanwhile waits for the next.
const MOST_AT_ONCE: usize = 200_000;

/// A socket that the kernel reports to.
#[derive(Debug)]
pub(crate) struct Socket {
    descriptor: Arc<OwnedFd>,
    buffer: Vec<u8>,
}

impl Socket {
    /// A socket in these multicast groups, with room for so many bytes of reports if we may have it.
    pub(crate) fn open(protocol: Protocol, groups: u32, buffer_bytes: usize) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let family = AddressFamily::NETLINK;
        let descriptor = rustix::net::socket_with(family, SocketType::RAW, flags, Some(protocol))?;
        if sockopt::set_socket_recv_buffer_size_force(&descriptor, buffer_bytes).is_err() {
            sockopt::set_socket_recv_buffer_size(&descriptor, buffer_bytes)?;
        }
        rustix::net::bind(&descriptor, &SocketAddrNetlink::new(0, groups))?;
        Ok(Self {
            descriptor: Arc::new(descriptor),
            buffer: vec![0; LONGEST],
        })
    }

    /// What becomes readable when a report has come, or when one was dropped. Whoever holds it keeps the socket open.
    pub(crate) fn descriptor(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.descriptor)
    }

    /// Lets the kernel keep back what a program of classic BPF gives 0 for.
    pub(crate) fn filter(&self, program: &mut [libc::sock_filter]) -> io::Result<()> {
        syscall::attach_filter(&self.descriptor, program)
    }

    /// Sends one message to the kernel.
    pub(crate) fn send(&self, message: &[u8]) -> io::Result<()> {
        rustix::net::send(&self.descriptor, message, SendFlags::empty())?;
        Ok(())
    }

    /// Hands over every message that has come, headers included. Returns how often messages were dropped for want of room.
    pub(crate) fn receive(&mut self, mut each: impl FnMut(&[u8])) -> u64 {
        let mut lost = 0;
        for _ in 0..MOST_AT_ONCE {
            match rustix::net::recv(&self.descriptor, &mut self.buffer[..], RecvFlags::empty()) {
                Ok((got, _)) => messages(&self.buffer[..got]).for_each(&mut each),
                Err(rustix::io::Errno::NOBUFS) => lost += 1,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        lost
    }

    /// Waits, not for long, for the kernel's answer to a request and returns it.
    pub(crate) fn answer(&mut self) -> io::Result<Vec<u8>> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let patience = Timespec {
            tv_sec: 2,
            tv_nsec: 0,
        };
        poll(
            &mut [PollFd::new(&self.descriptor, PollFlags::IN)],
            Some(&patience),
        )?;
        let mut first = None;
        self.receive(|message| {
            first.get_or_insert_with(|| message.to_vec());
        });
        let message = first.ok_or(io::ErrorKind::TimedOut)?;
        match refusal(&message) {
            Some(code) if code != 0 => Err(io::Error::from_raw_os_error(code)),
            _ => Ok(message),
        }
    }
}

/// The error number in an answer that is only that; 0 acknowledges.
fn refusal(message: &[u8]) -> Option<i32> {
    const ERROR: u16 = 2;
    (u16_at(message, 4)? == ERROR)
        .then(|| u32_at(message, HEADER).map(u32::cast_signed))?
        .map(i32::wrapping_neg)
}

/// A request with acknowledgement.
pub(crate) fn request(kind: u16, body: &[u8]) -> Vec<u8> {
    const REQUEST_AND_ACKNOWLEDGE: u16 = 1 | 4;
    message(kind, REQUEST_AND_ACKNOWLEDGE, body)
}

/// A request for everything there is of a kind.
pub(crate) fn dump_request(kind: u16, body: &[u8]) -> Vec<u8> {
    const REQUEST_ALL: u16 = 1 | 0x300;
    message(kind, REQUEST_ALL, body)
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let mut message = length.to_ne_bytes().to_vec();
    message.extend_from_slice(&kind.to_ne_bytes());
    message.extend_from_slice(&flags.to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(body);
    message
}

/// A text as an attribute.
pub(crate) fn text_attribute(kind: u16, text: &str) -> Vec<u8> {
    let length = u16::try_from(ATTRIBUTE + text.len() + 1).unwrap_or(u16::MAX);
    let mut attribute = length.to_ne_bytes().to_vec();
    attribute.extend_from_slice(&kind.to_ne_bytes());
    attribute.extend_from_slice(text.as_bytes());
    attribute.push(0);
    attribute.resize(aligned(attribute.len()), 0);
    attribute
}

/// The messages in what one reception brought.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
        let message = bytes.get(..length).filter(|message| message.len() >= HEADER)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some(message)
    })
}

/// The attributes in a body: kind and content.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    const FLAGS: u16 = 0xc000;
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let kind = u16_at(bytes, 2)? & !FLAGS;
        let content = bytes.get(ATTRIBUTE..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((kind, content))
    })
}

fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u16::from_ne_bytes(*chunk))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u32::from_ne_bytes(*chunk))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u64::from_ne_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_built_can_be_walked() {
        let body = [text_attribute(2, "TASKSTATS"), text_attribute(7, "")].concat();
        let message = request(16, &body);
        let two = [message.clone(), message].concat();
        assert_eq!(messages(&two).count(), 2);
        let found: Vec<_> = attributes(&messages(&two).next().unwrap()[HEADER..]).collect();
        assert_eq!(found, [(2, &b"TASKSTATS\0"[..]), (7, &b"\0"[..])]);
    }

    #[test]
    fn a_refusal_is_an_error_number() {
        let mut message = request(2, &(-1_i32).to_ne_bytes());
        assert_eq!(refusal(&message), Some(1));
        message[4] = 20;
        assert_eq!(refusal(&message), None);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_walked(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(messages(&bytes).count() <= bytes.len());
            prop_assert!(attributes(&bytes).count() <= bytes.len());
        }
    }
}
