//! Warm-up, trend, change points and drift.

use crate::minstd::transient;
use crate::vector::{Row, exact, printed, vectors};
use autoperf_models::stability::changepoint::pelt;
use autoperf_models::stability::cusum::{Cusum, Shift};
use autoperf_models::stability::mser::mser;
use autoperf_models::stability::trend::mann_kendall;

fn series_a() -> Vec<Row> {
    let values = transient();
    vec![
        printed("y[0]", "46.000062611", values[0]),
        printed("y[1]", "45.740946324", values[1]),
        printed("y[499]", "11.220977750", values[499]),
        printed("mean", "12.412373563", values.iter().sum::<f64>() / 500.0),
    ]
}

fn mser_a() -> Vec<Row> {
    let five = mser(&transient(), 5).unwrap();
    let one = mser(&transient(), 1).unwrap();
    assert!(!five.at_limit && !one.at_limit);
    vec![
        exact("MSER-5 batches cut off", 25.0, five.batches as f64),
        exact("MSER-5 observations cut off", 125.0, five.observations as f64),
        printed("MSER-5 statistic", "0.013312179424", five.statistic),
        printed("MSER-5 mean of the rest", "10.012239992", five.mean),
        exact("MSER-1 observations cut off", 90.0, one.observations as f64),
    ]
}

fn trend() -> Vec<Row> {
    // 5 rising values: S = 10, Var S = 5*4*15/18, z = 9 / sqrt(Var S).
    let rising = mann_kendall(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    // One falling pair and a tie: S = 13 - 1, Var S = (6*5*17 - 2*1*9)/18.
    let ties = mann_kendall(&[1.0, 2.0, 2.0, 4.0, 3.0, 5.0]).unwrap();
    vec![
        exact("S", 10.0, rising.s as f64),
        exact("z", 9.0 / (300.0_f64 / 18.0).sqrt(), rising.z),
        printed("p", "0.0274863", rising.p_value),
        exact("slope", 1.0, rising.slope),
        exact("S with a tie", 12.0, ties.s as f64),
        exact("z with a tie", 11.0 / (492.0_f64 / 18.0).sqrt(), ties.z),
    ]
}

fn segments() -> Vec<Row> {
    // A step of 10 after 6 values costs one change; a dip of 1 does not pay a penalty of 2.
    let values = [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 11.0, 11.0, 11.0];
    let starts = pelt(&values, 2.0, 1).unwrap();
    assert_eq!(starts.len(), 1);
    vec![exact("start of the second segment", 6.0, starts[0] as f64)]
}

fn drift() -> Vec<Row> {
    // A shift of one deviation adds 0.5 a value: the sum exceeds 5 with the eleventh.
    let mut chart = Cusum::new(0.0, 1.0).unwrap();
    let alarm = (1..100).find(|_| chart.observe(1.0) == Some(Shift::Up)).unwrap();
    vec![exact("values to the alarm", 11.0, f64::from(alarm))]
}

vectors! {
    vector_series_minstd_a, "computed independently; series A" => series_a();
    vector_mser_minstd_a, "computed independently; series A" => mser_a();
    vector_mann_kendall, "by hand" => trend();
    vector_change_points, "by hand" => segments();
    vector_cusum, "Page 1954, k 0.5, h 5, by hand" => drift();
}
