//! Where the time of the served transactions went: the phases of a level's steady part.

use crate::journal::entry::Second;
use crate::journal::histogram::Times;
use crate::load::phases::PHASES;
use crate::summary::{HistogramStep, PhaseTime};

/// Steps of a level's histogram of response times, at most.
const MOST_STEPS: usize = 40;

/// Every phase that occurred, in the order in which a transaction goes through them.
pub(super) fn phases(seconds: &[&Second]) -> Vec<PhaseTime> {
    PHASES.iter().filter_map(|name| phase(name, seconds)).collect()
}

fn phase(name: &str, seconds: &[&Second]) -> Option<PhaseTime> {
    let mut times = Times::default();
    let mut sum_s = 0.0;
    for part in seconds.iter().filter_map(|second| second.phases.get(name)) {
        times.merge(&Times::decode(&part.times_us).unwrap_or_default());
        sum_s += part.sum_s;
    }
    let count = times.count();
    (count > 0).then(|| PhaseTime {
        name: name.to_owned(),
        count,
        mean_s: sum_s / count as f64,
        p95_s: times.quantile_s(0.95),
    })
}

/// The histogram of response times.
pub(super) fn histogram(times: &Times) -> Vec<HistogramStep> {
    let steps = times.steps_s(MOST_STEPS).into_iter();
    steps
        .map(|(from_s, to_s, count)| HistogramStep { from_s, to_s, count })
        .collect()
}
