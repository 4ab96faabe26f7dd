//! Batch means: the interval of a mean from few long batches, and the test whether they are long enough.

use super::special::{normal_quantile, students_t_quantile};
use crate::Estimate;

/// Von Neumann's test of independence against lag-1 autocorrelation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VonNeumann {
    /// `1 - sum (z_{i+1} - z_i)^2 / (2 sum (z_i - mean)^2)`: close to the lag-1 autocorrelation; 0 for a constant series.
    pub statistic: f64,
    /// The test accepts independence while `|statistic|` is at most this.
    pub critical: f64,
}

impl VonNeumann {
    /// Whether independence is not rejected.
    #[must_use]
    pub fn independent(&self) -> bool {
        self.statistic.abs() <= self.critical
    }

    /// Whether positive autocorrelation, the kind that makes intervals too narrow, is not shown.
    #[must_use]
    pub fn not_positive(&self) -> bool {
        self.statistic <= self.critical
    }
}

/// Von Neumann's test at significance `alpha` (two-sided): critical value `z_{1-alpha/2} sqrt((k-2)/(k^2-1))` (von Neumann
/// 1941; as used by Fishman and Yarberry 1997 and Skart, Tafazzoli and Wilson 2011, with alpha 0.2). `None` for fewer than
/// three values, or values whose squares are not finite.
#[must_use]
pub fn von_neumann(values: &[f64], alpha: f64) -> Option<VonNeumann> {
    let k = values.len() as f64;
    if values.len() < 3 {
        return None;
    }
    let critical = normal_quantile(1.0 - alpha / 2.0)? * ((k - 2.0) / (k * k - 1.0)).sqrt();
    let mean = values.iter().sum::<f64>() / k;
    let around: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let successive: f64 = values.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum();
    let statistic = if around > 0.0 {
        1.0 - successive / (2.0 * around)
    } else {
        0.0
    };
    statistic
        .is_finite()
        .then_some(VonNeumann { statistic, critical })
}

/// Student t interval of the mean of independent values; `None` for fewer than two, or values that are not finite.
#[must_use]
pub fn mean_interval(values: &[f64], confidence: f64) -> Option<Estimate> {
    let k = values.len() as f64;
    let mean = values.iter().sum::<f64>() / k;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (k - 1.0);
    let t = students_t_quantile(f64::midpoint(1.0, confidence), k - 1.0)?;
    Estimate::symmetric(mean, t * (variance / k).sqrt(), values.len() as u64)
}

/// Means of `batches` equal batches; observations that do not fill the last batch are left out. `None` for zero batches or
/// more batches than observations.
#[must_use]
pub fn batch_means(values: &[f64], batches: usize) -> Option<Vec<f64>> {
    let length = values.len().checked_div(batches).filter(|m| *m > 0)?;
    let mean = |batch: &[f64]| batch.iter().sum::<f64>() / length as f64;
    Some(values.chunks_exact(length).take(batches).map(mean).collect())
}

/// Interval of the mean of an autocorrelated series from `batches` batch means (Conway 1963; Law and Kelton 2000, 9.5.3).
/// `samples` counts the observations in the batches.
#[must_use]
pub fn batch_means_interval(values: &[f64], batches: usize, confidence: f64) -> Option<Estimate> {
    let means = batch_means(values, batches)?;
    let interval = mean_interval(&means, confidence)?;
    Some(Estimate {
        samples: (values.len() / batches * batches) as u64,
        ..interval
    })
}

/// Result of [`checked_batch_means`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheckedBatchMeans {
    /// The interval of the mean.
    pub interval: Estimate,
    /// Batches used.
    pub batches: usize,
    /// Whether the last test accepted independence; otherwise the series is too short for its autocorrelation and the
    /// interval too narrow.
    pub independent: bool,
}

/// Batch means whose length doubles, from `start` batches on, until von Neumann's test at level `alpha` accepts independence or
/// fewer than `fewest` would be left (Law and Carson 1979). `None` where not even `fewest` (at least 3) batches can be made.
#[must_use]
pub fn checked_batch_means(
    values: &[f64],
    (start, fewest): (usize, usize),
    alpha: f64,
    confidence: f64,
) -> Option<CheckedBatchMeans> {
    let fewest = fewest.max(3);
    let mut batches = start.min(values.len()).max(fewest);
    loop {
        let test = von_neumann(&batch_means(values, batches)?, alpha)?;
        if test.independent() || batches / 2 < fewest {
            return Some(CheckedBatchMeans {
                interval: batch_means_interval(values, batches, confidence)?,
                batches,
                independent: test.independent(),
            });
        }
        batches /= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn constant_series() {
        let interval = batch_means_interval(&[4.0; 30], 10, 0.95).unwrap();
        assert_eq!(
            (interval.value, interval.half_width(), interval.samples),
            (4.0, 0.0, 30)
        );
        assert!(von_neumann(&[4.0; 30], 0.2).unwrap().independent());
    }

    #[test]
    fn alternating_and_rising_series_are_not_independent() {
        let alternating: Vec<f64> = (0..40).map(|i| f64::from(i % 2)).collect();
        let test = von_neumann(&alternating, 0.2).unwrap();
        assert!(!test.independent() && test.not_positive());
        let rising: Vec<f64> = (0..40).map(f64::from).collect();
        assert!(!von_neumann(&rising, 0.2).unwrap().not_positive());
    }

    #[test]
    fn batches_grow_until_the_test_passes() {
        // Blocks of eight equal values: batches shorter than a block are perfectly correlated.
        let mut state = 12_345_u64;
        let mut next = || {
            state = state * 16_807 % 2_147_483_647;
            state as f64
        };
        let values: Vec<f64> = (0..64).flat_map(|_| [next(); 8]).collect();
        let checked = checked_batch_means(&values, (256, 10), 0.2, 0.95).unwrap();
        assert!(checked.independent && checked.batches <= 64, "{checked:?}");
        assert_eq!(checked_batch_means(&values[..2], (256, 10), 0.2, 0.95), None);
    }

    proptest! {
        #[test]
        fn intervals_scale_and_never_are_nan(
            values in prop::collection::vec(-1e6..1e6_f64, 10..200), batches in 2..10_usize
        ) {
            let plain = batch_means_interval(&values, batches, 0.95).unwrap();
            let scaled: Vec<f64> = values.iter().map(|v| v * 0.125).collect();
            let scaled = batch_means_interval(&scaled, batches, 0.95).unwrap();
            prop_assert!((plain.half_width() * 0.125 - scaled.half_width()).abs() <= 1e-9 * plain.half_width());
        }

        #[test]
        fn extreme_input_gives_an_estimate_or_nothing(values in prop::collection::vec(prop::num::f64::NORMAL, 3..20)) {
            if let Some(interval) = batch_means_interval(&values, 3, 0.95) {
                prop_assert!(interval.low.is_finite() && interval.high.is_finite());
            }
            if let Some(test) = von_neumann(&values, 0.2) {
                prop_assert!(test.statistic.is_finite());
            }
        }

        #[test]
        fn more_confidence_is_wider(values in prop::collection::vec(-10.0..10.0_f64, 5..50)) {
            let narrow = mean_interval(&values, 0.9).unwrap();
            let wide = mean_interval(&values, 0.99).unwrap();
            prop_assert!(wide.half_width() >= narrow.half_width());
        }
    }
}
