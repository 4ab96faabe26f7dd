//! Where a level's steady part begins.

use super::Bin;
use super::cells::{total, windows};
use super::interval::{Intervals, intervals};
use crate::Estimate;
use crate::stability::mser::mser;

/// Most windows that the search for the truncation point works on.
const MOST_WINDOWS: u64 = 100;
/// Fewest windows with which a warm-up can be told from noise.
const FEWEST_WINDOWS: usize = 10;
/// Completions that a window should hold, so that its mean response time says something.
const COMPLETIONS_PER_WINDOW: u64 = 5;
/// Share of the level that is left out whatever it shows. A cut that does not depend on the data cannot bias them.
pub(super) const ALWAYS_LEFT_OUT: f64 = 0.05;
/// MSER's truncation is followed where what it cuts off differs from the rest by this many standard errors. MSER alone
/// cuts off chance excursions too, and a mean of what is left is then too low, its interval too narrow.
const SIGNIFICANT: f64 = 5.0;
/// ... or by this many standard deviations of single windows: a transient that is slow against the level leaves a rest whose
/// standard error is no measure.
const FAR_OUT: f64 = 3.0;

/// Slack for times that are sums of window lengths.
const ROUNDING_S: f64 = 1e-6;
/// Fewest completions with which a warm-up can be told from noise.
pub(super) const FEWEST_COMPLETIONS: u64 = FEWEST_WINDOWS as u64 * COMPLETIONS_PER_WINDOW;

/// The cells before `index` are warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WarmUp {
    /// First cell of the steady part.
    pub(super) index: usize,
    /// Whether the transient has ended; otherwise the second half is the best that there is.
    pub(super) ended: bool,
}

/// MSER (batch by time) over throughput and over mean response time; the later significant truncation counts. The cheap
/// test while bins arrive and the one over all bins are the same: it costs one pass over at most some thousand cells.
/// Nothing before `least_s` after the first cell's start is ever part of it.
pub(super) fn warm_up(cells: &[Bin], least_s: f64, confidence: f64) -> WarmUp {
    let all = total(cells);
    // At low load a level may hold few transactions in all: fewer in a window then, as long as there are two.
    let sparse = (all.completions / 2).min(FEWEST_WINDOWS as u64);
    let count = (all.completions / COMPLETIONS_PER_WINDOW)
        .max(sparse)
        .min(MOST_WINDOWS) as usize;
    let windows = windows(cells, count);
    let earliest_s = all.start_s + least_s.max(0.0);
    let least = cells.partition_point(|c| c.start_s < earliest_s - ROUNDING_S);
    if count.min(windows.len()) < FEWEST_WINDOWS || least == cells.len() {
        return WarmUp {
            index: if least == cells.len() { 0 } else { least },
            ended: false,
        };
    }
    let always = (windows.len() as f64 * ALWAYS_LEFT_OUT) as usize;
    let cut = [Figure::Throughput, Figure::ResponseTime]
        .into_iter()
        .map(|figure| significant_cut(cells, &windows, figure, confidence))
        .try_fold(always, |latest, cut| Some(latest.max(cut?)));
    match cut {
        Some(cut) => WarmUp {
            index: first_cell(cells, &windows, cut).max(least),
            ended: cut < windows.len() / 2,
        },
        None => WarmUp {
            index: first_cell(cells, &windows, windows.len() / 2).max(least),
            ended: false,
        },
    }
}

#[derive(Debug, Clone, Copy)]
enum Figure {
    Throughput,
    ResponseTime,
}

impl Figure {
    fn of(self, bin: &Bin) -> Option<f64> {
        let completions = bin.completions as f64;
        match self {
            Self::Throughput => (bin.length_s > 0.0).then(|| completions / bin.length_s),
            Self::ResponseTime => bin.mean_response_s(),
        }
    }

    fn estimate(self, intervals: &Intervals) -> Option<Estimate> {
        match self {
            Self::Throughput => intervals.throughput_per_s,
            Self::ResponseTime => intervals.response_time_s,
        }
    }
}

fn first_cell(cells: &[Bin], windows: &[Bin], window: usize) -> usize {
    let start_s = windows.get(window).map_or(f64::INFINITY, |w| w.start_s);
    cells.partition_point(|c| c.start_s < start_s)
}

/// Windows to cut off by `figure`; `None` where the rest is too short to judge.
fn significant_cut(cells: &[Bin], windows: &[Bin], figure: Figure, confidence: f64) -> Option<usize> {
    let mut last = 0.0;
    let series: Vec<f64> = windows
        .iter()
        .map(|w| {
            last = figure.of(w).unwrap_or(last);
            last
        })
        .collect();
    let cut = mser(&series, 1)?.batches;
    if cut == 0 {
        return Some(0);
    }
    let (before, after) = cells.split_at(first_cell(cells, windows, cut));
    let rest = figure.estimate(&intervals(after, confidence))?;
    let value = figure.of(&total(before));
    let lengths = total(after).length_s / total(before).length_s;
    let standard_error = rest.relative_half_width() / 2.0 * (1.0 + lengths).sqrt();
    let tolerated = (SIGNIFICANT * standard_error).min(FAR_OUT * log_deviation(&windows[cut..], figure));
    let significant = match value {
        // On a logarithmic scale, since queues make high excursions noisier than low ones.
        Some(value) if value > 0.0 && rest.value > 0.0 => (value / rest.value).ln().abs() > tolerated,
        // Nothing was served at first: that is a warm-up where something is served later.
        _ => rest.value > 0.0,
    };
    Some(if significant { cut } else { 0 })
}

/// Standard deviation of the logarithm of the windows' figure; infinite where there are too few.
fn log_deviation(windows: &[Bin], figure: Figure) -> f64 {
    let positive = windows.iter().filter_map(|w| figure.of(w)).filter(|v| *v > 0.0);
    let logs: Vec<f64> = positive.map(f64::ln).collect();
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let deviation = (logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    if deviation.is_nan() {
        f64::INFINITY
    } else {
        deviation
    }
}
