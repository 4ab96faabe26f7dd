//! The corpus of the fuzz targets, replayed without a fuzzer.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "the same file is the library of the fuzz targets")]
mod bodies;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A fuzz target and what it does with a file of its corpus.
type Target = (&'static str, fn(&[u8]));

/// Every one of them.
const TARGETS: &[Target] = &[
    ("frames", bodies::frames),
    ("messages", bodies::messages),
    ("reports", bodies::reports),
    ("hsperfdata", bodies::hsperfdata),
];

#[test]
fn every_target_takes_its_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let of_folders: BTreeSet<_> = fs::read_dir(&root)
        .expect("the corpora")
        .map(|folder| folder.expect("a folder").file_name())
        .collect();
    let of_targets = TARGETS.iter().map(|(target, _)| (*target).into()).collect();
    assert_eq!(of_folders, of_targets, "a corpus without a target or the reverse");
    for (target, body) in TARGETS {
        let mut files = 0;
        for entry in fs::read_dir(root.join(target)).expect("a corpus") {
            body(&fs::read(entry.expect("a file").path()).expect("readable"));
            files += 1;
        }
        // A corpus that lost its files would prove nothing.
        assert!(files >= 4, "{files} files for {target}");
    }
}
