//! Interval of a mean from a short, skewed, autocorrelated series, after Skart and N-Skart.

use super::batch_means::{batch_means, von_neumann};
use super::special::students_t_quantile;
use crate::Estimate;

/// Batches to begin with.
const BATCHES: usize = 1280;
/// Significance of the randomness test.
const ALPHA: f64 = 0.2;
/// Most batches left out between two that are tested.
const MOST_SPACERS: usize = 10;
/// Fewest spaced batches with which the test and the skewness mean something.
const FEWEST_SPACED: usize = 10;

/// Cornish-Fisher adjustment of a t quantile to skewness: `G(t) = ((1 + 6 B (t - B))^(1/3) - 1) / (2 B)`, with `B` the
/// skewness over `6 sqrt(k)` (Hall 1992; Willink 2005, as Skart uses it). Identity for `B` near zero.
#[must_use]
pub fn skewness_adjusted(t: f64, b: f64) -> f64 {
    if b.abs() < 1e-6 {
        return t;
    }
    ((1.0 + 6.0 * b * (t - b)).cbrt() - 1.0) / (2.0 * b)
}

/// Result of [`skew_adjusted`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SkewAdjusted {
    /// The interval of the mean, in general not symmetric; `samples` counts the observations behind the warm-up.
    pub interval: Estimate,
    /// Observations left out at the begin: the spacer that made the batches look independent.
    pub warm_up: usize,
    /// Observations per batch.
    pub batch_length: usize,
    /// Whether the spaced batches passed the randomness test; otherwise the series is too short.
    pub independent: bool,
}

/// Interval in the manner of N-Skart (Tafazzoli, Steiger and Wilson 2011): batches, spaced until von Neumann's test passes and
/// longer where ten spacers do not help; the spacer is the warm-up; a t interval over all batches behind it, with the
/// factor `(1 + rho) / (1 - rho)` for the lag-1 autocorrelation left and each end adjusted to the skewness of the spaced
/// batches. Ours keeps the number of observations given and starts with batches of one where there are fewer than 1280.
/// `None` for fewer than 20 observations, or values that are not finite.
#[must_use]
pub fn skew_adjusted(values: &[f64], confidence: f64) -> Option<SkewAdjusted> {
    let n = values.len();
    if n < 2 * FEWEST_SPACED {
        return None;
    }
    let mut batches = BATCHES.min(n);
    let (spacers, independent) = loop {
        let means = batch_means(values, batches)?;
        if let Some(spacers) = random_spacing(&means) {
            break (spacers, true);
        }
        let fewer = (batches as f64 / std::f64::consts::SQRT_2) as usize;
        if fewer < 2 * FEWEST_SPACED {
            break (1, false);
        }
        batches = fewer;
    };
    let batch_length = n / batches;
    let means = batch_means(values, batches)?;
    let interval = adjusted_interval(&means[spacers..], spacers, confidence)?;
    Some(SkewAdjusted {
        interval: Estimate {
            samples: (n - spacers * batch_length) as u64,
            ..interval
        },
        warm_up: spacers * batch_length,
        batch_length,
        independent,
    })
}

/// Every `spacers + 1`-th batch, beginning behind a first spacer.
fn spaced(means: &[f64], spacers: usize) -> Vec<f64> {
    means.iter().skip(spacers).step_by(spacers + 1).copied().collect()
}

fn random_spacing(means: &[f64]) -> Option<usize> {
    (0..=MOST_SPACERS).find(|spacers| {
        let tested = spaced(means, *spacers);
        tested.len() >= FEWEST_SPACED && von_neumann(&tested, ALPHA).is_some_and(|test| test.independent())
    })
}

fn adjusted_interval(means: &[f64], spacers: usize, confidence: f64) -> Option<Estimate> {
    let k = means.len() as f64;
    let (mean, variance, _) = moments(means)?;
    let rho = lag_one(means, mean).clamp(-0.9, 0.9);
    let spread = ((1.0 + rho) / (1.0 - rho) * variance / k).sqrt();
    let tested = spaced(means, spacers);
    let (_, _, skewness) = moments(&tested)?;
    let count = tested.len() as f64;
    let t = students_t_quantile(f64::midpoint(1.0, confidence), count - 1.0)?;
    // Beyond |B| = t/2 the adjusted end would turn towards the mean; a sample skewness that large is noise.
    let b = (skewness / (6.0 * count.sqrt())).clamp(-t / 2.0, t / 2.0);
    let low = mean - skewness_adjusted(t, b).max(0.0) * spread;
    let high = mean - skewness_adjusted(-t, b).min(0.0) * spread;
    Estimate::new(mean, low, high, means.len() as u64)
}

fn lag_one(values: &[f64], mean: f64) -> f64 {
    let around: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let lagged: f64 = values.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum();
    if around > 0.0 { lagged / around } else { 0.0 }
}

/// Mean, variance (divisor n - 1) and skewness (bias-corrected); `None` for fewer than three values or where not finite.
fn moments(values: &[f64]) -> Option<(f64, f64, f64)> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let second = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    let third = values.iter().map(|v| (v - mean).powi(3)).sum::<f64>();
    let variance = second / (n - 1.0);
    let skewness = if variance > 0.0 {
        n / ((n - 1.0) * (n - 2.0)) * third / variance.powf(1.5)
    } else {
        0.0
    };
    let usable = values.len() > 2 && mean.is_finite() && variance.is_finite() && skewness.is_finite();
    usable.then_some((mean, variance, skewness))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};

    fn uniform(rng: &mut ChaCha8Rng) -> f64 {
        ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    #[test]
    fn adjustment_is_the_identity_without_skewness_and_odd_in_it() {
        assert_eq!(skewness_adjusted(2.0, 0.0), 2.0);
        assert!((skewness_adjusted(2.0, 1e-5) - 2.0).abs() < 1e-3);
        assert!((skewness_adjusted(2.0, 0.1) + skewness_adjusted(-2.0, -0.1)).abs() < 1e-12);
        assert!(skewness_adjusted(2.0, 0.1) < 2.0 && skewness_adjusted(-2.0, 0.1) < -2.0);
    }

    /// Exponential AR(1)-like series of mean 5: skewed and correlated.
    fn series(seed: u64, n: usize) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut x = 5.0;
        (0..n)
            .map(|_| {
                x = 0.8 * x - uniform(&mut rng).ln();
                x
            })
            .collect()
    }

    #[test]
    fn covers_the_mean_of_a_skewed_correlated_series() {
        let covered = (0..300).filter(|seed| {
            let adjusted = skew_adjusted(&series(*seed, 1500), 0.95).unwrap();
            adjusted.interval.contains(5.0)
        });
        let share = covered.count() as f64 / 300.0;
        assert!((0.915..=1.0).contains(&share), "{share}");
    }

    #[test]
    fn too_short_or_constant() {
        assert_eq!(skew_adjusted(&[1.0; 19], 0.95), None);
        let constant = skew_adjusted(&[1.0; 40], 0.95).unwrap();
        assert_eq!(
            (constant.interval.half_width(), constant.independent),
            (0.0, true)
        );
        assert_eq!(skew_adjusted(&[f64::NAN; 40], 0.95), None);
    }

    proptest! {
        #[test]
        fn scaling_scales(values in prop::collection::vec(0.0..1e3_f64, 20..200)) {
            let scaled: Vec<f64> = values.iter().map(|v| v * 2.0).collect();
            let (a, b) = (skew_adjusted(&values, 0.95).unwrap(), skew_adjusted(&scaled, 0.95).unwrap());
            prop_assert!((2.0 * a.interval.low - b.interval.low).abs() < 1e-6);
            prop_assert!((2.0 * a.interval.high - b.interval.high).abs() < 1e-6);
        }
    }
}
