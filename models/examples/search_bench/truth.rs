//! What is true of a simulated site: exact where the theory gives it, else from a long run.

#![expect(
    clippy::expect_used,
    reason = "a site of the bench that cannot be solved is a mistake in the bench"
)]

use super::sites::Parts;
use autoperf_models::distribution::Distribution;
use autoperf_models::queueing::{self, ClosedNetwork, StationKind, multiserver};
use autoperf_models::simulation::{Effect, Simulator, Site};

/// What is true of a site.
pub(crate) struct Truth {
    /// Plateau of throughput, or its peak, per second.
    pub(crate) capacity: f64,
    think_s: f64,
    /// R(N) by theory; the simulator is asked where it is empty.
    exact: Vec<f64>,
    /// The network of theory, where the first tier's speed depends on load.
    loaded: Option<ClosedNetwork>,
    site: Site,
}

impl Truth {
    /// The truth about a site.
    pub(crate) fn new(parts: &Parts, site: &Site) -> Self {
        let limits = parts
            .demands
            .iter()
            .zip(&parts.servers)
            .map(|(d, &m)| f64::from(m) / d);
        let bound = limits.clone().fold(f64::INFINITY, f64::min);
        let mut truth = Self {
            capacity: bound,
            think_s: parts.think_s,
            exact: Vec::new(),
            loaded: None,
            site: site.clone(),
        };
        if let Some(share) = running_share(parts) {
            // The first tier alone pauses.
            let first = share * f64::from(parts.servers[0]) / parts.demands[0];
            truth.capacity = limits.skip(1).fold(first, f64::min);
        } else if !parts.fcfs || parts.cv == 1.0 {
            // Other laws of service under FCFS: the plateau is the same, the rest is simulated.
            truth.solve(parts, bound);
        }
        truth
    }

    fn solve(&mut self, parts: &Parts, bound: f64) {
        let cycle_s = parts.think_s + parts.delay_s + parts.demands.iter().sum::<f64>();
        let reach = (2.2 * bound * cycle_s) as u32 + 10;
        let mut network = network(parts, reach);
        if let Some(size) = parts.pool {
            network = behind_pool(network, size);
        }
        let solved = curve(&network, reach);
        let peak = solved.iter().map(|(x, _)| *x).fold(0.0, f64::max);
        let falling = solved.last().is_some_and(|(x, _)| *x < 0.99 * peak);
        let cold = parts
            .effects
            .iter()
            .any(|e| matches!(e, Effect::ColdStart { .. }));
        if parts.pool.is_some() || !parts.effects.is_empty() && !cold {
            self.capacity = peak.max(batched_limit(parts).unwrap_or(0.0));
        }
        self.loaded = falling.then_some(network);
        self.exact = solved.into_iter().map(|(_, r)| r).collect();
    }

    /// Whether the number of jobs at the first tier has two likely values with a gap between them.
    pub(crate) fn two_states(&self, users: u32) -> bool {
        let Some(network) = &self.loaded else { return false };
        let marginals = multiserver::marginals(network, users).expect("a network drawn here can be solved");
        let likely = &marginals[0];
        let mut below = 0.0_f64;
        let mut valley = f64::INFINITY;
        for (n, &p) in likely.iter().enumerate() {
            let above = likely[n..].iter().copied().fold(0.0, f64::max);
            below = below.max(p);
            valley = valley.min(p / below.min(above).max(1e-300));
        }
        let top = likely.iter().copied().fold(0.0, f64::max);
        valley < 0.3 && top > 0.0 && self.lasting(likely)
    }

    /// Whether both sides of the deepest gap hold a share that counts.
    fn lasting(&self, likely: &[f64]) -> bool {
        let mut best = (f64::INFINITY, 0);
        let mut below = 0.0_f64;
        for (n, &p) in likely.iter().enumerate() {
            let above = likely[n..].iter().copied().fold(0.0, f64::max);
            below = below.max(p);
            let depth = p / below.min(above).max(1e-300);
            if depth < best.0 {
                best = (depth, n);
            }
        }
        let low: f64 = likely[..best.1].iter().sum();
        low > 1e-6 && low < 1.0 - 1e-6
    }

    /// Mean response time, s.
    pub(crate) fn response_s(&self, users: u32) -> f64 {
        if let Some(&exact) = self.exact.get(users as usize - 1) {
            return exact;
        }
        simulated(&self.site, users, self.think_s, self.capacity)
    }
}

/// Share of the time in which a first tier that pauses runs.
fn running_share(parts: &Parts) -> Option<f64> {
    parts.effects.iter().find_map(|effect| match effect {
        Effect::Pauses {
            every: Distribution::Exponential { mean },
            length: Distribution::Uniform { low, high },
            ..
        } => Some(mean / (mean + (low + high) / 2.0)),
        _ => None,
    })
}

/// The limit of a site whose first tier gains by batching, far beyond N*, per second.
fn batched_limit(parts: &Parts) -> Option<f64> {
    let gain = parts.effects.iter().find_map(|effect| match effect {
        Effect::Batching { gain, .. } => Some(*gain),
        _ => None,
    })?;
    let limits = parts.demands.iter().zip(&parts.servers).enumerate();
    let limits = limits.map(|(index, (d, &m))| {
        let demand_s = if index == 0 { d * (1.0 - gain) } else { *d };
        f64::from(m) / demand_s
    });
    Some(limits.fold(f64::INFINITY, f64::min))
}

/// The site behind a pool as one server (Chandy, Herzog & Woo 1975), cut off at the pool's size.
fn behind_pool(mut network: ClosedNetwork, size: u32) -> ClosedNetwork {
    let think_time_s = std::mem::replace(&mut network.think_time_s, 0.0);
    let inner = curve(&network, size.max(1));
    let alone = inner[0].0;
    let server = queueing::Station {
        name: "pool".into(),
        demand_s: 1.0 / alone,
        kind: StationKind::LoadDependent(inner.iter().map(|(x, _)| x / alone).collect()),
    };
    ClosedNetwork {
        stations: vec![server],
        think_time_s,
    }
}

fn curve(network: &ClosedNetwork, users: u32) -> Vec<(f64, f64)> {
    let solved = multiserver::solve_curve(network, users).expect("a network drawn here can be solved");
    solved
        .throughput_per_s
        .into_iter()
        .zip(solved.response_time_s)
        .collect()
}

/// The product-form network of the site, load effects as rates that depend on the number present.
fn network(parts: &Parts, reach: u32) -> ClosedNetwork {
    let mut stations = Vec::new();
    for (index, (&demand_s, &servers)) in parts.demands.iter().zip(&parts.servers).enumerate() {
        let name = format!("tier {}", index + 1);
        let load = parts
            .effects
            .iter()
            .filter(|e| !matches!(e, Effect::ColdStart { .. }));
        let load: Vec<&Effect> = if index == 0 { load.collect() } else { Vec::new() };
        let kind = if load.is_empty() {
            StationKind::Queueing { servers }
        } else {
            StationKind::LoadDependent(
                (1..=reach)
                    .map(|n| f64::from(n.min(servers)) * load.iter().map(|e| speed(e, n)).product::<f64>())
                    .collect(),
            )
        };
        stations.push(queueing::Station { name, demand_s, kind });
    }
    if parts.delay_s > 0.0 {
        stations.push(queueing::Station::delay("network", parts.delay_s));
    }
    ClosedNetwork {
        stations,
        think_time_s: parts.think_s,
    }
}

fn speed(effect: &Effect, jobs: u32) -> f64 {
    let others = f64::from(jobs - 1);
    let share = |full_at: u32| (others / f64::from(full_at - 1)).min(1.0);
    1.0 / match *effect {
        Effect::Turbo { loss, full_at } => 1.0 + loss * share(full_at),
        Effect::Coherency { per_job } => 1.0 + per_job * others,
        Effect::Batching { gain, full_at } => 1.0 - gain * share(full_at),
        Effect::Thrashing { beyond, per_job } => 1.0 + per_job * f64::from(jobs.saturating_sub(beyond)),
        _ => 1.0,
    }
}

/// R(N) from a run of many completions, freed of the think times drawn: (1-c) R + c (N/X - Z), where c grows from 0 at light load to 1 in
/// saturation; its least variance is found from batches.
fn simulated(site: &Site, users: u32, think_s: f64, capacity: f64) -> f64 {
    let rate = capacity.min(f64::from(users) / think_s.max(1e-9));
    let mut simulator = Simulator::new(site, 77).expect("a site drawn here can be simulated");
    simulator.set_users(users);
    let warm_s = 3.0 * think_s + 4_000.0 / rate;
    simulator.run_until(warm_s, |_| {});
    let batches = 25_u32;
    let length_s = 100_000.0 / rate / f64::from(batches);
    let mut readings = Vec::new();
    for batch in 1..=batches {
        let (mut count, mut sum) = (0_u64, 0.0);
        simulator.run_until(warm_s + f64::from(batch) * length_s, |record| {
            count += 1;
            sum += record.response_time_s();
        });
        let own = sum / count as f64;
        readings.push((own, f64::from(users) * length_s / count as f64 - think_s));
    }
    let mean = |f: &dyn Fn(&(f64, f64)) -> f64| readings.iter().map(f).sum::<f64>() / readings.len() as f64;
    let (own, law) = (mean(&|r| r.0), mean(&|r| r.1));
    let gap = mean(&|r| (r.1 - r.0 - law + own).powi(2));
    let together = mean(&|r| (r.0 - own) * (r.1 - r.0 - law + own));
    let share = if gap > 0.0 {
        (-together / gap).clamp(0.0, 1.0)
    } else {
        0.0
    };
    own + share * (law - own)
}
