//! Levels that bracket the asked objective on response time.

use super::ModelGuided;
use super::lengths::suited;
use super::outlook::Outlook;
use crate::grammar::counted;
use crate::search::bracket::{Bracket, Side, side};
use crate::search::options::Objective;
use crate::search::plan::{LevelPlan, Purpose};

/// Most levels spent on one bracket.
const MOST_LEVELS: usize = 6;

/// The next level that narrows the bracket; `None` without an objective or where it is narrow enough.
pub(super) fn next(search: &ModelGuided, outlook: &Outlook) -> Option<LevelPlan> {
    let options = &search.history.options;
    let objective = options.objective?;
    let levels = search.history.measured();
    let bracket = Bracket::of(&levels, objective, options)?;
    let spent = search
        .history
        .runs
        .iter()
        .filter(|r| r.plan.purpose == Purpose::Bracket)
        .count();
    if bracket.closed() || spent >= MOST_LEVELS {
        return None;
    }
    let crossing = crossing(search, outlook, objective);
    let users = match (bracket.holds, bracket.breaks) {
        (Some(low), Some(high)) => {
            // What the model expects, but never so close to a bound that the level could not move it.
            let (low, high) = (f64::from(low), f64::from(high));
            let quarter = 0.25 * (high - low);
            crossing
                .unwrap_or((low + high) / 2.0)
                .clamp(low + quarter, high - quarter)
        }
        (None, Some(high)) => crossing
            .map_or(0.5 * f64::from(high), |n| 0.92 * n)
            .min(0.8 * f64::from(high)),
        // Nothing broke it: a little beyond the expected crossing, if that is within what the model knows.
        (_, None) => 1.08 * crossing?,
    };
    let users = (users.round() as u32).clamp(1, search.history.ceiling());
    let open = |r: &&super::Run| {
        let near = (f64::from(r.outcome.users) / f64::from(users)).ln().abs() < 0.03;
        near && side(&r.outcome, objective, options) == Some(Side::Open)
    };
    let known = levels
        .iter()
        .any(|o| o.users == users && side(o, objective, options) != Some(Side::Open));
    if known || search.history.runs.iter().filter(open).count() >= 2 {
        return None;
    }
    let are = if users == 1 { "is" } else { "are" };
    let why = format!(
        "{} {} {are} tried next.",
        bracket.sentence(objective),
        counted(users, "user")
    );
    let mut plan = suited(search, outlook, users, Purpose::Bracket, why);
    plan.precision.response_time = plan.precision.response_time.min(0.08);
    plan.precision.throughput = plan.precision.throughput.max(0.03);
    plan.precision.min_completions = plan.precision.min_completions.max(400);
    Some(plan)
}

/// Number of users at which the quantile reaches the limit: the model's mean response time times the ratio of quantile to
/// mean that the levels show, interpolated between them.
pub(super) fn crossing(search: &ModelGuided, outlook: &Outlook, objective: Objective) -> Option<f64> {
    let mut ratios: Vec<(f64, f64)> = Vec::new();
    for outcome in search.history.valid() {
        let quantile = outcome.quantile_s(objective.quantile)?.value;
        let mean = outcome.response_time_s?.value;
        ratios.push((f64::from(outcome.users), quantile / mean));
    }
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let expected = |users: u32| -> Option<f64> {
        let ratio = interpolated(&ratios, f64::from(users))?;
        Some(ratio * outlook.model.forecast(users)?.response_s)
    };
    let top = (2.0 * outlook.saturation_users).max(f64::from(outlook.highest)) as u32;
    if expected(1)? > objective.limit_s || expected(top.max(2))? <= objective.limit_s {
        return None;
    }
    let (mut low, mut high) = (1_u32, top.max(2));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if expected(middle)? <= objective.limit_s {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(f64::from(low))
}

/// The value at `place` on the straight lines between the points; the end's value outside.
fn interpolated(points: &[(f64, f64)], place: f64) -> Option<f64> {
    let above = points.iter().position(|p| p.0 >= place);
    match above {
        None => points.last().map(|p| p.1),
        Some(0) => Some(points[0].1),
        Some(index) => {
            let (left, right) = (points[index - 1], points[index]);
            let width = right.0 - left.0;
            let share = if width > 0.0 {
                (place - left.0) / width
            } else {
                1.0
            };
            Some(left.1 + share * (right.1 - left.1))
        }
    }
}
