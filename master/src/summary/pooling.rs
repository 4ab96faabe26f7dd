//! Levels of the same number of users as one, for curves: a schedule may come back to a level many times.

use autoperf_models::Estimate;
use autoperf_models::level::Steadiness;
use autoperf_models::search::{LevelOutcome, ResourceDemand};

/// One outcome for each number of users, in order of users.
pub(super) fn by_users(outcomes: &[&LevelOutcome]) -> Vec<LevelOutcome> {
    let mut users: Vec<u32> = outcomes.iter().map(|outcome| outcome.users).collect();
    users.sort_unstable();
    users.dedup();
    let same = |users: u32| -> Vec<&LevelOutcome> {
        outcomes
            .iter()
            .copied()
            .filter(|outcome| outcome.users == users)
            .collect()
    };
    users.into_iter().filter_map(|users| one(&same(users))).collect()
}

/// Rates are weighted by time, times and demands by transactions. Levels that the generator spoilt are left out where others
/// remain.
fn one(visits: &[&LevelOutcome]) -> Option<LevelOutcome> {
    let unspoilt: Vec<_> = visits
        .iter()
        .copied()
        .filter(|visit| !visit.generator_saturated)
        .collect();
    let visits = if unspoilt.is_empty() {
        visits
    } else {
        unspoilt.as_slice()
    };
    let first = *visits.first()?;
    if visits.len() == 1 {
        return Some(first.clone());
    }
    let served = |visit: &LevelOutcome| visit.throughput_per_s.map_or(0.0, |rate| rate.samples as f64);
    let mean = |figure: fn(&LevelOutcome) -> f64| {
        let weights: f64 = visits.iter().map(|visit| served(visit).max(1.0)).sum();
        let sum: f64 = visits
            .iter()
            .map(|visit| served(visit).max(1.0) * figure(visit))
            .sum();
        sum / weights
    };
    let steady = visits
        .iter()
        .find(|visit| !matches!(visit.steadiness, Steadiness::Steady { .. }));
    Some(LevelOutcome {
        users: first.users,
        throughput_per_s: weighted(visits, |visit| Some((visit.throughput_per_s?, visit.load_s))),
        response_time_s: weighted(visits, |visit| Some((visit.response_time_s?, served(visit)))),
        quantiles_s: Vec::new(),
        think_time_s: mean(|visit| visit.think_time_s),
        demands: demands(visits, served),
        error_share: mean(|visit| visit.error_share),
        timeout_share: mean(|visit| visit.timeout_share),
        steadiness: steady.map_or_else(|| first.steadiness.clone(), |visit| visit.steadiness.clone()),
        generator_saturated: visits.iter().any(|visit| visit.generator_saturated),
        little_gap: mean(|visit| visit.little_gap),
        load_s: visits.iter().map(|visit| visit.load_s).sum(),
    })
}

/// The resources of the first visit, each with its demand over all visits that know it.
fn demands(visits: &[&LevelOutcome], served: impl Fn(&LevelOutcome) -> f64) -> Vec<ResourceDemand> {
    let known = |visit: &LevelOutcome, name: &str| {
        let of_name = visit.demands.iter().find(|demand| demand.resource == name)?;
        Some((of_name.demand_s, served(visit)))
    };
    let first = visits.first().map_or(&[][..], |visit| visit.demands.as_slice());
    first
        .iter()
        .filter_map(|demand| {
            let demand_s = weighted(visits, |visit| known(visit, &demand.resource))?;
            Some(ResourceDemand {
                demand_s,
                ..demand.clone()
            })
        })
        .collect()
}

/// Weighted mean of independent estimates; the half-widths add in squares.
fn weighted(
    visits: &[&LevelOutcome],
    figure: impl Fn(&LevelOutcome) -> Option<(Estimate, f64)>,
) -> Option<Estimate> {
    let parts: Vec<(Estimate, f64)> = visits
        .iter()
        .filter_map(|visit| figure(visit))
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    let total: f64 = parts.iter().map(|(_, weight)| weight).sum();
    let value: f64 = parts
        .iter()
        .map(|(part, weight)| part.value * weight)
        .sum::<f64>()
        / total;
    let squares: f64 = parts
        .iter()
        .map(|(part, weight)| (part.half_width() * weight).powi(2))
        .sum();
    let samples = parts.iter().map(|(part, _)| part.samples).sum();
    Estimate::symmetric(value, squares.sqrt() / total, samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(users: u32, rate: f64, half: f64, load_s: f64) -> LevelOutcome {
        LevelOutcome {
            users,
            throughput_per_s: Estimate::symmetric(rate, half, (rate * load_s) as u64),
            response_time_s: Estimate::symmetric(0.1, 0.01, (rate * load_s) as u64),
            quantiles_s: Vec::new(),
            think_time_s: 1.0,
            demands: vec![ResourceDemand {
                resource: "web on a".into(),
                demand_s: Estimate::symmetric(0.01, 0.001, 100).unwrap(),
                servers: 1.0,
                shares: None,
                whole_host: false,
            }],
            error_share: 0.0,
            timeout_share: 0.0,
            steadiness: Steadiness::Steady { since_s: 0.0 },
            generator_saturated: false,
            little_gap: 0.0,
            load_s,
        }
    }

    #[test]
    fn visits_of_one_level_are_pooled_and_others_kept() {
        let (long, short, other) = (
            visit(3, 10.0, 1.0, 30.0),
            visit(3, 14.0, 3.0, 10.0),
            visit(5, 9.0, 1.0, 5.0),
        );
        let pooled = by_users(&[&long, &other, &short]);
        assert_eq!(pooled.iter().map(|p| p.users).collect::<Vec<_>>(), [3, 5]);
        let rate = pooled[0].throughput_per_s.unwrap();
        assert!((rate.value - 11.0).abs() < 1e-9, "{rate:?}");
        let half = 30.0_f64.hypot(30.0) / 40.0;
        assert!((rate.half_width() - half).abs() < 1e-9, "{rate:?}");
        assert_eq!(rate.samples, 440);
        let demand = pooled[0].demands[0].demand_s;
        assert!(
            (demand.value - 0.01).abs() < 1e-12 && demand.half_width() < 0.001,
            "{demand:?}"
        );
        assert_eq!(pooled[1], other);
    }

    #[test]
    fn a_spoilt_visit_is_left_out() {
        let good = visit(3, 10.0, 1.0, 30.0);
        let spoilt = LevelOutcome {
            generator_saturated: true,
            ..visit(3, 5.0, 0.1, 30.0)
        };
        assert_eq!(by_users(&[&spoilt, &good]), [good]);
        assert_eq!(by_users(&[]), []);
    }
}
