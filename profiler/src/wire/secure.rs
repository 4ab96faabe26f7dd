//! A byte stream encrypted and authenticated on both sides by a shared key: the Noise protocol (Perrin 2018), pattern `NN`
//! with the key mixed in first, so that a peer without it cannot even begin. Each message is preceded by its length in two
//! bytes, most significant first.

use std::io;

use snow::{Builder, HandshakeState, TransportState};

use super::key::Key;
use super::link::Link;

const PROTOCOL: &str = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s";
/// Longest message, and what of it authenticates.
const LONGEST: usize = 65535;
const TAG: usize = 16;

/// An encrypted stream.
pub struct Secured<L> {
    link: L,
    state: Box<TransportState>,
    plain: Vec<u8>,
    read: usize,
}

impl<L> std::fmt::Debug for Secured<L> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secured")
    }
}

impl<L: Link> Secured<L> {
    /// Begins as the client.
    ///
    /// # Errors
    /// What the stream says; `InvalidData` when the other side has another key, or none.
    pub fn initiate(mut link: L, key: &Key, deadline_ns: u64) -> io::Result<Self> {
        let mut state = builder(key)?.build_initiator().map_err(invalid)?;
        write_handshake(&mut link, &mut state, deadline_ns)?;
        read_handshake(&mut link, &mut state, deadline_ns)?;
        Self::finish(link, state)
    }

    /// Answers as the agent.
    ///
    /// # Errors
    /// What the stream says; `InvalidData` when the other side has another key, or none.
    pub fn respond(mut link: L, key: &Key, deadline_ns: u64) -> io::Result<Self> {
        let mut state = builder(key)?.build_responder().map_err(invalid)?;
        read_handshake(&mut link, &mut state, deadline_ns)?;
        write_handshake(&mut link, &mut state, deadline_ns)?;
        Self::finish(link, state)
    }

    fn finish(link: L, state: HandshakeState) -> io::Result<Self> {
        let state = Box::new(state.into_transport_mode().map_err(invalid)?);
        Ok(Self {
            link,
            state,
            plain: Vec::new(),
            read: 0,
        })
    }
}

impl<L: Link> Link for Secured<L> {
    fn read_by(&mut self, buffer: &mut [u8], deadline_ns: u64) -> io::Result<usize> {
        while self.read == self.plain.len() {
            let Some(message) = read_message(&mut self.link, deadline_ns)? else {
                return Ok(0);
            };
            self.plain.resize(message.len(), 0);
            let length = self
                .state
                .read_message(&message, &mut self.plain)
                .map_err(invalid)?;
            self.plain.truncate(length);
            self.read = 0;
        }
        let rest = &self.plain[self.read..];
        let taken = rest.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&rest[..taken]);
        self.read += taken;
        Ok(taken)
    }

    fn write_all_by(&mut self, bytes: &[u8], deadline_ns: u64) -> io::Result<()> {
        for part in bytes.chunks(LONGEST - TAG) {
            let mut message = vec![0; part.len() + TAG];
            let length = self.state.write_message(part, &mut message).map_err(invalid)?;
            message.truncate(length);
            write_message(&mut self.link, &message, deadline_ns)?;
        }
        Ok(())
    }
}

fn builder(key: &Key) -> io::Result<Builder<'_>> {
    let parameters = PROTOCOL.parse().map_err(invalid)?;
    Builder::new(parameters).psk(0, key.bytes()).map_err(invalid)
}

fn invalid(error: snow::Error) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("not encrypted with the same key ({error})"),
    )
}

fn write_handshake<L: Link>(link: &mut L, state: &mut HandshakeState, deadline_ns: u64) -> io::Result<()> {
    let mut message = vec![0; 256];
    let length = state.write_message(&[], &mut message).map_err(invalid)?;
    message.truncate(length);
    write_message(link, &message, deadline_ns)
}

fn read_handshake<L: Link>(link: &mut L, state: &mut HandshakeState, deadline_ns: u64) -> io::Result<()> {
    let message = read_message(link, deadline_ns)?.ok_or(io::ErrorKind::ConnectionReset)?;
    let mut payload = vec![0; message.len()];
    state.read_message(&message, &mut payload).map_err(invalid)?;
    Ok(())
}

fn write_message<L: Link>(link: &mut L, message: &[u8], deadline_ns: u64) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(message);
    link.write_all_by(&bytes, deadline_ns)
}

/// The next message; `None` when the stream ends before it.
fn read_message<L: Link>(link: &mut L, deadline_ns: u64) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; 2];
    if !read_exact(link, &mut header, deadline_ns)? {
        return Ok(None);
    }
    let length = usize::from(u16::from_be_bytes(header));
    if length < TAG {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not encrypted"));
    }
    let mut message = vec![0; length];
    if read_exact(link, &mut message, deadline_ns)? {
        Ok(Some(message))
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Whether the bytes came; false when the stream ended before the first.
fn read_exact<L: Link>(link: &mut L, buffer: &mut [u8], deadline_ns: u64) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        match link.read_by(&mut buffer[filled..], deadline_ns)? {
            0 if filled == 0 => return Ok(false),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            got => filled += got,
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use std::os::unix::net::UnixStream;

    /// A stream between two threads of the test, with long deadlines.
    impl Link for UnixStream {
        fn read_by(&mut self, buffer: &mut [u8], _: u64) -> io::Result<usize> {
            io::Read::read(self, buffer)
        }

        fn write_all_by(&mut self, bytes: &[u8], _: u64) -> io::Result<()> {
            io::Write::write_all(self, bytes)
        }
    }

    fn later() -> u64 {
        clock::monotonic_ns() + 60_000_000_000
    }

    fn ends(one: &Key, other: &Key) -> (io::Result<Secured<UnixStream>>, io::Result<Secured<UnixStream>>) {
        let (here, there) = UnixStream::pair().unwrap();
        let key = other.clone();
        let thread = std::thread::spawn(move || Secured::respond(there, &key, later()));
        let here = Secured::initiate(here, one, later());
        (here, thread.join().unwrap())
    }

    #[test]
    fn what_goes_in_comes_out_and_cannot_be_read_between() {
        let key = Key::random().unwrap();
        let (here, there) = ends(&key, &key);
        let (mut here, mut there) = (here.unwrap(), there.unwrap());
        let sent: Vec<u8> = (0..200_000_u32).map(|index| index as u8).collect();
        let copy = sent.clone();
        let writer = std::thread::spawn(move || here.write_all_by(&copy, later()).map(|()| here));
        let mut got = vec![0; sent.len()];
        assert!(read_exact(&mut there, &mut got, later()).unwrap());
        assert_eq!(got, sent);
        let mut here = writer.join().unwrap().unwrap();
        there.write_all_by(b"secret words", later()).unwrap();
        let mut raw = [0; 64];
        let length = here.link.read_by(&mut raw, later()).unwrap();
        assert!(!raw[..length].windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn another_key_is_refused() {
        let (here, there) = ends(&Key::random().unwrap(), &Key::random().unwrap());
        assert_eq!(there.unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(here.is_err());
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let key = Key::random().unwrap();
        let (here, there) = ends(&key, &key);
        let (mut here, mut there) = (here.unwrap(), there.unwrap());
        let mut message = vec![0; 3 + TAG];
        let length = here.state.write_message(b"abc", &mut message).unwrap();
        message[length - 1] ^= 1;
        write_message(&mut here.link, &message[..length], later()).unwrap();
        assert_eq!(
            there.read_by(&mut [0; 8], later()).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
