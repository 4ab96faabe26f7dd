//! Arrivals from outside: M/M/c, M/G/1, M/M/c/K.

use crate::replication::{Plan, assert_holds, exponential, open};
use autoperf_models::distribution::Distribution;
use autoperf_models::record::Outcome;
use autoperf_models::simulation::{Class, Pool, Simulator, Site, Station, Step};

/// One station that every visitor sees once, without thinking.
fn counter(station: Station, law: Distribution) -> Site {
    let class = Class::new("page", vec![Step::visit(0, law)], Distribution::Constant(0.0));
    Site::of_one_class(vec![station], class)
}

#[test]
fn vector_mmc() {
    let plan = Plan {
        seconds: 10_000.0,
        runs: 12,
    };
    for (servers, truth) in [(2, 1.052_632), (4, 0.211_685)] {
        let site = counter(Station::fcfs("cpu", servers), exponential(0.2));
        let runs = open(&site, &exponential(1.0 / 9.0), plan);
        assert_holds(&runs.response_s, truth, 0.02, "R");
        assert_holds(&runs.throughput, 9.0, 0.005, "X");
    }
}

#[test]
fn pollaczek_khinchine() {
    let plan = Plan {
        seconds: 12_000.0,
        runs: 12,
    };
    for (law, tightness) in [
        (Distribution::constant(0.1).unwrap(), 0.015),
        (Distribution::erlang(2, 0.1).unwrap(), 0.015),
        (Distribution::hyperexponential(0.1, 3.0).unwrap(), 0.04),
        (Distribution::empirical(vec![0.02, 0.04, 0.24]).unwrap(), 0.015),
        (Distribution::uniform(0.05, 0.15).unwrap(), 0.015),
    ] {
        let rate = 7.0;
        let second_moment = law.variance() + law.mean() * law.mean();
        let truth = law.mean() + rate * second_moment / (2.0 * (1.0 - rate * law.mean()));
        let runs = open(
            &counter(Station::fcfs("cpu", 1), law.clone()),
            &exponential(1.0 / rate),
            plan,
        );
        assert_holds(&runs.response_s, truth, tightness, &format!("{law:?}"));
    }
}

#[test]
fn shared_server_has_the_response_time_of_mm1_for_any_law() {
    let site = counter(
        Station::sharing("cpu", 1),
        Distribution::hyperexponential(0.1, 3.0).unwrap(),
    );
    let runs = open(
        &site,
        &exponential(1.0 / 7.0),
        Plan {
            seconds: 12_000.0,
            runs: 12,
        },
    );
    assert_holds(&runs.response_s, 0.1 / 0.3, 0.04, "R");
}

#[test]
fn even_arrivals_of_even_work_never_wait() {
    let site = counter(Station::fcfs("cpu", 1), Distribution::constant(0.09).unwrap());
    let mut simulator = Simulator::new(&site, 1).unwrap();
    simulator
        .set_arrivals(Some(&Distribution::constant(0.1).unwrap()))
        .unwrap();
    let mut count = 0;
    simulator.run_until(1_000.05, |record| {
        count += 1;
        assert!((record.response_time_s() - 0.09).abs() < 3e-9);
    });
    // Rounding may put the last arrival beyond the end.
    assert!((9_999..=10_000).contains(&count), "{count}");
    simulator.set_arrivals(None).unwrap();
    simulator.run_until(2_000.0, |_| count += 1);
    assert!(count <= 10_001 && simulator.in_flight() == 0);
}

/// A pool of as many tokens as servers with a bounded line before it is M/M/c/K.
fn bounded(servers: u32, places: u32, service_rate: f64) -> Site {
    let mut site = counter(Station::fcfs("cpu", servers), exponential(1.0 / service_rate));
    site.pools = vec![Pool {
        name: "threads".into(),
        size: servers,
        queue_limit: Some(places - servers),
    }];
    // A pool that refuses must not be reached without any time passing.
    site.classes[0].think = Distribution::Constant(1e-6);
    let route = &mut site.classes[0].route;
    route.insert(0, Step::Take(0));
    route.push(Step::Return(0));
    site
}

#[test]
fn vector_mmck() {
    let runs = open(
        &bounded(3, 7, 30.0),
        &exponential(1.0 / 40.0),
        Plan {
            seconds: 1_000.0,
            runs: 12,
        },
    );
    assert_holds(&runs.response_s, 0.036_517, 0.005, "R");
    let mut simulator = Simulator::new(&bounded(4, 6, 10.0), 3).unwrap();
    simulator.set_arrivals(Some(&exponential(1.0 / 50.0))).unwrap();
    let (mut all, mut refused) = (0_u64, 0_u64);
    simulator.run_until(4_000.0, |record| {
        all += 1;
        refused += u64::from(record.outcome == Outcome::HttpError);
        assert_eq!(record.outcome == Outcome::HttpError, record.status == 503);
    });
    let share = refused as f64 / all as f64;
    assert!((share - 0.293_543).abs() < 0.005, "{share}");
}
