//! Frames, apart from any stream. Memory grows with what has arrived, never with what a header announces.

/// Bytes of the length before each frame.
const HEADER: usize = 4;

/// Why a stream is no sequence of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The announced length is above the limit.
    #[error("a frame of {announced} bytes is announced, at most {limit} are taken")]
    TooLong {
        /// What the header says.
        announced: usize,
        /// What is taken.
        limit: usize,
    },
    /// A frame without content is not used.
    #[error("an empty frame")]
    Empty,
}

/// A frame around `body`; `None` when that is too long for any reader.
#[must_use]
pub fn encode(body: &[u8]) -> Option<Vec<u8>> {
    if body.is_empty() || body.len() > super::LONGEST_ANSWER {
        return None;
    }
    let length = u32::try_from(body.len()).ok()?;
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(body);
    Some(frame)
}

/// Cuts a stream into the bodies of its frames.
#[derive(Debug, Clone)]
pub struct Decoder {
    limit: usize,
    bytes: Vec<u8>,
}

impl Decoder {
    /// Takes frames of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: Vec::new(),
        }
    }

    /// More of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether a part of a frame has come.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// The next whole frame's body, if it has come. After an error the stream is useless.
    ///
    /// # Errors
    /// See [`FrameError`]; reported as soon as the header is there.
    pub fn take(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let Some(header) = self.bytes.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let announced = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if announced > self.limit {
            return Err(FrameError::TooLong {
                announced,
                limit: self.limit,
            });
        }
        if announced == 0 {
            return Err(FrameError::Empty);
        }
        if self.bytes.len() < HEADER + announced {
            return Ok(None);
        }
        let rest = self.bytes.split_off(HEADER + announced);
        let mut frame = std::mem::replace(&mut self.bytes, rest);
        frame.drain(..HEADER);
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_survive_any_cutting(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..8),
                                      step in 1usize..64) {
            let stream: Vec<u8> = bodies.iter().flat_map(|body| encode(body).unwrap()).collect();
            let mut decoder = Decoder::new(300);
            let mut found = Vec::new();
            for piece in stream.chunks(step) {
                decoder.push(piece);
                while let Some(body) = decoder.take().unwrap() {
                    found.push(body);
                }
            }
            prop_assert_eq!(found, bodies);
            prop_assert!(!decoder.has_begun());
        }

        #[test]
        fn any_bytes_are_frames_or_an_error_in_bounded_memory(stream in prop::collection::vec(any::<u8>(), 0..2000)) {
            let mut decoder = Decoder::new(256);
            'stream: for piece in stream.chunks(7) {
                decoder.push(piece);
                loop {
                    match decoder.take() {
                        Ok(Some(body)) => prop_assert!(!body.is_empty() && body.len() <= 256),
                        Ok(None) => break,
                        Err(_) => break 'stream,
                    }
                }
                prop_assert!(decoder.bytes.len() < HEADER + 256 + 7);
            }
        }
    }

    #[test]
    fn a_giant_is_refused_at_its_header() {
        let mut decoder = Decoder::new(1 << 20);
        decoder.push(&u32::MAX.to_be_bytes());
        assert_eq!(
            decoder.take(),
            Err(FrameError::TooLong {
                announced: u32::MAX as usize,
                limit: 1 << 20
            })
        );
        assert_eq!(encode(&vec![0; (1 << 20) + 1]), None);
    }
}
