//! The verdict: one sentence in plain words with its figures.

use crate::journal::entry::Begin;
use crate::summary::{Bottleneck, Capacity, Interval, Level, Verdict};
use autoperf_inputs::workload::{QUICK_GOES_ON, QUICK_THINK_TIME_S};
use autoperf_models::grammar::{counted, measured, verb_ending};
use autoperf_models::search::{Finding, VerdictCode};

mod open;
mod profiled;
mod scheduled;

/// Name of a verdict in `summary.json`.
#[must_use]
pub const fn code_name(code: VerdictCode) -> &'static str {
    match code {
        VerdictCode::Found => "found",
        VerdictCode::AtLeast => "at_least",
        VerdictCode::NoSaturation => "no_saturation",
        VerdictCode::FailsAtOnce => "fails_at_once",
        VerdictCode::GeneratorLimited => "generator_limited",
        VerdictCode::Retrograde => "retrograde",
        VerdictCode::Bistable => "bistable",
        VerdictCode::Drifted => "drifted",
        VerdictCode::Inconclusive => "inconclusive",
    }
}

/// The verdict on a run that ended as `how` says (`None` where the journal breaks off).
#[must_use]
pub fn verdict(
    finding: &Finding,
    capacity: &Capacity,
    levels: &[Level],
    begin: &Begin,
    how: Option<&str>,
) -> Verdict {
    let mut reasons = finding.reasons.clone();
    let profiled = matches!(begin.mode.as_str(), "profile" | "manual-profile");
    // A schedule and an open run come to their end even without their profilers.
    let to_its_end = !begin.schedule.is_empty() || begin.open.is_some();
    let lost_at_the_end = how == Some("profiler_lost") && to_its_end;
    if let Some((code, sentence)) = broken_off(how, levels, begin).filter(|_| !lost_at_the_end) {
        return Verdict {
            code: code.to_owned(),
            sentence,
            reasons,
        };
    }
    reasons.extend(without_profiler(begin));
    reasons.extend(begin.inputs.get(URL).map(|url| {
        format!(
            "Only {url} was asked for, and {}; a workload file would state the site's own mix.",
            assumed()
        )
    }));
    if let Some(options) = &begin.open {
        return open::verdict(options, levels, reasons);
    }
    if profiled {
        return profiled::verdict(levels, begin, reasons);
    }
    if !begin.schedule.is_empty() {
        return scheduled::verdict(capacity, levels, begin, reasons);
    }
    let (code, sentence) = match objective_failed(finding, capacity, begin, levels) {
        Some(failed) => (
            "objective_failed",
            format!("{failed}; {}", sentence(finding, capacity, levels, None)),
        ),
        None => (
            code_name(finding.verdict),
            sentence(finding, capacity, levels, begin.search.objective),
        ),
    };
    Verdict {
        code: code.to_owned(),
        sentence,
        reasons,
    }
}

/// Code and sentence of a run that did not come to its end.
fn broken_off(how: Option<&str>, levels: &[Level], begin: &Begin) -> Option<(&'static str, String)> {
    let (code, broken_off) = match how {
        Some("finished") => return None,
        Some("interrupted") => ("interrupted", "interrupted"),
        Some("profiler_lost") => ("inconclusive", "ended early because a profiler was lost"),
        _ => ("inconclusive", "broken off before its end"),
    };
    let unknown = match begin.mode.as_str() {
        "open" | "profile" | "manual-profile" => "",
        _ => "; the capacity is not known",
    };
    let sentence = match levels.iter().map(|level| level.users).max() {
        Some(users) => format!(
            "The run was {broken_off} after {}, the largest with {}{unknown}{}.",
            counted(levels.len() as u64, "level"),
            counted(users, "user"),
            best_throughput(levels)
        ),
        None => format!(
            "The run was {} before a level was finished; nothing is known yet.",
            broken_off.trim_end_matches(" before its end")
        ),
    };
    Some((code, sentence))
}

/// Role of an address in [`Begin::inputs`], where a run had no file.
pub const URL: &str = "url";

/// What is assumed about the users of a page whose address is all that is known.
#[must_use]
pub fn assumed() -> String {
    format!(
        "users think for {QUICK_THINK_TIME_S} s on average (exponential) before each request, and stay for {:.0} requests on average",
        1.0 / (1.0 - QUICK_GOES_ON)
    )
}

fn without_profiler(begin: &Begin) -> Option<String> {
    let unknown = match begin.mode.as_str() {
        "profile" | "manual-profile" => "only times are known, not what they are spent on",
        _ => "the limit has no name",
    };
    begin.nodes.is_empty().then(|| {
        format!("No profiler was asked, so {unknown}; a NodeInfo with a profiler on each server would tell, with the CPU time of each process for a transaction.")
    })
}

fn best_throughput(levels: &[Level]) -> String {
    let rates = levels
        .iter()
        .filter_map(|level| level.throughput_per_s.map(|rate| (rate.value, level.users)));
    rates
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map_or_else(String::new, |(rate, users)| {
            format!(
                ", the highest throughput seen is {rate:.1}/s with {}",
                counted(users, "user")
            )
        })
}

/// That no number of users holds the objective, where one was asked for and already the fewest break it.
fn objective_failed(
    finding: &Finding,
    capacity: &Capacity,
    begin: &Begin,
    levels: &[Level],
) -> Option<String> {
    let (Some(objective), VerdictCode::Found | VerdictCode::Retrograde, None) =
        (begin.search.objective, finding.verdict, capacity.objective_users)
    else {
        return None;
    };
    let (quantile, limit_s) = objective;
    let sound = levels.iter().filter(|level| !level.generator.saturated);
    let fewest = sound.min_by_key(|level| level.users)?;
    let times = &fewest.response_time_s;
    // A quantile below the asked one that breaks the limit already proves it.
    let known = [
        (0.5, times.p50),
        (0.9, times.p90),
        (0.95, times.p95),
        (0.99, times.p99),
    ];
    let (share, seen_s) = known
        .into_iter()
        .filter(|(share, _)| *share <= quantile.max(0.5))
        .filter_map(|(share, seen_s)| Some((share, seen_s?)))
        .next_back()?;
    (seen_s > limit_s).then(|| {
        format!(
            "No number of users holds {}: with {} the p{:.0} is {}",
            objective_of(objective),
            counted(fewest.users, "user"),
            share * 100.0,
            milliseconds(seen_s)
        )
    })
}

fn sentence(
    finding: &Finding,
    capacity: &Capacity,
    levels: &[Level],
    objective: Option<(f64, f64)>,
) -> String {
    let most = levels.iter().map(|level| level.users).max().unwrap_or(0);
    let rate = capacity
        .max_throughput_per_s
        .map_or_else(|| "an unknown throughput".to_owned(), |rate| per_second(&rate));
    let limit = limit(capacity, levels);
    match finding.verdict {
        VerdictCode::Found => found(capacity, objective, &rate, &limit),
        VerdictCode::Retrograde => {
            format!("Throughput peaks at {rate} and falls with more users; {limit}.")
        }
        VerdictCode::AtLeast => {
            format!(
                "At least {}: a limit of the run came before the site's, which served {}.",
                counted(most, "user"),
                served_most(levels)
            )
        }
        VerdictCode::NoSaturation => {
            format!(
                "No saturation up to {}: throughput is set by think time, {}.",
                counted(most, "user"),
                served_most(levels)
            )
        }
        VerdictCode::FailsAtOnce => "The site fails already at the first load level.".to_owned(),
        VerdictCode::GeneratorLimited => generator_limited(levels),
        VerdictCode::Bistable => format!(
            "The site flips between two states; between them it served up to {}.",
            served_most(levels)
        ),
        VerdictCode::Drifted => {
            "The environment changed during the run, so its levels cannot be put together.".to_owned()
        }
        VerdictCode::Inconclusive => "The measurements allow no firm answer.".to_owned(),
    }
}

/// The site's limit is known: how many hold the objective, or how many saturate it.
fn found(capacity: &Capacity, objective: Option<(f64, f64)>, rate: &str, limit: &str) -> String {
    let ending = |users: &Interval| verb_ending(users.value.round() as u64);
    match (capacity.objective_users, objective, capacity.saturation_users) {
        (Some(users), Some(objective), _) => format!(
            "{} hold{} {}; {limit}.",
            users_of(&users),
            ending(&users),
            objective_of(objective)
        ),
        (None, Some(objective), Some(users)) => format!(
            "{} saturate{} the site at {rate}, but how many hold {} is not known; {limit}.",
            users_of(&users),
            ending(&users),
            objective_of(objective)
        ),
        (_, _, Some(users)) => format!(
            "{} saturate{} the site at {rate}; {limit}.",
            users_of(&users),
            ending(&users)
        ),
        _ => format!("The site serves at most {rate}; {limit}."),
    }
}

/// What the levels at which the generator kept up prove.
fn generator_limited(levels: &[Level]) -> String {
    let sound = levels.iter().filter(|level| !level.generator.saturated);
    let known = sound.filter_map(|level| Some((level.users, level.throughput_per_s?)));
    match known.max_by(|a, b| a.1.value.total_cmp(&b.1.value)) {
        Some((users, rate)) => format!(
            "The generator was the limit before the site, which carries at least {} with {}.",
            counted(users, "user"),
            per_second(&rate)
        ),
        None => "The generator was the limit at every level, so nothing is known of the site.".to_owned(),
    }
}

fn limit(capacity: &Capacity, levels: &[Level]) -> String {
    match &capacity.bottleneck {
        Some(Bottleneck {
            kind,
            node,
            process: Some(process),
            utilization,
            costliest,
        }) if kind == "process_cpu" => {
            let node = node.as_deref().unwrap_or("its host");
            let rows = levels.iter().flat_map(|level| &level.processes);
            let rows = rows.filter(|row| row.process == *process && row.node == node);
            let row = rows.max_by_key(|row| row.service_demand_s.map_or(0, |demand| demand.samples));
            let cores = row.map_or_else(String::new, |row| format!(" of {}", measured(row.cores, "core")));
            let busy =
                utilization.map_or_else(String::new, |share| format!(" ({:.0} %{cores})", share * 100.0));
            let demand = row
                .and_then(|row| row.service_demand_s)
                .map_or_else(String::new, |demand| {
                    format!(", {} per transaction", milliseconds(demand.value))
                });
            let most = costliest.as_ref().map_or_else(String::new, |most| {
                let Interval { value, low, high, .. } = most.demand_s;
                format!(
                    ", of which {} takes {} ({:.2}-{:.2})",
                    most.transaction,
                    milliseconds(value),
                    low * 1e3,
                    high * 1e3
                )
            });
            format!("the limit is {process}'s CPU on {node}{busy}{demand}{most}")
        }
        Some(Bottleneck {
            kind,
            node: Some(node),
            utilization,
            ..
        }) if kind == "host_cpu" => {
            let busy = utilization.map_or_else(String::new, |share| format!(" ({:.0} %)", share * 100.0));
            format!("the limit is the CPU of host {node}{busy}")
        }
        // Without any profiled process nothing can be said of them.
        Some(_) if levels.iter().any(|level| !level.processes.is_empty()) => {
            "the limit is none of the profiled CPUs (a pool, a lock or a service behind them)".to_owned()
        }
        _ => "the limit is not known".to_owned(),
    }
}

fn users_of(users: &Interval) -> String {
    let count = counted(users.value.round() as u64, "user");
    format!("{count} ({:.0}-{:.0})", users.low, users.high)
}

fn objective_of((quantile, limit_s): (f64, f64)) -> String {
    format!("p{} <= {limit_s} s", (quantile * 1000.0).round() / 10.0)
}

fn per_second(rate: &Interval) -> String {
    format!(
        "{:.1} transactions/s ({:.1}-{:.1})",
        rate.value, rate.low, rate.high
    )
}

fn served_most(levels: &[Level]) -> String {
    let most = levels
        .iter()
        .filter_map(|level| level.throughput_per_s)
        .max_by(|a, b| a.value.total_cmp(&b.value));
    most.map_or_else(|| "nothing".to_owned(), |rate| per_second(&rate))
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1e3)
}
