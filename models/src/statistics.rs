//! Output statistics: what an autocorrelated series of measurements allows to be said, with an honest interval.

pub mod batch_means;
pub mod ratio;
pub mod special;
