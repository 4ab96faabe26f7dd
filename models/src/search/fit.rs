//! Calibrates the rates of the flow-equivalent server to measured levels: a Gaussian process on the logarithm of the rates
//! (Brownian in ln n, so that nothing oscillates between levels and doubt grows away from them) over the rates that the
//! queueing network predicts, linearised around the most likely rates (Laplace's approximation).

use super::flow::{self, Flow};
use super::linear::{Cholesky, dot};
use super::options::ThinkTime;

/// One level as the fit sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Observation {
    pub(crate) users: u32,
    pub(crate) throughput_per_s: f64,
    pub(crate) response_s: f64,
    /// Relative standard errors.
    pub(crate) throughput_error: f64,
    pub(crate) response_error: f64,
    pub(crate) samples: u64,
    /// Throughput at which the busiest profiled resource would be busy all the time, as measured in this level.
    pub(crate) limit_per_s: Option<f64>,
}

/// Relative error of the model itself, added to every level's.
const MODEL_ERROR: f64 = 0.004;

impl Observation {
    /// ln R and its variance, from both readings: (1-c) R + c (N/X - Z), c = -dR/dZ. The think times drawn in the level
    /// disturb both readings, in opposite ways; this combination is free of them to first order (a control variate).
    fn log_response(&self, think: ThinkTime, flow: &Flow) -> (f64, f64) {
        let share = flow.saturation;
        let per_user = f64::from(self.users) / self.throughput_per_s;
        let from_law = per_user - think.mean_s;
        let combined = (1.0 - share) * self.response_s + share * from_law;
        let response_s = combined.max(0.1 * self.response_s);
        let own = (self.response_s * self.response_error).powi(2);
        let law = (per_user * self.throughput_error).powi(2);
        let raw = (1.0 - share) * own + share * law;
        let drawn = (think.cv * think.mean_s).powi(2) / self.samples.max(1) as f64;
        // Where the two readings contradict each other beyond their noise, the level was still on its way to its steady state.
        let gap = (from_law - self.response_s).powi(2) - 4.0 * (own + law + drawn);
        let unsettled = if share < 0.95 { gap.max(0.0) } else { 0.0 };
        let variance = (raw - share * (1.0 - share) * drawn).max(0.3 * raw) + unsettled;
        (
            response_s.ln(),
            variance / (response_s * response_s) + MODEL_ERROR * MODEL_ERROR,
        )
    }
}

/// Points in n at which the correction of the rates is free; between them it is linear in ln n.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    log_knots: Vec<f64>,
    cells: Vec<(usize, f64)>,
}

/// Ratio of neighbouring knots.
const KNOT_RATIO: f64 = 1.35;

impl Grid {
    /// A grid for 1..=`jobs` transactions.
    pub(crate) fn new(jobs: usize) -> Self {
        let jobs = jobs.max(2);
        let mut knots = vec![1_usize];
        let mut knot = 1.0_f64;
        while (knot as usize) < jobs {
            knot = (knot * KNOT_RATIO).max(knot + 1.0);
            knots.push((knot as usize).min(jobs));
        }
        knots.dedup();
        let log_knots: Vec<f64> = knots.iter().map(|&n| (n as f64).ln()).collect();
        let mut cell = 0;
        let cells = (1..=jobs).map(|n| {
            while cell + 2 < knots.len() && n > knots[cell + 1] {
                cell += 1;
            }
            let width = log_knots[cell + 1] - log_knots[cell];
            (cell, ((n as f64).ln() - log_knots[cell]) / width)
        });
        let cells = cells.collect();
        Self { log_knots, cells }
    }

    /// Number of transactions that it reaches to.
    pub(crate) fn jobs(&self) -> usize {
        self.cells.len()
    }

    fn project(&self, gradient: &[f64]) -> Vec<f64> {
        let mut projected = vec![0.0; self.log_knots.len()];
        for (value, &(cell, share)) in gradient.iter().zip(&self.cells) {
            projected[cell] += (1.0 - share) * value;
            projected[cell + 1] += share * value;
        }
        projected
    }

    fn corrected(&self, log_rates: &[f64], correction: &[f64]) -> Vec<f64> {
        let at =
            |(cell, share): (usize, f64)| (1.0 - share) * correction[cell] + share * correction[cell + 1];
        log_rates
            .iter()
            .zip(&self.cells)
            .map(|(rate, &cell)| (rate + at(cell)).exp())
            .collect()
    }
}

/// Standard deviation of the rates of an idle site relative to those of a busy one: a processor that is alone is faster
/// (turbo, caches, no sibling thread), one that is woken each time slower.
const IDLE: f64 = 0.12;

/// What is believed of the rates before the levels are looked at.
#[derive(Debug, Clone)]
pub(crate) struct Prior {
    /// ln mu(n) of the queueing network.
    pub(crate) log_rates: Vec<f64>,
    /// Standard deviation of the response time without queueing.
    pub(crate) offset: f64,
    /// Standard deviation of the capacity, relative.
    pub(crate) capacity: f64,
    /// Transactions inside at which the network saturates.
    pub(crate) knee_jobs: f64,
    /// Standard deviation of the correction per e-fold of n beyond the knee.
    pub(crate) spread: f64,
    /// How far below its limit (in the logarithm) the network's own rate is believed to go on rising.
    pub(crate) approach: f64,
    /// Logarithm of the weight before the data.
    pub(crate) log_weight: f64,
}

impl Prior {
    /// With few transactions inside nothing queues that a hidden limit could delay, so the correction moves with
    /// ln(1 + 3 n / knee) rather than with ln n.
    fn covariance(&self, grid: &Grid) -> Vec<f64> {
        let size = grid.log_knots.len();
        let top = self.log_rates.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let at_knot = |log_knot: f64| {
            self.log_rates[(log_knot.exp().round() as usize).clamp(1, self.log_rates.len()) - 1]
        };
        let busy: Vec<f64> = grid.log_knots.iter().map(|&u| (at_knot(u) - top).exp()).collect();
        let moved: Vec<f64> = grid
            .log_knots
            .iter()
            .map(|&u| (3.0 * u.exp() / self.knee_jobs).ln_1p())
            .collect();
        let mut covariance = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..size {
                let shared = moved[row].min(moved[column]);
                covariance[row * size + column] = self.offset.powi(2)
                    + self.spread.powi(2) * shared
                    + self.capacity.powi(2) * busy[row] * busy[column]
                    + IDLE.powi(2) * (1.0 - busy[row]) * (1.0 - busy[column]);
            }
        }
        covariance
    }
}

/// The rates after the levels, with their covariance.
#[derive(Debug, Clone)]
pub(crate) struct Posterior {
    rates: Vec<f64>,
    /// ln mu(n) before the levels, and where it leads.
    unfitted: Vec<f64>,
    limit: f64,
    approach: f64,
    covariance: Vec<f64>,
    /// Logarithm of the evidence times the prior weight.
    pub(crate) log_evidence: f64,
}

/// A prediction by one posterior.
#[derive(Debug, Clone)]
pub(crate) struct Prediction {
    /// Solution of the network.
    pub(crate) flow: Flow,
    /// Derivatives of ln R by the correction at the knots.
    pub(crate) lever: Vec<f64>,
    /// Standard deviation of ln R.
    pub(crate) log_sd: f64,
}

/// Where a plateau may be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// Transactions inside.
    pub(crate) jobs: usize,
    /// How far (in the logarithm) throughput can still rise from there by what the profilers say.
    pub(crate) room: f64,
}

/// Steps of the linearised fit.
const STEPS: usize = 8;

impl Posterior {
    /// Fits the rates to the levels; `None` where the arithmetic fails.
    pub(crate) fn fit(prior: &Prior, grid: &Grid, levels: &[Observation], think: ThinkTime) -> Option<Self> {
        let size = grid.log_knots.len();
        let covariance = prior.covariance(grid);
        let mut correction = vec![0.0; size];
        let mut done = None;
        for _ in 0..STEPS {
            let rates = grid.corrected(&prior.log_rates, &correction);
            let step = Linearised::at(&rates, grid, levels, think)?.solve(&covariance, &correction)?;
            let moved = correction
                .iter()
                .zip(&step.correction)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            // A long step leaves the range where the linearisation holds.
            let share = (0.7 / moved.max(1e-12)).min(1.0);
            for (old, new) in correction.iter_mut().zip(&step.correction) {
                *old += share * (new - *old);
            }
            done = Some(step);
            if moved < 1e-4 {
                break;
            }
        }
        let step = done?;
        Some(Self {
            rates: grid.corrected(&prior.log_rates, &correction),
            unfitted: prior.log_rates.clone(),
            limit: prior.log_rates.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            approach: prior.approach,
            covariance: step.covariance,
            log_evidence: step.log_evidence + prior.log_weight,
        })
    }

    /// Response time with `users`, s.
    pub(crate) fn response_s(&self, users: u32, think_s: f64) -> Option<f64> {
        flow::solve(&self.rates, users, think_s).map(|flow| flow.response_s)
    }

    /// Throughput and response time with `users`.
    pub(crate) fn predict(&self, grid: &Grid, users: u32, think_s: f64) -> Option<Prediction> {
        let flow = flow::solve(&self.rates, users, think_s)?;
        let lever = grid.project(&flow.gradient);
        let log_sd = self.variance(&lever).sqrt();
        Some(Prediction { flow, lever, log_sd })
    }

    /// ln of the rate at a place and its standard deviation.
    pub(crate) fn plateau(&self, grid: &Grid, place: Place) -> (f64, f64) {
        let index = place.jobs.clamp(1, grid.jobs()) - 1;
        let lever = self.plateau_lever(grid, place.jobs);
        (self.rates[index].ln(), self.variance(&lever).sqrt())
    }

    /// How far (in the logarithm) the rate goes on rising beyond a place. A slow approach to the limit is the network's; a
    /// rise that never ends is only "no limit known".
    pub(crate) fn rise(&self, place: Place) -> f64 {
        let index = place.jobs.clamp(1, self.unfitted.len()) - 1;
        let missing = self.limit - self.unfitted[index];
        if missing < self.approach {
            missing.min(place.room)
        } else {
            0.0
        }
    }

    /// Derivatives of ln of the plateau by the correction at the knots.
    pub(crate) fn plateau_lever(&self, grid: &Grid, jobs: usize) -> Vec<f64> {
        let mut gradient = vec![0.0; grid.jobs()];
        gradient[jobs.clamp(1, grid.jobs()) - 1] = 1.0;
        grid.project(&gradient)
    }

    /// Covariance of two quantities given by their derivatives.
    pub(crate) fn covariance_of(&self, left: &[f64], right: &[f64]) -> f64 {
        let size = left.len();
        (0..size)
            .map(|row| left[row] * dot(&self.covariance[row * size..(row + 1) * size], right))
            .sum()
    }

    fn variance(&self, lever: &[f64]) -> f64 {
        self.covariance_of(lever, lever).max(0.0)
    }
}

/// The levels' equations around one set of rates.
struct Linearised {
    levers: Vec<Vec<f64>>,
    residuals: Vec<f64>,
    variances: Vec<f64>,
}

struct Step {
    correction: Vec<f64>,
    covariance: Vec<f64>,
    log_evidence: f64,
}

impl Linearised {
    fn at(rates: &[f64], grid: &Grid, levels: &[Observation], think: ThinkTime) -> Option<Self> {
        let mut equations = Self {
            levers: Vec::new(),
            residuals: Vec::new(),
            variances: Vec::new(),
        };
        for level in levels {
            let flow = flow::solve(rates, level.users, think.mean_s)?;
            let (log_response, variance) = level.log_response(think, &flow);
            equations.residuals.push(log_response - flow.response_s.ln());
            equations.variances.push(variance);
            equations.levers.push(grid.project(&flow.gradient));
        }
        Some(equations)
    }

    fn solve(&self, covariance: &[f64], correction: &[f64]) -> Option<Step> {
        let (size, count) = (correction.len(), self.levers.len());
        let apply = |lever: &Vec<f64>| -> Vec<f64> {
            (0..size)
                .map(|row| dot(&covariance[row * size..(row + 1) * size], lever))
                .collect()
        };
        let carried: Vec<Vec<f64>> = self.levers.iter().map(apply).collect();
        let mut system = vec![0.0; count * count];
        for row in 0..count {
            for column in 0..count {
                system[row * count + column] = dot(&self.levers[row], &carried[column]);
            }
            system[row * count + row] += self.variances[row];
        }
        let factor = Cholesky::of(&system, count)?;
        let target: Vec<f64> = self
            .residuals
            .iter()
            .zip(&self.levers)
            .map(|(residual, lever)| residual + dot(lever, correction))
            .collect();
        let weights = factor.solve(&target);
        let moved = (0..size).map(|k| carried.iter().zip(&weights).map(|(c, w)| c[k] * w).sum());
        let whitened: Vec<Vec<f64>> = (0..size)
            .map(|k| factor.forward(&carried.iter().map(|c| c[k]).collect::<Vec<_>>()))
            .collect();
        let mut posterior = covariance.to_vec();
        for row in 0..size {
            for column in 0..size {
                posterior[row * size + column] -= dot(&whitened[row], &whitened[column]);
            }
        }
        Some(Step {
            correction: moved.collect(),
            covariance: posterior,
            log_evidence: -0.5 * (dot(&target, &weights) + factor.log_determinant()),
        })
    }
}
