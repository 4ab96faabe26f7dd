//! A site whose exact curve is known, seen through the noise that a short level has.

#![expect(
    clippy::unwrap_used,
    reason = "part of a test: a failure here is the test's failure"
)]

use autoperf_models::Estimate;
use autoperf_models::level::{Precision, Steadiness};
use autoperf_models::queueing::{ClosedNetwork, Station, StationKind, multiserver};
use autoperf_models::search::{LevelOutcome, ResourceDemand};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What else may be the matter with a site or its generator.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// Every transaction fails.
    Fails,
    /// The generator cannot send more than so many per second.
    Generator(f64),
    /// Something else took the generator's processor during the first level.
    HeldUpAtFirst,
    /// The output flips between two regimes beyond this number of users.
    Flips(u32),
    /// Demands grow by this share of their first values per minute.
    Leak(f64),
    /// Beyond this number of users a fifth of the transactions time out.
    TimesOut(u32),
    /// Beyond this number of users throughput falls to a tenth while the level goes on.
    Collapses(u32),
}

/// An exactly solvable site with a profiler.
pub(crate) struct Site {
    network: ClosedNetwork,
    /// Whether each station is profiled.
    profiled: Vec<bool>,
    /// What is odd about it.
    pub(crate) trouble: Trouble,
    /// Time under load so far, s.
    elapsed_s: f64,
    random: ChaCha8Rng,
}

impl Site {
    /// Stations given as (demand in seconds, servers).
    pub(crate) fn new(stations: &[(f64, u32)], think_s: f64, seed: u64) -> Self {
        let named = stations.iter().enumerate();
        let stations: Vec<_> = named
            .map(|(index, &(demand_s, servers))| {
                Station::queueing(&format!("station {index}"), demand_s, servers)
            })
            .collect();
        Self {
            profiled: vec![true; stations.len()],
            trouble: Trouble::None,
            elapsed_s: 0.0,
            network: ClosedNetwork {
                stations,
                think_time_s: think_s,
            },
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// The same site with a trouble.
    #[must_use]
    pub(crate) fn with(mut self, trouble: Trouble) -> Self {
        self.trouble = trouble;
        self
    }

    /// The same site whose first station slows down by `per_job` for each further job present.
    #[must_use]
    pub(crate) fn with_coherency_loss(mut self, per_job: f64) -> Self {
        let station = &mut self.network.stations[0];
        let speed = |n: u32| station.rate(n) / (1.0 + per_job * f64::from(n - 1));
        station.kind = StationKind::LoadDependent((1..=4000).map(speed).collect());
        self
    }

    /// The same site whose first station gains up to `gain` of its demand as `full_at` jobs come together.
    #[must_use]
    pub(crate) fn with_batching(mut self, gain: f64, full_at: u32) -> Self {
        let station = &mut self.network.stations[0];
        let share = |n: u32| (f64::from(n - 1) / f64::from(full_at - 1)).min(1.0);
        let speed = |n: u32| station.rate(n) / (1.0 - gain * share(n));
        station.kind = StationKind::LoadDependent((1..=4000).map(speed).collect());
        self
    }

    /// The same site with nobody to ask for demands.
    #[must_use]
    pub(crate) fn without_profiler(mut self) -> Self {
        self.profiled.fill(false);
        self
    }

    /// Throughput and response time for 1..=`users`.
    pub(crate) fn exact(&self, users: u32) -> Vec<(f64, f64)> {
        let curve = multiserver::solve_curve(&self.network, users).unwrap();
        curve
            .throughput_per_s
            .into_iter()
            .zip(curve.response_time_s)
            .collect()
    }

    fn normal(&mut self) -> f64 {
        // Twelve uniforms: near enough to normal for noise, and no tail that would need a story.
        let sum: f64 = (0..12)
            .map(|_| self.random.next_u32() as f64 / f64::from(u32::MAX))
            .sum();
        sum - 6.0
    }

    /// One level, as long as the precision asks.
    pub(crate) fn run(&mut self, users: u32, precision: &Precision) -> LevelOutcome {
        let sound = self.network.clone();
        if let Trouble::Leak(share) = self.trouble {
            let factor = 1.0 + share * self.elapsed_s / 60.0;
            self.network
                .stations
                .iter_mut()
                .for_each(|s| s.demand_s *= factor);
        }
        let outcome = self.sound_run(users, precision);
        self.network = sound;
        self.elapsed_s += outcome.load_s;
        self.troubled(outcome)
    }

    fn sound_run(&mut self, users: u32, precision: &Precision) -> LevelOutcome {
        let think_s = self.network.think_time_s;
        let (x, r) = *self.exact(users).last().unwrap();
        let step = 1e-3 * think_s.max(1e-3);
        let mut slower = self.network.clone();
        slower.think_time_s += step;
        let moved = multiserver::solve(&slower, users).unwrap().response_time_s;
        let share = ((r - moved) / step).clamp(0.0, 1.0);
        // Relative standard errors of R at fixed think times, and of the think time drawn, for one transaction.
        let of_service = (1.0 - share) * 2.0 + share * (r + think_s) / r;
        let of_think = think_s;
        let of_throughput = share + (1.0 - share) * think_s / (r + think_s);
        let of_response = of_service.hypot(share * of_think / r);
        let needed = (1.96 * of_throughput / precision.throughput)
            .powi(2)
            .max((1.96 * of_response / precision.response_time).powi(2));
        let measured_s = (needed.max(precision.min_completions as f64) / x)
            .max(precision.min_measured_s)
            .min(precision.max_level_s - 2.0);
        let n = (x * measured_s).max(1.0);
        let think = think_s + of_think * self.normal() / n.sqrt();
        let response =
            (r * (1.0 + of_service * self.normal() / n.sqrt()) - share * (think - think_s)).max(0.05 * r);
        let throughput = f64::from(users) / (response + think);
        let half = |value: f64, relative: f64| {
            Estimate::symmetric(value, 1.96 * value * relative / n.sqrt(), n as u64)
        };
        let mut demands = Vec::new();
        for index in 0..self.network.stations.len() {
            let station = self.network.stations[index].clone();
            let servers = station.capacity().unwrap_or(1.0);
            let busy = x * station.demand_s / servers;
            // In saturation busy time and completions tell the same: X = m / D.
            let noise = if busy > 0.98 {
                x / throughput - 1.0
            } else {
                self.normal() / n.sqrt()
            };
            if self.profiled[index] {
                demands.push(ResourceDemand {
                    resource: station.name.clone(),
                    demand_s: half(station.demand_s * (1.0 + noise), 1.0).unwrap(),
                    servers,
                    shares: None,
                    whole_host: false,
                });
            }
        }
        LevelOutcome {
            users,
            throughput_per_s: half(throughput, of_throughput),
            response_time_s: half(response, of_response),
            quantiles_s: vec![(0.95, half(3.0 * response, of_response).unwrap())],
            think_time_s: think,
            demands,
            error_share: 0.0,
            timeout_share: 0.0,
            steadiness: Steadiness::Steady { since_s: 2.0 },
            generator_saturated: false,
            little_gap: 0.0,
            load_s: measured_s + 2.0,
        }
    }

    fn troubled(&self, mut outcome: LevelOutcome) -> LevelOutcome {
        match self.trouble {
            Trouble::Fails => {
                (outcome.throughput_per_s, outcome.response_time_s) = (None, None);
                outcome.error_share = 1.0;
            }
            Trouble::Generator(limit) if outcome.throughput_per_s.unwrap().value > limit => {
                outcome.throughput_per_s = outcome.throughput_per_s.map(|x| x.scaled(limit / x.value));
                outcome.generator_saturated = true;
            }
            Trouble::HeldUpAtFirst => outcome.generator_saturated = self.elapsed_s <= outcome.load_s,
            Trouble::Flips(beyond) if outcome.users > beyond => outcome.steadiness = Steadiness::TwoState,
            Trouble::Collapses(beyond) if outcome.users > beyond => {
                let fallen = |e: Estimate| e.scaled(0.1);
                let users = f64::from(outcome.users);
                outcome.throughput_per_s = outcome.throughput_per_s.map(fallen);
                let response_s = users / outcome.throughput_per_s.unwrap().value - outcome.think_time_s;
                let response = outcome.response_time_s.map(|e| e.scaled(response_s / e.value));
                outcome.response_time_s = response;
                let reason = "throughput changed".into();
                outcome.steadiness = Steadiness::NotSteady { reason };
            }
            Trouble::TimesOut(beyond) if outcome.users > beyond => outcome.timeout_share = 0.2,
            _ => {}
        }
        outcome
    }
}
