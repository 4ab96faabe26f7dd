//! Sites outside the ordinary: each has its own verdict, none a confident wrong answer.

use super::analytic::{Site, Trouble};
use super::{follow, search};
use autoperf_models::Estimate;
use autoperf_models::level::Steadiness;
use autoperf_models::search::{
    AutoPerf, AutoPerfParameters, LevelNote, LevelOutcome, Next, Objective, Options, Purpose, ResourceDemand,
    STRATEGIES, ThinkTime, VerdictCode, joined,
};

#[test]
fn think_time_alone_is_no_saturation() {
    let options = Options {
        max_users: Some(200),
        ..Options::default()
    };
    let mut site = Site::new(&[(0.0001, 4)], 2.0, 2);
    let (finding, ..) = search(&mut site, options);
    assert_eq!(
        finding.verdict,
        VerdictCode::NoSaturation,
        "{:?}",
        finding.reasons
    );
    assert!(finding.max_throughput_per_s.unwrap().value > 50.0);
}

#[test]
fn falling_throughput_is_retrograde_with_its_peak() {
    for seed in 0..4 {
        let mut site = Site::new(&[(0.02, 2)], 1.0, seed).with_coherency_loss(0.01);
        let (finding, levels, _) = search(&mut site, Options::default());
        let exact = site.exact(400);
        let peak = exact.iter().map(|(x, _)| *x).fold(0.0, f64::max);
        assert_eq!(
            finding.verdict,
            VerdictCode::Retrograde,
            "{levels:?} {:?}",
            finding.reasons
        );
        let x = finding.max_throughput_per_s.unwrap();
        assert!((x.value / peak - 1.0).abs() < 0.05, "{x:?} {peak}");
        assert!(finding.retrograde_users.is_some());
    }
}

#[test]
fn two_regimes_are_bistable() {
    let mut site = Site::new(&[(0.02, 1)], 1.0, 1).with(Trouble::Flips(30));
    let (finding, ..) = search(&mut site, Options::default());
    assert_eq!(finding.verdict, VerdictCode::Bistable);
}

#[test]
fn a_collapse_while_the_load_stays_is_bistable_and_what_held_is_told() {
    for seed in 0..3 {
        let mut site = Site::new(&[(0.02, 1)], 1.0, seed).with(Trouble::Collapses(46));
        let (finding, levels, _) = search(&mut site, Options::default());
        assert_eq!(
            finding.verdict,
            VerdictCode::Bistable,
            "{levels:?} {:?}",
            finding.reasons
        );
        let held = finding.max_throughput_per_s.unwrap();
        let exact = site.exact(46).last().unwrap().0;
        assert!(
            held.low < 1.03 * exact && exact < 1.03 * held.high,
            "{held:?} {exact}"
        );
        assert!(levels.iter().any(|&n| n > 46));
    }
}

#[test]
fn a_slow_rise_is_followed_to_its_end() {
    for seed in 0..3 {
        // With next to no think time the knee is at two users, but throughput goes on growing up to 24.
        let mut site = Site::new(&[(0.01, 1)], 0.005, seed).with_batching(0.25, 24);
        let (finding, levels, _) = search(&mut site, Options::default());
        assert_eq!(finding.verdict, VerdictCode::Found, "{:?}", finding.reasons);
        assert!(
            levels.iter().any(|&n| n >= 20),
            "{levels:?} {:#?}",
            finding.levels
        );
        let x = finding.max_throughput_per_s.unwrap();
        assert!((x.value * 0.0075 - 1.0).abs() < 0.05, "{x:?} {levels:?}");
    }
}

#[test]
fn what_a_short_run_leaves_open_is_not_claimed() {
    let mut verdicts = Vec::new();
    for max_run_s in [150.0, 250.0, 350.0, 450.0] {
        let options = Options {
            max_run_s: Some(max_run_s),
            ..Options::default()
        };
        // Three transactions per second: minutes know that to ten per cent.
        let mut site = Site::new(&[(0.33, 1)], 1.0, 5);
        let (finding, levels, load_s) = search(&mut site, options);
        assert!(load_s < max_run_s + 30.0, "{load_s} {levels:?}");
        let certain = matches!(finding.verdict, VerdictCode::Found | VerdictCode::Retrograde);
        assert!(!certain, "{:?} {levels:?}", finding.reasons);
        if finding.verdict == VerdictCode::Inconclusive {
            assert!(finding.reasons[0].contains("more time"), "{:?}", finding.reasons);
            assert!(finding.max_throughput_per_s.is_some());
        }
        verdicts.push(finding.verdict);
    }
    assert!(verdicts.contains(&VerdictCode::Inconclusive), "{verdicts:?}");
}

#[test]
fn between_the_levels_of_a_plateau_the_curve_does_not_swing() {
    for seed in 0..4 {
        for known in [false, true] {
            let think_time = known.then_some(ThinkTime { mean_s: 1.0, cv: 1.0 });
            let options = Options {
                think_time,
                ..Options::default()
            };
            let mut site = Site::new(&[(0.02, 1)], 1.0, seed);
            let (finding, levels, _) = search(&mut site, options);
            let plateau = finding.curve.iter().filter(|p| p.users >= 70);
            let rates: Vec<f64> = plateau.map(|p| p.throughput_per_s.value).collect();
            let (low, high) = rates.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &x| {
                (low.min(x), high.max(x))
            });
            assert!(high / low < 1.03, "{low}..{high} {levels:?} seed {seed} {known}");
        }
    }
}

#[test]
fn a_leak_is_drift_and_two_canaries_saw_it() {
    let mut site = Site::new(&[(0.02, 1)], 1.0, 1).with(Trouble::Leak(0.08));
    let (finding, ..) = search(&mut site, Options::default());
    assert_eq!(
        finding.verdict,
        VerdictCode::Drifted,
        "{:?} {:#?}",
        finding.reasons,
        finding.levels
    );
    let canary = |note: &&LevelNote| note.purpose == Purpose::Canary;
    assert_eq!(finding.levels.iter().filter(canary).count(), 2);
}

#[test]
fn time_outs_are_a_ceiling() {
    let mut site = Site::new(&[(0.02, 1)], 1.0, 1).with(Trouble::TimesOut(44));
    let (finding, levels, _) = search(&mut site, Options::default());
    assert_eq!(
        finding.verdict,
        VerdictCode::AtLeast,
        "{levels:?} {:?}",
        finding.reasons
    );
    assert!(
        finding.reasons.iter().any(|r| r.contains("timed out")),
        "{:?}",
        finding.reasons
    );
    let reached = finding.saturation_users.unwrap().value;
    assert!(reached <= 44.0, "{reached}");
}

#[test]
fn without_profiler_the_limit_is_found_but_nobody_is_blamed() {
    let mut site = Site::new(&[(0.03, 3)], 2.0, 6).without_profiler();
    let (finding, levels, _) = search(&mut site, Options::default());
    assert_eq!(
        finding.verdict,
        VerdictCode::Found,
        "{levels:?} {:?}",
        finding.reasons
    );
    assert!((finding.max_throughput_per_s.unwrap().value / 100.0 - 1.0).abs() < 0.05);
    assert!(finding.bottleneck.is_none());
}

#[test]
fn the_objective_is_bracketed_within_a_tenth() {
    for seed in 0..4 {
        let objective = Some(Objective {
            quantile: 0.95,
            limit_s: 0.5,
        });
        let mut site = Site::new(&[(0.02, 1)], 1.0, seed);
        let (finding, ..) = search(
            &mut site,
            Options {
                objective,
                ..Options::default()
            },
        );
        let truth = site.exact(200).iter().filter(|(_, r)| 3.0 * r <= 0.5).count() as f64;
        let users = finding.objective_users.unwrap();
        assert!(
            users.low <= truth + 2.0 && truth <= users.high + 2.0,
            "{truth} {users:?}"
        );
        assert!((users.value / truth - 1.0).abs() < 0.10, "{truth} {users:?}");
        assert!(finding.levels.iter().any(|n| n.purpose == Purpose::Bracket));
    }
}

#[test]
fn autoperf_goes_one_by_one_then_halves_then_steps() {
    let mut site = Site::new(&[(0.02, 1)], 1.0, 2);
    let mut strategy = AutoPerf::new(Options::default(), AutoPerfParameters::default());
    let (finding, levels, _) = follow(&mut strategy, &mut site);
    assert_eq!(levels[..5], [1, 2, 3, 4, 5]);
    let over = levels[5];
    assert!((48..=76).contains(&over), "1.2 M* is about 61: {levels:?}");
    assert_eq!(levels[6], 5 + (over - 5) / 2);
    let end = *levels.last().unwrap();
    assert_eq!(end, (f64::from(over) * 1.5).ceil() as u32);
    assert_eq!(finding.verdict, VerdictCode::Found);
}

#[test]
fn levels_chosen_by_hand_are_joined_by_straight_lines() {
    let mut site = Site::new(&[(0.02, 1)], 1.0, 2);
    let precision = Options::default().precision;
    let outcomes: Vec<_> = [10, 40, 70, 100].map(|n| site.run(n, &precision)).to_vec();
    let finding = joined(&outcomes, &Options::default());
    assert_eq!(finding.verdict, VerdictCode::Found);
    let middle = finding.curve[24].response_time_s.value;
    let (left, right) = (
        outcomes[0].response_time_s.unwrap().value,
        outcomes[1].response_time_s.unwrap().value,
    );
    assert!((middle - (left + right) / 2.0).abs() < 1e-9);
}

/// A level of a site whose service hardly varies: no queue before its one resource is full, then a straight line.
fn regular(users: u32) -> Option<LevelOutcome> {
    let (demand_s, servers, think_s, unqueued_s) = (0.003_925, 0.5, 0.4, 0.0135);
    let most = servers / demand_s;
    let response_s =
        (f64::from(users) / most - think_s).max(unqueued_s) + 0.004 * f64::from(users.min(60)) / 60.0;
    let rate = f64::from(users) / (response_s + think_s);
    let samples = (rate * 25.0) as u64;
    Some(LevelOutcome {
        users,
        throughput_per_s: Estimate::symmetric(rate, 0.012 * rate, samples),
        response_time_s: Estimate::symmetric(response_s, 0.03 * response_s, samples),
        quantiles_s: Vec::new(),
        think_time_s: think_s,
        demands: vec![ResourceDemand {
            resource: "web".into(),
            demand_s: Estimate::symmetric(demand_s, 0.01 * demand_s, samples)?,
            servers,
            shares: None,
            whole_host: false,
        }],
        error_share: 0.0,
        timeout_share: 0.0,
        steadiness: Steadiness::Steady { since_s: 0.0 },
        generator_saturated: false,
        little_gap: 0.0,
        load_s: 25.0,
    })
}

#[test]
fn a_site_of_regular_service_has_a_plateau_and_no_peak() {
    let options = Options {
        think_time: Some(ThinkTime { mean_s: 0.4, cv: 1.0 }),
        time_budget_s: Some(100.0),
        ..Options::default()
    };
    let mut strategy = (STRATEGIES[0].build)(options);
    let mut next = strategy.next(None);
    for _ in 0..60 {
        let Next::Run(plan) = next else { break };
        next = strategy.next(regular(plan.users).as_ref());
    }
    let Next::Done(finding) = next else {
        panic!("never ends")
    };
    assert_eq!(finding.verdict, VerdictCode::Found, "{:?}", finding.reasons);
    let most = 0.5 / 0.003_925;
    let rate = finding.max_throughput_per_s.unwrap();
    assert!(rate.low <= most && most <= rate.high, "{rate:?} {most}");
    let curve = finding.curve.iter().map(|point| point.throughput_per_s.value);
    let highest = curve.fold(0.0, f64::max);
    assert!(highest < 1.02 * most, "the curve sees {highest} of {most}");
}
