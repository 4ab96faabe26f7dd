//! Bounds and the saturation point.

use crate::vector::{Row, exact, printed, vectors};
use autoperf_models::Estimate;
use autoperf_models::queueing::bounds;

fn known(value: f64) -> Estimate {
    Estimate::symmetric(value, 0.0, 1).unwrap()
}

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

vectors! {
    vector_lzgs_saturation, "LZGS 1984, ch. 5; D=[.605,2.1,1.35] Z=15" => vec![printed(
        "N*",
        "9.073809524",
        bounds::saturation_users(&[known(0.605), known(2.1), known(1.35)], &[1.0; 3], 15.0).unwrap().value,
    )];
    vector_saturation_interval, "delta method by hand" => saturation_with_interval();
    vector_saturation_half_a_core, "convention for quotas below one core" => saturation_of_half_a_core();
}

#[test]
fn saturation_of_nonsense_is_none() {
    assert_eq!(bounds::saturation_users(&[], &[], 1.0), None);
    assert_eq!(bounds::saturation_users(&[known(0.0)], &[1.0], 1.0), None);
    assert_eq!(bounds::saturation_users(&[known(0.1)], &[1.0, 2.0], 1.0), None);
    assert_eq!(bounds::saturation_users(&[known(0.1)], &[0.0], 1.0), None);
    assert_eq!(bounds::saturation_users(&[known(0.1)], &[1.0], f64::NAN), None);
}
