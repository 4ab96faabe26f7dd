//! How long a level is worth running: response time counts before the knee, throughput beyond it.

use super::ModelGuided;
use super::outlook::Outlook;
use crate::level::Precision;
use crate::search::outcome::LevelOutcome;
use crate::search::plan::{LevelPlan, Purpose};
use crate::search::site::{Forecast, NORMAL_95};

/// Time that a level needs beside its measurement, s.
const WARM_UP_S: f64 = 3.0;

/// n times the squared relative error of a mean, as the levels so far have it: (response time, throughput).
fn scatter(search: &ModelGuided) -> (f64, f64) {
    let valid = search.history.valid();
    let mean =
        |values: Vec<f64>, usual: f64| (usual + values.iter().sum::<f64>()) / (1.0 + values.len() as f64);
    let of = |e: crate::Estimate| (e.relative_half_width() / NORMAL_95).powi(2) * e.samples as f64;
    let response = valid
        .iter()
        .filter_map(|o| o.response_time_s)
        .map(|e| of(e).min(50.0))
        .collect();
    let busy = valid
        .iter()
        .filter(|o| o.users > 1)
        .filter_map(|o| o.throughput_per_s);
    let throughput = busy.map(|e| of(e).min(10.0)).collect();
    (mean(response, 2.0), mean(throughput, 1.0))
}

/// Wanted relative half-widths of throughput and response time.
fn wanted(saturation: f64) -> (f64, f64) {
    match saturation {
        s if s < 0.3 => (0.2, 0.06),
        s if s < 0.8 => (0.02, 0.10),
        _ => (0.018, 1.0),
    }
}

/// Measuring time of a level, s, and the variance of its ln R.
pub(super) fn price(search: &ModelGuided, users: u32, forecast: &Forecast) -> (f64, f64) {
    let (of_response, of_throughput) = scatter(search);
    let (throughput, response) = wanted(forecast.saturation);
    let needed =
        (of_throughput * (NORMAL_95 / throughput).powi(2)).max(of_response * (NORMAL_95 / response).powi(2));
    let longest_s = search.history.options.precision.max_level_s - WARM_UP_S;
    let time_s = (needed / forecast.throughput_per_s).clamp(5.0, longest_s.max(5.0));
    let samples = (time_s * forecast.throughput_per_s).max(1.0);
    let lever = f64::from(users) / forecast.throughput_per_s / forecast.response_s;
    let own = of_response / samples;
    let law = of_throughput * lever * lever / samples;
    let share = forecast.saturation;
    (
        time_s + settling_s(search, forecast) + WARM_UP_S,
        (1.0 - share) * own + share * law,
    )
}

/// Time in which the queues of the level before drain, or new ones fill, s.
pub(super) fn settling_s(search: &ModelGuided, forecast: &Forecast) -> f64 {
    let before = search.history.runs.last().map_or(0.0, |r| inside(&r.outcome));
    (forecast.jobs - before).abs() / forecast.throughput_per_s
}

/// Transactions inside the site at the end of a level.
fn inside(outcome: &LevelOutcome) -> f64 {
    let thinking = outcome
        .throughput_per_s
        .map_or(0.0, |x| x.value * outcome.think_time_s);
    (f64::from(outcome.users) - thinking).max(0.0)
}

/// A plan whose precision suits what the level can teach.
pub(super) fn suited(
    search: &ModelGuided,
    outlook: &Outlook,
    users: u32,
    purpose: Purpose,
    why: String,
) -> LevelPlan {
    let options = &search.history.options;
    let forecast = outlook.model.forecast(users);
    let (throughput, response_time) = wanted(forecast.map_or(1.0, |f| f.saturation));
    let longest_s = options.precision.max_level_s;
    // A level shorter than its transient would measure that.
    let settling_s = forecast
        .map_or(0.0, |f| settling_s(search, &f))
        .min(0.5 * longest_s);
    LevelPlan {
        users,
        purpose,
        why,
        precision: Precision {
            throughput,
            response_time,
            min_measured_s: options.precision.min_measured_s.max(settling_s),
            max_level_s: longest_s + settling_s,
            ..options.precision
        },
        forecast_s: forecast.map_or(longest_s, |f| price(search, users, &f).0),
        remaining_s: 0.0,
    }
}

/// A plan at low load.
pub(super) fn light(search: &ModelGuided, users: u32, purpose: Purpose, why: String) -> LevelPlan {
    let precision = search.history.options.precision;
    let longest_s = precision.max_level_s.min(15.0);
    LevelPlan {
        users,
        purpose,
        why,
        precision: Precision {
            throughput: 1.0,
            response_time: 0.05,
            max_level_s: longest_s,
            ..precision
        },
        forecast_s: longest_s,
        remaining_s: 0.0,
    }
}
