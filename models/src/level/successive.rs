//! AutoPerf's own test for the end of the warm-up (manual of 2013, section 4.2): two successive windows that agree.

use super::Bin;

/// When a server counts as warm by two successive windows of throughput values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowRule {
    /// Transactions behind each value.
    pub transactions: u64,
    /// Values in a window.
    pub values: u32,
    /// Relative difference of the means of two successive windows below which the server is warm.
    pub difference: f64,
}

/// Follows a level by a [`WindowRule`]; O(1) a bin.
#[derive(Debug, Clone)]
pub(super) struct Successive {
    rule: WindowRule,
    /// Transactions and time of the value that is being filled.
    value: (u64, f64),
    /// Values and their sum in the window that is being filled.
    window: (u32, f64),
    /// Mean of the window before.
    before: Option<f64>,
    /// Windows that are full.
    windows: u32,
    elapsed_s: f64,
    warm_s: Option<f64>,
}

impl Successive {
    pub(super) const fn new(rule: WindowRule) -> Self {
        Self {
            rule,
            value: (0, 0.0),
            window: (0, 0.0),
            before: None,
            windows: 0,
            elapsed_s: 0.0,
            warm_s: None,
        }
    }

    /// Since when the server is warm, s after the level's begin; infinite until it is. A level that is over before it has
    /// filled two windows says nothing by this rule.
    pub(super) fn warm_s(&self, over: bool) -> f64 {
        let untold = if over && self.windows < 2 {
            0.0
        } else {
            f64::INFINITY
        };
        self.warm_s.unwrap_or(untold)
    }

    pub(super) fn observe(&mut self, bin: &Bin) {
        let length_s = if bin.length_s.is_finite() {
            bin.length_s.max(0.0)
        } else {
            0.0
        };
        self.elapsed_s += length_s;
        self.value.0 += bin.completions;
        self.value.1 += length_s;
        let (count, time_s) = self.value;
        if self.warm_s.is_some() || count < self.rule.transactions.max(1) || time_s <= 0.0 {
            return;
        }
        self.value = (0, 0.0);
        self.window.0 += 1;
        self.window.1 += count as f64 / time_s;
        if self.window.0 < self.rule.values.max(1) {
            return;
        }
        let mean = self.window.1 / f64::from(self.window.0);
        self.window = (0, 0.0);
        self.windows += 1;
        let agrees = |before: f64| (mean - before).abs() <= self.rule.difference * before;
        if self.before.is_some_and(agrees) {
            self.warm_s = Some(self.elapsed_s);
        }
        self.before = Some(mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Since when a server is warm whose bins of 0.1 s serve `completions(number)` each.
    fn warm_s(rule: WindowRule, completions: impl Fn(u32) -> u64) -> f64 {
        let mut successive = Successive::new(rule);
        for number in 0..1_000 {
            successive.observe(&Bin {
                start_s: f64::from(number) * 0.1,
                length_s: 0.1,
                completions: completions(number),
                ..Bin::default()
            });
        }
        assert_eq!(successive.warm_s(true), successive.warm_s(successive.windows < 2));
        successive.warm_s(false)
    }

    const RULE: WindowRule = WindowRule {
        transactions: 50,
        values: 2,
        difference: 0.05,
    };

    #[test]
    fn an_even_server_is_warm_after_two_windows() {
        // Five bins a value, two values a window.
        assert!((warm_s(RULE, |_| 10) - 2.0).abs() < 1e-9);
        let wider = WindowRule { values: 4, ..RULE };
        assert!((warm_s(wider, |_| 10) - 4.0).abs() < 1e-9);
        let longer = WindowRule {
            transactions: 100,
            ..RULE
        };
        assert!((warm_s(longer, |_| 10) - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_server_that_gets_faster_is_warm_only_once_it_stops_to() {
        let rising = |number: u32| u64::from(number.min(300) / 2 + 5);
        let at_s = warm_s(RULE, rising);
        let lax = WindowRule {
            difference: 0.5,
            ..RULE
        };
        assert!(
            warm_s(lax, rising) < 0.5 * at_s,
            "a larger difference is met sooner"
        );
        assert!(at_s < 31.0);
    }

    #[test]
    fn a_level_too_short_for_two_windows_is_not_judged() {
        let mut successive = Successive::new(RULE);
        for _ in 0..15 {
            successive.observe(&Bin {
                length_s: 0.1,
                completions: 10,
                ..Bin::default()
            });
        }
        assert_eq!(
            (successive.warm_s(false), successive.warm_s(true)),
            (f64::INFINITY, 0.0)
        );
    }

    #[test]
    fn a_server_that_serves_nothing_is_never_warm() {
        assert_eq!(warm_s(RULE, |_| 0), f64::INFINITY);
        let exact = WindowRule {
            difference: 0.0,
            ..RULE
        };
        assert_eq!(warm_s(exact, |number| u64::from(number) + 5), f64::INFINITY);
    }
}
