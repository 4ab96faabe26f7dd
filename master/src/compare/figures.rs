//! The figures that two runs have in common.

use super::Better;
use super::difference::Pair;
use super::trust::is_firm;
use crate::report::chart::{best_known, counts, process_names};
use crate::summary::{Interval, Level, Summary};
use autoperf_models::grammar::counted;

/// Maximum throughput, N*, the objective's users, each process's demand, then throughput and response time at common levels.
pub(super) fn pairs(baseline: &Summary, candidate: &Summary) -> Vec<Pair> {
    type OfCapacity = fn(&Summary) -> Option<Interval>;
    let capacity: [(&str, &'static str, OfCapacity); 3] = [
        ("maximum throughput", "/s", |summary| {
            summary.capacity.max_throughput_per_s
        }),
        ("saturation point N*", "users", |summary| {
            summary.capacity.saturation_users
        }),
        ("users within the objective", "users", |summary| {
            summary.capacity.objective_users
        }),
    ];
    let firm = is_firm(baseline) && is_firm(candidate);
    let capacity = capacity
        .into_iter()
        .filter(|_| firm)
        .filter_map(|(name, unit, of)| {
            // Users within one objective and users within another are two different things.
            let comparable = !name.contains("objective") || baseline.objective == candidate.objective;
            let figures = (of(baseline), of(candidate));
            pair(name.to_owned(), unit, Better::Higher, figures).filter(|_| comparable)
        });
    let demands = process_names(baseline).into_iter().filter_map(|(node, process)| {
        let demand = |summary| best_known(summary, node, process)?.service_demand_s;
        let name = format!("service demand of {process} on {node}");
        pair(name, "s", Better::Lower, (demand(baseline), demand(candidate)))
    });
    let levels = common_levels(baseline, candidate).into_iter().flat_map(at_level);
    capacity.chain(demands).chain(levels).collect()
}

fn at_level((baseline, candidate): (&Level, &Level)) -> impl Iterator<Item = Pair> {
    let users = counted(baseline.users, "user");
    let throughput = pair(
        format!("throughput at {users}"),
        "/s",
        Better::Higher,
        (baseline.throughput_per_s, candidate.throughput_per_s),
    );
    let response = pair(
        format!("mean response time at {users}"),
        "s",
        Better::Lower,
        (baseline.response_time_s.mean, candidate.response_time_s.mean),
    );
    throughput.into_iter().chain(response)
}

fn pair(
    name: String,
    unit: &'static str,
    better: Better,
    (baseline, candidate): (Option<Interval>, Option<Interval>),
) -> Option<Pair> {
    Some(Pair {
        name,
        unit,
        better,
        baseline: baseline?,
        candidate: candidate?,
    })
}

/// Levels of the same users that count in both runs, by users; of several in one run, the one with the most transactions.
pub(super) fn common_levels<'a>(
    baseline: &'a Summary,
    candidate: &'a Summary,
) -> Vec<(&'a Level, &'a Level)> {
    let best = |summary: &'a Summary, users: u32| {
        let same = summary
            .levels
            .iter()
            .filter(|level| level.users == users && counts(level));
        same.max_by_key(|level| level.transactions)
    };
    let mut users: Vec<u32> = baseline.levels.iter().map(|level| level.users).collect();
    users.sort_unstable();
    users.dedup();
    users
        .into_iter()
        .filter_map(|users| Some((best(baseline, users)?, best(candidate, users)?)))
        .collect()
}
