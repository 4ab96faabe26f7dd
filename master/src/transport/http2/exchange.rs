//! One stream: a request on its way out, an answer on its way in.

use super::Part;
use super::request::{head_of, translate, write_head};
use crate::transport::Failure;
use crate::transport::connection::Keep;
use crate::transport::http1::head::Head;
use crate::transport::http1::{Fault, Limits};
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Where an exchange stands.
#[derive(Debug)]
enum Stage {
    /// The connection has no room for another stream yet.
    Waiting(Box<(Request<()>, Bytes)>),
    /// Nothing of the answer has come.
    Asked(ResponseFuture),
    /// The head has come.
    Body(RecvStream),
    /// It is over.
    Over(Result<(), Failure>),
}

/// An exchange on a stream of its own.
#[derive(Debug)]
pub(super) struct Exchange {
    stage: Stage,
    keep: Keep,
    /// The part of the request's body that flow control has not let go.
    sending: Option<(SendStream<Bytes>, Bytes)>,
    head: Head,
    head_bytes: Vec<u8>,
    body: Vec<u8>,
    body_length: u64,
}

impl Exchange {
    /// Of a request in the form of HTTP/1.1.
    pub(super) fn new(request: &[u8], https: bool, keep: Keep) -> Self {
        let stage = translate(request, https).map_or_else(
            || Stage::Over(Err(Failure::Reset("HTTP/2 cannot say this request".to_owned()))),
            |translated| Stage::Waiting(Box::new(translated)),
        );
        Self {
            stage,
            keep,
            sending: None,
            head: Head::EMPTY,
            head_bytes: Vec::new(),
            body: Vec::new(),
            body_length: 0,
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over(_))
    }

    /// Whether the head of the answer has come.
    pub(super) const fn has_begun(&self) -> bool {
        self.head.status > 0
    }

    /// Whether the whole request has left h2's hands, so far as flow control lets it.
    pub(super) const fn is_sent(&self) -> bool {
        self.sending.is_none() && !matches!(self.stage, Stage::Waiting(_))
    }

    pub(super) fn part(&self) -> Part<'_> {
        Part {
            failure: match &self.stage {
                Stage::Over(Err(failure)) => Some(failure),
                _ => None,
            },
            head: &self.head,
            head_bytes: &self.head_bytes,
            body_bytes: &self.body,
        }
    }

    /// The connection is over, or nobody waits any more; so is this, unless it was already. A stream that h2 still knows is reset,
    /// since nobody holds it any more.
    pub(super) fn fail(&mut self, failure: &Failure) {
        if !self.is_over() {
            self.finish(Err(failure.clone()));
        }
    }

    /// The head was longer than allowed; if it was turned away, that is why.
    pub(super) fn blame_length(&mut self) {
        if !self.has_begun()
            && let Stage::Over(Err(Failure::Answer(fault @ Fault::Malformed(_)))) = &mut self.stage
        {
            *fault = Fault::TooLarge("head");
        }
    }

    /// Goes on as far as h2 lets it.
    pub(super) fn advance(
        &mut self,
        sender: &mut SendRequest<Bytes>,
        limits: &Limits,
        context: &mut Context<'_>,
    ) {
        self.ask(sender, context);
        self.send(context);
        self.await_head(limits, context);
        if let Stage::Body(stream) = &mut self.stage {
            let ended = read(
                stream,
                (&mut self.body, self.keep.body),
                (&mut self.body_length, limits),
                context,
            );
            if let Poll::Ready(ended) = ended {
                self.finish(ended);
            }
        }
    }

    fn finish(&mut self, ended: Result<(), Failure>) {
        self.sending = None;
        self.stage = Stage::Over(ended);
    }

    fn ask(&mut self, sender: &mut SendRequest<Bytes>, context: &mut Context<'_>) {
        if !matches!(self.stage, Stage::Waiting(_)) {
            return;
        }
        match sender.poll_ready(context) {
            Poll::Pending => return,
            Poll::Ready(Err(error)) => return self.finish(Err(failure_of(&error))),
            Poll::Ready(Ok(())) => {}
        }
        let Stage::Waiting(waiting) = std::mem::replace(&mut self.stage, Stage::Over(Ok(()))) else {
            return;
        };
        let (request, body) = *waiting;
        match sender.send_request(request, body.is_empty()) {
            Ok((answer, stream)) => {
                self.sending = (!body.is_empty()).then_some((stream, body));
                self.stage = Stage::Asked(answer);
            }
            Err(error) => self.finish(Err(failure_of(&error))),
        }
    }

    fn send(&mut self, context: &mut Context<'_>) {
        while let Some((stream, rest)) = &mut self.sending {
            stream.reserve_capacity(rest.len());
            match stream.poll_capacity(context) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(0))) => return,
                Poll::Ready(Some(Ok(room))) => {
                    let piece = rest.split_to(room.min(rest.len()));
                    let last = rest.is_empty();
                    if stream.send_data(piece, last).is_err() || last {
                        self.sending = None;
                    }
                }
                // The server wants no more of it; its answer tells why.
                Poll::Ready(Some(Err(_)) | None) => self.sending = None,
            }
        }
    }

    fn await_head(&mut self, limits: &Limits, context: &mut Context<'_>) {
        let Stage::Asked(answer) = &mut self.stage else {
            return;
        };
        match Pin::new(answer).poll(context) {
            Poll::Pending => {}
            Poll::Ready(Ok(answer)) => self.take_head(answer, limits),
            Poll::Ready(Err(error)) => self.finish(Err(failure_of(&error))),
        }
    }

    fn take_head(&mut self, answer: Response<RecvStream>, limits: &Limits) {
        let (parts, stream) = answer.into_parts();
        self.head = head_of(parts.status, &parts.headers);
        let head = &self.head;
        if self.keep.head || head.sets_cookie || head.has_location || head.gzip {
            write_head(parts.status, &parts.headers, &mut self.head_bytes);
        }
        // RFC 9113 section 6.5.2: so the size of a head is counted.
        let fields = parts.headers.iter();
        let size: usize = fields
            .map(|(name, value)| name.as_str().len() + value.len() + 32)
            .sum();
        if size > limits.max_header_bytes {
            return self.finish(Err(Failure::Answer(Fault::TooLarge("head"))));
        }
        let announced = parts.headers.get(http::header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        // The announced length of what HEAD does not send is no reason to refuse it.
        if !stream.is_end_stream() && announced.is_some_and(|length| length > limits.max_body_bytes) {
            return self.finish(Err(Failure::Answer(Fault::TooLarge("body"))));
        }
        self.stage = Stage::Body(stream);
    }
}

/// Reads what has come of a body; ready when it is over.
fn read(
    stream: &mut RecvStream,
    (body, keep): (&mut Vec<u8>, bool),
    (length, limits): (&mut u64, &Limits),
    context: &mut Context<'_>,
) -> Poll<Result<(), Failure>> {
    loop {
        match stream.poll_data(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => break,
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(failure_of(&error))),
            Poll::Ready(Some(Ok(piece))) => {
                *length += piece.len() as u64;
                if *length > limits.max_body_bytes {
                    return Poll::Ready(Err(Failure::Answer(Fault::TooLarge("body"))));
                }
                if keep {
                    body.extend_from_slice(&piece);
                }
                // An error here means that the stream is over, which the next turn finds out.
                let _ = stream.flow_control().release_capacity(piece.len());
            }
        }
    }
    stream
        .poll_trailers(context)
        .map(|ended| ended.map(|_| ()).map_err(|error| failure_of(&error)))
}

/// Who is to blame for an error of h2.
pub(super) fn failure_of(error: &h2::Error) -> Failure {
    if !error.is_library() {
        return Failure::Reset(error.to_string());
    }
    match error.reason() {
        // So h2 turns away endless heads and floods of frames.
        Some(Reason::ENHANCE_YOUR_CALM | Reason::COMPRESSION_ERROR) => {
            Failure::Answer(Fault::TooLarge("head or frames"))
        }
        _ => Failure::Answer(Fault::Malformed("the rules of HTTP/2 are broken")),
    }
}
