//! Approximate mean value analysis of several classes, at a cost that does not grow with the population.
//!
//! Both methods estimate the queues that an arriving request finds from those with all users present: Bard (1979) and
//! Schweitzer (1979) assume that a class's share of each queue does not depend on the population; the Linearizer (Chandy
//! & Neuse, CACM 1982) estimates how it does from the networks with one user less. Over random networks Schweitzer errs
//! by some 3.5 % in throughput (12 % at worst), the Linearizer by 0.2 % (1.3 %), so the latter is the default.
//!
//! A centre with `m` servers is replaced by a queue with demand `D/m` and a delay of `D (m-1)/m` (Seidmann 1987): within
//! 1 % where saturated, up to 5 % of throughput near the knee. For one class [`super::multiserver`] is exact.

use super::multiclass::{MulticlassNetwork, MulticlassSolution};
use super::{QueueingError, StationKind};

/// Steps of the fixed-point iteration before it counts as not converging.
const MAX_ITERATIONS: u32 = 100_000;

/// Bard-Schweitzer: `Q_jk(N - 1_c) = Q_jk (N_j - [j = c]) / N_j`.
///
/// # Errors
/// A network that [`MulticlassNetwork::validate`] refuses, or no convergence.
pub fn schweitzer(network: &MulticlassNetwork) -> Result<MulticlassSolution, QueueingError> {
    let model = Model::new(network)?;
    let solved = model.core(&model.population, &model.no_deviation(), None)?;
    Ok(network.solution(solved.residence_s))
}

/// Linearizer with three passes at the full population and two updates of the deviations, as published.
///
/// # Errors
/// A network that [`MulticlassNetwork::validate`] refuses, or no convergence.
pub fn linearizer(network: &MulticlassNetwork) -> Result<MulticlassSolution, QueueingError> {
    let model = Model::new(network)?;
    let mut deviation = model.no_deviation();
    let mut full = model.core(&model.population, &deviation, None)?;
    for _ in 0..2 {
        let mut updated = model.no_deviation();
        for (c, updated) in updated
            .iter_mut()
            .enumerate()
            .filter(|(c, _)| model.population[*c] > 0.0)
        {
            let mut population = model.population.clone();
            population[c] -= 1.0;
            let less = model.core(&population, &deviation, Some(&full.queue))?;
            for (j, row) in updated
                .iter_mut()
                .enumerate()
                .filter(|(j, _)| population[*j] > 0.0)
            {
                for (k, value) in row.iter_mut().enumerate() {
                    *value = less.queue[j][k] / population[j] - full.queue[j][k] / model.population[j];
                }
            }
        }
        deviation = updated;
        full = model.core(&model.population, &deviation, Some(&full.queue))?;
    }
    Ok(network.solution(full.residence_s))
}

/// What the iteration needs of a network: demands that queue and demands that do not, by class and centre.
struct Model<'a> {
    network: &'a MulticlassNetwork,
    queueing_s: Vec<Vec<f64>>,
    delay_s: Vec<Vec<f64>>,
    population: Vec<f64>,
}

/// `deviation[c][j][k]`: how class j's share of queue k changes when class c loses a user.
type Deviation = Vec<Vec<Vec<f64>>>;

struct Core {
    queue: Vec<Vec<f64>>,
    residence_s: Vec<Vec<f64>>,
}

impl<'a> Model<'a> {
    fn new(network: &'a MulticlassNetwork) -> Result<Self, QueueingError> {
        network.validate()?;
        let queueing_share: Vec<f64> = network
            .centres
            .iter()
            .map(|centre| match centre.kind {
                StationKind::Queueing { servers } => f64::from(servers).recip(),
                _ => 0.0,
            })
            .collect();
        let split = |share: fn(f64) -> f64| -> Vec<Vec<f64>> {
            let of_class = |demands: &Vec<f64>| -> Vec<f64> {
                demands
                    .iter()
                    .zip(&queueing_share)
                    .map(|(demand, queueing)| demand * share(*queueing))
                    .collect()
            };
            network
                .classes
                .iter()
                .map(|class| of_class(&class.demands_s))
                .collect()
        };
        Ok(Self {
            network,
            queueing_s: split(|queueing| queueing),
            delay_s: split(|queueing| 1.0 - queueing),
            population: network
                .classes
                .iter()
                .map(|class| f64::from(class.users))
                .collect(),
        })
    }

    fn no_deviation(&self) -> Deviation {
        let (classes, centres) = (self.population.len(), self.network.centres.len());
        vec![vec![vec![0.0; centres]; classes]; classes]
    }

    /// The fixed point of the arrival theorem's equations at one population.
    fn core(
        &self,
        population: &[f64],
        deviation: &Deviation,
        start: Option<&Vec<Vec<f64>>>,
    ) -> Result<Core, QueueingError> {
        let mut queue = start.map_or_else(|| self.even_queues(population), Clone::clone);
        let mut residence_s = self.queueing_s.clone();
        let corrections = self.corrections(population, deviation);
        let (mut damping, mut last_change) = (1.0, f64::INFINITY);
        for _ in 0..MAX_ITERATIONS {
            let mut change: f64 = 0.0;
            let mut total = self.totals(population, &queue);
            for (c, users) in population.iter().enumerate().filter(|(_, users)| **users > 0.0) {
                let (mut cycle_s, per_user) = (self.network.classes[c].think_time_s, users.recip());
                for (k, time) in residence_s[c].iter_mut().enumerate() {
                    let found = (total[k] - queue[c][k] * per_user + corrections[c][k]).max(0.0);
                    *time = self.queueing_s[c][k] * (1.0 + found) + self.delay_s[c][k];
                    cycle_s += *time;
                }
                let throughput_per_s = users / cycle_s;
                for (k, time) in residence_s[c].iter().enumerate() {
                    let queueing = *time - self.delay_s[c][k];
                    let step = throughput_per_s * queueing - queue[c][k];
                    change = change.max(step.abs() * per_user.min(1.0));
                    queue[c][k] += damping * step;
                    total[k] += damping * step;
                }
            }
            if change < 1e-11 {
                return Ok(Core { queue, residence_s });
            }
            if change > last_change {
                damping = 0.5;
            }
            last_change = change;
        }
        Err(QueueingError::NotConverged)
    }

    /// What deviations add to the queue that one of class c finds at centre k:
    /// `sum_j (N - 1_c)_j deviation[c][j][k]`.
    fn corrections(&self, population: &[f64], deviation: &Deviation) -> Vec<Vec<f64>> {
        let of_class = |(c, rows): (usize, &Vec<Vec<f64>>)| -> Vec<f64> {
            let mut sum = vec![0.0; self.network.centres.len()];
            for (j, row) in rows.iter().enumerate() {
                let others = if j == c {
                    population[j] - 1.0
                } else {
                    population[j]
                };
                for (sum, value) in sum.iter_mut().zip(row) {
                    *sum += others.max(0.0) * value;
                }
            }
            sum
        };
        deviation.iter().enumerate().map(of_class).collect()
    }

    /// Requests of all classes that have users, at each centre.
    fn totals(&self, population: &[f64], queue: &[Vec<f64>]) -> Vec<f64> {
        let mut total = vec![0.0; self.network.centres.len()];
        for (_, row) in population.iter().zip(queue).filter(|(users, _)| **users > 0.0) {
            for (total, value) in total.iter_mut().zip(row) {
                *total += value;
            }
        }
        total
    }

    fn even_queues(&self, population: &[f64]) -> Vec<Vec<f64>> {
        let spread = |(users, demands): (&f64, &Vec<f64>)| -> Vec<f64> {
            let used = demands.iter().filter(|demand| **demand > 0.0).count().max(1);
            demands
                .iter()
                .map(|demand| if *demand > 0.0 { users / used as f64 } else { 0.0 })
                .collect()
        };
        population.iter().zip(&self.queueing_s).map(spread).collect()
    }
}
