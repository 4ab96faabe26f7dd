//! The difference of two independent figures, its interval, and whether it is more than chance.

use super::{Better, Change, Figure, SIGNIFICANCE};
use crate::summary::Interval;
use autoperf_models::statistics::special::normal_cdf;

/// Half-width of a 95 % interval in standard errors.
const HALF_WIDTHS: f64 = 1.959_963_984_540_054;

/// One figure in both runs, not yet judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) better: Better,
    pub(super) baseline: Interval,
    pub(super) candidate: Interval,
}

/// Judges all figures together.
pub(super) fn judged(pairs: Vec<Pair>) -> Vec<Figure> {
    let p_values: Vec<f64> = pairs
        .iter()
        .map(|pair| p_value(pair.baseline, pair.candidate))
        .collect();
    let significant = holm(&p_values, SIGNIFICANCE);
    pairs
        .into_iter()
        .zip(p_values.into_iter().zip(significant))
        .map(|(pair, (p_value, significant))| figure(pair, p_value, significant))
        .collect()
}

fn figure(pair: Pair, p_value: f64, significant: bool) -> Figure {
    let Pair {
        name,
        unit,
        better,
        baseline,
        candidate,
    } = pair;
    let difference = difference(baseline, candidate);
    let change = match (significant, better, difference.value > 0.0) {
        (false, ..) => Change::NotSignificant,
        (true, Better::Higher, true) | (true, Better::Lower, false) => Change::Better,
        (true, Better::Higher, false) | (true, Better::Lower, true) => Change::Worse,
    };
    let size = baseline.value.abs();
    Figure {
        name,
        unit,
        better,
        baseline,
        candidate,
        difference,
        relative: (size > 0.0).then(|| Interval {
            value: difference.value / size,
            low: difference.low / size,
            high: difference.high / size,
            ..difference
        }),
        p_value,
        change,
    }
}

/// Candidate less baseline with its 95 % interval: `low = d - sqrt((c - c_low)^2 + (b_high - b)^2)`, and the other end likewise
/// (Zou & Donner 2008, eq. 3).
#[must_use]
pub fn difference(baseline: Interval, candidate: Interval) -> Interval {
    let value = candidate.value - baseline.value;
    let below = (candidate.value - candidate.low).hypot(baseline.high - baseline.value);
    let above = (candidate.high - candidate.value).hypot(baseline.value - baseline.low);
    Interval {
        value,
        low: value - below,
        high: value + above,
        samples: baseline.samples.min(candidate.samples),
    }
}

/// Two-sided: how often chance alone gives a difference at least this large, by the standard error that the interval has on
/// the side of zero. Figures without any spread differ or do not.
#[must_use]
pub fn p_value(baseline: Interval, candidate: Interval) -> f64 {
    let found = difference(baseline, candidate);
    let half = if found.value > 0.0 {
        found.value - found.low
    } else {
        found.high - found.value
    };
    if found.value == 0.0 {
        1.0
    } else if half <= 0.0 {
        0.0
    } else {
        2.0 * normal_cdf(-found.value.abs() / half * HALF_WIDTHS)
    }
}

/// Which of these hypotheses fall when at most `error` of all such families may lose one wrongly (Holm 1979): the k-th
/// smallest of n must not exceed `error / (n - k + 1)`, and none after the first that does.
#[must_use]
pub fn holm(p_values: &[f64], error: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut falls = vec![false; p_values.len()];
    for (rank, &index) in order.iter().enumerate() {
        if p_values[index] > error / (p_values.len() - rank) as f64 {
            break;
        }
        falls[index] = true;
    }
    falls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(value: f64, low: f64, high: f64) -> Interval {
        Interval {
            value,
            low,
            high,
            samples: 100,
        }
    }

    #[test]
    fn half_widths_add_as_the_sides_of_a_right_angle() {
        let found = difference(known(100.0, 97.0, 103.0), known(110.0, 106.0, 114.0));
        assert!((found.value - 10.0).abs() < 1e-12);
        assert!((found.low - 5.0).abs() < 1e-12 && (found.high - 15.0).abs() < 1e-12);
    }

    #[test]
    fn lopsided_intervals_stay_so() {
        let found = difference(known(10.0, 7.0, 11.0), known(20.0, 16.0, 20.0));
        assert!((found.low - (10.0 - 17_f64.sqrt())).abs() < 1e-12);
        assert!((found.high - 13.0).abs() < 1e-12);
    }

    #[test]
    fn the_test_and_the_interval_agree() {
        let (a, touching) = (known(100.0, 97.0, 103.0), known(105.0, 101.0, 109.0));
        assert!(
            (p_value(a, touching) - 0.05).abs() < 1e-6,
            "{}",
            p_value(a, touching)
        );
        assert!((p_value(a, a) - 1.0).abs() < f64::EPSILON);
        let exact = [known(1.0, 1.0, 1.0), known(2.0, 2.0, 2.0)];
        assert!(p_value(exact[0], exact[1]) < f64::EPSILON);
    }

    #[test]
    fn many_figures_need_stronger_evidence() {
        // Holm's own thresholds for four: 0.0125, 0.0167, 0.025, 0.05.
        assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005], 0.05), [true, false, false, true]);
        assert_eq!(holm(&[0.04], 0.05), [true]);
        assert!(holm(&[], 0.05).is_empty());
    }
}
