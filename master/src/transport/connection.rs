//! One connection and the exchange that it carries: the driver between a non-blocking socket and the pure reader.

use super::http1::head::Head;
use super::http1::{Fault, Item, ResponseReader};
use super::http2::Http2;
use super::stream::Stream;
use super::tls::TlsState;
use super::{Failure, Phase, Phases, Progress, Terms, Version, socket};
use crate::clock::Clock;
use rustix::fd::BorrowedFd;
use std::net::{IpAddr, SocketAddr};

mod multiplexed;

/// What of an answer is kept for the caller; everything else is counted and forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// The whole head; without it, only a head that sets cookies, redirects or is compressed.
    pub head: bool,
    /// The body.
    pub body: bool,
}

/// What the event loop knows about a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readiness {
    /// Bytes, the end of the stream or an error can be read.
    pub readable: bool,
    /// Bytes can be written, or the connection attempt is over.
    pub writable: bool,
    /// The peer has closed its side or the connection is broken.
    pub closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Handshake,
    Idle,
    Exchange,
}

/// A connection: being established, idle, or within an exchange.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    stage: Stage,
    reused: bool,
    peer_closed: bool,
    /// Nothing has come since an exchange was given up in which nothing had come either.
    silent: bool,
    keep: Keep,
    version: Version,
    /// The exchange is one of many that began together.
    together: bool,
    reader: ResponseReader,
    /// Where the peer speaks HTTP/2, the reader is out of work.
    http2: Option<Box<Http2>>,
    phases: Phases,
    /// The part of the request that the socket has not taken.
    outgoing: Vec<u8>,
    outgoing_sent: usize,
    head: Vec<u8>,
    body: Vec<u8>,
}

/// Reads of a full buffer before others have their turn.
const READS_PER_TURN: usize = 16;
/// A buffer that grew beyond this is given back when its exchange is over, so that idle connections stay small.
const KEPT_CAPACITY_BYTES: usize = 1024;

impl Connection {
    /// Begins a connection attempt, by TLS if its state is given.
    ///
    /// # Errors
    /// The attempt failed at once.
    pub fn open(
        address: SocketAddr,
        source: Option<IpAddr>,
        tls: Option<Box<TlsState>>,
        terms: Terms,
        clock: &Clock,
    ) -> Result<Self, Failure> {
        let phases = Phases {
            connect_start_ns: clock.now_ns(),
            ..Phases::default()
        };
        let stream = Stream::new(socket::dial(address, source)?, tls);
        Ok(Self {
            stream,
            stage: Stage::Connecting,
            reused: false,
            peer_closed: false,
            silent: false,
            keep: Keep::default(),
            version: terms.version,
            together: false,
            reader: ResponseReader::new(terms.limits),
            http2: None,
            phases,
            outgoing: Vec::new(),
            outgoing_sent: 0,
            head: Vec::new(),
            body: Vec::new(),
        })
    }

    /// The socket, for registration with an event loop.
    #[must_use]
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.stream.socket()
    }

    /// Begins an exchange on a connection that is idle or still being established.
    pub fn submit(&mut self, request: &[u8], head_request: bool, keep: Keep, clock: &Clock) -> Progress {
        self.reader.begin(head_request);
        self.keep = keep;
        self.head.clear();
        self.body.clear();
        if self.http2.is_none() {
            self.outgoing.clear();
            self.outgoing_sent = 0;
        }
        if matches!(self.stage, Stage::Connecting | Stage::Handshake) {
            self.outgoing.extend_from_slice(request);
            return Progress::Pending;
        }
        self.reused = true;
        self.together = false;
        if self.http2.is_some() {
            return self.submit_http2([request], keep, clock);
        }
        self.phases = Phases {
            send_start_ns: clock.now_ns(),
            ..Phases::default()
        };
        self.stage = Stage::Exchange;
        match self.stream.write(request) {
            Ok(taken) if taken < request.len() => {
                self.phases.bytes_sent = taken as u64;
                self.outgoing.extend_from_slice(&request[taken..]);
            }
            Ok(taken) => {
                self.phases.bytes_sent = taken as u64;
                return self
                    .send_more(clock)
                    .map_or_else(Progress::Failed, |()| Progress::Pending);
            }
            Err(failure) => return Progress::Failed(failure),
        }
        Progress::Pending
    }

    /// Goes on as far as the socket allows.
    pub fn ready(&mut self, readiness: Readiness, buffer: &mut [u8], clock: &Clock) -> Progress {
        self.peer_closed |= readiness.closed;
        if self.stage == Stage::Connecting {
            if !(readiness.writable || readiness.closed) {
                return Progress::Pending;
            }
            if let Err(failure) = self.stream.connected() {
                return Progress::Failed(failure);
            }
            self.phases.connect_end_ns = clock.now_ns();
            self.stage = Stage::Handshake;
        }
        if self.stage == Stage::Handshake {
            match self.stream.handshake() {
                Ok(true) => {
                    if let Err(failure) = self.begin_exchange(clock) {
                        return Progress::Failed(failure);
                    }
                }
                Ok(false) => return Progress::Pending,
                Err(failure) => return Progress::Failed(failure),
            }
        }
        if self.http2.is_some() {
            return self.ready_http2(readiness, buffer, clock);
        }
        if self.stage == Stage::Idle {
            return self.idle(readiness, buffer);
        }
        let mut broken = None;
        if self.phases.send_end_ns == 0 {
            broken = self.send_more(clock).err();
        }
        if readiness.readable || readiness.closed || broken.is_some() || self.stream.is_tls() {
            // Even when sending failed the answer may be there: servers refuse a long body early.
            return match (self.receive(buffer, clock), broken) {
                (Progress::Pending, Some(failure)) => Progress::Failed(failure),
                (progress, _) => progress,
            };
        }
        Progress::Pending
    }

    fn begin_exchange(&mut self, clock: &Clock) -> Result<(), Failure> {
        let now_ns = if self.stream.is_tls() {
            clock.now_ns()
        } else {
            self.phases.connect_end_ns
        };
        if self.stream.is_tls() {
            self.phases.tls_end_ns = now_ns;
        }
        self.phases.send_start_ns = now_ns;
        self.stage = Stage::Exchange;
        if self.version != Version::Http1 && self.speaks_http2()? {
            self.begin_http2()?;
        }
        Ok(())
    }

    /// Neither an answer nor anything else may come without a request, except what TLS says to itself.
    fn idle(&mut self, readiness: Readiness, buffer: &mut [u8]) -> Progress {
        if readiness.closed || (readiness.readable && self.stream.read(buffer) != Ok(None)) {
            return Progress::IdleClosed;
        }
        Progress::Pending
    }

    fn send_more(&mut self, clock: &Clock) -> Result<(), Failure> {
        while self.outgoing_sent < self.outgoing.len() {
            let taken = self.stream.write(&self.outgoing[self.outgoing_sent..])?;
            if taken == 0 {
                return Ok(());
            }
            self.outgoing_sent += taken;
            self.phases.bytes_sent += taken as u64;
        }
        if self.stream.flush()? {
            self.phases.send_end_ns = clock.now_ns();
            self.outgoing = Vec::new();
            self.outgoing_sent = 0;
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], clock: &Clock) -> Progress {
        for _ in 0..READS_PER_TURN {
            let received = match self.stream.read(buffer) {
                Ok(None) => return Progress::Pending,
                Ok(Some(received)) => received,
                Err(failure) => return Progress::Failed(failure),
            };
            let now = clock.now_ns();
            if received == 0 {
                self.peer_closed = true;
                return match self.reader.close() {
                    Ok(()) => self.complete(now),
                    Err(fault) => Progress::Failed(closed_failure(fault)),
                };
            }
            if self.phases.first_byte_ns == 0 {
                self.phases.first_byte_ns = now;
            }
            self.phases.bytes_received += received as u64;
            match self.take(&buffer[..received]) {
                Ok(false) => {}
                Ok(true) => return self.complete(now),
                Err(fault) => {
                    self.phases.last_byte_ns = now;
                    return Progress::Failed(Failure::Answer(fault));
                }
            }
            if received < buffer.len() && !self.peer_closed && !self.stream.is_tls() {
                return Progress::Pending;
            }
        }
        Progress::Again
    }

    /// Feeds the reader; true when the answer is complete.
    fn take(&mut self, mut input: &[u8]) -> Result<bool, Fault> {
        loop {
            match self.reader.next(&mut input)? {
                Item::More => return Ok(false),
                Item::Done => {
                    // Bytes behind the answer belong to nothing: the answer counts, the connection is not trusted on.
                    self.peer_closed |= !input.is_empty();
                    return Ok(true);
                }
                Item::Head(bytes) => {
                    self.head.extend_from_slice(bytes);
                    let head = self.reader.head();
                    if !(self.keep.head || head.sets_cookie || head.has_location || head.gzip) {
                        self.head.clear();
                    }
                }
                Item::Body(piece) => {
                    if self.keep.body {
                        self.body.extend_from_slice(piece);
                    }
                }
            }
        }
    }

    fn complete(&mut self, now_ns: u64) -> Progress {
        self.phases.last_byte_ns = now_ns;
        if self.phases.first_byte_ns == 0 {
            self.phases.first_byte_ns = now_ns;
        }
        self.stage = Stage::Idle;
        Progress::Complete
    }

    /// Whether another exchange may follow.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        let willing = match &self.http2 {
            Some(http2) => http2.is_usable(),
            None => self.outgoing.is_empty() && self.reader.head().keep_alive,
        };
        self.stage == Stage::Idle && !self.peer_closed && willing
    }

    /// Whether the failed exchange may be repeated on a new connection without harm: this one was kept from an earlier
    /// exchange and died before the answer began, as happens when the server's keep-alive time ends just now.
    #[must_use]
    pub fn died_of_age(&self) -> bool {
        let died_unbegun = match &self.http2 {
            // A stream that was reset alone is the site's answer.
            Some(http2) => !http2.has_begun() && (self.peer_closed || !http2.is_usable()),
            None => !self.reader.has_begun(),
        };
        self.reused && died_unbegun
    }

    /// Whether part of the request waits because the socket takes no more.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.stage == Stage::Exchange && self.phases.send_end_ns == 0
    }

    /// The phase that the exchange is in.
    #[must_use]
    pub fn phase(&self) -> Phase {
        if matches!(self.stage, Stage::Connecting | Stage::Handshake) {
            Phase::Connect
        } else if self.phases.send_end_ns == 0 {
            Phase::Send
        } else if self.phases.first_byte_ns == 0 {
            Phase::FirstByte
        } else {
            Phase::Body
        }
    }

    /// Instants and bytes of the exchange.
    #[must_use]
    pub const fn phases(&self) -> &Phases {
        &self.phases
    }

    /// What the answer's head says.
    #[must_use]
    pub fn head(&self) -> &Head {
        match self.http2.as_ref().and_then(|http2| http2.part(0)) {
            Some(part) => part.head,
            None => self.reader.head(),
        }
    }

    /// The head as sent; empty if it was not kept.
    #[must_use]
    pub fn head_bytes(&self) -> &[u8] {
        match self.http2.as_ref().and_then(|http2| http2.part(0)) {
            Some(part) => part.head_bytes,
            None => &self.head,
        }
    }

    /// The body as sent, transfer coding removed; empty if it was not kept.
    #[must_use]
    pub fn body_bytes(&self) -> &[u8] {
        match self.http2.as_ref().and_then(|http2| http2.part(0)) {
            Some(part) => part.body_bytes,
            None => &self.body,
        }
    }

    /// Gives back large buffers of the exchange that is over.
    pub fn forget_answer(&mut self) {
        if let Some(http2) = &mut self.http2 {
            // What waits for the socket belongs to the connection, not to the exchange.
            http2.forget();
        } else {
            self.outgoing.clear();
            self.outgoing.shrink_to(KEPT_CAPACITY_BYTES);
        }
        for buffer in [&mut self.head, &mut self.body] {
            buffer.clear();
            buffer.shrink_to(KEPT_CAPACITY_BYTES);
        }
    }
}

fn closed_failure(fault: Fault) -> Failure {
    match fault {
        Fault::NoAnswer | Fault::Truncated => Failure::Reset(fault.to_string()),
        other => Failure::Answer(other),
    }
}
