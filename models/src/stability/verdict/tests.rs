use super::*;
use proptest::prelude::*;

/// Windows of 1 s with 100 completions each (less `throughput_loss` per window) whose mean response time is `response_s(i)` with
/// deterministic noise of a tenth.
fn windows(n: u32, response_s: impl Fn(u32) -> f64) -> Vec<Bin> {
    let mut state = 4_711_u64;
    (0..n)
        .map(|i| {
            state = state * 16_807 % 2_147_483_647;
            let noise = 1.0 + 0.2 * (state as f64 / 2_147_483_647.0 - 0.5);
            Bin {
                start_s: f64::from(i),
                length_s: 1.0,
                completions: 95 + state % 11,
                response_sum_s: (95 + state % 11) as f64 * response_s(i) * noise,
                ..Bin::default()
            }
        })
        .collect()
}

fn batched(windows: &[Bin]) -> Vec<Bin> {
    windows
        .chunks(windows.len() / 25)
        .map(|chunk| Bin {
            start_s: chunk[0].start_s,
            length_s: chunk.len() as f64,
            completions: chunk.iter().map(|w| w.completions).sum(),
            response_sum_s: chunk.iter().map(|w| w.response_sum_s).sum(),
            ..Bin::default()
        })
        .collect()
}

fn verdict(warm: bool, windows: &[Bin]) -> Steadiness {
    judge(&Evidence {
        warm,
        windows,
        batches: &batched(windows),
        throughput_tolerance: 0.015,
        response_tolerance: 0.05,
    })
}

#[test]
fn noise_about_a_level_is_steady() {
    assert_eq!(
        verdict(true, &windows(100, |_| 0.2)),
        Steadiness::Steady { since_s: 0.0 }
    );
}

#[test]
fn a_slow_rise_is_a_drift_with_its_pace() {
    match verdict(true, &windows(100, |i| 0.2 * (1.0 + 0.005 * f64::from(i)))) {
        // 0.5 % of the first value a second, a fifth less of the mean.
        Steadiness::Drifting { percent_per_minute } => assert!((20.0..28.0).contains(&percent_per_minute)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_step_is_named_with_its_figures() {
    match verdict(true, &windows(100, |i| if i < 60 { 0.2 } else { 0.3 })) {
        Steadiness::NotSteady { reason } => {
            assert!(reason.contains("mean response time changed from 0.2"), "{reason}");
            assert!(reason.contains(" 60 s after"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn flipping_is_two_state_and_quick_alternation_is_not() {
    assert_eq!(
        verdict(true, &windows(100, |i| if i / 20 % 2 == 0 { 0.2 } else { 0.4 })),
        Steadiness::TwoState
    );
    let alternating = windows(100, |i| if i % 2 == 0 { 0.2 } else { 0.4 });
    assert!(matches!(verdict(true, &alternating), Steadiness::Steady { .. }));
}

#[test]
fn a_level_that_is_not_warm_drifts_or_is_still_warming() {
    let transient = windows(100, |i| 0.2 + (-f64::from(i) / 20.0).exp());
    assert!(matches!(verdict(false, &transient), Steadiness::NotSteady { .. }));
    match verdict(false, &windows(100, |i| 0.2 + 0.01 * f64::from(i))) {
        Steadiness::Drifting { percent_per_minute } => assert!(percent_per_minute > 30.0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn falling_throughput_is_named() {
    let falling: Vec<Bin> = windows(100, |_| 0.2)
        .into_iter()
        .enumerate()
        .map(|(i, w)| Bin {
            completions: w.completions * (400 - i as u64) / 400,
            response_sum_s: w.response_sum_s * (400 - i) as f64 / 400.0,
            ..w
        })
        .collect();
    match verdict(true, &falling) {
        Steadiness::NotSteady { reason } => assert!(reason.starts_with("throughput "), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_at_all_is_not_a_panic() {
    assert!(matches!(verdict_of_nothing(true), Steadiness::Steady { .. }));
    assert!(matches!(verdict_of_nothing(false), Steadiness::NotSteady { .. }));
}

fn verdict_of_nothing(warm: bool) -> Steadiness {
    judge(&Evidence {
        warm,
        windows: &[],
        batches: &[],
        throughput_tolerance: 0.0,
        response_tolerance: 0.0,
    })
}

proptest! {
    #[test]
    fn any_windows_have_a_verdict_with_finite_figures(
        parts in prop::collection::vec((0..50_u64, 0.0..1e3_f64), 0..120), warm: bool
    ) {
        let windows: Vec<Bin> = parts
            .iter()
            .enumerate()
            .map(|(i, (completions, response_s))| Bin {
                start_s: i as f64,
                length_s: 1.0,
                completions: *completions,
                response_sum_s: *completions as f64 * response_s,
                ..Bin::default()
            })
            .collect();
        let evidence = Evidence {
            warm, windows: &windows, batches: &windows, throughput_tolerance: 0.01, response_tolerance: 0.05
        };
        if let Steadiness::Drifting { percent_per_minute } = judge(&evidence) {
            prop_assert!(percent_per_minute.is_finite());
        }
    }

    #[test]
    fn regimes_do_not_depend_on_the_unit(values in prop::collection::vec(0.1..10.0_f64, 20..80)) {
        let scaled: Vec<f64> = values.iter().map(|v| v * 16.0).collect();
        prop_assert_eq!(two_regimes(&values), two_regimes(&scaled));
    }
}
