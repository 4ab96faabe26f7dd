//! A byte stream with a deadline on every step, so that no peer can hold a thread for ever.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::clock;

/// A byte stream. Deadlines are of the monotonic clock, ns.
pub trait Link: Send {
    /// Reads what has come, at least one byte; 0 at the stream's end.
    ///
    /// # Errors
    /// `TimedOut` or `WouldBlock` at the deadline, else what the stream says.
    fn read_by(&mut self, buffer: &mut [u8], deadline_ns: u64) -> io::Result<usize>;

    /// Writes all of it.
    ///
    /// # Errors
    /// `TimedOut` or `WouldBlock` at the deadline, else what the stream says.
    fn write_all_by(&mut self, bytes: &[u8], deadline_ns: u64) -> io::Result<()>;
}

impl Link for Box<dyn Link> {
    fn read_by(&mut self, buffer: &mut [u8], deadline_ns: u64) -> io::Result<usize> {
        (**self).read_by(buffer, deadline_ns)
    }

    fn write_all_by(&mut self, bytes: &[u8], deadline_ns: u64) -> io::Result<()> {
        (**self).write_all_by(bytes, deadline_ns)
    }
}

impl Link for TcpStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline_ns: u64) -> io::Result<usize> {
        loop {
            self.set_read_timeout(Some(left(deadline_ns)?))?;
            match self.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    fn write_all_by(&mut self, mut bytes: &[u8], deadline_ns: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            self.set_write_timeout(Some(left(deadline_ns)?))?;
            match self.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The time left until the deadline; never zero, which the operating system would take for "no limit".
fn left(deadline_ns: u64) -> io::Result<Duration> {
    match deadline_ns.saturating_sub(clock::monotonic_ns()) {
        0 => Err(io::ErrorKind::TimedOut.into()),
        left_ns => Ok(Duration::from_nanos(left_ns.max(1_000_000))),
    }
}
