//! What people do by hand or with other tools: doubling then bisection, and a multiplicative controller of latency.

use autoperf_models::level::Precision;
use autoperf_models::search::LevelOutcome;

/// The next number of users; `None` at the end.
pub(crate) trait Rival {
    fn next(&mut self, last: Option<&LevelOutcome>) -> Option<u32>;
}

/// A level as both ask for it.
pub(crate) fn precision() -> Precision {
    Precision {
        max_level_s: 80.0,
        throughput: 0.03,
        response_time: 0.1,
        ..Precision::default()
    }
}

/// Doubles until throughput grows by less than a tenth, then halves the interval of the knee to 5 %.
#[derive(Default)]
pub(crate) struct Doubling {
    seen: Vec<(u32, f64)>,
    interval: Option<(u32, u32)>,
}

impl Rival for Doubling {
    fn next(&mut self, last: Option<&LevelOutcome>) -> Option<u32> {
        let Some(outcome) = last else { return Some(1) };
        let rate = outcome.throughput_per_s.map_or(0.0, |e| e.value);
        self.seen.push((outcome.users, rate));
        if self.seen.len() > 30 {
            return None;
        }
        if let Some((low, high)) = self.interval {
            let plateau = self.seen.iter().map(|s| s.1).fold(0.0, f64::max);
            // The knee is where throughput comes within 5 % of the plateau.
            let interval = if rate > 0.95 * plateau {
                (low, outcome.users)
            } else {
                (outcome.users, high)
            };
            return self.halve(interval);
        }
        let before = self.seen.len().checked_sub(2).map(|i| self.seen[i]);
        match before {
            Some((users, slower)) if rate < 1.1 * slower => self.halve((users / 2, outcome.users)),
            _ => Some(outcome.users * 2),
        }
    }
}

impl Doubling {
    fn halve(&mut self, (low, high): (u32, u32)) -> Option<u32> {
        self.interval = Some((low, high));
        let middle = low + (high - low) / 2;
        (f64::from(high - low) > 0.05 * f64::from(high) && middle != low).then_some(middle)
    }
}

/// users *= 1 + K (1 - R / target), K = 0.9, target thrice the response time of the first level; ends after three steps below 3 %.
#[derive(Default)]
pub(crate) struct Controller {
    target_s: Option<f64>,
    small: u32,
    levels: u32,
}

impl Rival for Controller {
    fn next(&mut self, last: Option<&LevelOutcome>) -> Option<u32> {
        let Some(outcome) = last else { return Some(1) };
        let response_s = outcome.response_time_s.map_or(1.0, |e| e.value);
        let target_s = *self.target_s.get_or_insert(3.0 * response_s);
        self.levels += 1;
        let factor = (1.0 + 0.9 * (1.0 - response_s / target_s)).clamp(0.2, 1.9);
        let users = (f64::from(outcome.users) * factor).round().max(1.0) as u32;
        self.small = if (factor - 1.0).abs() < 0.03 || users == outcome.users {
            self.small + 1
        } else {
            0
        };
        (self.small < 3 && self.levels < 30).then_some(users)
    }
}
