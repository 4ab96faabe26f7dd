//! From the levels' outcomes to what the fit starts from.

use crate::Estimate;
use crate::search::explanation::Evidence;
use crate::search::fit::Observation;
use crate::search::network;
use crate::search::options::{Options, ThinkTime};
use crate::search::outcome::{LevelOutcome, ResourceDemand};
use crate::search::site::NORMAL_95;

/// Largest squared coefficient of variation of a service time that is believed.
const MOST_SCATTER: f64 = 10.0;

/// Pools the levels that count; `None` where there is none.
pub(crate) fn pooled(outcomes: &[&LevelOutcome], options: &Options, reach: u32) -> Option<Evidence> {
    let demands = demands(outcomes);
    let work = work_scatter(outcomes, &demands);
    let levels: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| observation(outcome, work))
        .collect();
    let samples: u64 = levels.iter().map(|l| l.samples).sum();
    if levels.is_empty() {
        return None;
    }
    let weighted = outcomes
        .iter()
        .zip(&levels)
        .map(|(o, l)| o.think_time_s * l.samples as f64);
    let measured_s = (weighted.sum::<f64>() / samples as f64).max(0.0);
    // Without better knowledge the think time counts as exponential.
    let cv = options.think_time.map_or(1.0, |t| t.cv);
    let measured_error = cv / (samples as f64).sqrt();
    let (think, think_error) = match options.think_time {
        // The workload's mean holds unless the usual level contradicts it; one that still drains a queue shows too little.
        Some(known)
            if (usual_think_s(outcomes) - known.mean_s).abs()
                <= (4.0 * measured_error + 0.01) * known.mean_s + 1e-3 =>
        {
            (known, 0.001)
        }
        _ => (
            ThinkTime {
                mean_s: measured_s,
                cv,
            },
            measured_error,
        ),
    };
    Some(Evidence {
        demands,
        levels,
        think,
        think_error,
        reach,
    })
}

/// Standard deviation of the profiled service of one transaction, s: what the levels together say of it. The few samples of a
/// light level do not know their own scatter.
fn work_scatter(outcomes: &[&LevelOutcome], pooled: &[ResourceDemand]) -> f64 {
    let processes_given = pooled.iter().any(|d| !d.whole_host);
    let stations = pooled.iter().filter(|d| !(d.whole_host && processes_given));
    let variances = stations.map(|resource| {
        let readings = outcomes.iter().flat_map(|o| &o.demands);
        let readings = readings.filter(|d| d.resource == resource.resource && d.demand_s.value > 0.0);
        let squares = readings.map(|d| {
            let error = d.demand_s.relative_half_width() / NORMAL_95;
            (error * error * d.demand_s.samples as f64).min(MOST_SCATTER)
        });
        let (sum, count) = squares.fold((0.0, 0.0), |(sum, count), square| (sum + square, count + 1.0));
        sum / f64::max(count, 1.0) * resource.demand_s.value.powi(2)
    });
    variances.sum::<f64>().sqrt()
}

/// Median over the served transactions of their levels' think times, s.
fn usual_think_s(outcomes: &[&LevelOutcome]) -> f64 {
    let told = |o: &&LevelOutcome| Some((o.think_time_s, o.response_time_s?.samples));
    let mut levels: Vec<(f64, u64)> = outcomes.iter().filter_map(told).collect();
    levels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = levels.iter().map(|(_, samples)| samples).sum::<u64>() / 2;
    let mut below = 0;
    let middle = levels.iter().find(|(_, samples)| {
        below += samples;
        below >= half
    });
    middle.map_or(0.0, |(think_s, _)| *think_s)
}

fn observation(outcome: &LevelOutcome, work_scatter_s: f64) -> Option<Observation> {
    let throughput = outcome.throughput_per_s?;
    let response = outcome.response_time_s?;
    let scatter = (work_scatter_s / response.value.max(1e-12)).max(0.5);
    let floor = scatter / (response.samples.max(1) as f64).sqrt();
    let error = |e: &Estimate| (e.relative_half_width() / NORMAL_95).clamp(0.001, 1.0);
    Some(Observation {
        users: outcome.users,
        throughput_per_s: throughput.value,
        response_s: response.value,
        throughput_error: error(&throughput),
        response_error: error(&response).max(floor),
        samples: response.samples.max(1),
        limit_per_s: network::tightest(&outcome.demands).map(|(_, limit)| limit),
    })
}

/// Every resource's demand over all levels, weighted by their samples; the interval covers the levels' disagreement too.
fn demands(outcomes: &[&LevelOutcome]) -> Vec<ResourceDemand> {
    let mut pooled: Vec<ResourceDemand> = Vec::new();
    for demand in outcomes.iter().flat_map(|o| &o.demands) {
        if !pooled.iter().any(|p| p.resource == demand.resource) {
            pooled.push(demand.clone());
        }
    }
    for resource in &mut pooled {
        let same = outcomes
            .iter()
            .flat_map(|o| &o.demands)
            .filter(|d| d.resource == resource.resource);
        let readings: Vec<Estimate> = same.map(|d| d.demand_s).collect();
        resource.demand_s = pool(&readings).unwrap_or(resource.demand_s);
    }
    pooled
}

fn pool(readings: &[Estimate]) -> Option<Estimate> {
    let samples: u64 = readings.iter().map(|e| e.samples).sum();
    let share = |e: &Estimate| e.samples as f64 / samples.max(1) as f64;
    let value = readings.iter().map(|e| share(e) * e.value).sum::<f64>();
    let own = readings
        .iter()
        .map(|e| (share(e) * e.half_width()).powi(2))
        .sum::<f64>();
    let apart = readings
        .iter()
        .map(|e| share(e) * (e.value - value).powi(2))
        .sum::<f64>();
    Estimate::new(
        value,
        (value - own.sqrt() - apart.sqrt()).min(value),
        value + own.sqrt() + apart.sqrt(),
        samples,
    )
}
