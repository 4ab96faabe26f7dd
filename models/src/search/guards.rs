//! Which levels may teach anything: a level that the generator spoilt enters no fit.

use super::options::{Options, ThinkTime};
use super::outcome::LevelOutcome;
use crate::grammar::counted;
use crate::level::Steadiness;

/// Why a level does not count; `None` where it does.
pub(crate) fn rejected(outcome: &LevelOutcome, options: &Options) -> Option<String> {
    let users = counted(outcome.users, "user");
    if outcome.generator_saturated {
        return Some(format!("the generator was the limit at {users}"));
    }
    let (Some(throughput), Some(response)) = (&outcome.throughput_per_s, &outcome.response_time_s) else {
        return Some(format!("no transaction was served at {users}"));
    };
    if throughput.value <= 0.0 || response.value <= 0.0 {
        return Some(format!("no transaction was served at {users}"));
    }
    let cycle_s = response.value + outcome.think_time_s;
    let allowed = little_tolerance(
        response.samples.min(throughput.samples),
        cycle_s / outcome.load_s.max(1e-3),
    );
    if outcome.little_gap > allowed {
        return Some(format!(
            "Little's law is off by {:.1} % at {users} ({:.1} % allowed): transactions were lost or begun late",
            100.0 * outcome.little_gap,
            100.0 * allowed
        ));
    }
    if draining(outcome, options) {
        return Some(format!(
            "the queue that the level before had left was still being served at {users}"
        ));
    }
    if outcome.timeout_share > options.max_timeout_share {
        return Some(format!(
            "{:.1} % of the transactions timed out at {users}",
            100.0 * outcome.timeout_share
        ));
    }
    if outcome.error_share > options.max_error_share {
        return Some(format!(
            "{:.1} % of the transactions failed at {users}",
            100.0 * outcome.error_share
        ));
    }
    None
}

/// What |N - X (R + Z)| / N may be: 3 %, the sampling noise of the think times drawn, and what the cut at the level's ends can
/// do (at most N/(X T), the share that one cycle has in the level).
fn little_tolerance(samples: u64, cycles: f64) -> f64 {
    0.03 + 4.0 / (samples.max(1) as f64).sqrt() + 0.5 * cycles
}

/// Smallest number of users whose throughput has fallen to less than half of what fewer users reached, or to less than three
/// quarters while it was still changing.
pub(crate) fn collapsed_at(levels: &[&LevelOutcome]) -> Option<u32> {
    let rate = |o: &LevelOutcome| o.throughput_per_s;
    let fallen = |level: &&&LevelOutcome| {
        let below = levels
            .iter()
            .filter(|o| o.users < level.users)
            .filter_map(|o| rate(o));
        let share = if unsteady(level).is_some() { 0.75 } else { 0.5 };
        rate(level).is_some_and(|x| below.into_iter().any(|best| x.high < share * best.low))
    };
    levels.iter().filter(fallen).map(|o| o.users).min()
}

/// Whether the level shows that the search must go no higher.
pub(crate) fn overloaded(outcome: &LevelOutcome, options: &Options) -> bool {
    outcome.timeout_share > options.max_timeout_share || outcome.error_share > options.max_error_share
}

/// A level that lasts so many mean think times would have seen a transaction end, unless the site does not answer.
const TELLING_THINK_TIMES: f64 = 10.0;

/// Whether nothing ended at the level, well or badly, and it may be for want of time alone.
pub(crate) fn too_short_to_tell(outcome: &LevelOutcome, options: &Options) -> bool {
    let served = outcome.throughput_per_s.is_some_and(|rate| rate.value > 0.0);
    let think_s = options
        .think_time
        .map_or(outcome.think_time_s, |think| think.mean_s);
    !served
        && outcome.error_share + outcome.timeout_share <= 0.0
        && outcome.load_s < TELLING_THINK_TIMES * think_s
}

/// Whether a level answers clearly slower than an earlier one of the same number of users.
pub(crate) fn slower(now: &LevelOutcome, before: &LevelOutcome) -> bool {
    match (now.response_time_s, before.response_time_s) {
        (Some(now), Some(before)) => now.low > 1.5 * before.high,
        _ => false,
    }
}

/// Whether the level still served what a larger one had left behind: more transactions than its users can have begun,
/// X (R + Z) > N, by three standard errors.
pub(crate) fn draining(outcome: &LevelOutcome, options: &Options) -> bool {
    let (Some(throughput), Some(response)) = (outcome.throughput_per_s, outcome.response_time_s) else {
        return false;
    };
    let think = options.think_time.unwrap_or(ThinkTime {
        mean_s: outcome.think_time_s,
        cv: 1.0,
    });
    let per_user_s = f64::from(outcome.users) / throughput.value.max(1e-12);
    let drawn_s = think.cv * think.mean_s / (response.samples.max(1) as f64).sqrt();
    let rate_s = per_user_s * throughput.relative_half_width() / 2.0;
    let doubt_s = drawn_s.hypot(rate_s).hypot(response.half_width() / 2.0);
    response.value + think.mean_s - per_user_s > (3.0 * doubt_s).max(0.1 * per_user_s)
}

/// Relative change between two levels of the same number of users, of the largest demand or of the response time: the
/// first that is significant and larger than a tenth.
pub(crate) fn change(now: &LevelOutcome, before: &LevelOutcome) -> Option<f64> {
    let response = now.response_time_s.zip(before.response_time_s);
    let largest = before
        .demands
        .iter()
        .max_by(|a, b| (a.demand_s.value / a.servers).total_cmp(&(b.demand_s.value / b.servers)));
    let demand = largest.and_then(|before| {
        let now = now.demands.iter().find(|d| d.resource == before.resource)?;
        Some((now.demand_s, before.demand_s))
    });
    [demand, response]
        .into_iter()
        .flatten()
        .find_map(|(now, before)| {
            let change = now.value / before.value - 1.0;
            let doubt = now.half_width().hypot(before.half_width()) / before.value;
            (change.abs() > (1.5 * doubt).max(0.10)).then_some(change)
        })
}

/// What the level's unsteadiness means in words; `None` where it was steady.
pub(crate) fn unsteady(outcome: &LevelOutcome) -> Option<String> {
    match &outcome.steadiness {
        Steadiness::Steady { .. } => None,
        Steadiness::NotSteady { reason } => Some(format!("never steady: {reason}")),
        Steadiness::Drifting { percent_per_minute } => Some(format!(
            "response time drifts by {percent_per_minute:.1} % per minute"
        )),
        Steadiness::TwoState => Some("the output flips between two regimes".into()),
    }
}
