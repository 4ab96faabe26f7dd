//! The verdict on a profile: what each transaction costs, and whether that is known as well as asked.

use super::{milliseconds, scheduled};
use crate::journal::entry::{Begin, ProfileOptions};
use crate::summary::{Level, Verdict};
use autoperf_models::Estimate;
use autoperf_models::grammar::counted;

/// So many transactions are told in the sentence; the rest is in the report.
const MOST_TOLD: usize = 3;

/// The verdict on a profile that came to its end, at one level or by a schedule.
pub(super) fn verdict(levels: &[Level], begin: &Begin, mut reasons: Vec<String>) -> Verdict {
    let (code, head) = match &begin.profile {
        Some(options) => (code(levels, options), by_precision(levels, options)),
        None => (
            scheduled::code(levels, "as_scheduled"),
            format!(
                "The schedule of {} was run with each of {}",
                scheduled::schedule(begin),
                counted(names(levels).len() as u64, "transaction")
            ),
        ),
    };
    if let Some(options) = &begin.profile {
        reasons.extend(imprecise(levels, options));
        reasons.extend(unreached(levels, begin, options));
    }
    reasons.extend(levels.iter().filter_map(given_up));
    reasons.extend(scheduled::generator(levels));
    Verdict {
        code: code.to_owned(),
        sentence: format!("{head}{}{}.", costs(levels), scheduled::failed(levels)),
        reasons,
    }
}

/// The demands do not depend on the generator: a level at which it was the limit counts, and is told.
fn code(levels: &[Level], options: &ProfileOptions) -> &'static str {
    let ended = |by: &[&str]| levels.iter().any(|level| by.contains(&level.ended_by.as_str()));
    if ended(&["failures", "timeouts"]) {
        "fails_at_once"
    } else if ended(&["upper_bound", "time_limit"]) || levels.len() < options.transactions.len() {
        "imprecise"
    } else {
        "profiled"
    }
}

fn by_precision(levels: &[Level], options: &ProfileOptions) -> String {
    let were = if levels.len() == 1 { "was" } else { "were" };
    format!(
        "{} {were} profiled with {}",
        counted(levels.len() as u64, "transaction"),
        counted(options.users, "user")
    )
}

fn names(levels: &[Level]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in levels.iter().filter_map(|level| level.transaction.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What each transaction costs, by its level with the most executions.
fn costs(levels: &[Level]) -> String {
    let names = names(levels);
    let told: Vec<String> = names
        .iter()
        .take(MOST_TOLD)
        .filter_map(|name| {
            let of_name = levels
                .iter()
                .filter(|level| level.transaction.as_deref() == Some(name));
            Some(format!(
                "{name} costs {}",
                cost(of_name.max_by_key(|level| level.transactions)?)?
            ))
        })
        .collect();
    let more = match names.len().saturating_sub(MOST_TOLD) {
        0 => String::new(),
        more => format!("; {more} more are in the report"),
    };
    if told.is_empty() {
        return more;
    }
    format!(": {}{more}", told.join("; "))
}

fn cost(level: &Level) -> Option<String> {
    let demand = |process: &crate::summary::Process| {
        let demand = process.service_demand_s?;
        Some(format!("{} of {}", milliseconds(demand.value), process.process))
    };
    let demands: Vec<String> = level.processes.iter().filter_map(demand).collect();
    if demands.is_empty() {
        return level
            .response_time_s
            .mean
            .map(|mean| format!("{} in all", milliseconds(mean.value)));
    }
    Some(demands.join(" and "))
}

/// Demands that are not known as well as asked.
fn imprecise(levels: &[Level], options: &ProfileOptions) -> Vec<String> {
    let mut reasons = Vec::new();
    for level in levels
        .iter()
        .filter(|level| options.executions_per_user.is_none() && level.ended_by != "precise")
    {
        for process in &level.processes {
            let width = process.service_demand_s.map_or(f64::INFINITY, |demand| {
                Estimate::from(demand).relative_half_width()
            });
            if width <= options.demand_precision {
                continue;
            }
            let known = if width.is_finite() {
                format!("is known only to {:.0} %", width * 100.0)
            } else {
                "cannot be told from zero".to_owned()
            };
            reasons.push(format!(
                "{}: the demand of {} {known} ({:.0} % asked) when {} came first.",
                level.transaction.as_deref().unwrap_or_default(),
                process.process,
                options.demand_precision * 100.0,
                if level.ended_by == "upper_bound" {
                    "the upper bound on executions"
                } else {
                    "the end of its time"
                },
            ));
        }
    }
    reasons
}

fn unreached(levels: &[Level], begin: &Begin, options: &ProfileOptions) -> Option<String> {
    let missing = options
        .transactions
        .get(levels.len()..)
        .filter(|rest| !rest.is_empty())?;
    let names: Vec<&str> = missing
        .iter()
        .filter_map(|&index| begin.transactions.get(index).map(String::as_str))
        .collect();
    Some(format!("The time was over before {}.", names.join(", ")))
}

fn given_up(level: &Level) -> Option<String> {
    let why = match level.ended_by.as_str() {
        "failures" => "no execution was served",
        "timeouts" => "too many executions timed out",
        _ => return None,
    };
    Some(format!(
        "{}: {why}.",
        level.transaction.as_deref().unwrap_or_default()
    ))
}
