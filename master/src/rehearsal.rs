//! What a search would do at a site that is known: the strategy is asked for its levels and answered by queueing theory, so that
//! a person sees how long a run takes before there is any load.

use crate::journal::entry::SearchOptions;
use crate::summary::build::strategy;
use autoperf_models::Estimate;
use autoperf_models::level::Steadiness;
use autoperf_models::queueing::{ClosedNetwork, mva};
use autoperf_models::search::{LevelOutcome, LevelPlan, Next, ResourceDemand, VerdictCode};

/// Levels beyond this are not rehearsed.
const MOST_LEVELS: usize = 60;

/// A supposed site: one process on one core limits it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupposedSite {
    /// CPU time of the limiting process for a transaction, s.
    pub demand_s: f64,
    /// Mean think time of the users, s.
    pub think_time_s: f64,
    /// Whether a profiler tells the demand.
    pub profiled: bool,
}

impl SupposedSite {
    /// Its saturation point, users.
    #[must_use]
    pub fn saturation_users(&self) -> f64 {
        1.0 + self.think_time_s / self.demand_s
    }

    /// Its largest throughput, transactions per second.
    #[must_use]
    pub fn max_throughput_per_s(&self) -> f64 {
        1.0 / self.demand_s
    }
}

/// What the search would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// Users of each level, in order.
    pub users: Vec<u32>,
    /// Time under load by the strategy's own forecasts, s.
    pub load_s: f64,
    /// How it would end; `None` where it was not followed to its end.
    pub verdict: Option<VerdictCode>,
}

/// Asks the strategy for its levels at a supposed site.
#[must_use]
pub fn rehearse(options: &SearchOptions, site: SupposedSite) -> Rehearsal {
    let mut strategy = strategy(options, site.think_time_s);
    let mut rehearsal = Rehearsal {
        users: Vec::new(),
        load_s: 0.0,
        verdict: None,
    };
    let mut next = strategy.next(None);
    while rehearsal.users.len() < MOST_LEVELS {
        let plan = match next {
            Next::Done(finding) => {
                rehearsal.verdict = Some(finding.verdict);
                break;
            }
            Next::Run(plan) => plan,
        };
        let Some(outcome) = outcome(&plan, site, options) else {
            break;
        };
        rehearsal.users.push(outcome.users);
        rehearsal.load_s += outcome.load_s;
        next = strategy.next(Some(&outcome));
    }
    rehearsal
}

/// A level as theory has it, known just as well as was asked.
fn outcome(plan: &LevelPlan, site: SupposedSite, options: &SearchOptions) -> Option<LevelOutcome> {
    let network = ClosedNetwork::of_single_servers(&[site.demand_s], site.think_time_s);
    let known = mva::solve(&network, plan.users.max(1)).ok()?;
    let precision = &plan.precision;
    let load_s = plan.forecast_s.clamp(0.0, precision.max_level_s);
    let samples = (known.throughput_per_s * load_s).max(1.0) as u64;
    let figure = |value: f64, share: f64| Estimate::symmetric(value, value * share, samples);
    let response_time_s = figure(known.response_time_s, precision.response_time)?;
    let quantile = |(quantile, _): (f64, f64)| {
        let times_mean = -(1.0 - quantile).ln();
        Some((quantile, response_time_s.scaled(times_mean)))
    };
    let demand = ResourceDemand {
        resource: "supposed on site".to_owned(),
        demand_s: figure(site.demand_s, 0.02)?,
        servers: 1.0,
        shares: None,
        whole_host: false,
    };
    Some(LevelOutcome {
        users: plan.users,
        throughput_per_s: figure(known.throughput_per_s, precision.throughput),
        response_time_s: Some(response_time_s),
        quantiles_s: options.objective.and_then(quantile).into_iter().collect(),
        think_time_s: site.think_time_s,
        demands: site.profiled.then_some(demand).into_iter().collect(),
        error_share: 0.0,
        timeout_share: 0.0,
        steadiness: Steadiness::Steady { since_s: 0.0 },
        generator_saturated: false,
        little_gap: 0.0,
        load_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(strategy: &str) -> SearchOptions {
        SearchOptions {
            strategy: strategy.to_owned(),
            max_duration_s: Some(1800.0),
            time_budget_s: Some(300.0),
            ..SearchOptions::default()
        }
    }

    fn site(demand_s: f64) -> SupposedSite {
        SupposedSite {
            demand_s,
            think_time_s: 1.0,
            profiled: true,
        }
    }

    #[test]
    fn the_search_goes_beyond_the_saturation_point_and_ends() {
        for demand_s in [0.001, 0.01, 0.1] {
            let site = site(demand_s);
            let found = rehearse(&options("model-guided"), site);
            assert_eq!(found.verdict, Some(VerdictCode::Found), "{demand_s}: {found:?}");
            let most = found.users.iter().copied().max().unwrap();
            assert!(
                f64::from(most) >= site.saturation_users(),
                "{demand_s}: {found:?}"
            );
            assert!(
                found.load_s > 0.0 && found.load_s <= 1800.0,
                "{demand_s}: {found:?}"
            );
        }
    }

    #[test]
    fn limits_of_the_run_hold() {
        let found = rehearse(
            &SearchOptions {
                max_users: Some(7),
                ..options("model-guided")
            },
            site(0.01),
        );
        assert!(found.users.iter().all(|&users| users <= 7), "{found:?}");
        assert_ne!(found.verdict, Some(VerdictCode::Found));
    }
}
