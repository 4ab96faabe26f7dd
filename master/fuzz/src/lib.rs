//! What each fuzz target does with its bytes. The corpus is replayed through the same functions by `tests/corpus.rs`, so that
//! what was once found stays found without a fuzzer.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none http1_answer -- -max_total_time=600` in `master`; the code is safe Rust,
//! so the sanitizer would only slow it down.

use autoperf::load::cache::Cache;
use autoperf::load::resources::resources;
use autoperf::transport::connection::Keep;
use autoperf::transport::http1::{Fault, Item, Limits, ResponseReader, head};
use autoperf::transport::http2::{Http2, State};
use autoperf::transport::url::Url;

const LIMITS: Limits = Limits {
    max_header_bytes: 500,
    max_body_bytes: 200,
};

/// How an answer ends, and what came of it.
type Ending = Result<(u16, Vec<u8>, bool), Fault>;

/// Reads an answer in pieces of that many bytes.
fn read(answer: &[u8], piece: usize, head_request: bool) -> Ending {
    let mut reader = ResponseReader::new(LIMITS);
    reader.begin(head_request);
    let mut body = Vec::new();
    for mut input in answer.chunks(piece.max(1)) {
        loop {
            let before = input.len();
            match reader.next(&mut input)? {
                Item::More => {
                    assert!(input.is_empty(), "what is not read is lost");
                    break;
                }
                Item::Head(bytes) => {
                    assert!(bytes.len() <= LIMITS.max_header_bytes);
                    assert!(head::fields(bytes).count() <= bytes.len());
                }
                Item::Body(bytes) => {
                    assert!(!bytes.is_empty() && input.len() < before);
                    body.extend_from_slice(bytes);
                }
                Item::Done => {
                    assert!(reader.is_done() && reader.body_bytes() == body.len() as u64);
                    assert!((200..1000).contains(&reader.head().status));
                    return Ok((reader.head().status, body, reader.head().keep_alive));
                }
            }
            assert!(body.len() as u64 <= LIMITS.max_body_bytes);
        }
    }
    reader.close()?;
    Ok((reader.head().status, body, reader.head().keep_alive))
}

/// Any bytes as an answer of HTTP/1.1; the first byte says how they are cut. Where they are cut changes nothing but which
/// of two faults is met first.
pub fn http1_answer(data: &[u8]) {
    let Some((how, answer)) = data.split_first() else {
        return;
    };
    let head_request = how & 1 == 1;
    let whole = read(answer, answer.len(), head_request);
    let pieces = read(answer, usize::from(how >> 1) % 40 + 1, head_request);
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        (Err(_), Err(_)) => {}
        _ => panic!("{whole:?} {pieces:?}"),
    }
}

/// Any bytes as what a server of HTTP/2 sends; the first byte says how many exchanges wait and how the bytes are cut.
pub fn http2_answer(data: &[u8]) {
    let Some((how, bytes)) = data.split_first() else {
        return;
    };
    let Ok(mut http2) = Http2::new(LIMITS, false) else {
        return;
    };
    let request: &[u8] = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
    let exchanges = usize::from(how & 3) + 1;
    let keep = Keep {
        head: true,
        body: true,
    };
    http2.submit(std::iter::repeat_n(request, exchanges), keep);
    let mut out = Vec::new();
    for piece in bytes.chunks(usize::from(how >> 2) + 1) {
        http2.feed(piece);
        http2.take_outgoing(&mut out);
    }
    http2.close();
    http2.take_outgoing(&mut out);
    assert_eq!(http2.state(), State::Over);
    assert!(!http2.is_usable());
    for at in 0..exchanges {
        let part = http2.part(at).expect("as many as were asked for");
        assert!(part.body_bytes.len() as u64 <= LIMITS.max_body_bytes);
        assert!(part.failure.is_some() || (200..1000).contains(&part.head.status));
    }
}

/// Any bytes as a page, and as the head of a resource.
pub fn page(data: &[u8]) {
    let at = Url::parse("http://h/a/b?c").expect("valid");
    let found = resources(&at, data);
    for (place, url) in found.iter().enumerate() {
        assert_eq!(url.origin.host, "h");
        assert!(url.target.starts_with('/') && url.target.bytes().all(|b| b > b' ' && b < 0x7f));
        assert!(!found[..place].contains(url));
    }
    let mut cache = Cache::default();
    cache.store("u", 200, data, 1_000_000);
    let _ = cache.look("u", 1_000_000);
    cache.store("u", 304, data, 2_000_000);
    let _ = cache.look("u", 3_000_000);
}
