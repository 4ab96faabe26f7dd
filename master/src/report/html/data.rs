//! What the page's script draws, as JSON that is safe inside a `<script>` element.

use crate::report::ReportError;
use crate::report::chart::{Chart, Series};
use crate::summary::{HistogramStep, Level, TimelinePoint};
use serde::Serialize;

/// Longest timeline that is passed on; longer ones are thinned by means over equal stretches.
const MOST_POINTS: usize = 300;
/// Shortest timeline that a longer one is thinned to: fewer would show no warm-up.
const FEWEST_POINTS: usize = 24;
/// Points of all timelines together, so that a run with many long levels stays a small file.
const MOST_POINTS_TOGETHER: usize = 1600;

#[derive(Serialize)]
struct Data<'a> {
    charts: Vec<ChartData<'a>>,
    levels: Vec<LevelData>,
}

#[derive(Serialize)]
struct ChartData<'a> {
    id: &'a str,
    title: &'a str,
    vertical: &'a str,
    unit: &'a str,
    series: Vec<SeriesData<'a>>,
    /// Value, low, high.
    saturation: Option<[Short; 3]>,
    /// Name and value.
    limit: Option<(&'a str, Short)>,
}

#[derive(Serialize)]
struct SeriesData<'a> {
    name: &'a str,
    shown: bool,
    points: Vec<PointData>,
    /// Users, value, low, high.
    curve: Vec<[Short; 4]>,
}

/// Users, value, low, high, whether the level counts.
type PointData = (Short, Short, Option<Short>, Option<Short>, bool);

#[derive(Default, Serialize)]
struct LevelData {
    at: Vec<Short>,
    throughput: Vec<Short>,
    /// ms.
    response: Vec<Option<Short>>,
    /// Begin and end of the part that is measured, s.
    measured: Option<(Short, Short)>,
    /// Response times: lower end of the first step (ms), and by how much each step's upper end is larger than its lower end.
    steps: Option<(f64, f64)>,
    /// How many transactions lie in each step.
    histogram: Vec<u64>,
    /// Name and value of the marks in it, ms.
    marks: Vec<(&'static str, Short)>,
}

/// The charts and the levels' timelines (in the order of the run).
pub(super) fn encoded(charts: &[Chart], levels: &[Level]) -> Result<String, ReportError> {
    let most = (MOST_POINTS_TOGETHER / levels.len().max(1)).clamp(FEWEST_POINTS, MOST_POINTS);
    let data = Data {
        charts: charts.iter().map(chart).collect(),
        levels: levels
            .iter()
            .map(|level| LevelData {
                steps: steps(&level.response_histogram),
                histogram: level.response_histogram.iter().map(|step| step.count).collect(),
                marks: marks(level),
                ..timeline(&level.timeline, most)
            })
            .collect(),
    };
    let text = serde_json::to_string(&data).map_err(|error| ReportError::Render {
        what: "report.html",
        reason: error.to_string(),
    })?;
    Ok(escaped(&text))
}

/// Within JSON these signs occur in strings alone, where an escape says the same; so nothing can close the element or open a
/// comment, whatever a name or URL holds.
fn escaped(json: &str) -> String {
    json.chars()
        .map(|sign| match sign {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", u32::from(sign)),
            sign => sign.to_string(),
        })
        .collect()
}

fn chart(chart: &Chart) -> ChartData<'_> {
    ChartData {
        id: chart.id,
        title: chart.title,
        vertical: chart.vertical,
        unit: chart.unit,
        series: chart.series.iter().map(series).collect(),
        saturation: chart
            .saturation
            .map(|found| [found.value, found.low, found.high].map(short)),
        limit: chart
            .limit
            .as_ref()
            .map(|limit| (limit.name.as_str(), short(limit.value))),
    }
}

fn series(series: &Series) -> SeriesData<'_> {
    SeriesData {
        name: &series.name,
        shown: series.shown,
        points: series
            .points
            .iter()
            .map(|point| {
                let (low, high) = point.spread.unzip();
                (
                    short(point.users),
                    short(point.value),
                    low.map(short),
                    high.map(short),
                    point.valid,
                )
            })
            .collect(),
        curve: series
            .curve
            .iter()
            .map(|(users, model)| [*users, model.value, model.low, model.high].map(short))
            .collect(),
    }
}

fn timeline(points: &[TimelinePoint], most: usize) -> LevelData {
    let stretch = points.len().div_ceil(most).max(1);
    let stretches = || points.chunks(stretch);
    let measured = || points.iter().filter(|point| point.measured);
    LevelData {
        at: stretches().map(|some| short(some[0].at_s)).collect(),
        throughput: stretches()
            .map(|some| {
                let sum: f64 = some.iter().map(|point| point.throughput_per_s).sum();
                short(sum / some.len() as f64)
            })
            .collect(),
        response: stretches().map(response_ms).collect(),
        measured: measured()
            .next()
            .zip(measured().next_back())
            .map(|(first, last)| (short(first.at_s), short(last.at_s + 1.0))),
        ..LevelData::default()
    }
}

/// The steps grow by the same factor, so the first tells them all.
fn steps(steps: &[HistogramStep]) -> Option<(f64, f64)> {
    let (first, last) = (steps.first()?, steps.last()?);
    let factor = (last.to_s / first.from_s).powf(1.0 / steps.len() as f64);
    Some((first.from_s * 1e3, factor))
}

fn marks(level: &Level) -> Vec<(&'static str, Short)> {
    let times = &level.response_time_s;
    let mean_s = times.mean.map(|mean| mean.value);
    [("mean", mean_s), ("p95", times.p95), ("p99", times.p99)]
        .into_iter()
        .filter_map(|(name, value_s)| Some((name, short(value_s? * 1e3))))
        .collect()
}

/// Mean response time of a stretch, weighted by what was served.
fn response_ms(some: &[TimelinePoint]) -> Option<Short> {
    let served = some
        .iter()
        .filter_map(|point| Some((point.throughput_per_s, point.response_time_s?)));
    let (count, sum) = served.fold((0.0, 0.0), |(count, sum), (rate, time_s)| {
        (count + rate, sum + rate * time_s)
    });
    (count > 0.0).then(|| short(sum / count * 1e3))
}

/// A number that is passed on with four significant digits: more cannot be seen, and the file stays small.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Short(f64);

fn short(value: f64) -> Short {
    Short(format!("{value:.3e}").parse().unwrap_or(value))
}

impl Serialize for Short {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = self.0.round();
        if whole == self.0 && whole.abs() < 1e15 {
            serializer.serialize_i64(whole as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_end_the_element() {
        let hostile = serde_json::to_string("</script><script>alert(1)<!--&\u{2028}").unwrap();
        let safe = escaped(&hostile);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        let read: String = serde_json::from_str(&safe).unwrap();
        assert_eq!(read, "</script><script>alert(1)<!--&\u{2028}");
    }

    #[test]
    fn a_long_timeline_is_thinned_and_keeps_its_means() {
        let point = |second: u32| TimelinePoint {
            at_s: f64::from(second),
            throughput_per_s: if second.is_multiple_of(2) { 10.0 } else { 30.0 },
            response_time_s: Some(0.1),
            measured: second >= 100,
        };
        let points: Vec<_> = (0..600).map(point).collect();
        let thin = timeline(&points, MOST_POINTS);
        assert_eq!(thin.at.len(), 300);
        assert!(thin.throughput.iter().all(|rate| (rate.0 - 20.0).abs() < 1e-9));
        assert_eq!(thin.measured, Some((Short(100.0), Short(600.0))));
    }
}
