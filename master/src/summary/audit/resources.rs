//! Whether the resources of pages could be had, where pages are fetched with them.

use super::audit;
use crate::journal::entry::ResourceSecond;
use crate::journal::log::RunLog;
use crate::summary::{Audit, Level};

/// Addresses named in the audit.
const NAMED: usize = 5;

/// An audit of all levels together; none where no page had resources.
pub(super) fn resources(log: &RunLog, _: &[Level]) -> Option<Audit> {
    let mut all = ResourceSecond::default();
    for part in log
        .levels
        .iter()
        .flat_map(|level| &level.seconds)
        .filter_map(|second| second.resources.as_deref())
    {
        all.merge(part);
    }
    let had = all.fetched + all.unchanged + all.cached;
    if had + all.failed == 0 {
        return None;
    }
    let counts = format!(
        "{} fetched, {} unchanged, {} from the sessions' caches, {} failed",
        all.fetched, all.unchanged, all.cached, all.failed
    );
    let mut worst: Vec<(&String, &u64)> = all.failures.iter().collect();
    worst.sort_by_key(|(url, count)| (std::cmp::Reverse(**count), (*url).clone()));
    let named: Vec<String> = worst
        .iter()
        .take(NAMED)
        .map(|(url, count)| format!("{url} {count} times"))
        .collect();
    let (status, detail) = if all.failed == 0 {
        ("pass", counts)
    } else {
        ("warn", format!("{counts}: {}", named.join(", ")))
    };
    audit(
        "The pages' resources could be had",
        status,
        detail,
        "open the page in a browser and look for what is missing; a failed resource does not fail its transaction",
    )
}
