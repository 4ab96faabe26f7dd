//! The command `autoperf`: finds by itself how many users a web application carries, and why not more.

pub mod agents;
pub mod campaign;
pub mod cli;
pub mod clock;
pub mod compare;
pub mod generator;
pub mod host;
pub mod interrupt;
pub mod journal;
pub mod load;
pub mod parameters;
pub mod record;
pub mod rehearsal;
pub mod report;
pub mod run;
pub mod summary;
pub mod transport;
