//! Queues with arrivals at a given rate: M/M/c, M/M/c/K, M/G/1 and the Erlang formulas (Erlang 1917; Gross & Harris;
//! Kleinrock 1975), and open networks of such queues in [`network`].
//!
//! Rates are per second, times in seconds. A function answers `None` where no steady state exists (the offered load
//! reaches the servers) or an argument makes no sense.

pub mod network;

/// An open queue without limit in the steady state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenQueue {
    /// Share of the servers in use, 0..1.
    pub utilization: f64,
    /// Probability that an arrival has to wait.
    pub wait_probability: f64,
    /// Mean time in the queue before service, s.
    pub waiting_time_s: f64,
    /// Mean time in the system, service included, s.
    pub response_time_s: f64,
    /// Mean number waiting.
    pub waiting: f64,
    /// Mean number in the system.
    pub present: f64,
}

impl OpenQueue {
    fn new(
        rate_per_s: f64,
        service_s: f64,
        (servers, wait_probability): (f64, f64),
        waiting_time_s: f64,
    ) -> Option<Self> {
        let response_time_s = waiting_time_s + service_s;
        response_time_s.is_finite().then(|| Self {
            utilization: rate_per_s * service_s / servers,
            wait_probability,
            waiting_time_s,
            response_time_s,
            waiting: rate_per_s * waiting_time_s,
            present: rate_per_s * response_time_s,
        })
    }
}

fn is_amount(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

/// Erlang's loss formula: the probability that all `servers` are busy when nobody waits, at an offered load of
/// `offered` = rate x service time. By `B_i = a B_{i-1} / (i + a B_{i-1})`, which is stable.
#[must_use]
pub fn erlang_b(offered: f64, servers: u32) -> Option<f64> {
    is_amount(offered).then(|| {
        (1..=servers).fold(1.0, |blocked, busy| {
            let product = offered * blocked;
            product / (f64::from(busy) + product)
        })
    })
}

/// Erlang's delay formula: the probability that an arrival has to wait, at an offered load below `servers`:
/// `C = B / (1 - rho (1 - B))`.
#[must_use]
pub fn erlang_c(offered: f64, servers: u32) -> Option<f64> {
    let blocked = erlang_b(offered, servers)?;
    let utilization = offered / f64::from(servers);
    (utilization < 1.0).then(|| blocked / (1.0 - utilization * (1.0 - blocked)))
}

/// One server, exponential service: `R = S / (1 - rho)`.
#[must_use]
pub fn mm1(rate_per_s: f64, service_s: f64) -> Option<OpenQueue> {
    mmc(rate_per_s, service_s, 1)
}

/// Several servers, exponential service: `W_q = C / (c mu - lambda)`.
#[must_use]
pub fn mmc(rate_per_s: f64, service_s: f64, servers: u32) -> Option<OpenQueue> {
    if !is_amount(rate_per_s) || !is_amount(service_s) || servers == 0 {
        return None;
    }
    let wait_probability = erlang_c(rate_per_s * service_s, servers)?;
    let waiting_time_s = wait_probability * service_s / (f64::from(servers) - rate_per_s * service_s);
    OpenQueue::new(
        rate_per_s,
        service_s,
        (f64::from(servers), wait_probability),
        waiting_time_s,
    )
}

/// Probability that an arrival waits longer than `time_s` in an M/M/c queue, FCFS: `C exp(-(c mu - lambda) t)`.
#[must_use]
pub fn mmc_waits_longer(rate_per_s: f64, service_s: f64, servers: u32, time_s: f64) -> Option<f64> {
    let queue = mmc(rate_per_s, service_s, servers)?;
    if !is_amount(time_s) || service_s == 0.0 {
        return None;
    }
    Some(queue.wait_probability * (-(f64::from(servers) / service_s - rate_per_s) * time_s).exp())
}

/// One server, any service law with mean `service_s` and coefficient of variation `cv`, FCFS (Pollaczek & Khinchine):
/// `W_q = lambda E[S^2] / (2 (1 - rho))`.
#[must_use]
pub fn mg1(rate_per_s: f64, service_s: f64, cv: f64) -> Option<OpenQueue> {
    let utilization = rate_per_s * service_s;
    if ![rate_per_s, service_s, cv].into_iter().all(is_amount) || utilization >= 1.0 {
        return None;
    }
    let second_moment = service_s * service_s * (1.0 + cv * cv);
    let waiting_time_s = rate_per_s * second_moment / (2.0 * (1.0 - utilization));
    OpenQueue::new(rate_per_s, service_s, (1.0, utilization), waiting_time_s)
}

/// A queue with places for a limited number, which loses what comes when it is full.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LossQueue {
    /// Probability that it is empty.
    pub empty_probability: f64,
    /// Probability that it is full: the share of arrivals lost.
    pub loss_probability: f64,
    /// Accepted arrivals per second.
    pub throughput_per_s: f64,
    /// Mean number in the system.
    pub present: f64,
    /// Mean time of an accepted request in the system, s.
    pub response_time_s: f64,
    /// Mean time of an accepted request before service, s.
    pub waiting_time_s: f64,
}

/// M/M/c/K: `servers` servers and `places` places in all, those in service included (`places >= servers`). It has a
/// steady state at any rate above 0.
#[must_use]
pub fn mmck(rate_per_s: f64, service_s: f64, servers: u32, places: u32) -> Option<LossQueue> {
    if !(is_amount(rate_per_s) && is_amount(service_s))
        || rate_per_s == 0.0
        || servers == 0
        || places < servers
    {
        return None;
    }
    let offered = rate_per_s * service_s;
    let weights = weights(places, |present| offered / f64::from(present.min(servers)));
    let total: f64 = weights.iter().sum();
    let present = weights
        .iter()
        .enumerate()
        .map(|(number, weight)| number as f64 * weight)
        .sum::<f64>()
        / total;
    let loss_probability = weights.last()? / total;
    let throughput_per_s = rate_per_s * (1.0 - loss_probability);
    let response_time_s = present / throughput_per_s;
    response_time_s.is_finite().then(|| LossQueue {
        empty_probability: weights[0] / total,
        loss_probability,
        throughput_per_s,
        present,
        response_time_s,
        waiting_time_s: (response_time_s - service_s).max(0.0),
    })
}

/// Relative probabilities of 0, 1, ..., `most` present in a birth-death process with these ratios of neighbours, scaled
/// so that the largest is near 1.
fn weights(most: u32, ratio: impl Fn(u32) -> f64) -> Vec<f64> {
    let mut logarithm = 0.0;
    let logarithms: Vec<f64> = (0..=most)
        .map(|present| {
            if present > 0 {
                logarithm += ratio(present).ln();
            }
            logarithm
        })
        .collect();
    let top = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logarithms.iter().map(|value| (value - top).exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_steady_state_gives_none() {
        assert_eq!(mm1(10.0, 0.1), None);
        assert_eq!(mmc(30.0, 0.1, 3), None);
        assert_eq!(mmc(1.0, 0.1, 0), None);
        assert_eq!(mg1(2.0, 0.5, 1.0), None);
        assert_eq!(mmck(1.0, 0.1, 4, 3), None);
        assert_eq!(erlang_c(-1.0, 3), None);
        assert_eq!(mm1(f64::NAN, 0.1), None);
    }

    #[test]
    fn large_queues_stay_finite() {
        let queue = mmck(5000.0, 1.0, 3000, 100_000).unwrap();
        assert!((queue.throughput_per_s - 3000.0).abs() < 1e-6);
        let queue = mmc(9990.0, 1.0, 10_000).unwrap();
        assert!(queue.wait_probability > 0.5 && queue.wait_probability < 1.0);
    }

    #[test]
    fn deterministic_service_halves_the_wait() {
        let (exponential, constant) = (mm1(5.0, 0.1).unwrap(), mg1(5.0, 0.1, 0.0).unwrap());
        assert!((exponential.waiting_time_s - 2.0 * constant.waiting_time_s).abs() < 1e-15);
        assert!((mg1(5.0, 0.1, 1.0).unwrap().present - exponential.present).abs() < 1e-12);
        assert!((mmc_waits_longer(5.0, 0.1, 1, 0.0).unwrap() - 0.5).abs() < 1e-12);
    }
}
