//! Section "load-dependent and multi-server": values computed with 50 digits, and textbook examples.

use crate::vector::{Row, each, exact, point, printed, vectors, within};
use autoperf_models::queueing::{ClosedNetwork, Solution, Station, multiserver};

fn network(demands_s: &[f64], servers: &[u32], think_time_s: f64) -> ClosedNetwork {
    let stations = demands_s.iter().zip(servers);
    let stations = stations.map(|(demand_s, servers)| Station::queueing("queue", *demand_s, *servers));
    ClosedNetwork {
        stations: stations.collect(),
        think_time_s,
    }
}

/// Both ways to a point of the curve must give the printed values.
fn points(network: &ClosedNetwork, expected: &[(u32, &str, &str)]) -> Vec<Row> {
    let most = expected.iter().map(|(users, _, _)| *users).max().unwrap();
    let curve = multiserver::solve_curve(network, most).unwrap();
    let rows = expected.iter().flat_map(|&(users, throughput, response)| {
        let index = users as usize - 1;
        let solution = multiserver::solve(network, users).unwrap();
        assert_consistent(network, &solution);
        assert!((solution.throughput_per_s / curve.throughput_per_s[index] - 1.0).abs() < 1e-12);
        point(
            users,
            (throughput, response),
            (curve.throughput_per_s[index], curve.response_time_s[index]),
        )
    });
    rows.collect()
}

fn assert_consistent(network: &ClosedNetwork, solution: &Solution) {
    let thinking = solution.throughput_per_s * network.think_time_s;
    let present: f64 = solution.queue.iter().sum();
    let users = f64::from(solution.users);
    assert!((present + thinking - users).abs() < 1e-9 * users, "{solution:?}");
    let residence: f64 = solution.residence_s.iter().sum();
    assert!(
        (residence - solution.response_time_s).abs() < 1e-9 * residence,
        "{solution:?}"
    );
}

fn eight_servers() -> ClosedNetwork {
    network(&[4.0], &[8], 10.0)
}

fn bgmt_8_4() -> Vec<Row> {
    let mut network = network(&[0.5, 0.3, 0.4], &[2, 1, 1], 0.0);
    network.stations.push(Station::delay("terminals", 1.0));
    let solution = multiserver::solve(&network, 3).unwrap();
    assert_consistent(&network, &solution);
    let residence = &solution.residence_s;
    let per_visit = [residence[0], residence[1] / 0.5, residence[2] / 0.5, residence[3]];
    let mut rows = vec![printed("X(3)", "1.217460634", solution.throughput_per_s)];
    rows.extend(each(
        "Q",
        &["0.623679", "0.472872", "0.685988", "1.217461"],
        &solution.queue,
    ));
    rows.extend(each(
        "R per visit",
        &["0.512279", "0.776817", "1.126916", "1"],
        &per_visit,
    ));
    rows
}

fn bgmt_8_1() -> Vec<Row> {
    let network = network(&[1.0 / 0.8, 0.667 / 0.6, 0.2 / 0.4], &[2, 3, 1], 0.0);
    let solution = multiserver::solve(&network, 3).unwrap();
    let constants: Vec<f64> = (1..=3)
        .map(|users| multiserver::normalizing_constant(&network, users).unwrap())
        .collect();
    let mut rows = vec![printed("X(3)", "0.944419", solution.throughput_per_s)];
    rows.extend(each("Q", &["1.289810", "1.049879", "0.660311"], &solution.queue));
    // The book multiplies factors rounded to three digits.
    let printed = ["2.861", "4.218", "4.465"].iter().zip(&constants);
    rows.extend(printed.map(|(text, got)| within("G", text.parse().unwrap(), *got, 1e-3)));
    rows
}

/// A quota of 2.5 cores: the rates 1, 2, 2.5 written down in two ways, and the capacity 2.5 at saturation.
fn quota() -> Vec<Row> {
    let quota = |station: Station| ClosedNetwork {
        stations: vec![station],
        think_time_s: 1.0,
    };
    let by_capacity = quota(Station::with_capacity("cpu", 0.1, 2.5));
    let half = quota(Station::with_capacity("cpu", 0.1, 0.5));
    let saturated = multiserver::solve(&by_capacity, 200).unwrap();
    let half_saturated = multiserver::solve(&half, 200).unwrap();
    vec![
        exact("X(200), 2.5 cores", 25.0, saturated.throughput_per_s),
        exact("U(200), 2.5 cores", 1.0, saturated.utilization[0]),
        exact("X(200), 0.5 cores", 5.0, half_saturated.throughput_per_s),
        exact(
            "R(1), 0.5 cores",
            0.2,
            multiserver::solve(&half, 1).unwrap().response_time_s,
        ),
    ]
}

vectors! {
    vector_two_stations_four_and_one_server, "computed with 50 digits; D=[.04,.008] m=[4,1] Z=1" =>
        points(&network(&[0.04, 0.008], &[4, 1], 1.0), &[
            (20, "19.058436144", "0.049404046"),
            (60, "56.654425540", "0.059052306"),
            (100, "89.700166376", "0.114825134"),
            (150, "99.993764047", "0.500093545"),
        ]);
    vector_three_stations_hundred_users, "computed with 50 digits; D=[.12,.03,.05] m=[8,1,2] Z=5" =>
        points(&network(&[0.12, 0.03, 0.05], &[8, 1, 2], 5.0), &[(100, "19.040594910", "0.251936742")]);
    vector_eight_servers, "computed with 50 digits; S=4 m=8 Z=10" =>
        points(&eight_servers(), &[
            (8, "0.571428571", "4.000000000"),
            (16, "1.140486961", "4.029095063"),
            (20, "1.412918056", "4.155102565"),
            (24, "1.655002688", "4.501487024"),
            (32, "1.946609351", "6.438840176"),
            (40, "1.998403182", "10.015980936"),
        ]);
    vector_eight_servers_ninety_users, "m=8 N=90, where the recursion on marginals gives X=-1.04" => vec![
        exact("X(90)", 2.0, multiserver::solve(&eight_servers(), 90).unwrap().throughput_per_s),
        exact("R(90)", 35.0, multiserver::solve(&eight_servers(), 90).unwrap().response_time_s),
    ];
    vector_three_hundred_servers, "m=300 N=400 S=.444, where the recursion on marginals gives X=-140.8" => vec![
        exact("X(400)", 300.0 / 0.444,
            multiserver::solve(&network(&[0.444], &[300], 0.0), 400).unwrap().throughput_per_s),
        exact("R(400)", 0.592, multiserver::solve(&network(&[0.444], &[300], 0.0), 400).unwrap().response_time_s),
    ];
    vector_bgmt_8_4, "Bolch et al. 2006, ex. 8.4" => bgmt_8_4();
    vector_bgmt_8_1, "Bolch et al. 2006, ex. 8.1" => bgmt_8_1();
    vector_processor_quota, "limits by the bottleneck law" => quota();
}
