//! The client of an agent: blocking calls, each with a deadline.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::process::Command;
use std::time::Duration;

use crate::client::started::Started;
use crate::clock;
use crate::reading::Reading;
use crate::wire::key::Key;
use crate::wire::link::Link;
use crate::wire::message::{Answer, Request};
use crate::wire::secure::Secured;
use crate::wire::{Connection, LONGEST_ANSWER, PROTOCOL, WireError};

pub use crate::wire::message::{Hello, Matched, MatchedProcess};
pub use error::ClientError;
pub use offset::ClockOffset;

mod error;
mod offset;
pub mod ssh;
mod started;

/// Time for an answer beyond the time to connect: an agent under test may get little CPU.
const ANSWER_NS: u64 = 15_000_000_000;
/// How often the time is asked to find the offset of the clocks.
const TIME_QUESTIONS: usize = 8;
/// Age at which the offset is found anew.
const OFFSET_AGE_NS: u64 = 10_000_000_000;

/// A connection to an agent.
pub struct Client {
    address: String,
    timeout: Duration,
    key: Option<Key>,
    agent_process: Option<u32>,
    connection: Connection<Box<dyn Link>>,
    hello: Hello,
    groups: Vec<String>,
    offset: ClockOffset,
    offset_at_ns: u64,
}

/// Readings drained from the agent's ring.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drained {
    /// In their order.
    pub readings: Vec<Reading>,
    /// Readings that were asked for and are no longer in the ring.
    pub lost: u64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Client")
            .field("address", &self.address)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to the agent at `address`, a host and port; `timeout` is for each address that the name has.
    ///
    /// # Errors
    /// See [`ClientError`]; each names the address.
    pub fn connect(address: &str, timeout: Duration) -> Result<Self, ClientError> {
        Self::connect_with(address, timeout, None)
    }

    /// The same, encrypted, with an agent that has the same key.
    ///
    /// # Errors
    /// See [`ClientError`]; [`ClientError::Refused`] when the keys differ.
    pub fn connect_secured(address: &str, timeout: Duration, key: &Key) -> Result<Self, ClientError> {
        Self::connect_with(address, timeout, Some(key.clone()))
    }

    /// Starts an agent by a command, such as `ssh host autoperf-profiler --stdio`, and speaks with it over the command's
    /// standard input and output. It ends with the client. `name` is what errors call it.
    ///
    /// # Errors
    /// See [`ClientError`]. Such a client cannot reconnect.
    pub fn start(command: Command, name: &str, timeout: Duration) -> Result<Self, ClientError> {
        let failed = |error: io::Error| ClientError::Unreachable {
            address: name.to_owned(),
            reason: error.to_string(),
        };
        let agent = Started::new(command).map_err(failed)?;
        let process = agent.id();
        let mut client = Self::begin(Box::new(agent), name, timeout, None)?;
        client.agent_process = Some(process);
        Ok(client)
    }

    /// The process that [`Client::start`] has started.
    #[must_use]
    pub fn agent_process(&self) -> Option<u32> {
        self.agent_process
    }

    fn connect_with(address: &str, timeout: Duration, key: Option<Key>) -> Result<Self, ClientError> {
        Self::begin(dial(address, timeout, key.as_ref())?, address, timeout, key)
    }

    fn begin(
        link: Box<dyn Link>,
        address: &str,
        timeout: Duration,
        key: Option<Key>,
    ) -> Result<Self, ClientError> {
        let mut connection = Connection::new(link, LONGEST_ANSWER);
        let hello = introduce(&mut connection, address, timeout, None)?;
        let mut client = Self {
            address: address.to_owned(),
            timeout,
            key,
            agent_process: None,
            connection,
            hello,
            groups: Vec::new(),
            offset: ClockOffset::default(),
            offset_at_ns: 0,
        };
        client.find_offset()?;
        Ok(client)
    }

    /// What the agent says of itself.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Watches these groups from now on, instead of those before. CPU times of the groups start at 0 here; readings are
    /// numbered on.
    ///
    /// # Errors
    /// [`ClientError::NoSuchProcess`] for a name that matches nothing, with the nearest names; then nothing changes.
    pub fn watch(&mut self, groups: &[String]) -> Result<Vec<Matched>, ClientError> {
        match self.ask(&Request::Watch {
            groups: groups.to_vec(),
        })? {
            Answer::Watching { matched } => {
                self.groups = groups.to_vec();
                Ok(matched)
            }
            other => Err(self.unexpected(&other)),
        }
    }

    /// A reading taken now. It enters the ring too.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn snapshot(&mut self) -> Result<Reading, ClientError> {
        match self.ask(&Request::Snapshot)? {
            Answer::Reading(reading) => Ok(*reading),
            other => Err(self.unexpected(&other)),
        }
    }

    /// The readings in the agent's ring with sequence numbers above `since` (0 for all), and how many of those asked for the
    /// ring had no room for.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn drain(&mut self, since: u64) -> Result<Drained, ClientError> {
        if clock::monotonic_ns().saturating_sub(self.offset_at_ns) > OFFSET_AGE_NS {
            self.find_offset()?;
        }
        let mut all = Drained::default();
        let mut from = since;
        loop {
            match self.ask(&Request::Drain { since: from })? {
                Answer::Drained { readings, lost, more } => {
                    all.lost += lost;
                    from = readings.last().map_or(from, |reading| reading.sequence);
                    let go_on = more && !readings.is_empty();
                    all.readings.extend(readings);
                    if !go_on {
                        return Ok(all);
                    }
                }
                other => return Err(self.unexpected(&other)),
            }
        }
    }

    /// The agent's monotonic clock less this machine's.
    #[must_use]
    pub fn clock_offset(&self) -> ClockOffset {
        self.offset
            .aged(clock::monotonic_ns().saturating_sub(self.offset_at_ns))
    }

    /// Connects again and goes on with the same watch and ring, so that nothing is lost that the ring still has.
    ///
    /// # Errors
    /// [`ClientError::Restarted`] when the agent does not know the session any more: it then watches the same groups anew,
    /// with counts from 0 and numbers from 1. Else why there is no connection; it may be tried again.
    pub fn reconnect(&mut self) -> Result<(), ClientError> {
        if self.agent_process.is_some() {
            let reason = "an agent that was started for this connection has ended with it".into();
            return Err(ClientError::Broken {
                address: self.address.clone(),
                reason,
            });
        }
        let link = dial(&self.address, self.timeout, self.key.as_ref())?;
        let mut connection = Connection::new(link, LONGEST_ANSWER);
        let session = Some(self.hello.session.clone());
        self.hello = introduce(&mut connection, &self.address, self.timeout, session)?;
        self.connection = connection;
        self.find_offset()?;
        if self.hello.resumed || self.groups.is_empty() {
            return Ok(());
        }
        self.watch(&self.groups.clone())?;
        Err(ClientError::Restarted {
            address: self.address.clone(),
        })
    }

    fn find_offset(&mut self) -> Result<(), ClientError> {
        let mut best: Option<ClockOffset> = None;
        for _ in 0..TIME_QUESTIONS {
            let asked_ns = clock::monotonic_ns();
            let Answer::Time { monotonic_ns, .. } = self.ask(&Request::Time)? else {
                return Err(ClientError::Protocol {
                    address: self.address.clone(),
                    reason: "no time".into(),
                });
            };
            let offset = ClockOffset::from_exchange(asked_ns, monotonic_ns, clock::monotonic_ns());
            if best.is_none_or(|best| offset.error_ns < best.error_ns) {
                best = Some(offset);
            }
        }
        self.offset = best.unwrap_or_default();
        self.offset_at_ns = clock::monotonic_ns();
        Ok(())
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, ClientError> {
        exchange(&mut self.connection, request, ANSWER_NS)
            .map_err(|error| ClientError::from_wire(&self.address, error))
    }

    fn unexpected(&self, answer: &Answer) -> ClientError {
        match answer {
            Answer::Failed(failure) => ClientError::from_failure(&self.address, failure),
            _ => ClientError::Protocol {
                address: self.address.clone(),
                reason: "an answer to something else".into(),
            },
        }
    }
}

fn dial(address: &str, timeout: Duration, key: Option<&Key>) -> Result<Box<dyn Link>, ClientError> {
    let unreachable = |reason: String| ClientError::Unreachable {
        address: address.to_owned(),
        reason,
    };
    let candidates = address
        .to_socket_addrs()
        .map_err(|error| unreachable(error.to_string()))?;
    let mut last = unreachable("the name has no address".into());
    for candidate in candidates {
        match TcpStream::connect_timeout(&candidate, timeout) {
            Ok(stream) => {
                stream
                    .set_nodelay(true)
                    .map_err(|error| unreachable(error.to_string()))?;
                return secured(stream, address, timeout, key);
            }
            Err(error) => last = ClientError::from_connect(address, &error),
        }
    }
    Err(last)
}

fn secured(
    stream: TcpStream,
    address: &str,
    timeout: Duration,
    key: Option<&Key>,
) -> Result<Box<dyn Link>, ClientError> {
    let Some(key) = key else {
        return Ok(Box::new(stream));
    };
    let deadline_ns =
        clock::monotonic_ns().saturating_add(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
    match Secured::initiate(stream, key, deadline_ns) {
        Ok(link) => Ok(Box::new(link)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Err(ClientError::Timeout {
                address: address.to_owned(),
            })
        }
        // An agent with another key, or with none, closes the connection.
        Err(error) => {
            let reason = format!("the keys differ, or it has none ({error})");
            Err(ClientError::Refused {
                address: address.to_owned(),
                reason,
            })
        }
    }
}

fn introduce(
    connection: &mut Connection<Box<dyn Link>>,
    address: &str,
    timeout: Duration,
    resume: Option<String>,
) -> Result<Hello, ClientError> {
    let timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
    let request = Request::Hello {
        protocol: PROTOCOL,
        resume,
    };
    match exchange(connection, &request, timeout_ns.max(1)) {
        Ok(Answer::Hello(hello)) if hello.protocol == PROTOCOL => Ok(hello),
        Ok(Answer::Hello(hello)) => Err(ClientError::Version {
            address: address.to_owned(),
            agent: hello.protocol,
            own: PROTOCOL,
        }),
        Ok(Answer::Failed(failure)) => Err(ClientError::from_failure(address, &failure)),
        Ok(_) => Err(ClientError::Protocol {
            address: address.to_owned(),
            reason: "no hello".into(),
        }),
        // An agent with no room for another connection closes it without a word, as does one that wants a key.
        Err(error) if is_turned_away(&error) => Err(ClientError::Refused {
            address: address.to_owned(),
            reason:
                "the connection was closed at once; is it an autoperf-profiler with room for another client, and does it want a key?"
                    .into(),
        }),
        Err(error) => Err(ClientError::from_wire(address, error)),
    }
}

fn is_turned_away(error: &WireError) -> bool {
    match error {
        WireError::Closed => true,
        WireError::Broken(error) => matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        ),
        _ => false,
    }
}

fn exchange(
    connection: &mut Connection<Box<dyn Link>>,
    request: &Request,
    limit_ns: u64,
) -> Result<Answer, WireError> {
    let deadline_ns = clock::monotonic_ns().saturating_add(limit_ns);
    connection.send(request, deadline_ns)?;
    connection.receive(deadline_ns, limit_ns)
}
