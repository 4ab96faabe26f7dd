//! Bounds and the saturation point.

use crate::vector::{Row, each, exact, printed, vectors};
use autoperf_models::Estimate;
use autoperf_models::queueing::multiclass::{self, MulticlassNetwork};
use autoperf_models::queueing::{ClosedNetwork, QueueingError, Station, bounds, mva};

fn known(value: f64) -> Estimate {
    Estimate::symmetric(value, 0.0, 1).unwrap()
}

fn lzgs() -> ClosedNetwork {
    ClosedNetwork::of_single_servers(&[0.605, 2.1, 1.35], 15.0)
}

fn casale(think_time_s: f64) -> ClosedNetwork {
    ClosedNetwork::of_single_servers(&[0.1, 0.1, 0.09, 0.08], think_time_s)
}

const CASALE_USERS: [u32; 5] = [2, 5, 10, 20, 80];

fn saturation_with_interval() -> Vec<Row> {
    let measured = |value, half_width| Estimate::symmetric(value, half_width, 50).unwrap();
    let demands = [measured(0.02, 0.001), measured(0.08, 0.004)];
    let users = bounds::saturation_users(&demands, &[1.0, 4.0], 1.0).unwrap();
    // D/m is .02 at both; the later one of equals counts: N* = 4 * 1.1 / .08, slopes 1/.02 and (1 - 55/4)/.02.
    let half_width = f64::hypot(0.001 / 0.02, 0.004 * (1.0 - 55.0 / 4.0) / 0.02);
    vec![
        exact("N*", 55.0, users.value),
        exact("half-width", half_width, users.half_width()),
        exact("samples", 50.0, users.samples as f64),
    ]
}

fn saturation_of_half_a_core() -> Vec<Row> {
    let half = bounds::saturation_users(&[known(0.1), known(0.05)], &[0.5, 2.0], 1.0).unwrap();
    vec![exact("N*", (0.2 + 0.05 + 1.0) / 0.2, half.value)]
}

fn lzgs_asymptotic() -> Vec<Row> {
    let five = bounds::asymptotic(&lzgs(), 5).unwrap();
    let twenty = bounds::asymptotic(&lzgs(), 20).unwrap();
    vec![
        printed("X(5) low", "0.141743", five.throughput_low_per_s),
        printed("X(5) high", "0.262398", five.throughput_high_per_s),
        printed("X(20) high", "0.476190", twenty.throughput_high_per_s),
    ]
}

fn two_stations_asymptotic() -> Vec<Row> {
    let network = ClosedNetwork::of_single_servers(&[9.2, 8.0], 120.0);
    let bounds = bounds::asymptotic(&network, 20).unwrap();
    vec![
        printed("X(20) high", "0.1087", bounds.throughput_high_per_s),
        exact("R(20) low", 64.0, bounds.response_low_s),
    ]
}

fn lzgs_balanced() -> Vec<Row> {
    let printed_bounds = [
        (3, "0.143295", "0.152825"),
        (5, "0.209353", "0.247457"),
        (9, "0.290685", "0.421425"),
        (20, "0.379311", "0.476190"),
    ];
    let rows = printed_bounds.into_iter().flat_map(|(users, low, high)| {
        let bounds = bounds::balanced_job(&lzgs(), users).unwrap();
        let exact = mva::solve(&lzgs(), users).unwrap().throughput_per_s;
        assert!(bounds.throughput_low_per_s <= exact && exact <= bounds.throughput_high_per_s);
        [
            printed(format!("X({users}) low"), low, bounds.throughput_low_per_s),
            printed(format!("X({users}) high"), high, bounds.throughput_high_per_s),
        ]
    });
    rows.collect()
}

fn balanced_network() -> Vec<Row> {
    let network = ClosedNetwork::of_single_servers(&[1.0; 3], 0.0);
    let bounds = bounds::balanced_job(&network, 5).unwrap();
    vec![
        exact("X(5) low", 5.0 / 7.0, bounds.throughput_low_per_s),
        exact("X(5) high", 5.0 / 7.0, bounds.throughput_high_per_s),
        exact(
            "X(5)",
            5.0 / 7.0,
            mva::solve(&network, 5).unwrap().throughput_per_s,
        ),
    ]
}

fn casale_proportional() -> Vec<Row> {
    let all = CASALE_USERS.map(|users| bounds::proportional(&casale(0.0), users).unwrap());
    let low = all.map(|bounds| bounds.throughput_low_per_s);
    let high = all.map(|bounds| bounds.throughput_high_per_s);
    let mut rows = each(
        "X low, N=2,5,10,20,80",
        &["4.3174", "6.6600", "8.0219", "8.8672", "9.6736"],
        &low,
    );
    rows.extend(each(
        "X high, N=2,5,10,20,80",
        &["4.3174", "6.7297", "8.2700", "9.3387", "10"],
        &high,
    ));
    rows
}

fn casale_exact() -> Vec<Row> {
    let solve = |think, users| mva::solve(&casale(think), users).unwrap().throughput_per_s;
    let batch = CASALE_USERS.map(|users| solve(0.0, users));
    let interactive = CASALE_USERS.map(|users| solve(1.0, users));
    let mut rows = each(
        "X, Z=0",
        &["4.317386", "6.714772", "8.206171", "9.168204", "9.853000"],
        &batch,
    );
    rows.extend(each(
        "X, Z=1",
        &["1.433504", "3.363608", "5.871914", "8.375032", "9.827800"],
        &interactive,
    ));
    rows
}

fn casale_geometric() -> Vec<Row> {
    let bound = |think, users| bounds::geometric_low(&casale(think), users).unwrap();
    let batch = CASALE_USERS.map(|users| bound(0.0, users));
    let interactive = CASALE_USERS.map(|users| bound(1.0, users));
    let mut rows = each(
        "X low, Z=0",
        &["4.3040", "6.6859", "8.1521", "9.0947", "9.8233"],
        &batch,
    );
    rows.extend(each(
        "X low, Z=1",
        &["1.4319", "3.3432", "5.7569", "8.0856", "9.7147"],
        &interactive,
    ));
    rows
}

vectors! {
    vector_lzgs_saturation, "LZGS 1984, ch. 5; D=[.605,2.1,1.35] Z=15" => vec![printed(
        "N*",
        "9.073809524",
        bounds::saturation_users(&[known(0.605), known(2.1), known(1.35)], &[1.0; 3], 15.0).unwrap().value,
    )];
    vector_saturation_interval, "delta method by hand" => saturation_with_interval();
    vector_saturation_half_a_core, "convention for quotas below one core" => saturation_of_half_a_core();
    vector_lzgs_asymptotic, "LZGS 1984, ch. 5; D=[.605,2.1,1.35] Z=15" => lzgs_asymptotic();
    vector_two_stations_asymptotic, "LZGS 1984, ch. 5; D=[9.2,8] Z=120" => two_stations_asymptotic();
    vector_lzgs_balanced_job, "LZGS 1984, sec. 5.4; D=[.605,2.1,1.35] Z=15" => lzgs_balanced();
    vector_balanced_network, "by hand; K=3 D=1 Z=0" => balanced_network();
    vector_casale_proportional, "Casale, Muntz & Serazzi 2008, table IV; D=[.1,.1,.09,.08] Z=0" => casale_proportional();
    vector_casale_exact, "Casale, Muntz & Serazzi 2008, table IV" => casale_exact();
    vector_casale_geometric, "Casale, Muntz & Serazzi 2008, table IV" => casale_geometric();
}

#[test]
fn saturation_of_nonsense_is_none() {
    assert_eq!(bounds::saturation_users(&[], &[], 1.0), None);
    assert_eq!(bounds::saturation_users(&[known(0.0)], &[1.0], 1.0), None);
    assert_eq!(bounds::saturation_users(&[known(0.1)], &[1.0, 2.0], 1.0), None);
    assert_eq!(bounds::saturation_users(&[known(0.1)], &[0.0], 1.0), None);
    assert_eq!(bounds::saturation_users(&[known(0.1)], &[1.0], f64::NAN), None);
}

#[test]
fn bounds_refuse_what_they_do_not_hold_for() {
    let mut network = lzgs();
    assert_eq!(
        bounds::proportional(&network, 5),
        Err(QueueingError::NotWithThinkTime)
    );
    network.stations.push(Station::queueing("two", 1.0, 2));
    assert_eq!(
        bounds::balanced_job(&network, 5),
        Err(QueueingError::NotSingleServer)
    );
    assert!(bounds::asymptotic(&network, 5).is_ok());
}

/// Kerola 1984 (Purdue CSD-TR-475) plots these bounds for this network; no figures are printed.
#[test]
fn multiclass_bounds_enclose_the_exact_solution_of_kerola() {
    let demands = [vec![10.0, 7.0, 5.0, 4.0], vec![5.0, 2.0, 4.0, 6.0]];
    for users in 1..=20 {
        let network = MulticlassNetwork::of_single_servers(&demands, &[users, 10], &[0.0, 0.0]);
        let exact = multiclass::solve_exact(&network).unwrap();
        let asymptotic = bounds::multiclass::asymptotic(&network).unwrap();
        let balanced = bounds::multiclass::balanced_job(&network).unwrap();
        let composite = bounds::multiclass::composite(&network).unwrap();
        for (index, class) in exact.classes.iter().enumerate() {
            for bounds in [&asymptotic, &balanced, &composite] {
                assert!(
                    bounds[index].throughput_low_per_s <= class.throughput_per_s,
                    "N={users} {index}"
                );
                assert!(
                    class.throughput_per_s <= bounds[index].throughput_high_per_s,
                    "N={users} {index}"
                );
            }
            assert!(asymptotic[index].throughput_low_per_s <= balanced[index].throughput_low_per_s);
            assert!(composite[index].throughput_high_per_s <= asymptotic[index].throughput_high_per_s);
        }
    }
}
