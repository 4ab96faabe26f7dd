//! Speed of the queueing solvers: `cargo bench -p autoperf-models --bench solvers`.

#![expect(clippy::unwrap_used, reason = "a bench may fail by panic")]

use autoperf_models::queueing::multiclass::{self, MulticlassNetwork};
use autoperf_models::queueing::{ClosedNetwork, Station, StationKind, approximate, multiserver, mva};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn single_servers(count: u32) -> ClosedNetwork {
    let demands: Vec<f64> = (1..=count).map(|index| 0.01 / f64::from(index)).collect();
    ClosedNetwork::of_single_servers(&demands, 1.0)
}

fn with_servers(servers: &[u32]) -> ClosedNetwork {
    let demand_s = |m: &u32| 0.008 * f64::from(*m);
    ClosedNetwork {
        stations: servers
            .iter()
            .map(|m| Station::queueing("queue", demand_s(m), *m))
            .collect(),
        think_time_s: 5.0,
    }
}

/// Rates that never become constant, so that nothing short of the full convolution is exact.
fn ever_changing_rates(count: u32, users: u32) -> ClosedNetwork {
    let rates = |index: u32| {
        (1..=users)
            .map(|j| f64::from(j).powf(0.3 + 0.02 * f64::from(index)))
            .collect()
    };
    let kind = |index: u32| StationKind::LoadDependent(rates(index));
    let station = |index: u32| Station {
        name: format!("station {index}"),
        demand_s: 0.05,
        kind: kind(index),
    };
    ClosedNetwork {
        stations: (0..count).map(station).collect(),
        think_time_s: 5.0,
    }
}

fn several_classes(users: &[u32]) -> MulticlassNetwork {
    let demand = |class: usize, centre: usize| 0.01 * (1.0 + ((class * 5 + centre * 3) % 7) as f64);
    let demands: Vec<Vec<f64>> = (0..users.len())
        .map(|class| (0..8).map(|centre| demand(class, centre)).collect())
        .collect();
    MulticlassNetwork::of_single_servers(&demands, users, &vec![5.0; users.len()])
}

fn solvers(criterion: &mut Criterion) {
    let network = single_servers(5);
    criterion.bench_function("exact MVA, N=1,000,000 K=5", |bencher| {
        bencher.iter(|| mva::solve(black_box(&network), 1_000_000).unwrap());
    });
    let network = with_servers(&[8, 4, 2, 1]);
    criterion.bench_function(
        "curve by convolution, N=1000 K=4 (8, 4, 2, 1 servers)",
        |bencher| {
            bencher.iter(|| multiserver::solve_curve(black_box(&network), 1000).unwrap());
        },
    );
    let network = with_servers(&[64, 32, 16, 300]);
    criterion.bench_function(
        "curve by convolution, N=2000 K=4 (64, 32, 16, 300 servers)",
        |bencher| {
            bencher.iter(|| multiserver::solve_curve(black_box(&network), 2000).unwrap());
        },
    );
    let network = with_servers(&[8, 4, 2, 1]);
    criterion.bench_function(
        "solution by convolution, N=1000 K=4 (8, 4, 2, 1 servers)",
        |bencher| {
            bencher.iter(|| multiserver::solve(black_box(&network), 1000).unwrap());
        },
    );
    let network = several_classes(&[1000; 5]);
    criterion.bench_function("Linearizer, 5 classes of 1000 users, K=8", |bencher| {
        bencher.iter(|| approximate::linearizer(black_box(&network)).unwrap());
    });
    let network = several_classes(&[40, 30, 20]);
    criterion.bench_function("exact multi-class MVA, N=(40,30,20) K=8", |bencher| {
        bencher.iter(|| multiclass::solve_exact(black_box(&network)).unwrap());
    });
    let mut slow = criterion.benchmark_group("slow");
    slow.sample_size(10);
    let network = with_servers(&[16; 10]);
    slow.bench_function(
        "curve by convolution, N=10,000 K=10 (16 servers each)",
        |bencher| {
            bencher.iter(|| multiserver::solve_curve(black_box(&network), 10_000).unwrap());
        },
    );
    let network = ever_changing_rates(10, 10_000);
    slow.bench_function(
        "curve by convolution, N=10,000 K=10, rates that never settle",
        |bencher| {
            bencher.iter(|| multiserver::solve_curve(black_box(&network), 10_000).unwrap());
        },
    );
    slow.finish();
}

criterion_group!(benches, solvers);
criterion_main!(benches);
