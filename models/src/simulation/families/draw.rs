//! Drawing a site of a family.

use super::Family;
use crate::distribution::{Distribution, half_open};
use crate::simulation::site::{Class, Effect, Pool, Site, Station, Step};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The site's bones before its family shapes it.
struct Frame {
    tiers: Vec<Tier>,
    /// Delay beyond the profiled tiers, s; 0 = none.
    network_s: f64,
    think_s: f64,
    /// Index of the tier that limits throughput.
    limiting: usize,
    /// Saturation point if nothing but the demands acted.
    saturation_users: f64,
}

struct Tier {
    servers: u32,
    demand_s: f64,
    cv: f64,
}

/// Streams of the families begin here, apart from those of a simulation with the same seed.
const STREAM_FAMILIES: u64 = 1 << 60;

pub(super) fn site(family: Family, number: u32, seed: u64) -> Site {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(STREAM_FAMILIES + ((family as u64) << 32) + u64::from(number));
    let frame = frame(&mut rng);
    let mut site = build(family, &frame, &mut rng);
    let limiting = &frame.tiers[frame.limiting];
    if let Some(effect) = effect(family, limiting.servers, frame.saturation_users, &mut rng) {
        site.stations[frame.limiting].effects.push(effect);
    }
    if family == Family::PoolLimited {
        hold_pool(&mut site, &frame, &mut rng);
    }
    site
}

/// Draws until the site can be loaded to saturation at a bearable cost. The ratio of think to response time is drawn once,
/// or the bearable sites would nearly all be those with short think times.
fn frame(rng: &mut ChaCha8Rng) -> Frame {
    let ratio = if half_open(rng) < 0.1 {
        0.0
    } else {
        log_uniform(rng, 0.1, 1000.0)
    };
    loop {
        let limiting_demand_s = log_uniform(rng, 0.002, 0.25);
        let limiting_servers = servers(rng);
        let capacity = f64::from(limiting_servers) / limiting_demand_s;
        let count = 1 + whole(rng, 4);
        let limiting = whole(rng, count);
        let tiers: Vec<Tier> = (0..count)
            .map(|index| {
                let cv = log_uniform(rng, 0.5, 3.0);
                let servers = servers(rng);
                let utilization = uniform(rng, 0.1, 0.95);
                if index == limiting {
                    return Tier {
                        servers: limiting_servers,
                        demand_s: limiting_demand_s,
                        cv,
                    };
                }
                Tier {
                    servers,
                    demand_s: utilization * f64::from(servers) / capacity,
                    cv,
                }
            })
            .collect();
        let demand_s: f64 = tiers.iter().map(|tier| tier.demand_s).sum();
        let network_s = if half_open(rng) < 0.5 {
            demand_s * uniform(rng, 0.02, 0.4)
        } else {
            0.0
        };
        let response_s = demand_s + network_s;
        let think_s = ratio * response_s;
        let saturation_users = capacity * (response_s + think_s);
        let bearable = (5.0..=2_000.0).contains(&capacity)
            && (3.0..=4_000.0).contains(&saturation_users)
            && think_s <= 20.0
            && response_s <= 1.0;
        if bearable {
            return Frame {
                tiers,
                network_s,
                think_s,
                limiting,
                saturation_users,
            };
        }
    }
}

fn build(family: Family, frame: &Frame, rng: &mut ChaCha8Rng) -> Site {
    let shared = match family {
        Family::MultiServer | Family::Variable => false,
        Family::PoolLimited | Family::Pauses => half_open(rng) < 0.5,
        _ => true,
    };
    // Where there is an exact answer only for the exponential law, it is that.
    let exponential = family == Family::MultiServer || (family == Family::PoolLimited && !shared);
    let tier = |(index, tier): (usize, &Tier)| {
        let name = format!("tier {}", index + 1);
        if shared {
            Station::sharing(&name, tier.servers)
        } else {
            Station::fcfs(&name, tier.servers)
        }
    };
    let mut stations: Vec<Station> = frame.tiers.iter().enumerate().map(tier).collect();
    if frame.network_s > 0.0 {
        stations.push(Station::delay("network"));
    }
    let count = if family == Family::PoolLimited {
        1
    } else {
        1 + whole(rng, 3)
    };
    let entry = row(rng, count, 1.0);
    let rows = (0..count).map(|_| uniform(rng, 0.3, 0.95)).collect::<Vec<f64>>();
    let mut site = Site {
        stations,
        classes: (1..=count).map(|number| class(number, frame)).collect(),
        entry,
        rows: rows.into_iter().map(|stay| row(rng, count, stay)).collect(),
        ..Site::default()
    };
    let factors = factors(&site, exponential, rng);
    for (class, factor) in site.classes.iter_mut().zip(factors) {
        let visits = frame.tiers.iter().enumerate().map(|(station, tier)| {
            let cv = if exponential { 1.0 } else { tier.cv };
            Step::visit(station, law(tier.demand_s * factor, cv))
        });
        class.route.splice(0..0, visits);
    }
    site
}

/// A class that thinks and crosses the network, before its work on the tiers is known.
fn class(number: usize, frame: &Frame) -> Class {
    let mut route = Vec::new();
    if frame.network_s > 0.0 {
        let crossing = Distribution::Erlang {
            stages: 4,
            mean: frame.network_s,
        };
        route.push(Step::visit(frame.tiers.len(), crossing));
    }
    Class::new(
        &format!("class {number}"),
        route,
        Distribution::Exponential { mean: frame.think_s },
    )
}

/// How much more a class costs than the mean over the mix: not at all where the order of service would make that a matter
/// of the law.
fn factors(site: &Site, exponential: bool, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let count = site.classes.len();
    if exponential {
        return vec![1.0; count];
    }
    let factors: Vec<f64> = (0..count).map(|_| log_uniform(rng, 0.3, 3.0)).collect();
    let mix = site.mix().unwrap_or_else(|| vec![1.0 / count as f64; count]);
    let mean: f64 = factors
        .iter()
        .zip(&mix)
        .map(|(factor, share)| factor * share)
        .sum();
    factors.iter().map(|factor| factor / mean).collect()
}

/// The law of a mean and a cv in 0.5..3.
fn law(mean: f64, cv: f64) -> Distribution {
    Distribution::with_cv(mean, cv).unwrap_or(Distribution::Exponential { mean })
}

/// What the family does to the limiting tier.
///
/// A loss by each further job stays below 1 / N* a job: beyond that a closed site has two stable states at one and the same
/// number of users (of which one is that of the trap `Metastable`), and no curve is its truth.
fn effect(family: Family, servers: u32, saturation_users: f64, rng: &mut ChaCha8Rng) -> Option<Effect> {
    let mut within = |low: f64, high: f64| uniform(rng, low, high);
    Some(match family {
        Family::Turbo => Effect::Turbo {
            loss: within(0.05, 0.25),
            full_at: servers.max(3),
        },
        Family::Coherency => Effect::Coherency {
            per_job: within(0.1, 0.8) / (saturation_users + 2.0 * f64::from(servers)),
        },
        Family::Batching => Effect::Batching {
            gain: within(0.1, 0.4),
            full_at: servers + within(4.0, 32.0) as u32,
        },
        Family::Thrashing => Effect::Thrashing {
            beyond: servers + (within(0.05, 0.4) * saturation_users) as u32,
            per_job: within(0.3, 0.9) / saturation_users,
        },
        Family::ColdStart => Effect::ColdStart {
            extra: within(0.3, 3.0),
            decay_s: within(3.0, 20.0),
        },
        Family::Pauses => {
            let every_s = within(1.0, 8.0);
            Effect::Pauses {
                every: Distribution::Erlang {
                    stages: 4,
                    mean: every_s,
                },
                length: Distribution::Constant(every_s * within(0.01, 0.06)),
                busy_servers: if half_open(rng) < 0.5 {
                    f64::from(servers)
                } else {
                    0.0
                },
            }
        }
        Family::Shared | Family::MultiServer | Family::Variable | Family::PoolLimited => return None,
    })
}

/// Puts all tiers behind a pool too small for the processors: a share of the jobs that would be inside at saturation.
fn hold_pool(site: &mut Site, frame: &Frame, rng: &mut ChaCha8Rng) {
    let limiting = &frame.tiers[frame.limiting];
    let capacity = f64::from(limiting.servers) / limiting.demand_s;
    let demand_s: f64 = frame.tiers.iter().map(|tier| tier.demand_s).sum();
    let inside = capacity * (demand_s + frame.network_s);
    let size = (inside * uniform(rng, 0.3, 0.9)).floor().max(1.0) as u32;
    site.pools.push(Pool::new("threads", size));
    for class in &mut site.classes {
        class.route.insert(0, Step::Take(0));
        class.route.push(Step::Return(0));
    }
}

/// Random probabilities with the given sum.
fn row(rng: &mut ChaCha8Rng, count: usize, sum: f64) -> Vec<f64> {
    let weights: Vec<f64> = (0..count).map(|_| uniform(rng, 0.2, 1.0)).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| sum * weight / total).collect()
}

/// 1 to 64, each doubling as likely as the next.
fn servers(rng: &mut ChaCha8Rng) -> u32 {
    log_uniform(rng, 1.0, 65.0) as u32
}

fn whole(rng: &mut ChaCha8Rng, below: usize) -> usize {
    (half_open(rng) * below as f64) as usize
}

pub(super) fn uniform(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * half_open(rng)
}

pub(super) fn log_uniform(rng: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low * libm::exp(half_open(rng) * libm::log(high / low))
}
