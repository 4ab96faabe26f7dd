//! `levels.csv`: a row for every level, for spreadsheets and data frames.

use super::{Renderer, ReportError, chart};
use crate::summary::{Interval, Level, Summary};

/// The CSV form (RFC 4180, UTF-8, a header line, lines end in LF).
pub const RENDERER: Renderer = Renderer {
    name: "csv",
    file_name: "levels.csv",
    about: "a row for every level in the order of the run, for spreadsheets",
    always: false,
    render,
};

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Name in the header.
    pub name: &'static str,
    /// What it holds, with its unit.
    pub about: &'static str,
    value: fn(&Level) -> String,
}

/// Every column that a level has by itself, in order; those of the profiled processes follow, see [`PROCESS_COLUMNS`].
pub const COLUMNS: &[Column] = &[
    column("users", "emulated users", |level| level.users.to_string()),
    column("purpose", "what the level was for", |level| level.purpose.clone()),
    column(
        "transaction",
        "the one transaction measured, where they are profiled one by one",
        |level| level.transaction.clone().unwrap_or_default(),
    ),
    column("warmup_s", "transient dropped before measuring, s", |level| {
        level.warmup_s.to_string()
    }),
    column(
        "measured_s",
        "steady part that the figures come from, s",
        |level| level.measured_s.to_string(),
    ),
    column("transactions", "finished in it, however they ended", |level| {
        level.transactions.to_string()
    }),
    column("errors", "of these, failed (time-outs apart)", |level| {
        level.errors.to_string()
    }),
    column("timeouts", "of these, timed out", |level| {
        level.timeouts.to_string()
    }),
    column("throughput_per_s", "served transactions per second", |level| {
        part(level.throughput_per_s, |rate| rate.value)
    }),
    column(
        "throughput_low_per_s",
        "lower end of its 95 % interval",
        |level| part(level.throughput_per_s, |rate| rate.low),
    ),
    column(
        "throughput_high_per_s",
        "upper end of its 95 % interval",
        |level| part(level.throughput_per_s, |rate| rate.high),
    ),
    column(
        "response_mean_s",
        "mean response time of the served, s",
        |level| part(level.response_time_s.mean, |mean| mean.value),
    ),
    column(
        "response_mean_low_s",
        "lower end of its 95 % interval, s",
        |level| part(level.response_time_s.mean, |mean| mean.low),
    ),
    column(
        "response_mean_high_s",
        "upper end of its 95 % interval, s",
        |level| part(level.response_time_s.mean, |mean| mean.high),
    ),
    column("response_p50_s", "median response time, s", |level| {
        optional(level.response_time_s.p50)
    }),
    column("response_p90_s", "90th percentile, s", |level| {
        optional(level.response_time_s.p90)
    }),
    column("response_p95_s", "95th percentile, s", |level| {
        optional(level.response_time_s.p95)
    }),
    column("response_p99_s", "99th percentile, s", |level| {
        optional(level.response_time_s.p99)
    }),
    column("response_max_s", "largest response time, s", |level| {
        optional(level.response_time_s.max)
    }),
    column(
        "think_time_s",
        "think time per transaction as measured, s",
        |level| optional(level.think_time_s),
    ),
    column("steady", "whether the level was stationary", |level| {
        level.steady.to_string()
    }),
    column("little_gap", "gap in Little's law, a share", |level| {
        optional(level.little_gap)
    }),
    column(
        "generator_cpu",
        "CPU share of the busiest generator thread, 0..1",
        |level| optional(level.generator.cpu_utilization),
    ),
    column(
        "generator_lateness_p99_s",
        "lateness that 1 % of the transactions exceeded, s",
        |level| optional(level.generator.lateness_p99_s),
    ),
    column(
        "generator_read_delay_p99_s",
        "how long 1 % of the answers at least may have lain unread, s",
        |level| optional(level.generator.read_delay_p99_s),
    ),
    column(
        "generator_processor_wait_s",
        "mean wait of the generator's threads for a processor, s",
        |level| optional(level.generator.processor_wait_s),
    ),
    column(
        "local_ports_in_use",
        "local ports in use on the generator's machine",
        |level| optional(level.generator.local_ports_in_use),
    ),
    column(
        "descriptors_in_use",
        "descriptors that the generator had open",
        |level| optional(level.generator.descriptors_in_use),
    ),
    column(
        "offered_per_s",
        "in the open mode, transactions that were to begin in a second",
        |level| optional(level.open.as_ref().map(|open| open.rate_per_s)),
    ),
    column(
        "generator_saturated",
        "whether the generator was the limit",
        |level| level.generator.saturated.to_string(),
    ),
    column(
        "generator_doubtful_tail",
        "whether high percentiles of the response time may be the generator's own",
        |level| level.generator.doubtful_tail.is_some().to_string(),
    ),
];

/// Columns of every profiled process: `NAME:PROCESS@NODE`.
pub const PROCESS_COLUMNS: [(&str, &str); 2] = [
    ("demand_s", "CPU seconds per served transaction of the mix"),
    ("utilization", "CPU share of the cores that it may use, 0..1"),
];

const fn column(name: &'static str, about: &'static str, value: fn(&Level) -> String) -> Column {
    Column { name, about, value }
}

fn part(interval: Option<Interval>, of: fn(Interval) -> f64) -> String {
    optional(interval.map(of))
}

/// Nothing where nothing is known: an empty field, not a zero.
fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every renderer")]
fn render(summary: &Summary) -> Result<String, ReportError> {
    let processes = chart::process_names(summary);
    let of_processes = processes.iter().flat_map(|(node, process)| {
        PROCESS_COLUMNS.map(|(name, _)| field(&format!("{name}:{process}@{node}")))
    });
    let header = COLUMNS.iter().map(|column| column.name.to_owned());
    let header: Vec<_> = header.chain(of_processes).collect();
    let mut text = header.join(",") + "\n";
    for level in &summary.levels {
        let own = COLUMNS.iter().map(|column| field(&(column.value)(level)));
        let of_processes = processes.iter().flat_map(|name| process_fields(level, *name));
        text += &own.chain(of_processes).collect::<Vec<_>>().join(",");
        text.push('\n');
    }
    Ok(text)
}

fn process_fields(level: &Level, (node, process): (&str, &str)) -> [String; 2] {
    let mut rows = level.processes.iter();
    let row = rows.find(|row| row.node == node && row.process == process);
    [
        part(row.and_then(|row| row.service_demand_s), |demand| demand.value),
        optional(row.and_then(|row| row.cpu_utilization)),
    ]
}

/// Quoted where it must be (RFC 4180, section 2).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
    }

    #[test]
    fn columns_have_names_of_their_own() {
        for (index, column) in COLUMNS.iter().enumerate() {
            assert!(!column.about.is_empty());
            assert!(COLUMNS[..index].iter().all(|other| other.name != column.name));
        }
    }
}
