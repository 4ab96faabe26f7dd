//! The service-demand bars: what a transaction costs each process.

use crate::report::chart::{best_known, process_names};
use crate::report::number;
use crate::summary::{Interval, Process, Summary};
use minijinja::{Value, context};

/// A bar for every process whose demand is known, the one that limits first: by demand per usable core.
pub(super) fn bars(summary: &Summary) -> Vec<Value> {
    let names = process_names(summary);
    let known = names.iter().filter_map(|(node, process)| {
        let row = best_known(summary, node, process)?;
        Some((row, row.service_demand_s?))
    });
    let mut known: Vec<_> = known.collect();
    known.sort_by(|a, b| per_core_s(b).total_cmp(&per_core_s(a)));
    let longest = known.iter().map(|(_, demand)| demand.high).fold(0.0, f64::max);
    known.iter().map(|known| bar(summary, known, longest)).collect()
}

fn per_core_s((row, demand): &(&Process, Interval)) -> f64 {
    demand.value / row.cores.max(f64::MIN_POSITIVE)
}

/// Widths are in percent of the longest bar with its interval.
fn bar(summary: &Summary, known: &(&Process, Interval), longest_s: f64) -> Value {
    let (row, demand) = known;
    let width = |part_s: f64| {
        let share = if longest_s > 0.0 { part_s / longest_s } else { 0.0 };
        format!("{:.2}", (share * 100.0).clamp(0.0, 100.0))
    };
    let limits = summary.capacity.bottleneck.as_ref().is_some_and(|limit| {
        limit.process.as_deref() == Some(&row.process) && limit.node.as_deref() == Some(&row.node)
    });
    context! {
        process => row.process.clone(),
        node => row.node.clone(),
        demand => number::interval(*demand, 1e3),
        samples => demand.samples,
        cores => number::significant(row.cores, 3),
        most => number::significant(1.0 / per_core_s(known).max(f64::MIN_POSITIVE), 4),
        width => width(demand.value),
        from => width(demand.low),
        span => width(demand.high - demand.low),
        limits,
    }
}
