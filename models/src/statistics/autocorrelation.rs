//! Effective sample size of an autocorrelated series, online, in O(log n) memory, mergeable between workers.

use super::special::students_t_quantile;
use crate::Estimate;

/// A level of pairwise means is kept while its autocorrelation time exceeds this share of its block length: beyond it the
/// means are about independent and their variance only noisier.
const KEPT_SHARE: f64 = 0.2;

/// Moments of the means of `2^level` successive observations.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Block {
    count: u64,
    mean: f64,
    squares: f64,
    /// The first of a pair whose second has not come yet.
    waiting: Option<f64>,
}

impl Block {
    /// Welford's recurrence (1962).
    fn push(&mut self, value: f64) {
        self.count += 1;
        let delta = value - self.mean;
        self.mean += delta / self.count as f64;
        self.squares += delta * (value - self.mean);
    }

    fn variance(&self) -> Option<f64> {
        let variance = (self.count > 1).then(|| self.squares / (self.count - 1) as f64)?;
        variance.is_finite().then_some(variance)
    }

    /// Chan, Golub and LeVeque (1979).
    fn merge(&mut self, other: &Self) {
        let (a, b) = (self.count as f64, other.count as f64);
        if other.count > 0 {
            let delta = other.mean - self.mean;
            self.mean += delta * b / (a + b);
            self.squares += other.squares + delta * delta * a * b / (a + b);
            self.count += other.count;
        }
        self.waiting = self.waiting.or(other.waiting);
    }
}

/// Mean, variance and autocorrelation time of a series from the variances of its pairwise, fourfold, ... means
/// (blocking: Flyvbjerg and Petersen 1989; the rule of where to stop as the benchmark tool latte has it).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EffectiveSampleSize {
    blocks: Vec<Block>,
}

impl EffectiveSampleSize {
    /// An empty series.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next observation; one that is not finite is left out. O(1) amortised.
    pub fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        let mut value = value;
        let mut level = 0;
        loop {
            if level == self.blocks.len() {
                self.blocks.push(Block::default());
            }
            let block = &mut self.blocks[level];
            block.push(value);
            match block.waiting.take() {
                Some(first) => value = first.midpoint(value),
                None => {
                    block.waiting = Some(value);
                    return;
                }
            }
            level += 1;
        }
    }

    /// Adds another worker's series, taken as independent of this one. Where both wait for the second of a pair, the other's
    /// first is left out of the longer blocks: it has no neighbour.
    pub fn merge(&mut self, other: &Self) {
        let levels = self.blocks.len().max(other.blocks.len());
        self.blocks.resize(levels, Block::default());
        for (mine, theirs) in self.blocks.iter_mut().zip(&other.blocks) {
            mine.merge(theirs);
        }
    }

    /// Observations so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.blocks.first().map_or(0, |b| b.count)
    }

    /// Mean; `None` without observations.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        self.blocks.first().map(|b| b.mean).filter(|m| m.is_finite())
    }

    /// Variance of a single observation (divisor n - 1); `None` for fewer than two.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        self.blocks.first()?.variance()
    }

    /// `2^L var_L / var_0` for the levels L = 0, 1, ... that have at least two blocks; all 1 for a constant series.
    #[must_use]
    pub fn autocorrelation_times(&self) -> Vec<f64> {
        let variance = self.variance().unwrap_or(0.0);
        let time = |(level, block): (usize, &Block)| {
            let of_block = block.variance()?;
            let time = if variance > 0.0 {
                (level as f64).exp2() * of_block / variance
            } else {
                1.0
            };
            time.is_finite().then_some(time)
        };
        self.blocks.iter().enumerate().map_while(time).collect()
    }

    /// Observations that are worth one independent one, at least 1.
    #[must_use]
    pub fn autocorrelation_time(&self) -> f64 {
        let kept = |(level, time): &(usize, f64)| *time > KEPT_SHARE * (*level as f64).exp2();
        let times = self
            .autocorrelation_times()
            .into_iter()
            .enumerate()
            .take_while(kept);
        times.fold(1.0, |longest, (_, time)| time.max(longest))
    }

    /// Number of independent observations that would say as much.
    #[must_use]
    pub fn effective(&self) -> f64 {
        self.count() as f64 / self.autocorrelation_time()
    }

    /// Student t interval of the mean by the effective sample size; `None` where that is not above 1.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Option<Estimate> {
        let effective = self.effective();
        let t = students_t_quantile(f64::midpoint(1.0, confidence), effective - 1.0)?;
        Estimate::symmetric(
            self.mean()?,
            t * (self.variance()? / effective).sqrt(),
            self.count(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> EffectiveSampleSize {
        let mut series = EffectiveSampleSize::new();
        values.iter().for_each(|v| series.push(*v));
        series
    }

    #[test]
    fn empty_single_and_constant() {
        assert_eq!(
            (of(&[]).count(), of(&[]).mean(), of(&[]).interval(0.95)),
            (0, None, None)
        );
        assert_eq!((of(&[2.0]).mean(), of(&[2.0]).interval(0.95)), (Some(2.0), None));
        let constant = of(&[3.0; 100]);
        assert!((constant.effective() - 100.0).abs() < 1e-12);
        assert_eq!(constant.interval(0.95).unwrap().half_width(), 0.0);
    }

    #[test]
    fn repeated_values_count_once() {
        let mut state = 12_345_u64;
        let mut next = || {
            state = state * 16_807 % 2_147_483_647;
            state as f64
        };
        let values: Vec<f64> = (0..2000).flat_map(|_| [next(); 8]).collect();
        let time = of(&values).autocorrelation_time();
        assert!((7.0..10.5).contains(&time), "{time}");
    }

    #[test]
    fn memory_is_logarithmic() {
        let mut series = EffectiveSampleSize::new();
        (0..100_000_u32).for_each(|i| series.push(f64::from(i % 17)));
        assert!(series.blocks.len() <= 17);
    }

    proptest! {
        #[test]
        fn merging_keeps_count_mean_and_variance(
            a in prop::collection::vec(-1e3..1e3_f64, 0..100), b in prop::collection::vec(-1e3..1e3_f64, 0..100)
        ) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let all = of(&[a, b].concat());
            prop_assert_eq!(merged.count(), all.count());
            if let (Some(x), Some(y)) = (merged.mean(), all.mean()) {
                prop_assert!((x - y).abs() < 1e-9);
            }
            if let (Some(x), Some(y)) = (merged.variance(), all.variance()) {
                prop_assert!((x - y).abs() <= 1e-9 * (1.0 + y));
            }
            prop_assert!(merged.autocorrelation_time() >= 1.0);
        }

        #[test]
        fn scaling_keeps_the_autocorrelation_time(values in prop::collection::vec(-1e3..1e3_f64, 2..200)) {
            let scaled: Vec<f64> = values.iter().map(|v| v * 4.0).collect();
            let (a, b) = (of(&values).autocorrelation_time(), of(&scaled).autocorrelation_time());
            prop_assert!((a - b).abs() < 1e-9 * a);
        }

        #[test]
        fn extreme_input_gives_finite_figures_or_none(values in prop::collection::vec(prop::num::f64::ANY, 0..40)) {
            let series = of(&values);
            prop_assert!(series.autocorrelation_time().is_finite());
            if let Some(interval) = series.interval(0.95) {
                prop_assert!(interval.half_width().is_finite());
            }
        }
    }
}
