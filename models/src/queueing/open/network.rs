//! Open networks of queues (Jackson 1963; LZGS 1984, ch. 6.5 and 7.2).
//!
//! The same stations as in a closed network, but requests arrive at a given rate and leave. From the same demands both
//! views answer different questions: the largest rate, and the largest number of users, that hold an objective.

use super::super::{QueueingError, Station, StationKind};
use super::mmc;
use crate::linear::Matrix;

/// An open network in the steady state.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSolution {
    /// Mean response time, s.
    pub response_time_s: f64,
    /// Mean time at each station over all visits, s.
    pub residence_s: Vec<f64>,
    /// Mean number at each station.
    pub queue: Vec<f64>,
    /// Share of each station's capacity in use, 0..1.
    pub utilization: Vec<f64>,
}

/// The steady state at `rate_per_s` requests per second. Single servers follow `R_k = D_k / (1 - U_k)`, several servers
/// M/M/c, other rates the birth-death process of their station.
///
/// # Errors
/// A station that makes no sense or is overloaded, or a rate that is none.
pub fn solve(stations: &[Station], rate_per_s: f64) -> Result<OpenSolution, QueueingError> {
    if !rate_per_s.is_finite() || rate_per_s < 0.0 {
        return Err(QueueingError::Arrivals);
    }
    let mut residence_s = Vec::with_capacity(stations.len());
    for station in stations {
        station.check()?;
        let overloaded = || QueueingError::Overloaded {
            name: station.name.clone(),
        };
        residence_s.push(residence(station, rate_per_s).ok_or_else(overloaded)?);
    }
    Ok(OpenSolution {
        response_time_s: residence_s.iter().sum(),
        queue: residence_s.iter().map(|time| time * rate_per_s).collect(),
        utilization: stations
            .iter()
            .map(|station| station.utilization(rate_per_s))
            .collect(),
        residence_s,
    })
}

fn residence(station: &Station, rate_per_s: f64) -> Option<f64> {
    match &station.kind {
        StationKind::Delay => Some(station.demand_s),
        StationKind::Queueing { servers } => {
            Some(mmc(rate_per_s, station.demand_s, *servers)?.response_time_s)
        }
        StationKind::LoadDependent(rates) => load_dependent(station.demand_s, rates, rate_per_s),
    }
}

/// Mean time at a station with rates alpha(j): mean number over rate, from `p(j) ~ prod_i a / alpha(i)` with a geometric
/// tail, `a` being the offered load.
fn load_dependent(demand_s: f64, rates: &[f64], rate_per_s: f64) -> Option<f64> {
    let offered = demand_s * rate_per_s;
    let (first, last) = (rates.first()?, rates.last()?);
    let tail_ratio = offered / last;
    if tail_ratio >= 1.0 {
        return None;
    }
    if offered == 0.0 {
        return Some(demand_s / first);
    }
    let (mut weight, mut total, mut moment) = (1.0, 1.0, 0.0);
    for (index, rate) in rates.iter().enumerate() {
        weight *= offered / rate;
        total += weight;
        moment += (index + 1) as f64 * weight;
        if total > 1e200 {
            (weight, total, moment) = (weight * 1e-200, total * 1e-200, moment * 1e-200);
        }
    }
    let beyond = tail_ratio / (1.0 - tail_ratio);
    total += weight * beyond;
    moment += weight * beyond * (rates.len() as f64 + 1.0 / (1.0 - tail_ratio));
    let time = moment / total / rate_per_s;
    time.is_finite().then_some(time)
}

/// Visits per second to each station from arrivals from outside (per second) and routing probabilities: the traffic
/// equations `x = arrivals + routing' x`.
///
/// # Errors
/// Lists of different length, a probability outside 0..1, or requests that never leave.
pub fn traffic(arrivals_per_s: &[f64], routing: &[Vec<f64>]) -> Result<Vec<f64>, QueueingError> {
    let size = arrivals_per_s.len();
    let row_fits = |row: &Vec<f64>| {
        row.len() == size
            && row.iter().all(|p| (0.0..=1.0).contains(p))
            && row.iter().sum::<f64>() <= 1.0 + 1e-9
    };
    let rates_fit = arrivals_per_s.iter().all(|rate| rate.is_finite() && *rate >= 0.0);
    if routing.len() != size || !rates_fit || !routing.iter().all(row_fits) {
        return Err(QueueingError::Arrivals);
    }
    let mut matrix = Matrix::identity(size);
    for (from, row) in routing.iter().enumerate() {
        for (to, probability) in row.iter().enumerate() {
            matrix.set(to, from, matrix.get(to, from) - probability);
        }
    }
    let visits = matrix.solve(arrivals_per_s).ok_or(QueueingError::Arrivals)?;
    // Rounding may leave a visit rate of -1e-17 where nothing arrives.
    Ok(visits.into_iter().map(|rate| rate.max(0.0)).collect())
}

/// Largest rate per second whose mean response time holds `objective_s`; `None` where not even a lone request does, or
/// nothing limits the rate.
///
/// # Errors
/// A station that makes no sense.
pub fn rate_within(stations: &[Station], objective_s: f64) -> Result<Option<f64>, QueueingError> {
    let holds = |rate: f64| match solve(stations, rate) {
        Ok(solution) => Ok(solution.response_time_s <= objective_s),
        Err(QueueingError::Overloaded { .. }) => Ok(false),
        Err(other) => Err(other),
    };
    if !holds(0.0)? {
        return Ok(None);
    }
    let limits = stations.iter().filter(|station| station.demand_s > 0.0);
    let limit = limits
        .filter_map(|station| Some(station.capacity()? / station.demand_s))
        .fold(f64::INFINITY, f64::min);
    if !limit.is_finite() {
        return Ok(None);
    }
    let (mut low, mut high) = (0.0, limit);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if holds(middle)? {
            low = middle
        } else {
            high = middle
        }
    }
    Ok(Some(low))
}
