//! Customer behaviour model graphs.

use crate::vector::{Row, each, exact, printed, vectors};
use autoperf_models::cbmg::{Cbmg, CbmgError, ObservedTransitions};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

fn graph(names: &[&str], entry: &[f64], rows: &[&[f64]]) -> Result<Cbmg, CbmgError> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Cbmg::new(
        names,
        entry.to_vec(),
        rows.iter().map(|row| row.to_vec()).collect(),
    )
}

fn manual() -> Cbmg {
    let rows: [&[f64]; 3] = [&[0.4, 0.2, 0.1], &[0.3, 0.3, 0.3], &[0.3, 0.4, 0.3]];
    graph(&["Day", "Week", "Month"], &[0.0, 1.0, 0.0], &rows).unwrap()
}

fn manual_rows() -> Vec<Row> {
    let graph = manual();
    let exits: f64 = graph
        .exit()
        .iter()
        .zip(graph.visits())
        .map(|(p, visits)| p * visits)
        .sum();
    let remaining: Vec<f64> = graph
        .expected_remaining()
        .into_iter()
        .map(Option::unwrap)
        .collect();
    let variance: Vec<f64> = graph
        .remaining_variance()
        .into_iter()
        .map(Option::unwrap)
        .collect();
    let visits = [100.0 / 43.0, 130.0 / 43.0, 70.0 / 43.0];
    let mix = [1.0 / 3.0, 13.0 / 30.0, 7.0 / 30.0];
    let mut rows = Vec::new();
    for (index, name) in ["Day", "Week", "Month"].into_iter().enumerate() {
        rows.push(exact(format!("V({name})"), visits[index], graph.visits()[index]));
        rows.push(exact(format!("mix({name})"), mix[index], graph.mix()[index]));
    }
    rows.push(exact("session length", 300.0 / 43.0, graph.session_length()));
    rows.push(printed(
        "its standard deviation",
        "6.003124",
        graph.session_length_sd(),
    ));
    rows.push(exact("exits per session", 1.0, exits));
    rows.extend(each(
        "remaining length",
        &["5.271318", "6.976744", "7.674419"],
        &remaining,
    ));
    rows.extend(each(
        "its variance",
        &["32.118262", "36.037498", "35.682351"],
        &variance,
    ));
    rows.push(exact(
        "think time, z=(3,6,9)",
        5.7,
        graph.mean_think_time_s(&[3.0, 6.0, 9.0]).unwrap(),
    ));
    rows
}

/// The processor is visited once, then one of two disks; each disk leads back, which one visit counts as the end.
fn schwetman() -> Vec<Row> {
    let graph = graph(
        &["cpu", "disk 1", "disk 2"],
        &[1.0, 0.0, 0.0],
        &[&[0.0, 0.3, 0.7], &[0.0; 3], &[0.0; 3]],
    );
    each("V", &["1", "0.3", "0.7"], graph.unwrap().visits())
}

fn passport() -> Vec<Row> {
    let rows: [&[f64]; 3] = [&[0.0, 0.3, 0.7], &[0.0, 0.0, 0.2], &[0.0, 0.1, 0.0]];
    let graph = graph(&["1", "2", "3"], &[1.0, 0.0, 0.0], &rows).unwrap();
    each("V", &["1.000000", "0.377551", "0.775510"], graph.visits())
}

fn times() -> Vec<Row> {
    let graph = manual();
    let same = graph
        .mean_transition_time_s(&[2.0; 3], &[vec![2.0; 3], vec![2.0; 3], vec![2.0; 3]])
        .unwrap();
    // A session has length - 1 transitions between states; they alone take time here.
    let between = graph
        .mean_transition_time_s(&[0.0; 3], &[vec![1.0; 3], vec![1.0; 3], vec![1.0; 3]])
        .unwrap();
    vec![
        exact("2 s at every step", 2.0, same),
        exact("1 s between states", 1.0 - 43.0 / 300.0, between),
        exact(
            "session of R=.5, Z=1.5",
            600.0 / 43.0,
            graph.session_duration_s(&[0.5; 3], &[1.5; 3]).unwrap(),
        ),
        exact("sessions at 30 /s", 4.3, graph.sessions_per_s(30.0)),
    ]
}

vectors! {
    vector_autoperf_manual_graph, "AutoPerf manual 2013, sec. 4.4; the fundamental matrix by hand" => manual_rows();
    vector_schwetman_visits, "Schwetman 1982; P=[0 .3 .7;1 0 0;1 0 0]" => schwetman();
    vector_pdq_passport, "PDQ, passport office; p12=.3 p13=.7 p23=.2 p32=.1" => passport();
    vector_session_times, "by hand, on the manual's graph" => times();
}

#[test]
fn refusals_say_where() {
    let wrong = graph(&["a", "b"], &[1.0, 0.0], &[&[0.5, 0.6], &[0.0, 0.0]]);
    assert!(matches!(wrong, Err(CbmgError::RowSum { row: Some(0), ref name, .. }) if name == "a"));
    let wrong = graph(&["a", "b"], &[0.4, 0.5], &[&[0.0; 2], &[0.0; 2]]);
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "the probabilities from Entry sum to 0.9"
    );
    let wrong = graph(&["a", "b"], &[1.0, 0.0], &[&[0.0, -0.1], &[0.0; 2]]);
    assert!(matches!(
        wrong,
        Err(CbmgError::NotAProbability {
            row: Some(0),
            column: 1,
            ..
        })
    ));
    let wrong = graph(&["a", "b"], &[1.0, 0.0], &[&[0.0, f64::NAN], &[0.0; 2]]);
    assert!(matches!(
        wrong,
        Err(CbmgError::NotAProbability {
            row: Some(0),
            column: 1,
            ..
        })
    ));
    assert!(matches!(
        graph(&["a"], &[1.0], &[&[0.0, 1.0]]),
        Err(CbmgError::RowLength { row: Some(0), .. })
    ));
    assert!(matches!(
        graph(&["a"], &[1.0], &[]),
        Err(CbmgError::RowCount {
            found: 0,
            expected: 1
        })
    ));
    assert!(matches!(graph(&[], &[], &[]), Err(CbmgError::NoStates)));
    let twice = graph(&["a", "a"], &[1.0, 0.0], &[&[0.0; 2], &[0.0; 2]]);
    assert!(matches!(twice, Err(CbmgError::DuplicateName { state: 1, .. })));
}

#[test]
fn a_session_must_end() {
    let caught = graph(
        &["a", "b", "c"],
        &[1.0, 0.0, 0.0],
        &[&[0.0, 0.5, 0.0], &[0.0, 0.0, 1.0], &[0.0, 1.0, 0.0]],
    );
    assert_eq!(caught.unwrap_err().to_string(), "no way leads from b, c to Exit");
}

#[test]
fn unreachable_states_are_named_and_change_nothing() {
    // "island" never leaves itself, but nobody comes there.
    let rows: [&[f64]; 3] = [&[0.5, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.2, 0.0, 0.0]];
    let graph = graph(&["a", "island", "b"], &[1.0, 0.0, 0.0], &rows).unwrap();
    assert_eq!(graph.unreachable(), ["island", "b"]);
    assert_eq!(graph.visits(), [2.0, 0.0, 0.0]);
    assert_eq!(graph.expected_remaining(), [Some(2.0), None, None]);
}

/// Walks sessions with the seed and counts the ways taken.
fn walk(graph: &Cbmg, sessions: u32, seed: u64, skew: f64) -> ObservedTransitions {
    let size = graph.names().len();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut choose = |probabilities: &[f64]| {
        let uniform = rng.next_u32() as f64 / 4_294_967_296.0;
        let mut sum = 0.0;
        probabilities.iter().position(|p| {
            sum += p;
            uniform < sum
        })
    };
    let mut observed = ObservedTransitions {
        entry: vec![0; size],
        rows: vec![vec![0; size]; size],
        exit: vec![0; size],
    };
    for _ in 0..sessions {
        let Some(mut state) = choose(graph.entry()) else {
            continue;
        };
        observed.entry[state] += 1;
        loop {
            let mut row = graph.rows()[state].clone();
            row[0] += skew;
            match choose(&row) {
                Some(next) => {
                    observed.rows[state][next] += 1;
                    state = next;
                }
                None => break observed.exit[state] += 1,
            }
        }
    }
    observed
}

#[test]
fn chi_square_accepts_true_walks_and_finds_skewed_ones() {
    let graph = manual();
    let p_values: Vec<f64> = (0..200)
        .map(|seed| {
            graph
                .test_transitions(&walk(&graph, 300, seed, 0.0))
                .unwrap()
                .p_value
        })
        .collect();
    let rejected = p_values.iter().filter(|p| **p < 0.05).count();
    assert!((2..=20).contains(&rejected), "5 % of 200, but {rejected}");
    let skewed = graph.test_transitions(&walk(&graph, 1000, 1, 0.05)).unwrap();
    assert!(skewed.p_value < 0.01, "{skewed:?}");
}

#[test]
fn chi_square_by_hand_and_the_impossible() {
    let graph = graph(&["a", "b"], &[0.5, 0.5], &[&[0.0, 0.5], &[0.0, 0.0]]).unwrap();
    let mut observed = ObservedTransitions {
        entry: vec![60, 40],
        rows: vec![vec![0, 30], vec![0, 0]],
        exit: vec![30, 70],
    };
    let test = graph.test_transitions(&observed).unwrap();
    assert!((test.statistic - 4.0).abs() < 1e-12 && test.degrees_of_freedom == 2);
    // The tail of chi-square with two degrees of freedom is exp(-x/2).
    assert!((test.p_value - (-2.0f64).exp()).abs() < 1e-9);
    assert_eq!(test.worst_row.0, None);
    observed.rows[1][0] = 1;
    let test = graph.test_transitions(&observed).unwrap();
    assert_eq!((test.p_value, test.impossible), (0.0, vec![(Some(1), Some(0))]));
    observed.exit.pop();
    assert_eq!(graph.test_transitions(&observed), None);
}

#[test]
fn rare_ways_are_pooled() {
    let graph = graph(
        &["a", "b", "c"],
        &[0.98, 0.01, 0.01],
        &[&[0.0; 3], &[0.0; 3], &[0.0; 3]],
    )
    .unwrap();
    let observed = |entry: [u64; 3]| ObservedTransitions {
        entry: entry.to_vec(),
        rows: vec![vec![0; 3]; 3],
        exit: entry.to_vec(),
    };
    // Four expected each are too few to judge apart; together they are as expected.
    let test = graph.test_transitions(&observed([392, 8, 0])).unwrap();
    assert!(test.statistic < 1e-12 && test.degrees_of_freedom == 1, "{test:?}");
    let test = graph.test_transitions(&observed([380, 15, 5])).unwrap();
    assert!(
        (test.statistic - (144.0 / 392.0 + 144.0 / 8.0)).abs() < 1e-9,
        "{test:?}"
    );
    // Forty expect less than one rare way: nothing can be tested.
    assert_eq!(graph.test_transitions(&observed([40, 0, 0])), None);
}
