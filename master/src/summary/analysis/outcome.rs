//! A level's figures in the form that the search takes.

use super::SteadyPart;
use crate::journal::entry::{Agent, Begin};
use crate::summary::{Level, Process};
use autoperf_models::Estimate;
use autoperf_models::level::LevelMeasurement;
use autoperf_models::search::{LevelOutcome, ResourceDemand};
use autoperf_models::statistics::special::binomial_quantile;

pub(super) fn outcome(
    begin: &Begin,
    agents: &[Agent],
    level: &Level,
    measurement: &LevelMeasurement,
    steady: &SteadyPart<'_>,
) -> LevelOutcome {
    let finished = level.transactions.max(1) as f64;
    let processes = level.processes.iter().filter_map(process_demand);
    let hosts = agents.iter().filter_map(|agent| host_demand(agent, level));
    LevelOutcome {
        users: level.users,
        throughput_per_s: measurement.throughput_per_s,
        response_time_s: measurement.response_time_s,
        quantiles_s: begin
            .search
            .objective
            .and_then(|(quantile, _)| quantile_of(quantile, level, steady))
            .into_iter()
            .collect(),
        think_time_s: level.think_time_s.unwrap_or(begin.think_time_s),
        demands: processes.chain(hosts).collect(),
        error_share: level.errors as f64 / finished,
        timeout_share: level.timeouts as f64 / finished,
        steadiness: measurement.steadiness.clone(),
        generator_saturated: level.generator.saturated,
        little_gap: level.little_gap.unwrap_or(0.0),
        load_s: level.warmup_s + level.measured_s,
    }
}

/// Name under which a process appears among the resources.
#[must_use]
pub(crate) fn process_resource(node: &str, process: &str) -> String {
    format!("{process} on {node}")
}

/// Name under which a host's CPU appears among the resources.
#[must_use]
pub(crate) fn host_resource(node: &str) -> String {
    format!("host {node}")
}

fn process_demand(process: &Process) -> Option<ResourceDemand> {
    Some(ResourceDemand {
        resource: process_resource(&process.node, &process.process),
        demand_s: process.service_demand_s?.into(),
        servers: process.cores,
        shares: process.core_set.clone(),
        whole_host: false,
    })
}

/// A host's CPU is a resource of its own, unless the load comes from the same machine: then its busy time is not the site's.
fn host_demand(agent: &Agent, level: &Level) -> Option<ResourceDemand> {
    if agent.same_host {
        return None;
    }
    let host = level.hosts.iter().find(|host| host.node == agent.node)?;
    let throughput = level.throughput_per_s?;
    let cores = f64::from(agent.cores.max(1));
    let per_transaction_s = host.cpu_utilization? * cores / throughput.value;
    let demand_s = Estimate::symmetric(
        per_transaction_s,
        per_transaction_s * Estimate::from(throughput).relative_half_width(),
        throughput.samples,
    )?;
    Some(ResourceDemand {
        resource: host_resource(&agent.node),
        demand_s,
        servers: cores,
        shares: None,
        whole_host: true,
    })
}

/// A quantile with its rank interval (Hahn & Meeker 1991, section 5.2). Successive response times depend on each other, so the
/// count that the ranks are taken for is the number of independent observations that the mean's interval speaks of.
fn quantile_of(quantile: f64, level: &Level, steady: &SteadyPart<'_>) -> Option<(f64, Estimate)> {
    let count = steady.times.count();
    let value = steady.times.quantile_s(quantile)?;
    let low_rank = binomial_quantile(0.025, count, quantile)?;
    let high_rank = binomial_quantile(0.975, count, quantile)? + 1;
    let spread = (level.response_time_s.mean?.samples as f64 / independent(level, steady)?)
        .sqrt()
        .max(1.0);
    let center = quantile * count as f64;
    let widen = |rank: u64| (center + (rank as f64 - center) * spread).clamp(1.0, count as f64) as u64;
    let (low, high) = (
        steady.times.at_rank_s(widen(low_rank))?,
        steady.times.at_rank_s(widen(high_rank))?,
    );
    Some((
        quantile,
        Estimate::new(value, low.min(value), high.max(value), count)?,
    ))
}

/// How many independent response times would give the mean's interval: (1.96 s / half-width)^2, never more than there are.
fn independent(level: &Level, steady: &SteadyPart<'_>) -> Option<f64> {
    let mean = level.response_time_s.mean?;
    let count = steady.times.count() as f64;
    let half_s = Estimate::from(mean).half_width();
    let spread_s = (steady.times.quantile_s(0.841)? - steady.times.quantile_s(0.159)?) / 2.0;
    if half_s <= 0.0 || spread_s <= 0.0 {
        return Some(count.max(1.0));
    }
    Some((1.96 * spread_s / half_s).powi(2).clamp(1.0, count.max(1.0)))
}
