//! Closed sites with product form: mean throughput and response time are known exactly.

use crate::replication::{Plan, assert_holds, closed, exponential, line_of, mean_and_error, visit};
use autoperf_models::distribution::Distribution;
use autoperf_models::queueing::multiserver;
use autoperf_models::simulation::{Class, Effect, Simulator, Site, Station, Step};

#[test]
fn vector_jain_34_2() {
    let mut route = vec![visit(0, 0.125)];
    for _ in 0..5 {
        route.extend([0, 0, 0].map(|cpu| visit(cpu, 0.125)));
        route.extend([visit(1, 0.3), visit(1, 0.3), visit(2, 0.2)]);
    }
    let stations = vec![
        Station::fcfs("cpu", 1),
        Station::fcfs("a", 1),
        Station::fcfs("b", 1),
    ];
    let site = Site::of_one_class(stations, Class::new("page", route, exponential(4.0)));
    let plan = Plan {
        seconds: 8_000.0,
        runs: 12,
    };
    for (users, x, r) in [(5, 0.289_752, 13.256_110), (20, 0.333_247, 56.015_632)] {
        let runs = closed(&site, users, plan);
        assert_holds(&runs.throughput, x, 0.005, "X");
        assert_holds(&runs.response_s, r, 0.01, "R");
    }
}

#[test]
fn vector_lzgs_interactive() {
    // LZGS 1984, 6.4: demands .605, 2.1, 1.35 s, think time 15 s.
    let site = line_of(
        vec![
            Station::sharing("cpu", 1),
            Station::fcfs("disk 1", 1),
            Station::fcfs("disk 2", 1),
        ],
        &[0.605, 2.1, 1.35],
        15.0,
    );
    let plan = Plan {
        seconds: 100_000.0,
        runs: 12,
    };
    for (users, x, r) in [
        (1, 0.052_480, 4.055),
        (9, 0.376_516, 8.903_339),
        (20, 0.474_516, 27.148_181),
    ] {
        let runs = closed(&site, users, plan);
        assert_holds(&runs.throughput, x, 0.005, "X");
        assert_holds(&runs.response_s, r, 0.01, "R");
    }
}

#[test]
fn vector_four_cores_and_a_disk() {
    let site = line_of(
        vec![Station::fcfs("cpu", 4), Station::fcfs("disk", 1)],
        &[0.04, 0.008],
        1.0,
    );
    let plan = Plan {
        seconds: 600.0,
        runs: 10,
    };
    for (users, x, r) in [
        (60, 56.654_425_540, 0.059_052_306),
        (100, 89.700_166_376, 0.114_825_134),
    ] {
        let runs = closed(&site, users, plan);
        assert_holds(&runs.throughput, x, 0.003, "X");
        assert_holds(&runs.response_s, r, 0.02, "R");
    }
}

#[test]
fn sharing_does_not_feel_the_law_of_service() {
    for law in [
        Distribution::hyperexponential(0.04, 3.0).unwrap(),
        Distribution::constant(0.04).unwrap(),
        Distribution::lognormal(0.04, 2.0).unwrap(),
    ] {
        let mut site = line_of(
            vec![Station::sharing("cpu", 4), Station::sharing("disk", 1)],
            &[0.0, 0.008],
            1.0,
        );
        site.classes[0].route[0] = Step::visit(0, law.clone());
        let runs = closed(
            &site,
            100,
            Plan {
                seconds: 800.0,
                runs: 12,
            },
        );
        assert_holds(&runs.throughput, 89.700_166_376, 0.004, &format!("X {law:?}"));
        assert_holds(&runs.response_s, 0.114_825_134, 0.03, &format!("R {law:?}"));
    }
}

#[test]
fn first_come_first_served_feels_the_law_of_service() {
    let of_law = |law: Distribution| {
        let mut site = line_of(vec![Station::fcfs("cpu", 1)], &[0.0], 1.0);
        site.classes[0].route[0] = Step::visit(0, law);
        mean_and_error(
            &closed(
                &site,
                80,
                Plan {
                    seconds: 1_000.0,
                    runs: 8,
                },
            )
            .response_s,
        )
    };
    let (even, even_error) = of_law(Distribution::constant(0.01).unwrap());
    let (plain, plain_error) = of_law(exponential(0.01));
    let (wild, wild_error) = of_law(Distribution::hyperexponential(0.01, 3.0).unwrap());
    assert!(even + 4.0 * (even_error + plain_error) < plain, "{even} {plain}");
    assert!(plain + 4.0 * (plain_error + wild_error) < wild, "{plain} {wild}");
}

#[test]
fn the_law_of_think_time_does_not_matter() {
    for law in [
        Distribution::uniform(0.5, 1.5).unwrap(),
        Distribution::erlang(4, 1.0).unwrap(),
        Distribution::hyperexponential(1.0, 2.0).unwrap(),
        Distribution::lognormal(1.0, 1.0).unwrap(),
    ] {
        let mut site = line_of(
            vec![Station::fcfs("cpu", 4), Station::fcfs("disk", 1)],
            &[0.04, 0.008],
            1.0,
        );
        site.classes[0].think = law.clone();
        let runs = closed(
            &site,
            100,
            Plan {
                seconds: 600.0,
                runs: 12,
            },
        );
        assert_holds(&runs.throughput, 89.700_166_376, 0.004, &format!("X {law:?}"));
        assert_holds(&runs.response_s, 0.114_825_134, 0.03, &format!("R {law:?}"));
    }
}

#[test]
fn effects_of_load_follow_the_load_dependent_network() {
    for effect in [
        Effect::Turbo {
            loss: 0.2,
            full_at: 8,
        },
        Effect::Coherency { per_job: 0.01 },
        Effect::Batching {
            gain: 0.3,
            full_at: 16,
        },
        Effect::Thrashing {
            beyond: 12,
            per_job: 0.05,
        },
    ] {
        for shared in [true, false] {
            let cpu = if shared {
                Station::sharing("cpu", 4)
            } else {
                Station::fcfs("cpu", 4)
            };
            let site = line_of(
                vec![cpu.with(effect.clone()), Station::fcfs("disk", 1)],
                &[0.04, 0.005],
                0.5,
            );
            for users in [30, 70] {
                let truth = multiserver::solve(&site.product_form(users).unwrap(), users).unwrap();
                let runs = closed(
                    &site,
                    users,
                    Plan {
                        seconds: 400.0,
                        runs: 10,
                    },
                );
                let what = format!("{effect:?}, {users} users");
                assert_holds(&runs.throughput, truth.throughput_per_s, 0.006, &what);
                assert_holds(&runs.response_s, truth.response_time_s, 0.03, &what);
            }
        }
    }
}

/// The manual's graph over day, week and month views; a class of its own demand and think time for each.
fn manual_site() -> Site {
    let class = |name, cpu_s, disk_s, think_s| {
        let route = vec![visit(0, cpu_s), visit(1, disk_s)];
        Class::new(name, route, exponential(think_s))
    };
    Site {
        stations: vec![Station::sharing("cpu", 2), Station::sharing("disk", 1)],
        classes: vec![
            class("day", 0.02, 0.004, 1.0),
            class("week", 0.05, 0.012, 2.0),
            class("month", 0.14, 0.030, 4.0),
        ],
        entry: vec![0.0, 1.0, 0.0],
        rows: vec![vec![0.4, 0.2, 0.1], vec![0.3, 0.3, 0.3], vec![0.3, 0.4, 0.3]],
        ..Site::default()
    }
}

#[test]
fn vector_manual_graph_walked() {
    let mut simulator = Simulator::new(&manual_site(), 5).unwrap();
    simulator.set_users(20);
    let mut seen = [0_u64; 3];
    simulator.run_until(30_000.0, |record| seen[usize::from(record.transaction)] += 1);
    let total: u64 = seen.iter().sum();
    for (count, share) in seen.iter().zip([1.0 / 3.0, 13.0 / 30.0, 7.0 / 30.0]) {
        assert!((*count as f64 / total as f64 - share).abs() < 0.005, "{seen:?}");
    }
    let sessions = simulator.counters().sessions;
    let length = total as f64 / sessions as f64;
    // The standard deviation of a session's length is 6.003.
    assert!(
        (length - 300.0 / 43.0).abs() < 4.0 * 6.003 / (sessions as f64).sqrt(),
        "{length}"
    );
}

#[test]
fn classes_of_one_chain_share_its_exact_solution() {
    let site = manual_site();
    let users = 60;
    let network = site.product_form(users).unwrap();
    let truth = multiserver::solve(&network, users).unwrap();
    let runs = closed(
        &site,
        users,
        Plan {
            seconds: 4_000.0,
            runs: 10,
        },
    );
    assert_holds(&runs.throughput, truth.throughput_per_s, 0.005, "X");
    assert_holds(&runs.response_s, truth.response_time_s, 0.03, "R");
}
