//! Exact solution of closed networks with several servers per station, delays and rates that depend on load.
//!
//! By convolution (Buzen 1973; Bruell & Balbo 1980) on numbers with their own exponent: exact to about 12 digits at any
//! population, where the recursion on marginal probabilities (Reiser & Lavenberg 1980) turns negative near saturation.
//! Networks of single servers and delays take the shorter way of [`super::mva`].

use super::convolution::{constants, marginal};
use super::scaled::Scaled;
use super::{ClosedNetwork, Curve, QueueingError, Solution, StationKind, mva};

/// The steady state with `users` users.
///
/// # Errors
/// A network that [`ClosedNetwork::validate`] refuses, or figures beyond double precision.
pub fn solve(network: &ClosedNetwork, users: u32) -> Result<Solution, QueueingError> {
    if mva::applies(network) {
        return mva::solve(network, users);
    }
    network.validate(users)?;
    let (throughput_per_s, response_time_s) =
        *points(network, users)?.last().ok_or(QueueingError::NoUsers)?;
    let queue: Vec<f64> = (0..network.stations.len())
        .map(|index| mean_queue(network, users, index, throughput_per_s))
        .collect();
    let residence_s = queue.iter().map(|length| length / throughput_per_s).collect();
    let stations = network.stations.iter();
    Ok(Solution {
        users,
        throughput_per_s,
        response_time_s,
        residence_s,
        queue,
        utilization: stations
            .map(|station| station.utilization(throughput_per_s))
            .collect(),
    })
}

/// Throughput and response time for every number of users from 1 to `max_users`, from one pass.
///
/// Costs about `max_users` times the sum over the stations of the number of requests from which their rate is constant
/// (a station of m servers: m).
///
/// # Errors
/// As [`solve`].
pub fn solve_curve(network: &ClosedNetwork, max_users: u32) -> Result<Curve, QueueingError> {
    if mva::applies(network) {
        return mva::solve_curve(network, max_users);
    }
    network.validate(max_users)?;
    let (throughput_per_s, response_time_s) = points(network, max_users)?.into_iter().unzip();
    Ok(Curve {
        throughput_per_s,
        response_time_s,
    })
}

/// Probabilities that 0, 1, ..., `users` requests are at each station.
///
/// # Errors
/// As [`solve`].
pub fn marginals(network: &ClosedNetwork, users: u32) -> Result<Vec<Vec<f64>>, QueueingError> {
    network.validate(users)?;
    Ok((0..network.stations.len())
        .map(|index| marginal(network, users, index))
        .collect())
}

fn points(network: &ClosedNetwork, users: u32) -> Result<Vec<(f64, f64)>, QueueingError> {
    let solved = constants(network, users, None);
    let pairs = (1..=users as usize).map(|n| {
        let throughput = solved.constant.get(n - 1).ratio(solved.constant.get(n))?;
        let response = solved.present[n] / throughput;
        (throughput > 0.0 && response.is_finite()).then_some((throughput, response))
    });
    pairs.collect::<Option<Vec<_>>>().ok_or(QueueingError::OutOfRange)
}

fn mean_queue(network: &ClosedNetwork, users: u32, index: usize, throughput_per_s: f64) -> f64 {
    let station = &network.stations[index];
    if station.kind == StationKind::Delay {
        return throughput_per_s * station.demand_s;
    }
    let probabilities = marginal(network, users, index);
    probabilities
        .iter()
        .enumerate()
        .map(|(present, p)| present as f64 * p)
        .sum()
}

/// The normalising constant `G(users)` divided by `G(0) = 1`, if it is in the range of a plain number.
///
/// # Errors
/// As [`solve`].
pub fn normalizing_constant(network: &ClosedNetwork, users: u32) -> Result<f64, QueueingError> {
    network.validate(users)?;
    let constant = constants(network, users, None).constant.get(users as usize);
    constant.ratio(Scaled::ONE).ok_or(QueueingError::OutOfRange)
}

/// Largest number of users up to `max_users` that keeps the mean response time within `objective_s` for itself and every
/// smaller number; `None` where not even one user does.
///
/// # Errors
/// As [`solve`].
pub fn users_within(
    network: &ClosedNetwork,
    objective_s: f64,
    max_users: u32,
) -> Result<Option<u32>, QueueingError> {
    let curve = solve_curve(network, max_users)?;
    let holding = curve
        .response_time_s
        .iter()
        .take_while(|response| **response <= objective_s)
        .count();
    Ok(u32::try_from(holding).ok().filter(|users| *users > 0))
}
