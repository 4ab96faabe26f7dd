//! The level plan of AutoPerf (Shirodkar & Apte 2007; manual of 2013, section 4.2), as far as the manual fixes it. What the
//! manual leaves open is our reading and marked as such: its program's own figures are not public.

use super::history::{History, Run, plain_plan};
use super::model_guided::evidence;
use super::{Finding, LevelOutcome, LevelPlan, Next, Options, Purpose, Strategy, guards, measured, network};

/// The manual's parameters that decide which levels are run, under the manual's names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AutoPerfParameters {
    /// Load level below which the level is varied one by one; above it, the binary algorithm varies it.
    pub max_seq_var_count: u32,
    /// Percentage error allowed in the predicted throughput when using the binary algorithm.
    pub max_seq_var_threshold: f64,
    /// The predicted M* times this is a slight over-estimate, up to which the binary algorithm is applied.
    pub mstar_lower_bound_multiplier: f64,
    /// The over-estimate times this is the end of the range, which is reached in sequence steps.
    pub mstar_upper_bound_multiplier: f64,
    /// Number of sequence steps in that last part (the manual leaves it open).
    pub sequence_steps: u32,
    /// Percentage of time-outs beyond which no higher level is tried.
    pub percentage_time_outs_allowed: f64,
    /// Percentage deviation allowed in throughput: the wanted half-width of its interval.
    pub percentage_error_allowed_in_throughput_observed: f64,
    /// Largest number of users, the manual's "approximated value of infinity".
    pub infinity: u32,
}

impl Default for AutoPerfParameters {
    /// The manual prints no values; these are of our choosing.
    fn default() -> Self {
        Self {
            max_seq_var_count: 5,
            max_seq_var_threshold: 5.0,
            mstar_lower_bound_multiplier: 1.2,
            mstar_upper_bound_multiplier: 1.5,
            sequence_steps: 3,
            percentage_time_outs_allowed: 5.0,
            percentage_error_allowed_in_throughput_observed: 5.0,
            infinity: 1_000_000,
        }
    }
}

/// AutoPerf's plan: one by one, then bisection where straight lines miss by more than the threshold, then steps.
#[derive(Debug, Clone)]
pub struct AutoPerf {
    history: History,
    parameters: AutoPerfParameters,
    /// Over-estimate of M*, once it was fixed.
    over_estimate: Option<u32>,
}

impl AutoPerf {
    /// AutoPerf's plan with the given parameters.
    #[must_use]
    pub fn new(mut options: Options, parameters: AutoPerfParameters) -> Self {
        options.max_timeout_share = parameters.percentage_time_outs_allowed / 100.0;
        options.precision.throughput = parameters.percentage_error_allowed_in_throughput_observed / 100.0;
        options.max_users = Some(options.max_users.unwrap_or(u32::MAX).min(parameters.infinity));
        Self {
            history: History::new(options),
            parameters,
            over_estimate: None,
        }
    }

    fn plan(&self, users: u32, purpose: Purpose, why: String) -> Option<LevelPlan> {
        let users = users.min(self.history.ceiling());
        let new = !self.history.runs.iter().any(|r| r.outcome.users == users);
        new.then(|| plain_plan(&self.history.options, users, purpose, why))
    }

    /// M* = (R(1) + Z) / max(D/m); without a profiler, (R(1) + Z) times the largest throughput seen.
    fn mstar(&self) -> Option<f64> {
        let valid = self.history.valid();
        let pooled = evidence::pooled(&valid, &self.history.options, 2)?;
        let seen = pooled
            .levels
            .iter()
            .map(|l| l.throughput_per_s)
            .fold(0.0, f64::max);
        let limit = network::tightest(&pooled.demands).map_or(seen, |(_, limit)| limit);
        Some(limit * (pooled.unqueued_response_s() + pooled.think.mean_s))
    }

    fn start(&self) -> u32 {
        self.history.options.start_load.unwrap_or(1).max(1)
    }

    /// The last of the levels that are run one by one.
    fn last_single(&self) -> u32 {
        self.parameters.max_seq_var_count.max(self.start())
    }

    fn following(&mut self) -> Option<LevelPlan> {
        let start = self.start();
        let last = self.last_single();
        let tried = self.history.runs.iter().map(|r| r.outcome.users).max();
        let users = tried.map_or(start, |users| users + 1);
        if users <= last {
            return self.plan(
                users,
                Purpose::Calibrate,
                format!("Levels up to {last} are run one by one."),
            );
        }
        let mstar = self.mstar()?;
        if self.over_estimate.is_none() {
            // Nothing may be run beyond infinity, and everything up to it has been.
            if self.parameters.infinity <= last {
                return None;
            }
            let over = (mstar * self.parameters.mstar_lower_bound_multiplier).ceil();
            let over = (over as u32).clamp(last + 1, self.parameters.infinity);
            self.over_estimate = Some(over);
            let why = format!(
                "M* is {mstar:.1} by the demands; times {} it is the end of the binary part.",
                self.parameters.mstar_lower_bound_multiplier
            );
            return self.plan(over, Purpose::Explore, why);
        }
        self.halving().or_else(|| self.step_beyond())
    }

    /// The middle of an interval whose ends a straight line was not seen to join well enough.
    fn halving(&self) -> Option<LevelPlan> {
        let top = self.over_estimate?;
        let mut open = vec![(self.last_single(), top)];
        while let Some((low, high)) = open.pop() {
            if high - low.min(high) <= 1 {
                continue;
            }
            let middle = low + (high - low) / 2;
            let Some(seen) = self.rate_at(middle) else {
                let why = format!("Tests the straight line of throughput between {low} and {high} users.");
                return self.plan(middle, Purpose::Step, why);
            };
            let (Some(left), Some(right)) = (self.rate_at(low), self.rate_at(high)) else {
                continue;
            };
            let share = f64::from(middle - low) / f64::from(high - low);
            let predicted = (1.0 - share) * left + share * right;
            if 100.0 * (seen - predicted).abs() / seen > self.parameters.max_seq_var_threshold {
                open.push((middle, high));
                open.push((low, middle));
            }
        }
        None
    }

    fn step_beyond(&self) -> Option<LevelPlan> {
        let from = self.over_estimate?;
        let to = (f64::from(from) * self.parameters.mstar_upper_bound_multiplier).ceil() as u32;
        let steps = self.parameters.sequence_steps.max(1);
        let rungs = (1..=steps).map(|step| from + (to - from) * step / steps);
        let highest = self.history.highest()?;
        let users = rungs.into_iter().find(|&n| n > highest)?;
        self.plan(
            users,
            Purpose::Overload,
            format!("Steps from {from} to {to} users show what comes after M*."),
        )
    }

    fn rate_at(&self, users: u32) -> Option<f64> {
        let same = |r: &&Run| r.outcome.users == users && r.rejected.is_none();
        self.history
            .runs
            .iter()
            .find(same)?
            .outcome
            .throughput_per_s
            .map(|e| e.value)
    }
}

impl Strategy for AutoPerf {
    fn next(&mut self, last: Option<&LevelOutcome>) -> Next {
        self.history.take(last);
        if let Some(plan) = self.history.second_try() {
            return Next::Run(self.history.ask(plan));
        }
        let overloaded = last.is_some_and(|o| guards::overloaded(o, &self.history.options));
        let stopped = overloaded || self.history.generator_limited();
        let spent = self.history.left_s() <= 0.0 || self.history.runs.len() >= 40;
        let plan = if stopped || spent { None } else { self.following() };
        match plan {
            Some(plan) => Next::Run(self.history.ask(plan)),
            None => Next::Done(self.finding()),
        }
    }

    fn finding(&self) -> Finding {
        measured::finding(&self.history)
    }
}
