//! Exact mean value analysis of one class.

use crate::vector::{Row, each, exact, point, printed, vectors};
use autoperf_models::queueing::{ClosedNetwork, QueueingError, Station, mva};

fn jain_34_2() -> Vec<Row> {
    let (service, visits) = ([0.125, 0.3, 0.2], [16.0, 10.0, 5.0]);
    let demands: Vec<f64> = service.iter().zip(visits).map(|(s, v)| s * v).collect();
    let network = ClosedNetwork::of_single_servers(&demands, 4.0);
    let solution = mva::solve(&network, 20).unwrap();
    let per_visit: Vec<f64> = solution
        .residence_s
        .iter()
        .zip(visits)
        .map(|(r, v)| r / v)
        .collect();
    let curve = mva::solve_curve(&network, 10).unwrap().throughput_per_s;
    let mut rows = point(
        20,
        ("0.333247", "56.015632"),
        (solution.throughput_per_s, solution.response_time_s),
    );
    rows.extend(each("Q", &["1.990623", "16.176651", "0.499740"], &solution.queue));
    rows.extend(each("R per visit", &["0.373", "4.854", "0.300"], &per_visit));
    rows.extend(each(
        "U",
        &["0.666493", "0.999740", "0.333247"],
        &solution.utilization,
    ));
    rows.extend(each(
        "X(1..5)",
        &["0.1", "0.175439", "0.229223", "0.265764", "0.289752"],
        &curve[..5],
    ));
    rows.push(printed("X(10)", "0.328193", curve[9]));
    rows.push(printed("N*", "3.3333", (network.total_demand_s() + 4.0) / 3.0));
    rows
}

fn bgmt_8_3() -> Vec<Row> {
    let demands = [0.02, 0.2 * 0.4, 0.4 * 0.2, 0.6 * 0.1];
    let solution = mva::solve(&ClosedNetwork::of_single_servers(&demands, 0.0), 6).unwrap();
    let mut rows = vec![printed("X(6)", "9.919836", solution.throughput_per_s)];
    rows.extend(each(
        "Q",
        &["0.243615", "2.261038", "2.261038", "1.234309"],
        &solution.queue,
    ));
    rows.extend(each(
        "U",
        &["0.198397", "0.793587", "0.793587", "0.595190"],
        &solution.utilization,
    ));
    rows
}

fn lzgs_curve() -> Vec<Row> {
    let curve = mva::solve_curve(&ClosedNetwork::of_single_servers(&[0.605, 2.1, 1.35], 15.0), 20).unwrap();
    let expected = [
        (1, "0.052480", "4.055"),
        (3, "0.151516", "4.799825"),
        (5, "0.240466", "5.793000"),
        (9, "0.376516", "8.903339"),
        (15, "0.462469", "17.434622"),
        (20, "0.474516", "27.148181"),
    ];
    let rows = expected.into_iter().flat_map(|(users, throughput, response)| {
        let index = users as usize - 1;
        point(
            users,
            (throughput, response),
            (curve.throughput_per_s[index], curve.response_time_s[index]),
        )
    });
    rows.collect()
}

/// Two kinds of request in one chain: users of kind 1 become kind 2 with probability .1 after the processor, and back
/// with .2. Visits by hand; the demands are summed over the kinds.
fn schwetman_9() -> Vec<Row> {
    let visits = [[2.0, 1.4, 0.4], [1.0, 0.3, 0.5]];
    let service = [[0.01, 0.07, 0.10], [0.05, 0.07, 0.10]];
    let demand = |k: usize| visits[0][k] * service[0][k] + visits[1][k] * service[1][k];
    let network = ClosedNetwork::of_single_servers(&[demand(0), demand(1), demand(2)], 0.0);
    let throughput = mva::solve(&network, 3).unwrap().throughput_per_s;
    let found = mva::solve(&network, 2).unwrap().queue;
    let printed_rates = [["12.609", "8.826", "2.522"], ["6.304", "1.891", "3.152"]];
    let printed_times = [["0.015", "0.133", "0.163"], ["0.073", "0.133", "0.163"]];
    let rows = (0..2).flat_map(|c| {
        let rates: Vec<f64> = visits[c].iter().map(|visits| visits * throughput).collect();
        let times: Vec<f64> = (0..3).map(|k| service[c][k] * (1.0 + found[k])).collect();
        let mut rows = each(&format!("X, kind {}", c + 1), &printed_rates[c], &rates);
        rows.extend(each(&format!("R, kind {}", c + 1), &printed_times[c], &times));
        rows
    });
    rows.collect()
}

fn only_thinking() -> Vec<Row> {
    let network = ClosedNetwork {
        stations: vec![Station::delay("network", 0.5)],
        think_time_s: 1.5,
    };
    let solution = mva::solve(&network, 1000).unwrap();
    vec![
        exact("X(1000)", 500.0, solution.throughput_per_s),
        exact("Q", 250.0, solution.queue[0]),
    ]
}

vectors! {
    vector_jain_34_2, "Jain 1991, ex. 34.2; S=[.125,.3,.2] V=[16,10,5] Z=4" => jain_34_2();
    vector_bgmt_8_3, "Bolch et al. 2006, ex. 8.3; S=[.02,.2,.4,.6] V=[1,.4,.2,.1]" => bgmt_8_3();
    vector_lzgs_curve, "LZGS 1984, ch. 6; D=[.605,2.1,1.35] Z=15" => lzgs_curve();
    vector_schwetman_figure_9, "Schwetman 1982, CSD-TR-355, fig. 9: class switching, N=3" => schwetman_9();
    vector_delay_only, "by hand" => only_thinking();
}

#[test]
fn nonsense_is_refused_with_its_reason() {
    let network = ClosedNetwork::of_single_servers(&[0.1], 1.0);
    assert_eq!(mva::solve(&network, 0), Err(QueueingError::NoUsers));
    assert_eq!(
        mva::solve(&ClosedNetwork::of_single_servers(&[0.0], 0.0), 1),
        Err(QueueingError::NothingTakesTime)
    );
    let error = mva::solve(&ClosedNetwork::of_single_servers(&[0.1, f64::NAN], 1.0), 1).unwrap_err();
    assert!(
        error.to_string().starts_with("station station 2: its demand"),
        "{error}"
    );
    let huge = ClosedNetwork::of_single_servers(&[1e308], 1e308);
    assert_eq!(mva::solve(&huge, 2), Err(QueueingError::OutOfRange));
    let several = ClosedNetwork {
        stations: vec![Station::queueing("cpu", 0.1, 2)],
        think_time_s: 0.0,
    };
    assert_eq!(mva::solve(&several, 2), Err(QueueingError::NotSingleServer));
}
