//! Lines for whoever runs the agent, on standard error; a flood of one kind is counted, not printed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock;

/// Time between two lines of one kind.
const QUIET_NS: u64 = 1_000_000_000;
/// Lines of one kind that may come at once.
const BURST: u32 = 10;

/// The log.
#[derive(Debug, Default)]
pub struct Log {
    kinds: Mutex<HashMap<&'static str, Budget>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Budget {
    since_ns: u64,
    printed: u32,
    held: u64,
}

impl Log {
    /// Prints a line unless many of its kind were printed in the last second; the next one then says how many were not.
    pub fn line(&self, kind: &'static str, text: &str) {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = kinds.entry(kind).or_default();
        if let Some(held) = budget.take(clock::monotonic_ns()) {
            let more = if held > 0 {
                format!(" (and {held} more of this kind)")
            } else {
                String::new()
            };
            eprintln!("autoperf-profiler: {text}{more}");
        }
    }
}

impl Budget {
    /// Whether to print now, and then how many were held back before.
    fn take(&mut self, now_ns: u64) -> Option<u64> {
        if now_ns.saturating_sub(self.since_ns) >= QUIET_NS {
            self.since_ns = now_ns;
            self.printed = 0;
        }
        if self.printed >= BURST {
            self.held += 1;
            return None;
        }
        self.printed += 1;
        Some(std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted() {
        let mut budget = Budget::default();
        let printed = (0..100).filter(|_| budget.take(5_000_000_000).is_some()).count();
        assert_eq!(printed, 10);
        assert_eq!(budget.take(6_000_000_000), Some(90));
        assert_eq!(budget.take(6_000_000_001), Some(0));
    }
}
