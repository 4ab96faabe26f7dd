//! Output statistics: what an autocorrelated series of measurements allows to be said, with an honest interval.

pub mod autocorrelation;
pub mod batch_means;
pub mod forecast;
pub mod long_run;
pub mod quantile;
pub mod ratio;
pub mod regenerative;
pub mod skew_adjusted;
pub mod special;
