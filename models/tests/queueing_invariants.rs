//! What must hold for every network, whatever its figures: conservation, order, limits, agreement of the solvers.

#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

#[path = "queueing_invariants/closed.rs"]
mod closed;
#[path = "queueing_invariants/estimates.rs"]
mod estimates;
#[path = "queueing_invariants/random.rs"]
mod random;
#[path = "queueing_invariants/several_classes.rs"]
mod several_classes;

/// Whether two figures agree to a relative tolerance.
fn close(a: f64, b: f64, relative: f64) -> bool {
    (a - b).abs() <= relative * a.abs().max(b.abs()).max(f64::MIN_POSITIVE)
}
