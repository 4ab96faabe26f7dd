//! An agent that the client has started itself, and speaks with over its standard input and output.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::clock;
use crate::wire::link::Link;
use crate::wire::pipe::Pipe;

/// Time for the agent to end by itself once its input is closed.
const FAREWELL_NS: u64 = 3_000_000_000;

/// The agent's process; it ends with this.
#[derive(Debug)]
pub(super) struct Started {
    process: Child,
    /// Taken before the process is waited for, which closes its input.
    pipe: Option<Pipe>,
}

impl Started {
    /// Starts it.
    pub(super) fn new(mut command: Command) -> io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let pipe = output
            .zip(input)
            .map(|(output, input)| Pipe::new(OwnedFd::from(output), OwnedFd::from(input)));
        Ok(Self { process, pipe })
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    fn pipe(&mut self) -> io::Result<&mut Pipe> {
        self.pipe
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Link for Started {
    fn read_by(&mut self, buffer: &mut [u8], deadline_ns: u64) -> io::Result<usize> {
        self.pipe()?.read_by(buffer, deadline_ns)
    }

    fn write_all_by(&mut self, bytes: &[u8], deadline_ns: u64) -> io::Result<()> {
        self.pipe()?.write_all_by(bytes, deadline_ns)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.pipe = None;
        let deadline_ns = clock::monotonic_ns() + FAREWELL_NS;
        while clock::monotonic_ns() < deadline_ns {
            if matches!(self.process.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // Not an error worth telling: it may just have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
