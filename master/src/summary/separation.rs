//! What each transaction costs each process, told apart by the windows in which the mix happened to differ.
//!
//! No run is made for it: between two readings a process burnt so much CPU time, while so many transactions of each kind
//! were served, and the mix of a walk is never twice the same. Where it is too much the same, that is said instead: a
//! transaction whose interval is too wide to tell it from the mix has no figure.

use crate::journal::entry::{AgentReading, Node, Second};
use crate::journal::log::{LevelLog, RunLog};
use crate::summary::{Costliest, Interval, Level, TransactionDemand, TransactionDemands};
use autoperf_models::Estimate;
use autoperf_models::demand::nnls::{self, ClassDemands, DemandError, Options, Weighting, Windows};

/// Length of a window, s: short enough that mixes differ, long enough that what is cut at its edges does not matter.
const WINDOW_S: f64 = 2.0;
/// The same for journals that have the counts of a transaction for whole seconds alone.
const COARSE_WINDOW_S: f64 = 5.0;
/// A window is at least so many mean response times long: CPU time is burnt at some instant of the response, the transaction
/// counts at its end.
const WINDOW_RESPONSES: f64 = 20.0;
/// The costliest transaction is named in the verdict where its demand is known this well: half-width by value.
const WORTH_NAMING: f64 = 0.25;
/// A transaction has a figure where its demand is known this well: half-width by the demand or by the mix's, whichever is more.
const WORTH_TELLING: f64 = 0.5;
/// Condition index above which least squares is not asked. Below it the intervals decide (decision 0005); above it a thousandth
/// of a window's count, less than what is cut at its edges, would weigh as much as all by which the mixes differ.
const REFUSED_ABOVE: f64 = 1_000.0;

/// One row for every profiled process of a run.
pub(super) fn demands(log: &RunLog, levels: &[Level]) -> Vec<TransactionDemands> {
    if levels.iter().any(|level| level.transaction.is_some()) {
        return profiled(log, levels);
    }
    log.begin
        .nodes
        .iter()
        .map(|node| separated(node, log, levels))
        .collect()
}

/// The costliest transaction on a process, where it is told apart well and costs more than the mix.
pub(super) fn costliest(
    rows: &[TransactionDemands],
    (node, process): (&str, &str),
    mix_s: f64,
) -> Option<Costliest> {
    let row = rows
        .iter()
        .find(|row| row.node == node && row.process == process && row.separable)?;
    let known = |transaction: &TransactionDemand| Some((transaction.name.clone(), transaction.demand_s?));
    let (transaction, demand_s) = row
        .transactions
        .iter()
        .filter_map(known)
        .max_by(|a, b| a.1.value.total_cmp(&b.1.value))?;
    let half_s = (demand_s.high - demand_s.low) / 2.0;
    (demand_s.low > mix_s && half_s <= WORTH_NAMING * demand_s.value).then_some(Costliest {
        transaction,
        demand_s,
    })
}

/// Where transactions are run one by one, the level of each with the most executions tells its demand.
fn profiled(log: &RunLog, levels: &[Level]) -> Vec<TransactionDemands> {
    let row = |node: &Node| {
        let demand = |name: &String| {
            let of_name = levels
                .iter()
                .filter(|level| level.transaction.as_ref() == Some(name));
            let process = of_name.max_by_key(|level| level.transactions)?;
            let mut rows = process.processes.iter();
            let process = rows.find(|row| row.node == node.node && row.process == node.process)?;
            Some(TransactionDemand {
                name: name.clone(),
                demand_s: process.service_demand_s,
                cpu_share: None,
            })
        };
        TransactionDemands {
            node: node.node.clone(),
            process: node.process.clone(),
            separable: true,
            note: None,
            condition_index: None,
            windows: 0,
            transactions: log.begin.transactions.iter().filter_map(demand).collect(),
        }
    };
    log.begin.nodes.iter().map(row).collect()
}

fn separated(node: &Node, log: &RunLog, levels: &[Level]) -> TransactionDemands {
    let kinds = log.begin.transactions.len();
    let Stretches { mut windows, blurred } = Stretches::of(node, log, levels);
    let total = |kind: usize| windows.completions.iter().map(|row| row[kind]).sum::<f64>();
    let totals: Vec<f64> = (0..kinds).map(total).collect();
    let seen: Vec<usize> = (0..kinds).filter(|&kind| totals[kind] > 0.0).collect();
    for row in &mut windows.completions {
        *row = seen.iter().map(|&kind| row[kind]).collect();
    }
    let found = nnls::estimate(&windows, &by_chance());
    let busy_s: f64 = windows.busy_s.iter().sum();
    let mix_s = busy_s / totals.iter().sum::<f64>();
    let told = |found: &ClassDemands, place: usize| {
        found.classes[place]
            .interval
            .filter(|demand| is_worth_telling(demand, mix_s))
    };
    let told_any = |found: &ClassDemands| (0..seen.len()).any(|place| told(found, place).is_some());
    let separable = found.as_ref().is_ok_and(told_any);
    let blurred = blurred / windows.busy_s.len().max(1) as f64;
    let transaction = |(kind, name): (usize, &String)| {
        let place = seen.iter().position(|&one| one == kind);
        let demand = found.as_ref().ok().zip(place);
        let demand_s = demand.and_then(|(found, place)| told(found, place));
        TransactionDemand {
            name: name.clone(),
            demand_s: demand_s.map(|estimate| {
                let drawn_s = blurred * (estimate.value - mix_s).abs();
                unblurred(&estimate, drawn_s, totals[kind])
            }),
            cpu_share: demand_s
                .filter(|_| busy_s > 0.0)
                .map(|estimate| (estimate.value * totals[kind] / busy_s).min(1.0)),
        }
    };
    TransactionDemands {
        node: node.node.clone(),
        process: node.process.clone(),
        separable,
        note: why_not(&found, &windows, mix_s, &|place| {
            log.begin.transactions[seen[place]].as_str()
        }),
        condition_index: match &found {
            Ok(found) => found.condition_indices.last().copied(),
            Err(DemandError::IllConditioned { index, .. }) => Some(*index),
            Err(_) => None,
        },
        windows: windows.busy_s.len() as u64,
        transactions: log
            .begin
            .transactions
            .iter()
            .enumerate()
            .map(transaction)
            .collect(),
    }
}

/// How demands are estimated from mixes that differ by chance alone.
fn by_chance() -> Options {
    Options {
        weighting: Weighting::ByCount,
        refused_above: REFUSED_ABOVE,
        ..Options::default()
    }
}

/// The drawn-out interval of a transaction's demand: blurred counts have drawn it towards the mix's.
fn unblurred(estimate: &Estimate, drawn_s: f64, samples: f64) -> Interval {
    Interval {
        value: estimate.value,
        low: (estimate.low - drawn_s).max(0.0),
        high: estimate.high + drawn_s,
        samples: samples.round() as u64,
    }
}

fn has_intervals(found: &ClassDemands) -> bool {
    found.classes.iter().all(|class| class.interval.is_some())
}

fn is_worth_telling(demand: &Estimate, mix_s: f64) -> bool {
    demand.half_width() <= WORTH_TELLING * demand.value.max(mix_s)
}

/// Why the demands cannot be told apart, or what their reader must know.
fn why_not<'a>(
    found: &Result<ClassDemands, DemandError>,
    windows: &Windows,
    mix_s: f64,
    name: &dyn Fn(usize) -> &'a str,
) -> Option<String> {
    match found {
        _ if windows.busy_s.is_empty() => Some("no readings of the process in a measured part".to_owned()),
        Err(DemandError::IllConditioned { index, alike }) => Some(format!(
            "not separable from these data: the numbers of {} and {} rise and fall together (condition index {}, limit {})",
            name(alike.0),
            name(alike.1),
            if *index < 1e4 {
                format!("{index:.0}")
            } else {
                "beyond measure".to_owned()
            },
            REFUSED_ABOVE
        )),
        Err(DemandError::TooFewWindows { windows, unknowns }) => Some(format!(
            "not separable from these data: {windows} {} of {WINDOW_S} s for {unknowns} transactions",
            if *windows == 1 { "window" } else { "windows" }
        )),
        Err(error) => Some(format!("not separable from these data: {error}")),
        Ok(found) if !has_intervals(found) => {
            Some("not separable from these data: too few windows for intervals".to_owned())
        }
        Ok(found) => {
            let interval = |place: usize| found.classes[place].interval;
            let hidden = |place: &usize| interval(*place).is_some_and(|it| !is_worth_telling(&it, mix_s));
            let hidden: Vec<&str> = (0..found.classes.len()).filter(hidden).map(name).collect();
            (!hidden.is_empty()).then(|| {
                format!(
                    "not separable from these data: {} (intervals wider than half of what they or the mix cost)",
                    hidden.join(", ")
                )
            })
        }
    }
}

/// The windows of a run: stretches between readings within the steady parts of its levels.
struct Stretches {
    windows: Windows,
    /// Sum over the windows of the share of each that its counts are blurred by: half a counting window and half a response
    /// at either edge. Blurred counts draw every demand towards the mix's by about that share.
    blurred: f64,
}

impl Stretches {
    fn of(node: &Node, log: &RunLog, levels: &[Level]) -> Self {
        let windows = Windows {
            level: Vec::new(),
            length_s: Vec::new(),
            busy_s: Vec::new(),
            completions: Vec::new(),
        };
        let mut stretches = Self {
            windows,
            blurred: 0.0,
        };
        for (number, (level, figures)) in log.finished_levels().zip(levels).enumerate() {
            let served = Served::new(level, log.begin.transactions.len());
            stretches.add(node, level, figures, &served);
            stretches
                .windows
                .level
                .resize(stretches.windows.busy_s.len(), number);
        }
        stretches
    }

    fn add(&mut self, node: &Node, level: &LevelLog, figures: &Level, served: &Served) {
        let response_s = figures.response_time_s.mean.map_or(0.0, |mean| mean.value);
        let (least_s, counted_s) = if served.fine {
            (WINDOW_S, 0.1)
        } else {
            (COARSE_WINDOW_S, 1.0)
        };
        let least_s = least_s.max(WINDOW_RESPONSES * response_s);
        let (since_s, until_s) = (figures.warmup_s, figures.warmup_s + figures.measured_s);
        let instants = level.readings.iter().filter_map(|reading| {
            let at_s = reading.at_s - level.begin.at_s;
            let of_agent = reading.node == node.node && reading.port == node.port;
            (of_agent && at_s >= since_s && at_s <= until_s.min(served.end_s()))
                .then(|| Some((at_s, cpu_s(reading, &node.process)?)))?
        });
        let mut begun: Option<(f64, f64)> = None;
        for (at_s, cpu_s) in instants {
            let Some((from_s, from_cpu_s)) = begun else {
                begun = Some((at_s, cpu_s));
                continue;
            };
            // A reading comes once a second, some milliseconds early or late.
            if at_s - from_s < least_s - 0.2 {
                continue;
            }
            self.windows.length_s.push(at_s - from_s);
            self.windows.busy_s.push((cpu_s - from_cpu_s).max(0.0));
            self.windows.completions.push(served.between(from_s, at_s));
            self.blurred += (counted_s / 3.0 + response_s) / (at_s - from_s);
            begun = Some((at_s, cpu_s));
        }
    }
}

fn cpu_s(reading: &AgentReading, process: &str) -> Option<f64> {
    let mut groups = reading.reading.groups.iter();
    let group = groups.find(|group| group.name == process && group.complete)?;
    Some(group.cpu_ns as f64 * 1e-9)
}

/// How many transactions of each kind were served up to any instant of a level.
struct Served {
    /// Instants, s, each with the counts up to it.
    ends: Vec<(f64, Vec<f64>)>,
    /// Whether every window of a second has its counts.
    fine: bool,
}

impl Served {
    fn new(level: &LevelLog, kinds: usize) -> Self {
        let mut counts = vec![0.0; kinds];
        let mut ends = vec![(0.0, counts.clone())];
        let mut all_fine = true;
        for second in level.seconds.iter().filter(|second| !second.bins.is_empty()) {
            let fine = is_fine(second);
            all_fine &= fine;
            for (window, bin) in second.bins.iter().enumerate() {
                let last = window + 1 == second.bins.len();
                if !fine && !last {
                    continue;
                }
                for (count, part) in counts.iter_mut().zip(&second.transactions) {
                    *count += if fine {
                        part.served_by_window[window] as f64
                    } else {
                        part.served as f64
                    };
                }
                ends.push((bin.0 + bin.1, counts.clone()));
            }
        }
        Self { ends, fine: all_fine }
    }

    fn end_s(&self) -> f64 {
        self.ends.last().map_or(0.0, |end| end.0)
    }

    fn until(&self, at_s: f64) -> Vec<f64> {
        let after = self.ends.partition_point(|end| end.0 <= at_s);
        let (Some(before), Some(after)) = (
            after.checked_sub(1).map(|index| &self.ends[index]),
            self.ends.get(after),
        ) else {
            return self.ends.last().map_or_else(Vec::new, |end| end.1.clone());
        };
        let share = (at_s - before.0) / (after.0 - before.0);
        let pairs = before.1.iter().zip(&after.1);
        pairs
            .map(|(before, after)| before + (after - before) * share)
            .collect()
    }

    fn between(&self, from_s: f64, to_s: f64) -> Vec<f64> {
        let (from, to) = (self.until(from_s), self.until(to_s));
        to.iter()
            .zip(&from)
            .map(|(to, from)| (to - from).max(0.0))
            .collect()
    }
}

fn is_fine(second: &Second) -> bool {
    let mut parts = second.transactions.iter();
    parts.all(|part| part.served_by_window.len() == second.bins.len())
}

#[cfg(test)]
mod tests;
