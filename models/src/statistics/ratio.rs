//! Ratio of two totals, such as CPU seconds over requests or response seconds over responses, from paired windows.

use super::special::students_t_quantile;
use crate::Estimate;

/// Relative size below which a residual is taken as rounding.
const ROUNDING: f64 = 1e-12;

/// Ratio of the totals with the residuals that carry its variance.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    /// Sum of the numerators over the sum of the denominators.
    pub value: f64,
    /// `(numerator_i - value * denominator_i) / mean denominator`: their mean is zero, and the ratio's error is about their mean's.
    pub residuals: Vec<f64>,
}

impl Ratio {
    /// From windows `i` with `numerators[i]` and `denominators[i] >= 0`; `None` for unequal lengths, no window, a total
    /// denominator of zero, or anything that is not finite.
    #[must_use]
    pub fn new(numerators: &[f64], denominators: &[f64]) -> Option<Self> {
        let total: f64 = denominators.iter().sum();
        if numerators.len() != denominators.len() || total <= 0.0 || denominators.iter().any(|d| *d < 0.0) {
            return None;
        }
        let value = numerators.iter().sum::<f64>() / total;
        let mean = total / denominators.len() as f64;
        let residual = |(n, d): (&f64, &f64)| {
            let residual = (n - value * d) / mean;
            // What is left of equal ratios after rounding is no residual, and its pattern no autocorrelation.
            if residual.abs() > ROUNDING * value.abs() {
                residual
            } else {
                0.0
            }
        };
        let residuals: Vec<f64> = numerators.iter().zip(denominators).map(residual).collect();
        let finite = value.is_finite() && residuals.iter().all(|r| r.is_finite());
        finite.then_some(Self { value, residuals })
    }

    /// Variance of the ratio where the windows are independent: `sum r^2 / (k (k - 1))`; `None` for one window.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        let k = self.residuals.len() as f64;
        let variance = self.residuals.iter().map(|r| r * r).sum::<f64>() / (k * (k - 1.0));
        variance.is_finite().then_some(variance)
    }

    /// Student t interval of the ratio over independent windows (Cochran 1977, eq. 6.13); `None` for one window.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Option<Estimate> {
        let k = self.residuals.len();
        let t = students_t_quantile(f64::midpoint(1.0, confidence), k as f64 - 1.0)?;
        Estimate::symmetric(self.value, t * self.variance()?.sqrt(), k as u64)
    }
}

/// The jackknife's version of the same ratio: less biased for few windows (Quenouille 1956, Tukey 1958). `None` for fewer
/// than two windows or where a total without one window is zero.
#[must_use]
pub fn jackknife_ratio(numerators: &[f64], denominators: &[f64], confidence: f64) -> Option<Estimate> {
    let all = Ratio::new(numerators, denominators)?.value;
    let k = numerators.len();
    let (top, bottom): (f64, f64) = (numerators.iter().sum(), denominators.iter().sum());
    let mut pseudo = Vec::with_capacity(k);
    for (n, d) in numerators.iter().zip(denominators) {
        if bottom - d <= 0.0 {
            return None;
        }
        pseudo.push(k as f64 * all - (k as f64 - 1.0) * (top - n) / (bottom - d));
    }
    super::batch_means::mean_interval(&pseudo, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_ratios_have_no_width() {
        let ratio = Ratio::new(&[2.0, 4.0, 6.0], &[1.0, 2.0, 3.0]).unwrap();
        let interval = ratio.interval(0.95).unwrap();
        assert_eq!((interval.low, interval.value, interval.high), (2.0, 2.0, 2.0));
    }

    #[test]
    fn nothing_to_divide_by_gives_nothing() {
        assert_eq!(Ratio::new(&[], &[]), None);
        assert_eq!(Ratio::new(&[1.0], &[0.0]), None);
        assert_eq!(Ratio::new(&[1.0, 2.0], &[1.0]), None);
        assert_eq!(Ratio::new(&[1.0], &[1.0]).unwrap().interval(0.95), None);
        assert_eq!(jackknife_ratio(&[1.0, 2.0], &[1.0, 0.0], 0.95), None);
    }

    proptest! {
        #[test]
        fn scaling_the_numerator_scales_the_interval(
            pairs in prop::collection::vec((0.0..10.0_f64, 0.1..10.0_f64), 2..40), factor in 0.01..100.0_f64
        ) {
            let (top, bottom): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let scaled: Vec<f64> = top.iter().map(|v| v * factor).collect();
            let a = Ratio::new(&top, &bottom).unwrap().interval(0.95).unwrap().scaled(factor);
            let b = Ratio::new(&scaled, &bottom).unwrap().interval(0.95).unwrap();
            prop_assert!((a.value - b.value).abs() <= 1e-9 * (1.0 + b.value.abs()));
            prop_assert!((a.half_width() - b.half_width()).abs() <= 1e-9 * (1.0 + b.half_width()));
        }
    }
}
