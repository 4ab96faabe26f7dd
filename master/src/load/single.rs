//! One user walking one session, request by request, outside of any load: the first look at a site, and `autoperf try`.

use super::encoding;
use super::examine::Answer;
use super::links::{event_readiness, tls_state};
use super::origins::Origins;
use super::plan::Plan;
use super::render::Surroundings;
use super::session::{Ask, Reply, Session};
use super::walk::Tally;
use super::{EngineConfig, EngineError, ProfileStep, Script};
use crate::clock::Clock;
use crate::transport::connection::{Connection, Keep, Readiness};
use crate::transport::tls::{TlsClient, TlsSession};
use crate::transport::{Failure, Phase, Phases, Progress};
use autoperf_inputs::workload::Workload;
use autoperf_models::record::{Outcome, Record};
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use std::time::Duration;

mod resources;

pub use resources::Fetched;

/// A user on its own, that never waits to think.
#[derive(Debug)]
pub struct SingleUser {
    plan: Plan,
    origins: Origins,
    clock: Clock,
    epoch_unix_s: i64,
    session: Session,
    tally: Tally,
    /// What has been extracted, by name.
    names: Vec<String>,
    connection: Option<(usize, Connection)>,
    tls: Option<TlsSession>,
    default_timeout: Duration,
    /// Text of the last page, where a later link may come from it.
    page: Option<Vec<u8>>,
}

/// One transaction of a single user.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Name of the transaction.
    pub transaction: String,
    /// The URL asked for last; after redirects, the last one.
    pub url: String,
    /// The request as sent (the last one, after redirects).
    pub request: Vec<u8>,
    /// Status, 0 where no answer came.
    pub status: u16,
    /// Head of the answer as sent.
    pub head: String,
    /// Body of the answer, unpacked.
    pub body: Vec<u8>,
    /// The resources that the page names, where they are brought along.
    pub resources: Vec<Fetched>,
    /// Values that the session holds afterwards, by name.
    pub extracted: Vec<(String, String)>,
    /// Why there is no answer; `None` where one came, whatever its status.
    pub error: Option<String>,
    /// Outcome and phases.
    pub record: Record,
}

/// A transaction without a time limit of its own is given up after this.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl SingleUser {
    /// A user about to begin a session by the navigation graph; without one, all transactions in their order.
    ///
    /// # Errors
    /// As `Engine::start`.
    pub fn new(workload: &Workload, seed: u64) -> Result<Self, EngineError> {
        let config = EngineConfig {
            seed,
            ..EngineConfig::default()
        };
        Self::in_session(workload, &config)
    }

    /// The same, with all settings.
    ///
    /// # Errors
    /// As `Engine::start`.
    pub fn in_session(workload: &Workload, config: &EngineConfig) -> Result<Self, EngineError> {
        let script = if workload.navigation.is_some() {
            Script::Navigation
        } else {
            Script::Sequence((0..workload.transactions.len()).map(once).collect())
        };
        Self::with_script(workload, script, config)
    }

    /// A user about to carry out a script.
    ///
    /// # Errors
    /// As `Engine::start`.
    pub fn with_script(
        workload: &Workload,
        script: Script,
        config: &EngineConfig,
    ) -> Result<Self, EngineError> {
        let plan = Plan::new(workload, script, config)?;
        let clock = Clock::start();
        let mut names: Vec<String> = Vec::new();
        for extraction in workload.transactions.iter().flat_map(|t| &t.extractions) {
            if !names.contains(&extraction.name) {
                names.push(extraction.name.clone());
            }
        }
        Ok(Self {
            origins: plan.origins.clone(),
            session: Session::new(&plan, 0, 0),
            tls: plan.tls.as_ref().map(TlsClient::session),
            tally: plan.walk.tally(),
            plan,
            clock,
            epoch_unix_s: (crate::clock::unix_ns() / 1_000_000_000).cast_signed(),
            names,
            connection: None,
            default_timeout: DEFAULT_TIMEOUT,
            page: None,
        })
    }

    /// Time limit of transactions that have none of their own.
    pub fn set_default_timeout(&mut self, timeout: Duration) {
        self.default_timeout = timeout;
    }

    /// Carries out the next transaction; `None` when the session is over.
    pub fn step(&mut self) -> Option<Attempt> {
        let sessions = self.tally.sessions;
        let page = self.page.take();
        let next = self
            .session
            .advance(&self.plan, &mut self.tally, page.as_deref())?;
        if sessions > 0 && next.new_session && self.tally.transitions.len() > 1 {
            return None;
        }
        if next.new_session {
            self.connection = None;
        }
        Some(self.carry_out())
    }

    fn carry_out(&mut self) -> Attempt {
        let start_ns = self.clock.now_ns();
        let planned = &self.plan.transactions[self.session.transaction()];
        let limit_ns = planned
            .timeout_ns
            .unwrap_or_else(|| u64::try_from(self.default_timeout.as_nanos()).unwrap_or(u64::MAX));
        let mut attempt = Attempt {
            transaction: planned.name.clone(),
            url: String::new(),
            request: Vec::new(),
            status: 0,
            head: String::new(),
            body: Vec::new(),
            resources: Vec::new(),
            extracted: Vec::new(),
            error: None,
            record: empty_record(self.session.transaction(), start_ns),
        };
        loop {
            let reply = self.exchange(&mut attempt, start_ns.saturating_add(limit_ns));
            attempt.url = self.session.asked_url(&self.plan, &self.origins);
            if let Reply::Done(outcome) = reply {
                attempt.record.outcome = outcome;
                break;
            }
        }
        self.fetch_resources(&mut attempt, start_ns.saturating_add(limit_ns));
        attempt.record.end_ns = self.clock.now_ns();
        let values = self.names.iter().zip(self.session.values());
        attempt.extracted = values
            .filter_map(|(name, value)| Some((name.clone(), value.as_deref()?.to_owned())))
            .collect();
        self.page = Some(attempt.body.clone());
        attempt
    }

    /// One request and its answer.
    fn exchange(&mut self, attempt: &mut Attempt, until_ns: u64) -> Reply {
        let mut again = false;
        let mut address = 0;
        loop {
            let around = Surroundings {
                origins: &self.origins,
                now_unix_s: self.epoch_unix_s,
            };
            let mut buffer = Vec::new();
            let ask = self.session.ask(&self.plan, around, again, &mut buffer);
            let Some(ask) = ask else {
                attempt.error = Some("a value or link that the request needs was not found".to_owned());
                return Reply::Done(Outcome::CheckFailed);
            };
            attempt.request = ask.whole.map_or(buffer, <[u8]>::to_vec);
            let ask = Ask { whole: None, ..ask };
            let sent = self.send((ask, address), &attempt.request);
            let ended = sent.and_then(|epoll| self.receive(&epoll, until_ns));
            let aged = self
                .connection
                .as_ref()
                .is_some_and(|(_, connection)| connection.died_of_age());
            match ended {
                Ok(()) => return self.judge(attempt),
                Err(Ended::Failed(Failure::Reset(_))) if aged && !again => self.connection = None,
                Err(Ended::Failed(Failure::Refused(_)))
                    if self.origins.address(ask.origin, address + 1).is_some() =>
                {
                    self.connection = None;
                    address += 1;
                }
                Err(ended) => {
                    let phases = self
                        .connection
                        .as_ref()
                        .map_or(Phases::default(), |(_, c)| *c.phases());
                    add_phases(&mut attempt.record, &phases);
                    self.connection = None;
                    let (outcome, reason) = ended.tell();
                    attempt.error = Some(reason);
                    return Reply::Done(outcome);
                }
            }
            again = true;
        }
    }

    /// Sends on the kept connection or a new one; the event queue that watches it.
    fn send(&mut self, (ask, attempt): (Ask<'_>, usize), request: &[u8]) -> Result<OwnedFd, Ended> {
        let no_queue = |error: rustix::io::Errno| Ended::Failed(Failure::NoResource(error.to_string()));
        let mut connection = match self.connection.take() {
            Some((origin, connection)) if origin == ask.origin => connection,
            _ => self.open(ask.origin, attempt).map_err(Ended::Failed)?,
        };
        let queue = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(no_queue)?;
        let flags =
            epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        epoll::add(&queue, connection.socket(), epoll::EventData::new_u64(0), flags).map_err(no_queue)?;
        let progress = connection.submit(
            request,
            ask.head_request,
            Keep {
                head: true,
                body: true,
            },
            &self.clock,
        );
        self.connection = Some((ask.origin, connection));
        match progress {
            Progress::Failed(failure) => Err(Ended::Failed(failure)),
            _ => Ok(queue),
        }
    }

    fn open(&self, origin: usize, attempt: usize) -> Result<Connection, Failure> {
        let address = self.origins.address(origin, attempt);
        let address = address.ok_or_else(|| Failure::Refused("no address".to_owned()))?;
        let tls = tls_state(self.origins.origin(origin), self.tls.as_ref())?;
        Connection::open(address, None, tls, self.plan.terms, &self.clock)
    }

    fn receive(&mut self, queue: &OwnedFd, until_ns: u64) -> Result<(), Ended> {
        let Some((_, connection)) = self.connection.as_mut() else {
            return Err(Ended::Failed(Failure::Reset("no connection".to_owned())));
        };
        let mut buffer = vec![0; 64 * 1024];
        let mut events: Vec<epoll::Event> = Vec::with_capacity(4);
        let mut readiness = Readiness::default();
        loop {
            match connection.ready(readiness, &mut buffer, &self.clock) {
                Progress::Complete => return Ok(()),
                Progress::Failed(failure) => return Err(Ended::Failed(failure)),
                Progress::IdleClosed => return Err(Ended::Failed(Failure::Reset("closed".to_owned()))),
                Progress::Again => {
                    readiness = Readiness {
                        readable: true,
                        ..Readiness::default()
                    };
                    continue;
                }
                Progress::Pending => {}
            }
            let left_ns = until_ns.saturating_sub(self.clock.now_ns());
            if left_ns == 0 {
                return Err(Ended::TimedOut(connection.phase()));
            }
            let timeout = Timespec {
                tv_sec: (left_ns / 1_000_000_000).cast_signed(),
                tv_nsec: (left_ns % 1_000_000_000).cast_signed(),
            };
            events.clear();
            let _ = epoll::wait(queue, rustix::buffer::spare_capacity(&mut events), Some(&timeout));
            readiness = events
                .first()
                .map_or(Readiness::default(), |event| event_readiness(event.flags));
        }
    }

    fn judge(&mut self, attempt: &mut Attempt) -> Reply {
        let Some((_, connection)) = self.connection.as_mut() else {
            return Reply::Done(Outcome::Reset);
        };
        let head = *connection.head();
        add_phases(&mut attempt.record, connection.phases());
        attempt.status = head.status;
        attempt.record.status = head.status;
        attempt.head = String::from_utf8_lossy(connection.head_bytes()).into_owned();
        let Some(body) = encoding::text(
            connection.body_bytes(),
            head.gzip,
            self.plan.terms.limits.max_body_bytes,
        ) else {
            attempt.error = Some("the body cannot be unpacked".to_owned());
            self.connection = None;
            return Reply::Done(Outcome::Malformed);
        };
        attempt.body = body.into_owned();
        let answer = Answer {
            status: head.status,
            head: connection.head_bytes(),
            body: &attempt.body,
        };
        let reply = self
            .session
            .answer(&self.plan, &mut self.origins, &answer, self.epoch_unix_s);
        if !connection.is_reusable() {
            self.connection = None;
        }
        reply
    }
}

/// Carries out one transaction by itself, without think time and whatever the navigation graph says.
///
/// # Errors
/// As `Engine::start`.
pub fn try_once(workload: &Workload, transaction: usize, timeout: Duration) -> Result<Attempt, EngineError> {
    let mut user = SingleUser::with_script(
        workload,
        Script::Sequence(vec![once(transaction)]),
        &EngineConfig::default(),
    )?;
    user.set_default_timeout(timeout);
    user.step().ok_or(EngineError::NoTransaction(transaction))
}

/// How an exchange ended without an answer.
enum Ended {
    Failed(Failure),
    TimedOut(Phase),
}

impl Ended {
    fn tell(&self) -> (Outcome, String) {
        match self {
            Self::TimedOut(phase) => {
                let (outcome, what) = match phase {
                    Phase::Connect => (Outcome::TimeoutConnect, "connecting"),
                    Phase::Send => (Outcome::TimeoutSend, "sending the request"),
                    Phase::FirstByte => (Outcome::TimeoutFirstByte, "waiting for the answer"),
                    Phase::Body => (Outcome::TimeoutBody, "reading the answer"),
                };
                (outcome, format!("the time limit passed while {what}"))
            }
            Self::Failed(failure) => (failure.outcome(), failure.to_string()),
        }
    }
}

fn once(transaction: usize) -> ProfileStep {
    ProfileStep {
        requires: Vec::new(),
        transaction,
        count: Some(1),
        think_time_s: 0.0,
    }
}

fn empty_record(transaction: usize, start_ns: u64) -> Record {
    Record {
        user: 0,
        transaction: u16::try_from(transaction).unwrap_or(u16::MAX),
        outcome: Outcome::Ok,
        status: 0,
        scheduled_ns: start_ns,
        start_ns,
        connect_start_ns: 0,
        connect_end_ns: 0,
        tls_end_ns: 0,
        send_start_ns: 0,
        send_end_ns: 0,
        first_byte_ns: 0,
        last_byte_ns: 0,
        end_ns: 0,
        bytes_sent: 0,
        bytes_received: 0,
    }
}

fn add_phases(record: &mut Record, phases: &Phases) {
    if record.connect_start_ns == 0 {
        record.connect_start_ns = phases.connect_start_ns;
        record.connect_end_ns = phases.connect_end_ns;
        record.tls_end_ns = phases.tls_end_ns;
    }
    if record.send_start_ns == 0 {
        record.send_start_ns = phases.send_start_ns;
    }
    record.send_end_ns = phases.send_end_ns;
    record.first_byte_ns = phases.first_byte_ns;
    record.last_byte_ns = phases.last_byte_ns;
    record.bytes_sent += phases.bytes_sent;
    record.bytes_received += phases.bytes_received;
}
