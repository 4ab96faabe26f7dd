//! What makes two runs less than alike.

use super::figures::common_levels;
use crate::report::chart::{best_known, process_names};
use crate::summary::Summary;
use std::collections::BTreeSet;

/// Whether the capacity that a run gives is its answer. With the other verdicts it is a bound, or nothing.
pub(super) fn is_firm(summary: &Summary) -> bool {
    ["found", "retrograde", "objective_failed"].contains(&summary.verdict.code.as_str())
}

/// Every reason for caution, one sentence each.
pub(super) fn cautions(baseline: &Summary, candidate: &Summary) -> Vec<String> {
    let firmness = [("baseline", baseline), ("candidate", candidate)].map(|(role, summary)| {
        (!is_firm(summary)).then(|| {
            let code = &summary.verdict.code;
            format!("The {role} has no firm answer ({code}), so maximum throughput and N* are not compared.")
        })
    });
    let failed = [("baseline", baseline), ("candidate", candidate)].map(|(role, summary)| {
        let failed: Vec<_> = summary
            .audits
            .iter()
            .filter(|audit| audit.status == "fail")
            .map(|audit| audit.name.as_str())
            .collect();
        (!failed.is_empty()).then(|| format!("Audits failed in the {role}: {}.", failed.join("; ")))
    });
    let between = [
        differ("modes", &baseline.mode, &candidate.mode),
        differ(
            "machines that generate the load",
            &baseline.run.generator_host,
            &candidate.run.generator_host,
        ),
        differ(
            "versions of autoperf",
            &baseline.run.version,
            &candidate.run.version,
        ),
        transactions(baseline, candidate),
        think_time(baseline, candidate),
        only_one_side(baseline, candidate),
        common_levels(baseline, candidate).is_empty().then(|| {
            "No level that counts has the same users in both runs, so response times are not compared."
                .to_owned()
        }),
    ];
    let cores = cores(baseline, candidate);
    firmness
        .into_iter()
        .chain(failed)
        .chain(between)
        .flatten()
        .chain(cores)
        .collect()
}

fn differ(what: &str, baseline: &str, candidate: &str) -> Option<String> {
    (baseline != candidate).then(|| format!("The {what} differ: {baseline} and {candidate}."))
}

fn transactions(baseline: &Summary, candidate: &Summary) -> Option<String> {
    let [one, other] = [baseline, candidate].map(|summary| {
        let rows = summary.levels.iter().flat_map(|level| &level.by_transaction);
        rows.map(|row| row.name.as_str()).collect::<BTreeSet<_>>()
    });
    let different: Vec<_> = one.symmetric_difference(&other).copied().collect();
    (!different.is_empty()).then(|| format!("Transactions of one run only: {}.", different.join(", ")))
}

/// More than 5 % apart: N* and response times under load mean something else then.
fn think_time(baseline: &Summary, candidate: &Summary) -> Option<String> {
    let [one_s, other_s] = [baseline, candidate].map(|summary| {
        let times = summary
            .levels
            .iter()
            .filter_map(|level| Some((level.think_time_s?, level.transactions)));
        let (sum, count) = times.fold((0.0, 0_u64), |(sum, count), (time_s, transactions)| {
            (sum + time_s * transactions as f64, count + transactions)
        });
        (count > 0).then(|| sum / count as f64)
    });
    let (one_s, other_s) = (one_s?, other_s?);
    ((one_s - other_s).abs() > 0.05 * one_s.max(other_s))
        .then(|| format!("Think times differ: {one_s:.3} s and {other_s:.3} s per transaction."))
}

fn only_one_side(baseline: &Summary, candidate: &Summary) -> Option<String> {
    let [one, other] =
        [baseline, candidate].map(|summary| process_names(summary).into_iter().collect::<BTreeSet<_>>());
    let names: Vec<_> = one
        .symmetric_difference(&other)
        .map(|(node, process)| format!("{process} on {node}"))
        .collect();
    (!names.is_empty()).then(|| format!("Processes profiled in one run only: {}.", names.join(", ")))
}

fn cores<'a>(baseline: &'a Summary, candidate: &'a Summary) -> impl Iterator<Item = String> + 'a {
    process_names(baseline)
        .into_iter()
        .filter_map(move |(node, process)| {
            let one = best_known(baseline, node, process)?.cores;
            let other = best_known(candidate, node, process)?.cores;
            ((one - other).abs() > 1e-9).then(|| {
                format!(
                    "{process} on {node} may use {one} cores in the baseline and {other} in the candidate."
                )
            })
        })
}
