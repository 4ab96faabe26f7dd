//! Events per second of the simulator on one core.

use autoperf_models::distribution::Distribution;
use autoperf_models::simulation::{Class, Simulator, Site, Station, Step};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn exponential(mean: f64) -> Distribution {
    Distribution::Exponential { mean }
}

/// One and three tiers, each first come first served or shared, below and at saturation.
fn sites() -> Vec<(&'static str, Site, u32)> {
    let tiers = |stations: Vec<Station>, demands_s: &[f64], think_s: f64| {
        let visit = |(station, mean): (usize, &f64)| Step::visit(station, exponential(*mean));
        let route = demands_s.iter().enumerate().map(visit).collect();
        Site::of_one_class(stations, Class::new("page", route, exponential(think_s)))
    };
    let three = |shape: fn(&str, u32) -> Station| vec![shape("web", 4), shape("app", 8), shape("db", 2)];
    vec![
        (
            "1 fcfs, 100 users",
            tiers(vec![Station::fcfs("cpu", 1)], &[0.01], 1.0),
            100,
        ),
        (
            "1 sharing, 100 users",
            tiers(vec![Station::sharing("cpu", 1)], &[0.01], 1.0),
            100,
        ),
        (
            "3 fcfs, 300 users",
            tiers(three(Station::fcfs), &[0.01, 0.02, 0.006], 1.0),
            300,
        ),
        (
            "3 sharing, 300 users",
            tiers(three(Station::sharing), &[0.01, 0.02, 0.006], 1.0),
            300,
        ),
        (
            "3 sharing, 10000 users",
            tiers(three(Station::sharing), &[0.01, 0.02, 0.006], 30.0),
            10_000,
        ),
    ]
}

fn events_per_second(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("events");
    for (name, site, users) in sites() {
        let seconds = 200.0;
        let warm = || -> Result<Simulator, _> {
            let mut simulator = Simulator::new(&site, 1)?;
            simulator.set_users(users);
            simulator.run_until(60.0, |_| {});
            Ok::<_, autoperf_models::simulation::SiteError>(simulator)
        };
        let Ok(mut once) = warm() else { continue };
        let before = once.counters().events;
        once.run_until(60.0 + seconds, |_| {});
        group.throughput(Throughput::Elements(once.counters().events - before));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                warm,
                |simulator| {
                    let mut sum_ns = 0_u64;
                    if let Ok(mut simulator) = simulator {
                        simulator
                            .run_until(60.0 + seconds, |record| sum_ns += record.end_ns - record.start_ns);
                    }
                    black_box(sum_ns)
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(std::time::Duration::from_millis(500)).measurement_time(std::time::Duration::from_secs(3));
    targets = events_per_second
}
criterion_main!(benches);
