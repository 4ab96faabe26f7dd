//! One look at all bins of a level: where its steady part begins, and what that part says.

use super::cells::total;
use super::interval::{Intervals, intervals};
use super::warm_up::{WarmUp, warm_up};
use super::{Bin, Precision, Steadiness};
use crate::Estimate;
use crate::stability::trend::mann_kendall;

/// A trend in the batches is taken as shown below this p-value.
const TREND_P_VALUE: f64 = 0.01;

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
    /// Forecast of the time still needed, s.
    pub(super) remaining_s: Option<f64>,
}

/// Looks at all `cells`; O(cells).
pub(super) fn assess(cells: &[Bin], precision: &Precision) -> Assessment {
    let warm_up = if precision.warm_up {
        warm_up(cells, precision.confidence)
    } else {
        WarmUp {
            index: 0,
            ended: true,
        }
    };
    let steady = cells.get(warm_up.index..).unwrap_or_default();
    let part = total(steady);
    let intervals = intervals(steady, precision.confidence);
    let trend = trend(&intervals);
    let worst = worst(&intervals, precision);
    let enough =
        part.length_s >= precision.min_measured_s - 1e-9 && part.completions >= precision.min_completions;
    let steadiness = match trend {
        _ if !warm_up.ended => Steadiness::NotSteady {
            reason: "the transient since the level's begin has not ended".to_owned(),
        },
        Some(percent_per_minute) => Steadiness::Drifting { percent_per_minute },
        None => Steadiness::Steady {
            since_s: part.start_s,
        },
    };
    Assessment {
        since: warm_up.index,
        warm: warm_up.ended,
        precise: warm_up.ended && enough && intervals.trusted && trend.is_none() && worst <= 1.0,
        remaining_s: remaining_s(&part, worst, precision),
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

/// Change of the mean response time in per cent per minute where the batches show a trend in it or in throughput.
fn trend(intervals: &Intervals) -> Option<f64> {
    let batches = &intervals.batches;
    let per_batch_s = total(batches).length_s / batches.len().max(1) as f64;
    let throughputs: Vec<f64> = batches
        .iter()
        .map(|b| b.completions as f64 / b.length_s)
        .collect();
    let served = batches.iter().filter(|b| b.completions > 0);
    let responses: Vec<f64> = served.map(|b| b.response_sum_s / b.completions as f64).collect();
    let response = mann_kendall(&responses)?;
    let shown = response.p_value < TREND_P_VALUE || mann_kendall(&throughputs)?.p_value < TREND_P_VALUE;
    let mean = intervals.response_time_s?.value;
    let percent_per_minute = 100.0 * response.slope / mean * 60.0 / per_batch_s;
    (shown && percent_per_minute.is_finite()).then_some(percent_per_minute)
}
