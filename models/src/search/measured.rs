//! What the levels say without a model: joined by straight lines, the plateau from the levels that agree on it.

use super::bracket::{self, Bracket};
use super::history::{History, plain_plan};
use super::model_guided::evidence;
use super::network;
use super::site::NORMAL_95;
use super::{CurvePoint, Finding, LevelOutcome, Options, Purpose, VerdictCode};
use crate::Estimate;
use crate::grammar::counted;

/// Largest relative difference of throughput between levels of one plateau.
const PLATEAU: f64 = 0.04;

/// Most rows of a curve.
const ROWS: u32 = 200;

/// The finding of a strategy that believes what it measured and nothing else.
pub(crate) fn finding(history: &History) -> Finding {
    let mut levels = history.valid();
    levels.sort_by_key(|o| o.users);
    let Some(pooled) = evidence::pooled(&levels, &history.options, 2) else {
        return history.without_levels();
    };
    let cycle_s = pooled.unqueued_response_s() + pooled.think.mean_s;
    let plateau = Plateau::of(&levels);
    let (verdict, reason) = plateau.judged(history, cycle_s);
    let mut finding = Finding::without_figures(verdict, vec![reason]);
    if matches!(verdict, VerdictCode::Found | VerdictCode::Retrograde) {
        finding.max_throughput_per_s = plateau.rate;
        finding.saturation_users = plateau.rate.map(|rate| rate.scaled(cycle_s));
        finding.retrograde_users = plateau
            .falls_beyond
            .and_then(|n| Estimate::symmetric(f64::from(n), 0.0, 1));
        finding.bottleneck = plateau
            .rate
            .and_then(|rate| bottleneck(&pooled.demands, rate.value));
    } else {
        (finding.max_throughput_per_s, finding.saturation_users) = history.reached();
    }
    let options = &history.options;
    if let Some(objective) = options.objective {
        let telling = history.measured();
        let bracket = Bracket::of(&telling, objective, options);
        finding.objective_users = bracket.and_then(|b| b.users(bracket::crossing(&telling, objective)));
        finding.reasons.extend(bracket.map(|b| b.sentence(objective)));
    }
    finding.curve = curve(&levels);
    history.noted(finding)
}

/// What levels that somebody else has chosen add up to: joined by straight lines, without a model.
#[must_use]
pub fn joined(outcomes: &[LevelOutcome], options: &Options) -> Finding {
    let mut history = History::new(options.clone());
    for outcome in outcomes {
        let why = format!("Asked for: {}.", counted(outcome.users, "user"));
        let plan = plain_plan(options, outcome.users, Purpose::Step, why);
        let _ = history.ask(plan);
        history.take(Some(outcome));
    }
    finding(&history)
}

/// The resource whose limit is the plateau, with its utilization there.
pub(crate) fn bottleneck(demands: &[super::ResourceDemand], rate: f64) -> Option<(String, f64)> {
    let (name, limit) = network::tightest(demands)?;
    let utilization = rate / limit;
    (utilization > 0.88).then(|| (name, utilization.min(1.0)))
}

struct Plateau {
    rate: Option<Estimate>,
    /// Levels that agree on it.
    agreeing: usize,
    /// Number of users at the peak, where a later level is significantly below it.
    falls_beyond: Option<u32>,
}

impl Plateau {
    /// Takes the levels in order of users.
    fn of(levels: &[&LevelOutcome]) -> Self {
        let rates: Vec<(u32, Estimate)> = levels
            .iter()
            .filter_map(|o| Some((o.users, o.throughput_per_s?)))
            .collect();
        let Some(&(peak_users, peak)) = rates.iter().max_by(|a, b| a.1.value.total_cmp(&b.1.value)) else {
            return Self {
                rate: None,
                agreeing: 0,
                falls_beyond: None,
            };
        };
        let near = |(_, e): &&(u32, Estimate)| {
            e.value > (1.0 - PLATEAU) * peak.value
                || e.high >= peak.low && e.value > (1.0 - 2.0 * PLATEAU) * peak.value
        };
        let agreeing: Vec<Estimate> = rates.iter().filter(near).map(|&(_, e)| e).collect();
        let falls = rates.last().filter(|(_, last)| {
            let apart = last.half_width().hypot(peak.half_width());
            peak.value - last.value > (1.5 * apart).max(1.5 * PLATEAU * peak.value)
        });
        Self {
            rate: weighted(&agreeing),
            agreeing: agreeing.len(),
            falls_beyond: falls.map(|_| peak_users),
        }
    }

    fn judged(&self, history: &History, cycle_s: f64) -> (VerdictCode, String) {
        let highest = history.highest().unwrap_or(0);
        let rate = self.rate.map_or(0.0, |e| e.value);
        if history.two_state() {
            return (
                VerdictCode::Bistable,
                "The site flips between two regimes.".into(),
            );
        }
        if let Some(users) = self.falls_beyond {
            return (
                VerdictCode::Retrograde,
                format!(
                    "Throughput falls beyond {}; its peak is {rate:.4} per second.",
                    counted(users, "user")
                ),
            );
        }
        let knee = rate * cycle_s;
        if self.agreeing >= 2 && f64::from(highest) > 1.1 * knee {
            return (
                VerdictCode::Found,
                format!(
                    "Throughput stays at {rate:.1} per second beyond {}.",
                    counted(knee.round() as u64, "user")
                ),
            );
        }
        if history.generator_limited() {
            return (
                VerdictCode::GeneratorLimited,
                format!("The generator was the limit beyond {}.", counted(highest, "user")),
            );
        }
        if knee > 0.97 * f64::from(highest) {
            return (
                VerdictCode::NoSaturation,
                format!(
                    "Throughput grows with users up to {highest}: think time is the limit, not the site."
                ),
            );
        }
        (
            VerdictCode::AtLeast,
            format!(
                "The search ended at {} before throughput stopped growing.",
                counted(highest, "user")
            ),
        )
    }
}

/// Mean weighted by precision.
fn weighted(estimates: &[Estimate]) -> Option<Estimate> {
    let weight = |e: &Estimate| {
        1.0 / (e.half_width() / NORMAL_95)
            .powi(2)
            .max(1e-12 * e.value * e.value)
    };
    let total: f64 = estimates.iter().map(weight).sum();
    let value = estimates.iter().map(|e| weight(e) * e.value).sum::<f64>() / total;
    Estimate::symmetric(
        value,
        NORMAL_95 / total.sqrt(),
        estimates.iter().map(|e| e.samples).sum(),
    )
}

/// Straight lines between the levels; up to the first level nothing queues.
fn curve(levels: &[&LevelOutcome]) -> Vec<CurvePoint> {
    let Some(highest) = levels.last().map(|o| o.users) else {
        return Vec::new();
    };
    let rows = highest.min(ROWS);
    let users = (1..=rows).map(|row| (u64::from(row) * u64::from(highest)).div_ceil(u64::from(rows)) as u32);
    let users = std::iter::once(1).chain(users.skip(1));
    users.filter_map(|n| point(levels, n)).collect()
}

fn point(levels: &[&LevelOutcome], users: u32) -> Option<CurvePoint> {
    let reading = |o: &LevelOutcome| Some((o.throughput_per_s?, o.response_time_s?));
    let above = levels.iter().position(|o| o.users >= users)?;
    let (x_high, r_high) = reading(levels[above])?;
    if above == 0 {
        let share = f64::from(users) / f64::from(levels[0].users);
        return Some(CurvePoint {
            users,
            throughput_per_s: x_high.scaled(share),
            response_time_s: r_high,
        });
    }
    let (x_low, r_low) = reading(levels[above - 1])?;
    let width = f64::from(levels[above].users - levels[above - 1].users).max(1.0);
    let share = f64::from(users - levels[above - 1].users) / width;
    Some(CurvePoint {
        users,
        throughput_per_s: between(x_low, x_high, share)?,
        response_time_s: between(r_low, r_high, share)?,
    })
}

fn between(left: Estimate, right: Estimate, share: f64) -> Option<Estimate> {
    let mix = |a: f64, b: f64| (1.0 - share) * a + share * b;
    Estimate::new(
        mix(left.value, right.value),
        mix(left.low, right.low),
        mix(left.high, right.high),
        left.samples.min(right.samples),
    )
}
