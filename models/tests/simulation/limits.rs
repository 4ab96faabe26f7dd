//! Pools, locks, time limits, failures, the generator's own limit.

use crate::replication::{Plan, assert_holds, closed, exponential, line_of, visit};
use autoperf_models::distribution::Distribution;
use autoperf_models::queueing::multiserver;
use autoperf_models::record::{Outcome, Record};
use autoperf_models::simulation::{Class, Generator, Pool, Simulator, Site, Station, Step};

fn constant(value_s: f64) -> Distribution {
    Distribution::constant(value_s).unwrap()
}

/// The site with a pool held from the first step to the last.
fn pooled(mut site: Site, size: u32) -> Site {
    site.pools.push(Pool::new("threads", size));
    site.classes[0].route.insert(0, Step::Take(0));
    site.classes[0].route.push(Step::Return(0));
    site
}

fn simulate(site: &Site, users: u32, seconds: f64) -> (Vec<Record>, Simulator) {
    let mut simulator = Simulator::new(site, 2).unwrap();
    simulator.set_users(users);
    let mut records = Vec::new();
    simulator.run_until(seconds, |record| records.push(*record));
    (records, simulator)
}

#[test]
fn a_full_pool_gives_the_throughput_of_the_closed_inside() {
    let open = line_of(
        vec![Station::sharing("web", 4), Station::fcfs("db", 1)],
        &[0.04, 0.006],
        1.0,
    );
    let mut inside = open.product_form(3).unwrap();
    inside.think_time_s = 0.0;
    let truth = multiserver::solve(&inside, 3).unwrap().throughput_per_s;
    let free = multiserver::solve(&open.product_form(300).unwrap(), 300)
        .unwrap()
        .throughput_per_s;
    let runs = closed(
        &pooled(open, 3),
        300,
        Plan {
            seconds: 300.0,
            runs: 10,
        },
    );
    assert_holds(&runs.throughput, truth, 0.005, "X");
    assert!(truth < 0.9 * free);
}

#[test]
fn a_pool_that_is_never_empty_changes_nothing() {
    let free = line_of(
        vec![Station::sharing("web", 4), Station::fcfs("db", 1)],
        &[0.04, 0.006],
        1.0,
    );
    let (without, _) = simulate(&free, 40, 100.0);
    let (with, _) = simulate(&pooled(free, 40), 40, 100.0);
    assert_eq!(without, with);
}

#[test]
fn a_lock_serialises_while_the_processors_idle() {
    let class = Class::new("page", vec![visit(0, 0.02)], exponential(0.1));
    let site = Site::of_one_class(vec![Station::sharing("cpu", 8)], class);
    let (records, simulator) = simulate(&pooled(site, 1), 60, 400.0);
    let throughput = records.len() as f64 / 400.0;
    assert!((throughput - 50.0).abs() < 1.5, "{throughput}");
    assert!((simulator.busy_s(0) / 400.0 - 1.0).abs() < 0.01, "one of eight");
}

#[test]
fn one_who_gives_up_leaves_the_work_behind() {
    let class = Class {
        timeout_s: Some(0.5),
        ..Class::new("page", vec![Step::visit(0, constant(0.1))], constant(1.0))
    };
    let site = Site::of_one_class(vec![Station::fcfs("cpu", 1)], class);
    let (records, simulator) = simulate(&site, 40, 100.0);
    let (late, served): (Vec<&Record>, Vec<&Record>) = records.iter().partition(|r| r.outcome.is_timeout());
    assert!(late.len() > 1_000 && simulator.abandoned_jobs() > 100);
    for record in &late {
        assert_eq!(record.outcome, Outcome::TimeoutFirstByte);
        assert!(
            record.end_ns - record.start_ns == 500_000_000 && record.status == 0 && record.last_byte_ns == 0
        );
    }
    assert!(served.iter().all(|record| record.response_time_s() <= 0.5));
    // The server has been at work nearly all of the time, for people who have left.
    assert!(simulator.busy_s(0) > 98.0);
    assert_eq!(simulator.counters().timed_out, late.len() as u64);
}

#[test]
fn a_time_limit_that_is_never_reached_changes_nothing() {
    let mut site = line_of(vec![Station::sharing("cpu", 2)], &[0.05], 1.0);
    let (without, _) = simulate(&site, 30, 200.0);
    site.classes[0].timeout_s = Some(100.0);
    let (with, simulator) = simulate(&site, 30, 200.0);
    assert_eq!(without, with);
    assert_eq!(simulator.counters().timed_out, 0);
}

#[test]
fn failures_come_in_their_share() {
    let mut site = line_of(vec![Station::sharing("cpu", 4)], &[0.01], 0.1);
    site.classes[0].failures = 0.2;
    let (records, simulator) = simulate(&site, 40, 100.0);
    let failed = records
        .iter()
        .filter(|r| r.outcome == Outcome::HttpError && r.status == 500)
        .count();
    let share = failed as f64 / records.len() as f64;
    assert!(
        (share - 0.2).abs() < 4.0 * (0.16 / records.len() as f64).sqrt(),
        "{share}"
    );
    assert_eq!(simulator.counters().failed, failed as u64);
    site.classes[0].failures = 1.0;
    assert!(simulate(&site, 1, 10.0).0.iter().all(|r| r.status == 500));
}

fn limited(threads: u32) -> Site {
    let mut site = line_of(vec![Station::sharing("cpu", 64)], &[0.02], 1.0);
    site.generator = Some(Generator {
        threads,
        send: constant(0.001),
        receive: constant(0.001),
    });
    site
}

#[test]
fn a_limited_generator_is_late_and_sees_more_than_the_site_takes() {
    let (records, simulator) = simulate(&limited(1), 1_000, 60.0);
    let late: Vec<&Record> = records.iter().filter(|r| r.end_ns > 20_000_000_000).collect();
    let throughput = late.len() as f64 / 40.0;
    assert!(
        (throughput - 500.0).abs() < 5.0,
        "{throughput}: one thread, 2 ms for each"
    );
    assert!(simulator.generator_busy_s() > 59.0);
    let mean = |of: fn(&Record) -> f64| late.iter().map(|r| of(r)).sum::<f64>() / late.len() as f64;
    assert!(mean(Record::lateness_s) > 0.2, "{}", mean(Record::lateness_s));
    assert!(mean(Record::response_time_s) > 0.1, "the site takes 0.02 s");
    let busy = simulator.busy_s(0) / 60.0;
    assert!(busy < 0.2 * 64.0, "the site is idle: {busy}");
}

#[test]
fn a_generator_with_room_is_hardly_seen() {
    let (records, _) = simulate(&limited(64), 1_000, 30.0);
    let count = records.len() as f64;
    assert!(records.iter().map(Record::lateness_s).sum::<f64>() / count < 1e-6);
    let response_s = records.iter().map(Record::response_time_s).sum::<f64>() / count;
    assert!((response_s - 0.022).abs() < 0.001, "{response_s}");
    assert!(records.iter().all(|r| r.send_end_ns - r.start_ns >= 999_999));
}
