//! Which level comes next, and why.

use super::ModelGuided;
use crate::level::Precision;
use crate::search::network;
use crate::search::plan::{LevelPlan, Purpose};
use crate::search::site::{Forecast, NORMAL_95, SiteModel};

/// Fractions of N* over which the response-time curve is to be known.
const TARGETS: [f64; 9] = [0.05, 0.3, 0.55, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5];

/// Fractions of N* at which a level may be put to learn more.
const PLACES: [f64; 8] = [0.4, 0.6, 0.8, 0.92, 1.05, 1.2, 1.4, 1.7];

/// Time under load that a run takes where nothing else is asked, s.
const DEFAULT_BUDGET_S: f64 = 300.0;

/// What is known when a level is chosen.
pub(super) struct Outlook {
    pub(super) model: SiteModel,
    /// N* by the model.
    pub(super) saturation_users: f64,
    /// Whether a limit is known at all: by a profiled demand or by a plateau that was seen.
    pub(super) limit_known: bool,
    /// Users of the levels that count and were saturated.
    pub(super) saturated: Vec<u32>,
    /// Largest number of users that counts.
    pub(super) highest: u32,
}

impl Outlook {
    pub(super) fn of(search: &ModelGuided) -> Option<Self> {
        let valid = search.history.valid();
        let highest = valid.iter().map(|o| o.users).max()?;
        let first = super::evidence::pooled(&valid, &search.history.options, highest)?;
        let cycle_s = first.unqueued_response_s() + first.think.mean_s;
        let plateau = first.seen_plateau();
        let limit = network::tightest(&first.demands).map(|(_, limit)| limit);
        let known = [plateau, limit].into_iter().flatten().min_by(f64::total_cmp);
        let guess = known.map_or(f64::from(highest), |rate| rate * cycle_s);
        let reach = (2.0 * guess).max(1.3 * f64::from(highest)).clamp(4.0, 2e6) as u32;
        let model = search.model(reach)?;
        let saturated = valid.iter().map(|o| o.users);
        let saturated = saturated.filter(|&n| model.forecast(n).is_some_and(|f| f.saturation > 0.8));
        Some(Self {
            saturated: saturated.collect(),
            saturation_users: model.saturation_users()?.value,
            limit_known: known.is_some(),
            model,
            highest,
        })
    }

    /// Mean relative half-width of the response-time curve's band over 1..1.5 N*.
    pub(super) fn response_doubt(&self) -> f64 {
        let doubts: Vec<f64> = self
            .targets()
            .iter()
            .filter_map(|&n| self.model.forecast(n))
            .map(|f| NORMAL_95 * f.log_sd)
            .collect();
        doubts.iter().sum::<f64>() / doubts.len().max(1) as f64
    }

    fn targets(&self) -> Vec<u32> {
        let mut targets: Vec<u32> = TARGETS
            .iter()
            .map(|f| ((f * self.saturation_users) as u32).max(1))
            .collect();
        targets.dedup();
        targets
    }
}

/// The next level; `None` where enough is known or nothing more may be tried.
pub(super) fn next(search: &ModelGuided) -> Option<LevelPlan> {
    if search.history.runs.is_empty() {
        return Some(first(search));
    }
    let left_s = search.history.left_s();
    if search.history.runs.len() >= search.history.options.max_levels
        || left_s < 5.0
        || search.history.valid().is_empty()
    {
        return None;
    }
    let outlook = Outlook::of(search)?;
    let wanted = calibration(search, &outlook)
        .or_else(|| jump(&outlook))
        .or_else(|| refinement(search, &outlook));
    let mut plan = capped(search, wanted?)?;
    plan.precision.max_level_s = plan.precision.max_level_s.min(left_s);
    plan.forecast_s = plan.forecast_s.min(left_s);
    plan.remaining_s = plan
        .forecast_s
        .max((budget_s(search) - search.history.load_s()).min(left_s));
    Some(plan)
}

fn budget_s(search: &ModelGuided) -> f64 {
    search.history.options.time_budget_s.unwrap_or(DEFAULT_BUDGET_S)
}

/// Brings a plan under the ceiling; `None` where the ceiling has been measured and nothing is left to try.
fn capped(search: &ModelGuided, mut plan: LevelPlan) -> Option<LevelPlan> {
    let ceiling = search.history.ceiling();
    if plan.users <= ceiling {
        return Some(plan);
    }
    let near = search
        .history
        .runs
        .iter()
        .any(|r| f64::from(r.outcome.users) > 0.9 * f64::from(ceiling));
    if near {
        return None;
    }
    plan.why = format!("{} Only {ceiling} users may be tried.", plan.why);
    plan.users = ceiling;
    Some(plan)
}

fn first(search: &ModelGuided) -> LevelPlan {
    let think_s = search.history.options.think_time.map_or(0.0, |t| t.mean_s);
    // One transaction per second keeps nearly every site below a few per cent.
    let users = search
        .history
        .options
        .start_load
        .unwrap_or((think_s.ceil() as u32).clamp(1, 30));
    let users = users
        .min(search.history.options.max_users.unwrap_or(u32::MAX))
        .max(1);
    let why = format!(
        "{users} user{} at low load: service demands and the response time without queueing.",
        if users == 1 { "" } else { "s" }
    );
    plan(search, users, Purpose::Calibrate, why, (1.0, 0.06, 15.0))
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
    if count >= 3 || samples >= 200 || !outlook.saturated.is_empty() {
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
        "{samples} transactions at low load are too few to know demands by: {users} users, still below 10 % utilization."
    );
    Some(plan(search, users, Purpose::Calibrate, why, (1.0, 0.05, 15.0)))
}

/// From what is known of the limit to the knee and beyond, until two levels were saturated.
fn jump(outlook: &Outlook) -> Option<LevelPlan> {
    let knee = outlook.saturation_users;
    let highest = f64::from(outlook.highest);
    let above = |factor: f64| (factor * knee).max(1.2 * highest + 1.0).ceil() as u32;
    let (users, purpose, why) = match outlook.saturated.len() {
        0 if !outlook.limit_known => {
            let users = outlook.highest.saturating_mul(4);
            (
                users,
                Purpose::Step,
                format!("No limit is in sight at {highest} users: four times as many."),
            )
        }
        0 if highest < 0.5 * knee => {
            let users = ((0.75 * knee).ceil() as u32).max(outlook.highest + 1);
            (
                users,
                Purpose::Explore,
                format!(
                    "The demands put N* at {knee:.0} users: three quarters of it tests that before the knee."
                ),
            )
        }
        0 => (
            above(1.3),
            Purpose::Explore,
            format!("N* is {knee:.0} users by the model: a level beyond it shows the plateau."),
        ),
        1 if highest < 1.6 * knee => (
            above(1.7),
            Purpose::Overload,
            format!(
                "A second level well beyond N* = {knee:.0} confirms the plateau, or shows throughput falling."
            ),
        ),
        _ => return None,
    };
    Some(plan_for(outlook, users, purpose, why))
}

/// The level that shrinks the doubt on R(N) most per second of load.
fn refinement(search: &ModelGuided, outlook: &Outlook) -> Option<LevelPlan> {
    let options = &search.history.options;
    let doubt = outlook.response_doubt();
    let capacity = outlook.model.capacity()?.relative_half_width();
    let enough = doubt <= options.wanted_response && capacity <= options.wanted_throughput;
    if (enough && outlook.saturated.len() >= 2) || search.history.load_s() > 0.9 * budget_s(search) {
        return None;
    }
    let targets = outlook.targets();
    let scored = PLACES.iter().filter_map(|fraction| {
        let users = ((fraction * outlook.saturation_users).round() as u32).max(1);
        let forecast = outlook.model.forecast(users)?;
        let (time_s, variance) = price(users, &forecast);
        Some((
            users,
            outlook.model.gain(users, variance, &targets) / (time_s + 5.0),
        ))
    });
    let (users, _) = scored.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let share = f64::from(users) / outlook.saturation_users;
    let why = format!(
        "R(N) is known within {:.1} % and X_max within {:.1} %: {users} users ({share:.2} N*) teach most per second.",
        100.0 * doubt,
        100.0 * capacity
    );
    Some(plan_for(outlook, users, Purpose::Explore, why))
}

/// Length of a level, s, and the variance of its ln R, for a coefficient of variation of 1.
fn price(users: u32, forecast: &Forecast) -> (f64, f64) {
    let time_s = (wanted_samples(forecast.saturation) / forecast.throughput_per_s).clamp(5.0, 40.0);
    let samples = (time_s * forecast.throughput_per_s).max(1.0);
    let per_user = f64::from(users) / forecast.throughput_per_s;
    let lever = per_user / forecast.response_s;
    let own = 4.0 / samples;
    let law = lever * lever / samples;
    (
        time_s,
        (1.0 - forecast.saturation) * own + forecast.saturation * law,
    )
}

fn wanted_samples(saturation: f64) -> f64 {
    1500.0 + 4500.0 * saturation
}

/// A plan whose precision suits what the level can teach: response time before the knee, throughput beyond it.
fn plan_for(outlook: &Outlook, users: u32, purpose: Purpose, why: String) -> LevelPlan {
    let forecast = outlook.model.forecast(users);
    let saturation = forecast.map_or(1.0, |f| f.saturation);
    let rate = forecast.map_or(1.0, |f| f.throughput_per_s);
    let (throughput, response_time) = match saturation {
        s if s < 0.3 => (0.1, 0.06),
        s if s < 0.8 => (0.02, 0.12),
        _ => (0.016, 1.0),
    };
    let max_level_s = 40.0;
    LevelPlan {
        users,
        purpose,
        why,
        precision: Precision {
            throughput,
            response_time,
            max_level_s,
            ..Precision::default()
        },
        forecast_s: (wanted_samples(saturation) / rate).clamp(6.0, max_level_s),
        remaining_s: 0.0,
    }
}

fn plan(
    search: &ModelGuided,
    users: u32,
    purpose: Purpose,
    why: String,
    wanted: (f64, f64, f64),
) -> LevelPlan {
    let (throughput, response_time, max_level_s) = wanted;
    LevelPlan {
        users,
        purpose,
        why,
        precision: Precision {
            throughput,
            response_time,
            max_level_s: max_level_s.min(search.history.options.precision.max_level_s),
            ..search.history.options.precision
        },
        forecast_s: max_level_s,
        remaining_s: budget_s(search),
    }
}
