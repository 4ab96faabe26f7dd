//! The chunked transfer coding (RFC 9112 section 7.1), one byte at a time in the framing, whole slices in the data.

use super::Fault;

/// What the decoder found next.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// All input is used up.
    More,
    /// Body bytes.
    Data(&'a [u8]),
    /// The last chunk and the trailer are over.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Extension,
    SizeNewline,
    Data,
    DataEnd,
    DataNewline,
    TrailerStart,
    Trailer,
    TrailerNewline,
}

/// State between two pieces of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunked {
    state: State,
    size: u64,
    digits: u8,
    /// Bytes of framing since the last data, against endless extensions and trailers.
    framing_bytes: usize,
}

const WRONG_SIZE: Fault = Fault::Malformed("chunk size");

impl Chunked {
    /// At the start of the first chunk.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Size,
            size: 0,
            digits: 0,
            framing_bytes: 0,
        }
    }

    /// Takes from the front of `input` what belongs to the next piece.
    ///
    /// # Errors
    /// `Malformed`, or `TooLarge` for a chunk line or trailer longer than `max_line_bytes`.
    pub fn next<'a>(&mut self, input: &mut &'a [u8], max_line_bytes: usize) -> Result<Piece<'a>, Fault> {
        loop {
            if self.state == State::Data {
                return Ok(self.data(input));
            }
            let Some((&byte, rest)) = input.split_first() else {
                return Ok(Piece::More);
            };
            *input = rest;
            self.framing_bytes += 1;
            if self.framing_bytes > max_line_bytes {
                return Err(Fault::TooLarge("chunk line or trailer"));
            }
            if self.framing(byte)? {
                return Ok(Piece::End);
            }
        }
    }

    fn data<'a>(&mut self, input: &mut &'a [u8]) -> Piece<'a> {
        if input.is_empty() {
            return Piece::More;
        }
        let take = usize::try_from(self.size).map_or(input.len(), |n| n.min(input.len()));
        let (piece, rest) = input.split_at(take);
        *input = rest;
        self.size -= take as u64;
        if self.size == 0 {
            self.state = State::DataEnd;
            self.framing_bytes = 0;
        }
        Piece::Data(piece)
    }

    /// One byte outside the data; true at the end of the body.
    fn framing(&mut self, byte: u8) -> Result<bool, Fault> {
        self.state = match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                self.add_digit(byte)?;
                State::Size
            }
            (State::Size, _) if self.digits == 0 => return Err(WRONG_SIZE),
            (State::Size, b';' | b' ' | b'\t') => State::Extension,
            (State::Size | State::Extension, b'\r') => State::SizeNewline,
            (State::Size | State::Extension | State::SizeNewline, b'\n') => self.after_size(),
            (State::Extension, _) => State::Extension,
            (State::Size | State::SizeNewline, _) => return Err(WRONG_SIZE),
            (State::DataEnd, b'\r') => State::DataNewline,
            (State::DataEnd | State::DataNewline, b'\n') => {
                self.digits = 0;
                State::Size
            }
            (State::DataEnd | State::DataNewline, _) => return Err(Fault::Malformed("end of a chunk")),
            (State::TrailerStart, b'\r') => State::TrailerNewline,
            (State::TrailerStart | State::TrailerNewline, b'\n') => return Ok(true),
            (State::TrailerNewline, _) => return Err(Fault::Malformed("trailer")),
            (State::Trailer, b'\n') => State::TrailerStart,
            (State::TrailerStart | State::Trailer, _) => State::Trailer,
            (State::Data, _) => State::Data,
        };
        Ok(false)
    }

    fn add_digit(&mut self, byte: u8) -> Result<(), Fault> {
        let value = char::from(byte).to_digit(16).ok_or(WRONG_SIZE)?;
        self.digits += 1;
        if self.digits > 16 || self.size >> 60 != 0 {
            return Err(WRONG_SIZE);
        }
        self.size = self.size << 4 | u64::from(value);
        Ok(())
    }

    const fn after_size(&mut self) -> State {
        if self.size == 0 {
            State::TrailerStart
        } else {
            State::Data
        }
    }
}

impl Default for Chunked {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &[u8], step: usize) -> Result<(Vec<u8>, usize), Fault> {
        let mut decoder = Chunked::new();
        let mut body = Vec::new();
        let mut used = 0;
        for piece in text.chunks(step) {
            let mut input = piece;
            loop {
                match decoder.next(&mut input, 100)? {
                    Piece::More => break,
                    Piece::Data(data) => body.extend_from_slice(data),
                    Piece::End => return Ok((body, used + piece.len() - input.len())),
                }
            }
            used += piece.len();
        }
        Err(Fault::Truncated)
    }

    #[test]
    fn decodes_at_every_split() {
        let text = b"5\r\nhello\r\n6;name=\"v\"\r\n world\r\nA\n0123456789\n0\r\nTrailer: x\r\n\r\nnext";
        for step in 1..text.len() {
            assert_eq!(
                decode(text, step),
                Ok((b"hello world0123456789".to_vec(), text.len() - 4)),
                "{step}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            &b"\r\n"[..],
            b"x\r\n",
            b"5\rx",
            b"1\r\nab\r\n",
            b"1\r\na\rb",
            b"0\r\n\rx",
            b"FFFFFFFFFFFFFFFFF\r\n",
        ] {
            assert!(matches!(decode(text, 3), Err(Fault::Malformed(_))), "{text:?}");
        }
    }

    #[test]
    fn endless_extension_and_trailer_are_too_large() {
        let extension = [b"1;".to_vec(), vec![b'x'; 200]].concat();
        assert!(matches!(decode(&extension, 7), Err(Fault::TooLarge(_))));
        let trailer = [b"0\r\n".to_vec(), b"a: b\r\n".repeat(50)].concat();
        assert!(matches!(decode(&trailer, 7), Err(Fault::TooLarge(_))));
    }
}
