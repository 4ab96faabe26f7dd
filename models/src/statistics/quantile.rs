//! Intervals of quantiles: by ranks for independent observations, by batches for autocorrelated ones.

use super::special::{binomial_quantile, students_t_quantile};
use crate::Estimate;

/// Ranks (from 1) of the order statistics that enclose a quantile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranks {
    /// Lower rank; 0 where the sample has no lower bound.
    pub low: u64,
    /// Upper rank; `n + 1` where the sample has no upper bound.
    pub high: u64,
    /// Sample size.
    pub n: u64,
}

impl Ranks {
    /// Whether the sample bounds the quantile on both sides.
    #[must_use]
    pub fn bounded(&self) -> bool {
        self.low >= 1 && self.high <= self.n
    }
}

/// Ranks between which the quantile `p` of `n` independent observations lies with `confidence` (distribution-free, from the
/// binomial law: Hahn and Meeker 1991, 5.2). `None` unless `0 < p < 1` and `0 < confidence < 1`.
#[must_use]
pub fn quantile_ranks(n: u64, p: f64, confidence: f64) -> Option<Ranks> {
    let inside = |v: f64| v > 0.0 && v < 1.0;
    if !inside(p) || !inside(confidence) {
        return None;
    }
    let alpha = 1.0 - confidence;
    Some(Ranks {
        low: binomial_quantile(alpha / 2.0, n, p)?,
        high: binomial_quantile(1.0 - alpha / 2.0, n, p)? + 1,
        n,
    })
}

/// A quantile's point estimate with what is known of its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum QuantileInterval {
    /// Enclosed on both sides.
    Bounded(Estimate),
    /// The sample is too small: the quantile cannot be bounded.
    CannotBeBounded {
        /// Point estimate.
        value: f64,
        /// Lower end, if there is one.
        low: Option<f64>,
        /// Upper end, if there is one.
        high: Option<f64>,
        /// Independent observations that would bound it on both sides.
        samples_needed: u64,
    },
}

/// Quantile `p` (order statistic of rank `ceil(n p)`) of independent observations in ascending order, with its interval by
/// ranks. `None` for an empty or unsorted sample, values that are not finite, or `p` or `confidence` outside 0..1.
#[must_use]
pub fn quantile_interval(sorted: &[f64], p: f64, confidence: f64) -> Option<QuantileInterval> {
    let n = sorted.len() as u64;
    let ranks = quantile_ranks(n, p, confidence)?;
    let usable = sorted.is_sorted() && sorted.iter().all(|v| v.is_finite());
    let at = |rank: u64| sorted.get(usize::try_from(rank).ok()?.checked_sub(1)?).copied();
    let value = at(rank_of(n, p)).filter(|_| usable)?;
    let interval = match (at(ranks.low), at(ranks.high)) {
        (Some(low), Some(high)) => {
            QuantileInterval::Bounded(Estimate::new(value, low.min(value), high.max(value), n)?)
        }
        (low, high) => QuantileInterval::CannotBeBounded {
            value,
            low,
            high,
            samples_needed: samples_to_bound(p, confidence)?,
        },
    };
    Some(interval)
}

/// `ceil(n p)`, forgiving the rounding of `n p`, within 1..=n.
fn rank_of(n: u64, p: f64) -> u64 {
    ((n as f64 * p * (1.0 - 4.0 * f64::EPSILON)).ceil() as u64).clamp(1, n.max(1))
}

/// Fewest independent observations that bound quantile `p` on both sides: `ln(alpha/2) / ln(max(p, 1-p))`, rounded up.
/// `None` unless `0 < p < 1` and `0 < confidence < 1`.
#[must_use]
pub fn samples_to_bound(p: f64, confidence: f64) -> Option<u64> {
    quantile_ranks(1, p, confidence)?;
    let mut n = (((1.0 - confidence) / 2.0).ln() / p.max(1.0 - p).ln())
        .floor()
        .max(1.0) as u64;
    // The ranks decide at the edge, where a rounding of the logarithms could be one off.
    while !quantile_ranks(n, p, confidence)?.bounded() {
        n += 1;
    }
    Some(n)
}

/// Interval of a quantile of an autocorrelated series: `overall` from all observations, its spread from the same quantile of
/// each of the successive batches (sectioning: Asmussen and Glynn 2007, III.5a). Fits histograms merged per batch. `None` for
/// fewer than two batches, or values that are not finite.
#[must_use]
pub fn sectioned_quantile(
    overall: f64,
    of_batches: &[f64],
    confidence: f64,
    samples: u64,
) -> Option<Estimate> {
    let k = of_batches.len() as f64;
    let t = students_t_quantile(f64::midpoint(1.0, confidence), k - 1.0)?;
    let variance = of_batches.iter().map(|q| (q - overall).powi(2)).sum::<f64>() / (k * (k - 1.0));
    Estimate::symmetric(overall, t * variance.sqrt(), samples)
}

/// Quantile `p` of an autocorrelated series by sectioning into `batches` successive batches. `None` where a batch would be
/// empty, fewer than two are asked for, or values are not finite.
#[must_use]
pub fn batch_quantile_interval(values: &[f64], p: f64, batches: usize, confidence: f64) -> Option<Estimate> {
    let length = values.len().checked_div(batches).filter(|m| *m > 0)?;
    let used = &values[..length * batches];
    let quantile = |part: &[f64]| {
        let mut sorted = part.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[(rank_of(part.len() as u64, p) - 1) as usize]
    };
    if !(p > 0.0 && p < 1.0) {
        return None;
    }
    let of_batches: Vec<f64> = used.chunks_exact(length).map(quantile).collect();
    sectioned_quantile(quantile(used), &of_batches, confidence, used.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_sample_says_that_it_cannot_bound() {
        let sorted: Vec<f64> = (1..=200).map(f64::from).collect();
        match quantile_interval(&sorted, 0.99, 0.95).unwrap() {
            QuantileInterval::CannotBeBounded {
                value,
                low,
                high,
                samples_needed,
            } => {
                assert_eq!(
                    (value, low, high, samples_needed),
                    (198.0, Some(195.0), None, 368)
                );
            }
            bounded => panic!("{bounded:?}"),
        }
        assert!(quantile_ranks(368, 0.99, 0.95).unwrap().bounded());
        assert!(!quantile_ranks(367, 0.99, 0.95).unwrap().bounded());
    }

    #[test]
    fn a_larger_one_bounds() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        let expected = Estimate::new(50.0, 40.0, 61.0, 100).unwrap();
        assert_eq!(
            quantile_interval(&sorted, 0.5, 0.95),
            Some(QuantileInterval::Bounded(expected))
        );
    }

    #[test]
    fn unusable_input_gives_nothing() {
        assert_eq!(quantile_interval(&[], 0.5, 0.95), None);
        assert_eq!(quantile_interval(&[2.0, 1.0], 0.5, 0.95), None);
        assert_eq!(quantile_interval(&[1.0, f64::INFINITY], 0.5, 0.95), None);
        assert_eq!(quantile_ranks(10, 1.0, 0.95), None);
        assert_eq!(batch_quantile_interval(&[1.0; 5], 0.5, 6, 0.95), None);
        assert_eq!(sectioned_quantile(1.0, &[1.0], 0.95, 1), None);
    }

    proptest! {
        #[test]
        fn wider_for_more_confidence_and_ordered(n in 1..5000_u64, p in 0.01..0.999_f64) {
            let narrow = quantile_ranks(n, p, 0.9).unwrap();
            let wide = quantile_ranks(n, p, 0.99).unwrap();
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
            prop_assert!(narrow.low < narrow.high);
        }

        #[test]
        fn the_quantile_lies_in_its_interval(mut values in prop::collection::vec(-1e3..1e3_f64, 1..300), p in 0.01..0.99_f64) {
            values.sort_by(f64::total_cmp);
            if let Some(QuantileInterval::Bounded(e)) = quantile_interval(&values, p, 0.95) {
                prop_assert!(e.low <= e.value && e.value <= e.high);
            }
            if let Some(e) = batch_quantile_interval(&values, p, 5, 0.95) {
                prop_assert!(e.half_width().is_finite());
            }
        }
    }
}
