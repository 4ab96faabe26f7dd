//! The service-demand bars: what a transaction costs each process, and which transaction costs it how much.

use crate::report::chart::{best_known, process_names};
use crate::report::number;
use crate::summary::{Interval, Process, Summary, TransactionDemand, TransactionDemands};
use minijinja::{Value, context};

/// A process's demand, of the mix or of one transaction.
struct Known<'a> {
    transaction: Option<&'a str>,
    row: &'a Process,
    demand: Interval,
}

/// A bar for every process whose demand is known, the one that limits first: by demand per usable core. Where transactions are
/// profiled one by one, a bar for every transaction and process, in the order of the run.
pub(super) fn bars(summary: &Summary) -> Vec<Value> {
    let profiled = summary.levels.iter().filter(|level| level.transaction.is_some());
    let mut known: Vec<_> = profiled
        .flat_map(|level| {
            let rows = level.processes.iter();
            rows.filter_map(|row| known(level.transaction.as_deref(), row))
        })
        .collect();
    if known.is_empty() {
        let names = process_names(summary).into_iter();
        known = names
            .filter_map(|(node, process)| self::known(None, best_known(summary, node, process)?))
            .collect();
        known.sort_by(|a, b| per_core_s(b).total_cmp(&per_core_s(a)));
    }
    let longest = known.iter().map(|known| known.demand.high).fold(0.0, f64::max);
    known.iter().map(|known| bar(summary, known, longest)).collect()
}

/// For each process what each transaction of the mix costs it; none where transactions are profiled one by one, since those
/// are the bars.
pub(super) fn by_transaction(summary: &Summary) -> Vec<Value> {
    if summary.levels.iter().any(|level| level.transaction.is_some()) {
        return Vec::new();
    }
    let rows = &summary.transaction_demands;
    let demands = rows
        .iter()
        .flat_map(|row| &row.transactions)
        .filter_map(|row| row.demand_s);
    let longest_s = demands.map(|demand| demand.high).fold(0.0, f64::max);
    rows.iter().map(|row| process(row, longest_s)).collect()
}

fn process(row: &TransactionDemands, longest_s: f64) -> Value {
    let transaction = |cost: &TransactionDemand| {
        let demand = cost.demand_s?;
        Some(context! {
            name => cost.name.clone(),
            demand => number::interval(demand, 1e3),
            samples => demand.samples,
            share => cost.cpu_share.map_or_else(|| number::ABSENT.to_owned(), number::percent),
            width => width(demand.value, longest_s),
            from => width(demand.low, longest_s),
            span => width(demand.high - demand.low, longest_s),
        })
    };
    context! {
        process => row.process.clone(),
        node => row.node.clone(),
        note => row.note.clone(),
        index => row.condition_index.map(|index| number::significant(index, 3)),
        windows => row.windows,
        transactions => row.transactions.iter().filter_map(transaction).collect::<Vec<_>>(),
    }
}

/// A part in percent of the longest bar with its interval.
fn width(part_s: f64, longest_s: f64) -> String {
    let share = if longest_s > 0.0 { part_s / longest_s } else { 0.0 };
    format!("{:.2}", (share * 100.0).clamp(0.0, 100.0))
}

fn known<'a>(transaction: Option<&'a str>, row: &'a Process) -> Option<Known<'a>> {
    let demand = row.service_demand_s?;
    Some(Known {
        transaction,
        row,
        demand,
    })
}

fn per_core_s(known: &Known<'_>) -> f64 {
    known.demand.value / known.row.cores.max(f64::MIN_POSITIVE)
}

fn bar(summary: &Summary, known: &Known<'_>, longest_s: f64) -> Value {
    let Known {
        transaction,
        row,
        demand,
    } = known;
    let width = |part_s: f64| width(part_s, longest_s);
    let limits = summary.capacity.bottleneck.as_ref().is_some_and(|limit| {
        limit.process.as_deref() == Some(&row.process) && limit.node.as_deref() == Some(&row.node)
    });
    context! {
        transaction,
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
