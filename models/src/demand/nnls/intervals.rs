//! Intervals of the demands: Student's t of least squares where it holds, else a moving-block bootstrap over windows
//! (Kuensch 1989; Liu & Singh 1992).

use super::lawson_hanson::{NonNegative, solve};
use super::{IntervalMethod, Options};
use crate::Estimate;
use crate::linear::{Matrix, norm};
use crate::statistics::special::students_t_quantile;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// Fewer usable resamples than this say nothing about the tails.
const LEAST_RESAMPLES: usize = 100;

pub(super) fn of_fit(
    matrix: &Matrix,
    right: &[f64],
    fit: &NonNegative,
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
    match found {
        Some(intervals) => (method, intervals),
        None => (IntervalMethod::None, vec![None; fit.solution.len()]),
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
