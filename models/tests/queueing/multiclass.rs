//! Several classes: exact, approximate and mixed with open streams.

use crate::vector::{Row, cut, each, exact, printed, vectors};
use autoperf_models::queueing::mixed::{self, OpenClass};
use autoperf_models::queueing::multiclass::{self, Method, MulticlassNetwork, MulticlassSolution};
use autoperf_models::queueing::{ClosedNetwork, QueueingError, StationKind, approximate, mva};

fn zahorjan_wong() -> MulticlassNetwork {
    MulticlassNetwork::of_single_servers(&[vec![1.0, 3.0], vec![2.0, 4.0]], &[1, 1], &[0.0, 0.0])
}

fn schwetman_5(users: [u32; 2]) -> MulticlassNetwork {
    MulticlassNetwork::of_single_servers(&[vec![0.025], vec![0.5]], &users, &[1.0, 15.0])
}

fn schwetman_7() -> MulticlassNetwork {
    let first = vec![0.01, 0.45 * 0.09, 0.5 * 0.1, 0.0];
    let second = vec![0.05, 0.0, 0.5 * 0.1, 0.49 * 0.08];
    MulticlassNetwork::of_single_servers(&[first, second], &[3, 2], &[0.0, 0.0])
}

fn allen() -> MulticlassNetwork {
    let demands = [vec![0.5, 0.04, 0.06], vec![0.4, 0.2, 0.3], vec![1.2, 0.05, 0.06]];
    MulticlassNetwork::of_single_servers(&demands, &[5, 10, 5], &[20.0, 30.0, 0.0])
}

/// Terminals, a processor and four equal disks; 1/.9 and 20 processor visits, a quarter of them to each disk.
fn schwetman_6() -> MulticlassNetwork {
    let demands = |visits: f64, processor: f64| {
        let disk = visits / 4.0 * 0.035;
        vec![visits * processor, disk, disk, disk, disk]
    };
    MulticlassNetwork::of_single_servers(
        &[demands(1.0 / 0.9, 0.010), demands(20.0, 0.100)],
        &[40, 4],
        &[5.0, 10.0],
    )
}

fn throughputs(solution: &MulticlassSolution) -> Vec<f64> {
    solution
        .classes
        .iter()
        .map(|class| class.throughput_per_s)
        .collect()
}

fn responses(solution: &MulticlassSolution) -> Vec<f64> {
    solution
        .classes
        .iter()
        .map(|class| class.response_time_s)
        .collect()
}

fn queues(solution: &MulticlassSolution) -> Vec<f64> {
    solution
        .classes
        .iter()
        .flat_map(|class| class.queue.clone())
        .collect()
}

fn exactly(network: &MulticlassNetwork) -> MulticlassSolution {
    multiclass::solve_exact(network).unwrap()
}

fn zahorjan_wong_rows(solution: &MulticlassSolution) -> Vec<Row> {
    let expected = [
        (3.0 / 19.0, [4.0 / 19.0, 15.0 / 19.0], [4.0 / 3.0, 5.0]),
        (2.0 / 19.0, [5.0 / 19.0, 14.0 / 19.0], [5.0 / 2.0, 7.0]),
    ];
    let rows = expected
        .into_iter()
        .zip(&solution.classes)
        .enumerate()
        .flat_map(|(c, (wanted, class))| {
            let c = c + 1;
            let (throughput, queue, residence) = wanted;
            vec![
                exact(format!("X[{c}]"), throughput, class.throughput_per_s),
                exact(format!("Q[{c},1]"), queue[0], class.queue[0]),
                exact(format!("Q[{c},2]"), queue[1], class.queue[1]),
                exact(format!("residence[{c},1]"), residence[0], class.residence_s[0]),
                exact(format!("residence[{c},2]"), residence[1], class.residence_s[1]),
            ]
        });
    rows.collect()
}

fn schwetman_5_rows() -> Vec<Row> {
    let solution = exactly(&schwetman_5([15, 5]));
    let mut rows = each("X", &["14.323115", "0.313799"], &throughputs(&solution));
    rows.extend(each("R", &["0.047258", "0.933745"], &responses(&solution)));
    rows.extend(each("Q", &["0.676885", "0.293009"], &queues(&solution)));
    let small = throughputs(&exactly(&schwetman_5([2, 1])));
    rows.extend([
        cut("X[1], N=(2,1)", "1.949", small[0]),
        cut("X[2], N=(2,1)", "0.064", small[1]),
    ]);
    rows
}

fn schwetman_6_rows() -> Vec<Row> {
    let solution = exactly(&schwetman_6());
    let at =
        |centre: usize| -> Vec<f64> { solution.classes.iter().map(|class| class.queue[centre]).collect() };
    let mut rows = each("X", &["7.891588", "0.277270"], &throughputs(&solution));
    rows.extend(each("Q, processor", &["0.192262", "1.008198"], &at(0)));
    rows.extend(each("Q, disk", &["0.087449", "0.054775"], &at(4)));
    rows
}

fn schwetman_7_rows() -> Vec<Row> {
    let solution = exactly(&schwetman_7());
    let expected = [
        "0.213185", "0.753958", "2.032857", "0.000000", "0.501107", "0.000000", "1.183982", "0.314911",
    ];
    let mut rows = each("X", &["12.151718", "6.866980"], &throughputs(&solution));
    rows.extend(each("Q", &expected, &queues(&solution)));
    rows
}

fn allen_rows() -> Vec<Row> {
    let solution = exactly(&allen());
    let mut rows = each(
        "X",
        &["0.209977", "0.297997", "0.646510"],
        &throughputs(&solution),
    );
    rows.extend(each(
        "R",
        &["3.812108", "3.557425", "7.733829"],
        &responses(&solution),
    ));
    rows
}

fn bard_schweitzer_lzgs() -> Vec<Row> {
    let network = |users| MulticlassNetwork::of_single_servers(&[vec![0.605, 2.1, 1.35]], &[users], &[15.0]);
    let solve = |users| approximate::schweitzer(&network(users)).unwrap();
    let three = solve(3);
    let mut rows = each("X(3)", &["0.150986"], &throughputs(&three));
    rows.extend(each("R(3)", &["4.869409"], &responses(&three)));
    rows.extend(each(
        "Q(3)",
        &["0.09727", "0.402057", "0.235885"],
        &queues(&three),
    ));
    rows.extend(each("X(9)", &["0.364219"], &throughputs(&solve(9))));
    rows.extend(each("X(15)", &["0.439982"], &throughputs(&solve(15))));
    rows
}

fn bard_schweitzer_two_classes() -> Vec<Row> {
    let solution = approximate::schweitzer(&zahorjan_wong()).unwrap();
    let other = approximate::schweitzer(&schwetman_7()).unwrap();
    let mut rows = each("X", &["0.153746", "0.103990"], &throughputs(&solution));
    rows.extend(each("R", &["6.504234", "9.616286"], &responses(&solution)));
    rows.extend(each(
        "Q",
        &["0.191857", "0.808143", "0.247883", "0.752117"],
        &queues(&solution),
    ));
    rows.extend(each(
        "X, Schwetman (3,2)",
        &["11.644766", "6.596268"],
        &throughputs(&other),
    ));
    rows
}

fn linearizer_rows() -> Vec<Row> {
    let solve = |network: &MulticlassNetwork| throughputs(&approximate::linearizer(network).unwrap());
    let lzgs = |users| {
        solve(&MulticlassNetwork::of_single_servers(
            &[vec![0.605, 2.1, 1.35]],
            &[users],
            &[15.0],
        ))[0]
    };
    let mut rows = vec![
        printed("LZGS X(3)", "0.151516", lzgs(3)),
        printed("LZGS X(9)", "0.377251", lzgs(9)),
        printed("LZGS X(20)", "0.473133", lzgs(20)),
    ];
    rows.extend(each(
        "Zahorjan-Wong X",
        &["0.157494", "0.105115"],
        &solve(&zahorjan_wong()),
    ));
    rows.extend(each(
        "Schwetman (3,2) X",
        &["12.134663", "6.863025"],
        &solve(&schwetman_7()),
    ));
    rows.extend(each(
        "Schwetman (15,5) X",
        &["14.324140", "0.313831"],
        &solve(&schwetman_5([15, 5])),
    ));
    rows.extend(each(
        "Allen X",
        &["0.209978", "0.297997", "0.646500"],
        &solve(&allen()),
    ));
    rows
}

fn open_class(name: &str, rate_per_s: f64, demands_s: &[f64]) -> OpenClass {
    OpenClass {
        name: name.to_owned(),
        rate_per_s,
        demands_s: demands_s.to_vec(),
    }
}

fn bgmt_8_6() -> Vec<Row> {
    let open = [
        open_class("1", 0.5, &[0.8, 0.6]),
        open_class("2", 0.25, &[2.0, 2.4]),
    ];
    let closed = [vec![0.3, 0.25], vec![0.5, 0.32]];
    let network = MulticlassNetwork::of_single_servers(&closed, &[1, 1], &[0.0, 0.0]);
    let solution = mixed::solve(&network, &open).unwrap();
    let visits = [1.0, 0.5, 1.0, 0.4];
    let classes = solution.closed.classes.iter();
    let per_visit: Vec<f64> = classes
        .flat_map(|class| class.residence_s.clone())
        .zip(visits)
        .map(|(r, v)| r / v)
        .collect();
    let open_queues: Vec<f64> = solution
        .open
        .iter()
        .flat_map(|class| class.queue.clone())
        .collect();
    let mut rows = each("X, closed", &["0.120", "0.081"], &throughputs(&solution.closed));
    rows.extend(each(
        "R per visit, closed",
        &["4.829", "6.951", "7.727", "11.636"],
        &per_visit,
    ));
    let printed = ["8.822", "5.383", "11.028", "10.766"]
        .iter()
        .zip(open_queues)
        .enumerate();
    rows.extend(printed.map(|(index, (text, got))| cut(format!("Q, open[{}]", index + 1), text, got)));
    rows
}

fn zahorjan_mixed() -> Vec<Row> {
    let open = [
        open_class("A", 1.0, &[0.25, 1.0 / 6.0]),
        open_class("B", 0.5, &[0.5, 1.0]),
    ];
    let closed = [vec![0.5, 1.0], vec![1.0, 4.0 / 3.0]];
    let network = MulticlassNetwork::of_single_servers(&closed, &[1, 1], &[0.0, 0.0]);
    zahorjan_wong_rows(&mixed::solve(&network, &open).unwrap().closed)
}

vectors! {
    vector_zahorjan_wong, "LZGS 1984, sec. 7.3; D=[[1,3],[2,4]] N=(1,1)" => zahorjan_wong_rows(&exactly(&zahorjan_wong()));
    vector_schwetman_figure_5, "Schwetman 1982, CSD-TR-355; D=[[.025],[.5]] Z=(1,15) N=(15,5)" => schwetman_5_rows();
    vector_schwetman_figure_6, "Schwetman 1982, fig. 6, checked with JMVA; N=(40,4)" => schwetman_6_rows();
    vector_schwetman_figure_7, "Schwetman 1982, fig. 7; N=(3,2)" => schwetman_7_rows();
    vector_allen_6_3_4, "Allen 1990, ex. 6.3.4; N=(5,10,5)" => allen_rows();
    vector_bgmt_8_6, "Bolch et al. 2006, ex. 8.6: mixed network" => bgmt_8_6();
    vector_zahorjan_mixed, "LZGS 1984, sec. 7.4: mixed network, lambda=(1,.5)" => zahorjan_mixed();
    vector_lzgs_117, "LZGS 1984, p. 117: Bard-Schweitzer, one class" => bard_schweitzer_lzgs();
    vector_bard_schweitzer_two_classes, "LZGS 1984, sec. 7.3: Bard-Schweitzer" => bard_schweitzer_two_classes();
    vector_linearizer, "computed independently: Linearizer" => linearizer_rows();
}

#[test]
fn a_class_without_users_changes_nothing() {
    let network =
        MulticlassNetwork::of_single_servers(&[vec![0.3, 0.2], vec![0.1, 0.9]], &[7, 0], &[1.0, 2.0]);
    let single = mva::solve(&ClosedNetwork::of_single_servers(&[0.3, 0.2], 1.0), 7).unwrap();
    let several = exactly(&network);
    assert!((several.classes[0].throughput_per_s / single.throughput_per_s - 1.0).abs() < 1e-12);
    assert!(several.classes[1].throughput_per_s == 0.0 && several.classes[1].queue == [0.0, 0.0]);
    assert_eq!(
        approximate::linearizer(&network).unwrap().classes[1].response_time_s,
        0.0
    );
}

#[test]
fn large_populations_fall_to_the_linearizer() {
    let demands = [vec![0.1, 0.2], vec![0.2, 0.1], vec![0.05, 0.05]];
    let network = MulticlassNetwork::of_single_servers(&demands, &[400, 400, 400], &[1.0, 2.0, 3.0]);
    assert_eq!(
        multiclass::solve_exact(&network),
        Err(QueueingError::TooManyStates {
            states: 401 * 401 * 401
        })
    );
    let (solution, method) = multiclass::solve(&network).unwrap();
    assert_eq!(method, Method::Linearizer);
    assert!(
        solution
            .utilization
            .iter()
            .all(|share| (0.0..=1.0).contains(share))
    );
}

#[test]
fn several_servers_are_approximated_by_seidmann() {
    let mut network = MulticlassNetwork::of_single_servers(&[vec![4.0]], &[90], &[10.0]);
    network.centres[0].kind = StationKind::Queueing { servers: 8 };
    let (solution, method) = multiclass::solve(&network).unwrap();
    assert_eq!(method, Method::Linearizer);
    assert!((solution.classes[0].throughput_per_s - 2.0).abs() < 0.02);
}

#[test]
fn an_open_stream_that_overloads_is_named() {
    let error = mixed::solve(&zahorjan_wong(), &[open_class("flood", 1.0, &[0.1, 1.5])]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "station station 2: more arrives than it can serve"
    );
    let error = mixed::solve(&zahorjan_wong(), &[open_class("short", 1.0, &[0.1])]).unwrap_err();
    assert!(error.to_string().starts_with("class short:"));
}
