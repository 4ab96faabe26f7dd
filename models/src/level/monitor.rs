//! Watches a running level: bins in, and at geometrically spaced checkpoints an assessment of all of them.

use super::assessment::{Assessment, assess};
use super::cells::{Cells, total};
use super::successive::Successive;
use super::warm_up::ALWAYS_LEFT_OUT;
use super::{Bin, LevelMeasurement, LevelState, Precision, StopReason};
use crate::statistics::special::normal_quantile;

/// The next look comes when the measured part has grown by at least this share. Every look is a chance to stop at a width
/// that is small by luck, so there must be few.
const LEAST_GROWTH: f64 = 0.15;
/// The next look comes at the latest when the measured part has grown by this share, whatever the forecast says.
const MOST_GROWTH: f64 = 0.5;
/// Slack for times that are sums of window lengths.
const ROUNDING_S: f64 = 1e-6;
/// Confidence with which too many time-outs must be shown, one-sided.
const TIMEOUT_CONFIDENCE: f64 = 0.99;

/// The state machine of one level: windows of finished transactions in; warming, measuring, done out.
///
/// Memory is bounded, and a window costs O(1) amortised: all of them are looked at together only at checkpoints whose distance
/// grows with the time measured.
#[derive(Debug, Clone)]
pub struct LevelMonitor {
    precision: Precision,
    least_warm_up_s: f64,
    successive: Option<Successive>,
    cells: Cells,
    elapsed_s: f64,
    next_look_s: f64,
    finished: u64,
    timeouts: u64,
    state: LevelState,
}

impl LevelMonitor {
    /// A monitor at the level's begin, which is time 0 of the windows to come.
    #[must_use]
    pub fn new(precision: Precision) -> Self {
        Self {
            precision,
            least_warm_up_s: 0.0,
            successive: precision.window_rule.map(Successive::new),
            cells: Cells::default(),
            elapsed_s: 0.0,
            next_look_s: first_look_s(&precision),
            finished: 0,
            timeouts: 0,
            state: LevelState::Warming,
        }
    }

    /// The same, with a time from the begin that is warm-up whatever the windows show, such as two or three mean cycles of
    /// thinking and waiting. Where few transactions finish in that time the windows alone cannot show the transient.
    /// Without effect where [`Precision::warm_up`] is off.
    #[must_use]
    pub fn with_least_warm_up_s(mut self, least_warm_up_s: f64) -> Self {
        self.least_warm_up_s = least_warm_up_s;
        self
    }

    /// Takes the next window. Windows come in order and may differ in length; after [`LevelState::Done`] they still count for
    /// [`finish`](Self::finish), but the state stays.
    pub fn observe(&mut self, bin: &Bin) {
        self.cells.push(bin);
        if let Some(successive) = &mut self.successive {
            successive.observe(bin);
        }
        if bin.length_s.is_finite() {
            self.elapsed_s += bin.length_s.max(0.0);
        }
        self.finished += bin.completions + bin.errors + bin.timeouts;
        self.timeouts += bin.timeouts;
        if matches!(self.state, LevelState::Done(_)) {
            return;
        }
        let late = self.elapsed_s >= self.precision.max_level_s - ROUNDING_S;
        if self.timeouts > 0 && self.too_many_timeouts() {
            self.state = LevelState::Done(StopReason::Timeouts);
        } else if late || self.elapsed_s >= self.next_look_s - ROUNDING_S {
            self.look(late);
        } else if let LevelState::Measuring {
            remaining_s: Some(left_s),
            ..
        } = &mut self.state
        {
            *left_s = (*left_s - bin.length_s.max(0.0)).max(0.0);
        }
    }

    fn look(&mut self, late: bool) {
        let assessment = assess(self.cells.as_slice(), &self.precision, self.warm_up_s(late));
        self.next_look_s = self.elapsed_s + self.pause_s(&assessment);
        self.state = if assessment.precise {
            LevelState::Done(StopReason::PreciseEnough)
        } else if late {
            LevelState::Done(StopReason::TimeLimit)
        } else if assessment.warm {
            LevelState::Measuring {
                since_s: assessment.part.start_s,
                throughput_per_s: assessment.throughput_per_s,
                response_time_s: assessment.response_time_s,
                remaining_s: self.forecast_s(&assessment),
            }
        } else {
            LevelState::Warming
        };
    }

    /// Forecast of the time to the level's end, s, at a look that has not ended it: by the widths and by the fewest
    /// transactions, not before the next look, at which it can end first, and not after the level's limit.
    fn forecast_s(&self, assessment: &Assessment) -> Option<f64> {
        let by_width_s = assessment.remaining_s.filter(|_| assessment.foreseeable)?;
        let part = &assessment.part;
        let wanted = self.precision.min_completions as f64 / (part.completions as f64).max(1.0);
        let by_count_s = part.length_s * (wanted - 1.0);
        let next_look_s = self.next_look_s - self.elapsed_s;
        let limit_s = (self.precision.max_level_s - self.elapsed_s).max(0.0);
        Some(by_width_s.max(by_count_s).max(next_look_s).min(limit_s))
    }

    /// Until the next look: the forecast of the time still needed, within bounds that grow with the time so far.
    fn pause_s(&self, assessment: &Assessment) -> f64 {
        let forecast_s = assessment.remaining_s.unwrap_or(f64::INFINITY);
        forecast_s.clamp(LEAST_GROWTH * self.elapsed_s, MOST_GROWTH * self.elapsed_s)
    }

    /// What is warm-up whatever the windows show, s; infinite while the rule that was asked for does not hold.
    fn warm_up_s(&self, over: bool) -> f64 {
        let by_rule_s = self.successive.as_ref().map_or(0.0, |s| s.warm_s(over));
        self.least_warm_up_s.max(by_rule_s)
    }

    /// Whether the lower confidence bound (Wilson 1927) of the share of time-outs exceeds what is allowed.
    fn too_many_timeouts(&self) -> bool {
        let from = self.precision.timeouts_judged_after;
        if self.finished < from.unwrap_or(self.precision.min_completions).max(1) {
            return false;
        }
        let n = self.finished as f64;
        let share = self.timeouts as f64 / n;
        let z = normal_quantile(TIMEOUT_CONFIDENCE).unwrap_or(0.0);
        let centre = share + z * z / (2.0 * n);
        let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
        (centre - spread) / (1.0 + z * z / n) > self.precision.max_timeout_share
    }

    /// Where the level stands, as of the last look.
    #[must_use]
    pub fn state(&self) -> LevelState {
        self.state.clone()
    }

    /// What all windows together show, once there are no more.
    #[must_use]
    pub fn finish(&self) -> LevelMeasurement {
        self.measured(true)
    }

    /// What the windows so far show while more are to come: [`Precision::window_rule`] may not have been met yet.
    #[must_use]
    pub fn so_far(&self) -> LevelMeasurement {
        self.measured(false)
    }

    fn measured(&self, over: bool) -> LevelMeasurement {
        let cells = self.cells.as_slice();
        let assessment = assess(cells, &self.precision, self.warm_up_s(over));
        let part = total(cells.get(assessment.since..).unwrap_or_default());
        LevelMeasurement {
            steadiness: assessment.steadiness,
            since_s: part.start_s,
            until_s: part.start_s + part.length_s,
            completions: part.completions,
            errors: part.errors,
            timeouts: part.timeouts,
            throughput_per_s: assessment.throughput_per_s,
            response_time_s: assessment.response_time_s,
        }
    }
}

/// When the shortest measurement can be complete.
fn first_look_s(precision: &Precision) -> f64 {
    let measured_share = if precision.warm_up {
        1.0 - ALWAYS_LEFT_OUT
    } else {
        1.0
    };
    precision.min_measured_s / measured_share
}

#[cfg(test)]
mod tests;
