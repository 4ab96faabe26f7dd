//! The audits: what speaks for and against trusting the answer, each with its figure and its threshold.

use crate::journal::log::{LevelLog, RunLog};
use crate::load::saturation;
use crate::summary::analysis::LITTLE_GAP_LIMIT;
use crate::summary::{Audit, Generator, Level};
use autoperf_models::grammar::counted;
use walks::walks;

mod walks;

mod record;
mod resources;

/// Stolen CPU beyond this share is worth a warning.
const STEAL_LIMIT: f64 = 0.02;
/// Failed transactions beyond this share are worth a warning.
const FAILED_LIMIT: f64 = 0.01;

/// Changes of users later than this, s, are worth a warning.
const LATE_CHANGE_S: f64 = 0.1;

/// An audit, unless the mode of the run has nothing to audit there.
type Check = fn(&RunLog, &[Level]) -> Option<Audit>;

/// Every audit, in the order of the report.
const CHECKS: &[Check] = &[
    generator,
    tail,
    little,
    steady,
    precise,
    schedule,
    arrivals,
    walks,
    failures,
    resources::resources,
    record::record,
    profilers,
    steal,
];

/// All audits of a run.
pub(super) fn audits(log: &RunLog, levels: &[Level]) -> Vec<Audit> {
    CHECKS.iter().filter_map(|check| check(log, levels)).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "every check may answer with it directly")]
fn audit(name: &str, status: &str, detail: String, advice: &str) -> Option<Audit> {
    let advice = (status != "pass").then(|| advice.to_owned());
    Some(Audit {
        name: name.to_owned(),
        status: status.to_owned(),
        detail,
        advice,
    })
}

fn generator(_: &RunLog, levels: &[Level]) -> Option<Audit> {
    let name = "The generator was not the limit";
    let advice = "run the generator on a machine of its own, or on more cores";
    let limited: Vec<String> = levels
        .iter()
        .filter_map(|level| {
            let why = level.generator.saturated_because.as_ref()?;
            Some(format!("{}: {why}", label(level)))
        })
        .collect();
    if limited.is_empty() {
        return audit(name, "pass", health(levels), advice);
    }
    audit(name, "fail", limited.join("; "), advice)
}

fn tail(_: &RunLog, levels: &[Level]) -> Option<Audit> {
    let name = "High percentiles are the site's";
    let advice =
        "let nothing else run on the generator's cores: a busy neighbour prolongs the slowest response times";
    let doubted: Vec<String> = levels
        .iter()
        .filter_map(|level| {
            let why = level.generator.doubtful_tail.as_ref()?;
            Some(format!("{}: {why}", label(level)))
        })
        .collect();
    if doubted.is_empty() {
        let detail = format!(
            "at no level were 1 % of the transactions later than {:.0} ms and than {:.0} % of the response time that 1 % exceed",
            saturation::TAIL_FLOOR_S * 1e3,
            saturation::TAIL_SHARE * 100.0,
        );
        return audit(name, "pass", detail, advice);
    }
    audit(name, "warn", doubted.join("; "), advice)
}

/// The worst figures of a generator that was not the limit, with their thresholds.
fn health(levels: &[Level]) -> String {
    let worst = |of: fn(&Generator) -> Option<f64>| {
        levels
            .iter()
            .filter_map(|level| of(&level.generator))
            .fold(0.0, f64::max)
    };
    format!(
        "busiest thread at most {} of a core (limit {:.0} %); 1 % of the transactions began up to {:.1} ms late (limit \
         {:.0} ms, or {:.0} % of response and think time); the threads waited up to {:.2} ms for a processor (limit {:.1} ms, \
         or {:.0} % of the response time)",
        percent(worst(|generator| generator.cpu_utilization)),
        saturation::CPU_LIMIT * 100.0,
        worst(|generator| generator.lateness_p99_s) * 1e3,
        saturation::LATENESS_FLOOR_S * 1e3,
        saturation::LATENESS_SHARE * 100.0,
        worst(|generator| generator.processor_wait_s) * 1e3,
        saturation::WAIT_FLOOR_S * 1e3,
        saturation::WAIT_SHARE * 100.0,
    )
}

fn little(log: &RunLog, levels: &[Level]) -> Option<Audit> {
    // Arrivals do not wait for users, so their number is not given.
    if log.begin.open.is_some() {
        return None;
    }
    let name = "Little's law holds";
    let advice = "look for lost requests or late timers in the level's own figures";
    let gaps = levels
        .iter()
        .filter(|level| level.transactions >= 100)
        .filter_map(|level| level.little_gap);
    let Some(worst) = gaps.max_by(f64::total_cmp) else {
        let detail = "no level has the 100 served transactions that it takes to tell".to_owned();
        return audit(name, "warn", detail, advice);
    };
    let status = if worst > 2.0 * LITTLE_GAP_LIMIT {
        "fail"
    } else if worst > LITTLE_GAP_LIMIT {
        "warn"
    } else {
        "pass"
    };
    let detail = format!(
        "largest gap |N - X(R+Z)|/N is {} (limit {:.0} %)",
        percent(worst),
        LITTLE_GAP_LIMIT * 100.0
    );
    audit(name, status, detail, advice)
}

fn steady(log: &RunLog, levels: &[Level]) -> Option<Audit> {
    let unsteady: Vec<String> = levels
        .iter()
        .filter(|level| !level.steady)
        .map(|level| format!("{}: {}", label(level), level.steadiness))
        .collect();
    let name = "Every level became steady";
    let advice = if !log.begin.schedule.is_empty() {
        "look at the level's timeline; a longer row in the schedule would give it time to settle"
    } else if log.begin.profile.is_some() {
        "look at the level's timeline; more executions would give it time to settle"
    } else {
        "look at the level's timeline; give it more time (--max-level-time) or look for what changes on the servers"
    };
    match unsteady.len() {
        0 => audit(
            name,
            "pass",
            format!("{} of {}", levels.len(), counted(levels.len() as u64, "level")),
            advice,
        ),
        count if count * 2 > levels.len() => audit(name, "fail", unsteady.join("; "), advice),
        _ => audit(name, "warn", unsteady.join("; "), advice),
    }
}

fn precise(log: &RunLog, levels: &[Level]) -> Option<Audit> {
    let profile = log.begin.profile.as_ref();
    let by_count = profile.is_some_and(|profile| profile.executions_per_user.is_some());
    let timed = log
        .begin
        .open
        .as_ref()
        .is_some_and(|open| open.duration_s.is_some());
    if !log.begin.schedule.is_empty() || by_count || timed {
        return None;
    }
    let (name, advice) = match profile {
        None => (
            "Every level was measured as precisely as asked",
            "raise --max-level-time, or accept the wider intervals that are stated",
        ),
        Some(_) => (
            "Every transaction was profiled as precisely as asked",
            "raise --max-duration or upper_bound_on_transaction_execution_count, or accept the wider intervals that are stated",
        ),
    };
    let late: Vec<String> = levels
        .iter()
        .filter(|level| matches!(level.ended_by.as_str(), "time_limit" | "upper_bound"))
        .map(label)
        .collect();
    if late.is_empty() {
        let detail = format!("{} of {}", levels.len(), counted(levels.len() as u64, "level"));
        return audit(name, "pass", detail, advice);
    }
    audit(
        name,
        "warn",
        format!("the limit came first at {}", late.join(", ")),
        advice,
    )
}

/// How a level is called: by what is run at it.
fn label(level: &Level) -> String {
    if let Some(open) = &level.open {
        return format!("{} transactions/s", open.rate_per_s);
    }
    match &level.transaction {
        Some(name) => format!("{name} with {}", counted(level.users, "user")),
        None => counted(level.users, "user"),
    }
}

fn schedule(log: &RunLog, _: &[Level]) -> Option<Audit> {
    if log.begin.schedule.is_empty() {
        return None;
    }
    let late = |level: &LevelLog| Some(level.end.as_ref()?.changed_at_s? - level.begin.at_s);
    let latest_s = log.levels.iter().filter_map(late).fold(0.0, f64::max);
    let status = if latest_s > LATE_CHANGE_S { "warn" } else { "pass" };
    audit(
        "Levels changed when the schedule says",
        status,
        format!(
            "the latest change came {:.1} ms after its instant (limit {:.0} ms)",
            latest_s * 1e3,
            LATE_CHANGE_S * 1e3
        ),
        "the generator's machine is overloaded; run it on a machine of its own",
    )
}

fn arrivals(_: &RunLog, levels: &[Level]) -> Option<Audit> {
    let open = levels.iter().find_map(|level| level.open.as_ref())?;
    let status = if open.unstarted > 0 { "fail" } else { "pass" };
    let differ = if open.views_differ {
        "differ: transactions began late"
    } else {
        "agree"
    };
    audit(
        "Every arrival was begun",
        status,
        format!(
            "{} were not, with at most {} of {} users busy; response times from intended and actual starts {differ}",
            open.unstarted, open.users_most, open.users_limit
        ),
        "the site does not keep up; where it may have more users at once, raise --max-users",
    )
}

fn failures(_: &RunLog, levels: &[Level]) -> Option<Audit> {
    let failed: u64 = levels.iter().map(|level| level.errors + level.timeouts).sum();
    let finished: u64 = levels.iter().map(|level| level.transactions).sum();
    let share = if finished == 0 {
        0.0
    } else {
        failed as f64 / finished as f64
    };
    let kinds = kinds(levels);
    let status = if share > FAILED_LIMIT { "warn" } else { "pass" };
    let detail = if failed == 0 {
        format!(
            "none of {} failed (limit {:.0} %)",
            counted(finished, "transaction"),
            FAILED_LIMIT * 100.0
        )
    } else {
        format!(
            "{failed} of {finished} transactions failed ({}, limit {:.0} %): {kinds}",
            percent(share),
            FAILED_LIMIT * 100.0
        )
    };
    audit(
        "Transactions were served",
        status,
        detail,
        "look at the failures by kind and transaction",
    )
}

fn kinds(levels: &[Level]) -> String {
    let mut kinds = std::collections::BTreeMap::<String, u64>::new();
    for row in levels.iter().flat_map(|level| &level.by_transaction) {
        for (kind, count) in &row.errors_by_kind {
            *kinds.entry(format!("{} {kind}", row.name)).or_default() += count;
        }
    }
    kinds
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn percent(share: f64) -> String {
    if share == 0.0 {
        "0 %".to_owned()
    } else if share > 0.0 && share < 0.001 {
        "<0.1 %".to_owned()
    } else {
        format!("{:.1} %", share * 100.0)
    }
}

fn profilers(log: &RunLog, levels: &[Level]) -> Option<Audit> {
    let name = "The profilers saw everything";
    let advice = "look at the agent's log; without its readings the limit cannot be named";
    let notes: Vec<&str> = log
        .notes
        .iter()
        .filter(|note| note.about == "profiler")
        .map(|note| note.text.as_str())
        .collect();
    if !notes.is_empty() {
        return audit(name, "fail", notes.join("; "), advice);
    }
    if log.begin.nodes.is_empty() {
        return audit(
            name,
            "warn",
            "no profiler was asked".to_owned(),
            "add a NodeInfo for each server",
        );
    }
    let figures = || levels.iter().flat_map(|level| &level.processes);
    let incomplete = figures().filter(|process| !process.complete).count();
    let status = if incomplete > 0 { "warn" } else { "pass" };
    let detail = format!(
        "{incomplete} of {} figures of processes are incomplete (limit 0)",
        figures().count()
    );
    audit(name, status, detail, advice)
}

fn steal(_: &RunLog, levels: &[Level]) -> Option<Audit> {
    let worst = levels
        .iter()
        .flat_map(|level| &level.hosts)
        .filter_map(|host| host.cpu_steal)
        .fold(0.0, f64::max);
    let status = if worst > STEAL_LIMIT { "warn" } else { "pass" };
    let detail = format!(
        "at most {} of the servers' CPU was stolen by the hypervisor (limit {:.0} %)",
        percent(worst),
        STEAL_LIMIT * 100.0
    );
    audit(
        "The servers had their CPUs to themselves",
        status,
        detail,
        "repeat the run on a quieter host: throughput is lower than the site's own limit",
    )
}
