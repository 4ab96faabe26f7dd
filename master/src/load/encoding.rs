//! Compressed bodies, unpacked only when a check, an extraction or a later link needs their text.

use flate2::bufread::MultiGzDecoder;
use std::borrow::Cow;
use std::io::Read;

/// The text of a body; `None` if it cannot be unpacked or is longer than the limit.
#[must_use]
pub fn text(body: &[u8], gzip: bool, max_bytes: u64) -> Option<Cow<'_, [u8]>> {
    if !gzip || body.is_empty() {
        return Some(Cow::Borrowed(body));
    }
    let mut out = Vec::new();
    MultiGzDecoder::new(body)
        .take(max_bytes + 1)
        .read_to_end(&mut out)
        .ok()?;
    (out.len() as u64 <= max_bytes).then_some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    #[test]
    fn unpacks_within_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&vec![b'x'; 100_000]).expect("memory");
        let packed = encoder.finish().expect("memory");
        assert_eq!(text(&packed, true, 100_000).expect("fits").len(), 100_000);
        assert!(text(&packed, true, 99_999).is_none());
        assert!(text(b"plain", true, 1_000).is_none());
        assert_eq!(text(b"plain", false, 1).expect("not packed").as_ref(), b"plain");
    }
}
