//! MSER: the truncation point that minimises the marginal standard error of what is left.

/// Where the warm-up ends by the MSER rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truncation {
    /// Batches to leave out at the beginning.
    pub batches: usize,
    /// The same in observations.
    pub observations: usize,
    /// The minimised statistic, squared marginal standard error, in the square of the values' unit.
    pub statistic: f64,
    /// Mean of the batches that are left.
    pub mean: f64,
    /// Whether the minimum lies at the end of the allowed half: the series is too short for its warm-up.
    pub at_limit: bool,
}

/// MSER with batches of `batch` observations: the `d <= k/2` that minimises `sum_{j>d} (z_j - mean)^2 / (k - d)^2` over the
/// `k` batch means `z` (White 1997; batches of five: Spratt 1998). `None` for fewer than two batches, a batch of zero
/// or values whose squares are not finite. O(n).
#[must_use]
pub fn mser(values: &[f64], batch: usize) -> Option<Truncation> {
    if batch == 0 {
        return None;
    }
    let means: Vec<f64> = values
        .chunks_exact(batch)
        .map(|c| c.iter().sum::<f64>() / batch as f64)
        .collect();
    let k = means.len();
    if k < 2 {
        return None;
    }
    let mut best: Option<Truncation> = None;
    // Welford's recurrence from the end: each step adds one batch to what is left.
    let (mut mean, mut squares) = (0.0, 0.0);
    for (taken, d) in (0..k).rev().enumerate() {
        let left = (taken + 1) as f64;
        let delta = means[d] - mean;
        mean += delta / left;
        squares += delta * (means[d] - mean);
        if !squares.is_finite() {
            return None;
        }
        let statistic = squares / (left * left);
        if d <= k / 2 && best.is_none_or(|b| statistic <= b.statistic) {
            best = Some(Truncation {
                batches: d,
                observations: d * batch,
                statistic,
                mean,
                at_limit: d == k / 2,
            });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_flat_series_has_no_warm_up() {
        let truncation = mser(&[3.0; 40], 5).unwrap();
        assert_eq!((truncation.batches, truncation.at_limit), (0, false));
        assert_eq!((truncation.statistic, truncation.mean), (0.0, 3.0));
    }

    #[test]
    fn a_step_is_cut_off_and_a_ramp_reaches_the_limit() {
        let step: Vec<f64> = (0..100)
            .map(|i| if i < 20 { 9.0 } else { f64::from(i % 2) })
            .collect();
        assert_eq!(mser(&step, 1).unwrap().observations, 20);
        let ramp: Vec<f64> = (0..100).map(f64::from).collect();
        assert!(mser(&ramp, 5).unwrap().at_limit);
    }

    #[test]
    fn too_little_or_too_much_gives_nothing() {
        assert_eq!(mser(&[1.0; 9], 5), None);
        assert_eq!(mser(&[1.0; 9], 0), None);
        assert_eq!(mser(&[1e300, -1e300, 1.0], 1), None);
        assert_eq!(mser(&[f64::NAN, 1.0, 1.0], 1), None);
    }

    proptest! {
        #[test]
        fn scaling_and_shifting_keep_the_truncation(
            values in prop::collection::vec(0.0..10.0_f64, 20..200), shift in -5.0..5.0_f64
        ) {
            let plain = mser(&values, 5).unwrap();
            let moved: Vec<f64> = values.iter().map(|v| 4.0 * v + shift).collect();
            let moved = mser(&moved, 5).unwrap();
            // Equal up to rounding: either the same cut, or one that is just as good.
            let same = plain.batches == moved.batches;
            prop_assert!(same || (moved.statistic / 16.0 / plain.statistic - 1.0).abs() < 1e-9);
        }
    }
}
