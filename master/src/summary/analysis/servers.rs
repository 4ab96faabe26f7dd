//! What the agents' readings say of one level: demand, utilization and memory of each process; counts of each host.

use self::steps::Steps;
use crate::journal::entry::{Agent, AgentReading, Begin, Node};
use crate::journal::log::LevelLog;
use crate::summary::{Host, Interval, Process};
use autoperf_models::Estimate;
use autoperf_models::level::LevelMeasurement;
use autoperf_models::statistics::ratio::Ratio;
use autoperf_profiler::reading::{GroupReading, HostReading};

mod java;
mod processor;
mod steps;

/// Reasons for missing CPU time that a summary repeats.
const MOST_REASONS: usize = 5;

/// Servers at one level.
pub(super) struct Servers {
    pub(super) processes: Vec<Process>,
    pub(super) hosts: Vec<Host>,
}

pub(super) fn analyse(
    begin: &Begin,
    agents: &[Agent],
    log: &LevelLog,
    measurement: &LevelMeasurement,
) -> Servers {
    let served = Served::new(log);
    let steady = |node: &str, port: u16| readings_within(log, measurement, node, port);
    let processes = begin
        .nodes
        .iter()
        .map(|node| process(node, &steady(&node.node, node.port), &served, log, measurement))
        .collect();
    let hosts = agents
        .iter()
        .filter_map(|agent| host(&agent.node, &steady(&agent.node, agent.port)))
        .collect();
    Servers { processes, hosts }
}

/// How many transactions were served up to any instant of the level, by interpolation between window ends.
struct Served {
    ends: Vec<(f64, f64)>,
}

impl Served {
    fn new(log: &LevelLog) -> Self {
        let mut ends = vec![(0.0, 0.0)];
        let mut total = 0.0;
        for bin in log.bins() {
            total += bin.completions as f64;
            ends.push((bin.start_s + bin.length_s, total));
        }
        Self { ends }
    }

    fn until(&self, at_s: f64) -> f64 {
        let after = self.ends.partition_point(|&(end_s, _)| end_s <= at_s);
        match (
            after.checked_sub(1).and_then(|before| self.ends.get(before)),
            self.ends.get(after),
        ) {
            (Some(&(before_s, before)), Some(&(after_s, after))) if after_s > before_s => {
                before + (after - before) * (at_s - before_s) / (after_s - before_s)
            }
            (Some(&(_, count)), _) => count,
            (None, _) => 0.0,
        }
    }
}

fn of_agent<'a>(log: &'a LevelLog, node: &str, port: u16) -> impl Iterator<Item = &'a AgentReading> {
    log.readings
        .iter()
        .filter(move |reading| reading.node == node && reading.port == port)
}

/// The fewest readings that a figure comes from: two stretches, since one has no spread and hence no interval.
const FEWEST_READINGS: usize = 3;

/// The agent's readings in the steady part. Where too few lie in it, as in a short row of a schedule, those of the whole level:
/// what a transaction costs depends little on whether the level is warm.
fn readings_within<'a>(
    log: &'a LevelLog,
    measurement: &LevelMeasurement,
    node: &str,
    port: u16,
) -> Vec<(f64, &'a AgentReading)> {
    let of_agent: Vec<_> = of_agent(log, node, port)
        .map(|reading| (reading.at_s - log.begin.at_s, reading))
        .collect();
    let slack_s = 0.25;
    let inside = |&&(at_s, _): &&(f64, &AgentReading)| {
        at_s >= measurement.since_s - slack_s && at_s <= measurement.until_s + slack_s
    };
    let within: Vec<_> = of_agent.iter().filter(inside).copied().collect();
    if within.len() >= FEWEST_READINGS {
        within
    } else {
        of_agent
    }
}

fn process(
    node: &Node,
    readings: &[(f64, &AgentReading)],
    served: &Served,
    log: &LevelLog,
    measurement: &LevelMeasurement,
) -> Process {
    let steps = Steps::new(
        readings,
        &node.process,
        served,
        (measurement.since_s, measurement.until_s),
    );
    let Steps { groups, cpu_s, .. } = &steps;
    let (cores, core_set) = usable_cores(node, groups);
    let span_s: f64 = steps.spans_s.iter().sum();
    let confidence = log.begin.precision.confidence;
    let demand = Ratio::new(cpu_s, &steps.counts)
        .and_then(|ratio| ratio.interval(confidence))
        .and_then(|estimate| widened(estimate, groups, &steps.counts));
    let level: Vec<(f64, &AgentReading)> = of_agent(log, &node.node, node.port)
        .map(|reading| (reading.at_s - log.begin.at_s, reading))
        .collect();
    let demand_s = demand.as_ref().map(|estimate| estimate.value);
    Process {
        node: node.node.clone(),
        process: node.process.clone(),
        service_demand_s: demand.map(Interval::from),
        cpu_utilization: (span_s > 0.0).then(|| cpu_s.iter().sum::<f64>() / span_s / cores),
        cpu_utilization_interval: utilization(&steps, cores, confidence),
        cores,
        core_set,
        memory_peak_bytes: groups
            .iter()
            .filter_map(|(_, group)| group.resident_peak_bytes.max(group.resident_bytes))
            .max(),
        source: groups
            .last()
            .map_or_else(String::new, |(_, group)| group.source.clone()),
        complete: steps.complete,
        missing: missing(&steps),
        cpu_error_bound_s: groups
            .iter()
            .map(|(_, group)| group.error_bound_ns as f64 * 1e-9)
            .reduce(f64::max),
        exit_overhead_s: exit_overhead_s(groups),
        java: java::over(&level, &node.process),
        processor: processor::over(&level, &node.process, served, demand_s),
    }
}

/// Why figures are incomplete, each reason once.
fn missing(steps: &Steps<'_>) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for reason in steps.groups.iter().flat_map(|(_, group)| &group.evidence.reasons) {
        if !reasons.contains(reason) && reasons.len() < MOST_REASONS {
            reasons.push(reason.clone());
        }
    }
    if reasons.is_empty() && !steps.complete {
        reasons.push("readings of the steady part are missing, or the profiler has begun anew in it".into());
    }
    reasons
}

/// What ending processes spent on ending; it is in the figures.
fn exit_overhead_s(groups: &[(f64, &GroupReading)]) -> Option<f64> {
    let mut known = groups
        .iter()
        .filter_map(|(_, group)| group.evidence.exit_overhead_ns);
    let first = known.next()?;
    let last = known.next_back().unwrap_or(first);
    Some(last.saturating_sub(first) as f64 * 1e-9)
}

/// CPU seconds per second and usable core, with the interval that the stretches between readings give.
fn utilization(steps: &Steps<'_>, cores: f64, confidence: f64) -> Option<Interval> {
    let core_s: Vec<f64> = steps.spans_s.iter().map(|span_s| span_s * cores).collect();
    let Estimate {
        value,
        low,
        high,
        samples,
    } = Ratio::new(&steps.cpu_s, &core_s)?.interval(confidence)?;
    Some(Interval {
        value,
        low: low.max(0.0),
        high,
        samples,
    })
}

fn group<'a>(reading: &'a AgentReading, name: &str) -> Option<&'a GroupReading> {
    reading.reading.groups.iter().find(|group| group.name == name)
}

/// Cores that a group may use and, where these are not its own, the name of the set that it shares. A declared limit and a
/// quota are its own; so is the bound that a group has by having fewer threads than cores.
fn usable_cores(node: &Node, groups: &[(f64, &GroupReading)]) -> (f64, Option<String>) {
    let Some((_, last)) = groups.last() else {
        return (node.cores.unwrap_or(1.0), None);
    };
    if let Some(declared) = node.cores {
        return (declared, None);
    }
    let set = &last.detail.core_set;
    let most_threads = groups.iter().map(|(_, group)| group.threads).max().unwrap_or(0);
    let threads = if most_threads > 0 {
        f64::from(most_threads)
    } else {
        f64::INFINITY
    };
    let has_quota = last.cores_allowed + 1e-9 < set.len() as f64;
    if threads < last.cores_allowed || has_quota || set.is_empty() {
        return (last.cores_allowed.min(threads).max(f64::MIN_POSITIVE), None);
    }
    let names: Vec<String> = set.iter().map(u32::to_string).collect();
    (
        last.cores_allowed,
        Some(format!("{} cores {}", node.node, names.join(","))),
    )
}

/// The interval must also cover what the CPU counters themselves may be off by between the first and the last reading.
fn widened(estimate: Estimate, groups: &[(f64, &GroupReading)], counts: &[f64]) -> Option<Estimate> {
    let bound_s = groups
        .iter()
        .map(|(_, group)| group.error_bound_ns)
        .max()
        .unwrap_or(0) as f64
        * 1e-9;
    let served: f64 = counts.iter().sum();
    let instrument_s = if served > 0.0 { bound_s / served } else { 0.0 };
    let half_s = estimate.half_width().max(instrument_s);
    let samples = served.max(0.0).round() as u64;
    Estimate::new(
        estimate.value,
        (estimate.value - half_s).max(0.0),
        estimate.value + half_s,
        samples,
    )
}

fn host(node: &str, readings: &[(f64, &AgentReading)]) -> Option<Host> {
    let (&(first_s, first), &(last_s, last)) = (readings.first()?, readings.last()?);
    let goes_on = last.reading.sequence > first.reading.sequence;
    let unattributed_ns = last.reading.unattributed_ns - first.reading.unattributed_ns;
    let (first, last) = (&first.reading.host, &last.reading.host);
    let core_ns = (last_s - first_s) * 1e9 * f64::from(last.cores.max(1));
    let share = |of: fn(&HostReading) -> u64| {
        (core_ns > 0.0).then(|| of(last).saturating_sub(of(first)) as f64 / core_ns)
    };
    let count = |of: fn(&HostReading) -> Option<u64>| Some(of(last)?.saturating_sub(of(first)?));
    Some(Host {
        node: node.to_owned(),
        cpu_utilization: share(|host| host.cpu_busy_ns).map(|share| share.min(1.0)),
        cpu_steal: share(|host| host.cpu_steal_ns),
        // Within the resolution of the host's counters it can come out below nothing.
        cpu_unattributed: (goes_on && core_ns > 0.0)
            .then(|| (unattributed_ns as f64 / core_ns).clamp(0.0, 1.0)),
        disk_blocks_read: count(|host| host.disk_blocks_read),
        disk_blocks_written: count(|host| host.disk_blocks_written),
        packets_received: count(|host| plus(host.packets_received, host.loopback_packets)),
        packets_sent: count(|host| plus(host.packets_sent, host.loopback_packets)),
    })
}

fn plus(wire: Option<u64>, loopback: Option<u64>) -> Option<u64> {
    match (wire, loopback) {
        (None, None) => None,
        (wire, loopback) => Some(wire.unwrap_or(0) + loopback.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::entry::{LevelBegin, Second};
    use crate::summary::analysis::Steadiness;
    use autoperf_models::level::Precision;
    use autoperf_profiler::reading::Reading;

    /// A level of three seconds with 20 served a second and a reading at each of its seconds: 10 ms of CPU time each.
    fn level() -> LevelLog {
        let second = |index: u32| Second {
            bins: (0..10)
                .map(|bin| (f64::from(index) + f64::from(bin) * 0.1, 0.1, 2, 0, 0, 0.2, 0.02))
                .collect(),
            ..Second::default()
        };
        let reading = |index: u32| AgentReading {
            node: "a".into(),
            port: 1,
            at_s: f64::from(index),
            reading: Reading {
                sequence: u64::from(index),
                groups: vec![GroupReading {
                    name: "web".into(),
                    cpu_ns: u64::from(index) * 200_000_000,
                    cores_allowed: 1.0,
                    complete: true,
                    ..GroupReading::default()
                }],
                ..Reading::default()
            },
        };
        LevelLog {
            begin: LevelBegin {
                users: 2,
                purpose: crate::journal::log::SCHEDULED.into(),
                why: String::new(),
                at_s: 0.0,
                transaction: None,
                precision: Precision::default().into(),
                forecast_s: 3.0,
                remaining_s: None,
            },
            seconds: (0..3).map(second).collect(),
            readings: (0..4).map(reading).collect(),
            end: None,
        }
    }

    fn steady_from(since_s: f64) -> LevelMeasurement {
        LevelMeasurement {
            steadiness: Steadiness::Steady { since_s },
            since_s,
            until_s: 3.0,
            completions: 60,
            errors: 0,
            timeouts: 0,
            throughput_per_s: None,
            response_time_s: None,
        }
    }

    #[test]
    fn a_steady_part_with_one_stretch_between_readings_still_knows_the_demand() {
        let begin = Begin {
            nodes: vec![Node {
                node: "a".into(),
                port: 1,
                process: "web".into(),
                cores: None,
            }],
            ..Begin::default()
        };
        for since_s in [0.0, 1.5, 2.0, 2.9] {
            let servers = analyse(&begin, &[], &level(), &steady_from(since_s));
            let demand = servers.processes[0].service_demand_s;
            let demand = demand.unwrap_or_else(|| panic!("no demand where steady since {since_s} s"));
            assert!((demand.value - 0.01).abs() < 1e-9, "{demand:?}");
        }
    }
}
