//! How long the heads are that come in: h2 turns away one that is far too long, but does not say that this was why.

/// Length of what stands before the payload of every frame (RFC 9113 section 4.1).
const FRAME_HEAD_BYTES: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// Follows the frames of a connection, wherever they are cut.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// The part of the next frame's head that has come.
    begun: [u8; FRAME_HEAD_BYTES],
    begun_bytes: usize,
    /// Bytes of the current frame's payload that have not come.
    payload_bytes: usize,
    /// Length of the current head so far, as compressed.
    current: usize,
    longest: usize,
}

impl Heads {
    /// Takes what the socket has brought.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.payload_bytes > 0 {
                let skipped = self.payload_bytes.min(bytes.len());
                self.payload_bytes -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let missing = FRAME_HEAD_BYTES - self.begun_bytes;
            let (taken, rest) = bytes.split_at(missing.min(bytes.len()));
            self.begun[self.begun_bytes..self.begun_bytes + taken.len()].copy_from_slice(taken);
            self.begun_bytes += taken.len();
            bytes = rest;
            if self.begun_bytes == FRAME_HEAD_BYTES {
                self.begin_frame();
            }
        }
    }

    fn begin_frame(&mut self) {
        let [high, middle, low, kind, ..] = self.begun;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        self.begun_bytes = 0;
        self.payload_bytes = length;
        match kind {
            HEADERS => self.current = length,
            CONTINUATION => self.current = self.current.saturating_add(length),
            _ => return,
        }
        self.longest = self.longest.max(self.current);
    }

    /// Length of the longest head since [`Heads::forget`], as compressed: it is longer than that when it is read.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// Forgets the heads that have come.
    pub(super) const fn forget(&mut self) {
        self.longest = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, length: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, length, kind, 0, 0, 0, 0, 1];
        bytes.extend(vec![HEADERS; usize::from(length)]);
        bytes
    }

    #[test]
    fn a_head_is_its_frames_together_wherever_they_are_cut() {
        let bytes = [
            frame(HEADERS, 30),
            frame(0, 200),
            frame(HEADERS, 40),
            frame(CONTINUATION, 50),
            frame(CONTINUATION, 0),
            frame(HEADERS, 60),
        ]
        .concat();
        for cut in 0..bytes.len() {
            let mut heads = Heads::default();
            heads.feed(&bytes[..cut]);
            heads.feed(&bytes[cut..]);
            assert_eq!(heads.longest(), 90, "cut at {cut}");
            heads.forget();
            heads.feed(&frame(HEADERS, 20));
            assert_eq!(heads.longest(), 20);
        }
    }
}
