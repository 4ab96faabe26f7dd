use super::*;
use crate::level::{Steadiness, WindowRule};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

fn exponential(rng: &mut ChaCha8Rng, mean: f64) -> f64 {
    -mean * uniform(rng).ln()
}

/// Runs a level of windows of `length_s` until it is done.
fn run(
    precision: Precision,
    length_s: f64,
    mut window: impl FnMut(f64) -> Bin,
) -> (LevelMonitor, StopReason) {
    let mut monitor = LevelMonitor::new(precision);
    for i in 0..100_000 {
        let start_s = f64::from(i) * length_s;
        monitor.observe(&Bin {
            start_s,
            length_s,
            ..window(start_s)
        });
        if let LevelState::Done(reason) = monitor.state() {
            return (monitor, reason);
        }
    }
    panic!("the level has no end");
}

/// A Poisson stream of `rate_per_s` with independent exponential response times of mean `response_s`.
fn poisson_window(rng: &mut ChaCha8Rng, length_s: f64, rate_per_s: f64, response_s: f64) -> Bin {
    let mut bin = Bin::default();
    let mut t = exponential(rng, 1.0 / rate_per_s);
    while t < length_s {
        let r = exponential(rng, response_s);
        bin.completions += 1;
        bin.response_sum_s += r;
        bin.response_sum_sq_s2 += r * r;
        t += exponential(rng, 1.0 / rate_per_s);
    }
    bin
}

fn served(completions: u64, response_s: f64) -> Bin {
    Bin {
        completions,
        response_sum_s: completions as f64 * response_s,
        response_sum_sq_s2: completions as f64 * response_s * response_s,
        ..Bin::default()
    }
}

#[test]
fn deterministic_service_is_known_at_the_shortest_time() {
    let (monitor, reason) = run(Precision::default(), 0.1, |_| served(10, 0.05));
    let level = monitor.finish();
    assert_eq!(reason, StopReason::PreciseEnough);
    assert!(
        level.until_s <= 1.5 * Precision::default().min_measured_s,
        "{level:?}"
    );
    assert!(level.throughput_per_s.unwrap().contains(100.0));
    assert!(level.response_time_s.unwrap().relative_half_width() < 1e-9);
    assert!(matches!(level.steadiness, Steadiness::Steady { .. }));
}

#[test]
fn a_poisson_stream_stops_near_the_size_that_theory_gives() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let precision = Precision {
        max_level_s: 600.0,
        ..Precision::default()
    };
    let (monitor, reason) = run(precision, 0.1, |_| poisson_window(&mut rng, 0.1, 100.0, 0.2));
    let level = monitor.finish();
    assert_eq!(reason, StopReason::PreciseEnough);
    // Throughput needs (1.96 / 0.03)^2 = 4268 completions.
    assert!((3000..12_000).contains(&level.completions), "{level:?}");
    assert!(level.throughput_per_s.unwrap().relative_half_width() <= 0.03);
    assert!(level.response_time_s.unwrap().relative_half_width() <= 0.10);
}

#[test]
fn the_transient_is_cut_off() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let precision = Precision {
        max_level_s: 600.0,
        ..Precision::default()
    };
    let (monitor, reason) = run(precision, 0.1, |t| {
        poisson_window(&mut rng, 0.1, 100.0, 0.2 + 2.0 * (-t / 3.0).exp())
    });
    let level = monitor.finish();
    assert_eq!(reason, StopReason::PreciseEnough);
    assert!(level.since_s > 4.0, "{level:?}");
    assert!(
        (level.response_time_s.unwrap().value / 0.2 - 1.0).abs() < 0.1,
        "{level:?}"
    );
}

#[test]
fn without_warm_up_everything_counts_from_the_beginning() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let precision = Precision {
        warm_up: false,
        ..Precision::default()
    };
    let (monitor, _) = run(precision, 0.1, |t| {
        poisson_window(&mut rng, 0.1, 100.0, 0.2 + 2.0 * (-t / 3.0).exp())
    });
    let level = monitor.finish();
    assert_eq!(level.since_s, 0.0, "{level:?}");
    assert_eq!(level.completions, monitor.finished);
}

#[test]
fn a_known_warm_up_is_left_out_though_nothing_shows_it() {
    let monitor = |least_s: f64| {
        let mut monitor = LevelMonitor::new(Precision::default()).with_least_warm_up_s(least_s);
        for i in 0..600 {
            let bin = served(10, 0.05);
            monitor.observe(&Bin {
                start_s: f64::from(i) * 0.1,
                length_s: 0.1,
                ..bin
            });
        }
        monitor.finish()
    };
    assert!((monitor(20.0).since_s - 20.0).abs() < 0.15);
    assert!((monitor(0.0).since_s - 3.0).abs() < 0.15);
    assert!(matches!(monitor(20.0).steadiness, Steadiness::Steady { .. }));
    assert!(matches!(monitor(61.0).steadiness, Steadiness::NotSteady { .. }));
}

/// Since when the level counts by AutoPerf's rule with windows of so many values of 100 transactions.
fn since_s(values: u32, difference: f64) -> f64 {
    let precision = Precision {
        max_level_s: 600.0,
        window_rule: Some(WindowRule {
            transactions: 100,
            values,
            difference,
        }),
        ..Precision::default()
    };
    let (monitor, reason) = run(precision, 0.1, |t| served(10 + u64::from(t >= 5.95), 0.05));
    assert_eq!(reason, StopReason::PreciseEnough);
    monitor.finish().since_s
}

#[test]
fn autoperfs_windows_hold_the_measurement_back() {
    let soon = since_s(2, 0.2);
    assert!((3.9..7.0).contains(&soon), "two windows of two seconds: {soon}");
    let wide = since_s(5, 0.2);
    assert!(wide >= 9.4 && wide > soon, "wider windows come later: {wide}");
    let strict = since_s(5, 0.02);
    assert!(strict > wide + 3.0, "they must differ by less: {strict}");
}

#[test]
fn time_outs_are_judged_from_where_they_are_asked_to_be() {
    let judged = |timeouts_judged_after| {
        let precision = Precision {
            min_completions: 1_000,
            max_level_s: 1_000.0,
            timeouts_judged_after,
            ..Precision::default()
        };
        let (monitor, reason) = run(precision, 0.1, |_| Bin {
            timeouts: 1,
            ..Bin::default()
        });
        assert_eq!(reason, StopReason::Timeouts);
        monitor.finished
    };
    assert_eq!((judged(None), judged(Some(100))), (1_000, 100));
}

#[test]
fn growth_without_end_is_never_steady() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (monitor, reason) = run(Precision::default(), 0.1, |t| {
        poisson_window(&mut rng, 0.1, 100.0, 0.1 + 0.05 * t)
    });
    assert_eq!(reason, StopReason::TimeLimit);
    let level = monitor.finish();
    assert!(
        !matches!(level.steadiness, Steadiness::Steady { .. }),
        "{level:?}"
    );
}

#[test]
fn nothing_served_gives_no_figures_and_ends_at_the_limit() {
    let (monitor, reason) = run(Precision::default(), 0.1, |_| Bin {
        errors: 3,
        ..Bin::default()
    });
    assert_eq!(reason, StopReason::TimeLimit);
    let level = monitor.finish();
    assert_eq!((level.throughput_per_s, level.response_time_s), (None, None));
    match level.steadiness {
        Steadiness::NotSteady { reason } => assert!(reason.starts_with("0 served transactions"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(LevelMonitor::new(Precision::default()).finish().completions, 0);
}

#[test]
fn few_completions_are_told_with_wide_intervals() {
    let (monitor, reason) = run(Precision::default(), 1.0, |t| {
        served(u64::from((t as u64).is_multiple_of(10)), 5.0)
    });
    assert_eq!(reason, StopReason::TimeLimit);
    let x = monitor.finish().throughput_per_s.unwrap();
    assert!(x.contains(0.1) && x.relative_half_width() > 0.5, "{x:?}");
}

#[test]
fn one_user_with_think_times_does_not_flip_between_states() {
    let mut flips = 0;
    for seed in 0..300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let precision = Precision {
            max_level_s: 15.0,
            ..Precision::default()
        };
        let (monitor, _) = run(precision, 0.1, |_| poisson_window(&mut rng, 0.1, 2.5, 0.013));
        flips += u32::from(monitor.finish().steadiness == Steadiness::TwoState);
    }
    assert_eq!(flips, 0, "of 300 levels of some 37 transactions");
}

#[test]
fn time_outs_end_the_level_early() {
    let (monitor, reason) = run(Precision::default(), 0.1, |_| Bin {
        timeouts: 1,
        ..served(4, 0.1)
    });
    assert_eq!(reason, StopReason::Timeouts);
    let level = monitor.finish();
    assert!(level.until_s < 5.0, "{level:?}");
    let few = |t: f64| Bin {
        timeouts: u64::from(((t * 10.0).round() as u64).is_multiple_of(10)),
        ..served(10, 0.1)
    };
    assert_eq!(run(Precision::default(), 0.1, few).1, StopReason::PreciseEnough);
}

#[test]
fn windows_of_one_second_serve_too() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let (monitor, reason) = run(Precision::default(), 1.0, |_| {
        poisson_window(&mut rng, 1.0, 400.0, 0.2)
    });
    assert_eq!(reason, StopReason::PreciseEnough);
    assert!(monitor.finish().throughput_per_s.unwrap().contains(400.0));
}

#[test]
fn measuring_comes_with_a_forecast() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut monitor = LevelMonitor::new(Precision {
        throughput: 0.01,
        max_level_s: 1e4,
        ..Precision::default()
    });
    for i in 0..200 {
        monitor.observe(&Bin {
            start_s: f64::from(i) * 0.1,
            length_s: 0.1,
            ..poisson_window(&mut rng, 0.1, 100.0, 0.2)
        });
    }
    // About 38400 completions are needed in all.
    match monitor.state() {
        LevelState::Measuring {
            remaining_s: Some(remaining_s),
            ..
        } => {
            assert!((100.0..1500.0).contains(&remaining_s), "{remaining_s}");
        }
        state => panic!("{state:?}"),
    }
}

/// Forecasts of a level: at every window that has one the time since the begin and the time left, s; and the level's end, s.
fn forecasts(seed: u64, precision: Precision) -> (Vec<(f64, Option<f64>)>, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut monitor = LevelMonitor::new(precision);
    let mut seen = Vec::new();
    for i in 1..100_000 {
        monitor.observe(&Bin {
            start_s: f64::from(i - 1) * 0.1,
            length_s: 0.1,
            ..poisson_window(&mut rng, 0.1, 50.0, 0.2)
        });
        let at_s = f64::from(i) * 0.1;
        match monitor.state() {
            LevelState::Warming => {}
            LevelState::Measuring { remaining_s, .. } => seen.push((at_s, remaining_s)),
            LevelState::Done(_) => return (seen, at_s),
        }
    }
    panic!("the level has no end");
}

#[test]
fn a_forecast_runs_down_and_is_never_nothing() {
    for (seed, max_level_s) in (0..20).flat_map(|seed| [(seed, 40.0), (seed, 1e4)]) {
        let precision = Precision {
            throughput: 0.02,
            max_level_s,
            ..Precision::default()
        };
        let (seen, end_s) = forecasts(seed, precision);
        let mut anew = 0;
        for pair in seen.windows(2) {
            let ((before_s, Some(before_left_s)), (at_s, Some(left_s))) = (pair[0], pair[1]) else {
                continue;
            };
            assert!(at_s + left_s <= max_level_s + 1e-6, "{seed}: {at_s} + {left_s}");
            assert!(
                left_s > 0.0,
                "{seed}: nothing is left at {at_s}, and the end was at {end_s}"
            );
            anew += u32::from((before_left_s - left_s - (at_s - before_s)).abs() > 1e-6);
        }
        // One new forecast a look, and looks grow rarer.
        assert!(anew <= 25, "{seed}: {anew} forecasts until {end_s}");
    }
}

#[test]
fn a_forecast_at_half_time_is_about_right() {
    let precision = Precision {
        throughput: 0.02,
        max_level_s: 1e4,
        ..Precision::default()
    };
    let mut ratios: Vec<f64> = (0..40)
        .filter_map(|seed| {
            let (seen, end_s) = forecasts(seed, precision);
            let half = seen.iter().find(|(at_s, _)| *at_s >= end_s / 2.0)?;
            Some((half.0 + half.1?) / end_s)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    assert!(ratios.len() >= 30, "only {} levels had a forecast", ratios.len());
    let middle = ratios[ratios.len() / 2];
    assert!((0.8..1.3).contains(&middle), "{middle} of {ratios:?}");
}

proptest! {
    #[test]
    fn any_windows_give_finite_figures_or_none(
        windows in prop::collection::vec((0.0..2.0_f64, 0..50_u64, 0..3_u64, 0.0..1e3_f64), 0..300)
    ) {
        let mut monitor = LevelMonitor::new(Precision::default());
        let mut start_s = 0.0;
        for (length_s, completions, timeouts, response_s) in windows {
            monitor.observe(&Bin { start_s, length_s, timeouts, ..served(completions, response_s) });
            start_s += length_s;
        }
        let level = monitor.finish();
        for estimate in [level.throughput_per_s, level.response_time_s].into_iter().flatten() {
            prop_assert!(estimate.low.is_finite() && estimate.high.is_finite());
            prop_assert!(estimate.low <= estimate.value && estimate.value <= estimate.high);
        }
        prop_assert!(level.since_s.is_finite() && level.until_s >= level.since_s);
    }

    #[test]
    fn time_scales(seed in 0..20_u64) {
        let at = |factor: f64| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut monitor = LevelMonitor::new(Precision { max_level_s: 1e6, ..Precision::default() });
            for i in 0..100 {
                let window = poisson_window(&mut rng, 0.5, 20.0, 0.2);
                monitor.observe(&Bin {
                    start_s: f64::from(i) * 0.5 * factor,
                    length_s: 0.5 * factor,
                    response_sum_s: window.response_sum_s * factor,
                    response_sum_sq_s2: window.response_sum_sq_s2 * factor * factor,
                    ..window
                });
            }
            monitor.finish()
        };
        let (plain, slow) = (at(1.0), at(4.0));
        let (a, b) = (plain.response_time_s.unwrap(), slow.response_time_s.unwrap());
        prop_assert!((a.high * 4.0 - b.high).abs() < 1e-9 * b.high);
        prop_assert!((plain.since_s * 4.0 - slow.since_s).abs() < 1e-6);
    }
}
