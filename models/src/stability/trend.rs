//! Mann-Kendall test for a monotone trend, with the slope that Theil and Sen estimate.

use crate::statistics::batch_means::von_neumann;
use crate::statistics::special::normal_cdf;

/// Beyond this the correction for autocorrelation would explode.
const MOST_AUTOCORRELATION: f64 = 0.95;

/// What the test has found. The values should be about independent (batch means, not raw observations).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Kendall's S: rising pairs less falling pairs.
    pub s: i64,
    /// S standardised, with correction for ties and continuity.
    pub z: f64,
    /// Two-sided p-value.
    pub p_value: f64,
    /// Median slope over all pairs, in the values' unit per step.
    pub slope: f64,
}

/// Tests `values`, equally spaced in time, for a monotone trend (Mann 1945; Kendall 1975; slope: Sen 1968). `None` for fewer
/// than four values or values that are not finite. O(n^2): meant for some dozens of batches.
#[must_use]
pub fn mann_kendall(values: &[f64]) -> Option<Trend> {
    let n = values.len();
    if n < 4 || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let mut s = 0_i64;
    let mut slopes = Vec::with_capacity(n * (n - 1) / 2);
    for i in 0..n {
        for j in i + 1..n {
            s += i64::from(values[j] > values[i]) - i64::from(values[j] < values[i]);
            slopes.push(values[j] / (j - i) as f64 - values[i] / (j - i) as f64);
        }
    }
    let variance = variance_of_s(values);
    let z = if variance > 0.0 {
        (s.abs() - 1).max(0) as f64 * (s.signum() as f64) / variance.sqrt()
    } else {
        0.0
    };
    Some(Trend {
        s,
        z,
        p_value: (2.0 * normal_cdf(-z.abs())).min(1.0),
        slope: median(&mut slopes),
    })
}

/// [`mann_kendall`] for values that may be autocorrelated: the variance of S is multiplied by `(1 + rho) / (1 - rho)`, with `rho`
/// the lag-1 autocorrelation about the line of the estimated slope (after Hamed and Rao 1998). `None` for fewer than eight values
/// or values that are not finite.
#[must_use]
pub fn mann_kendall_autocorrelated(values: &[f64]) -> Option<Trend> {
    if values.len() < 8 {
        return None;
    }
    let plain = mann_kendall(values)?;
    let about_line: Vec<f64> = values
        .iter()
        .enumerate()
        .map(|(i, v)| v - plain.slope * i as f64)
        .collect();
    let k = values.len() as f64;
    let rho = (von_neumann(&about_line, 0.2)?.statistic / (1.0 - 4.0 / k)).clamp(0.0, MOST_AUTOCORRELATION);
    let z = plain.z / ((1.0 + rho) / (1.0 - rho)).sqrt();
    Some(Trend {
        z,
        p_value: (2.0 * normal_cdf(-z.abs())).min(1.0),
        ..plain
    })
}

/// Variance of S without trend: (n(n-1)(2n+5) - sum t(t-1)(2t+5)) / 18 over groups of t tied values (Kendall 1975).
fn variance_of_s(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let term = |t: usize| {
        let t = t as f64;
        t * (t - 1.0) * (2.0 * t + 5.0)
    };
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|group| term(group.len()))
        .sum();
    (term(values.len()) - ties) / 18.0
}

/// Median of a list that is not empty; reorders it.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        values[middle - 1].midpoint(values[middle])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rising_falling_and_flat() {
        let rising = mann_kendall(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!(rising.s, 10);
        // Var S = 5*4*15/18 = 16.667, z = 9/4.0825.
        assert!((rising.z - 9.0 / (300.0_f64 / 18.0).sqrt()).abs() < 1e-12);
        assert!((rising.slope - 1.0).abs() < 1e-12);
        let flat = mann_kendall(&[2.0; 8]).unwrap();
        assert_eq!((flat.s, flat.z, flat.slope), (0, 0.0, 0.0));
        assert!((flat.p_value - 1.0).abs() < 1e-12);
        assert_eq!(mann_kendall(&[1.0, 2.0, 3.0]), None);
        assert_eq!(mann_kendall(&[1.0, 2.0, 3.0, f64::NAN]), None);
    }

    #[test]
    fn ties_reduce_the_variance() {
        // n = 6, one group of 3: (6*5*17 - 3*2*11)/18.
        assert!((variance_of_s(&[1.0, 2.0, 2.0, 2.0, 3.0, 4.0]) - (510.0 - 66.0) / 18.0).abs() < 1e-12);
    }

    #[test]
    fn autocorrelation_makes_the_test_careful() {
        let smooth: Vec<f64> = (0..25).map(|i| (f64::from(i) / 6.0).sin()).collect();
        let (plain, careful) = (
            mann_kendall(&smooth).unwrap(),
            mann_kendall_autocorrelated(&smooth).unwrap(),
        );
        assert!(
            plain.p_value < 0.05 && careful.p_value > 0.1,
            "{plain:?} {careful:?}"
        );
        let line: Vec<f64> = (0..25).map(|i| f64::from(i) + 0.3 * f64::from(i % 2)).collect();
        assert!(mann_kendall_autocorrelated(&line).unwrap().p_value < 1e-6);
    }

    proptest! {
        #[test]
        fn reversing_turns_the_sign(values in prop::collection::vec(-1e3..1e3_f64, 4..40)) {
            let forward = mann_kendall(&values).unwrap();
            let mut reversed = values.clone();
            reversed.reverse();
            let backward = mann_kendall(&reversed).unwrap();
            prop_assert_eq!(forward.s, -backward.s);
            prop_assert!((forward.slope + backward.slope).abs() < 1e-9);
            prop_assert!((0.0..=1.0).contains(&forward.p_value));
        }

        #[test]
        fn scaling_keeps_the_test(values in prop::collection::vec(-1e3..1e3_f64, 4..40)) {
            let scaled: Vec<f64> = values.iter().map(|v| v * 8.0).collect();
            let (a, b) = (mann_kendall(&values).unwrap(), mann_kendall(&scaled).unwrap());
            prop_assert_eq!((a.s, a.p_value), (b.s, b.p_value));
        }

        #[test]
        fn never_nan(values in prop::collection::vec(prop::num::f64::NORMAL, 4..20)) {
            if let Some(trend) = mann_kendall(&values) {
                prop_assert!(!trend.z.is_nan() && !trend.p_value.is_nan() && !trend.slope.is_nan());
            }
        }
    }
}
