//! Bounded least-squares fit of the law (Levenberg 1944, Marquardt 1963; bounds by an active set of held parameters).

use super::{Peak, Usl};
use crate::Estimate;
use crate::linear::{Matrix, dot};
use crate::statistics::special::students_t_quantile;
use thiserror::Error;

/// Steps of one descent; some tens are usual.
const MAX_STEPS: u32 = 500;

/// Starting values of contention and coherency; the best of the descents counts.
const STARTS: [(f64, f64); 4] = [(0.01, 1e-4), (0.1, 1e-3), (0.5, 1e-2), (0.01, 0.0)];

/// Why no law can be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UslError {
    /// Fewer than three different numbers of users.
    #[error("the universal scalability law needs throughput at three numbers of users or more")]
    TooFewPoints,
    /// A number of users below 1, a throughput that is not above 0, or no number.
    #[error("users must be 1 or more and throughputs above 0, all finite")]
    NotPositive,
    /// No descent settles.
    #[error("the universal scalability law does not fit these points")]
    NotConverged,
}

/// An end of a parameter's range, where the fit was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The parameter is free.
    Free,
    /// It is 0, and would be negative if it could.
    AtZero,
    /// It is 1, and would be larger if it could.
    AtOne,
}

/// What the fit leaves unexplained.
#[derive(Debug, Clone, PartialEq)]
pub struct Residuals {
    /// Measured minus fitted throughput in the order of the points, per second.
    pub residuals_per_s: Vec<f64>,
    /// Residual standard deviation, per second; `None` where there are as many points as free parameters.
    pub sigma_per_s: Option<f64>,
    /// Number of points minus number of free parameters.
    pub degrees_of_freedom: usize,
    /// Share of the throughputs' variation that the law explains; below 0 where it explains nothing.
    pub r_squared: f64,
    /// Durbin-Watson statistic over growing users: near 2 where residuals scatter, below 1 where they swing slowly, which
    /// means that the law has the wrong shape for these points.
    pub durbin_watson: f64,
    /// Index of the largest residual, and the residual in multiples of sigma (0 where sigma is unknown).
    pub largest: (usize, f64),
}

/// A fitted law with its uncertainty.
#[derive(Debug, Clone, PartialEq)]
pub struct UslFit {
    /// The fitted law.
    pub law: Usl,
    /// Whether contention was held at an end of its range.
    pub alpha_bound: Bound,
    /// Whether coherency was held at an end of its range; at zero there is no peak, and none may be reported.
    pub beta_bound: Bound,
    /// Residuals and what they say.
    pub residuals: Residuals,
    /// Covariance of (g, a, b), zero for held parameters; `None` without residual variance.
    covariance: Option<Matrix>,
}

impl UslFit {
    /// Standard errors of (g, a, b); `None` for a parameter that is held, or where nothing is left to judge them by.
    #[must_use]
    pub fn standard_errors(&self) -> [Option<f64>; 3] {
        let variance = |index: usize| Some(self.covariance.as_ref()?.get(index, index));
        let free = [
            true,
            self.alpha_bound == Bound::Free,
            self.beta_bound == Bound::Free,
        ];
        [0, 1, 2].map(|index| variance(index).filter(|_| free[index]).map(f64::sqrt))
    }

    /// Intervals of (g, a, b) from Student's t, cut at the ends of the range; `None` as [`Self::standard_errors`].
    ///
    /// With few points they are wide: the normal quantile, which some programs use, is too narrow there.
    #[must_use]
    pub fn intervals(&self, confidence: f64) -> [Option<Estimate>; 3] {
        let values = [self.law.gamma_per_s, self.law.alpha, self.law.beta];
        let ends = [f64::INFINITY, 1.0, 1.0];
        let errors = self.standard_errors();
        [0, 1, 2].map(|index| {
            let half_width = self.quantile(confidence)? * errors[index]?;
            let (low, high) = (
                (values[index] - half_width).max(0.0),
                (values[index] + half_width).min(ends[index]),
            );
            Estimate::new(values[index], low, high, self.points())
        })
    }

    /// Number of users at the peak with its interval by the delta method; `None` where there is no peak or no interval.
    #[must_use]
    pub fn peak_users(&self, confidence: f64) -> Option<Estimate> {
        let Peak { users, .. } = self.law.peak().filter(|_| self.beta_bound == Bound::Free)?;
        let slopes = [
            0.0,
            -users / (2.0 * (1.0 - self.law.alpha)),
            -users / (2.0 * self.law.beta),
        ];
        let half_width = self.quantile(confidence)? * self.spread(&slopes)?;
        Estimate::new(
            users,
            (users - half_width).max(0.0),
            users + half_width,
            self.points(),
        )
    }

    /// Throughput with so many users and its interval by the delta method, per second; `None` without one.
    #[must_use]
    pub fn throughput_per_s(&self, users: f64, confidence: f64) -> Option<Estimate> {
        let half_width = self.quantile(confidence)? * self.spread(&gradient(&self.law, users))?;
        Estimate::symmetric(self.law.throughput_per_s(users), half_width, self.points())
    }

    fn spread(&self, slopes: &[f64; 3]) -> Option<f64> {
        let covariance = self.covariance.as_ref()?;
        Some(dot(slopes, &covariance.times(slopes)).max(0.0).sqrt())
    }

    fn quantile(&self, confidence: f64) -> Option<f64> {
        let degrees = self.residuals.degrees_of_freedom;
        (degrees > 0).then(|| students_t_quantile(0.5 + confidence / 2.0, degrees as f64))?
    }

    fn points(&self) -> u64 {
        self.residuals.residuals_per_s.len() as u64
    }
}

/// Derivatives of throughput by (g, a, b).
fn gradient(law: &Usl, users: f64) -> [f64; 3] {
    let slowdown = law.cycle_s(users) * law.gamma_per_s;
    let by_slowdown = -law.gamma_per_s * users / (slowdown * slowdown);
    [
        users / slowdown,
        by_slowdown * (users - 1.0),
        by_slowdown * users * (users - 1.0),
    ]
}

/// Fits the law to pairs of users and throughput per second.
///
/// # Errors
/// Fewer than three different numbers of users, or values that make no sense.
pub fn fit(points: &[(f64, f64)]) -> Result<UslFit, UslError> {
    let sane = |(users, throughput): &(f64, f64)| {
        users.is_finite() && *users >= 1.0 && throughput.is_finite() && *throughput > 0.0
    };
    if !points.iter().all(sane) {
        return Err(UslError::NotPositive);
    }
    let mut users: Vec<f64> = points.iter().map(|(users, _)| *users).collect();
    users.sort_by(f64::total_cmp);
    users.dedup();
    if users.len() < 3 {
        return Err(UslError::TooFewPoints);
    }
    // In units of the best throughput per user, so that g is near 1 whatever the site's speed.
    let unit = points
        .iter()
        .map(|(users, throughput)| throughput / users)
        .fold(0.0, f64::max);
    let scaled: Vec<(f64, f64)> = points
        .iter()
        .map(|(users, throughput)| (*users, throughput / unit))
        .collect();
    let found = STARTS.iter().filter_map(|(alpha, beta)| {
        descend(
            &scaled,
            Usl {
                gamma_per_s: 1.0,
                alpha: *alpha,
                beta: *beta,
            },
        )
    });
    let (best, _) = found
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .ok_or(UslError::NotConverged)?;
    let law = Usl {
        gamma_per_s: best.gamma_per_s * unit,
        ..best
    };
    Ok(judged(points, law))
}

fn sum_of_squares(points: &[(f64, f64)], law: &Usl) -> f64 {
    points
        .iter()
        .map(|(users, throughput)| (throughput - law.throughput_per_s(*users)).powi(2))
        .sum()
}

/// The parameter's position relative to its range, given the direction in which squares fall.
fn bound(value: f64, descent: f64) -> Bound {
    if value <= 0.0 && descent <= 0.0 {
        Bound::AtZero
    } else if value >= 1.0 && descent >= 0.0 {
        Bound::AtOne
    } else {
        Bound::Free
    }
}

fn normal_equations(points: &[(f64, f64)], law: &Usl) -> (Matrix, Vec<f64>) {
    let rows: Vec<Vec<f64>> = points
        .iter()
        .map(|(users, _)| gradient(law, *users).to_vec())
        .collect();
    let residuals: Vec<f64> = points
        .iter()
        .map(|(users, throughput)| throughput - law.throughput_per_s(*users))
        .collect();
    let jacobian = Matrix::from_rows(&rows).unwrap_or_else(|| Matrix::zeros(0, 3));
    let descent = jacobian.transposed_times(&residuals);
    (jacobian, descent)
}

/// One descent; the law and its sum of squares, `None` where it does not settle.
fn descend(points: &[(f64, f64)], start: Usl) -> Option<(Usl, f64)> {
    let (mut law, mut damping) = (start, 1e-3);
    let mut squares = sum_of_squares(points, &law);
    for _ in 0..MAX_STEPS {
        let (jacobian, descent) = normal_equations(points, &law);
        let free = free_parameters(&law, &descent);
        let candidate = stepped(&law, &jacobian, (&descent, &free), damping);
        let reached = candidate.map(|candidate| (candidate, sum_of_squares(points, &candidate)));
        match reached {
            Some((candidate, lower)) if lower <= squares => {
                let moved = relative_move(&law, &candidate);
                (law, squares) = (candidate, lower);
                damping = (damping / 10.0).max(1e-15);
                if moved < 1e-13 {
                    return Some(polished(points, law));
                }
            }
            _ => damping *= 10.0,
        }
        if damping > 1e12 {
            // No step however small helps: this is the minimum to working precision.
            return Some(polished(points, law));
        }
    }
    None
}

/// Undamped steps at the minimum, where the sum of squares is too flat to judge them: they go on while they get shorter.
fn polished(points: &[(f64, f64)], mut law: Usl) -> (Usl, f64) {
    let mut last = f64::INFINITY;
    for _ in 0..20 {
        let (jacobian, descent) = normal_equations(points, &law);
        let free = free_parameters(&law, &descent);
        let Some(candidate) = stepped(&law, &jacobian, (&descent, &free), 0.0) else {
            break;
        };
        let moved = relative_move(&law, &candidate);
        if moved >= last || moved > 1e-4 {
            break;
        }
        (law, last) = (candidate, moved);
    }
    (law, sum_of_squares(points, &law))
}

fn free_parameters(law: &Usl, descent: &[f64]) -> Vec<usize> {
    let alpha = bound(law.alpha, descent[1]) == Bound::Free;
    let beta = bound(law.beta, descent[2]) == Bound::Free;
    [(0, true), (1, alpha), (2, beta)]
        .into_iter()
        .filter(|(_, free)| *free)
        .map(|(index, _)| index)
        .collect()
}

/// The law after one damped step of its free parameters, cut at the bounds.
fn stepped(law: &Usl, jacobian: &Matrix, (descent, free): (&[f64], &[usize]), damping: f64) -> Option<Usl> {
    let columns = jacobian.with_columns(free);
    let mut gram = Matrix::zeros(free.len(), free.len());
    for a in 0..free.len() {
        for b in 0..free.len() {
            let damped = if a == b { 1.0 + damping } else { 1.0 };
            gram.set(a, b, damped * dot(&columns.column(a), &columns.column(b)));
        }
    }
    // Scaled to a unit diagonal: coherency is thousands of times as steep as the rest.
    let scale: Vec<f64> = (0..free.len())
        .map(|index| gram.get(index, index).sqrt())
        .collect();
    for a in 0..free.len() {
        for b in 0..free.len() {
            gram.set(a, b, gram.get(a, b) / (scale[a] * scale[b]));
        }
    }
    let right: Vec<f64> = free
        .iter()
        .zip(&scale)
        .map(|(index, scale)| descent[*index] / scale)
        .collect();
    let mut step = [0.0; 3];
    for ((index, value), scale) in free.iter().zip(gram.solve(&right)?).zip(&scale) {
        step[*index] = value / scale;
    }
    let gamma_per_s = law.gamma_per_s + step[0];
    (gamma_per_s > 0.0).then(|| Usl {
        gamma_per_s,
        alpha: (law.alpha + step[1]).clamp(0.0, 1.0),
        beta: (law.beta + step[2]).clamp(0.0, 1.0),
    })
}

fn relative_move(from: &Usl, to: &Usl) -> f64 {
    let pairs = [
        (from.gamma_per_s, to.gamma_per_s),
        (from.alpha, to.alpha),
        (from.beta, to.beta),
    ];
    pairs
        .iter()
        .map(|(a, b)| {
            if a == b {
                0.0
            } else {
                (b - a).abs() / a.abs().max(b.abs())
            }
        })
        .fold(0.0, f64::max)
}

fn judged(points: &[(f64, f64)], law: Usl) -> UslFit {
    let (jacobian, descent) = normal_equations(points, &law);
    let free = free_parameters(&law, &descent);
    let residuals_per_s: Vec<f64> = points
        .iter()
        .map(|(users, throughput)| throughput - law.throughput_per_s(*users))
        .collect();
    let squares = dot(&residuals_per_s, &residuals_per_s);
    let degrees_of_freedom = points.len().saturating_sub(free.len());
    let variance = (degrees_of_freedom > 0).then(|| squares / degrees_of_freedom as f64);
    let covariance = variance.and_then(|variance| {
        let inverse = jacobian.with_columns(&free).gram_inverse()?;
        let mut all = Matrix::zeros(3, 3);
        for (a, row) in free.iter().enumerate() {
            for (b, column) in free.iter().enumerate() {
                all.set(*row, *column, variance * inverse.get(a, b));
            }
        }
        Some(all)
    });
    UslFit {
        alpha_bound: bound_of(&free, 1, law.alpha),
        beta_bound: bound_of(&free, 2, law.beta),
        residuals: diagnosed(
            points,
            residuals_per_s,
            variance.map(f64::sqrt),
            degrees_of_freedom,
        ),
        law,
        covariance,
    }
}

fn bound_of(free: &[usize], index: usize, value: f64) -> Bound {
    match free.contains(&index) {
        true => Bound::Free,
        false if value <= 0.0 => Bound::AtZero,
        false => Bound::AtOne,
    }
}

fn diagnosed(
    points: &[(f64, f64)],
    residuals_per_s: Vec<f64>,
    sigma_per_s: Option<f64>,
    degrees_of_freedom: usize,
) -> Residuals {
    let mean = points.iter().map(|(_, throughput)| throughput).sum::<f64>() / points.len() as f64;
    let variation: f64 = points
        .iter()
        .map(|(_, throughput)| (throughput - mean).powi(2))
        .sum();
    let squares = dot(&residuals_per_s, &residuals_per_s);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points[*a].0.total_cmp(&points[*b].0));
    let swings: f64 = order
        .windows(2)
        .map(|pair| (residuals_per_s[pair[1]] - residuals_per_s[pair[0]]).powi(2))
        .sum();
    let largest =
        (0..points.len()).max_by(|a, b| residuals_per_s[*a].abs().total_cmp(&residuals_per_s[*b].abs()));
    let largest = largest.unwrap_or(0);
    let multiple = sigma_per_s
        .filter(|sigma| *sigma > 0.0)
        .map_or(0.0, |sigma| residuals_per_s[largest] / sigma);
    Residuals {
        sigma_per_s,
        degrees_of_freedom,
        r_squared: if variation > 0.0 {
            1.0 - squares / variation
        } else {
            0.0
        },
        durbin_watson: if squares > 0.0 { swings / squares } else { 2.0 },
        largest: (largest, multiple),
        residuals_per_s,
    }
}
