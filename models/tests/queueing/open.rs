//! Open queues and networks.

use crate::vector::{Row, cut, each, exact, printed, vectors};
use autoperf_models::queueing::mixed::{self, OpenClass};
use autoperf_models::queueing::multiclass::MulticlassNetwork;
use autoperf_models::queueing::open::{self, network};
use autoperf_models::queueing::{ClosedNetwork, QueueingError, Station, StationKind, multiserver};

fn erlang() -> Vec<Row> {
    let waits =
        |utilization: f64, servers: u32| open::erlang_c(utilization * f64::from(servers), servers).unwrap();
    vec![
        exact("C(c=2, rho=.25)", 0.1, waits(0.25, 2)),
        exact("C(c=2, rho=.5)", 1.0 / 3.0, waits(0.5, 2)),
        exact("C(c=2, rho=.75)", 9.0 / 14.0, waits(0.75, 2)),
        printed("C(c=15, rho=.25)", "9.77920896e-6", waits(0.25, 15)),
        printed("C(c=15, rho=.5)", "0.0112924361", waits(0.5, 15)),
        printed("C(c=15, rho=.75)", "0.2179890427", waits(0.75, 15)),
        printed("B(8, 10)", "0.121661064", open::erlang_b(8.0, 10).unwrap()),
        printed("C(8, 10)", "0.409180151", open::erlang_c(8.0, 10).unwrap()),
        printed("B(20, 24)", "0.066096717", open::erlang_b(20.0, 24).unwrap()),
        printed("C(20, 24)", "0.298072300", open::erlang_c(20.0, 24).unwrap()),
    ]
}

fn mmc() -> Vec<Row> {
    let two = open::mmc(9.0, 0.2, 2).unwrap();
    let four = open::mmc(9.0, 0.2, 4).unwrap();
    vec![
        printed("C, c=2", "0.852632", two.wait_probability),
        printed("Lq, c=2", "7.673684", two.waiting),
        printed("R, c=2", "1.052632", two.response_time_s),
        printed("Lq, c=4", "0.105164", four.waiting),
        printed("R, c=4", "0.211685", four.response_time_s),
    ]
}

/// Forty customers an hour, four minutes each, four clerks; in minutes.
fn bookstore() -> Vec<Row> {
    let queue = open::mmc(40.0 / 60.0, 4.0, 4).unwrap();
    vec![
        printed("Wq, min", "1.1353", queue.waiting_time_s),
        printed("L", "3.4235", queue.present),
    ]
}

fn mmck() -> Vec<Row> {
    let solve =
        |rate: f64, service: f64, servers, places| open::mmck(rate, 1.0 / service, servers, places).unwrap();
    let last = solve(3.0, 2.0, 2, 5);
    vec![
        printed(
            "p0 (40,30,3,7)",
            "0.255037",
            solve(40.0, 30.0, 3, 7).empty_probability,
        ),
        printed(
            "R (40,30,3,7)",
            "0.036517",
            solve(40.0, 30.0, 3, 7).response_time_s,
        ),
        printed(
            "pK (50,10,4,6)",
            "0.293543",
            solve(50.0, 10.0, 4, 6).loss_probability,
        ),
        cut("p0 (3,2,2,5)", "0.179334", last.empty_probability),
        cut("pK (3,2,2,5)", "0.085113", last.loss_probability),
        printed("L (3,2,2,5)", "2.00595", last.present),
        cut("Wq (3,2,2,5)", "0.230857", last.waiting_time_s),
        exact("L (1,1,1,10)", 5.0, solve(1.0, 1.0, 1, 10).present),
    ]
}

/// Waiting by Pollaczek and Khinchine at half load: the service law's cv decides.
fn mg1() -> Vec<Row> {
    let wait = |cv| open::mg1(5.0, 0.1, cv).unwrap().waiting_time_s;
    vec![
        exact("Wq, cv=0", 0.05, wait(0.0)),
        exact("Wq, cv=1", 0.1, wait(1.0)),
        exact("Wq, cv=3", 0.5, wait(3.0)),
        exact(
            "P(W>.2), M/M/1",
            0.5 * (-1.0f64).exp(),
            open::mmc_waits_longer(5.0, 0.1, 1, 0.2).unwrap(),
        ),
    ]
}

fn bgmt_7_4() -> Vec<Row> {
    let routing = [
        vec![0.0, 0.5, 0.5, 0.0],
        vec![1.0, 0.0, 0.0, 0.0],
        vec![0.6, 0.0, 0.0, 0.0],
        vec![1.0, 0.0, 0.0, 0.0],
    ];
    let visits = network::traffic(&[0.0, 0.0, 0.0, 4.0], &routing).unwrap();
    let demands = [0.04, 0.03, 0.06, 0.05]
        .iter()
        .zip(&visits)
        .map(|(service, rate)| service * rate / 4.0);
    let stations: Vec<Station> = demands
        .map(|demand_s| Station::single("queue", demand_s))
        .collect();
    let solution = network::solve(&stations, 4.0).unwrap();
    let per_visit: Vec<f64> = solution
        .residence_s
        .iter()
        .zip(&visits)
        .map(|(time, rate)| time * 4.0 / rate)
        .collect();
    let mut rows = each("X", &["20.000000", "10.000000", "10.000000", "4.000000"], &visits);
    rows.extend(each(
        "U",
        &["0.800000", "0.300000", "0.600000", "0.200000"],
        &solution.utilization,
    ));
    rows.extend(each(
        "R per visit",
        &["0.2", "0.043", "0.15", "0.0625"],
        &per_visit,
    ));
    rows.extend(each("Q", &["4.000", "0.429", "1.500", "0.250"], &solution.queue));
    rows
}

fn jain_34_1() -> Vec<Row> {
    let (visits, service) = ([16.0, 7.0, 8.0], [0.01, 0.02, 0.03]);
    let stations: Vec<Station> = visits
        .iter()
        .zip(service)
        .map(|(visits, service)| Station::single("queue", visits * service))
        .collect();
    let solution = network::solve(&stations, 3.0).unwrap();
    let per_visit: Vec<f64> = solution
        .residence_s
        .iter()
        .zip(visits)
        .map(|(time, visits)| time / visits)
        .collect();
    let mut rows = each("U", &["0.48", "0.42", "0.72"], &solution.utilization);
    rows.extend(each("R per visit", &["0.0192", "0.0345", "0.107"], &per_visit));
    rows
}

fn lzgs_7_2() -> Vec<Row> {
    let network = MulticlassNetwork::of_single_servers(&[vec![0.0, 0.0]], &[0], &[0.0]);
    let class = |name: &str, rate_per_s, demands_s: [f64; 2]| OpenClass {
        name: name.to_owned(),
        rate_per_s,
        demands_s: demands_s.to_vec(),
    };
    let open = [
        class("A", 3.0 / 19.0, [1.0, 3.0]),
        class("B", 2.0 / 19.0, [2.0, 4.0]),
    ];
    let solution = mixed::solve(&network, &open).unwrap();
    let first = &solution.open[0];
    vec![
        printed(
            "U of A at the processor",
            "0.158",
            first.throughput_per_s * open[0].demands_s[0],
        ),
        printed("residence of A at the processor", "1.58", first.residence_s[0]),
        printed("Q of A at the processor", "0.25", first.queue[0]),
        printed("R of A", "30.08", first.response_time_s),
        exact("U, processor", 7.0 / 19.0, solution.closed.utilization[0]),
    ]
}

/// The same two demands seen from both sides: with R <= .2, an open queue carries 1/D - 1/R; the closed one is checked
/// against its own curve.
fn open_and_closed() -> Vec<Row> {
    let stations = vec![Station::single("cpu", 0.05)];
    let rate = network::rate_within(&stations, 0.2).unwrap().unwrap();
    let closed = ClosedNetwork {
        stations,
        think_time_s: 1.0,
    };
    let users = multiserver::users_within(&closed, 0.2, 1000).unwrap().unwrap();
    let response = |users| multiserver::solve(&closed, users).unwrap().response_time_s;
    assert!(response(users) <= 0.2 && response(users + 1) > 0.2);
    vec![
        exact("largest rate", 15.0, rate),
        exact("largest number of users", 20.0, f64::from(users)),
    ]
}

vectors! {
    vector_erlang, "LibReDE's tests (c=2, 15); tables of Erlang B and C" => erlang();
    vector_mmc_two_and_four_servers, "ETH Advanced Systems Lab; lambda=9 mu=5" => mmc();
    vector_gross_harris_bookstore, "Gross & Harris: lambda=40/h, S=4 min, c=4" => bookstore();
    vector_mmck, "computed independently; (lambda, mu, c, K)" => mmck();
    vector_pollaczek_khinchine, "by hand; lambda=5 S=.1" => mg1();
    vector_bgmt_7_4, "Bolch et al. 2006, ex. 7.4: open Jackson network" => bgmt_7_4();
    vector_jain_34_1, "Jain 1991, ex. 34.1" => jain_34_1();
    vector_lzgs_7_2, "LZGS 1984, sec. 7.2: two open classes" => lzgs_7_2();
    vector_open_and_closed, "by hand; D=.05, R<=.2, Z=1" => open_and_closed();
}

#[test]
fn load_dependent_rates_agree_with_several_servers() {
    let rates = StationKind::LoadDependent(vec![1.0, 2.0, 3.0]);
    for rate in [0.0, 1.0, 10.0, 29.0] {
        let by_rates = Station {
            name: "cpu".to_owned(),
            demand_s: 0.1,
            kind: rates.clone(),
        };
        let (a, b) = (
            network::solve(&[by_rates], rate),
            network::solve(&[Station::queueing("cpu", 0.1, 3)], rate),
        );
        assert!(
            (a.unwrap().response_time_s / b.unwrap().response_time_s - 1.0).abs() < 1e-12,
            "{rate}"
        );
    }
}

#[test]
fn overload_and_endless_routes_are_refused() {
    let overloaded = network::solve(&[Station::single("disk", 0.1)], 10.0);
    assert_eq!(
        overloaded,
        Err(QueueingError::Overloaded {
            name: "disk".to_owned()
        })
    );
    assert_eq!(
        network::traffic(&[1.0], &[vec![1.0]]),
        Err(QueueingError::Arrivals)
    );
    assert_eq!(
        network::traffic(&[1.0], &[vec![0.5, 0.5]]),
        Err(QueueingError::Arrivals)
    );
    assert_eq!(
        network::rate_within(&[Station::single("disk", 0.1)], 0.05),
        Ok(None)
    );
}
