//! The corpus of the fuzz targets, replayed without a fuzzer.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "the same file is the library of the fuzz targets")]
mod bodies;

use std::fs;
use std::path::Path;

/// Runs a target over its corpus; a corpus that lost its files would prove nothing.
fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("a corpus") {
        body(&fs::read(entry.expect("readable").path()).expect("readable"));
        files += 1;
    }
    assert!(files >= 4, "{files} files for {target}");
}

#[test]
fn frames() {
    replay("frames", bodies::frames);
}

#[test]
fn messages() {
    replay("messages", bodies::messages);
}

#[test]
fn reports() {
    replay("reports", bodies::reports);
}

#[test]
fn hsperfdata() {
    replay("hsperfdata", bodies::hsperfdata);
}
