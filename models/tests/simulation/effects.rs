//! What changes with time: cold start, leak, pauses, two regimes.

use crate::replication::{exponential, line_of};
use autoperf_models::distribution::Distribution;
use autoperf_models::simulation::{Class, Effect, Simulator, Site, Station, Step};

/// Busy seconds per served transaction over [from, to).
fn demand_s(simulator: &mut Simulator, to_s: f64) -> f64 {
    let (busy_s, mut served) = (simulator.busy_s(0), 0.0);
    simulator.run_until(to_s, |_| served += 1.0);
    (simulator.busy_s(0) - busy_s) / served
}

/// A CPU with constant demand of 10 ms under an effect.
fn site(effect: Effect, think_s: f64) -> Site {
    let class = Class::new(
        "page",
        vec![Step::visit(0, Distribution::constant(0.01).unwrap())],
        exponential(think_s),
    );
    Site::of_one_class(vec![Station::sharing("cpu", 1).with(effect)], class)
}

fn simulate(site: &Site, users: u32) -> Simulator {
    let mut simulator = Simulator::new(site, 8).unwrap();
    simulator.set_users(users);
    simulator
}

#[test]
fn a_cold_start_decays() {
    let effect = Effect::ColdStart {
        extra: 2.0,
        decay_s: 20.0,
    };
    let mut simulator = simulate(&site(effect, 1.0), 20);
    // Mean of 1 + 2 exp(-t/20) over the first 10 s and over 100 to 110 s.
    let mean = |from: f64, to: f64| {
        0.01 * (1.0 + 2.0 * 20.0 * ((-from / 20.0).exp() - (-to / 20.0).exp()) / (to - from))
    };
    let first = demand_s(&mut simulator, 10.0);
    assert!((first / mean(0.0, 10.0) - 1.0).abs() < 0.03, "{first}");
    simulator.run_until(100.0, |_| {});
    let warm = demand_s(&mut simulator, 200.0);
    assert!((warm / mean(100.0, 200.0) - 1.0).abs() < 0.01, "{warm}");
}

#[test]
fn a_leak_grows() {
    let mut simulator = simulate(&site(Effect::Leak { per_minute: 0.05 }, 1.0), 20);
    let by_minute: Vec<f64> = (1..=20)
        .map(|m| demand_s(&mut simulator, 60.0 * f64::from(m)))
        .collect();
    for (minute, demand_s) in by_minute.iter().enumerate() {
        let truth = 0.01 * (1.0 + 0.05 * (minute as f64 + 0.5));
        assert!(
            (demand_s / truth - 1.0).abs() < 0.01,
            "minute {minute}: {demand_s}"
        );
    }
}

#[test]
fn pauses_take_their_share_of_the_plateau_and_stop_everything() {
    let pauses = |busy_servers| Effect::Pauses {
        every: Distribution::constant(1.8).unwrap(),
        length: Distribution::constant(0.2).unwrap(),
        busy_servers,
    };
    let mut simulator = simulate(&site(pauses(1.0), 0.1), 100);
    simulator.run_until(20.0, |_| {});
    let mut ends_ns = Vec::new();
    simulator.run_until(220.0, |record| ends_ns.push(record.end_ns));
    let throughput = ends_ns.len() as f64 / 200.0;
    assert!((throughput - 90.0).abs() < 0.5, "{throughput}");
    let stops = ends_ns
        .windows(2)
        .filter(|pair| pair[1] - pair[0] >= 200_000_000)
        .count();
    assert!((99..=101).contains(&stops), "{stops}");
    // A collector that works in the pause is CPU time of the process; one that only waits is not.
    let busy = |busy_servers| {
        let mut simulator = simulate(&site(pauses(busy_servers), 0.1), 100);
        simulator.run_until(220.0, |_| {});
        simulator.busy_s(0) / 220.0
    };
    assert!(busy(1.0) > 0.99 && (busy(0.0) - 0.9).abs() < 0.01);
}

#[test]
fn two_regimes_alternate() {
    let effect = Effect::Bistable {
        slow: 2.0,
        fast_s: Distribution::constant(30.0).unwrap(),
        slow_s: Distribution::constant(10.0).unwrap(),
    };
    let mut simulator = simulate(&site(effect, 0.1), 100);
    for period in 0..5 {
        let begin_s = 40.0 * f64::from(period);
        for (from_s, to_s, throughput) in [(5.0, 30.0, 100.0), (30.5, 40.0, 50.0)] {
            simulator.run_until(begin_s + from_s, |_| {});
            let mut served = 0.0;
            simulator.run_until(begin_s + to_s, |_| served += 1.0);
            let got = served / (to_s - from_s);
            assert!((got / throughput - 1.0).abs() < 0.02, "{begin_s}: {got}");
        }
    }
}

#[test]
fn random_regimes_share_the_time_by_their_means() {
    let effect = Effect::Bistable {
        slow: 3.0,
        fast_s: exponential(20.0),
        slow_s: exponential(10.0),
    };
    let mut simulator = simulate(&site(effect, 0.1), 100);
    let mut served = 0.0;
    let seconds = 60_000.0;
    simulator.run_until(seconds, |_| served += 1.0);
    let truth = 100.0 * 2.0 / 3.0 + 100.0 / 3.0 / 3.0;
    assert!(
        (served / seconds / truth - 1.0).abs() < 0.03,
        "{}",
        served / seconds
    );
}

#[test]
fn thrashing_makes_throughput_fall_beyond_its_peak() {
    let thrashing = Effect::Thrashing {
        beyond: 30,
        per_job: 0.02,
    };
    let site = line_of(vec![Station::sharing("cpu", 4).with(thrashing)], &[0.04], 0.2);
    let throughput = |users| {
        let mut simulator = simulate(&site, users);
        simulator.run_until(50.0, |_| {});
        let mut served = 0.0;
        simulator.run_until(150.0, |_| served += 1.0);
        served / 100.0
    };
    let (peak, beyond) = (throughput(40), throughput(120));
    assert!(peak > 90.0 && beyond < 0.6 * peak, "{peak} {beyond}");
}
