//! Limits of a closed network that need no iteration, and the saturation point N*.

use super::{ClosedNetwork, QueueingError, Station, StationKind};
use crate::Estimate;

pub mod multiclass;

/// Limits of throughput and of response time at one number of users.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Throughput is at least this, per second.
    pub throughput_low_per_s: f64,
    /// Throughput is at most this, per second.
    pub throughput_high_per_s: f64,
    /// Mean response time is at least this, s.
    pub response_low_s: f64,
    /// Mean response time is at most this, s.
    pub response_high_s: f64,
}

/// Asymptotic bounds (Muntz & Wong 1974; LZGS 1984, ch. 5): at best nobody waits and no station gives more than its
/// capacity, at worst each request finds all others before it at every station.
///
/// With rates that depend on load: at a station one request takes `D j / alpha(j)` when `j` are present throughout, so
/// the least and the largest of these over `j <= N` replace `D` and `N D`.
///
/// # Errors
/// A network that [`ClosedNetwork::validate`] refuses.
pub fn asymptotic(network: &ClosedNetwork, users: u32) -> Result<Bounds, QueueingError> {
    network.validate(users)?;
    let count = f64::from(users);
    let extent = |station: &Station, better: fn(f64, f64) -> f64| {
        let stretch = |present: u32| f64::from(present) / station.rate(present);
        let all = if let StationKind::LoadDependent(rates) = &station.kind {
            rates.len() as u32
        } else {
            1
        };
        let first = (1..=all.min(users)).map(stretch).fold(stretch(1), better);
        station.demand_s * better(first, stretch(users))
    };
    let best: f64 = network
        .stations
        .iter()
        .map(|station| extent(station, f64::min))
        .sum();
    let worst: f64 = network
        .stations
        .iter()
        .map(|station| extent(station, f64::max))
        .sum();
    let capacity = network.stations.iter().filter(|station| station.demand_s > 0.0);
    let capacity = capacity.filter_map(|station| Some(most_rate(station, users)? / station.demand_s));
    let high = capacity.fold(count / (best + network.think_time_s), f64::min);
    bounds(network, count, (count / (worst + network.think_time_s), high))
}

fn most_rate(station: &Station, users: u32) -> Option<f64> {
    match &station.kind {
        StationKind::LoadDependent(rates) => Some(
            rates
                .iter()
                .take(users as usize)
                .copied()
                .fold(station.rate(users), f64::max),
        ),
        _ => station.capacity(),
    }
}

fn bounds(network: &ClosedNetwork, users: f64, (low, high): (f64, f64)) -> Result<Bounds, QueueingError> {
    let response = |throughput: f64| (users / throughput - network.think_time_s).max(0.0);
    let all = Bounds {
        throughput_low_per_s: low,
        throughput_high_per_s: high,
        response_low_s: response(high),
        response_high_s: response(low),
    };
    let finite = [low, high, all.response_low_s, all.response_high_s]
        .iter()
        .all(|value| value.is_finite());
    finite.then_some(all).ok_or(QueueingError::OutOfRange)
}

/// What the bounds for single servers need of a network; delays count as think time.
struct Demands {
    queueing_s: Vec<f64>,
    total_s: f64,
    largest_s: f64,
    think_time_s: f64,
}

impl Demands {
    fn new(network: &ClosedNetwork, users: u32) -> Result<Self, QueueingError> {
        network.validate(users)?;
        if !super::mva::applies(network) {
            return Err(QueueingError::NotSingleServer);
        }
        let (delays, queues): (Vec<&Station>, Vec<&Station>) = network
            .stations
            .iter()
            .partition(|station| station.kind == StationKind::Delay);
        let delay_s: f64 = delays.iter().map(|station| station.demand_s).sum();
        let queueing_s = queues
            .iter()
            .map(|station| station.demand_s)
            .filter(|demand| *demand > 0.0);
        let queueing_s: Vec<f64> = queueing_s.collect();
        Ok(Self {
            total_s: queueing_s.iter().sum(),
            largest_s: queueing_s.iter().copied().fold(0.0, f64::max),
            think_time_s: network.think_time_s + delay_s,
            queueing_s,
        })
    }

    fn limit_per_s(&self) -> f64 {
        if self.largest_s > 0.0 {
            self.largest_s.recip()
        } else {
            f64::INFINITY
        }
    }
}

/// Balanced job bounds (Zahorjan, Sevcik, Eager & Galler, CACM 1982; LZGS 1984, sec. 5.4): at worst all queueing is at
/// stations like the slowest, at best it is spread evenly. Single servers and delays.
///
/// # Errors
/// A network that [`ClosedNetwork::validate`] refuses, or another kind of station.
pub fn balanced_job(network: &ClosedNetwork, users: u32) -> Result<Bounds, QueueingError> {
    let demands = Demands::new(network, users)?;
    let (count, total, think) = (f64::from(users), demands.total_s, demands.think_time_s);
    if total == 0.0 {
        return bounds(network, count, (count / think, count / think));
    }
    let average = total / demands.queueing_s.len() as f64;
    let others = count - 1.0;
    let low = count / (total + think + others * demands.largest_s / (1.0 + think / (count * total)));
    let high = count / (total + think + others * average / (1.0 + think / total));
    bounds(network, count, (low, high.min(demands.limit_per_s())))
}

/// Proportional bounds (Hsieh & Lam, Performance Evaluation 1987): queues in proportion to powers of the demands. Single
/// servers, no think time.
///
/// # Errors
/// A network that [`ClosedNetwork::validate`] refuses, another kind of station, a think time or a delay.
pub fn proportional(network: &ClosedNetwork, users: u32) -> Result<Bounds, QueueingError> {
    let demands = Demands::new(network, users)?;
    if demands.think_time_s > 0.0 {
        return Err(QueueingError::NotWithThinkTime);
    }
    let (count, total) = (f64::from(users), demands.total_s);
    // Powers of the demands relative to the largest, so that none overflows.
    let power_sum = |power: f64| -> f64 {
        demands
            .queueing_s
            .iter()
            .map(|demand| (demand / demands.largest_s).powf(power))
            .sum()
    };
    let skewed = demands.largest_s * power_sum(count) / power_sum(count - 1.0);
    let squares = demands.largest_s * power_sum(2.0) / power_sum(1.0);
    let low = count / (total + (count - 1.0) * skewed);
    let high = count / (total + (count - 1.0) * squares);
    bounds(network, count, (low, high.min(demands.limit_per_s())))
}

/// Geometric lower bound of throughput, per second (Casale, Muntz & Serazzi, IEEE Trans. Computers 2008): the queue at
/// each station but the slowest is at least that of a geometric law. Single servers and delays; close below the truth
/// at every load.
///
/// # Errors
/// A network that [`ClosedNetwork::validate`] refuses, or another kind of station.
pub fn geometric_low(network: &ClosedNetwork, users: u32) -> Result<f64, QueueingError> {
    let demands = Demands::new(network, users)?;
    let (count, others) = (f64::from(users), f64::from(users) - 1.0);
    let (think, largest) = (demands.think_time_s, demands.largest_s);
    let faster = demands.queueing_s.iter().filter(|demand| **demand < largest);
    let spared: f64 = faster
        .map(|demand| {
            let share = demand * others / (think + demands.total_s + largest * others);
            (largest - demand) * (share - share.powf(count)) / (1.0 - share)
        })
        .sum();
    let linear = think + demands.total_s + largest * others - spared;
    let root = (linear * linear - 4.0 * think * largest * others).max(0.0).sqrt();
    Ok(2.0 * count / (linear + root))
}

/// The saturation point `N* = (S + Z) / max_k(D_k / m_k)` with its interval: the number of users at which the two
/// asymptotes of throughput meet (Kleinrock 1976; Muntz & Wong 1974; LZGS 1984, ch. 5). `S` is the sum of the demands.
///
/// `servers[k]` is the number of servers behind `demands[k]`; below 1 (half a core) the demand counts as
/// `demand / servers` on one server, in `S` as well (see [`super::Station::with_capacity`]).
///
/// The interval is by the delta method for independent demands: `dN* = sum_other dD_k / D_max + dD_max (D_max - S - Z) /
/// D_max^2`, half-widths combined as the root of the sum of squares, so it keeps the confidence of the demands'
/// intervals. It does not know that the bottleneck might be another station; where two demands are nearly equal it is
/// somewhat too narrow. `None` where the lists differ in length, no demand is above zero, or a figure makes no sense.
#[must_use]
pub fn saturation_users(demands: &[Estimate], servers: &[f64], think_time_s: f64) -> Option<Estimate> {
    let sane = servers.iter().all(|count| *count > 0.0 && count.is_finite());
    if demands.len() != servers.len() || !sane || !think_time_s.is_finite() || think_time_s < 0.0 {
        return None;
    }
    let stretch = |count: f64| count.min(1.0).recip();
    let demands: Vec<Estimate> = demands
        .iter()
        .zip(servers)
        .map(|(demand, count)| demand.scaled(stretch(*count)))
        .collect();
    let per_server = |index: usize| demands[index].value / servers[index].max(1.0);
    let bottleneck = (0..demands.len()).max_by(|a, b| per_server(*a).total_cmp(&per_server(*b)))?;
    let (slowest, count) = (per_server(bottleneck), servers[bottleneck].max(1.0));
    if demands.iter().any(|demand| demand.value < 0.0) || slowest <= 0.0 {
        return None;
    }
    let cycle_s = demands.iter().map(|demand| demand.value).sum::<f64>() + think_time_s;
    let users = cycle_s / slowest;
    let variance: f64 = demands
        .iter()
        .enumerate()
        .map(|(index, demand)| {
            let slope = if index == bottleneck {
                (1.0 - users / count) / slowest
            } else {
                slowest.recip()
            };
            (slope * demand.half_width()).powi(2)
        })
        .sum();
    let samples = demands.iter().map(|demand| demand.samples).min()?;
    let half_width = variance.sqrt();
    Estimate::new(users, (users - half_width).max(0.0), users + half_width, samples)
}
