//! One client's conversation: deadlines, the hello, then request and answer until it leaves.

use std::sync::Arc;

use crate::agent::session::random_name;
use crate::agent::{Agent, State};
use crate::clock;
use crate::matching::Pattern;
use crate::observer::Observer;
use crate::observer::watch::Watch;
use crate::system::System;
use crate::wire::link::Link;
use crate::wire::message::{Answer, Failure, Hello, Request};
use crate::wire::{Connection, LONGEST_REQUEST, PROTOCOL, WireError};

/// Time for the hello, and for a frame once its first byte has come.
pub(super) const SHORT_NS: u64 = 5_000_000_000;
/// Time that a client may be silent between requests.
const IDLE_NS: u64 = 1_200_000_000_000;
/// Groups that one client may watch.
const MOST_GROUPS: usize = 64;
/// Longest name of a group.
const LONGEST_NAME: usize = 256;
/// Bytes of readings in one answer; well below the longest frame, whatever the last one adds.
const DRAIN_BYTES: usize = 256 * 1024;
/// Readings in one answer.
const DRAIN_READINGS: usize = 128;

/// Why a client was dropped.
#[derive(Debug, thiserror::Error)]
pub enum Dropped {
    /// It said something that cannot be understood, or nothing, or left within a frame.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It speaks another version.
    #[error("it speaks version {0} of the protocol, this agent {PROTOCOL}")]
    Version(u32),
    /// Its first request was not a hello.
    #[error("it did not say hello first")]
    Unintroduced,
    /// There is no room for another session.
    #[error("no room for another session")]
    Busy,
    /// The connection could not be set up.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Speaks with a client until it leaves.
pub(super) fn hold(agent: &Arc<Agent>, link: impl Link) -> Result<(), Dropped> {
    let mut connection = Connection::new(link, LONGEST_REQUEST);
    let (session, holder) = introduce(agent, &mut connection)?;
    let result = answer_all(agent, &mut connection, &session);
    agent
        .lock()
        .sessions
        .detach(&session, holder, clock::monotonic_ns());
    result
}

/// The hello; returns the session's name and the token of this connection.
fn introduce<L: Link>(agent: &Arc<Agent>, connection: &mut Connection<L>) -> Result<(String, u64), Dropped> {
    let request = connection.receive(clock::monotonic_ns() + SHORT_NS, SHORT_NS)?;
    let Request::Hello { protocol, resume } = request else {
        return refuse(
            connection,
            Failure::BadRequest {
                reason: "hello comes first".into(),
            },
            Dropped::Unintroduced,
        );
    };
    if protocol != PROTOCOL {
        return refuse(
            connection,
            Failure::Version { agent: PROTOCOL },
            Dropped::Version(protocol),
        );
    }
    let hello = {
        let mut state = agent.lock();
        let resumed = resume.and_then(|name| Some((state.sessions.resume(&name)?, name)));
        let (holder, session, again) = match resumed {
            Some((holder, name)) => (Some(holder), name, true),
            None => {
                let name = random_name()?;
                (state.sessions.open(&name), name, false)
            }
        };
        holder.map(|holder| (holder, hello(&state.observer, session, again)))
    };
    let Some((holder, hello)) = hello else {
        return refuse(connection, Failure::Busy, Dropped::Busy);
    };
    let session = hello.session.clone();
    if let Err(error) = connection.send(&Answer::Hello(hello), clock::monotonic_ns() + SHORT_NS) {
        agent
            .lock()
            .sessions
            .detach(&session, holder, clock::monotonic_ns());
        return Err(error.into());
    }
    Ok((session, holder))
}

fn refuse<L: Link, T>(
    connection: &mut Connection<L>,
    failure: Failure,
    dropped: Dropped,
) -> Result<T, Dropped> {
    connection.send(&Answer::Failed(failure), clock::monotonic_ns() + SHORT_NS)?;
    Err(dropped)
}

fn answer_all<L: Link>(
    agent: &Arc<Agent>,
    connection: &mut Connection<L>,
    session: &str,
) -> Result<(), Dropped> {
    loop {
        let request = match connection.receive(clock::monotonic_ns() + IDLE_NS, SHORT_NS) {
            Ok(request) => request,
            Err(WireError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let answer = answer(agent, session, request);
        connection.send(&answer, clock::monotonic_ns() + SHORT_NS)?;
    }
}

fn answer(agent: &Arc<Agent>, session: &str, request: Request) -> Answer {
    match request {
        Request::Hello { .. } => Answer::Failed(Failure::BadRequest {
            reason: "hello comes once".into(),
        }),
        Request::Time => Answer::Time {
            monotonic_ns: clock::monotonic_ns(),
            wall_ns: clock::wall_ns(),
        },
        Request::Watch { groups } => watch(&mut agent.lock(), session, &groups),
        Request::Snapshot => {
            let mut state = agent.lock();
            let State {
                observer, sessions, ..
            } = &mut *state;
            match sessions.snapshot(session, observer) {
                Some(reading) => Answer::Reading(Box::new(reading)),
                None => Answer::Failed(Failure::NotWatching),
            }
        }
        Request::Drain { since } => drain(&agent.lock(), session, since),
    }
}

fn watch(state: &mut State, session: &str, groups: &[String]) -> Answer {
    if let Some(reason) = nonsense(groups) {
        return Answer::Failed(Failure::BadRequest { reason });
    }
    let State { observer, sessions } = state;
    match sessions.watch(session, Watch::new(groups), observer) {
        Ok(matched) => Answer::Watching { matched },
        Err(failure) => Answer::Failed(failure),
    }
}

fn nonsense(groups: &[String]) -> Option<String> {
    if groups.len() > MOST_GROUPS {
        return Some(format!("{} groups, at most {MOST_GROUPS}", groups.len()));
    }
    let long = groups.iter().find(|name| name.len() > LONGEST_NAME);
    if let Some(name) = long {
        return Some(format!("a name of {} bytes, at most {LONGEST_NAME}", name.len()));
    }
    let empty = groups
        .iter()
        .any(|name| Pattern::new(name).alternatives().is_empty());
    empty.then(|| "a name is empty".to_owned())
}

fn drain(state: &State, session: &str, since: u64) -> Answer {
    let Some(ring) = state.sessions.ring(session) else {
        return Answer::Failed(Failure::NotWatching);
    };
    let mut later = ring.later_than(since, DRAIN_READINGS);
    let mut bytes = 0;
    let fitting = later.readings.iter().take_while(|reading| {
        let before = bytes;
        bytes += serde_json::to_vec(reading).map_or(0, |body| body.len());
        before < DRAIN_BYTES
    });
    let fitting = fitting.count();
    let more = later.more || fitting < later.readings.len();
    later.readings.truncate(fitting);
    Answer::Drained {
        readings: later.readings,
        lost: later.lost,
        more,
    }
}

fn hello(observer: &Observer, session: String, resumed: bool) -> Hello {
    let system = observer.system();
    let line = |file: &str| system.text(file).unwrap_or_default().trim().to_owned();
    Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        session,
        resumed,
        host: line("proc/sys/kernel/hostname"),
        kernel: line("proc/sys/kernel/osrelease"),
        cores: cores(system),
        cpu_model: cpu_model(&system.text("proc/cpuinfo").unwrap_or_default()),
        monotonic_ns: clock::monotonic_ns(),
        wall_ns: clock::wall_ns(),
        ticks_per_s: system.facts().ticks_per_s,
        sources: observer.sources(),
    }
}

fn cores(system: &System) -> u32 {
    let text = system.text("proc/stat").unwrap_or_default();
    let cores = text.lines().filter(|line| {
        line.strip_prefix("cpu")
            .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
    });
    u32::try_from(cores.count()).unwrap_or(u32::MAX)
}

/// The model's name; ARM kernels give none.
fn cpu_model(text: &str) -> String {
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map(|(_, name)| name.trim().to_owned()).unwrap_or_default()
}
