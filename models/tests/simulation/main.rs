//! The simulator against exact answers, against its own books, and every effect against what it must bring about.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod bookkeeping;
mod closed;
mod effects;
mod limits;
mod open;
mod replication;
