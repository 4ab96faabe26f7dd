//! Whether and since when a series is stationary: warm-up, change points, trend, drift, two regimes.

pub mod changepoint;
pub mod cusum;
pub mod mser;
pub mod trend;
pub mod verdict;
