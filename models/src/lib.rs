//! Queueing models, output statistics and the search for load levels: pure mathematics without clock, file or socket.
//!
//! Units: times in seconds (`_s`), rates per second (`_per_s`), utilizations 0..1 per server, users as integers.

pub mod cbmg;
pub mod demand;
pub mod distribution;
pub mod estimate;
pub mod grammar;
pub mod knee;
pub mod laws;
pub mod level;
pub mod linear;
pub mod queueing;
pub mod record;
pub mod search;
pub mod simulation;
pub mod stability;
pub mod statistics;
pub mod usl;

pub use estimate::Estimate;
