//! One look at all bins of a level: where its steady part begins, and what that part says.

use super::cells::{total, windows};
use super::interval::{Intervals, intervals};
use super::warm_up::{FEWEST_COMPLETIONS, WarmUp, warm_up};
use super::{Bin, Precision, Steadiness};
use crate::Estimate;
use crate::stability::verdict::{Evidence, judge};

/// Windows that the verdict looks at, at most and at least.
const MOST_WINDOWS: usize = 100;
const FEWEST_WINDOWS: usize = 10;
/// Completions that such a window should hold: between windows of one transaction and windows of none lie no two states of a site.
const COMPLETIONS_PER_WINDOW: u64 = 5;

/// What all bins so far say.
#[derive(Debug, Clone)]
pub(super) struct Assessment {
    pub(super) steadiness: Steadiness,
    /// First cell of the part that counts.
    pub(super) since: usize,
    /// The part that counts as one window.
    pub(super) part: Bin,
    pub(super) throughput_per_s: Option<Estimate>,
    pub(super) response_time_s: Option<Estimate>,
    /// Whether the transient is over.
    pub(super) warm: bool,
    /// Whether the level may end here.
    pub(super) precise: bool,
    /// Forecast of the time still needed for the widths of the intervals, s.
    pub(super) remaining_s: Option<f64>,
    /// Whether nothing is lacking but time: widths and counts follow a law, steadiness and trust do not.
    pub(super) foreseeable: bool,
}

/// Looks at all `cells`; O(cells).
pub(super) fn assess(cells: &[Bin], precision: &Precision, least_warm_up_s: f64) -> Assessment {
    let warm_up = if precision.warm_up {
        warm_up(cells, least_warm_up_s, precision.confidence)
    } else {
        WarmUp {
            index: 0,
            ended: true,
        }
    };
    let steady = cells.get(warm_up.index..).unwrap_or_default();
    let part = total(steady);
    let intervals = intervals(steady, precision.confidence);
    let worst = worst(&intervals, precision);
    let enough =
        part.length_s >= precision.min_measured_s - 1e-9 && part.completions >= precision.min_completions;
    let served = total(cells).completions;
    let judged = if warm_up.ended { steady } else { cells };
    let telling = (total(judged).completions / COMPLETIONS_PER_WINDOW) as usize;
    let evidence = Evidence {
        warm: warm_up.ended,
        windows: &windows(judged, telling.clamp(FEWEST_WINDOWS, MOST_WINDOWS)),
        batches: &intervals.batches,
        throughput_tolerance: precision.throughput / 2.0,
        response_tolerance: precision.response_time / 2.0,
    };
    let steadiness = if !warm_up.ended && served < FEWEST_COMPLETIONS {
        Steadiness::NotSteady {
            reason: format!("{served} served transactions are too few to tell a warm-up from noise"),
        }
    } else {
        judge(&evidence)
    };
    let is_steady = matches!(steadiness, Steadiness::Steady { .. });
    Assessment {
        since: warm_up.index,
        warm: warm_up.ended,
        precise: is_steady && enough && intervals.trusted && worst <= 1.0,
        remaining_s: remaining_s(&part, worst, precision),
        foreseeable: is_steady && intervals.trusted,
        steadiness,
        part,
        throughput_per_s: intervals.throughput_per_s,
        response_time_s: intervals.response_time_s,
    }
}

/// The wider of the two intervals as a multiple of what is wanted.
fn worst(intervals: &Intervals, precision: &Precision) -> f64 {
    let ratio = |estimate: Option<Estimate>, wanted: f64| match estimate.map(|e| e.relative_half_width()) {
        Some(width) if width == 0.0 || wanted > 0.0 => width / wanted.max(f64::MIN_POSITIVE),
        _ => f64::INFINITY,
    };
    ratio(intervals.throughput_per_s, precision.throughput)
        .max(ratio(intervals.response_time_s, precision.response_time))
}

/// The half-width falls with the root of the measured time: n ~ n0 (hw0 / wanted)^2.
fn remaining_s(part: &Bin, worst: f64, precision: &Precision) -> Option<f64> {
    let by_width_s = part.length_s * worst * worst - part.length_s;
    let remaining_s = by_width_s.max(precision.min_measured_s - part.length_s).max(0.0);
    remaining_s.is_finite().then_some(remaining_s)
}
