//! Regenerative intervals: cycles that start afresh are independent, so nothing has to be tuned. Sessions are such cycles.

use super::ratio::Ratio;
use super::special::normal_quantile;
use crate::Estimate;

/// Mean per observation of a regenerative process from its cycles' totals and lengths (numbers of observations, or time):
/// `r = sum Y / sum n`, half-width `z s / (mean n * sqrt(k))` with `s^2 = sum (Y - r n)^2 / (k - 1)` (Crane and Iglehart
/// 1975). `samples` counts cycles. `None` for fewer than two cycles, unequal lengths or no length in all.
#[must_use]
pub fn regenerative_interval(totals: &[f64], lengths: &[f64], confidence: f64) -> Option<Estimate> {
    let ratio = Ratio::new(totals, lengths)?;
    let z = normal_quantile(f64::midpoint(1.0, confidence))?;
    Estimate::symmetric(ratio.value, z * ratio.variance()?.sqrt(), totals.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_cycles_have_no_width() {
        let interval = regenerative_interval(&[6.0, 6.0, 6.0], &[3.0, 3.0, 3.0], 0.95).unwrap();
        assert_eq!(
            (interval.value, interval.half_width(), interval.samples),
            (2.0, 0.0, 3)
        );
    }

    #[test]
    fn one_cycle_says_nothing_of_its_spread() {
        assert_eq!(regenerative_interval(&[6.0], &[3.0], 0.95), None);
        assert_eq!(regenerative_interval(&[6.0, 1.0], &[0.0, 0.0], 0.95), None);
        assert_eq!(regenerative_interval(&[6.0, 1.0], &[1.0, 1.0], 1.5), None);
    }
}
