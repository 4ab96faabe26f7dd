//! Variance of the mean of an autocorrelated series from batches of several lengths.

use super::batch_means::von_neumann;

/// Share of 1/k that is added to the lag-1 autocorrelation of k batches before its positive part is taken. Without it the
/// intervals of the level monitor cover about 1 % too little where it stops by their width (docs/coverage.md).
const ALLOWANCE: f64 = 0.5;
/// The estimate of a lag-1 autocorrelation from k batches is too low by about four times itself over k (Kendall 1954).
const BIAS: f64 = 4.0;
/// Beyond this lag-1 autocorrelation the correction would explode; so short a series says little anyway.
const MOST_AUTOCORRELATION: f64 = 0.95;

/// How well a mean is known from an autocorrelated series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LongRun {
    /// Variance of the mean, in the square of the values' unit.
    pub variance_of_mean: f64,
    /// Independent batches that would say as much; at most the number of the shortest batches.
    pub effective_batches: f64,
}

/// Variance of the mean from the deviations of batch means of several lengths, the most batches first: for each length
/// `s^2 / k * (1 + rho) / (1 - rho)` with `s^2/k` as for independent batches and `rho` the lag-1 autocorrelation left
/// between them, by von Neumann's statistic, corrected for its bias (the AR(1) factor of Skart, Tafazzoli and Wilson 2011);
/// then the mean over the lengths. Testing for independence and using the first length that passes is worse where a level
/// is looked at several times: sooner or later a test passes by luck. `None` without a usable length.
#[must_use]
pub fn long_run(deviations: &[Vec<f64>]) -> Option<LongRun> {
    let corrected: Vec<f64> = deviations.iter().filter_map(|d| corrected_variance(d)).collect();
    let shortest = deviations.iter().find(|d| corrected_variance(d).is_some())?;
    let variance_of_mean = corrected.iter().sum::<f64>() / corrected.len() as f64;
    let longest = corrected.iter().fold(0.0, |a: f64, b| a.max(*b));
    let k = shortest.len() as f64;
    let effective_batches = if longest > 0.0 {
        k * variance_of_mean_if_independent(shortest) / longest
    } else {
        k
    };
    Some(LongRun {
        variance_of_mean,
        effective_batches: effective_batches.min(k),
    })
}

fn variance_of_mean_if_independent(deviations: &[f64]) -> f64 {
    let k = deviations.len() as f64;
    deviations.iter().map(|d| d * d).sum::<f64>() / (k * (k - 1.0))
}

fn corrected_variance(deviations: &[f64]) -> Option<f64> {
    let k = deviations.len() as f64;
    if k <= BIAS {
        return None;
    }
    let statistic = von_neumann(deviations, 0.2)?.statistic;
    let rho = ((statistic + ALLOWANCE / k).max(0.0) / (1.0 - BIAS / k)).min(MOST_AUTOCORRELATION);
    let variance = variance_of_mean_if_independent(deviations) * (1.0 + rho) / (1.0 - rho);
    variance.is_finite().then_some(variance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};

    /// Deviations of batch means of an AR(1) series with parameter `phi` and uniform noise of variance 1/12.
    fn series(seed: u64, phi: f64, n: usize) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut x = 0.0;
        let mut next = || {
            x = phi * x + (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
            x
        };
        (0..100).for_each(|_| {
            next();
        });
        (0..n).map(|_| next()).collect()
    }

    fn deviations(values: &[f64], batches: usize) -> Vec<f64> {
        let means = crate::statistics::batch_means::batch_means(values, batches).unwrap();
        let mean = means.iter().sum::<f64>() / batches as f64;
        means.iter().map(|m| m - mean).collect()
    }

    #[test]
    fn finds_the_variance_of_the_mean_of_an_ar_1_series() {
        let (phi, n) = (0.9, 1600);
        let theory = 1.0 / 12.0 / (1.0_f64 - phi).powi(2) / n as f64;
        let mean_ratio = (0..200)
            .map(|seed| {
                let values = series(seed, phi, n);
                let sets: Vec<_> = [64, 40, 25].iter().map(|k| deviations(&values, *k)).collect();
                long_run(&sets).unwrap().variance_of_mean / theory
            })
            .sum::<f64>()
            / 200.0;
        assert!((0.9..1.4).contains(&mean_ratio), "{mean_ratio}");
    }

    #[test]
    fn correlation_leaves_fewer_effective_batches() {
        let effective = |phi: f64| {
            let values = series(7, phi, 640);
            long_run(&[deviations(&values, 64)]).unwrap().effective_batches
        };
        assert!(effective(0.0) > 35.0 && effective(0.98) < 10.0);
    }

    #[test]
    fn constant_or_too_few() {
        let constant = long_run(&[vec![0.0; 25]]).unwrap();
        assert_eq!(
            (constant.variance_of_mean, constant.effective_batches),
            (0.0, 25.0)
        );
        assert_eq!(long_run(&[]), None);
        assert_eq!(long_run(&[vec![1.0, -1.0]]), None);
    }

    proptest! {
        #[test]
        fn scaling_scales_the_variance(values in prop::collection::vec(-1e3..1e3_f64, 64..200)) {
            let plain = long_run(&[deviations(&values, 64), deviations(&values, 25)]).unwrap();
            let scaled: Vec<f64> = values.iter().map(|v| v * 4.0).collect();
            let scaled = long_run(&[deviations(&scaled, 64), deviations(&scaled, 25)]).unwrap();
            prop_assert!((plain.variance_of_mean * 16.0 - scaled.variance_of_mean).abs() <= 1e-9 * scaled.variance_of_mean);
            prop_assert!(plain.effective_batches <= 64.0);
        }
    }
}
