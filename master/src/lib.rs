//! The parts of the command `autoperf`: the load engine, its transports, and what steers and reports them.

pub mod clock;
pub mod journal;
pub mod load;
pub mod summary;
pub mod transport;
