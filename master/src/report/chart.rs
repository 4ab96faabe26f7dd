//! What a chart shows, apart from how it is drawn: points with intervals, model curves with their bands, marks.

use crate::summary::{CurveRow, Interval, Level, Process, ResponseTime, Summary};

pub mod svg;

/// A measured point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Users.
    pub users: f64,
    /// Measured figure.
    pub value: f64,
    /// Ends of its 95 % interval, where it has one.
    pub spread: Option<(f64, f64)>,
    /// Whether the level counts; others are drawn hollow.
    pub valid: bool,
}

/// Points of one figure and the model's curve of the same.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Measured points.
    pub points: Vec<Point>,
    /// The model, users and value with its band; empty where there is none.
    pub curve: Vec<(f64, Interval)>,
    /// Whether it is seen at first; the reader may switch the others on.
    pub shown: bool,
}

/// A horizontal limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Name with its figure.
    pub name: String,
    /// Where it lies on the vertical axis.
    pub value: f64,
}

/// A chart of figures against the number of users.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Short name, unique among the charts.
    pub id: &'static str,
    /// Title.
    pub title: &'static str,
    /// Label of the vertical axis, with its unit.
    pub vertical: &'static str,
    /// The unit alone.
    pub unit: &'static str,
    /// Series, the main one first.
    pub series: Vec<Series>,
    /// Saturation point, users.
    pub saturation: Option<Interval>,
    /// The objective, where one was asked and it belongs here.
    pub limit: Option<Limit>,
}

/// Throughput against users.
#[must_use]
pub fn throughput(summary: &Summary) -> Chart {
    let series = Series {
        name: "throughput".to_owned(),
        points: points(summary, |level| level.throughput_per_s, 1.0),
        curve: curve(summary, |row| row.throughput_band_per_s, 1.0),
        shown: true,
    };
    Chart {
        id: "throughput",
        title: "Throughput vs. number of users",
        vertical: "throughput, transactions per second",
        unit: "/s",
        series: vec![series],
        saturation: summary.capacity.saturation_users,
        limit: None,
    }
}

/// Response time in milliseconds against users: the mean with its model, and percentiles.
#[must_use]
pub fn response_time(summary: &Summary) -> Chart {
    type Quantile = fn(&ResponseTime) -> Option<f64>;
    let quantiles: [(&str, Quantile, bool); 3] = [
        ("p50", |times| times.p50, false),
        ("p95", |times| times.p95, true),
        ("p99", |times| times.p99, false),
    ];
    let mean = Series {
        name: "mean".to_owned(),
        points: points(summary, |level| level.response_time_s.mean, 1e3),
        curve: curve(summary, |row| row.response_time_band_s, 1e3),
        shown: true,
    };
    let quantiles = quantiles.map(|(name, quantile, shown)| Series {
        name: name.to_owned(),
        points: bare_points(summary, |level| quantile(&level.response_time_s), 1e3),
        curve: Vec::new(),
        shown,
    });
    Chart {
        id: "response-time",
        title: "Response time vs. number of users",
        vertical: "response time, ms",
        unit: "ms",
        series: std::iter::once(mean).chain(quantiles).collect(),
        saturation: summary.capacity.saturation_users,
        limit: summary.objective.map(|objective| Limit {
            name: format!("objective: {}", objective.in_words()),
            value: objective.limit_s * 1e3,
        }),
    }
}

/// CPU utilization of every profiled process against users, in percent of the cores that it may use; none without profilers.
#[must_use]
pub fn utilization(summary: &Summary) -> Option<Chart> {
    let names = process_names(summary);
    let series: Vec<_> = names
        .iter()
        .map(|&(node, process)| process_series(summary, node, process, names.len()))
        .collect();
    (!series.is_empty()).then_some(Chart {
        id: "utilization",
        title: "CPU utilization vs. number of users",
        vertical: "CPU utilization, % of usable cores",
        unit: "%",
        series,
        saturation: summary.capacity.saturation_users,
        limit: None,
    })
}

/// Every profiled process as node and name, in the order of the first level that has it.
#[must_use]
pub fn process_names(summary: &Summary) -> Vec<(&str, &str)> {
    let mut names = Vec::new();
    for process in summary.levels.iter().flat_map(|level| &level.processes) {
        let name = (process.node.as_str(), process.process.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The row of a process at the level that knows its demand best: the one with the most transactions behind it.
#[must_use]
pub fn best_known<'a>(summary: &'a Summary, node: &str, process: &str) -> Option<&'a Process> {
    let rows = summary
        .levels
        .iter()
        .filter_map(|level| row_of(level, node, process));
    rows.filter(|row| row.service_demand_s.is_some())
        .max_by_key(|row| row.service_demand_s.map_or(0, |demand| demand.samples))
}

/// The points of one process; the model's line is the utilization law U = X D / m (Denning & Buzen 1978) on the modelled X.
fn process_series(summary: &Summary, node: &str, process: &str, many: usize) -> Series {
    let point = |level: &Level| {
        let row = row_of(level, node, process)?;
        Some(Point {
            users: f64::from(level.users),
            value: row.cpu_utilization? * 100.0,
            spread: row
                .cpu_utilization_interval
                .map(|interval| (interval.low * 100.0, interval.high * 100.0)),
            valid: counts(level),
        })
    };
    let per_core_s = best_known(summary, node, process)
        .filter(|row| row.cores > 0.0)
        .and_then(|row| Some(row.service_demand_s?.value / row.cores));
    Series {
        name: format!("{process} on {node}"),
        points: summary.levels.iter().filter_map(point).collect(),
        curve: per_core_s.map_or_else(Vec::new, |demand_s| {
            curve(summary, |row| row.throughput_band_per_s, demand_s * 100.0)
        }),
        // Beyond a handful the picture is a tangle; the reader switches on what matters.
        shown: many <= 6 || is_bottleneck(summary, node, process),
    }
}

fn is_bottleneck(summary: &Summary, node: &str, process: &str) -> bool {
    summary
        .capacity
        .bottleneck
        .as_ref()
        .is_some_and(|limit| limit.node.as_deref() == Some(node) && limit.process.as_deref() == Some(process))
}

fn row_of<'a>(level: &'a Level, node: &str, process: &str) -> Option<&'a Process> {
    let mut rows = level.processes.iter();
    rows.find(|row| row.node == node && row.process == process)
}

impl Chart {
    /// The largest user number and the largest value to be seen among the series that are shown, for the axes; at least 1 each.
    #[must_use]
    pub fn extent(&self) -> (f64, f64) {
        let shown = || self.series.iter().filter(|series| series.shown);
        let points = || shown().flat_map(|series| &series.points);
        let curves = || shown().flat_map(|series| &series.curve);
        let users = points().map(|point| point.users).chain(curves().map(|row| row.0));
        let values = points().map(|point| point.spread.map_or(point.value, |spread| spread.1));
        // The band of the model may be wide where nothing was measured; it must not squeeze the rest.
        let model = curves().map(|row| row.1.value);
        let limit = self.limit.iter().map(|limit| limit.value);
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let (users, value) = (most(&mut { users }), most(&mut values.chain(model).chain(limit)));
        (
            if users > 0.0 { users } else { 1.0 },
            if value > 0.0 { value } else { 1.0 },
        )
    }
}

/// Whether a level's figures count: it entered the fit or, where the search does not say, it was steady and the generator was
/// not the limit.
#[must_use]
pub fn counts(level: &Level) -> bool {
    level.counts.unwrap_or(!level.generator.saturated && level.steady)
}

fn points(summary: &Summary, figure: fn(&Level) -> Option<Interval>, factor: f64) -> Vec<Point> {
    let point = |level: &Level| {
        let figure = scaled(figure(level)?, factor);
        Some(Point {
            users: f64::from(level.users),
            value: figure.value,
            spread: Some((figure.low, figure.high)),
            valid: counts(level),
        })
    };
    summary.levels.iter().filter_map(point).collect()
}

fn bare_points(summary: &Summary, figure: impl Fn(&Level) -> Option<f64>, factor: f64) -> Vec<Point> {
    let point = |level: &Level| {
        Some(Point {
            users: f64::from(level.users),
            value: figure(level)? * factor,
            spread: None,
            valid: counts(level),
        })
    };
    summary.levels.iter().filter_map(point).collect()
}

/// Longest curve; a longer one is drawn by every so manieth of its rows, its first and its last.
const MOST_ROWS: usize = 100;

fn curve(summary: &Summary, figure: fn(&CurveRow) -> Interval, factor: f64) -> Vec<(f64, Interval)> {
    let step = summary.curve.len().div_ceil(MOST_ROWS).max(1);
    let last = summary.curve.len().saturating_sub(1);
    let rows = summary.curve.iter().enumerate();
    rows.filter(|(index, _)| index % step == 0 || *index == last)
        .map(|(_, row)| (f64::from(row.users), scaled(figure(row), factor)))
        .collect()
}

fn scaled(interval: Interval, factor: f64) -> Interval {
    let Interval {
        value,
        low,
        high,
        samples,
    } = interval;
    Interval {
        value: value * factor,
        low: low * factor,
        high: high * factor,
        samples,
    }
}
