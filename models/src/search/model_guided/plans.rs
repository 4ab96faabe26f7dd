//! Which level comes next, and why.

use super::ModelGuided;
use super::lengths::{light, price, settling_s, suited};
use super::outlook::{Outlook, SHORT_DRAIN_S};
use super::threshold;
use crate::grammar::counted;
use crate::search::plan::{LevelPlan, Purpose};

/// Fractions of N* at which a level may be put to learn more.
const PLACES: [f64; 11] = [0.02, 0.08, 0.25, 0.5, 0.7, 0.85, 0.95, 1.08, 1.2, 1.4, 1.8];

/// Most levels at about the same number of users.
const MOST_REPEATS: usize = 6;

/// Wanted width of N* in units of that of `X_max`.
const KNEE_WIDTH: f64 = 2.5;

/// Length of a canary level, s.
const CANARY_S: f64 = 15.0;

/// Time under load beyond which no level is added for more precision where nothing else is asked, s.
const DEFAULT_BUDGET_S: f64 = 1_200.0;

/// The next level; `None` where enough is known or nothing more may be tried.
pub(super) fn next(search: &ModelGuided) -> Option<LevelPlan> {
    let history = &search.history;
    if history.runs.is_empty() {
        return Some(dated(search, None, first(search)));
    }
    if history.runs.len() >= history.options.max_levels || history.left_s() < 5.0 {
        return None;
    }
    if let Some(plan) = history.second_try() {
        return Some(dated(search, None, plan));
    }
    if history.valid().is_empty() || history.generator_spent() {
        return None;
    }
    if let Some(plan) = recovery(search) {
        return Some(dated(search, None, plan));
    }
    let outlook = Outlook::of(search)?;
    let searching = calibration(search, &outlook).or_else(|| jump(search, &outlook));
    let searching = searching.and_then(|plan| capped(search, &outlook, plan));
    let plan = searching
        .or_else(|| threshold::next(search, &outlook))
        .or_else(|| refinement(search, &outlook))
        .or_else(|| canary(search, &outlook))
        .or_else(|| overload(search, &outlook))?;
    Some(dated(search, Some(&outlook), plan))
}

/// Puts the time that is left into a plan, and the forecast of the whole rest.
fn dated(search: &ModelGuided, outlook: Option<&Outlook>, mut plan: LevelPlan) -> LevelPlan {
    let left_s = search.history.left_s();
    plan.precision.max_level_s = plan.precision.max_level_s.min(left_s);
    plan.forecast_s = plan.forecast_s.min(left_s);
    // Each further level shrinks the doubt about as the root of the time.
    let options = &search.history.options;
    let ratio = outlook.map_or(3.0, |o| {
        (o.response_doubt() / options.wanted_response).max(o.capacity_doubt() / options.wanted_throughput)
    });
    let done_s = search.history.load_s().max(30.0);
    let more_s = (done_s * (ratio * ratio - 1.0)).clamp(0.0, budget_s(search));
    plan.remaining_s = (plan.forecast_s + more_s).min(left_s);
    plan
}

fn budget_s(search: &ModelGuided) -> f64 {
    search.history.options.time_budget_s.unwrap_or(DEFAULT_BUDGET_S)
}

fn first(search: &ModelGuided) -> LevelPlan {
    let options = &search.history.options;
    let think_s = options.think_time.map_or(0.0, |t| t.mean_s);
    // One transaction per second keeps nearly every site below a few per cent.
    let users = options.start_load.unwrap_or((think_s.ceil() as u32).clamp(1, 30));
    let users = users.min(options.max_users.unwrap_or(u32::MAX)).max(1);
    let noun = if users == 1 { "user" } else { "users" };
    let why = format!("{users} {noun} at low load: service demands and the response time without queueing.");
    light(search, users, Purpose::Calibrate, why)
}

/// After a collapse the lowest level is run again until the site has recovered; four times at most.
fn recovery(search: &ModelGuided) -> Option<LevelPlan> {
    let runs = &search.history.runs;
    let last = runs.last()?;
    let (standing, collapsed) = search.standing();
    let collapsed = collapsed?;
    let recovering = last.outcome.users >= collapsed || last.rejected.as_deref().is_some();
    let tried = runs
        .iter()
        .rev()
        .take_while(|r| r.plan.purpose == Purpose::Canary)
        .count();
    if !recovering || tried >= 4 {
        return None;
    }
    let users = standing.iter().map(|o| o.users).min()?;
    let why =
        format!("Throughput collapsed at {collapsed} users: {users} users show when the site has recovered.");
    let mut plan = light(search, users, Purpose::Canary, why);
    plan.precision.response_time = 0.2;
    plan.precision.min_measured_s = 15.0;
    plan.precision.max_level_s = search.history.options.precision.max_level_s;
    Some(plan)
}

/// A larger level at low load where the first one was too short to know demands by.
fn calibration(search: &ModelGuided, outlook: &Outlook) -> Option<LevelPlan> {
    let low = search
        .history
        .runs
        .iter()
        .filter(|r| r.plan.purpose == Purpose::Calibrate);
    let (count, samples) = low.fold((0, 0), |(count, samples), run| {
        (
            count + 1,
            samples + run.outcome.response_time_s.map_or(0, |e| e.samples),
        )
    });
    if count >= 3 || samples >= 200 || outlook.beyond > 0 || outlook.highest as usize > 1_000_000 {
        return None;
    }
    let users = if outlook.limit_known {
        (0.08 * outlook.saturation_users) as u32
    } else {
        outlook.highest.saturating_mul(4)
    };
    if f64::from(users) < 1.5 * f64::from(outlook.highest) {
        return None;
    }
    let why = format!(
        "{samples} transactions at low load are too few to know demands by: {many}, still below 10 % utilization.",
        many = counted(users, "user")
    );
    Some(light(search, users, Purpose::Calibrate, why))
}

/// From what is known of the limit to the knee and beyond, until two levels beyond it confirm the plateau.
fn jump(search: &ModelGuided, outlook: &Outlook) -> Option<LevelPlan> {
    let knee = outlook.saturation_users;
    let highest = f64::from(outlook.highest);
    let tried = counted(outlook.highest, "user");
    let limit = counted(knee.round() as u64, "user");
    if outlook.confirmed() {
        return None;
    }
    if let Some(collapsed) = outlook.collapsed {
        return between(search, outlook, collapsed);
    }
    let above = |factor: f64| (factor * knee).max(1.2 * highest + 1.0).ceil() as u32;
    let (users, purpose, why) = if !outlook.limit_known {
        let users = outlook.highest.saturating_mul(4);
        (
            users,
            Purpose::Step,
            format!("No limit is in sight at {tried}: four times as many."),
        )
    } else if highest < 0.5 * knee {
        let users = ((0.75 * knee).ceil() as u32).max(outlook.highest + 1);
        (
            users,
            Purpose::Explore,
            format!("The demands put N* at {limit}: three quarters of it tests that before the knee."),
        )
    } else if outlook.beyond == 0 {
        (
            above(1.2),
            Purpose::Explore,
            format!("N* is {limit} by the model: a level beyond it shows the plateau."),
        )
    } else if outlook.beyond == 1 && outlook.drain_s() < SHORT_DRAIN_S {
        let users = outlook.telling_users().max(above(1.4));
        let why = format!(
            "{users} users, well beyond N* = {knee:.0}, confirm the plateau, or show throughput falling."
        );
        (users, Purpose::Overload, why)
    } else if outlook.drain_s() < SHORT_DRAIN_S {
        let users = outlook.farther(outlook.highest);
        let why = match outlook.risen() {
            Some(rise) => format!(
                "Throughput still grew by {:.1} % up to {tried}: {users} show whether it goes on.",
                100.0 * rise
            ),
            None => format!("{users} users tell a plateau from a slow rise."),
        };
        (users, Purpose::Overload, why)
    } else {
        (
            above(1.4),
            Purpose::Explore,
            format!(
                "Another level well beyond N* = {knee:.0} confirms the plateau, or shows throughput falling."
            ),
        )
    };
    let mut plan = suited(search, outlook, users, purpose, why);
    // What a first look leaves open, later levels learn where it costs least.
    plan.precision.throughput = plan.precision.throughput.max(0.03);
    plan.precision.response_time = plan.precision.response_time.max(0.12);
    Some(plan)
}

/// Between the largest number of users that held and the smallest that broke the site.
fn between(search: &ModelGuided, outlook: &Outlook, collapsed: u32) -> Option<LevelPlan> {
    let (low, high) = (f64::from(outlook.highest), f64::from(collapsed));
    if high < 1.1 * low || high < low + 1.5 || outlook.beyond >= 2 {
        return None;
    }
    let users = (low * high).sqrt().round() as u32;
    let why = format!("{low} users held and {high} broke the site: the peak lies between.");
    Some(suited(search, outlook, users, Purpose::Bracket, why))
}

/// Brings a plan under the ceiling; `None` where the ceiling has been measured.
fn capped(search: &ModelGuided, outlook: &Outlook, plan: LevelPlan) -> Option<LevelPlan> {
    let ceiling = search.history.ceiling();
    if plan.users <= ceiling {
        return Some(plan);
    }
    if f64::from(outlook.highest) > 0.9 * f64::from(ceiling) {
        return None;
    }
    let why = format!(
        "{} Only {many} may be tried.",
        plan.why,
        many = counted(ceiling, "user")
    );
    Some(suited(search, outlook, ceiling, plan.purpose, why))
}

/// What is to be known better.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    /// The curve of response time.
    Curve,
    /// `X_max`.
    Capacity,
    /// N*, by the response time without queueing.
    Knee,
}

/// What is furthest from being known as well as asked, with the ratio of its doubt to the wanted one.
fn goal(search: &ModelGuided, outlook: &Outlook) -> (Goal, f64) {
    let options = &search.history.options;
    let goals = [
        (Goal::Curve, outlook.response_doubt() / options.wanted_response),
        (
            Goal::Capacity,
            outlook.capacity_doubt() / options.wanted_throughput,
        ),
        (
            Goal::Knee,
            outlook.saturation_doubt() / (KNEE_WIDTH * options.wanted_throughput),
        ),
    ];
    let worst = goals.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
    worst.unwrap_or((Goal::Curve, 0.0))
}

/// The level that shrinks the doubt on what is known worst most per second of load.
fn refinement(search: &ModelGuided, outlook: &Outlook) -> Option<LevelPlan> {
    let (goal, ratio) = goal(search, outlook);
    if ratio <= 1.0 || outlook.beyond == 0 || search.history.load_s() > 0.9 * budget_s(search) {
        return None;
    }
    let most = outlook.collapsed.map_or(u32::MAX, |n| {
        ((f64::from(n) * outlook.highest as f64).sqrt()) as u32
    });
    let most = most.min(search.history.ceiling());
    let targets = outlook.targets();
    let scored = places(outlook)
        .into_iter()
        .map(|users| users.clamp(1, most))
        .filter(|&users| tried(search, users) < MOST_REPEATS)
        .filter_map(|users| {
            let forecast = outlook.model.forecast(users)?;
            let (time_s, variance) = price(search, users, &forecast);
            let gain = match goal {
                Goal::Curve => outlook.model.gain(users, variance, &targets),
                Goal::Capacity => outlook.model.capacity_gain(users, variance),
                Goal::Knee => outlook.model.gain(users, variance, &[1]),
            };
            Some((users, gain / (time_s + 5.0)))
        });
    let (users, _) = scored.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let share = f64::from(users) / outlook.saturation_users;
    let why = format!(
        "R(N) is known within {:.1} %, X_max within {:.1} %, N* within {:.1} %: {users} users ({share:.2} N*) teach most per second.",
        100.0 * outlook.response_doubt(),
        100.0 * outlook.capacity_doubt(),
        100.0 * outlook.saturation_doubt()
    );
    let mut plan = suited(search, outlook, users, Purpose::Explore, why);
    if goal == Goal::Capacity {
        // No longer than what is missing: 1/w^2 adds up over levels.
        let (doubt, wanted) = (
            outlook.capacity_doubt(),
            0.92 * search.history.options.wanted_throughput,
        );
        let missing = (wanted.powi(-2) - doubt.powi(-2)).max(1.0).powf(-0.5);
        plan.precision.throughput = plan.precision.throughput.max(missing);
    }
    Some(plan)
}

/// Numbers of users at which a level may teach something: fractions of N*, the levels beyond it and the middles between them.
fn places(outlook: &Outlook) -> Vec<u32> {
    let knee = outlook.saturation_users;
    let mut beyond = outlook.model.levels();
    beyond.retain(|&users| f64::from(users) > knee);
    let middles = beyond
        .windows(2)
        .map(|pair| (f64::from(pair[0]) * f64::from(pair[1])).sqrt().round() as u32);
    let mut places: Vec<u32> = PLACES
        .iter()
        .map(|fraction| (fraction * knee).round() as u32)
        .collect();
    places.extend(middles);
    places.extend(&beyond);
    places
}

/// How many levels lie about there already.
fn tried(search: &ModelGuided, users: u32) -> usize {
    let near = |n: u32| (f64::from(n) / f64::from(users)).ln().abs() < 0.06;
    search
        .history
        .runs
        .iter()
        .filter(|r| near(r.outcome.users))
        .count()
}

/// Far beyond N* at the end, when its long queue can disturb no other level.
fn overload(search: &ModelGuided, outlook: &Outlook) -> Option<LevelPlan> {
    let users = outlook.overload_users();
    let done = search
        .history
        .runs
        .iter()
        .any(|r| r.plan.purpose == Purpose::Overload);
    let may = outlook.collapsed.is_none() && users <= search.history.ceiling();
    if done || !may || !outlook.confirmed() || f64::from(outlook.highest) > 0.85 * f64::from(users) {
        return None;
    }
    let why = format!(
        "{users} users ({:.1} N*) show whether throughput holds under overload.",
        f64::from(users) / outlook.saturation_users
    );
    let mut plan = suited(search, outlook, users, Purpose::Overload, why);
    plan.precision.throughput = 0.025;
    Some(plan)
}

/// At the end of a longer run, the best known level at low load once more.
fn canary(search: &ModelGuided, outlook: &Outlook) -> Option<LevelPlan> {
    let history = &search.history;
    // One that sees a change is not believed alone.
    let checked = history
        .runs
        .iter()
        .filter(|r| r.plan.purpose == Purpose::Canary)
        .count();
    let enough = if search.changes().last().is_some_and(|&change| change > 0.0) {
        2
    } else {
        1
    };
    if checked >= enough || history.load_s() < 30.0 {
        return None;
    }
    // A canary that sees too few transactions sees nothing.
    let telling = |users: &u32| {
        let forecast = outlook.model.forecast(*users);
        forecast.is_some_and(|f| f.saturation < 0.7 && f.throughput_per_s * CANARY_S > 60.0)
    };
    // The earlier the level was, the more time has passed for a change.
    let users = history.valid().iter().map(|o| o.users).find(telling)?;
    let minutes = history.load_s() / 60.0;
    let why = format!(
        "{many} again after {minutes:.1} minutes of load: has the environment changed?",
        many = counted(users, "user")
    );
    let mut plan = light(search, users, Purpose::Canary, why);
    let settling_s = outlook
        .model
        .forecast(users)
        .map_or(0.0, |f| settling_s(search, &f));
    plan.precision.max_level_s = plan.precision.max_level_s.min(CANARY_S) + settling_s;
    plan.precision.min_measured_s = plan.precision.min_measured_s.max(settling_s);
    plan.forecast_s = plan.precision.max_level_s;
    Some(plan)
}
