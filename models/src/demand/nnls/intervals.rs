//! Intervals of the demands: Student's t of least squares where it holds, else a moving-block bootstrap over windows
//! (Kuensch 1989; Liu & Singh 1992); both widened where load levels disagree.

use super::lawson_hanson::{NonNegative, solve};
use super::{IntervalMethod, Options};
use crate::Estimate;
use crate::linear::{Matrix, dot, norm};
use crate::statistics::special::students_t_quantile;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// Fewer usable resamples than this say nothing about the tails.
const LEAST_RESAMPLES: usize = 100;

pub(super) fn of_fit(
    matrix: &Matrix,
    right: &[f64],
    fit: &NonNegative,
    level: &[usize],
    options: &Options,
) -> (IntervalMethod, Vec<Option<Estimate>>) {
    let independent = options.block_windows <= 1 && fit.passive.iter().all(|free| *free);
    let (method, found) = if independent {
        (IntervalMethod::StudentT, students_t(matrix, fit, options))
    } else {
        (
            IntervalMethod::BlockBootstrap,
            bootstrap(matrix, right, fit, options),
        )
    };
    let widenings = widenings(matrix, right, fit, level);
    let widen = |(estimate, wider): (Option<Estimate>, &f64)| {
        let estimate = estimate?;
        let (below, above) = (estimate.value - estimate.low, estimate.high - estimate.value);
        let low = (estimate.value - wider * below).max(0.0);
        Estimate::new(
            estimate.value,
            low,
            estimate.value + wider * above,
            estimate.samples,
        )
    };
    match found {
        Some(intervals) => (method, intervals.into_iter().zip(&widenings).map(widen).collect()),
        None => (IntervalMethod::None, vec![None; fit.solution.len()]),
    }
}

/// By how much each interval widens because load levels disagree; 1 where they do not, or nobody can tell.
///
/// At a level at which transactions cost a few per cent more (a cold cache, a faster clock) the residuals grow with the
/// windows' totals, and by chance its mix differs too: least squares charges that to single transactions. The residuals of
/// level g are taken as `delta_g` times the totals, the variance of `delta` by moments (DerSimonian & Laird 1986), and what it
/// does to each demand is added to the variance of least squares.
fn widenings(matrix: &Matrix, right: &[f64], fit: &NonNegative, level: &[usize]) -> Vec<f64> {
    let columns = matrix.columns();
    let none = vec![1.0; columns];
    let mut levels: BTreeMap<usize, Level> = BTreeMap::new();
    let mut squares = 0.0;
    for (row, level) in level.iter().enumerate() {
        let cells: Vec<f64> = (0..columns).map(|column| matrix.get(row, column)).collect();
        let residual = right[row] - dot(&cells, &fit.solution);
        squares += residual * residual;
        let level = levels.entry(*level).or_insert_with(|| Level::of(columns));
        level.add(&cells, residual);
    }
    let Some(inverse) = matrix.gram_inverse() else {
        return none;
    };
    let weight: f64 = levels.values().map(|level| level.weight).sum();
    let (between, within) = (levels.len(), matrix.rows().saturating_sub(columns + levels.len()));
    if between < 2 || within == 0 || weight <= 0.0 {
        return none;
    }
    let explained: f64 = levels.values().map(Level::explained).sum();
    let variance = (squares - explained) / within as f64;
    let unequal: f64 = levels.values().map(|level| level.weight * level.weight).sum();
    let excess = explained - (between - 1) as f64 * variance;
    let apart = (excess / (weight - unequal / weight)).max(0.0);
    let widening = |column: usize| {
        let row: Vec<f64> = (0..columns).map(|other| inverse.get(column, other)).collect();
        let pulls = levels.values().map(|level| dot(&row, &level.pull).powi(2));
        let more = apart * pulls.sum::<f64>();
        (1.0 + more / (variance * inverse.get(column, column))).sqrt()
    };
    let finite = |widening: f64| if widening.is_finite() { widening } else { 1.0 };
    (0..columns).map(|column| finite(widening(column))).collect()
}

/// Sums over the windows of a level.
struct Level {
    /// Of the squared totals.
    weight: f64,
    /// Of residual times total.
    residual: f64,
    /// Of counts times total.
    pull: Vec<f64>,
}

impl Level {
    fn of(columns: usize) -> Self {
        Self {
            weight: 0.0,
            residual: 0.0,
            pull: vec![0.0; columns],
        }
    }

    fn add(&mut self, cells: &[f64], residual: f64) {
        let total: f64 = cells.iter().sum();
        self.weight += total * total;
        self.residual += residual * total;
        for (pull, cell) in self.pull.iter_mut().zip(cells) {
            *pull += cell * total;
        }
    }

    /// Sum of squares that a factor of this level's own explains.
    fn explained(&self) -> f64 {
        if self.weight > 0.0 {
            self.residual * self.residual / self.weight
        } else {
            0.0
        }
    }
}

fn students_t(matrix: &Matrix, fit: &NonNegative, options: &Options) -> Option<Vec<Option<Estimate>>> {
    let degrees = matrix
        .rows()
        .checked_sub(matrix.columns())
        .filter(|degrees| *degrees > 0)? as f64;
    let variance = fit.residual_squares / degrees;
    let quantile = students_t_quantile(0.5 + options.confidence / 2.0, degrees)?;
    let inverse = matrix.gram_inverse()?;
    let interval = |(column, value): (usize, &f64)| {
        let half_width = quantile * (variance * inverse.get(column, column)).sqrt();
        Estimate::new(
            *value,
            (value - half_width).max(0.0),
            value + half_width,
            matrix.rows() as u64,
        )
    };
    Some(fit.solution.iter().enumerate().map(interval).collect())
}

fn bootstrap(
    matrix: &Matrix,
    right: &[f64],
    fit: &NonNegative,
    options: &Options,
) -> Option<Vec<Option<Estimate>>> {
    let windows = matrix.rows();
    if windows <= matrix.columns() {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let block = options.block_windows.clamp(1, windows);
    let resamples: Vec<Vec<f64>> = (0..options.resamples)
        .filter_map(|_| {
            let chosen = blocks(&mut rng, windows, block);
            let (matrix, right) = resampled(matrix, right, &chosen);
            // A resample in which some kind of transaction never occurs says nothing about its demand.
            let seen = (0..matrix.columns()).all(|column| norm(&matrix.column(column)) > 0.0);
            if seen {
                Some(solve(&matrix, &right)?.solution)
            } else {
                None
            }
        })
        .collect();
    if resamples.len() < LEAST_RESAMPLES {
        return None;
    }
    let tail = (1.0 - options.confidence) / 2.0;
    let interval = |(column, value): (usize, &f64)| {
        let mut values: Vec<f64> = resamples.iter().map(|solution| solution[column]).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (percentile(&values, tail), percentile(&values, 1.0 - tail));
        Estimate::new(*value, low.min(*value), high.max(*value), windows as u64)
    };
    Some(fit.solution.iter().enumerate().map(interval).collect())
}

/// Rows of one resample: overlapping blocks from random places until there are as many as before.
fn blocks(rng: &mut ChaCha8Rng, windows: usize, block: usize) -> Vec<usize> {
    let places = (windows - block + 1) as u64;
    let mut chosen = Vec::with_capacity(windows + block);
    while chosen.len() < windows {
        // The high half of a product of 32 random bits with the range: uniform to within 2^-32 of the range.
        let start = ((u64::from(rng.next_u32()) * places) >> 32) as usize;
        chosen.extend(start..start + block);
    }
    chosen.truncate(windows);
    chosen
}

fn resampled(matrix: &Matrix, right: &[f64], chosen: &[usize]) -> (Matrix, Vec<f64>) {
    let mut rows = Matrix::zeros(chosen.len(), matrix.columns());
    for (to, from) in chosen.iter().enumerate() {
        for column in 0..matrix.columns() {
            rows.set(to, column, matrix.get(*from, column));
        }
    }
    (rows, chosen.iter().map(|row| right[*row]).collect())
}

/// Quantile of sorted values, interpolated between neighbours.
fn percentile(sorted: &[f64], p: f64) -> f64 {
    let position = p.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}
