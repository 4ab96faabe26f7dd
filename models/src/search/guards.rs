//! Which levels may teach anything: a level that the generator spoilt enters no fit.

use super::options::Options;
use super::outcome::LevelOutcome;
use crate::level::Steadiness;

/// Why a level does not count; `None` where it does.
pub(crate) fn rejected(outcome: &LevelOutcome, options: &Options) -> Option<String> {
    let users = outcome.users;
    if outcome.generator_saturated {
        return Some(format!("the generator was the limit at {users} users"));
    }
    let (Some(throughput), Some(response)) = (&outcome.throughput_per_s, &outcome.response_time_s) else {
        return Some(format!("no transaction was served at {users} users"));
    };
    if throughput.value <= 0.0 || response.value <= 0.0 {
        return Some(format!("no transaction was served at {users} users"));
    }
    let allowed = little_tolerance(response.samples.min(throughput.samples));
    if outcome.little_gap > allowed {
        return Some(format!(
            "Little's law is off by {:.1} % at {users} users ({:.1} % allowed): transactions were lost or begun late",
            100.0 * outcome.little_gap,
            100.0 * allowed
        ));
    }
    if outcome.timeout_share > options.max_timeout_share {
        return Some(format!(
            "{:.1} % of the transactions timed out at {users} users",
            100.0 * outcome.timeout_share
        ));
    }
    if outcome.error_share > options.max_error_share {
        return Some(format!(
            "{:.1} % of the transactions failed at {users} users",
            100.0 * outcome.error_share
        ));
    }
    None
}

/// What |N - X (R + Z)| / N may be: 3 % plus the sampling noise of the think times drawn.
fn little_tolerance(samples: u64) -> f64 {
    0.03 + 4.0 / (samples.max(1) as f64).sqrt()
}

/// Whether the level shows that the search must go no higher.
pub(crate) fn overloaded(outcome: &LevelOutcome, options: &Options) -> bool {
    outcome.timeout_share > options.max_timeout_share || outcome.error_share > options.max_error_share
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
