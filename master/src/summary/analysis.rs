//! From what the journal says of one level to its figures, the same while the run goes on and years later.

use crate::journal::entry::{Agent, Begin, Second};
use crate::journal::histogram::Times;
use crate::journal::log::LevelLog;
use crate::summary::{
    ByTransaction, Generator, Interval, Level, PhaseTime, ResponseTime, TimelinePoint, TransactionResponse,
};
use autoperf_models::level::{LevelMeasurement, LevelMonitor, Steadiness};
use autoperf_models::search::LevelOutcome;
use std::collections::BTreeMap;

mod generator;
mod open;
mod outcome;
mod phases;
mod servers;

/// Beyond this gap in Little's law a level is invalid.
pub const LITTLE_GAP_LIMIT: f64 = 0.05;

/// A level's figures for the reader and for the search.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// For the reader.
    pub level: Level,
    /// For the search.
    pub outcome: LevelOutcome,
}

/// Analyses a level that has ended, or as far as it has got.
#[must_use]
pub fn analyse(begin: &Begin, agents: &[Agent], log: &LevelLog) -> Measured {
    let mut monitor = LevelMonitor::new(log.begin.precision.into());
    log.bins().for_each(|bin| monitor.observe(&bin));
    let measurement = match log.end {
        Some(_) => monitor.finish(),
        None => monitor.so_far(),
    };
    let steady = SteadyPart::new(log, &measurement);
    let servers = servers::analyse(begin, agents, log, &measurement);
    let level = level(begin, log, &measurement, &steady, servers);
    let outcome = outcome::outcome(begin, agents, &level, &measurement, &steady);
    Measured { level, outcome }
}

/// The seconds of a level that lie in its steady part, added up.
struct SteadyPart<'a> {
    seconds: Vec<&'a Second>,
    /// Response times; in the open mode from the intended starts.
    times: Times,
    /// In the open mode: from the actual starts.
    from_start: Times,
    transactions: Vec<TransactionSum>,
    think_time_s: Option<f64>,
    phases: Vec<PhaseTime>,
}

#[derive(Default, Clone)]
struct TransactionSum {
    served: u64,
    timeouts: u64,
    failures: BTreeMap<String, u64>,
    /// Sum of response times, s; in the open mode from the intended starts.
    response_sum_s: f64,
    /// In the open mode: from the actual starts, s.
    from_start_sum_s: f64,
    times: Times,
}

impl<'a> SteadyPart<'a> {
    fn new(log: &'a LevelLog, measurement: &LevelMeasurement) -> Self {
        let seconds = steady_seconds(log, measurement);
        let mut transactions = vec![TransactionSum::default(); most_transactions(&seconds)];
        let (mut times, mut from_start) = (Times::default(), Times::default());
        for second in &seconds {
            for (sum, part) in transactions.iter_mut().zip(&second.transactions) {
                let decoded = Times::decode(&part.response_us).unwrap_or_default();
                sum.served += part.served;
                sum.timeouts += part.timeouts;
                sum.from_start_sum_s += part.response_sum_s;
                part.failures
                    .iter()
                    .for_each(|(kind, count)| *sum.failures.entry(kind.clone()).or_default() += count);
                let seen = if part.intended_us.is_empty() {
                    sum.response_sum_s += part.response_sum_s;
                    decoded
                } else {
                    sum.response_sum_s += part.intended_sum_s;
                    from_start.merge(&decoded);
                    Times::decode(&part.intended_us).unwrap_or_default()
                };
                sum.times.merge(&seen);
                times.merge(&seen);
            }
        }
        let think_count: u64 = seconds.iter().map(|second| second.think_count).sum();
        let think_sum_s: f64 = seconds.iter().map(|second| second.think_sum_s).sum();
        Self {
            phases: phases::phases(&seconds),
            seconds,
            times,
            from_start,
            transactions,
            think_time_s: (think_count > 0).then(|| think_sum_s / think_count as f64),
        }
    }
}

fn most_transactions(seconds: &[&Second]) -> usize {
    seconds
        .iter()
        .map(|second| second.transactions.len())
        .max()
        .unwrap_or(0)
}

/// The seconds within the steady part; where it holds none whole, those that overlap it.
fn steady_seconds<'a>(log: &'a LevelLog, measurement: &LevelMeasurement) -> Vec<&'a Second> {
    let span = |second: &Second| {
        let start_s = second.bins.first().map_or(0.0, |bin| bin.0);
        (start_s, second.bins.last().map_or(start_s, |bin| bin.0 + bin.1))
    };
    let slack_s = 0.05;
    let (since_s, until_s) = (measurement.since_s - slack_s, measurement.until_s + slack_s);
    let whole: Vec<_> = log
        .seconds
        .iter()
        .filter(|second| {
            let (start_s, end_s) = span(second);
            !second.bins.is_empty() && start_s >= since_s && end_s <= until_s
        })
        .collect();
    if !whole.is_empty() {
        return whole;
    }
    log.seconds
        .iter()
        .filter(|second| span(second).1 > since_s && !second.bins.is_empty())
        .collect()
}

fn level(
    begin: &Begin,
    log: &LevelLog,
    measurement: &LevelMeasurement,
    steady: &SteadyPart<'_>,
    servers: servers::Servers,
) -> Level {
    let open = open::load(begin, log, steady);
    let users = open
        .as_ref()
        .map_or(log.begin.users, |_| open::mean_users(steady));
    let closed = open.is_none().then_some(log.begin.users);
    let little_gap = little_gap(closed.unwrap_or(0), measurement, steady.think_time_s);
    let account = generator::account(steady, measurement, open.is_some());
    Level {
        users,
        open,
        transaction: log
            .begin
            .transaction
            .and_then(|index| begin.transactions.get(index).cloned()),
        why: log.begin.why.clone(),
        purpose: log.begin.purpose.clone(),
        taught: None,
        counts: None,
        warmup_s: measurement.since_s,
        measured_s: measurement.until_s - measurement.since_s,
        transactions: measurement.completions + measurement.errors + measurement.timeouts,
        errors: measurement.errors,
        timeouts: measurement.timeouts,
        throughput_per_s: measurement.throughput_per_s.map(Interval::from),
        response_time_s: response_time(measurement, &steady.times),
        think_time_s: steady.think_time_s,
        steady: matches!(measurement.steadiness, Steadiness::Steady { .. }),
        steadiness: steadiness_in_words(&measurement.steadiness),
        ended_by: log
            .end
            .as_ref()
            .map_or_else(String::new, |end| end.ended_by.clone()),
        little_gap,
        generator: Generator {
            unrecorded: unrecorded(log),
            ..generator::generator(steady, &account)
        },
        processes: servers.processes,
        hosts: servers.hosts,
        by_transaction: by_transaction(begin, log.begin.transaction, steady),
        phases: steady.phases.clone(),
        response_histogram: phases::histogram(&steady.times),
        timeline: timeline(log, measurement),
    }
}

/// Transactions of the whole level that a record of every one lacks.
fn unrecorded(log: &LevelLog) -> u64 {
    let parts = log
        .seconds
        .iter()
        .filter_map(|second| second.generator.as_deref());
    parts.map(|part| part.unrecorded).sum()
}

fn response_time(measurement: &LevelMeasurement, times: &Times) -> ResponseTime {
    ResponseTime {
        mean: measurement.response_time_s.map(Interval::from),
        p50: times.quantile_s(0.5),
        p90: times.quantile_s(0.9),
        p95: times.quantile_s(0.95),
        p99: times.quantile_s(0.99),
        max: times.max_s(),
    }
}

/// |N - X (R + Z)| / N over everything that finished (Little 1961; LZGS 1984, section 3.2). Unknown where more than 5 % failed,
/// since the failed ones' response times are not those of the served.
fn little_gap(users: u32, measurement: &LevelMeasurement, think_time_s: Option<f64>) -> Option<f64> {
    let failed = measurement.errors + measurement.timeouts;
    let finished = measurement.completions + failed;
    let length_s = measurement.until_s - measurement.since_s;
    if users == 0 || length_s <= 0.0 || failed * 20 > finished {
        return None;
    }
    let response_time_s = measurement.response_time_s?.value;
    let population = finished as f64 / length_s * (response_time_s + think_time_s?);
    Some((f64::from(users) - population).abs() / f64::from(users))
}

/// Every transaction, or the only one that was measured.
fn by_transaction(begin: &Begin, only: Option<usize>, steady: &SteadyPart<'_>) -> Vec<ByTransaction> {
    let row = |(name, sum): (&String, &TransactionSum)| {
        let failures: u64 = sum.failures.values().sum();
        ByTransaction {
            name: name.clone(),
            count: sum.served + failures,
            errors: failures.saturating_sub(sum.timeouts),
            timeouts: sum.timeouts,
            errors_by_kind: sum.failures.clone(),
            response_time_s: TransactionResponse {
                mean: (sum.served > 0).then(|| sum.response_sum_s / sum.served as f64),
                p95: sum.times.quantile_s(0.95),
            },
        }
    };
    begin
        .transactions
        .iter()
        .zip(&steady.transactions)
        .enumerate()
        .filter(|(index, _)| only.is_none_or(|only| only == *index))
        .map(|(_, pair)| row(pair))
        .collect()
}

fn timeline(log: &LevelLog, measurement: &LevelMeasurement) -> Vec<TimelinePoint> {
    let point = |second: &Second| {
        let (first, last) = (second.bins.first()?, second.bins.last()?);
        let served: u64 = second.bins.iter().map(|bin| bin.2).sum();
        let length_s: f64 = second.bins.iter().map(|bin| bin.1).sum();
        let response_sum_s: f64 = second.bins.iter().map(|bin| bin.5).sum();
        (length_s > 0.0).then(|| TimelinePoint {
            at_s: first.0,
            throughput_per_s: served as f64 / length_s,
            response_time_s: (served > 0).then(|| response_sum_s / served as f64),
            measured: first.0 + 0.05 >= measurement.since_s && last.0 <= measurement.until_s,
        })
    };
    log.seconds.iter().filter_map(point).collect()
}

/// The verdict on stationarity for the reader.
#[must_use]
pub fn steadiness_in_words(steadiness: &Steadiness) -> String {
    match steadiness {
        Steadiness::Steady { since_s } => format!("steady since {since_s:.1} s"),
        Steadiness::NotSteady { reason } => format!("not steady: {reason}"),
        Steadiness::Drifting { percent_per_minute } => {
            format!("response time drifts by {percent_per_minute:+.1} % a minute")
        }
        Steadiness::TwoState => "flips between two states".to_owned(),
    }
}
