//! What each fuzz target does with its bytes. The corpus is replayed through the same functions by `tests/corpus.rs`, so that
//! what was once found stays found without a fuzzer.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none frames -- -max_total_time=600` in `profiler`; the code under test is safe
//! Rust, so the sanitizer would only slow it down.

use autoperf_profiler::jvm::counters::Counters;
use autoperf_profiler::ledger::connector::Event;
use autoperf_profiler::ledger::taskstats::ThreadEnd;
use autoperf_profiler::process::{Stat, Status};
use autoperf_profiler::wire::frame::{Decoder, encode};
use autoperf_profiler::wire::message::{Answer, Request};
use autoperf_profiler::wire::{LONGEST_ANSWER, LONGEST_REQUEST};

/// Longest frame of the target `frames`: short, so that the limit is met often.
const LIMIT: usize = 200;

/// Cuts a stream into frames; in pieces of `step` bytes.
fn frames_of(stream: &[u8], step: usize, limit: usize) -> (Vec<Vec<u8>>, bool) {
    let mut decoder = Decoder::new(limit);
    let mut bodies = Vec::new();
    for piece in stream.chunks(step.max(1)) {
        decoder.push(piece);
        loop {
            match decoder.take() {
                Ok(Some(body)) => bodies.push(body),
                Ok(None) => break,
                Err(_) => return (bodies, false),
            }
        }
    }
    (bodies, true)
}

/// Any stream is the same frames however it is cut, each within the limit, and these make the stream again.
pub fn frames(data: &[u8]) {
    let Some((step, stream)) = data.split_first() else {
        return;
    };
    let (bodies, whole) = frames_of(stream, usize::from(*step), LIMIT);
    assert_eq!(
        (&bodies, whole),
        (
            &frames_of(stream, stream.len(), LIMIT).0,
            frames_of(stream, 1, LIMIT).1
        )
    );
    let mut again = Vec::new();
    for body in &bodies {
        assert!(!body.is_empty() && body.len() <= LIMIT);
        again.extend(encode(body).expect("a body within the limit is a frame"));
    }
    assert!(stream.starts_with(&again));
}

/// What an agent or a client understands of a stream, it says again in the same words.
pub fn messages(data: &[u8]) {
    for body in frames_of(data, data.len(), LONGEST_REQUEST).0 {
        if let Ok(request) = serde_json::from_slice::<Request>(&body) {
            let said = serde_json::to_vec(&request).expect("a request can be said");
            assert_eq!(
                serde_json::from_slice::<Request>(&said).expect("and understood"),
                request
            );
        }
    }
    for body in frames_of(data, data.len(), LONGEST_ANSWER).0 {
        if let Ok(answer) = serde_json::from_slice::<Answer>(&body) {
            let said = serde_json::to_vec(&answer).expect("an answer can be said");
            let _ = serde_json::from_slice::<Answer>(&said).expect("and understood");
        }
    }
}

/// What the kernel reports.
pub fn reports(data: &[u8]) {
    let _ = (ThreadEnd::parse(data), Event::parse(data), Stat::parse(data));
    let _ = Status::parse(&String::from_utf8_lossy(data));
}

/// The counters of a Java virtual machine, a file that another program writes while it is read.
pub fn hsperfdata(data: &[u8]) {
    if let Some(counters) = Counters::parse(data) {
        for name in [
            "sun.os.hrt.frequency",
            "sun.rt.safepointTime",
            "sun.gc.collector.0.time",
        ] {
            let _ = (
                counters.number(name),
                counters.text(name),
                counters.ticks_ns(name),
            );
        }
    }
}
