//! Whether and since when a series is stationary: warm-up, change points, trend, drift, two regimes.

pub mod mser;
pub mod trend;
