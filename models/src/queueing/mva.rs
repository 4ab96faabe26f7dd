//! Exact mean value analysis of a single class (Reiser & Lavenberg, JACM 1980; LZGS 1984, ch. 6).
//!
//! By the arrival theorem a request that comes to a queue finds it as it would be with one user less:
//! `R_k(n) = D_k (1 + Q_k(n-1))`, `X(n) = n / (Z + sum R_k(n))`, `Q_k(n) = X(n) R_k(n)`. One step costs O(K), no
//! subtraction occurs.

use super::{ClosedNetwork, Curve, QueueingError, Solution, StationKind};

/// Whether all stations are single servers or delays, so that this method is exact.
#[must_use]
pub fn applies(network: &ClosedNetwork) -> bool {
    let simple =
        |kind: &StationKind| matches!(kind, StationKind::Delay | StationKind::Queueing { servers: 1 });
    network.stations.iter().all(|station| simple(&station.kind))
}

/// The steady state with `users` users, in O(users x stations).
///
/// # Errors
/// A network that [`ClosedNetwork::validate`] refuses, or a station that is neither a single server nor a delay.
pub fn solve(network: &ClosedNetwork, users: u32) -> Result<Solution, QueueingError> {
    let mut recursion = Recursion::new(network, users)?;
    for n in 1..=users {
        recursion.step(n);
    }
    let stations = network.stations.iter();
    Ok(Solution {
        users,
        throughput_per_s: recursion.throughput_per_s,
        response_time_s: recursion.response_time_s,
        utilization: stations
            .map(|station| station.utilization(recursion.throughput_per_s))
            .collect(),
        residence_s: recursion.residence_s,
        queue: recursion.queue,
    })
}

/// Throughput and response time for every number of users from 1 to `max_users`, in O(users x stations).
///
/// # Errors
/// As [`solve`].
pub fn solve_curve(network: &ClosedNetwork, max_users: u32) -> Result<Curve, QueueingError> {
    let mut recursion = Recursion::new(network, max_users)?;
    let (throughput_per_s, response_time_s) = (1..=max_users)
        .map(|n| {
            recursion.step(n);
            (recursion.throughput_per_s, recursion.response_time_s)
        })
        .unzip();
    Ok(Curve {
        throughput_per_s,
        response_time_s,
    })
}

struct Recursion {
    demand_s: Vec<f64>,
    /// 1 where requests queue, 0 at a delay.
    queues: Vec<f64>,
    think_time_s: f64,
    queue: Vec<f64>,
    residence_s: Vec<f64>,
    throughput_per_s: f64,
    response_time_s: f64,
}

impl Recursion {
    fn new(network: &ClosedNetwork, users: u32) -> Result<Self, QueueingError> {
        network.validate(users)?;
        if !applies(network) {
            return Err(QueueingError::NotSingleServer);
        }
        let stations = &network.stations;
        let queues = |kind: &StationKind| if *kind == StationKind::Delay { 0.0 } else { 1.0 };
        Ok(Self {
            demand_s: stations.iter().map(|station| station.demand_s).collect(),
            queues: stations.iter().map(|station| queues(&station.kind)).collect(),
            think_time_s: network.think_time_s,
            queue: vec![0.0; stations.len()],
            residence_s: vec![0.0; stations.len()],
            throughput_per_s: 0.0,
            response_time_s: 0.0,
        })
    }

    /// From `n - 1` users to `n`.
    fn step(&mut self, n: u32) {
        let mut response = 0.0;
        let demands = self.demand_s.iter().zip(&self.queues);
        for ((residence, queue), (demand, queues)) in
            self.residence_s.iter_mut().zip(&self.queue).zip(demands)
        {
            *residence = demand * (1.0 + queues * queue);
            response += *residence;
        }
        self.response_time_s = response;
        self.throughput_per_s = f64::from(n) / (self.think_time_s + response);
        for (queue, residence) in self.queue.iter_mut().zip(&self.residence_s) {
            *queue = self.throughput_per_s * residence;
        }
    }
}
