//! Random networks over extreme figures: every answer is finite and none is negative.
//!
//! 100,000 networks by default; a million with `AUTOPERF_NETWORKS=1000000`.

use autoperf_models::queueing::multiclass::MulticlassNetwork;
use autoperf_models::queueing::{
    ClosedNetwork, QueueingError, Station, StationKind, approximate, bounds, multiserver,
};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

struct Dice(ChaCha8Rng);

impl Dice {
    fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.unit() * f64::from(end)) as u32
    }

    /// Ten to a power, or zero once in eight.
    fn amount(&mut self, low: f64, high: f64) -> f64 {
        if self.below(8) == 0 {
            0.0
        } else {
            10f64.powf(low + (high - low) * self.unit())
        }
    }

    fn kind(&mut self) -> StationKind {
        match self.below(5) {
            0 => StationKind::Delay,
            1 => StationKind::LoadDependent((0..=self.below(20)).map(|_| 0.01 + 9.0 * self.unit()).collect()),
            2 => StationKind::Queueing {
                servers: 1 + self.below(200),
            },
            _ => StationKind::Queueing {
                servers: 1 + self.below(4),
            },
        }
    }

    fn network(&mut self) -> ClosedNetwork {
        let stations = (0..self.below(5)).map(|index| Station {
            name: format!("station {index}"),
            demand_s: self.amount(-9.0, 4.0),
            kind: self.kind(),
        });
        ClosedNetwork {
            stations: stations.collect(),
            think_time_s: self.amount(-6.0, 5.0),
        }
    }

    fn several_classes(&mut self) -> MulticlassNetwork {
        let (classes, centres) = (1 + self.below(4), 1 + self.below(4));
        let demands: Vec<Vec<f64>> = (0..classes)
            .map(|_| (0..centres).map(|_| self.amount(-6.0, 2.0)).collect())
            .collect();
        let users: Vec<u32> = (0..classes).map(|_| self.below(60)).collect();
        let think: Vec<f64> = (0..classes).map(|_| self.amount(-3.0, 3.0)).collect();
        let mut network = MulticlassNetwork::of_single_servers(&demands, &users, &think);
        for centre in &mut network.centres {
            centre.kind = match self.below(4) {
                0 => StationKind::Delay,
                1 => StationKind::Queueing {
                    servers: 1 + self.below(16),
                },
                _ => StationKind::Queueing { servers: 1 },
            };
        }
        network
    }
}

fn networks() -> u32 {
    std::env::var("AUTOPERF_NETWORKS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000)
}

fn sane(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_finite() && *value >= 0.0)
}

#[test]
fn nothing_negative_and_no_nan_from_closed_networks() {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(20_260_101));
    let mut solved = 0;
    for number in 0..networks() {
        let largest = 1 << dice.below(8);
        let (network, users) = (dice.network(), 1 + dice.below(largest));
        let solution = match multiserver::solve(&network, users) {
            Ok(solution) => solution,
            Err(QueueingError::NothingTakesTime) => continue,
            Err(other) => panic!("network {number}: {other} {network:?} {users}"),
        };
        solved += 1;
        let all = [&solution.residence_s, &solution.queue, &solution.utilization];
        assert!(
            all.into_iter().all(|values| sane(values)),
            "network {number}: {solution:?}"
        );
        assert!(
            sane(&[solution.throughput_per_s, solution.response_time_s]),
            "network {number}: {solution:?}"
        );
        let present: f64 = solution.queue.iter().sum();
        let accounted = present + solution.throughput_per_s * network.think_time_s;
        assert!(
            (accounted / f64::from(users) - 1.0).abs() < 1e-8,
            "network {number}: {accounted} of {users}"
        );
        let bounds = bounds::asymptotic(&network, users).unwrap();
        assert!(
            bounds.throughput_low_per_s <= solution.throughput_per_s * (1.0 + 1e-9),
            "network {number}"
        );
        assert!(
            solution.throughput_per_s <= bounds.throughput_high_per_s * (1.0 + 1e-9),
            "network {number}"
        );
    }
    assert!(solved > networks() / 2);
}

#[test]
fn nothing_negative_and_no_nan_from_approximations() {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(7));
    let mut solved = 0;
    for number in 0..networks() / 20 {
        let network = dice.several_classes();
        if network.validate().is_err() {
            continue;
        }
        solved += 1;
        for solution in [
            approximate::schweitzer(&network),
            approximate::linearizer(&network),
        ] {
            let solution = solution.unwrap_or_else(|error| panic!("network {number}: {error} {network:?}"));
            for class in &solution.classes {
                assert!(
                    sane(&class.queue) && sane(&class.residence_s),
                    "network {number}: {class:?}"
                );
                assert!(
                    sane(&[class.throughput_per_s, class.response_time_s]),
                    "network {number}: {class:?}"
                );
            }
        }
    }
    assert!(solved > networks() / 40);
}
