//! Demands per kind of transaction by non-negative least squares over windows of different mixes:
//! `busy_t = sum_c n_ct D_c + length_t D_0` (Lawson & Hanson 1974, ch. 23; regression of demands: Bard & Shatzoff 1978).
//!
//! The mixes must differ enough: where two kinds always come in the same proportion, no method can tell their demands
//! apart. The condition indices (Belsley, Kuh & Welsch 1980) say how much alike the mixes are; above
//! [`Options::refused_above`] there is no answer. The index alone does not say how well the demands are known: mixes that
//! differ by chance alone become more alike the more transactions a window has, and its busy time steadier in the same
//! proportion. The intervals do.

mod intervals;
mod lawson_hanson;

pub use lawson_hanson::{NonNegative, solve};

use crate::Estimate;
use crate::linear::{Matrix, dot, norm};
use thiserror::Error;

/// A condition index above this is worth a warning.
pub const WARNED_ABOVE: f64 = 10.0;
/// A condition index above this is refused unless asked otherwise: the limit for mixes that differ by design.
pub const REFUSED_ABOVE: f64 = 30.0;

/// Measured windows; all lists have one entry for each window.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// Length of each window, s.
    pub length_s: Vec<f64>,
    /// Busy seconds of the resource within each window.
    pub busy_s: Vec<f64>,
    /// Transactions of each kind answered in each window: `completions[window][kind]`.
    pub completions: Vec<Vec<f64>>,
    /// The load level of each window, by any numbering; empty where all are of one. Where the levels disagree about the
    /// demands by more than their windows scatter, the intervals become wider accordingly.
    pub level: Vec<usize>,
}

/// How much each window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// All the same: the scatter of a window does not depend on what it holds.
    Equal,
    /// By one over its number of transactions: each transaction's demand scatters by itself (a compound sum's variance).
    ByCount,
}

/// How to estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Whether to estimate what the resource does without any transaction (a share of each window's length).
    pub background: bool,
    /// How much each window counts.
    pub weighting: Weighting,
    /// Condition index above which there is no answer.
    pub refused_above: f64,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Windows in a block of the bootstrap: 1 where windows are independent, else about as many as the load remembers.
    pub block_windows: usize,
    /// Resamples of the bootstrap.
    pub resamples: u32,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            background: false,
            weighting: Weighting::Equal,
            refused_above: REFUSED_ABOVE,
            confidence: 0.95,
            block_windows: 1,
            resamples: 1000,
            seed: 1,
        }
    }
}

/// Where the intervals come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalMethod {
    /// Student's t of ordinary least squares: no demand is held at zero, windows are independent.
    StudentT,
    /// Percentiles over resampled blocks of windows.
    BlockBootstrap,
    /// Too few windows for any.
    None,
}

/// One estimated demand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassDemand {
    /// Demand per transaction, s; for the background, busy seconds per second.
    pub demand: f64,
    /// Its interval; the samples are windows.
    pub interval: Option<Estimate>,
    /// Whether least squares would make it negative, so that it is held at zero.
    pub held_at_zero: bool,
}

/// The demands of all kinds of transaction on one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassDemands {
    /// Demand of each kind, in the order of the columns.
    pub classes: Vec<ClassDemand>,
    /// What the resource does without transactions, if it was asked for.
    pub background: Option<ClassDemand>,
    /// Sum of the squared residuals, s^2; each divided by its window's number of transactions where these are the weights.
    pub residual_squares_s2: f64,
    /// Condition indices of the scaled columns, growing from 1.
    pub condition_indices: Vec<f64>,
    /// Where the intervals come from.
    pub method: IntervalMethod,
}

impl ClassDemands {
    /// Whether the mixes are so alike that the demands are hard to tell apart.
    #[must_use]
    pub fn is_ill_conditioned(&self) -> bool {
        self.condition_indices
            .last()
            .is_some_and(|index| *index > WARNED_ABOVE)
    }
}

/// Why demands cannot be estimated.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum DemandError {
    /// Lists of different length, or figures that are negative or no numbers.
    #[error("the windows need one length, one busy time and as many counts each, finite and 0 or more")]
    Windows,
    /// Fewer windows than unknown demands.
    #[error("{windows} windows cannot tell {unknowns} demands apart")]
    TooFewWindows {
        /// How many windows there are.
        windows: usize,
        /// How many demands are asked for.
        unknowns: usize,
    },
    /// A kind of transaction was never answered.
    #[error("the transaction at index {class} was never answered")]
    NeverSeen {
        /// Its index.
        class: usize,
    },
    /// The mixes of all windows are too much alike.
    #[error("columns {} and {} of the counts are too much alike (condition index {index:.0})", alike.0, alike.1)]
    IllConditioned {
        /// The largest condition index.
        index: f64,
        /// The two columns that are most alike; the last column is the background's, if asked for.
        alike: (usize, usize),
    },
}

/// Estimates the demands of all kinds of transaction on one resource.
///
/// Intervals are Student's t where no demand is held at zero and the windows are independent (`block_windows` 1); else
/// they come from a bootstrap over blocks of windows.
///
/// # Errors
/// Windows that make no sense, are too few, or whose mixes are too much alike.
pub fn estimate(windows: &Windows, options: &Options) -> Result<ClassDemands, DemandError> {
    let (matrix, busy_s) = weighted(design(windows, options.background)?, windows, options.weighting);
    let condition_indices = condition_indices(&matrix);
    match condition_indices.last() {
        Some(index) if *index > options.refused_above => {
            return Err(DemandError::IllConditioned {
                index: *index,
                alike: most_alike(&matrix),
            });
        }
        _ => {}
    }
    let fit = solve(&matrix, &busy_s).ok_or(DemandError::Windows)?;
    let (method, intervals) = intervals::of_fit(&matrix, &busy_s, &fit, &windows.level, options);
    let mut classes: Vec<ClassDemand> = (0..matrix.columns())
        .map(|column| ClassDemand {
            demand: fit.solution[column],
            interval: intervals[column],
            held_at_zero: !fit.passive[column],
        })
        .collect();
    let background = if options.background { classes.pop() } else { None };
    Ok(ClassDemands {
        classes,
        background,
        residual_squares_s2: fit.residual_squares,
        condition_indices,
        method,
    })
}

/// The matrix of counts, with the windows' lengths as the last column if there is a background.
fn design(windows: &Windows, background: bool) -> Result<Matrix, DemandError> {
    let count = windows.busy_s.len();
    let kinds = windows.completions.first().map_or(0, Vec::len);
    let is_amount = |value: &f64| value.is_finite() && *value >= 0.0;
    let values = windows
        .busy_s
        .iter()
        .chain(&windows.length_s)
        .chain(windows.completions.iter().flatten());
    let levelled = windows.level.is_empty() || windows.level.len() == count;
    let shaped = windows.length_s.len() == count && windows.completions.len() == count && levelled;
    if !shaped
        || kinds == 0
        || windows.completions.iter().any(|row| row.len() != kinds)
        || !values.clone().all(is_amount)
    {
        return Err(DemandError::Windows);
    }
    let unknowns = kinds + usize::from(background);
    if count < unknowns {
        return Err(DemandError::TooFewWindows {
            windows: count,
            unknowns,
        });
    }
    let mut matrix = Matrix::zeros(count, unknowns);
    for (row, (counts, length)) in windows.completions.iter().zip(&windows.length_s).enumerate() {
        let last = background.then_some(*length);
        for (column, value) in counts.iter().copied().chain(last).enumerate() {
            matrix.set(row, column, value);
        }
    }
    match (0..kinds).find(|class| norm(&matrix.column(*class)) == 0.0) {
        Some(class) => Err(DemandError::NeverSeen { class }),
        None => Ok(matrix),
    }
}

/// Rows and busy times divided by the standard deviation that the weighting supposes. A window without a transaction counts
/// like one with a single one.
fn weighted(mut matrix: Matrix, windows: &Windows, weighting: Weighting) -> (Matrix, Vec<f64>) {
    let mut busy_s = windows.busy_s.clone();
    if weighting == Weighting::ByCount {
        for (row, counts) in windows.completions.iter().enumerate() {
            let weight = counts.iter().sum::<f64>().max(1.0).sqrt().recip();
            busy_s[row] *= weight;
            for column in 0..matrix.columns() {
                matrix.set(row, column, matrix.get(row, column) * weight);
            }
        }
    }
    (matrix, busy_s)
}

/// Ratios of the largest singular value to each, the columns scaled to unit length first.
fn condition_indices(matrix: &Matrix) -> Vec<f64> {
    let mut scaled = matrix.clone();
    for column in 0..matrix.columns() {
        let length = norm(&matrix.column(column));
        for row in 0..matrix.rows() {
            scaled.set(
                row,
                column,
                if length > 0.0 {
                    matrix.get(row, column) / length
                } else {
                    0.0
                },
            );
        }
    }
    let values = scaled.singular_values();
    let largest = values.first().copied().unwrap_or(0.0);
    values
        .iter()
        .map(|value| {
            if *value > 0.0 {
                (largest / value).min(f64::MAX)
            } else {
                f64::MAX
            }
        })
        .collect()
}

fn most_alike(matrix: &Matrix) -> (usize, usize) {
    let cosine = |(a, b): &(usize, usize)| {
        let (a, b) = (matrix.column(*a), matrix.column(*b));
        dot(&a, &b) / (norm(&a) * norm(&b)).max(f64::MIN_POSITIVE)
    };
    let pairs = (0..matrix.columns()).flat_map(|b| (0..b).map(move |a| (a, b)));
    pairs
        .max_by(|x, y| cosine(x).total_cmp(&cosine(y)))
        .unwrap_or((0, 0))
}
