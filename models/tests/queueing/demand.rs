//! Service demands from windows.

use crate::vector::{Row, each, printed, vectors};
use autoperf_models::demand::nnls::{self, DemandError, IntervalMethod, Options, Weighting, Windows};
use autoperf_models::demand::ratio;
use autoperf_models::distribution::Distribution;
use autoperf_models::linear::Matrix;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

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
        level: Vec::new(),
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

const SHARES: [f64; 4] = [0.5, 0.3, 0.15, 0.05];
const COSTS_S: [f64; 4] = [0.003, 0.004, 0.006, 0.02];

/// A search's windows: 15 at each level of so many transactions a window, mixes that differ by chance alone, and exponential
/// demands. At each level everything costs `drift` more or less.
fn walk(rng: &mut ChaCha8Rng, levels: &[u32], drift: f64) -> Windows {
    let uniform = |rng: &mut ChaCha8Rng| f64::from(rng.next_u32()) / (f64::from(u32::MAX) + 1.0);
    let mut windows = Windows {
        length_s: Vec::new(),
        busy_s: Vec::new(),
        completions: Vec::new(),
        level: Vec::new(),
    };
    let unit = Distribution::exponential(1.0).unwrap();
    for (number, expected) in levels.iter().enumerate() {
        let dearer = 1.0 + drift * (2.0 * uniform(rng) - 1.0) * 3.0_f64.sqrt();
        for _ in 0..15 {
            let (mut counts, mut busy_s) = (vec![0.0; SHARES.len()], 0.0);
            // Twice as many trials, half of which come to something: the total varies too.
            for _ in 0..2 * expected {
                let place = 2.0 * uniform(rng);
                let mut upper = 0.0;
                let class = SHARES.iter().position(|share| {
                    upper += share;
                    place < upper
                });
                if let Some(class) = class {
                    counts[class] += 1.0;
                    busy_s += dearer * COSTS_S[class] * unit.sample(rng);
                }
            }
            windows.length_s.push(2.0);
            windows.busy_s.push(busy_s);
            windows.completions.push(counts);
            windows.level.push(number);
        }
    }
    windows
}

/// Share of the intervals that hold the true demand, mean half-width by value, and mean condition index, over 150 runs.
fn held(levels: &[u32], drift: f64, weighting: Weighting, knows_levels: bool) -> (f64, f64, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(20_26);
    let options = Options {
        weighting,
        refused_above: 1_000.0,
        ..Options::default()
    };
    let (mut held, mut asked, mut width, mut index) = (0.0, 0.0, 0.0, 0.0);
    for _ in 0..150 {
        let mut windows = walk(&mut rng, levels, drift);
        if !knows_levels {
            windows.level.clear();
        }
        let fit = nnls::estimate(&windows, &options).unwrap();
        index += fit.condition_indices.last().unwrap() / 150.0;
        for (class, cost_s) in fit.classes.iter().zip(COSTS_S) {
            let interval = class.interval.unwrap();
            asked += 1.0;
            width += interval.half_width() / cost_s;
            if interval.contains(cost_s) {
                held += 1.0;
            }
        }
    }
    (held / asked, width / asked, index)
}

/// What is known of the demands does not depend on how much alike the mixes are, so long as they differ by chance: with more
/// transactions in a window the index grows, and the intervals stay as wide and as true as they were (decision 0005).
#[test]
fn intervals_hold_however_much_alike_chance_makes_the_mixes() {
    let search = |most: u32| [most / 10, most * 2 / 5, most, most, most, most];
    let mut widths = Vec::new();
    for (most, least_share) in [(25, 0.9), (250, 0.93), (1_000, 0.93)] {
        let levels = search(most);
        let (share, width, index) = held(&levels, 0.0, Weighting::ByCount, true);
        let (unweighted, ..) = held(&levels, 0.0, Weighting::Equal, true);
        println!("| {most} | {index:.0} | {width:.3} | {share:.3} | {unweighted:.3} |");
        assert!((least_share..=0.97).contains(&share), "{levels:?}: {share}");
        assert!(share > unweighted, "{levels:?}: {share} {unweighted}");
        assert_eq!(index > nnls::REFUSED_ABOVE, most == 1_000, "{index}");
        widths.push(width);
    }
    let (narrowest, widest) = (
        widths.iter().copied().fold(1.0, f64::min),
        widths.iter().copied().fold(0.0, f64::max),
    );
    assert!(widest < 1.1 * narrowest, "{widths:?}");
}

#[test]
fn levels_that_disagree_widen_the_intervals() {
    let levels = [25, 100, 250, 250, 250, 250];
    let (knowing, ..) = held(&levels, 0.05, Weighting::ByCount, true);
    let (unknowing, ..) = held(&levels, 0.05, Weighting::ByCount, false);
    println!("{knowing:.3} hold, without the levels {unknowing:.3}");
    assert!(knowing >= 0.93 && knowing > unknowing, "{knowing} {unknowing}");
}
