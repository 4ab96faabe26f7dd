//! What the modes differ in before any load: scripts, think time, the first look at the site, and whose mind decides.

use super::{Request, RunError};
use crate::campaign::state::open::Open;
use crate::campaign::state::profiling::Profiling;
use crate::campaign::state::schedule::{Pass, Scheduled};
use crate::campaign::state::search::Search;
use crate::campaign::state::{Start, State};
use crate::journal::entry::{Graph, ProfileOptions};
use crate::load::{Attempt, EngineConfig, ProfileStep, Records, Script, SingleUser};
use crate::parameters;
use crate::summary::build::strategy;
use autoperf_inputs::workload::{Profile, ProfileUse};
use autoperf_inputs::{Mode, Workload};

/// What the users carry out: the mix, or one transaction after the other.
pub(super) fn scripts(workload: &Workload, mode: Mode) -> Vec<Script> {
    let Some(profile) = workload.profile.as_ref().filter(|_| mode.needs_profile()) else {
        return vec![Script::Navigation];
    };
    // At the levels of a schedule users come and go: each goes on as long as it is there.
    let count = profile.execution_count.filter(|_| !mode.needs_levels());
    let script = |item: &ProfileUse| Script::Sequence(vec![step(profile, item, count)]);
    profile.uses.iter().map(script).collect()
}

fn step(profile: &Profile, item: &ProfileUse, count: Option<u64>) -> ProfileStep {
    ProfileStep {
        requires: item.requires.clone(),
        transaction: item.transaction,
        count,
        think_time_s: profile.think_time_s,
    }
}

/// The rows of the schedule, where one is followed.
pub(super) fn schedule(workload: &Workload, mode: Mode) -> Vec<(u32, f64)> {
    let rows = workload.manual_levels.iter().filter(|_| mode.needs_levels());
    rows.map(|level| (level.users, level.duration_s)).collect()
}

/// The graph that the users walk, where they walk one.
pub(super) fn navigation(workload: &Workload, mode: Mode) -> Option<Graph> {
    let graph = workload.navigation.as_ref().filter(|_| !mode.needs_profile())?;
    Some(Graph {
        states: graph.states.clone(),
        entry: graph.entry.clone(),
        rows: graph.rows.clone(),
    })
}

/// How transactions are profiled, where they are and no schedule says how long.
pub(super) fn profile(request: &Request) -> Option<ProfileOptions> {
    let limit_s = request.search.max_duration_s.unwrap_or(f64::MAX);
    parameters::profile_options(&request.workload, limit_s).filter(|_| request.mode == Mode::Profile)
}

/// How the engine is to work.
pub(super) fn engine(request: &Request) -> EngineConfig {
    let standard = request.engine.max_open_users;
    let most = request.open.as_ref().map(|open| open.max_users as usize);
    let records = match request.record.sinks.is_empty() {
        true => Records::None,
        false => Records::Mirrored,
    };
    EngineConfig {
        seed: request.seed,
        records,
        max_kept_records: request.record.most_waiting,
        max_open_users: most.unwrap_or(standard),
        ..request.engine.clone()
    }
}

/// Most users that the run may have, where that is known before it.
pub(super) fn most_users(request: &Request) -> Option<u32> {
    if let Some(open) = &request.open {
        return Some(open.max_users);
    }
    let workload = &request.workload;
    if request.mode.needs_levels() {
        return workload.manual_levels.iter().map(|level| level.users).max();
    }
    match workload.profile.as_ref().filter(|_| request.mode.needs_profile()) {
        Some(profile) => Some(profile.users),
        None => request.search.max_users,
    }
}

/// Who decides.
pub(super) fn state(request: &Request, start: Start) -> Box<dyn State> {
    let Request { workload, mode, .. } = request;
    if let Some(options) = start.begin.open.clone() {
        return Box::new(Open::new(start, options));
    }
    if mode.needs_levels() {
        let profile = workload.profile.as_ref().filter(|_| mode.needs_profile());
        let passes = profile.map_or_else(
            || {
                vec![Pass {
                    script: 0,
                    transaction: None,
                }]
            },
            |profile| {
                let pass = |(script, item): (usize, &ProfileUse)| Pass {
                    script,
                    transaction: Some(item.transaction),
                };
                profile.uses.iter().enumerate().map(pass).collect()
            },
        );
        return Box::new(Scheduled::new(start, passes, workload.warm_up));
    }
    if let Some(options) = start.begin.profile.clone() {
        let precision = &start.begin.search.precision;
        let judged_after = parameters::judge_timeouts_after(&workload.parameters, &options);
        let timeouts = (precision.max_timeout_share, judged_after);
        return Box::new(Profiling::new(start, timeouts, workload.warm_up));
    }
    let strategy = strategy(&start.begin.search, start.begin.think_time_s);
    Box::new(Search::new(start, strategy))
}

/// Mean think time per transaction of what the mode carries out, s.
#[must_use]
pub fn think_time_s(workload: &Workload, mode: Mode) -> f64 {
    if let Some(profile) = workload.profile.as_ref().filter(|_| mode.needs_profile()) {
        return profile.think_time_s;
    }
    let description = workload.describe();
    let mean_of_all = || {
        let count = description.transactions.len().max(1) as f64;
        description
            .transactions
            .iter()
            .map(|t| t.think_time_s)
            .sum::<f64>()
            / count
    };
    description
        .session
        .map_or_else(mean_of_all, |session| session.think_time_s)
}

/// A look at the site by one user before any load: a site that is down or broken is a message, not a capacity. Of the mix,
/// it is the very first request; of a profile, each transaction once, after what it requires.
pub(super) fn check_site(workload: &Workload, mode: Mode, config: &EngineConfig) -> Result<(), RunError> {
    let Some(profile) = workload.profile.as_ref().filter(|_| mode.needs_profile()) else {
        let first = SingleUser::with_script(workload, Script::Navigation, config)?.step();
        return first.map_or(Ok(()), |attempt| judge(&attempt, false));
    };
    for item in &profile.uses {
        let script = Script::Sequence(vec![step(profile, item, Some(1))]);
        let mut user = SingleUser::with_script(workload, script, config)?;
        for required in (0..=item.requires.len()).rev() {
            if let Some(attempt) = user.step() {
                judge(&attempt, required > 0)?;
            }
        }
    }
    Ok(())
}

/// What is required must be served, since nothing after it would mean what it should; other transactions need an answer
/// below 500, since they may well fail on purpose.
fn judge(attempt: &Attempt, is_required: bool) -> Result<(), RunError> {
    let found = match (&attempt.error, attempt.status) {
        (Some(error), _) => error.clone(),
        (None, status) if status >= 500 => format!("answered {status}"),
        (None, status) if is_required && !attempt.record.outcome.is_ok() => {
            format!("answered {status}, which its checks refuse")
        }
        (None, _) => return Ok(()),
    };
    let expected = match is_required {
        true => "an answer that passes its checks, since another transaction requires this one",
        false => "an answer below 500 to the first request",
    };
    Err(RunError::Site {
        url: attempt.url.clone(),
        found,
        expected,
        transaction: attempt.transaction.clone(),
    })
}
