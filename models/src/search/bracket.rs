//! Bracketing of an objective on response time: levels are classified by their interval (as MLRsearch classifies loads,
//! draft-ietf-bmwg-mlrsearch), never by their point estimate.

use super::guards;
use super::options::{Objective, Options};
use super::outcome::LevelOutcome;
use crate::Estimate;
use crate::grammar::{counted, verb_ending};

/// What one level says about an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The whole interval lies within the limit.
    Holds,
    /// The whole interval lies beyond it.
    Breaks,
    /// The limit lies within the interval.
    Open,
}

/// What a level says about the objective; `None` where its quantile was not measured.
pub(crate) fn side(outcome: &LevelOutcome, objective: Objective, options: &Options) -> Option<Side> {
    if guards::overloaded(outcome, options) {
        return Some(Side::Breaks);
    }
    let quantile = outcome.quantile_s(objective.quantile)?;
    Some(if quantile.high <= objective.limit_s {
        Side::Holds
    } else if quantile.low > objective.limit_s {
        Side::Breaks
    } else {
        Side::Open
    })
}

/// What all levels say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bracket {
    /// Largest number of users that has been seen to hold the objective, below all that break it.
    pub(crate) holds: Option<u32>,
    /// Smallest number that has been seen to break it.
    pub(crate) breaks: Option<u32>,
    /// Largest number of users tried.
    pub(crate) highest: u32,
}

impl Bracket {
    /// Classifies the levels; `None` where none tells anything.
    pub(crate) fn of(levels: &[&LevelOutcome], objective: Objective, options: &Options) -> Option<Self> {
        let sides: Vec<(u32, Side)> = levels
            .iter()
            .filter_map(|o| Some((o.users, side(o, objective, options)?)))
            .collect();
        let highest = sides.iter().map(|s| s.0).max()?;
        let breaks = sides.iter().filter(|s| s.1 == Side::Breaks).map(|s| s.0).min();
        let below = |s: &&(u32, Side)| s.1 == Side::Holds && breaks.is_none_or(|n| s.0 < n);
        let holds = sides.iter().filter(below).map(|s| s.0).max();
        Some(Self {
            holds,
            breaks,
            highest,
        })
    }

    /// Whether the two bounds are as close as they need be: a twelfth, or neighbours.
    pub(crate) fn closed(&self) -> bool {
        match (self.holds, self.breaks) {
            (Some(low), Some(high)) => high <= low + 1 || f64::from(high) <= 1.085 * f64::from(low),
            _ => false,
        }
    }

    /// The answer: the crossing (or the middle of the bounds) between what held and what broke.
    pub(crate) fn users(&self, crossing: Option<f64>) -> Option<Estimate> {
        let low = f64::from(self.holds.unwrap_or(0));
        let high = f64::from(self.breaks.unwrap_or(self.highest)).max(low);
        let middle = if self.breaks.is_some() {
            (low + high) / 2.0
        } else {
            high
        };
        let value = crossing.filter(|n| *n >= low && *n <= high).unwrap_or(middle);
        Estimate::new(value.floor().max(low), low, high, 1)
    }

    /// The answer in words.
    pub(crate) fn sentence(&self, objective: Objective) -> String {
        let goal = format!(
            "the {:.0} % quantile of response time within {} s",
            100.0 * objective.quantile,
            objective.limit_s
        );
        match (self.holds, self.breaks) {
            (Some(low), Some(high)) => format!(
                "{} hold{} {goal}, {high} do not.",
                counted(low, "user"),
                verb_ending(low)
            ),
            (Some(low), None) => format!(
                "{} hold{} {goal}; no more were tried that break it.",
                counted(low, "user"),
                verb_ending(low)
            ),
            (None, Some(high)) => {
                format!(
                    "No number of users that was tried holds {goal}; {high} break{} it for certain.",
                    verb_ending(high)
                )
            }
            (None, None) => format!("No level tells for certain whether it holds {goal}."),
        }
    }
}

/// Where ln of the quantile crosses the limit on the straight line between the nearest levels below and above it.
pub(crate) fn crossing(levels: &[&LevelOutcome], objective: Objective) -> Option<f64> {
    let mut readings: Vec<(f64, f64)> = levels
        .iter()
        .filter_map(|o| Some((f64::from(o.users), o.quantile_s(objective.quantile)?.value)))
        .filter(|(_, value)| *value > 0.0)
        .collect();
    readings.sort_by(|a, b| a.0.total_cmp(&b.0));
    let above = readings
        .iter()
        .position(|(_, value)| *value > objective.limit_s)?;
    let (high, beyond) = readings[above];
    let (low, within) = *readings.get(above.checked_sub(1)?)?;
    let share = (objective.limit_s / within).ln() / (beyond / within).ln();
    Some(low + (high - low) * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Steadiness;

    fn level(users: u32, quantile_s: f64, half_s: f64) -> LevelOutcome {
        LevelOutcome {
            users,
            throughput_per_s: Estimate::symmetric(10.0, 0.1, 1000),
            response_time_s: Estimate::symmetric(quantile_s / 3.0, 0.01, 1000),
            quantiles_s: vec![(0.95, Estimate::symmetric(quantile_s, half_s, 1000).unwrap())],
            think_time_s: 1.0,
            demands: Vec::new(),
            error_share: 0.0,
            timeout_share: 0.0,
            steadiness: Steadiness::Steady { since_s: 1.0 },
            generator_saturated: false,
            little_gap: 0.0,
            load_s: 10.0,
        }
    }

    const GOAL: Objective = Objective {
        quantile: 0.95,
        limit_s: 2.0,
    };

    #[test]
    fn only_a_whole_interval_classifies() {
        let options = Options::default();
        assert_eq!(side(&level(5, 1.8, 0.1), GOAL, &options), Some(Side::Holds));
        assert_eq!(side(&level(5, 1.9, 0.2), GOAL, &options), Some(Side::Open));
        assert_eq!(side(&level(5, 2.3, 0.2), GOAL, &options), Some(Side::Breaks));
        let timing_out = LevelOutcome {
            timeout_share: 0.2,
            ..level(5, 1.0, 0.1)
        };
        assert_eq!(side(&timing_out, GOAL, &options), Some(Side::Breaks));
        let other = Objective {
            quantile: 0.99,
            ..GOAL
        };
        assert_eq!(side(&level(5, 1.8, 0.1), other, &options), None);
    }

    #[test]
    fn bounds_are_the_closest_certain_levels() {
        let levels = [
            level(10, 0.5, 0.1),
            level(40, 1.2, 0.1),
            level(50, 1.95, 0.2),
            level(60, 3.0, 0.3),
            level(90, 9.0, 1.0),
        ];
        let levels: Vec<_> = levels.iter().collect();
        let bracket = Bracket::of(&levels, GOAL, &Options::default()).unwrap();
        assert_eq!((bracket.holds, bracket.breaks), (Some(40), Some(60)));
        assert!(!bracket.closed());
        let at = crossing(&levels, GOAL).unwrap();
        assert!(at > 50.0 && at < 52.0, "{at}");
        let users = bracket.users(Some(at)).unwrap();
        assert_eq!((users.low, users.value, users.high), (40.0, 50.0, 60.0));
    }

    #[test]
    fn where_nothing_breaks_it_the_answer_is_at_least() {
        let levels = [level(10, 0.5, 0.1), level(40, 1.2, 0.1)];
        let levels: Vec<_> = levels.iter().collect();
        let bracket = Bracket::of(&levels, GOAL, &Options::default()).unwrap();
        let users = bracket.users(crossing(&levels, GOAL)).unwrap();
        assert_eq!((users.low, users.high), (40.0, 40.0));
        assert!(bracket.sentence(GOAL).contains("no more were tried"));
    }
}
