//! A connection that speaks HTTP/2: many exchanges at once between the pure streams and the socket.

use super::{Connection, Keep, READS_PER_TURN, Readiness, Stage};
use crate::clock::Clock;
use crate::transport::http2::{Http2, Part, State};
use crate::transport::{Failure, Phases, Progress, Version};

impl Connection {
    /// Whether many exchanges may go on at once; known only once the connection is established.
    #[must_use]
    pub const fn is_multiplexed(&self) -> bool {
        self.http2.is_some()
    }

    /// Begins an exchange for each of the requests on an idle connection of HTTP/2. It is complete when all are over,
    /// well or not; `part` tells of each.
    pub fn submit_all(&mut self, requests: &[Vec<u8>], keep: Keep, clock: &Clock) -> Progress {
        self.reused = true;
        self.together = true;
        self.submit_http2(requests.iter().map(Vec::as_slice), keep, clock)
    }

    /// The answer of that place among those asked for by `submit_all`; of a single exchange there is only the first.
    #[must_use]
    pub fn part(&self, at: usize) -> Option<Part<'_>> {
        match &self.http2 {
            Some(http2) => http2.part(at),
            None => (at == 0).then(|| Part {
                failure: None,
                head: self.reader.head(),
                head_bytes: &self.head,
                body_bytes: &self.body,
            }),
        }
    }

    /// Gives up the exchange, whose time is over or which has failed. `true` if the connection may carry another one: over HTTP/2,
    /// where the streams are reset and nothing else is wrong. A server that says nothing at all until two exchanges in a row are
    /// given up may be gone, and then the connection is not kept.
    pub fn cancel(&mut self, clock: &Clock) -> bool {
        let Some(http2) = &mut self.http2 else {
            return false;
        };
        if self.peer_closed {
            return false;
        }
        let is_silent = self.phases.bytes_received == 0;
        let was_silent = std::mem::replace(&mut self.silent, is_silent);
        http2.cancel();
        let is_usable = http2.is_usable();
        // What the socket does not take now, the server does not want to hear.
        let told = self.send_http2(clock).is_ok() && self.outgoing.is_empty();
        self.stage = Stage::Idle;
        is_usable && told && !(was_silent && is_silent)
    }

    /// Whether the peer is to be spoken to in HTTP/2, now that the connection is established.
    pub(super) fn speaks_http2(&self) -> Result<bool, Failure> {
        let agreed = self.stream.agreed_protocol() == Some(b"h2");
        match (self.version, self.stream.is_tls()) {
            (Version::Http1, _) | (Version::Auto, false) => Ok(false),
            (Version::Http2, false) => Ok(true),
            (Version::Auto, true) => Ok(agreed),
            (Version::Http2, true) if agreed => Ok(true),
            (Version::Http2, true) => Err(Failure::Handshake("the server does not offer HTTP/2".to_owned())),
        }
    }

    /// Turns to HTTP/2 with the request that waits.
    pub(super) fn begin_http2(&mut self) -> Result<(), Failure> {
        let mut http2 = Http2::new(self.reader.limits(), self.stream.is_tls())?;
        let request = std::mem::take(&mut self.outgoing);
        http2.submit([request.as_slice()], self.keep);
        self.http2 = Some(Box::new(http2));
        Ok(())
    }

    pub(super) fn submit_http2<'r>(
        &mut self,
        requests: impl IntoIterator<Item = &'r [u8]>,
        keep: Keep,
        clock: &Clock,
    ) -> Progress {
        self.phases = Phases {
            send_start_ns: clock.now_ns(),
            ..Phases::default()
        };
        self.stage = Stage::Exchange;
        if let Some(http2) = &mut self.http2 {
            http2.submit(requests, keep);
        }
        match self.send_http2(clock) {
            Ok(()) => self.progress(clock.now_ns()),
            Err(failure) => Progress::Failed(failure),
        }
    }

    pub(super) fn ready_http2(&mut self, readiness: Readiness, buffer: &mut [u8], clock: &Clock) -> Progress {
        match self.go_on_http2(readiness, buffer, clock) {
            // Without an exchange there is nothing that could fail.
            Progress::Failed(_) if self.stage == Stage::Idle => Progress::IdleClosed,
            progress => progress,
        }
    }

    fn go_on_http2(&mut self, readiness: Readiness, buffer: &mut [u8], clock: &Clock) -> Progress {
        let mut broken = self.send_http2(clock).err();
        if !(readiness.readable || readiness.closed || broken.is_some() || self.stream.is_tls()) {
            return self.progress(clock.now_ns());
        }
        for _ in 0..READS_PER_TURN {
            let received = match self.stream.read(buffer) {
                Ok(Some(received)) => received,
                // What the server had said before it stopped reading has been read by now.
                Ok(None) => return broken.map_or_else(|| self.progress(clock.now_ns()), Progress::Failed),
                Err(failure) => {
                    self.peer_closed = true;
                    return Progress::Failed(failure);
                }
            };
            let now_ns = clock.now_ns();
            self.take_http2(&buffer[..received], now_ns);
            if broken.is_none() {
                broken = self.send_http2(clock).err();
            }
            match self.progress(now_ns) {
                Progress::Pending if received == 0 => return self.over(Failure::Reset("closed".to_owned())),
                Progress::Pending => {}
                ended => return ended,
            }
        }
        Progress::Again
    }

    fn take_http2(&mut self, bytes: &[u8], now_ns: u64) {
        let Some(http2) = &mut self.http2 else {
            return;
        };
        self.phases.bytes_received += bytes.len() as u64;
        self.silent = false;
        if bytes.is_empty() {
            self.peer_closed = true;
            http2.close();
        } else {
            http2.feed(bytes);
        }
        if self.phases.first_byte_ns == 0 && http2.has_begun() {
            self.phases.first_byte_ns = now_ns;
        }
    }

    /// Brings what the streams have to say to the socket, as far as it takes it.
    fn send_http2(&mut self, clock: &Clock) -> Result<(), Failure> {
        let Some(http2) = &mut self.http2 else {
            return Ok(());
        };
        loop {
            http2.take_outgoing(&mut self.outgoing);
            if self.outgoing.is_empty() {
                break;
            }
            let taken = self.stream.write(&self.outgoing[self.outgoing_sent..])?;
            self.outgoing_sent += taken;
            self.phases.bytes_sent += taken as u64;
            if self.outgoing_sent < self.outgoing.len() {
                return Ok(());
            }
            self.outgoing = Vec::new();
            self.outgoing_sent = 0;
        }
        let flushed = self.stream.flush()?;
        if flushed && self.phases.send_end_ns == 0 && http2.all_sent() {
            self.phases.send_end_ns = clock.now_ns();
        }
        Ok(())
    }

    /// What has come of the exchanges by now.
    fn progress(&mut self, now_ns: u64) -> Progress {
        let Some(http2) = &self.http2 else {
            return Progress::Pending;
        };
        if self.stage == Stage::Idle {
            return if http2.is_usable() && !self.peer_closed {
                Progress::Pending
            } else {
                Progress::IdleClosed
            };
        }
        if http2.state() != State::Over {
            return Progress::Pending;
        }
        let failure = http2.part(0).and_then(|part| part.failure).cloned();
        match failure.filter(|_| !self.together) {
            Some(failure) => self.over(failure),
            None => self.complete(now_ns),
        }
    }

    /// A stream that failed alone leaves the connection as it is.
    fn over(&mut self, failure: Failure) -> Progress {
        self.peer_closed |= self.http2.as_ref().is_none_or(|http2| !http2.is_usable());
        Progress::Failed(failure)
    }
}
