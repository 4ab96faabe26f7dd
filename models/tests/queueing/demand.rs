//! Service demands from windows.

use crate::vector::{Row, each, printed, vectors};
use autoperf_models::demand::nnls::{self, DemandError, IntervalMethod, Options, Windows};
use autoperf_models::demand::ratio;
use autoperf_models::linear::Matrix;

const COUNTS: [[f64; 3]; 8] = [
    [10.0, 5.0, 1.0],
    [8.0, 6.0, 2.0],
    [12.0, 3.0, 3.0],
    [5.0, 10.0, 2.0],
    [9.0, 9.0, 1.0],
    [4.0, 4.0, 4.0],
    [11.0, 7.0, 2.0],
    [6.0, 8.0, 3.0],
];

const BUSY: [f64; 8] = [0.429, 0.467, 0.497, 0.545, 0.551, 0.419, 0.563, 0.553];
const BUSY_WITHOUT_THIRD: [f64; 8] = [0.375, 0.359, 0.335, 0.437, 0.497, 0.203, 0.455, 0.391];

fn windows(busy: &[f64]) -> Windows {
    Windows {
        length_s: vec![1.0; busy.len()],
        busy_s: busy.to_vec(),
        completions: COUNTS.iter().map(|row| row.to_vec()).collect(),
    }
}

fn cochran() -> Vec<Row> {
    let busy = [1.20, 1.32, 1.08, 1.51, 1.26, 1.40, 1.15, 1.29];
    let counts = [60.0, 66.0, 55.0, 74.0, 63.0, 70.0, 58.0, 64.0];
    let plain = ratio::estimate(&busy, &counts, 0.95).unwrap();
    let jackknife = ratio::jackknife(&busy, &counts, 0.95).unwrap();
    assert_eq!(plain.samples, 510);
    vec![
        printed("D", "0.020019608", plain.value),
        printed("half-width", "0.000189803", plain.half_width()),
        printed("D, jackknife", "0.020021978", jackknife.value),
        printed("half-width, jackknife", "0.000191007", jackknife.half_width()),
    ]
}

fn three_classes() -> Vec<Row> {
    let fit = nnls::estimate(&windows(&BUSY), &Options::default()).unwrap();
    assert_eq!(fit.method, IntervalMethod::StudentT);
    assert!(!fit.is_ill_conditioned());
    let demands: Vec<f64> = fit.classes.iter().map(|class| class.demand).collect();
    let quantile = 2.570_581_836;
    let intervals = fit.classes.iter().map(|class| class.interval.unwrap());
    let errors: Vec<f64> = intervals
        .clone()
        .map(|interval| interval.half_width() / quantile)
        .collect();
    let low: Vec<f64> = intervals.clone().map(|interval| interval.low).collect();
    let high: Vec<f64> = intervals.map(|interval| interval.high).collect();
    let mut rows = each("D", &["0.02036623", "0.0348564", "0.04930165"], &demands);
    rows.push(printed(
        "residual squares",
        "8.494326e-5",
        fit.residual_squares_s2,
    ));
    rows.extend(each("se", &["0.00036431", "0.0004431", "0.00110236"], &errors));
    rows.extend(each("low", &["0.019430", "0.033717", "0.046468"], &low));
    rows.extend(each("high", &["0.021303", "0.035995", "0.052135"], &high));
    rows.extend(each(
        "condition index",
        &["1", "3.60", "4.36"],
        &fit.condition_indices,
    ));
    rows
}

fn active_set() -> Vec<Row> {
    let fit = nnls::estimate(&windows(&BUSY_WITHOUT_THIRD), &Options::default()).unwrap();
    assert_eq!(fit.method, IntervalMethod::BlockBootstrap);
    assert_eq!(
        [0, 1, 2].map(|class: usize| fit.classes[class].held_at_zero),
        [false, false, true]
    );
    for class in &fit.classes {
        assert!(class.interval.unwrap().contains(class.demand));
    }
    let rows: Vec<Vec<f64>> = COUNTS.iter().map(|row| row.to_vec()).collect();
    let plain = Matrix::from_rows(&rows)
        .unwrap()
        .least_squares(&BUSY_WITHOUT_THIRD)
        .unwrap();
    let demands: Vec<f64> = fit.classes.iter().map(|class| class.demand).collect();
    let mut rows = each("D", &["0.01973633", "0.03418171", "0"], &demands);
    rows.push(printed("D[3] of ordinary least squares", "-0.00469835", plain[2]));
    rows
}

vectors! {
    vector_ratio_estimator, "computed independently; eight windows" => cochran();
    vector_nnls_three_classes, "computed independently; no active bound" => three_classes();
    vector_nnls_active_set, "computed independently; one active bound" => active_set();
}

#[test]
fn background_is_told_from_transactions() {
    let demands = [0.02, 0.03, 0.05];
    let mut windows = windows(&[0.0; 8]);
    windows.length_s = (0..8).map(|index| f64::from(index) * 0.5 + 1.0).collect();
    for (row, counts) in COUNTS.iter().enumerate() {
        let served: f64 = counts
            .iter()
            .zip(demands)
            .map(|(count, demand)| count * demand)
            .sum();
        windows.busy_s[row] = served + 0.1 * windows.length_s[row];
    }
    let options = Options {
        background: true,
        ..Options::default()
    };
    let fit = nnls::estimate(&windows, &options).unwrap();
    assert!((fit.background.unwrap().demand - 0.1).abs() < 1e-9);
    for (class, demand) in fit.classes.iter().zip(demands) {
        assert!((class.demand - demand).abs() < 1e-9);
    }
}

#[test]
fn correlated_windows_take_the_bootstrap_and_repeat_with_the_seed() {
    let options = Options {
        block_windows: 3,
        ..Options::default()
    };
    let fit = nnls::estimate(&windows(&BUSY), &options).unwrap();
    assert_eq!(fit.method, IntervalMethod::BlockBootstrap);
    assert_eq!(fit, nnls::estimate(&windows(&BUSY), &options).unwrap());
    let other = nnls::estimate(&windows(&BUSY), &Options { seed: 2, ..options }).unwrap();
    assert_ne!(fit.classes[0].interval, other.classes[0].interval);
    let interval = fit.classes[1].interval.unwrap();
    assert!(interval.low > 0.03 && interval.high < 0.04, "{interval:?}");
}

#[test]
fn alike_mixes_and_missing_kinds_are_refused() {
    let mut alike = windows(&BUSY);
    for row in &mut alike.completions {
        row[1] = 2.0 * row[0] + 0.01 * row[2];
    }
    let refused = nnls::estimate(&alike, &Options::default());
    assert!(
        matches!(refused, Err(DemandError::IllConditioned { alike: (0, 1), .. })),
        "{refused:?}"
    );
    let mut never = windows(&BUSY);
    never.completions.iter_mut().for_each(|row| row[2] = 0.0);
    assert_eq!(
        nnls::estimate(&never, &Options::default()),
        Err(DemandError::NeverSeen { class: 2 })
    );
    let mut few = windows(&BUSY[..2]);
    few.completions.truncate(2);
    let refused = nnls::estimate(&few, &Options::default());
    assert_eq!(
        refused,
        Err(DemandError::TooFewWindows {
            windows: 2,
            unknowns: 3
        })
    );
    few.busy_s.push(1.0);
    assert_eq!(
        nnls::estimate(&few, &Options::default()),
        Err(DemandError::Windows)
    );
}
