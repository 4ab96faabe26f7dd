//! Two hundred random sites in ten families, and the truth about each: exact where the theory gives it, else from a long run.

use autoperf_models::distribution::Distribution;
use autoperf_models::queueing::{self, ClosedNetwork, StationKind, multiserver};
use autoperf_models::simulation::{Class, Effect, Pool, Simulator, Site, Station, Step};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The families, in the order in which sites are drawn from them.
pub(crate) const FAMILIES: [&str; 10] = [
    "one tier",
    "2-4 tiers",
    "long think times",
    "FCFS, cv 0.5-3",
    "turbo",
    "coherency loss",
    "batching",
    "pool limit",
    "thrashing",
    "cold start, GC",
];

/// A site with what is to be found out about it.
pub(crate) struct Case {
    /// Index of the family.
    pub(crate) family: usize,
    /// The site for the simulator.
    pub(crate) site: Site,
    /// Servers of each station; `None` for a delay, which has no profiler.
    pub(crate) servers: Vec<Option<u32>>,
    /// Mean think time, s.
    pub(crate) think_s: f64,
    /// Plateau of throughput, or its peak, per second.
    pub(crate) capacity: f64,
    /// Saturation point.
    pub(crate) saturation_users: f64,
    /// Whether the site has two lasting states with some of the compared numbers of users: then the mean over both is what
    /// no run of a few minutes shows.
    pub(crate) metastable: bool,
    /// (users, throughput, response time) over 1..1.5 N*, where there is one lasting state.
    pub(crate) curve: Vec<(u32, f64, f64)>,
}

/// Fractions of N* at which curves are compared, besides one user.
const PLACES: [f64; 13] = [0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5];

struct Draw(ChaCha8Rng);

impl Draw {
    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (f64::from(self.0.next_u32()) / f64::from(u32::MAX))
    }

    fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        self.uniform(low.ln(), high.ln()).exp()
    }

    fn whole(&mut self, low: u32, high: u32) -> u32 {
        low + self.0.next_u32() % (high - low + 1)
    }

    fn servers(&mut self, high: u32) -> u32 {
        self.log_uniform(1.0, f64::from(high) + 0.99) as u32
    }
}

/// Parts of a site before it is put together.
struct Parts {
    demands: Vec<f64>,
    servers: Vec<u32>,
    delay_s: f64,
    think_s: f64,
    fcfs: bool,
    cv: f64,
    effects: Vec<Effect>,
    pool: Option<u32>,
}

/// The site number `index`.
pub(crate) fn case(index: usize) -> Case {
    let family = index % FAMILIES.len();
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(1_000 + index as u64));
    let parts = parts(&mut draw, family, index);
    let site = site(&parts);
    let mut servers: Vec<Option<u32>> = parts.servers.iter().map(|&m| Some(m)).collect();
    if parts.delay_s > 0.0 {
        servers.push(None);
    }
    let truth = Truth::new(&parts, &site);
    let capacity = truth.capacity;
    let single_s = truth.response_s(1);
    let saturation_users = capacity * (single_s + parts.think_s);
    let mut users: Vec<u32> = PLACES
        .iter()
        .map(|f| ((f * saturation_users).round() as u32).max(1))
        .collect();
    users.insert(0, 1);
    users.dedup();
    let all = users.len();
    users.retain(|&n| !truth.two_states(n));
    let metastable = users.len() < all;
    let curve = users.into_iter().map(|n| {
        let response_s = truth.response_s(n);
        (n, f64::from(n) / (response_s + parts.think_s), response_s)
    });
    let curve = curve.collect();
    Case {
        family,
        site,
        servers,
        think_s: parts.think_s,
        capacity,
        saturation_users,
        metastable,
        curve,
    }
}

fn parts(draw: &mut Draw, family: usize, index: usize) -> Parts {
    let tiers = match family {
        0 => 1,
        1 => draw.whole(2, 4),
        _ => draw.whole(1, 3),
    } as usize;
    let limit = draw.log_uniform(10.0, 600.0);
    let most = if family == 0 { 64 } else { 16 };
    let servers: Vec<u32> = (0..tiers).map(|_| draw.servers(most)).collect();
    let share: Vec<f64> = (0..tiers)
        .map(|k| if k == 0 { 1.0 } else { draw.uniform(0.1, 0.98) })
        .collect();
    let demands: Vec<f64> = servers
        .iter()
        .zip(&share)
        .map(|(&m, s)| f64::from(m) * s / limit)
        .collect();
    let busy_s: f64 = demands.iter().sum();
    let delay_s = if draw.uniform(0.0, 1.0) < 0.3 {
        busy_s * draw.uniform(0.05, 1.0)
    } else {
        0.0
    };
    let ratio = match family {
        2 => draw.log_uniform(100.0, 1000.0),
        _ if draw.uniform(0.0, 1.0) < 0.08 => 0.0,
        _ => draw.log_uniform(0.5, 100.0),
    };
    let think_s = (ratio * (busy_s + delay_s)).min(20.0);
    let (mut fcfs, mut cv) = (draw.uniform(0.0, 1.0) < 0.4, 1.0);
    let mut effects = Vec::new();
    let mut pool = None;
    let first = servers[0];
    match family {
        3 => (fcfs, cv) = (true, draw.log_uniform(0.5, 3.0)),
        4 => effects.push(Effect::Turbo {
            loss: draw.uniform(0.05, 0.3),
            full_at: first + 1 + draw.whole(0, 3),
        }),
        5 => effects.push(Effect::Coherency {
            per_job: draw.log_uniform(0.0003, 0.004),
        }),
        6 => effects.push(Effect::Batching {
            gain: draw.uniform(0.1, 0.3),
            full_at: 2 * first + draw.whole(2, 20),
        }),
        7 => pool = Some(((busy_s + delay_s) * limit * draw.uniform(0.25, 0.9)).ceil() as u32),
        8 => effects.push(Effect::Thrashing {
            beyond: 3 * first + draw.whole(5, 60),
            per_job: draw.log_uniform(0.002, 0.02),
        }),
        9 if index % 20 < 10 => effects.push(Effect::ColdStart {
            extra: draw.uniform(0.3, 2.0),
            decay_s: draw.uniform(3.0, 12.0),
        }),
        9 => effects.push(Effect::Pauses {
            every: Distribution::Exponential {
                mean: draw.uniform(0.5, 3.0),
            },
            length: Distribution::Uniform {
                low: 0.02,
                high: draw.uniform(0.05, 0.2),
            },
            busy_servers: f64::from(first),
        }),
        _ => {}
    }
    if !effects.is_empty() && family != 9 {
        fcfs = false;
    }
    Parts {
        demands,
        servers,
        delay_s,
        think_s,
        fcfs,
        cv,
        effects,
        pool,
    }
}

fn law(mean: f64, cv: f64) -> Distribution {
    match cv {
        1.0 => Distribution::Exponential { mean },
        cv if cv > 1.0 => Distribution::Hyperexponential { mean, cv },
        cv => Distribution::Lognormal { mean, cv },
    }
}

fn site(parts: &Parts) -> Site {
    let mut stations = Vec::new();
    let mut route = Vec::new();
    for (index, (&demand_s, &servers)) in parts.demands.iter().zip(&parts.servers).enumerate() {
        let name = format!("tier {}", index + 1);
        let mut station = if parts.fcfs {
            Station::fcfs(&name, servers)
        } else {
            Station::sharing(&name, servers)
        };
        if index == 0 {
            station.effects.clone_from(&parts.effects);
        }
        stations.push(station);
        route.push(Step::visit(index, law(demand_s, parts.cv)));
    }
    if parts.delay_s > 0.0 {
        route.push(Step::visit(
            stations.len(),
            Distribution::Erlang {
                stages: 4,
                mean: parts.delay_s,
            },
        ));
        stations.push(Station::delay("network"));
    }
    if parts.pool.is_some() {
        route.insert(0, Step::Take(0));
        route.push(Step::Return(0));
    }
    let think = if parts.think_s > 0.0 {
        Distribution::Exponential { mean: parts.think_s }
    } else {
        Distribution::Constant(0.0)
    };
    let mut site = Site::of_one_class(stations, Class::new("page", route, think));
    site.pools
        .extend(parts.pool.map(|size| Pool::new("threads", size)));
    site
}

/// What is true of a site.
struct Truth {
    capacity: f64,
    think_s: f64,
    /// R(N) by theory; the simulator is asked where it is empty.
    exact: Vec<f64>,
    /// The network of theory, where the first tier's speed depends on load.
    loaded: Option<ClosedNetwork>,
    site: Site,
}

impl Truth {
    fn new(parts: &Parts, site: &Site) -> Self {
        let bound = parts
            .demands
            .iter()
            .zip(&parts.servers)
            .map(|(d, &m)| f64::from(m) / d)
            .fold(f64::INFINITY, f64::min);
        let mut truth = Self {
            capacity: bound,
            think_s: parts.think_s,
            exact: Vec::new(),
            loaded: None,
            site: site.clone(),
        };
        let cycle_s = parts.think_s + parts.delay_s + parts.demands.iter().sum::<f64>();
        let reach = (2.2 * bound * cycle_s) as u32 + 10;
        let pauses = parts.effects.iter().find_map(|e| match e {
            Effect::Pauses {
                every: Distribution::Exponential { mean },
                length: Distribution::Uniform { low, high },
                ..
            } => Some(mean / (mean + (low + high) / 2.0)),
            _ => None,
        });
        if let Some(share) = pauses {
            // The first tier alone pauses.
            let first = share * f64::from(parts.servers[0]) / parts.demands[0];
            let others = parts
                .demands
                .iter()
                .zip(&parts.servers)
                .skip(1)
                .map(|(d, &m)| f64::from(m) / d);
            truth.capacity = others.fold(first, f64::min);
        } else if parts.fcfs && parts.cv != 1.0 {
            // The plateau does not depend on the law of service.
        } else {
            let mut network = network(parts, reach);
            if let Some(size) = parts.pool {
                // The site behind the pool as one server (Chandy, Herzog & Woo 1975), cut off at the pool's size.
                network.think_time_s = 0.0;
                let inner = curve(&network, size.max(1));
                let server = queueing::Station {
                    name: "pool".into(),
                    demand_s: 1.0 / inner[0].0,
                    kind: StationKind::LoadDependent(inner.iter().map(|(x, _)| x / inner[0].0).collect()),
                };
                network = ClosedNetwork {
                    stations: vec![server],
                    think_time_s: parts.think_s,
                };
            }
            let solved = curve(&network, reach);
            let peak = solved.iter().map(|(x, _)| *x).fold(0.0, f64::max);
            let falling = solved.last().is_some_and(|(x, _)| *x < 0.99 * peak);
            let batching = parts.effects.iter().any(|e| matches!(e, Effect::Batching { .. }));
            truth.capacity = if falling || parts.pool.is_some() || batching || !parts.effects.is_empty() {
                peak
            } else {
                bound
            };
            if parts
                .effects
                .iter()
                .any(|e| matches!(e, Effect::ColdStart { .. }))
            {
                truth.capacity = bound;
            }
            if falling {
                truth.loaded = Some(network);
            }
            truth.exact = solved.into_iter().map(|(_, r)| r).collect();
        }
        truth
    }

    /// Whether the number of jobs at the first tier has two likely values with a gap between them.
    fn two_states(&self, users: u32) -> bool {
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

    fn response_s(&self, users: u32) -> f64 {
        if let Some(&exact) = self.exact.get(users as usize - 1) {
            return exact;
        }
        simulated(&self.site, users, self.think_s, self.capacity)
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
