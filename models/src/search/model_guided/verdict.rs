//! What the levels add up to.

use super::ModelGuided;
use super::outlook::Outlook;
use super::threshold;
use crate::Estimate;
use crate::search::bracket::Bracket;
use crate::search::measured;
use crate::search::{CurvePoint, Finding, VerdictCode};

/// Most rows of a curve.
const CURVE_ROWS: u32 = 200;

/// Interval of `X_max` beyond which no capacity is claimed, relative half-width.
const TOO_WIDE: f64 = 0.10;

pub(super) fn finding(search: &ModelGuided) -> Finding {
    match Outlook::of(search) {
        None => search.history.without_levels(),
        Some(outlook) => search.history.noted(with_model(search, &outlook)),
    }
}

fn with_model(search: &ModelGuided, outlook: &Outlook) -> Finding {
    let model = &outlook.model;
    let capacity = model.capacity();
    let (verdict, reason) = judged(search, outlook, capacity);
    let mut finding = Finding::without_figures(verdict, vec![reason]);
    if !matches!(
        verdict,
        VerdictCode::AtLeast | VerdictCode::NoSaturation | VerdictCode::GeneratorLimited
    ) {
        let stands = outlook.collapsed.filter(|_| !outlook.confirmed());
        let (capacity, users) = match stands {
            Some(collapsed) => before_collapse(outlook, collapsed),
            None => (capacity, model.saturation_users()),
        };
        finding.max_throughput_per_s = capacity;
        finding.saturation_users = users;
        let demands = &outlook.model.evidence().demands;
        finding.bottleneck = capacity.and_then(|x| measured::bottleneck(demands, x.value));
    } else {
        (finding.max_throughput_per_s, finding.saturation_users) = search.history.reached();
    }
    if verdict == VerdictCode::Retrograde {
        let users = model.peak_users().unwrap_or(outlook.highest);
        finding.retrograde_users = Estimate::symmetric(f64::from(users), 0.0, 1);
    }
    let options = &search.history.options;
    if let Some(objective) = options.objective {
        let bracket = Bracket::of(&search.history.measured(), objective, options);
        let crossing = threshold::crossing(search, outlook, objective);
        finding.objective_users = bracket.and_then(|b| b.users(crossing));
        finding.reasons.extend(bracket.map(|b| b.sentence(objective)));
    }
    finding.curve = curve(outlook);
    finding
}

/// Throughput with the largest number of users that held; the true peak lies at most where the collapse does.
fn before_collapse(outlook: &Outlook, collapsed: u32) -> (Option<Estimate>, Option<Estimate>) {
    let room = f64::from(collapsed) / f64::from(outlook.highest);
    let rate = outlook.model.estimates(outlook.highest).map(|(rate, _)| rate);
    let rate = rate.and_then(|e| Estimate::new(e.value, e.low, e.high * room, e.samples));
    let single_s = outlook.model.forecast(1).map_or(0.0, |f| f.response_s);
    (rate, rate.map(|e| e.scaled(single_s + outlook.model.think_s())))
}

fn judged(search: &ModelGuided, outlook: &Outlook, capacity: Option<Estimate>) -> (VerdictCode, String) {
    let (highest, knee) = (outlook.highest, outlook.saturation_users);
    if search.history.two_state() {
        return (
            VerdictCode::Bistable,
            "The site flips between two regimes.".into(),
        );
    }
    if let Some(change) = search.drift() {
        let percent = 100.0 * change;
        return (
            VerdictCode::Drifted,
            format!("The same number of users met a site {percent:+.0} % slower at the end."),
        );
    }
    if let (true, Some(x)) = (outlook.confirmed(), capacity) {
        let rate = x.value;
        if let (Some(users), true) = (outlook.model.peak_users(), x.relative_half_width() <= TOO_WIDE) {
            return (
                VerdictCode::Retrograde,
                format!("Throughput peaks at {rate:.4} per second with {users} users and falls beyond."),
            );
        }
        return if x.relative_half_width() <= TOO_WIDE {
            (
                VerdictCode::Found,
                format!("Throughput stays at {rate:.1} per second beyond {knee:.0} users."),
            )
        } else {
            (
                VerdictCode::Inconclusive,
                format!("The plateau near {rate:.4} per second is too uncertain."),
            )
        };
    }
    if let Some(users) = outlook.collapsed {
        return (
            VerdictCode::Retrograde,
            format!("Throughput collapses between {highest} and {users} users."),
        );
    }
    if search.history.generator_limited() {
        return (
            VerdictCode::GeneratorLimited,
            format!("The generator was the limit beyond {highest} users."),
        );
    }
    let tried_all = f64::from(highest) > 0.9 * f64::from(search.history.ceiling());
    let busy = outlook.model.forecast(highest).map_or(0.0, |f| f.saturation);
    if tried_all && busy < 0.05 && knee > 3.0 * f64::from(highest) {
        return (
            VerdictCode::NoSaturation,
            format!(
                "Throughput still grows with every user at {highest} users: think time is the limit, not the site."
            ),
        );
    }
    (
        VerdictCode::AtLeast,
        format!("The search ended at {highest} users before the plateau was confirmed."),
    )
}

fn curve(outlook: &Outlook) -> Vec<CurvePoint> {
    let highest = outlook.highest;
    let rows = highest.min(CURVE_ROWS);
    let mut points = Vec::new();
    for row in 1..=rows {
        let users = (u64::from(row) * u64::from(highest)).div_ceil(u64::from(rows)) as u32;
        let users = if row == 1 { 1 } else { users };
        if let Some((throughput_per_s, response_time_s)) = outlook.model.estimates(users) {
            points.push(CurvePoint {
                users,
                throughput_per_s,
                response_time_s,
            });
        }
    }
    points
}
