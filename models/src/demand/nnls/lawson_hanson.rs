//! Non-negative least squares by the active-set method of Lawson & Hanson (Solving Least Squares Problems, 1974, ch. 23).

use crate::linear::{Matrix, dot, norm};

/// A solution of `min |A x - b|` over `x >= 0`.
#[derive(Debug, Clone, PartialEq)]
pub struct NonNegative {
    /// The solution.
    pub solution: Vec<f64>,
    /// Which unknowns are free; the others are held at zero.
    pub passive: Vec<bool>,
    /// `|A x - b|^2`.
    pub residual_squares: f64,
}

impl NonNegative {
    /// How far the solution is from the Karush-Kuhn-Tucker conditions (slope 0 where free, falling nowhere where held),
    /// relative to the columns' and the right side's lengths: about 1e-15 at a true minimum.
    #[must_use]
    pub fn optimality_gap(&self, matrix: &Matrix, right: &[f64]) -> f64 {
        let slopes = slopes(matrix, right, &self.solution);
        let scale = norm(right).max(f64::MIN_POSITIVE);
        let gap = |column: usize| {
            let slope = slopes[column] / (scale * norm(&matrix.column(column)).max(f64::MIN_POSITIVE));
            if self.passive[column] {
                slope.abs()
            } else {
                slope.max(0.0)
            }
        };
        (0..slopes.len()).map(gap).fold(0.0, f64::max)
    }
}

/// Minus half the gradient: `A' (b - A x)`.
fn slopes(matrix: &Matrix, right: &[f64], solution: &[f64]) -> Vec<f64> {
    let fitted = matrix.times(solution);
    let residual: Vec<f64> = right.iter().zip(fitted).map(|(b, fitted)| b - fitted).collect();
    matrix.transposed_times(&residual)
}

/// Solves `min |A x - b|` over `x >= 0`; `None` where shapes differ or a figure is no number.
#[must_use]
pub fn solve(matrix: &Matrix, right: &[f64]) -> Option<NonNegative> {
    let unknowns = matrix.columns();
    if right.len() != matrix.rows() || !right.iter().all(|value| value.is_finite()) {
        return None;
    }
    let lengths: Vec<f64> = (0..unknowns).map(|column| norm(&matrix.column(column))).collect();
    let tolerance = 1e-12 * norm(right);
    let (mut solution, mut passive) = (vec![0.0; unknowns], vec![false; unknowns]);
    // Columns that depend on the free ones; they cannot improve anything now.
    let mut useless = vec![false; unknowns];
    // Each round frees one unknown; cycling is impossible in exact arithmetic, bounded in ours.
    for _ in 0..10 * unknowns.max(1) {
        let slopes = slopes(matrix, right, &solution);
        let gain = |column: usize| slopes[column] / lengths[column].max(f64::MIN_POSITIVE);
        let held = (0..unknowns)
            .filter(|column| !passive[*column] && !useless[*column] && gain(*column) > tolerance);
        let Some(best) = held.max_by(|a, b| gain(*a).total_cmp(&gain(*b))) else {
            break;
        };
        passive[best] = true;
        if free_minimum(matrix, right, &mut solution, &mut passive).is_none() {
            passive[best] = false;
            useless[best] = true;
        }
    }
    let fitted = matrix.times(&solution);
    let residual: Vec<f64> = right.iter().zip(fitted).map(|(b, fitted)| b - fitted).collect();
    let residual_squares = dot(&residual, &residual);
    residual_squares.is_finite().then_some(NonNegative {
        solution,
        passive,
        residual_squares,
    })
}

/// Moves to the minimum over the free unknowns, holding those that would turn negative on the way; `None` where the free
/// columns are dependent, with nothing changed.
fn free_minimum(matrix: &Matrix, right: &[f64], solution: &mut [f64], passive: &mut [bool]) -> Option<()> {
    for _ in 0..=passive.len() {
        let free: Vec<usize> = (0..passive.len()).filter(|column| passive[*column]).collect();
        let target = matrix.with_columns(&free).least_squares(right)?;
        let blocking = free.iter().zip(&target).filter(|(_, target)| **target <= 0.0);
        let shares =
            blocking.map(|(column, target)| (*column, solution[*column] / (solution[*column] - target)));
        let nearest = shares.min_by(|a, b| a.1.total_cmp(&b.1));
        let share = nearest.map_or(1.0, |(_, share)| share.clamp(0.0, 1.0));
        for (column, target) in free.iter().zip(&target) {
            solution[*column] += share * (target - solution[*column]);
        }
        let Some((held, _)) = nearest else {
            return Some(());
        };
        for column in free {
            if column == held || solution[column] <= 0.0 {
                solution[column] = 0.0;
                passive[column] = false;
            }
        }
    }
    Some(())
}
