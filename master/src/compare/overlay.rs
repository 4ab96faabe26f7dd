//! Two runs in one picture: the same figure of both, points with intervals and model curves with bands.

use crate::report::chart::{self, Chart, Series};
use crate::summary::Summary;

/// Throughput, mean response time and the utilization of every process that both runs have, the baseline's series first.
#[must_use]
pub(super) fn charts(baseline: &Summary, candidate: &Summary) -> Vec<Chart> {
    let profiled = |summary: &Summary| summary.levels.iter().any(|level| level.transaction.is_some());
    // Levels of single transactions are not points of one curve.
    if profiled(baseline) || profiled(candidate) {
        return Vec::new();
    }
    let pairs = [
        (chart::throughput(baseline), chart::throughput(candidate)),
        (chart::response_time(baseline), chart::response_time(candidate)),
    ];
    let busy = chart::utilization(baseline).zip(chart::utilization(candidate));
    pairs
        .into_iter()
        .map(first)
        .chain(busy.into_iter().flat_map(each))
        .collect()
}

/// The first series of both; marks of N* would be two, so the table alone has them.
fn first((baseline, candidate): (Chart, Chart)) -> Chart {
    let name = baseline
        .series
        .first()
        .map_or_else(String::new, |series| series.name.clone());
    over(&baseline, &candidate, &name)
}

/// A chart for every process that both have.
fn each((baseline, candidate): (Chart, Chart)) -> Vec<Chart> {
    let names = baseline.series.iter().map(|series| &series.name);
    let common = names.filter(|name| candidate.series.iter().any(|series| series.name == **name));
    common.map(|name| over(&baseline, &candidate, name)).collect()
}

fn over(baseline: &Chart, candidate: &Chart, name: &str) -> Chart {
    let of = |chart: &Chart, role: &str| {
        let series = chart.series.iter().find(|series| series.name == name);
        series.map(|series| Series {
            name: format!("{role}: {name}"),
            shown: true,
            ..series.clone()
        })
    };
    let series = [of(baseline, "baseline"), of(candidate, "candidate")];
    Chart {
        series: series.into_iter().flatten().collect(),
        saturation: None,
        limit: baseline
            .limit
            .clone()
            .filter(|_| baseline.limit == candidate.limit),
        ..baseline.clone()
    }
}
