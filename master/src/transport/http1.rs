//! The client side of HTTP/1.1 (RFC 9112) as a pure state machine: bytes of an answer in, head, body pieces and end out.

pub mod chunked;
pub mod head;

use chunked::{Chunked, Piece};
use head::{Framing, Head};

/// What an answer may cost at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest head (status line and header fields), and longest trailer or chunk line, bytes.
    pub max_header_bytes: usize,
    /// Longest body after removal of the transfer coding, bytes.
    pub max_body_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_header_bytes: 64 * 1024,
            max_body_bytes: 64 * 1024 * 1024,
        }
    }
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are not what HTTP allows.
    #[error("the answer is not HTTP: {0}")]
    Malformed(&'static str),
    /// A limit was exceeded.
    #[error("the answer is too large: {0}")]
    TooLarge(&'static str),
    /// The peer closed before the first byte of the answer.
    #[error("the connection was closed before the answer began")]
    NoAnswer,
    /// The peer closed within the answer.
    #[error("the connection was closed within the answer")]
    Truncated,
}

/// What the reader found next.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// All input is used up; the answer goes on.
    More,
    /// The final head is complete; `ResponseReader::head` describes it. The bytes are the head as sent.
    Head(&'a [u8]),
    /// A piece of the body, transfer coding removed.
    Body(&'a [u8]),
    /// The answer is complete; input that remains does not belong to it.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    BodyBegins,
    Length(u64),
    Chunked(Chunked),
    UntilClose,
    Done,
}

/// Reads one answer after the other; `begin` starts the next.
#[derive(Debug)]
pub struct ResponseReader {
    limits: Limits,
    state: State,
    head: Head,
    /// A head that came in pieces. Empty when heads arrive whole, so that an idle connection holds no buffer.
    partial: Vec<u8>,
    answers_head_request: bool,
    informational: u8,
    any_byte: bool,
    body_bytes: u64,
}

/// More interim answers (1xx) than this before the final one are taken for an attack.
const MAX_INFORMATIONAL: u8 = 16;

impl ResponseReader {
    /// A reader with the given limits; call `begin` before the first answer.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Done,
            head: Head::EMPTY,
            partial: Vec::new(),
            answers_head_request: false,
            informational: 0,
            any_byte: false,
            body_bytes: 0,
        }
    }

    /// Expects the answer to a request; the answer to HEAD has no body whatever its head says.
    pub fn begin(&mut self, head_request: bool) {
        self.state = State::Head;
        self.head = Head::EMPTY;
        self.partial = Vec::new();
        self.answers_head_request = head_request;
        self.informational = 0;
        self.any_byte = false;
        self.body_bytes = 0;
    }

    /// The final head, once `Item::Head` was given out.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The limits on answers.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether any byte of the answer has arrived.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.any_byte
    }

    /// Whether the answer is complete.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Bytes of body seen so far, transfer coding removed.
    #[must_use]
    pub const fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// Takes from the front of `input` what belongs to the next item.
    ///
    /// # Errors
    /// `Malformed` or `TooLarge`; the connection is useless afterwards.
    pub fn next<'s, 'i: 's>(&'s mut self, input: &mut &'i [u8]) -> Result<Item<'s>, Fault> {
        if !input.is_empty() {
            self.any_byte = true;
        }
        loop {
            match self.state {
                State::Done => return Ok(Item::Done),
                State::Head => {
                    if input.is_empty() {
                        return Ok(Item::More);
                    }
                    return self.next_head(input);
                }
                State::BodyBegins => {
                    self.partial = Vec::new();
                    self.state = match self.head.framing {
                        Framing::Empty | Framing::Length(0) => State::Done,
                        Framing::Length(n) => State::Length(n),
                        Framing::Chunked => State::Chunked(Chunked::new()),
                        Framing::UntilClose => State::UntilClose,
                    };
                }
                State::Length(left) => return Ok(self.next_length(input, left)),
                State::UntilClose => {
                    if input.is_empty() {
                        return Ok(Item::More);
                    }
                    let piece = std::mem::take(input);
                    self.count_body(piece.len())?;
                    return Ok(Item::Body(piece));
                }
                State::Chunked(mut decoder) => {
                    let piece = decoder.next(input, self.limits.max_header_bytes);
                    self.state = State::Chunked(decoder);
                    match piece? {
                        Piece::More => return Ok(Item::More),
                        Piece::Data(data) => {
                            self.count_body(data.len())?;
                            return Ok(Item::Body(data));
                        }
                        Piece::End => self.state = State::Done,
                    }
                }
            }
        }
    }

    /// The peer has closed: tells whether that ends the answer well.
    ///
    /// # Errors
    /// `NoAnswer` or `Truncated`, or `Malformed` where what came of a head is none.
    pub fn close(&mut self) -> Result<(), Fault> {
        match self.state {
            State::Done => Ok(()),
            State::UntilClose => {
                self.state = State::Done;
                Ok(())
            }
            State::BodyBegins if self.head.framing == Framing::UntilClose => {
                self.state = State::Done;
                Ok(())
            }
            _ if self.any_byte => head::parse(&self.partial).map_or_else(Err, |_| Err(Fault::Truncated)),
            _ => Err(Fault::NoAnswer),
        }
    }

    fn next_length<'i>(&mut self, input: &mut &'i [u8], left: u64) -> Item<'i> {
        if input.is_empty() {
            return Item::More;
        }
        let take = usize::try_from(left).map_or(input.len(), |n| n.min(input.len()));
        let (piece, rest) = input.split_at(take);
        *input = rest;
        self.body_bytes += take as u64;
        let left = left - take as u64;
        self.state = if left == 0 {
            State::Done
        } else {
            State::Length(left)
        };
        Item::Body(piece)
    }

    fn count_body(&mut self, bytes: usize) -> Result<(), Fault> {
        self.body_bytes += bytes as u64;
        if self.body_bytes > self.limits.max_body_bytes {
            return Err(Fault::TooLarge("body"));
        }
        Ok(())
    }

    fn next_head<'s, 'i: 's>(&'s mut self, input: &mut &'i [u8]) -> Result<Item<'s>, Fault> {
        loop {
            let fresh = self.partial.is_empty();
            let found = if fresh {
                head::parse(input)?
            } else {
                self.complete_partial(input)?
            };
            let Some((head, length)) = found else {
                if fresh {
                    self.partial.extend_from_slice(input);
                    *input = &[];
                }
                if self.partial.len() > self.limits.max_header_bytes {
                    return Err(Fault::TooLarge("head"));
                }
                return Ok(Item::More);
            };
            if length > self.limits.max_header_bytes {
                return Err(Fault::TooLarge("head"));
            }
            let whole: &'i [u8] = if fresh {
                let (whole, rest) = input.split_at(length);
                *input = rest;
                whole
            } else {
                &[]
            };
            if head.status < 200 {
                self.informational += 1;
                if head.status == 101 || self.informational > MAX_INFORMATIONAL {
                    return Err(Fault::Malformed("unexpected interim answer"));
                }
                self.partial.clear();
                if input.is_empty() {
                    return Ok(Item::More);
                }
                continue;
            }
            self.accept(head)?;
            return Ok(Item::Head(if fresh { whole } else { &self.partial }));
        }
    }

    /// Adds input to a head that came in pieces, up to the head's end and no further.
    fn complete_partial(&mut self, input: &mut &[u8]) -> Result<Option<(Head, usize)>, Fault> {
        let before = self.partial.len();
        let room = (self.limits.max_header_bytes + 1).saturating_sub(before);
        let (candidate, beyond) = input.split_at(room.min(input.len()));
        self.partial.extend_from_slice(candidate);
        let Some(end) = head::end(&self.partial, before) else {
            head::check_start(&self.partial)?;
            *input = beyond;
            return Ok(None);
        };
        *input = &input[end - before..];
        self.partial.truncate(end);
        head::parse(&self.partial)
    }

    fn accept(&mut self, mut head: Head) -> Result<(), Fault> {
        if self.answers_head_request || matches!(head.status, 204 | 304) {
            head.framing = Framing::Empty;
        }
        if matches!(head.framing, Framing::Length(n) if n > self.limits.max_body_bytes) {
            return Err(Fault::TooLarge("body"));
        }
        if head.framing == Framing::UntilClose {
            head.keep_alive = false;
        }
        self.head = head;
        self.state = State::BodyBegins;
        Ok(())
    }
}
