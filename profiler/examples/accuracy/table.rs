//! The errors of one load as a row.

use crate::case::{Outcome, Point};

pub(crate) const HEAD: &str = "\
| load | exit cost | records, 1 s | records, 5 s | final as root, 5 s | tree sums, 5 s | as nobody, 5 s | beyond bound as root | as nobody | said incomplete |
|---|---|---|---|---|---|---|---|---|---|";

/// Percent of the truth: mean of the absolute errors, and the worst.
#[derive(Debug, Clone, Copy, Default)]
struct Errors {
    mean: f64,
    worst: f64,
}

impl std::fmt::Display for Errors {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.2} / {:.2} %", self.mean, self.worst)
    }
}

/// The bounds of the truth at a point, and the figure, ns.
type Read = fn(&Point) -> ([f64; 2], f64);

/// A window: between which bounds the truth is, and the figure, ns.
#[derive(Debug, Clone, Copy)]
struct Window {
    least: f64,
    most: f64,
    said: f64,
}

impl Window {
    /// How far the figure is from anything that may be true; above it is positive.
    fn error(&self) -> f64 {
        (self.said - self.most).max(0.0) - (self.least - self.said).max(0.0)
    }
}

pub(crate) fn row(mode: &str, percent: u32, outcome: &Outcome) -> String {
    let (root, nobody) = (&outcome.as_root[..], &outcome.as_nobody[..]);
    // Exit records cannot see what ending costs, and neither can the tasks that count themselves.
    let records: Read = |point| (point.counted_ns, point.said.cpu_ns as f64 - ending_ns(point));
    let whole: Read = |point| (point.used_ns, point.said.cpu_ns as f64);
    let tree: Read = |point| (point.used_ns, source_ns(point, "cutime"));
    format!(
        "| {mode} {percent} % | {:.1} % | {} | {} | {} | {} | {} | {} | {} | {} |",
        exit_cost(root),
        errors(root, 1, records),
        errors(root, 5, records),
        errors(root, 5, whole),
        errors(root, 5, tree),
        errors(nobody, 5, whole),
        beyond_bound(root),
        beyond_bound(nobody),
        incomplete(nobody)
    )
}

/// Percent by which what was used exceeds what the tasks counted.
fn exit_cost(points: &[Point]) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return 0.0;
    };
    let counted = last.counted_ns[0] - first.counted_ns[0];
    100.0 * (last.used_ns[0] - first.used_ns[0] - counted) / counted.max(1.0)
}

fn ending_ns(point: &Point) -> f64 {
    point.said.evidence.exit_overhead_ns.unwrap_or(0) as f64
}

fn source_ns(point: &Point, name: &str) -> f64 {
    let mut sources = point.said.evidence.sources.iter();
    sources
        .find(|value| value.source.ends_with(name))
        .map_or(f64::NAN, |value| value.cpu_ns as f64)
}

/// Every window of so many seconds.
fn windows(points: &[Point], seconds: usize, read: Read) -> Vec<Window> {
    let pairs = points.iter().zip(points.iter().skip(seconds));
    pairs
        .map(|(first, last)| {
            let ((then, said_then), (now, said_now)) = (read(first), read(last));
            Window {
                least: now[0] - then[1],
                most: now[1] - then[0],
                said: said_now - said_then,
            }
        })
        .collect()
}

fn errors(points: &[Point], seconds: usize, read: Read) -> Errors {
    let windows = windows(points, seconds, read);
    let percents: Vec<f64> = windows
        .iter()
        .filter(|window| window.most > 0.0)
        .map(|window| 100.0 * window.error().abs() / window.most)
        .collect();
    let mean = percents.iter().sum::<f64>() / percents.len().max(1) as f64;
    Errors {
        mean,
        worst: percents.iter().copied().fold(0.0, f64::max),
    }
}

/// Windows of a second, said to be complete, that miss the truth by more than the stated bound. The truth is anywhere between
/// what the tasks counted and that with all that ending cost: what of this a source can see is stated with it.
fn beyond_bound(points: &[Point]) -> String {
    let counted = windows(points, 1, |point| (point.counted_ns, point.said.cpu_ns as f64));
    let used = windows(points, 1, |point| (point.used_ns, point.said.cpu_ns as f64));
    let mut all = 0;
    let mut beyond = 0;
    for ((counted, used), point) in counted.iter().zip(&used).zip(points.iter().skip(1)) {
        if point.said.complete {
            let bound = point.said.error_bound_ns as f64;
            all += 1;
            beyond += u32::from(counted.error() < -bound || used.error() > bound);
        }
    }
    format!("{beyond} of {all}")
}

fn incomplete(points: &[Point]) -> String {
    let said = points.iter().skip(1).filter(|point| !point.said.complete).count();
    format!("{said} of {}", points.len().saturating_sub(1))
}
