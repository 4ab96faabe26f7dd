//! Intervals of throughput and mean response time from a level's steady part.

use super::Bin;
use super::cells::{total, windows};
use crate::Estimate;
use crate::statistics::batch_means::von_neumann;
use crate::statistics::ratio::Ratio;
use crate::statistics::special::{chi_square_quantile, students_t_quantile};

/// Numbers of time batches that are tried, most first.
const BATCHES: [usize; 5] = [64, 40, 25, 16, 10];
/// Completions per batch, so that counts are not all lattice.
const COMPLETIONS_PER_BATCH: u64 = 3;
/// Two-sided significance of von Neumann's test, as Skart has it.
const ALPHA: f64 = 0.2;
/// Beyond this lag-1 autocorrelation of the batches the correction would explode; the interval is not trusted anyway.
const MOST_AUTOCORRELATION: f64 = 0.9;

/// What a part of a level says.
#[derive(Debug, Clone, Default)]
pub(super) struct Intervals {
    pub(super) throughput_per_s: Option<Estimate>,
    pub(super) response_time_s: Option<Estimate>,
    /// Enough batches, and no autocorrelation between them shown.
    pub(super) trusted: bool,
    /// The batches that the intervals rest on; none where there were too few completions for batches.
    pub(super) batches: Vec<Bin>,
}

/// Throughput by batch means over time batches, mean response time as a ratio estimator over the same batches. The batches
/// grow until von Neumann's test accepts both; where it does not, the intervals of the longest batches are widened as for
/// an AR(1) process (factor (1 + rho) / (1 - rho) on the variance, as in N-Skart).
pub(super) fn intervals(cells: &[Bin], confidence: f64) -> Intervals {
    let all = total(cells);
    let mut found = without_batches(&all, confidence);
    for count in BATCHES {
        if count > cells.len() || all.completions < COMPLETIONS_PER_BATCH * count as u64 {
            continue;
        }
        let batches = windows(cells, count);
        let (Some(throughput), Some(response)) = (throughput(&batches), response(&batches)) else {
            continue;
        };
        let independent = |r: &Ratio| von_neumann(&r.residuals, ALPHA).is_some_and(|t| t.not_positive());
        // The phase of the counting window against a regular stream is worth up to one completion.
        let phase = 1.0 / all.length_s;
        found = Intervals {
            throughput_per_s: widened(&throughput, confidence, phase, all.completions),
            response_time_s: widened(&response, confidence, 0.0, all.completions),
            trusted: independent(&throughput) && independent(&response),
            batches,
        };
        if found.trusted {
            break;
        }
    }
    found
}

/// Too few completions for batches: the count as a Poisson one (Garwood 1936), the response times as independent. Never trusted.
fn without_batches(all: &Bin, confidence: f64) -> Intervals {
    let n = all.completions as f64;
    let alpha = 1.0 - confidence;
    let throughput_per_s = (all.completions > 0 && all.length_s > 0.0)
        .then_some(())
        .and_then(|()| {
            let low = chi_square_quantile(alpha / 2.0, 2.0 * n)? / 2.0;
            let high = chi_square_quantile(1.0 - alpha / 2.0, 2.0 * n + 2.0)? / 2.0;
            let scale = 1.0 / all.length_s;
            Estimate::new(n * scale, low * scale, high * scale, all.completions)
        });
    let response_time_s = (all.completions > 1).then_some(()).and_then(|()| {
        let mean = all.response_sum_s / n;
        let variance = ((all.response_sum_sq_s2 - n * mean * mean) / (n - 1.0)).max(0.0);
        let t = students_t_quantile(f64::midpoint(1.0, confidence), n - 1.0)?;
        Estimate::symmetric(mean, t * (variance / n).sqrt(), all.completions)
    });
    Intervals {
        throughput_per_s,
        response_time_s,
        ..Intervals::default()
    }
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

fn widened(ratio: &Ratio, confidence: f64, floor: f64, samples: u64) -> Option<Estimate> {
    let rho = von_neumann(&ratio.residuals, ALPHA)?
        .statistic
        .clamp(0.0, MOST_AUTOCORRELATION);
    let variance = ratio.variance()? * (1.0 + rho) / (1.0 - rho);
    let t = students_t_quantile(f64::midpoint(1.0, confidence), ratio.residuals.len() as f64 - 1.0)?;
    Estimate::symmetric(ratio.value, (t * t * variance + floor * floor).sqrt(), samples)
}
