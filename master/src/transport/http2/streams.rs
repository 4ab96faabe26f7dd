//! A connection of HTTP/2: the crate h2 polled by hand over a pipe in memory, without any runtime.

use super::exchange::{Exchange, failure_of};
use super::heads::Heads;
use super::pipe::Pipe;
use super::{Part, State};
use crate::transport::Failure;
use crate::transport::connection::Keep;
use crate::transport::http1::Limits;
use bytes::Bytes;
use h2::client::{Builder, Connection, SendRequest};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Bytes that a stream may receive before we say that we have read some; as browsers do, enough never to slow a page.
const STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
/// The same for all streams of a connection together.
const CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// How much longer than our limit a head may be for h2, whose own limit on the number of frames goes with it: many short ones
/// are no reason to turn a head away that is within ours.
const HEAD_LIMIT_FACTOR: usize = 16;

/// Remembers that h2 has something to go on with.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One connection and the exchanges on its streams.
#[derive(Debug)]
pub struct Http2 {
    pipe: Pipe,
    woken: Arc<Woken>,
    waker: Waker,
    connection: Connection<Pipe>,
    sender: SendRequest<Bytes>,
    https: bool,
    limits: Limits,
    exchanges: Vec<Exchange>,
    heads: Heads,
    /// The connection itself is over, and why.
    ended: Option<Failure>,
    usable: bool,
}

impl Http2 {
    /// Begins: the preface and our settings are the first bytes to send.
    ///
    /// # Errors
    /// `Handshake`, where h2 cannot begin; it always can.
    pub fn new(limits: Limits, https: bool) -> Result<Self, Failure> {
        let pipe = Pipe::default();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let head_limit = limits.max_header_bytes.saturating_mul(HEAD_LIMIT_FACTOR);
        let head_limit = u32::try_from(head_limit).unwrap_or(u32::MAX);
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_header_list_size(head_limit);
        let begun = pin!(builder.handshake::<_, Bytes>(pipe.clone())).poll(&mut Context::from_waker(&waker));
        let (sender, connection) = match begun {
            Poll::Ready(Ok(both)) => both,
            Poll::Ready(Err(error)) => return Err(Failure::Handshake(error.to_string())),
            Poll::Pending => return Err(Failure::Handshake("HTTP/2 cannot begin".to_owned())),
        };
        Ok(Self {
            pipe,
            woken,
            waker,
            connection,
            sender,
            https,
            limits,
            exchanges: Vec::new(),
            heads: Heads::default(),
            ended: None,
            usable: true,
        })
    }

    /// Begins an exchange for each of the requests, which are in the form of HTTP/1.1. Earlier ones must be over.
    pub fn submit<'r>(&mut self, requests: impl IntoIterator<Item = &'r [u8]>, keep: Keep) {
        self.heads.forget();
        self.exchanges = requests
            .into_iter()
            .map(|request| Exchange::new(request, self.https, keep))
            .collect();
        self.run();
    }

    /// Takes what the socket has brought.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.heads.feed(bytes);
        self.pipe.feed(bytes);
        self.run();
    }

    /// The peer has closed.
    pub fn close(&mut self) {
        self.pipe.end();
        self.run();
        let closed = Failure::Reset("the connection was closed within the answer".to_owned());
        self.end(closed);
    }

    /// Moves out what is for the socket, and lets h2 fill the room that this makes.
    pub fn take_outgoing(&mut self, out: &mut Vec<u8>) {
        self.pipe.take_outgoing(out);
        if !self.all_sent() {
            self.run();
            self.pipe.take_outgoing(out);
        }
    }

    /// How far the exchanges are.
    #[must_use]
    pub fn state(&self) -> State {
        if self.exchanges.is_empty() {
            State::Idle
        } else if self.exchanges.iter().all(Exchange::is_over) {
            State::Over
        } else {
            State::Pending
        }
    }

    /// Whether h2 holds nothing back of any request.
    #[must_use]
    pub fn all_sent(&self) -> bool {
        self.exchanges.iter().all(Exchange::is_sent)
    }

    /// Whether any of the answers has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.exchanges.iter().any(Exchange::has_begun)
    }

    /// Whether the connection takes further exchanges.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.usable
    }

    /// The answer to the request of that place; `None` where there was none.
    #[must_use]
    pub fn part(&self, at: usize) -> Option<Part<'_>> {
        self.exchanges.get(at).map(Exchange::part)
    }

    /// Gives up the exchanges that are not over: the streams are reset (CANCEL), the connection goes on.
    pub fn cancel(&mut self) {
        let given_up = Failure::Reset("given up".to_owned());
        for exchange in &mut self.exchanges {
            exchange.fail(&given_up);
        }
        self.run();
    }

    /// Forgets the exchanges that are over.
    pub fn forget(&mut self) {
        self.exchanges = Vec::new();
    }

    /// Lets h2 and the exchanges go on until neither has anything to do.
    fn run(&mut self) {
        let waker = self.waker.clone();
        let mut context = Context::from_waker(&waker);
        loop {
            self.woken.0.store(false, Ordering::Relaxed);
            if self.ended.is_none()
                && let Poll::Ready(ended) = Pin::new(&mut self.connection).poll(&mut context)
            {
                let failure = ended.map_or_else(
                    |error| failure_of(&error),
                    |()| Failure::Reset("the server has ended the connection".to_owned()),
                );
                self.let_exchanges_go_on(&mut context);
                self.end(failure);
                return;
            }
            self.let_exchanges_go_on(&mut context);
            if !self.woken.0.load(Ordering::Relaxed) {
                break;
            }
        }
        // After GOAWAY h2 takes no new request.
        self.usable &= !matches!(self.sender.poll_ready(&mut context), Poll::Ready(Err(_)));
    }

    fn let_exchanges_go_on(&mut self, context: &mut Context<'_>) {
        for exchange in self.exchanges.iter_mut().filter(|exchange| !exchange.is_over()) {
            exchange.advance(&mut self.sender, &self.limits, context);
            // To h2 such a head is a breach of the protocol like any other.
            if self.heads.longest() > self.limits.max_header_bytes {
                exchange.blame_length();
            }
        }
    }

    fn end(&mut self, failure: Failure) {
        self.usable = false;
        for exchange in &mut self.exchanges {
            exchange.fail(&failure);
        }
        self.ended = Some(failure);
    }
}
