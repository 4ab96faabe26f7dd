//! An agent that the client has started itself, and speaks with over its standard input and output.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock;
use crate::wire::link::Link;
use crate::wire::pipe::Pipe;

/// Time for the agent to end by itself once its input is closed.
const FAREWELL_NS: u64 = 3_000_000_000;
/// Time for its last words to be read after its end.
const LAST_WORDS_NS: u64 = 1_000_000_000;
/// What is kept of its complaints, bytes.
const MOST_COMPLAINTS: usize = 2048;

/// The agent's process; it ends with this.
#[derive(Debug)]
pub(super) struct Started {
    process: Child,
    /// Taken before the process is waited for, which closes its input.
    pipe: Option<Pipe>,
    /// Reads what it says on its standard error, where that is ours to read.
    complaints: Option<JoinHandle<String>>,
}

impl Started {
    /// Starts it. Its standard error is read where the command has a pipe there.
    pub(super) fn new(mut command: Command) -> io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let pipe = output
            .zip(input)
            .map(|(output, input)| Pipe::new(OwnedFd::from(output), OwnedFd::from(input)));
        let complaints = process
            .stderr
            .take()
            .map(|stream| std::thread::spawn(move || read(stream)));
        Ok(Self {
            process,
            pipe,
            complaints,
        })
    }

    /// Ends it, and gives what it has complained of last, in one line.
    pub(super) fn farewell(mut self) -> String {
        let complaints = self.complaints.take();
        drop(self);
        let deadline_ns = clock::monotonic_ns() + LAST_WORDS_NS;
        let mut said = String::new();
        if let Some(reader) = complaints {
            // A process that it has left behind may hold the stream open; that one is not waited for.
            while !reader.is_finished() && clock::monotonic_ns() < deadline_ns {
                std::thread::sleep(Duration::from_millis(5));
            }
            if reader.is_finished() {
                said = reader.join().unwrap_or_default();
            }
        }
        let lines: Vec<&str> = said
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("; ")
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

/// Reads to the end and keeps the last of it.
fn read(mut stream: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut part = [0; 1024];
    while let Ok(got @ 1..) = stream.read(&mut part) {
        kept.extend_from_slice(part.get(..got).unwrap_or_default());
        let above = kept.len().saturating_sub(MOST_COMPLAINTS);
        kept.drain(..above);
    }
    String::from_utf8_lossy(&kept).into_owned()
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
