//! Change points in the mean of a series: exact segmentation by PELT.

use super::trend::median;

/// Starts of the segments but the first, in order: the segmentation that minimises the sum of squares about segment means
/// plus `penalty` per change, no segment shorter than `least` (at least 1). Pruned exact linear time (Killick, Fearnhead and
/// Eckley 2012); O(n) where changes are spread over the series, O(n^2) without any. `None` for values or a penalty that are
/// not finite, or whose squares are not.
#[must_use]
pub fn pelt(values: &[f64], penalty: f64, least: usize) -> Option<Vec<usize>> {
    let sums = Sums::new(values)?;
    let n = values.len();
    let least = least.max(1);
    if !penalty.is_finite() || n < 2 * least {
        return penalty.is_finite().then(Vec::new);
    }
    // best[t]: cost of the first t values; last[t]: start of their last segment.
    let mut best = vec![f64::INFINITY; n + 1];
    let mut last = vec![0; n + 1];
    best[0] = -penalty;
    // A start with the end from which on it cannot win any more.
    let mut candidates = vec![(0, usize::MAX)];
    for end in least..=n {
        let cost = |start: usize| best[start] + sums.cost(start, end) + penalty;
        let mut chosen = (f64::INFINITY, 0);
        candidates.retain(|(_, useless_from)| end < *useless_from);
        for (start, _) in candidates.iter().filter(|(start, _)| end - start >= least) {
            if cost(*start) < chosen.0 {
                chosen = (cost(*start), *start);
            }
        }
        (best[end], last[end]) = chosen;
        for (start, useless_from) in &mut candidates {
            let beaten = best[*start] + sums.cost(*start, end) > chosen.0;
            if end - *start >= least && *useless_from == usize::MAX && beaten {
                // A split at `end` is better, but `end` can be a split only for ends that far away.
                *useless_from = end + least;
            }
        }
        candidates.push((end, usize::MAX));
    }
    let mut starts = Vec::new();
    let mut end = n;
    while last[end] > 0 {
        end = last[end];
        starts.push(end);
    }
    starts.reverse();
    Some(starts)
}

/// [`pelt`] with a penalty of `3 ln n` noise variances, the noise taken from successive differences, which changes of the mean
/// hardly touch. Single spikes count as their neighbours. Single spikes count as their neighbours.
#[must_use]
pub fn change_points(values: &[f64], least: usize) -> Option<Vec<usize>> {
    if values.len() < 2 {
        return values.iter().all(|v| v.is_finite()).then(Vec::new);
    }
    let noise = noise_variance(values)?;
    let penalty = 3.0 * (values.len() as f64).ln() * noise;
    pelt(&without_spikes(values, SPIKE * noise.sqrt()), penalty, least)
}

/// A single value this many noise deviations outside its neighbours' range is a spike.
const SPIKE: f64 = 5.0;

/// The values with single ones that lie further than `height` outside their two neighbours' range drawn back to it: one slow
/// window among quick ones is no new regime, however slow it is.
fn without_spikes(values: &[f64], height: f64) -> Vec<f64> {
    let around = |i: usize| -> Option<(f64, f64)> {
        let (before, after) = (values.get(i.checked_sub(1)?)?, values.get(i + 1)?);
        Some((before.min(*after), before.max(*after)))
    };
    let drawn_back = |(i, v): (usize, &f64)| match around(i) {
        Some((low, high)) if *v > high + height || *v < low - height => v.clamp(low, high),
        _ => *v,
    };
    values.iter().enumerate().map(drawn_back).collect()
}

/// The one change that leaves the least sum of squares, with no segment shorter than `least` (at least 1): a step of binary
/// segmentation (Scott and Knott 1974). `None` for fewer than `2 * least` values or values whose squares are not finite.
#[must_use]
pub fn best_split(values: &[f64], least: usize) -> Option<usize> {
    let sums = Sums::new(values)?;
    let (n, least) = (values.len(), least.max(1));
    let cost = |at: &usize| sums.cost(0, *at) + sums.cost(*at, n);
    (least..=n.checked_sub(least)?).min_by(|a, b| cost(a).total_cmp(&cost(b)))
}

/// Variance of the noise about a mean that may change, from the median of the absolute successive differences; from their mean
/// square where most are zero. `None` for fewer than two values or differences whose squares are not finite.
#[must_use]
pub fn noise_variance(values: &[f64]) -> Option<f64> {
    let mut steps: Vec<f64> = values.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
    if steps.is_empty() {
        return None;
    }
    let squares = steps.iter().map(|d| d * d).sum::<f64>() / (2.0 * steps.len() as f64);
    // The median of the absolute value of a normal variable is 0.6745 standard deviations.
    let robust = (median(&mut steps) / 0.674_489_750_196_081_7).powi(2) / 2.0;
    let variance = if robust > 0.0 { robust } else { squares };
    (variance.is_finite() && squares.is_finite()).then_some(variance)
}

/// Drops the change points whose neighbouring segments have means within `tolerance` (a share, such as 0.01) of each other.
#[must_use]
pub fn merge_equivalent(values: &[f64], starts: &[usize], tolerance: f64) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for (i, start) in starts.iter().enumerate() {
        let begin = kept.last().copied().unwrap_or(0);
        let end = starts.get(i + 1).copied().unwrap_or(values.len());
        let (before, after) = (mean(&values[begin..*start]), mean(&values[*start..end]));
        if (after - before).abs() > tolerance * before.abs().max(after.abs()) {
            kept.push(*start);
        }
    }
    kept
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Running sums of values and squares about the overall mean.
struct Sums {
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn new(values: &[f64]) -> Option<Self> {
        let centre = mean(values);
        let running = |of: fn(f64) -> f64| -> Vec<f64> {
            let mut sum = 0.0;
            let add = |v: &f64| {
                sum += of(v - centre);
                sum
            };
            std::iter::once(0.0)
                .chain(values.iter().map(add).collect::<Vec<_>>())
                .collect()
        };
        let sums = Self {
            values: running(|v| v),
            squares: running(|v| v * v),
        };
        let finite = |list: &[f64]| list.iter().all(|v| v.is_finite());
        (finite(&sums.values) && finite(&sums.squares)).then_some(sums)
    }

    /// Sum of squares of `start..end` about its mean.
    fn cost(&self, start: usize, end: usize) -> f64 {
        let sum = self.values[end] - self.values[start];
        let squares = self.squares[end] - self.squares[start];
        (squares - sum * sum / (end - start) as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Deterministic noise of variance 1/12.
    fn noise(n: usize) -> Vec<f64> {
        let mut state = 1_u64;
        let mut next = || {
            state = state * 16_807 % 2_147_483_647;
            state as f64 / 2_147_483_647.0 - 0.5
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn finds_steps_and_leaves_noise_alone() {
        assert_eq!(change_points(&noise(200), 5), Some(vec![]));
        let steps: Vec<f64> = noise(200)
            .into_iter()
            .enumerate()
            .map(|(i, v)| v + if (60..130).contains(&i) { 3.0 } else { 0.0 })
            .collect();
        assert_eq!(change_points(&steps, 5), Some(vec![60, 130]));
        assert_eq!(best_split(&steps[..100], 5), Some(60));
        assert_eq!((best_split(&steps[..9], 5), best_split(&[1.0], 0)), (None, None));
    }

    #[test]
    fn short_spikes_are_no_segments() {
        let mut spiky = noise(100);
        spiky[40] += 10.0;
        assert_eq!(change_points(&spiky, 5), Some(vec![]));
    }

    #[test]
    fn equivalent_neighbours_are_merged() {
        let values = [1.0, 1.0, 1.004, 1.004, 2.0, 2.0];
        assert_eq!(merge_equivalent(&values, &[2, 4], 0.01), vec![4]);
        assert_eq!(merge_equivalent(&values, &[2, 4], 0.001), vec![2, 4]);
    }

    #[test]
    fn odd_input() {
        assert_eq!(change_points(&[], 5), Some(vec![]));
        assert_eq!(change_points(&[1.0], 5), Some(vec![]));
        assert_eq!(change_points(&[1.0, f64::NAN, 2.0], 1), None);
        assert_eq!(change_points(&[1e300, -1e300, 1.0], 1), None);
        assert_eq!(change_points(&[2.0; 50], 1), Some(vec![]));
    }

    /// The same minimum by plain dynamic programming.
    fn exhaustive(values: &[f64], penalty: f64, least: usize) -> f64 {
        let sums = Sums::new(values).unwrap();
        let mut best = vec![f64::INFINITY; values.len() + 1];
        best[0] = -penalty;
        for end in least..=values.len() {
            for start in 0..=end - least {
                best[end] = best[end].min(best[start] + sums.cost(start, end) + penalty);
            }
        }
        best[values.len()]
    }

    proptest! {
        #[test]
        fn pruning_loses_nothing(
            values in prop::collection::vec(-5.0..5.0_f64, 6..60), penalty in 0.1..50.0_f64, least in 1..4_usize
        ) {
            let starts = pelt(&values, penalty, least).unwrap();
            let sums = Sums::new(&values).unwrap();
            let edges: Vec<usize> = std::iter::once(0).chain(starts).chain([values.len()]).collect();
            let cost: f64 = edges.windows(2).map(|e| sums.cost(e[0], e[1]) + penalty).sum::<f64>() - penalty;
            prop_assert!((cost - exhaustive(&values, penalty, least)).abs() < 1e-6);
            prop_assert!(edges.windows(2).all(|e| e[1] - e[0] >= least));
        }

        #[test]
        fn scaling_keeps_the_changes(values in prop::collection::vec(-5.0..5.0_f64, 10..60)) {
            let scaled: Vec<f64> = values.iter().map(|v| v * 8.0).collect();
            prop_assert_eq!(change_points(&values, 3), change_points(&scaled, 3));
        }
    }
}
