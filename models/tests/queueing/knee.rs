//! Knee of a curve.

use crate::vector::{Row, printed, vectors};
use autoperf_models::knee;
use autoperf_models::queueing::{ClosedNetwork, mva};

fn satopaa() -> Vec<Row> {
    let points: Vec<(f64, f64)> = (0..10)
        .map(|index| f64::from(index) / 9.0)
        .map(|x| (x, -1.0 / (x + 0.1) + 5.0))
        .collect();
    let knee = knee::kneedle(&points, 1.0).unwrap();
    vec![
        printed("knee", "0.222222", knee.at),
        printed("index", "2", knee.index as f64),
        printed("rise", "0.53639847", knee.rise),
    ]
}

/// The same network, measured up to three ends.
fn depends_on_the_range() -> Vec<Row> {
    let curve = mva::solve_curve(&ClosedNetwork::of_single_servers(&[0.605, 2.1, 1.35], 15.0), 200).unwrap();
    let points: Vec<(f64, f64)> = (1..).map(f64::from).zip(curve.throughput_per_s).collect();
    let knee = |end: usize| knee::kneedle(&points[..end], 1.0).unwrap().at;
    vec![
        printed("measured to 20", "10", knee(20)),
        printed("measured to 40", "13", knee(40)),
        printed("measured to 200", "17", knee(200)),
    ]
}

vectors! {
    vector_kneedle, "Satopaa et al. 2011; y=-1/(x+.1)+5 at ten points" => satopaa();
    vector_kneedle_range, "computed independently; LZGS network, N*=9.07" => depends_on_the_range();
}

#[test]
fn a_line_has_no_knee() {
    let line: Vec<(f64, f64)> = (0..20)
        .map(|index| (f64::from(index), 3.0 * f64::from(index)))
        .collect();
    assert_eq!(knee::kneedle(&line, 1.0), None);
    assert_eq!(knee::kneedle(&line[..2], 1.0), None);
    assert_eq!(knee::kneedle(&[(0.0, 1.0), (0.0, 2.0), (1.0, 3.0)], 1.0), None);
    assert_eq!(
        knee::kneedle(&[(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)], 1.0),
        None
    );
}
