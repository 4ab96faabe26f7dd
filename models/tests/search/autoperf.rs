//! Each parameter of AutoPerf's level plan (manual of 2013, section 4.2) has its effect on the levels that are run.

use super::analytic::{Site, Trouble};
use super::follow;
use autoperf_models::search::{AutoPerf, AutoPerfParameters, Options};

const STANDARD: AutoPerfParameters = AutoPerfParameters {
    max_seq_var_count: 3,
    max_seq_var_threshold: 5.0,
    mstar_lower_bound_multiplier: 1.2,
    mstar_upper_bound_multiplier: 1.5,
    sequence_steps: 3,
    percentage_time_outs_allowed: 5.0,
    percentage_error_allowed_in_throughput_observed: 2.0,
    infinity: 1_000_000,
};

/// The levels that are run at a site whose M* is 51 users.
fn levels(parameters: AutoPerfParameters) -> Vec<u32> {
    levels_of(Site::new(&[(0.02, 1)], 1.0, 2), Options::default(), parameters)
}

fn levels_of(mut site: Site, options: Options, parameters: AutoPerfParameters) -> Vec<u32> {
    follow(&mut AutoPerf::new(options, parameters), &mut site).1
}

#[test]
fn levels_go_one_by_one_up_to_max_seq_var_count() {
    for count in [1, 3, 6] {
        let levels = levels(AutoPerfParameters {
            max_seq_var_count: count,
            ..STANDARD
        });
        let (single, rest) = levels.split_at(count as usize);
        assert_eq!(single, (1..=count).collect::<Vec<_>>());
        assert!(rest[0] > 40, "then comes the predicted M*: {levels:?}");
    }
}

#[test]
fn levels_begin_at_the_start_load() {
    for (start_load, expected) in [(2, vec![2, 3]), (7, vec![7])] {
        let options = Options {
            start_load: Some(start_load),
            ..Options::default()
        };
        let levels = levels_of(Site::new(&[(0.02, 1)], 1.0, 2), options, STANDARD);
        assert_eq!(levels[..expected.len()], expected);
        let over = levels[expected.len()];
        assert!(over > 40, "{levels:?}");
        let low = expected[expected.len() - 1];
        assert_eq!(levels[expected.len() + 1], low + (over - low) / 2, "{levels:?}");
        assert!(levels.iter().all(|users| *users >= start_load));
    }
}

#[test]
fn the_multipliers_bound_the_binary_part_and_the_steps() {
    for (lower, upper) in [(1.0, 1.5), (1.2, 1.5), (2.0, 1.0), (1.2, 3.0)] {
        let levels = levels(AutoPerfParameters {
            mstar_lower_bound_multiplier: lower,
            mstar_upper_bound_multiplier: upper,
            ..STANDARD
        });
        let over = levels[3];
        let truth = 51.0 * lower;
        assert!((f64::from(over) / truth - 1.0).abs() < 0.2, "{lower}: {levels:?}");
        let most = levels.iter().max().copied();
        assert_eq!(most, Some((f64::from(over) * upper).ceil() as u32), "{levels:?}");
        let steps = levels.iter().filter(|users| **users > over).count();
        assert_eq!(steps, if upper > 1.0 { 3 } else { 0 }, "{levels:?}");
    }
}

#[test]
fn a_smaller_threshold_halves_further() {
    let halved = |max_seq_var_threshold| {
        let levels = levels(AutoPerfParameters {
            max_seq_var_threshold,
            ..STANDARD
        });
        let over = levels[3];
        levels.iter().filter(|users| (4..over).contains(users)).count()
    };
    assert_eq!(
        halved(100.0),
        1,
        "one look at the middle, and the line is good enough"
    );
    assert!(halved(2.0) > 2, "the curve bends, so a line misses it somewhere");
}

#[test]
fn nothing_is_run_beyond_infinity() {
    for infinity in [2, 30] {
        let levels = levels(AutoPerfParameters { infinity, ..STANDARD });
        assert_eq!(levels.iter().max(), Some(&infinity), "{levels:?}");
    }
}

#[test]
fn nothing_higher_is_run_where_more_time_out_than_is_allowed() {
    // Beyond 20 users a fifth of the transactions time out.
    let highest = |percentage_time_outs_allowed| {
        let site = Site::new(&[(0.02, 1)], 1.0, 2).with(Trouble::TimesOut(20));
        let parameters = AutoPerfParameters {
            percentage_time_outs_allowed,
            ..STANDARD
        };
        let levels = levels_of(site, Options::default(), parameters);
        (levels.len(), levels[levels.len() - 1])
    };
    let (count, last) = highest(5.0);
    assert!(count == 4 && last > 20, "stopped at once: {count} {last}");
    assert!(highest(50.0).0 > 4, "a fifth is allowed, so it goes on");
}
