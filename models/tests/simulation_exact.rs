//! The simulator against exact answers of queueing theory: intervals over independent replications must hold them.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use autoperf_models::distribution::Distribution;
use autoperf_models::record::Record;
use autoperf_models::simulation::{Class, Simulator, Site, Station, Step};

/// Mean throughput and response time of independent runs of `seconds` after as long a warm-up.
struct Replications {
    throughput: Vec<f64>,
    response_s: Vec<f64>,
}

fn replicate(site: &Site, users: u32, seconds: f64, runs: u64) -> Replications {
    let mut result = Replications {
        throughput: vec![],
        response_s: vec![],
    };
    for seed in 0..runs {
        let mut simulator = Simulator::new(site, seed).unwrap();
        simulator.set_users(users);
        simulator.run_until(seconds / 4.0, |_| {});
        let (mut count, mut sum_s) = (0.0, 0.0);
        simulator.run_until(seconds * 1.25, |record: &Record| {
            count += 1.0;
            sum_s += record.response_time_s();
        });
        result.throughput.push(count / seconds);
        result.response_s.push(sum_s / count);
    }
    result
}

/// Whether `truth` is within 3.5 standard errors of the mean, and the standard error is below `tightness` of it.
fn assert_holds(values: &[f64], truth: f64, tightness: f64, what: &str) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    let error = (variance / n).sqrt();
    assert!(error < tightness * truth, "{what}: too noisy, {mean} +- {error}");
    let distance = (mean - truth) / error;
    println!("{what}: {mean} +- {error}, truth {truth}, {distance:.2} standard errors");
    assert!(distance.abs() < 3.5, "{what}: {mean} +- {error}, truth {truth}");
}

fn exponential(mean: f64) -> Distribution {
    Distribution::Exponential { mean }
}

fn visit(station: usize, mean: f64) -> Step {
    Step::visit(station, exponential(mean))
}

#[test]
fn vector_jain_34_2_is_met() {
    let mut route = Vec::new();
    for _ in 0..5 {
        for _ in 0..3 {
            route.push(visit(0, 0.125));
        }
        route.extend([visit(1, 0.3), visit(1, 0.3), visit(2, 0.2)]);
    }
    route.push(visit(0, 0.125));
    let stations = vec![
        Station::fcfs("cpu", 1),
        Station::fcfs("a", 1),
        Station::fcfs("b", 1),
    ];
    let site = Site::of_one_class(stations, Class::new("page", route, exponential(4.0)));
    for (users, x, r) in [(5, 0.289752, 13.256110), (20, 0.333247, 56.015632)] {
        let got = replicate(&site, users, 8_000.0, 12);
        assert_holds(&got.throughput, x, 0.005, "X");
        assert_holds(&got.response_s, r, 0.01, "R");
    }
}

#[test]
fn multi_server_vector_is_met() {
    let route = vec![visit(0, 0.04), visit(1, 0.008)];
    let stations = vec![Station::fcfs("cpu", 4), Station::fcfs("disk", 1)];
    let site = Site::of_one_class(stations, Class::new("page", route, exponential(1.0)));
    for (users, x, r) in [(60, 56.654425540, 0.059052306), (100, 89.700166376, 0.114825134)] {
        let got = replicate(&site, users, 600.0, 10);
        assert_holds(&got.throughput, x, 0.003, "X");
        assert_holds(&got.response_s, r, 0.02, "R");
    }
}
