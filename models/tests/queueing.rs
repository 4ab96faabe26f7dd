//! Published and independently computed values that the queueing part of the models must reproduce, each a test by
//! name, and the table of them all in `docs/vectors-queueing.md`.
//!
//! After a change of the table: `AUTOPERF_BLESS=1 cargo test -p autoperf-models --test queueing table`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail by panic")]

#[path = "queueing/bounds.rs"]
mod bounds;
#[path = "queueing/cbmg.rs"]
mod cbmg;
#[path = "queueing/demand.rs"]
mod demand;
#[path = "queueing/knee.rs"]
mod knee;
#[path = "queueing/laws.rs"]
mod laws;
#[path = "queueing/multiclass.rs"]
mod multiclass;
#[path = "queueing/multiserver.rs"]
mod multiserver;
#[path = "queueing/mva.rs"]
mod mva;
#[path = "queueing/open.rs"]
mod open;
#[path = "queueing/usl.rs"]
mod usl;
#[path = "queueing/vector.rs"]
mod vector;

use vector::Vector;

/// Every topic with its vectors, in the order of the table.
const TOPICS: &[(&str, &[Vector])] = &[
    ("Operational laws", laws::VECTORS),
    ("Bounds and saturation point", bounds::VECTORS),
    ("Exact mean value analysis, one class", mva::VECTORS),
    (
        "Several classes, approximate and mixed networks",
        multiclass::VECTORS,
    ),
    ("Several servers, load-dependent rates", multiserver::VECTORS),
    ("Open queues and networks", open::VECTORS),
    ("Customer behaviour model graphs", cbmg::VECTORS),
    ("Universal scalability law", usl::VECTORS),
    ("Service demands", demand::VECTORS),
    ("Knee of a curve", knee::VECTORS),
];

#[test]
fn table_of_vectors_is_up_to_date() {
    vector::compare_with_committed(&vector::table(TOPICS));
}

#[test]
fn names_of_vectors_are_unique() {
    let mut names: Vec<&str> = TOPICS
        .iter()
        .flat_map(|(_, vectors)| vectors.iter().map(|v| v.name))
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
