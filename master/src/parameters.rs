//! What config.properties says (manual, section 4.2), in this tool's own terms.

use crate::journal::entry::{AutoPerfEntry, ProfileOptions, SearchOptions};
use autoperf_inputs::Workload;
use autoperf_inputs::workload::Parameters;
use autoperf_models::search::AutoPerfParameters;

/// Wanted half-width of a service demand's interval in profiling mode, where config.properties sets none.
pub const DEMAND_PRECISION: f64 = 0.05;
/// Wanted half-width of throughput at a load level, where neither an option nor config.properties sets one.
pub const THROUGHPUT_PRECISION: f64 = 0.03;

/// A percentage as a share, where the user has set it.
fn set_share(parameters: &Parameters, name: &str) -> Option<f64> {
    parameters
        .number(name)
        .filter(|_| parameters.is_set(name))
        .map(|percent| percent / 100.0)
}

fn whole(parameters: &Parameters, name: &str) -> u64 {
    parameters.whole(name).unwrap_or(0)
}

fn number(parameters: &Parameters, name: &str) -> f64 {
    parameters.number(name).unwrap_or(0.0)
}

fn users(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Wanted half-width of throughput at a load level.
#[must_use]
pub fn throughput_precision(parameters: &Parameters) -> f64 {
    // A window whose values may deviate by nothing can never be found.
    set_share(parameters, "percentage_error_allowed_in_throughput_observed")
        .filter(|share| *share > 0.0)
        .unwrap_or(THROUGHPUT_PRECISION)
}

/// Share of time-outs beyond which a level is given up and nothing higher is tried.
#[must_use]
pub fn timeout_share(parameters: &Parameters) -> f64 {
    number(parameters, "percentage_time_outs_allowed") / 100.0
}

/// Puts what concerns load levels into the options of a search. `throughput` is the precision asked for on the command line.
pub fn apply_to_search(parameters: &Parameters, throughput: Option<f64>, options: &mut SearchOptions) {
    options.precision.throughput = throughput.unwrap_or_else(|| throughput_precision(parameters));
    options.precision.max_timeout_share = timeout_share(parameters);
    let window = [
        "throughput_window_size",
        "inter_throughput_measurement_execution_count",
    ];
    if window.iter().any(|name| parameters.is_set(name)) {
        let each = window.map(|name| whole(parameters, name));
        options.min_per_user = Some(each[0].saturating_mul(each[1]));
    }
    if parameters.is_set("infinity") {
        let infinity = users(whole(parameters, "infinity"));
        options.max_users = Some(options.max_users.unwrap_or(infinity).min(infinity));
    }
    let judged = "check_for_percentage_time_outs_after";
    options.timeouts_judged_after = set_share(parameters, judged);
    options.window_rule = window_rule(parameters, &[]);
    options.autoperf = Some(level_plan(parameters, throughput));
}

/// AutoPerf's test for the end of the warm-up while a single transaction is profiled.
#[must_use]
pub fn profiling_window_rule(parameters: &Parameters) -> Option<(u64, u32, f64)> {
    window_rule(parameters, &["warmup_window_size"])
}

/// AutoPerf's test for the end of the warm-up, where the user has set its threshold or `own` window; the window is that of
/// throughput where there is none of its own.
fn window_rule(parameters: &Parameters, own: &[&str]) -> Option<(u64, u32, f64)> {
    let threshold = "warmup_window_difference_threshold";
    let asked = parameters.is_set(threshold) || own.iter().any(|name| parameters.is_set(name));
    let window = own.first().copied().unwrap_or("throughput_window_size");
    asked.then(|| {
        (
            whole(parameters, "inter_throughput_measurement_execution_count"),
            users(whole(parameters, window)),
            number(parameters, threshold) / 100.0,
        )
    })
}

/// The parameters of AutoPerf's own level plan.
fn level_plan(parameters: &Parameters, throughput: Option<f64>) -> AutoPerfEntry {
    let error = "percentage_error_allowed_in_throughput_observed";
    AutoPerfParameters {
        max_seq_var_count: users(whole(parameters, "max_seq_var_count")),
        max_seq_var_threshold: number(parameters, "max_seq_var_threshold"),
        mstar_lower_bound_multiplier: number(parameters, "mstar_lower_bound_multiplier"),
        mstar_upper_bound_multiplier: number(parameters, "mstar_upper_bound_multiplier"),
        percentage_time_outs_allowed: number(parameters, "percentage_time_outs_allowed"),
        percentage_error_allowed_in_throughput_observed: throughput
            .map_or_else(|| number(parameters, error), |share| share * 100.0),
        infinity: users(whole(parameters, "infinity")),
        ..AutoPerfParameters::default()
    }
    .into()
}

/// How the transactions of the workload's profile block are profiled, where it has one.
#[must_use]
pub fn profile_options(workload: &Workload, max_duration_s: f64) -> Option<ProfileOptions> {
    let profile = workload.profile.as_ref()?;
    let parameters = &workload.parameters;
    let of = |name: &str| whole(parameters, name);
    let fewest = of("lower_bound_on_transaction_execution_count");
    Some(ProfileOptions {
        transactions: profile.uses.iter().map(|item| item.transaction).collect(),
        users: profile.users,
        executions_per_user: profile.execution_count,
        demand_precision: set_share(
            parameters,
            "percentage_error_allowed_in_avg_service_time_observed",
        )
        .filter(|share| *share > 0.0)
        .unwrap_or(DEMAND_PRECISION),
        fewest,
        most: of("upper_bound_on_transaction_execution_count")
            .min(of("infinity"))
            .max(fewest),
        most_without_demand: of("maximum_execution_count_when_service_demand_zero"),
        least_measured_s: of("avg_execution_count_window_size") as f64,
        look_every: of("inter_service_time_measurement_execution_count"),
        look_every_s: number(parameters, "inter_profile_request_time") / 1e3,
        max_duration_s,
    })
}

/// Executions of a transaction after which its share of time-outs is judged: a part of those asked for, else of the fewest.
#[must_use]
pub fn judge_timeouts_after(parameters: &Parameters, options: &ProfileOptions) -> u64 {
    let share = number(parameters, "check_for_percentage_time_outs_after") / 100.0;
    let planned = options.executions_per_user.map_or(options.fewest, |count| {
        count.saturating_mul(u64::from(options.users))
    });
    ((planned as f64 * share).ceil() as u64).max(1)
}

/// A time limit of infinitely many milliseconds is none, where the user has said what counts as infinite.
pub fn lift_infinite_timeouts(workload: &mut Workload) {
    if !workload.parameters.is_set("infinity") {
        return;
    }
    let infinity_s = number(&workload.parameters, "infinity") / 1e3;
    for transaction in &mut workload.transactions {
        transaction.timeout_s = transaction.timeout_s.filter(|limit_s| *limit_s < infinity_s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        Parameters {
            values: pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn without_a_file_everything_is_the_tools_own() {
        let mut options = SearchOptions::default();
        apply_to_search(&Parameters::default(), None, &mut options);
        assert_eq!(options.precision.throughput, THROUGHPUT_PRECISION);
        assert_eq!((options.min_per_user, options.max_users), (None, None));
        assert_eq!(options.precision.max_timeout_share, 0.05);
        let plan = AutoPerfParameters::from(options.autoperf.unwrap());
        assert_eq!(plan, AutoPerfParameters::default());
    }

    #[test]
    fn warm_up_windows_count_where_they_are_set() {
        let rules = |pairs: &[(&str, &str)]| {
            let mut options = SearchOptions::default();
            apply_to_search(&parameters(pairs), None, &mut options);
            (options.window_rule, profiling_window_rule(&parameters(pairs)))
        };
        assert_eq!(rules(&[("throughput_window_size", "4")]), (None, None));
        assert_eq!(rules(&[("warmup_window_size", "3")]), (None, Some((10, 3, 0.05))));
        let typed = [
            ("warmup_window_difference_threshold", "8"),
            ("throughput_window_size", "4"),
            ("inter_throughput_measurement_execution_count", "2"),
        ];
        assert_eq!(rules(&typed), (Some((2, 4, 0.08)), Some((2, 5, 0.08))));
    }

    #[test]
    fn time_outs_are_judged_after_the_share_that_is_set() {
        let mut options = SearchOptions::default();
        apply_to_search(&Parameters::default(), None, &mut options);
        assert_eq!(options.timeouts_judged_after, None);
        let typed = parameters(&[("check_for_percentage_time_outs_after", "40")]);
        apply_to_search(&typed, None, &mut options);
        assert_eq!(options.timeouts_judged_after, Some(0.4));
    }

    #[test]
    fn every_parameter_of_the_level_plan_arrives() {
        let typed = parameters(&[
            ("infinity", "40"),
            ("max_seq_var_count", "7"),
            ("max_seq_var_threshold", "8"),
            ("mstar_lower_bound_multiplier", "1.3"),
            ("mstar_upper_bound_multiplier", "1.7"),
            ("percentage_time_outs_allowed", "9"),
            ("percentage_error_allowed_in_throughput_observed", "6"),
            ("throughput_window_size", "4"),
            ("inter_throughput_measurement_execution_count", "3"),
        ]);
        let mut options = SearchOptions {
            max_users: Some(100),
            ..SearchOptions::default()
        };
        apply_to_search(&typed, None, &mut options);
        assert_eq!((options.max_users, options.min_per_user), (Some(40), Some(12)));
        assert_eq!(options.precision.max_timeout_share, 0.09);
        assert_eq!(options.precision.throughput, 0.06);
        let plan = options.autoperf.unwrap();
        assert_eq!((plan.max_seq_var_count, plan.infinity), (7, 40));
        assert_eq!(
            [
                plan.max_seq_var_threshold,
                plan.mstar_lower_bound_multiplier,
                plan.mstar_upper_bound_multiplier,
                plan.percentage_time_outs_allowed,
                plan.percentage_error_allowed_in_throughput_observed
            ],
            [8.0, 1.3, 1.7, 9.0, 6.0]
        );
        apply_to_search(&typed, Some(0.02), &mut options);
        assert_eq!(
            options.precision.throughput, 0.02,
            "the command line goes before the file"
        );
    }

    fn profiled(pairs: &[(&str, &str)]) -> Workload {
        let mut workload = Workload::from_url("http://127.0.0.1:1/").unwrap();
        workload.parameters = parameters(pairs);
        workload.profile = Some(autoperf_inputs::workload::Profile {
            uses: vec![autoperf_inputs::workload::ProfileUse {
                transaction: 0,
                requires: Vec::new(),
            }],
            users: 2,
            think_time_s: 0.0,
            execution_count: None,
        });
        workload
    }

    #[test]
    fn the_bounds_of_profiling_come_from_the_file() {
        let standard = profile_options(&profiled(&[]), 60.0).unwrap();
        assert_eq!(
            (standard.fewest, standard.most, standard.most_without_demand),
            (100, 100_000, 1000)
        );
        assert_eq!((standard.demand_precision, standard.users), (0.05, 2));
        let workload = profiled(&[
            ("lower_bound_on_transaction_execution_count", "10"),
            ("upper_bound_on_transaction_execution_count", "500"),
            ("maximum_execution_count_when_service_demand_zero", "30"),
            ("percentage_error_allowed_in_avg_service_time_observed", "20"),
            ("avg_execution_count_window_size", "2"),
            ("inter_service_time_measurement_execution_count", "4"),
            ("inter_profile_request_time", "250"),
            ("infinity", "300"),
            ("check_for_percentage_time_outs_after", "50"),
        ]);
        let options = profile_options(&workload, 60.0).unwrap();
        assert_eq!(
            (options.fewest, options.most, options.most_without_demand),
            (10, 300, 30)
        );
        assert_eq!((options.demand_precision, options.least_measured_s), (0.2, 2.0));
        assert_eq!((options.look_every, options.look_every_s), (4, 0.25));
        assert_eq!(judge_timeouts_after(&workload.parameters, &options), 5);
    }

    #[test]
    fn an_infinite_time_limit_is_none() {
        let mut workload = profiled(&[("infinity", "5000")]);
        for (typed_s, effective) in [(4.999, Some(4.999)), (5.0, None), (60.0, None)] {
            workload.transactions[0].timeout_s = Some(typed_s);
            lift_infinite_timeouts(&mut workload);
            assert_eq!(workload.transactions[0].timeout_s, effective);
        }
        let mut unset = profiled(&[]);
        unset.transactions[0].timeout_s = Some(1e5);
        lift_infinite_timeouts(&mut unset);
        assert_eq!(unset.transactions[0].timeout_s, Some(1e5));
    }
}
