//! What a chart shows, apart from how it is drawn: points with intervals, a model curve with its band, marks.

use crate::summary::{CurveRow, Interval, Level, Summary};

pub mod svg;

/// A measured point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Users.
    pub users: f64,
    /// Measured figure with its interval.
    pub figure: Interval,
    /// Whether the level counts; others are drawn hollow.
    pub valid: bool,
}

/// A chart of a figure against the number of users.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Title.
    pub title: &'static str,
    /// Label of the vertical axis, with its unit.
    pub vertical: &'static str,
    /// Measured points.
    pub points: Vec<Point>,
    /// The model: users, value, low, high.
    pub curve: Vec<(f64, Interval)>,
    /// Saturation point, users.
    pub saturation: Option<Interval>,
    /// A horizontal limit, such as the objective, with its name.
    pub limit: Option<(String, f64)>,
}

/// Throughput against users.
#[must_use]
pub fn throughput(summary: &Summary) -> Chart {
    Chart {
        title: "Throughput vs. number of users",
        vertical: "transactions per second",
        points: points(summary, |level| level.throughput_per_s, 1.0),
        curve: curve(summary, |row| row.throughput_per_s, 1.0),
        saturation: summary.capacity.saturation_users,
        limit: None,
    }
}

/// Mean response time in milliseconds against users.
#[must_use]
pub fn response_time(summary: &Summary) -> Chart {
    Chart {
        title: "Response time vs. number of users",
        vertical: "mean response time, ms",
        points: points(summary, |level| level.response_time_s.mean, 1e3),
        curve: curve(summary, |row| row.response_time_s, 1e3),
        saturation: summary.capacity.saturation_users,
        limit: None,
    }
}

impl Chart {
    /// The largest user number and the largest value to be seen, for the axes; at least 1 each.
    #[must_use]
    pub fn extent(&self) -> (f64, f64) {
        let users = self
            .points
            .iter()
            .map(|point| point.users)
            .chain(self.curve.iter().map(|row| row.0));
        let values = self.points.iter().map(|point| point.figure.high);
        // The band of the model may be wide where nothing was measured; it must not squeeze the rest.
        let model = self.curve.iter().map(|row| row.1.value);
        let limit = self.limit.iter().map(|limit| limit.1);
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let (users, value) = (most(&mut { users }), most(&mut values.chain(model).chain(limit)));
        (
            if users > 0.0 { users } else { 1.0 },
            if value > 0.0 { value } else { 1.0 },
        )
    }
}

fn points(summary: &Summary, figure: fn(&Level) -> Option<Interval>, factor: f64) -> Vec<Point> {
    let point = |level: &Level| {
        Some(Point {
            users: f64::from(level.users),
            figure: scaled(figure(level)?, factor),
            valid: !level.generator.saturated && level.steady,
        })
    };
    summary.levels.iter().filter_map(point).collect()
}

fn curve(summary: &Summary, figure: fn(&CurveRow) -> Interval, factor: f64) -> Vec<(f64, Interval)> {
    summary
        .curve
        .iter()
        .map(|row| (f64::from(row.users), scaled(figure(row), factor)))
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
