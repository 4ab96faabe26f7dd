//! One verdict on a level's stationarity from all the tests.

use super::changepoint::best_split;
use super::trend::{Trend, mann_kendall_autocorrelated};
use crate::level::{Bin, Steadiness};
use crate::statistics::long_run::long_run;

/// A trend is taken as shown below this p-value.
const TREND_P_VALUE: f64 = 0.005;
/// A step is taken as shown where it is this many of its standard errors high. Large, since the highest of many possible steps
/// is tested.
const STEP_DEVIATIONS: f64 = 5.0;
/// Fewest batches before and after a step.
const LEAST_SEGMENT: usize = 4;
/// A drift goes on at this share of its first half's pace in the second; a transient that dies out does not.
const PACE_KEPT: f64 = 0.5;

/// What the verdict rests on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Whether the transient since the level's begin has ended.
    pub warm: bool,
    /// The part that counts (the whole level where it has not warmed up) in up to about 100 equal windows.
    pub windows: &'a [Bin],
    /// The same in about 25 batches, long enough to depend little on each other.
    pub batches: &'a [Bin],
    /// Relative change of throughput over the part that is not worth naming.
    pub throughput_tolerance: f64,
    /// Relative change of mean response time over the part that is not worth naming.
    pub response_tolerance: f64,
}

/// Stationary or not, and why not. The tests in order: a transient that has not ended, two regimes, a step, a trend.
#[must_use]
pub fn judge(evidence: &Evidence) -> Steadiness {
    let since_s = evidence.windows.first().map_or(0.0, |w| w.start_s);
    if !evidence.warm {
        return still_moving(evidence.windows);
    }
    let rates = throughputs(evidence.windows);
    let times = response_times(evidence.windows);
    if [&rates, &times].iter().any(|series| flips_at_some_scale(series)) {
        return Steadiness::TwoState;
    }
    let response = Series::new(
        "mean response time",
        " s",
        response_times(evidence.batches),
        evidence.batches,
    );
    let throughput = Series::new(
        "throughput",
        "/s",
        throughputs(evidence.batches),
        evidence.batches,
    );
    let tests = [
        response.step(evidence.response_tolerance),
        throughput.step(evidence.throughput_tolerance),
        response.drift(evidence.response_tolerance, true),
        throughput.drift(evidence.throughput_tolerance, false),
    ];
    tests
        .into_iter()
        .flatten()
        .next()
        .unwrap_or(Steadiness::Steady { since_s })
}

fn throughputs(windows: &[Bin]) -> Vec<f64> {
    let rate = |w: &Bin| {
        if w.length_s > 0.0 {
            w.completions as f64 / w.length_s
        } else {
            0.0
        }
    };
    windows.iter().map(rate).collect()
}

/// Mean response times; a window without completions repeats its predecessor.
fn response_times(windows: &[Bin]) -> Vec<f64> {
    let mut last = windows.iter().find_map(Bin::mean_response_s).unwrap_or(0.0);
    let time = |w: &Bin| {
        last = w.mean_response_s().unwrap_or(last);
        last
    };
    windows.iter().map(time).collect()
}

/// Logarithms, on which a queue's excursions are less lopsided; `None` where a value is not above zero.
fn logarithms(values: &[f64]) -> Option<Vec<f64>> {
    values
        .iter()
        .all(|v| *v > 0.0)
        .then(|| values.iter().map(|v| v.ln()).collect())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A level whose transient has not ended: a lasting drift, or a transient.
fn still_moving(windows: &[Bin]) -> Steadiness {
    let times = response_times(windows);
    let (first, second) = times.split_at(times.len() / 2);
    let shown = |t: &Trend| t.p_value < TREND_P_VALUE;
    let slopes = mann_kendall_autocorrelated(first).zip(mann_kendall_autocorrelated(second).filter(shown));
    let window_s = windows.iter().map(|w| w.length_s).sum::<f64>() / windows.len().max(1) as f64;
    match slopes {
        Some((early, late)) if late.slope * early.slope > 0.0 && late.slope / early.slope > PACE_KEPT => {
            let percent_per_minute = 100.0 * late.slope / mean(second) * 60.0 / window_s;
            drifting(percent_per_minute)
        }
        _ => Steadiness::NotSteady {
            reason: "the transient since the level's begin has not ended".to_owned(),
        },
    }
}

fn drifting(percent_per_minute: f64) -> Steadiness {
    if percent_per_minute.is_finite() {
        Steadiness::Drifting { percent_per_minute }
    } else {
        Steadiness::NotSteady {
            reason: "the mean response time drifts".to_owned(),
        }
    }
}

/// One figure over the batches.
struct Series<'a> {
    name: &'static str,
    unit: &'static str,
    values: Vec<f64>,
    batches: &'a [Bin],
}

impl<'a> Series<'a> {
    fn new(name: &'static str, unit: &'static str, values: Vec<f64>, batches: &'a [Bin]) -> Self {
        Self {
            name,
            unit,
            values,
            batches,
        }
    }

    /// The best single step where autocorrelation does not explain it. Only one: every further one would take some of a slow
    /// wander for a step and leave less to judge the steps by.
    fn step(&self, tolerance: f64) -> Option<Steadiness> {
        let logs = logarithms(&self.values)?;
        let at = best_split(&logs, LEAST_SEGMENT)?;
        let (before, after) = logs.split_at(at);
        let about = |part: &[f64]| part.iter().map(|v| v - mean(part)).collect::<Vec<f64>>();
        let residuals = [about(before), about(after)].concat();
        let variance = long_run(std::slice::from_ref(&residuals))?.variance_of_mean * residuals.len() as f64;
        let spread = (variance * (1.0 / before.len() as f64 + 1.0 / after.len() as f64)).sqrt();
        let height = (mean(after) - mean(before)).abs();
        let shown = height > STEP_DEVIATIONS * spread && height > tolerance;
        shown.then(|| Steadiness::NotSteady {
            reason: format!(
                "{} changed from {:.3}{unit} to {:.3}{unit} {:.0} s after the level's begin",
                self.name,
                mean(&self.values[..at]),
                mean(&self.values[at..]),
                self.batches.get(at).map_or(0.0, |b| b.start_s),
                unit = self.unit,
            ),
        })
    }

    /// A trend that changes the figure by more than `tolerance` over the part.
    fn drift(&self, tolerance: f64, of_response: bool) -> Option<Steadiness> {
        let trend = mann_kendall_autocorrelated(&self.values)?;
        let relative = trend.slope / mean(&self.values);
        let over_part = relative * self.values.len() as f64;
        if trend.p_value >= TREND_P_VALUE || over_part.abs() <= tolerance || !over_part.is_finite() {
            return None;
        }
        let batch_s = self.batches.iter().map(|b| b.length_s).sum::<f64>() / self.values.len() as f64;
        let percent_per_minute = 100.0 * relative * 60.0 / batch_s;
        if of_response {
            return Some(drifting(percent_per_minute));
        }
        Some(Steadiness::NotSteady {
            reason: format!("{} drifts by {percent_per_minute:+.1} % a minute", self.name),
        })
    }
}

/// Fewest windows that two regimes can be told in.
const FEWEST_FOR_REGIMES: usize = 20;
/// The upper regime is at least this many times the lower.
const LEAST_RATIO: f64 = 1.2;
/// Values below this share of the mean count as this share, since a standstill has no logarithm.
const STANDSTILL: f64 = 1e-3;

fn flips_at_some_scale(values: &[f64]) -> bool {
    // Single windows may be too noisy to show two regimes that their means over two or four show.
    let coarser = |n: usize| values.chunks_exact(n).map(mean).collect::<Vec<f64>>();
    [1, 2, 4].into_iter().any(|n| two_regimes(&coarser(n)))
}

/// Whether positive values keep to two levels, stay at each for a while and change between them more than once: the best split
/// in two (Otsu 1979) of their logarithms leaves a valley, the levels differ by a fifth at least, and there are less than half as many changes
/// as chance would make (runs test: Wald and Wolfowitz 1940).
#[must_use]
pub fn two_regimes(values: &[f64]) -> bool {
    let n = values.len();
    let usual = mean(values);
    if n < FEWEST_FOR_REGIMES || usual <= 0.0 || values.iter().any(|v| !v.is_finite()) {
        return false;
    }
    let logs: Vec<f64> = values.iter().map(|v| v.max(STANDSTILL * usual).ln()).collect();
    let mut sorted = logs.clone();
    sorted.sort_by(f64::total_cmp);
    let split = otsu_split(&sorted);
    let (low, high) = sorted.split_at(split);
    if low.len().min(high.len()) * 10 < n {
        return false;
    }
    let (below, above) = (mean(low), mean(high));
    let gap = above - below;
    let inside = |v: &&f64| **v > below + gap / 3.0 && **v < above - gap / 3.0;
    let valley = sorted.iter().filter(inside).count();
    let is_high: Vec<bool> = logs.iter().map(|v| *v > below.midpoint(above)).collect();
    let runs = is_high.chunk_by(|a, b| a == b).count();
    let by_chance = 2.0 * low.len() as f64 * high.len() as f64 / n as f64 + 1.0;
    valley * 20 <= n && gap > LEAST_RATIO.ln() && runs >= 3 && (runs as f64) < by_chance / 2.0
}

/// Length of the lower part in the split that leaves the least sum of squares.
fn otsu_split(sorted: &[f64]) -> usize {
    let n = sorted.len();
    let total: f64 = sorted.iter().sum();
    let mut best = (f64::NEG_INFINITY, 1);
    let mut lower = 0.0;
    for (i, v) in sorted.iter().enumerate().take(n - 1) {
        lower += v;
        let (a, b) = ((i + 1) as f64, (n - i - 1) as f64);
        let between = (lower / a - (total - lower) / b).powi(2) * a * b;
        if between > best.0 {
            best = (between, i + 1);
        }
    }
    best.1
}

#[cfg(test)]
mod tests;
