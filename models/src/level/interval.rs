//! Intervals of throughput and mean response time from a level's steady part.

use super::Bin;
use super::cells::{total, windows};
use crate::Estimate;
use crate::statistics::long_run::{LongRun, long_run};
use crate::statistics::ratio::Ratio;
use crate::statistics::special::{chi_square_quantile, students_t_quantile};

/// Numbers of time batches that the variance is taken from, most first.
const BATCHES: [usize; 3] = [64, 40, 25];
/// Numbers that serve alone where there are too few windows or completions for the others.
const FEW_BATCHES: [usize; 2] = [16, 10];
/// Completions per batch, so that counts are not all lattice.
const COMPLETIONS_PER_BATCH: u64 = 3;
/// Intervals are trusted with this many effective batches.
const TRUSTED_BATCHES: f64 = 10.0;
/// Degrees of freedom are those of the fewest of [`BATCHES`], or fewer where the batches depend on each other.
const MOST_DEGREES_OF_FREEDOM: f64 = 24.0;
const LEAST_DEGREES_OF_FREEDOM: f64 = 2.0;

/// What a part of a level says.
#[derive(Debug, Clone, Default)]
pub(super) struct Intervals {
    pub(super) throughput_per_s: Option<Estimate>,
    pub(super) response_time_s: Option<Estimate>,
    /// The part is long against its autocorrelation.
    pub(super) trusted: bool,
    /// The part in about 25 batches; none where there were too few completions for batches.
    pub(super) batches: Vec<Bin>,
}

/// Throughput by batch means over time batches, mean response time as a ratio estimator over the same batches; what is left of
/// autocorrelation between the batches widens both.
pub(super) fn intervals(cells: &[Bin], confidence: f64) -> Intervals {
    let all = total(cells);
    let possible =
        |count: &usize| *count <= cells.len() && all.completions >= COMPLETIONS_PER_BATCH * *count as u64;
    let mut counts: Vec<usize> = BATCHES.into_iter().filter(possible).collect();
    if counts.is_empty() {
        counts = FEW_BATCHES.into_iter().find(possible).into_iter().collect();
    }
    let sets: Vec<Vec<Bin>> = counts.into_iter().map(|count| windows(cells, count)).collect();
    let (Some(throughput), Some(response)) = (spread(&sets, throughput), spread(&sets, response)) else {
        return without_batches(&all, confidence);
    };
    // The phase of the counting window against a regular stream is worth up to one completion.
    let phase = 1.0 / all.length_s;
    let symmetric = |half: f64| Estimate::symmetric(throughput.0, half.hypot(phase), all.completions);
    Intervals {
        throughput_per_s: half_width(&throughput.1, confidence).and_then(symmetric),
        response_time_s: half_width(&response.1, confidence)
            .and_then(|h| skewed(response.0, h, all.completions)),
        trusted: throughput.1.effective_batches.min(response.1.effective_batches) >= TRUSTED_BATCHES,
        batches: sets.into_iter().next_back().unwrap_or_default(),
    }
}

/// The ratio over all batches, and how well the sets of batches know it.
fn spread(sets: &[Vec<Bin>], ratio: fn(&[Bin]) -> Option<Ratio>) -> Option<(f64, LongRun)> {
    let ratios: Vec<Ratio> = sets.iter().filter_map(|batches| ratio(batches)).collect();
    let value = ratios.first()?.value;
    let deviations: Vec<Vec<f64>> = ratios.into_iter().map(|r| r.residuals).collect();
    Some((value, long_run(&deviations)?))
}

fn throughput(batches: &[Bin]) -> Option<Ratio> {
    let counts: Vec<f64> = batches.iter().map(|b| b.completions as f64).collect();
    let lengths: Vec<f64> = batches.iter().map(|b| b.length_s).collect();
    Ratio::new(&counts, &lengths)
}

fn response(batches: &[Bin]) -> Option<Ratio> {
    let sums: Vec<f64> = batches.iter().map(|b| b.response_sum_s).collect();
    let counts: Vec<f64> = batches.iter().map(|b| b.completions as f64).collect();
    Ratio::new(&sums, &counts)
}

fn half_width(spread: &LongRun, confidence: f64) -> Option<f64> {
    let degrees_of_freedom =
        (spread.effective_batches - 1.0).clamp(LEAST_DEGREES_OF_FREEDOM, MOST_DEGREES_OF_FREEDOM);
    let t = students_t_quantile(f64::midpoint(1.0, confidence), degrees_of_freedom)?;
    Some(t * spread.variance_of_mean.sqrt())
}

/// Interval of a mean response time, symmetric in 1/R to second order: the standard deviation of a queue's mean grows as the
/// square of that mean (asymptotic variance ~ (1 - rho)^-4, Whitt 1989), so 1/R is the scale on which it is constant, and an
/// interval symmetric in R misses too often on one side.
fn skewed(value: f64, half_width: f64, samples: u64) -> Option<Estimate> {
    if half_width == 0.0 {
        return Estimate::symmetric(value, 0.0, samples);
    }
    let h = half_width / value;
    Estimate::new(value, value / (1.0 + h), value * (1.0 + h + h * h), samples)
}

/// Too few completions for batches: the count as a Poisson one (Garwood 1936), the response times as independent. Never trusted.
fn without_batches(all: &Bin, confidence: f64) -> Intervals {
    let n = all.completions as f64;
    let alpha = 1.0 - confidence;
    let rate = || {
        let low = chi_square_quantile(alpha / 2.0, 2.0 * n)? / 2.0;
        let high = chi_square_quantile(1.0 - alpha / 2.0, 2.0 * n + 2.0)? / 2.0;
        let per_s = 1.0 / all.length_s;
        Estimate::new(n * per_s, low * per_s, high * per_s, all.completions)
    };
    let mean_response = || {
        let mean = all.response_sum_s / n;
        let variance = ((all.response_sum_sq_s2 - n * mean * mean) / (n - 1.0)).max(0.0);
        let t = students_t_quantile(f64::midpoint(1.0, confidence), n - 1.0)?;
        skewed(mean, t * (variance / n).sqrt(), all.completions)
    };
    Intervals {
        throughput_per_s: if all.completions > 0 { rate() } else { None },
        response_time_s: if all.completions > 1 {
            mean_response()
        } else {
            None
        },
        ..Intervals::default()
    }
}
