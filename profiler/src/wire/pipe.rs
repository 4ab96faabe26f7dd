//! A byte stream over two descriptors, such as the standard ones of a process that ssh has started.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::link::Link;
use crate::clock;

/// What a pipe that is ready takes at least without blocking (`PIPE_BUF`).
const PART: usize = 4096;

/// The stream.
#[derive(Debug)]
pub struct Pipe {
    input: OwnedFd,
    output: OwnedFd,
}

impl Pipe {
    /// Reads from one descriptor and writes to the other.
    #[must_use]
    pub fn new(input: OwnedFd, output: OwnedFd) -> Self {
        Self { input, output }
    }
}

impl Link for Pipe {
    fn read_by(&mut self, buffer: &mut [u8], deadline_ns: u64) -> io::Result<usize> {
        wait(&self.input, PollFlags::IN, deadline_ns)?;
        Ok(rustix::io::read(&self.input, buffer)?)
    }

    fn write_all_by(&mut self, bytes: &[u8], deadline_ns: u64) -> io::Result<()> {
        for mut part in bytes.chunks(PART) {
            while !part.is_empty() {
                wait(&self.output, PollFlags::OUT, deadline_ns)?;
                let written = rustix::io::write(&self.output, part)?;
                part = &part[written..];
            }
        }
        Ok(())
    }
}

fn wait(descriptor: &OwnedFd, event: PollFlags, deadline_ns: u64) -> io::Result<()> {
    loop {
        let left_ns = deadline_ns.saturating_sub(clock::monotonic_ns());
        let seconds = (left_ns / 1_000_000_000).cast_signed();
        let timeout = Timespec {
            tv_sec: seconds,
            tv_nsec: (left_ns % 1_000_000_000).cast_signed(),
        };
        match poll(&mut [PollFd::new(descriptor, event)], Some(&timeout)) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_and_silence_times_out() {
        let (input, output) = rustix::pipe::pipe().unwrap();
        let mut pipe = Pipe::new(input, output);
        let soon = clock::monotonic_ns() + 60_000_000_000;
        pipe.write_all_by(b"abc", soon).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(pipe.read_by(&mut buffer, soon).unwrap(), 3);
        assert_eq!(
            pipe.read_by(&mut buffer, clock::monotonic_ns() + 1_000_000)
                .unwrap_err()
                .kind(),
            io::ErrorKind::TimedOut
        );
        let full = pipe.write_all_by(&vec![0; 1 << 20], clock::monotonic_ns() + 10_000_000);
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::TimedOut, "nobody reads");
    }
}
