//! What holds for every strategy of the list.

use super::analytic::{Site, Trouble};
use super::follow;
use autoperf_models::level::Steadiness;
use autoperf_models::search::{LevelOutcome, Next, Objective, Options, STRATEGIES, VerdictCode};
use std::collections::BTreeSet;

fn options() -> Options {
    Options {
        max_users: Some(120),
        steps: 12,
        ..Options::default()
    }
}

#[test]
fn names_are_unique_and_described() {
    let names: BTreeSet<_> = STRATEGIES.iter().map(|s| s.name).collect();
    assert_eq!(names.len(), STRATEGIES.len());
    assert_eq!(STRATEGIES[0].name, "model-guided");
    for strategy in STRATEGIES {
        let name = strategy.name;
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{name}");
        assert!(
            strategy.description.len() > 20 && !strategy.description.contains('\n'),
            "{name}"
        );
    }
}

#[test]
fn each_finds_the_capacity_of_a_plain_site() {
    for strategy in STRATEGIES {
        let mut site = Site::new(&[(0.02, 1), (0.01, 2)], 1.0, 3);
        let (finding, levels, _) = follow(&mut *(strategy.build)(options()), &mut site);
        assert_eq!(
            finding.verdict,
            VerdictCode::Found,
            "{} {levels:?} {:?}",
            strategy.name,
            finding.reasons
        );
        let x = finding.max_throughput_per_s.unwrap();
        assert!((x.value / 50.0 - 1.0).abs() < 0.05, "{} {x:?}", strategy.name);
        let users = finding.saturation_users.unwrap();
        assert!(
            (users.value / 51.5 - 1.0).abs() < 0.08,
            "{} {users:?}",
            strategy.name
        );
        assert_eq!(finding.bottleneck.unwrap().0, "station 0");
    }
}

#[test]
fn each_level_has_its_reason_and_its_lesson() {
    for strategy in STRATEGIES {
        let mut site = Site::new(&[(0.05, 2)], 0.5, 5);
        let (finding, levels, _) = follow(&mut *(strategy.build)(options()), &mut site);
        assert_eq!(finding.levels.len(), levels.len());
        for (note, users) in finding.levels.iter().zip(&levels) {
            assert_eq!(note.users, *users);
            assert!(
                note.why.chars().any(|c| c.is_ascii_digit()),
                "{}: {}",
                strategy.name,
                note.why
            );
            assert!(
                note.taught.chars().any(|c| c.is_ascii_digit()),
                "{}: {}",
                strategy.name,
                note.taught
            );
        }
    }
}

#[test]
fn the_curve_has_a_row_for_every_number_of_users_and_ordered_bands() {
    for strategy in STRATEGIES {
        let mut site = Site::new(&[(0.02, 1)], 1.0, 8);
        let (finding, levels, _) = follow(&mut *(strategy.build)(options()), &mut site);
        let highest = *levels.iter().max().unwrap();
        let users: Vec<u32> = finding.curve.iter().map(|p| p.users).collect();
        assert_eq!(users, (1..=highest).collect::<Vec<_>>(), "{}", strategy.name);
        for point in &finding.curve {
            for estimate in [point.throughput_per_s, point.response_time_s] {
                assert!(
                    0.0 < estimate.low && estimate.low <= estimate.value && estimate.value <= estimate.high
                );
                assert!(estimate.high.is_finite());
            }
        }
    }
}

#[test]
fn none_goes_beyond_the_largest_number_of_users_or_the_longest_run() {
    for strategy in STRATEGIES {
        let limited = Options {
            max_users: Some(20),
            max_run_s: Some(90.0),
            ..options()
        };
        let mut site = Site::new(&[(0.02, 1)], 1.0, 9);
        let (finding, levels, load_s) = follow(&mut *(strategy.build)(limited), &mut site);
        assert!(levels.iter().all(|&n| n <= 20), "{} {levels:?}", strategy.name);
        // The level under way when the time is over may be the last but not longer than a level.
        assert!(load_s < 90.0 + 62.0, "{} {load_s}", strategy.name);
        let honest = matches!(finding.verdict, VerdictCode::AtLeast | VerdictCode::NoSaturation);
        assert!(honest, "{} {:?}", strategy.name, finding.verdict);
    }
}

#[test]
fn each_says_so_where_the_site_fails_at_once_or_the_generator_is_too_slow() {
    for strategy in STRATEGIES {
        let mut dead = Site::new(&[(0.02, 1)], 1.0, 1).with(Trouble::Fails);
        let (finding, ..) = follow(&mut *(strategy.build)(options()), &mut dead);
        assert_eq!(finding.verdict, VerdictCode::FailsAtOnce, "{}", strategy.name);
        let mut fast = Site::new(&[(0.001, 8)], 1.0, 1).with(Trouble::Generator(40.0));
        let (finding, ..) = follow(&mut *(strategy.build)(options()), &mut fast);
        assert_eq!(
            finding.verdict,
            VerdictCode::GeneratorLimited,
            "{} {:?}",
            strategy.name,
            finding.reasons
        );
        let reached = finding.max_throughput_per_s.unwrap();
        assert!(
            reached.value <= 42.0,
            "{} {reached:?}: a spoilt level entered",
            strategy.name
        );
    }
}

/// A level in which nothing ended, well or badly.
fn silent(users: u32, load_s: f64) -> LevelOutcome {
    LevelOutcome {
        users,
        throughput_per_s: None,
        response_time_s: None,
        quantiles_s: Vec::new(),
        think_time_s: 1.0,
        demands: Vec::new(),
        error_share: 0.0,
        timeout_share: 0.0,
        steadiness: Steadiness::NotSteady {
            reason: "nothing ended".into(),
        },
        generator_saturated: false,
        little_gap: 0.0,
        load_s,
    }
}

#[test]
fn a_level_without_a_transaction_blames_the_site_only_if_it_was_long_enough() {
    for (load_s, verdict) in [(3.0, VerdictCode::Inconclusive), (60.0, VerdictCode::FailsAtOnce)] {
        for entry in STRATEGIES {
            let mut strategy = (entry.build)(options());
            let mut next = strategy.next(None);
            for _ in 0..20 {
                let Next::Run(plan) = next else { break };
                next = strategy.next(Some(&silent(plan.users, load_s)));
            }
            let Next::Done(finding) = next else {
                panic!("{} never ends", entry.name);
            };
            assert_eq!(finding.verdict, verdict, "{} {:?}", entry.name, finding.reasons);
        }
    }
}

#[test]
fn each_tries_fewer_users_once_where_the_generator_was_the_limit() {
    for strategy in STRATEGIES {
        let mut fast = Site::new(&[(0.001, 8)], 1.0, 1).with(Trouble::Generator(40.0));
        let (finding, levels, _) = follow(&mut *(strategy.build)(options()), &mut fast);
        let notes = &finding.levels;
        let spoilt: Vec<usize> = (0..notes.len())
            .filter(|&at| notes[at].taught.contains("the generator was the limit"))
            .collect();
        assert!(matches!(spoilt.len(), 1 | 2), "{} {levels:?}", strategy.name);
        assert!(
            spoilt.iter().all(|&at| !notes[at].counts),
            "{} {notes:?}",
            strategy.name
        );
        let first = levels[spoilt[0]];
        let known = levels[..spoilt[0]].iter().copied().max().unwrap_or(0);
        let tried = &levels[spoilt[0] + 1..];
        if known + 1 < first {
            assert!(
                tried[0] < first && tried[0] > known,
                "{} {levels:?}",
                strategy.name
            );
        }
        // A second try that succeeds is the end of the way up; so is one that does not.
        assert!(
            tried.iter().all(|&users| users < first),
            "{} {levels:?}",
            strategy.name
        );
        let above = tried.iter().filter(|&&users| users > known);
        assert!(above.count() <= 1, "{} {levels:?}", strategy.name);
    }
}

#[test]
fn a_generator_that_was_held_up_once_at_the_start_ends_nothing() {
    for strategy in STRATEGIES {
        let mut site = Site::new(&[(0.02, 1)], 1.0, 3).with(Trouble::HeldUpAtFirst);
        let (finding, levels, _) = follow(&mut *(strategy.build)(options()), &mut site);
        assert_eq!(levels[0], levels[1], "{} {levels:?}", strategy.name);
        assert_eq!(
            finding.verdict,
            VerdictCode::Found,
            "{} {levels:?} {:?}",
            strategy.name,
            finding.reasons
        );
        assert!(!finding.levels[0].counts && finding.levels[1].counts);
    }
}

#[test]
fn each_answers_the_objective_with_bounds_it_has_seen() {
    let objective = Some(Objective {
        quantile: 0.95,
        limit_s: 0.3,
    });
    for strategy in STRATEGIES {
        let asked = Options {
            objective,
            ..options()
        };
        let mut site = Site::new(&[(0.02, 1)], 1.0, 4);
        let (finding, ..) = follow(&mut *(strategy.build)(asked), &mut site);
        // The analytic site's p95 is thrice its mean.
        let truth = site.exact(120).iter().filter(|(_, r)| 3.0 * r <= 0.3).count() as f64;
        let users = finding.objective_users.unwrap();
        assert!(
            users.low <= truth + 3.0 && truth <= users.high + 3.0,
            "{} {truth} {users:?}",
            strategy.name
        );
        let told = finding.reasons.iter().any(|r| r.contains("95 %"));
        assert!(told, "{} {:?}", strategy.name, finding.reasons);
    }
}

#[test]
fn asked_twice_without_an_outcome_nothing_is_invented() {
    for strategy in STRATEGIES {
        let mut search = (strategy.build)(options());
        let Next::Run(first) = search.next(None) else {
            panic!("{} ends at once", strategy.name)
        };
        assert!(
            first.forecast_s > 0.0 && first.remaining_s >= first.forecast_s,
            "{}",
            strategy.name
        );
        assert!(search.finding().max_throughput_per_s.is_none());
        assert!(search.finding().curve.is_empty());
    }
}
