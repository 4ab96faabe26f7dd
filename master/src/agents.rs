//! The profilers of a run: one thread an agent drains its readings, hands them on with the run's own time, and keeps
//! trying when the agent does not answer.

use crate::agents::ways::{Way, Ways};
use crate::journal::entry::{Agent, AgentReading, Node};
use autoperf_models::grammar::counted;
use autoperf_profiler::client::{Client, ClientError, Matched};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

pub mod ways;

/// How often an agent is drained.
const DRAIN_EVERY: Duration = Duration::from_secs(1);

/// Why the profilers cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("profiler at {address}: {source}")]
pub struct AgentsError {
    /// Address as the user gave it.
    pub address: String,
    /// What the client says.
    pub source: ClientError,
}

/// What comes from the agents.
#[derive(Debug)]
pub enum AgentEvent {
    /// A reading, in the run's time.
    Reading(Box<AgentReading>),
    /// The snapshot asked for last has arrived.
    SnapshotDone,
    /// The agent does not answer.
    Lost {
        /// Its node.
        node: String,
        /// What was seen.
        reason: String,
    },
    /// The agent answers again.
    Back {
        /// Its node.
        node: String,
        /// Whether it has begun anew, so that what it had counted and not told is lost.
        anew: bool,
    },
}

/// Agents that were reached and know what to watch, not yet drained.
#[derive(Debug)]
pub struct Connected {
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    node: String,
    port: u16,
    way: Way,
    groups: Vec<String>,
    client: Client,
    matched: Vec<Matched>,
}

impl Connected {
    /// Reaches every agent of `nodes` and tells it what to watch.
    ///
    /// # Errors
    /// [`AgentsError`] where one cannot be reached, speaks another version or knows no such process.
    pub fn connect(nodes: &[Node], ways: &Ways) -> Result<Self, AgentsError> {
        let mut members: Vec<Member> = Vec::new();
        for node in nodes {
            if let Some(member) = members
                .iter_mut()
                .find(|member| member.node == node.node && member.port == node.port)
            {
                member.groups.push(node.process.clone());
                continue;
            }
            let way = ways.to(&node.node, node.port);
            let client = way.connect().map_err(|source| AgentsError {
                address: way.address(),
                source,
            })?;
            let (node, port, groups) = (node.node.clone(), node.port, vec![node.process.clone()]);
            members.push(Member {
                node,
                port,
                way,
                groups,
                client,
                matched: Vec::new(),
            });
        }
        for member in &mut members {
            let watched = member.client.watch(&member.groups);
            let address = member.way.address();
            member.matched = watched.map_err(|source| AgentsError { address, source })?;
        }
        Ok(Self { members })
    }

    /// The agents in the journal's words.
    #[must_use]
    pub fn describe(&self) -> Vec<Agent> {
        self.members.iter().map(describe).collect()
    }

    /// Starts draining; the run's time 0 is `epoch_ns` on this machine's monotonic clock.
    #[must_use]
    pub fn start(self, epoch_ns: u64) -> Agents {
        let (sender, events) = channel();
        let threads = self
            .members
            .into_iter()
            .map(|member| {
                let (commands, inbox) = channel();
                let sender = sender.clone();
                let thread = std::thread::spawn(move || {
                    Drain {
                        member,
                        epoch_ns,
                        last: 0,
                        sender,
                    }
                    .run(&inbox)
                });
                (commands, thread)
            })
            .collect();
        Agents { threads, events }
    }
}

fn describe(member: &Member) -> Agent {
    let hello = member.client.hello();
    let offset = member.client.clock_offset();
    let watched: Vec<String> = member
        .matched
        .iter()
        .map(|matched| {
            let ending = if matched.processes.len() == 1 { "" } else { "es" };
            format!("{} ({} process{ending})", matched.name, matched.processes.len())
        })
        .collect();
    Agent {
        node: member.node.clone(),
        port: member.port,
        description: format!(
            "{}, agent {}{}, Linux {}, {}, watching {}",
            hello.host,
            hello.version,
            member.way.describe(),
            hello.kernel,
            counted(hello.cores, "core"),
            watched.join(", ")
        ),
        clock_offset_ns: offset.offset_ns,
        clock_error_ns: offset.error_ns,
        same_host: is_loopback(&member.node) || local_host_name().is_some_and(|name| name == hello.host),
        cores: hello.cores,
    }
}

fn is_loopback(node: &str) -> bool {
    node == "localhost"
        || node
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

fn local_host_name() -> Option<String> {
    Some(
        std::fs::read_to_string("/proc/sys/kernel/hostname")
            .ok()?
            .trim()
            .to_owned(),
    )
}

/// Agents being drained.
#[derive(Debug)]
pub struct Agents {
    threads: Vec<(Sender<()>, JoinHandle<()>)>,
    events: Receiver<AgentEvent>,
}

impl Agents {
    /// Asks every agent for a reading now; each answers with [`AgentEvent::SnapshotDone`]. Gives how many were asked.
    #[must_use]
    pub fn snapshot(&self) -> usize {
        self.threads
            .iter()
            .filter(|(commands, _)| commands.send(()).is_ok())
            .count()
    }

    /// What has come since the last call.
    pub fn take(&self) -> impl Iterator<Item = AgentEvent> {
        self.events.try_iter()
    }

    /// Stops draining. A thread that waits for a silent agent ends by its own deadline; it is not waited for.
    pub fn stop(self) {
        for (commands, thread) in self.threads {
            drop(commands);
            if thread.is_finished() {
                // A panic there has already been reported by the panic hook; nothing depends on the thread's result.
                let _ = thread.join();
            }
        }
    }
}

struct Drain {
    member: Member,
    epoch_ns: u64,
    last: u64,
    sender: Sender<AgentEvent>,
}

impl Drain {
    fn run(mut self, inbox: &Receiver<()>) {
        let mut lost = false;
        loop {
            let asked = match inbox.recv_timeout(DRAIN_EVERY) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let rejoined = if lost { self.rejoin() } else { Ok(false) };
            let anew = matches!(rejoined, Ok(true));
            let result = rejoined.and_then(|_| self.drain(asked));
            let event = match (&result, lost) {
                (Err(error), false) => Some(AgentEvent::Lost {
                    node: self.member.node.clone(),
                    reason: error.to_string(),
                }),
                (Ok(()), true) => Some(AgentEvent::Back {
                    node: self.member.node.clone(),
                    anew,
                }),
                _ => None,
            };
            lost = result.is_err();
            let done = asked.then_some(AgentEvent::SnapshotDone);
            if event
                .into_iter()
                .chain(done)
                .any(|event| self.sender.send(event).is_err())
            {
                return;
            }
        }
    }

    /// Connects again. An agent that has gone on by itself still has the readings of the meantime, so nothing is lost; gives
    /// whether it has begun anew instead.
    fn rejoin(&mut self) -> Result<bool, ClientError> {
        let member = &mut self.member;
        let anew = if member.way.starts_agents() {
            let mut client = member.way.connect()?;
            client.watch(&member.groups)?;
            member.client = client;
            true
        } else {
            match member.client.reconnect() {
                Ok(()) => false,
                Err(ClientError::Restarted { .. }) => true,
                Err(error) => return Err(error),
            }
        };
        if anew {
            self.last = 0;
        }
        Ok(anew)
    }

    fn drain(&mut self, snapshot: bool) -> Result<(), ClientError> {
        if snapshot {
            self.member.client.snapshot()?;
        }
        let drained = self.member.client.drain(self.last)?;
        let offset = self.member.client.clock_offset().offset_ns;
        for reading in drained.readings {
            self.last = self.last.max(reading.sequence);
            let middle_ns = i128::from(reading.begin_ns.midpoint(reading.end_ns));
            let at_ns = middle_ns - i128::from(offset) - i128::from(self.epoch_ns);
            let (node, port) = (self.member.node.clone(), self.member.port);
            let reading = AgentReading {
                node,
                port,
                at_s: at_ns as f64 * 1e-9,
                reading,
            };
            if self.sender.send(AgentEvent::Reading(Box::new(reading))).is_err() {
                break;
            }
        }
        Ok(())
    }
}
