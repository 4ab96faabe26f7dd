//! The open side of a level: both views of response time, users, and what could not begin.

use super::SteadyPart;
use crate::journal::entry::Begin;
use crate::journal::histogram::Times;
use crate::journal::log::LevelLog;
use crate::summary::{OpenLoad, TransactionTimes};

/// Views that differ by less than this share are told as one ...
const SAME_SHARE: f64 = 0.01;
/// ... and so are those that differ by less than this, s.
const SAME_S: f64 = 0.000_1;

/// The open side, where the run is an open one.
pub(super) fn load(begin: &Begin, log: &LevelLog, steady: &SteadyPart<'_>) -> Option<OpenLoad> {
    let options = begin.open.as_ref()?;
    let parts = || {
        log.seconds
            .iter()
            .filter_map(|second| second.generator.as_deref())
    };
    Some(OpenLoad {
        rate_per_s: options.rate_per_s,
        arrivals: options.arrivals.clone(),
        users_most: parts().map(|part| part.users.1).max().unwrap_or(0),
        users_limit: options.max_users,
        unstarted: parts().map(|part| part.unstarted).sum(),
        response_from_start_s: from_start(steady),
        views_differ: differ(&steady.times, &steady.from_start),
    })
}

/// Users in a transaction on average over the steady part.
pub(super) fn mean_users(steady: &SteadyPart<'_>) -> u32 {
    let seconds = || steady.seconds.iter();
    let user_s: f64 = seconds()
        .filter_map(|second| second.generator.as_deref())
        .map(|part| part.user_s)
        .sum();
    let length_s: f64 = seconds().flat_map(|second| &second.bins).map(|bin| bin.1).sum();
    if length_s > 0.0 {
        (user_s / length_s).round() as u32
    } else {
        0
    }
}

/// The mean has no interval of its own: the level is measured by the other view.
fn from_start(steady: &SteadyPart<'_>) -> TransactionTimes {
    let served: u64 = steady.transactions.iter().map(|sum| sum.served).sum();
    let sum_s: f64 = steady.transactions.iter().map(|sum| sum.from_start_sum_s).sum();
    let times = &steady.from_start;
    TransactionTimes {
        mean: (served > 0).then(|| sum_s / served as f64),
        p50: times.quantile_s(0.5),
        p90: times.quantile_s(0.9),
        p95: times.quantile_s(0.95),
        p99: times.quantile_s(0.99),
        max: times.max_s(),
    }
}

fn differ(intended: &Times, started: &Times) -> bool {
    [0.5, 0.9, 0.95, 0.99, 1.0].into_iter().any(|quantile| {
        let both = intended.quantile_s(quantile).zip(started.quantile_s(quantile));
        both.is_some_and(|(from_intended_s, from_start_s)| {
            from_intended_s - from_start_s > SAME_S.max(SAME_SHARE * from_start_s)
        })
    })
}
