//! The verdict on a schedule: what was run, whether it was served, and the best that was seen.

use super::{limit, users_of};
use crate::journal::entry::Begin;
use crate::summary::{Capacity, Level, Verdict};
use autoperf_models::grammar::counted;

/// Failures beyond this share are said in the sentence.
pub(super) const WORTH_SAYING: f64 = 0.01;

/// The verdict on a schedule that was run to its end.
pub(super) fn verdict(
    capacity: &Capacity,
    levels: &[Level],
    begin: &Begin,
    mut reasons: Vec<String>,
) -> Verdict {
    let code = code(levels, "as_scheduled");
    let mut sentence = format!("The schedule of {} was run{}", schedule(begin), best(levels));
    if let (Some(users), "as_scheduled") = (capacity.saturation_users, code) {
        reasons.insert(
            0,
            format!(
                "The schedule reached saturation: {}; {}.",
                users_of(&users),
                limit(capacity, levels)
            ),
        );
    }
    sentence.push_str(&failed(levels));
    sentence.push('.');
    reasons.extend(generator(levels));
    Verdict {
        code: code.to_owned(),
        sentence,
        reasons,
    }
}

/// `good`, unless the figures are not the site's own or nothing was served at all.
pub(super) fn code(levels: &[Level], good: &'static str) -> &'static str {
    let asked = levels.iter().any(|level| level.users > 0);
    let served = |level: &Level| level.transactions > level.errors + level.timeouts;
    if levels.iter().any(|level| level.generator.saturated) {
        "generator_limited"
    } else if asked && !levels.iter().any(served) {
        "fails_at_once"
    } else {
        good
    }
}

/// A schedule in words: how many levels, which users, how long.
pub(super) fn schedule(begin: &Begin) -> String {
    let rows = &begin.schedule;
    let users = || rows.iter().map(|row| row.0);
    let (fewest, most) = (users().min().unwrap_or(0), users().max().unwrap_or(0));
    let duration_s: f64 = rows.iter().map(|row| row.1).sum();
    let range = if fewest == most {
        counted(most, "user")
    } else {
        format!("{fewest} to {most} users")
    };
    let levels = counted(rows.len() as u64, "level");
    format!("{levels} ({range}, {duration_s} s)")
}

fn best(levels: &[Level]) -> String {
    let rates = levels
        .iter()
        .filter_map(|level| level.throughput_per_s.map(|rate| (rate, level.users)));
    rates
        .max_by(|left, right| left.0.value.total_cmp(&right.0.value))
        .map_or_else(
            || "; no transaction was served".to_owned(),
            |(rate, users)| {
                format!(
                    "; the highest throughput seen is {} with {}",
                    super::per_second(&rate),
                    counted(users, "user")
                )
            },
        )
}

/// What failed, where it is worth saying.
pub(super) fn failed(levels: &[Level]) -> String {
    let failed: u64 = levels.iter().map(|level| level.errors + level.timeouts).sum();
    let finished: u64 = levels.iter().map(|level| level.transactions).sum();
    let share = failed as f64 / finished.max(1) as f64;
    if share > WORTH_SAYING {
        format!("; {:.1} % of the transactions failed", share * 100.0)
    } else {
        String::new()
    }
}

/// Where the generator was the limit.
pub(super) fn generator(levels: &[Level]) -> Vec<String> {
    let saturated = |level: &Level| {
        let why = level.generator.saturated_because.as_ref()?;
        Some(format!(
            "At {} the generator was the limit: {why}.",
            counted(level.users, "user")
        ))
    };
    levels.iter().filter_map(saturated).collect()
}
