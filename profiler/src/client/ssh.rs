//! Agents that the system's ssh starts on other hosts: nothing listens there, and nothing stays there. Where the host has no
//! agent of this version, the program is sent along; its file is removed before it begins to work.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::client::started::Started;
use crate::client::{Client, ClientError};
use crate::clock;
use crate::wire::link::Link;

pub use target::Target;

mod script;
mod target;

/// Time for ssh to connect and for the other side to say what it needs.
const CONNECT_NS: u64 = 30_000_000_000;
/// Time for the program to be sent.
const SEND_NS: u64 = 300_000_000_000;
/// What login scripts may say before the agent does, bytes.
const MOST_CHATTER: usize = 64 * 1024;

/// The agent's program on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// Words before its own arguments, where another program carries the agent inside.
    pub words: Vec<String>,
}

/// How an agent is started on another host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// The ssh program and its options.
    pub command: Vec<String>,
    /// Where.
    pub target: Target,
    /// What is sent along where the host has no agent of this version.
    pub program: Program,
}

impl Ssh {
    /// Starts an agent there; it ends with the client. `timeout` is for its first answer. Such a client cannot reconnect; start
    /// another.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] with what ssh or the host says; else see [`ClientError`].
    pub fn start(&self, timeout: Duration) -> Result<Client, ClientError> {
        let mut agent =
            Started::new(self.command_line()).map_err(|error| self.unreachable(&error.to_string()))?;
        if let Err(reason) = self.prepare(&mut agent) {
            let said = agent.farewell();
            let reason = if said.is_empty() {
                reason
            } else {
                format!("{reason}: {said}")
            };
            return Err(self.unreachable(&reason));
        }
        let process = agent.id();
        let mut client = Client::begin(Box::new(agent), &self.target.to_string(), timeout, None)?;
        client.agent_process = Some(process);
        Ok(client)
    }

    fn unreachable(&self, reason: &str) -> ClientError {
        ClientError::Unreachable {
            address: self.target.to_string(),
            reason: reason.to_owned(),
        }
    }

    /// Never asks anything of a person; a dead connection is noticed within 15 s. An interrupt from the keyboard is not for it.
    fn command_line(&self) -> Command {
        let mut words = self.command.iter().map(String::as_str);
        let mut command = Command::new(words.next().unwrap_or("ssh"));
        command.args(words).args(["-T", "-o", "BatchMode=yes"]);
        for option in [
            "ConnectTimeout=15",
            "ServerAliveInterval=5",
            "ServerAliveCountMax=3",
            "ClearAllForwardings=yes",
            "ControlMaster=no",
        ] {
            command.args(["-o", option]);
        }
        command.args(self.target.options()).arg("--");
        let bytes = std::fs::metadata(&self.program.path).map_or(0, |metadata| metadata.len());
        command
            .arg(self.target.host())
            .arg(script::line(bytes, &self.program.words));
        command.stderr(Stdio::piped()).process_group(0);
        command
    }

    /// Until the agent is about to speak.
    fn prepare(&self, agent: &mut Started) -> Result<(), String> {
        let deadline_ns = clock::monotonic_ns().saturating_add(CONNECT_NS);
        match answer(agent, deadline_ns)? {
            script::Answer::Ready => return Ok(()),
            script::Answer::Failed(reason) => return Err(reason),
            script::Answer::Send { system } => {
                let own = format!("Linux {}", std::env::consts::ARCH);
                if system != own {
                    return Err(format!(
                        "the host is {system} and the agent here is for {own}; install autoperf-profiler {} there",
                        env!("CARGO_PKG_VERSION")
                    ));
                }
            }
        }
        let path = &self.program.path;
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let deadline_ns = clock::monotonic_ns().saturating_add(SEND_NS);
        agent
            .write_all_by(&bytes, deadline_ns)
            .map_err(|error| format!("the agent's program cannot be sent ({error})"))?;
        match answer(agent, deadline_ns)? {
            script::Answer::Ready => Ok(()),
            script::Answer::Failed(reason) => Err(reason),
            script::Answer::Send { .. } => Err("it asks for the program twice".into()),
        }
    }
}

/// The next answer of the other side, behind whatever else is said there.
fn answer(agent: &mut Started, deadline_ns: u64) -> Result<script::Answer, String> {
    let ended = |error: io::Error| match error.kind() {
        io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::UnexpectedEof => "ssh has ended".to_owned(),
        _ => error.to_string(),
    };
    let mut left = MOST_CHATTER;
    while left > 0 {
        let line = line(agent, &mut left, deadline_ns).map_err(ended)?;
        if let Some(answer) = script::Answer::parse(&String::from_utf8_lossy(&line)) {
            return Ok(answer);
        }
    }
    Err("the login scripts of the host say too much".into())
}

/// A line, byte by byte: what follows it is not a line's any more.
fn line(agent: &mut Started, left: &mut usize, deadline_ns: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while *left > 0 {
        if agent.read_by(&mut byte, deadline_ns)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        *left -= 1;
        if byte[0] == b'\n' {
            break;
        }
        line.push(byte[0]);
    }
    Ok(line)
}
