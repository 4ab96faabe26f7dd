//! What the levels add up to.

use super::ModelGuided;
use super::outlook::Outlook;
use super::threshold;
use crate::Estimate;
use crate::grammar::counted;
use crate::level::Steadiness;
use crate::search::bracket::Bracket;
use crate::search::outcome::LevelOutcome;
use crate::search::{CurvePoint, Finding, VerdictCode, guards, measured};

/// Most rows of a curve.
const CURVE_ROWS: u32 = 200;

/// Intervals of `X_max` and N* beyond which no capacity is claimed, relative half-widths: 2.5 standard deviations are then
/// 5 and 10 %.
const TOO_WIDE: (f64, f64) = (0.039, 0.078);

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
        let (capacity, users) = match (regimes(search, outlook), outlook.collapsed) {
            (Some((held, broke)), _) => held_until(search, outlook, held, broke),
            (None, Some(collapsed)) if !outlook.confirmed() => {
                held_until(search, outlook, outlook.highest, collapsed)
            }
            _ => (capacity, model.saturation_users()),
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

/// The largest throughput that was seen to hold; the true peak lies at most where the collapse does.
fn held_until(
    search: &ModelGuided,
    outlook: &Outlook,
    held: u32,
    broke: u32,
) -> (Option<Estimate>, Option<Estimate>) {
    let room = f64::from(broke) / f64::from(held);
    let levels = search.history.valid();
    let steady = levels
        .iter()
        .filter(|o| o.users <= held && guards::unsteady(o).is_none());
    let rates = steady.filter_map(|o| o.throughput_per_s);
    let rate = rates.max_by(|a, b| a.low.total_cmp(&b.low));
    let rate = rate.and_then(|e| Estimate::new(e.value, e.low, e.high * room, e.samples));
    let single_s = outlook.model.forecast(1).map_or(0.0, |f| f.response_s);
    (rate, rate.map(|e| e.scaled(single_s + outlook.model.think_s())))
}

fn judged(search: &ModelGuided, outlook: &Outlook, capacity: Option<Estimate>) -> (VerdictCode, String) {
    let (highest, knee) = (outlook.highest, outlook.saturation_users);
    let tried = counted(highest, "user");
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
    if let Some((held, broke)) = regimes(search, outlook) {
        return (
            VerdictCode::Bistable,
            format!(
                "The site has two regimes: {held} users were served steadily, with {broke} throughput fell while the load \
                 stayed the same. How long it holds below that is not known."
            ),
        );
    }
    if let (true, Some(x)) = (outlook.confirmed(), capacity) {
        return plateau(outlook, x);
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
            format!("The generator was the limit beyond {tried}."),
        );
    }
    let tried_all = f64::from(highest) > 0.9 * f64::from(search.history.ceiling());
    let busy = outlook.model.forecast(highest).map_or(0.0, |f| f.saturation);
    if tried_all && busy < 0.05 && knee > 3.0 * f64::from(highest) {
        return (
            VerdictCode::NoSaturation,
            format!(
                "Throughput still grows with every user at {tried}: think time is the limit, not the site."
            ),
        );
    }
    (
        VerdictCode::AtLeast,
        format!("The search ended at {tried} before the plateau was confirmed."),
    )
}

/// What a confirmed plateau, or a peak, amounts to.
fn plateau(outlook: &Outlook, capacity: Estimate) -> (VerdictCode, String) {
    let (rate, knee) = (capacity.value, outlook.saturation_users);
    let doubts = (capacity.relative_half_width(), outlook.saturation_doubt());
    if doubts.0 > TOO_WIDE.0 || doubts.1 > TOO_WIDE.1 {
        let (rate_percent, knee_percent) = (100.0 * doubts.0, 100.0 * doubts.1);
        return (
            VerdictCode::Inconclusive,
            format!(
                "The plateau near {rate:.4} per second is known to ±{rate_percent:.0} % and N* near {many} to \
                 ±{knee_percent:.0} % only: more time under load would tell.",
                many = counted(knee.round() as u64, "user")
            ),
        );
    }
    match outlook.model.peak_users() {
        Some(users) => (
            VerdictCode::Retrograde,
            format!(
                "Throughput peaks at {rate:.4} per second with {many} and falls beyond.",
                many = counted(users, "user")
            ),
        ),
        None => (
            VerdictCode::Found,
            format!(
                "Throughput stays at {rate:.1} per second beyond {many}.",
                many = counted(knee.round() as u64, "user")
            ),
        ),
    }
}

/// Where throughput falls beyond some load, and did so while the load stayed the same: the largest number of users that was
/// served steadily, and the smallest beyond it that was not.
fn regimes(search: &ModelGuided, outlook: &Outlook) -> Option<(u32, u32)> {
    if outlook.collapsed.is_none() && outlook.model.peak_users().is_none() {
        return None;
    }
    let levels = search.history.valid();
    let steady = levels.iter().filter(|o| guards::unsteady(o).is_none());
    let rate = |o: &&&LevelOutcome| o.throughput_per_s.map_or(0.0, |e| e.low);
    let best = steady.clone().map(|o| rate(&o)).fold(0.0, f64::max);
    let held = steady.filter(|o| rate(o) > 0.85 * best).map(|o| o.users).max()?;
    let fell = |o: &LevelOutcome| o.throughput_per_s.is_some_and(|e| e.value < 0.8 * best);
    let torn = |o: &&&LevelOutcome| match o.steadiness {
        Steadiness::Steady { .. } => false,
        Steadiness::TwoState => true,
        Steadiness::NotSteady { .. } | Steadiness::Drifting { .. } => fell(o),
    };
    let beyond = levels.iter().filter(torn).filter(|o| o.users > held);
    Some((held, beyond.map(|o| o.users).min()?))
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
