//! Two hundred random sites in ten families.

use super::truth::Truth;
use autoperf_models::distribution::Distribution;
use autoperf_models::simulation::{Class, Effect, Pool, Site, Station, Step};
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
pub(crate) struct Parts {
    pub(crate) demands: Vec<f64>,
    pub(crate) servers: Vec<u32>,
    pub(crate) delay_s: f64,
    pub(crate) think_s: f64,
    pub(crate) fcfs: bool,
    pub(crate) cv: f64,
    pub(crate) effects: Vec<Effect>,
    pub(crate) pool: Option<u32>,
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
    let fcfs = draw.uniform(0.0, 1.0) < 0.4;
    let cv = if family == 3 {
        draw.log_uniform(0.5, 3.0)
    } else {
        1.0
    };
    let pool = (family == 7).then(|| ((busy_s + delay_s) * limit * draw.uniform(0.25, 0.9)).ceil() as u32);
    let effects: Vec<Effect> = effect(draw, family, index, servers[0]).into_iter().collect();
    // Theory knows the effects of load under processor sharing.
    let by_load = !effects.is_empty() && family != 9;
    Parts {
        demands,
        servers,
        delay_s,
        think_s,
        fcfs: (fcfs || family == 3) && !by_load,
        cv,
        effects,
        pool,
    }
}

/// What is special about the first tier, which has `servers` servers.
fn effect(draw: &mut Draw, family: usize, index: usize, servers: u32) -> Option<Effect> {
    Some(match family {
        4 => Effect::Turbo {
            loss: draw.uniform(0.05, 0.3),
            full_at: servers + 1 + draw.whole(0, 3),
        },
        5 => Effect::Coherency {
            per_job: draw.log_uniform(0.0003, 0.004),
        },
        6 => Effect::Batching {
            gain: draw.uniform(0.1, 0.3),
            full_at: 2 * servers + draw.whole(2, 20),
        },
        8 => Effect::Thrashing {
            beyond: 3 * servers + draw.whole(5, 60),
            per_job: draw.log_uniform(0.002, 0.02),
        },
        9 if index % 20 < 10 => Effect::ColdStart {
            extra: draw.uniform(0.3, 2.0),
            decay_s: draw.uniform(3.0, 12.0),
        },
        9 => Effect::Pauses {
            every: Distribution::Exponential {
                mean: draw.uniform(0.5, 3.0),
            },
            length: Distribution::Uniform {
                low: 0.02,
                high: draw.uniform(0.05, 0.2),
            },
            busy_servers: f64::from(servers),
        },
        _ => return None,
    })
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
