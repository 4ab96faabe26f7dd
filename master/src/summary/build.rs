//! The summary of a run, from its journal alone.

use crate::journal::entry::{Begin, SearchOptions};
use crate::journal::log::{LevelLog, RunLog};
use crate::summary::analysis::{self, Measured};
use crate::summary::{
    Bottleneck, Capacity, CurveRow, Interval, Level, Objective, RunFacts, SCHEMA_VERSION, Summary,
    TransactionDemands, audit, pooling, separation, verdict,
};
use autoperf_models::search::{self, Finding, Strategy};

/// Name of AutoPerf's own level plan among the strategies.
pub const AUTOPERF: &str = "autoperf";

/// The strategy that a run begins with, for users with a mean think time per transaction. An unknown name, possible only in a
/// journal of another version, means the default.
#[must_use]
pub fn strategy(options: &SearchOptions, think_time_s: f64) -> Box<dyn Strategy> {
    let asked = search_options(options, think_time_s);
    if let Some(parameters) = options.autoperf.filter(|_| options.strategy == AUTOPERF) {
        return Box::new(search::AutoPerf::new(asked, parameters.into()));
    }
    let entry = search::STRATEGIES
        .iter()
        .find(|entry| entry.name == options.strategy)
        .unwrap_or(&search::STRATEGIES[0]);
    (entry.build)(asked)
}

fn search_options(options: &SearchOptions, think_time_s: f64) -> search::Options {
    search::Options {
        think_time: Some(think_time(think_time_s)),
        start_load: options.start_load,
        max_users: options.max_users,
        max_run_s: options.max_duration_s,
        time_budget_s: options.time_budget_s,
        precision: options.precision.into(),
        max_timeout_share: options.precision.max_timeout_share,
        objective: options
            .objective
            .map(|(quantile, limit_s)| search::Objective { quantile, limit_s }),
        ..search::Options::default()
    }
}

/// What the workload says of think times: their mean; for their spread an exponential law is taken, which few exceed.
fn think_time(mean_s: f64) -> search::ThinkTime {
    let cv = if mean_s > 0.0 { 1.0 } else { 0.0 };
    search::ThinkTime { mean_s, cv }
}

/// Everything that can be said of a run, finished or broken off.
#[must_use]
pub fn build(log: &RunLog) -> Summary {
    let measured: Vec<Measured> = log
        .finished_levels()
        .map(|level| analysis::analyse(&log.begin, &log.agents, level))
        .collect();
    let how = log.end.as_ref().map(|end| end.how.as_str());
    let finding = match log.begin.mode.as_str() {
        "manual-capacity" => scheduled(&log.begin, &measured),
        "open" | "profile" | "manual-profile" => {
            search::Finding::without_figures(search::VerdictCode::Inconclusive, Vec::new())
        }
        _ => finding(&log.begin, &measured),
    };
    let mut capacity = capacity(&finding);
    let mut levels: Vec<_> = measured.into_iter().map(|measured| measured.level).collect();
    annotate(&mut levels, &finding);
    let transaction_demands = separation::demands(log, &levels);
    name_costliest(&mut capacity, &transaction_demands, &levels);
    let audits = audit::audits(log, &levels);
    let verdict = verdict::verdict(&finding, &capacity, &levels, &log.begin, how);
    Summary {
        schema_version: SCHEMA_VERSION,
        run: facts(log),
        mode: log.begin.mode.clone(),
        seed: log.begin.seed,
        wall_time_s: end_s(log),
        load_time_s: log.levels.iter().map(load_s).sum(),
        verdict,
        objective: log
            .begin
            .search
            .objective
            .map(|(quantile, limit_s)| Objective { quantile, limit_s }),
        capacity,
        levels,
        transaction_demands,
        curve: finding.curve.iter().map(curve_row).collect(),
        audits,
        records: log.records.clone(),
    }
}

/// What the search knows after these levels: the strategy is asked again with the same outcomes, so that a run that broke off
/// is judged as far as it got.
fn finding(begin: &Begin, measured: &[Measured]) -> Finding {
    let mut strategy = strategy(&begin.search, begin.think_time_s);
    let mut next = strategy.next(None);
    for level in measured {
        next = strategy.next(Some(&level.outcome));
    }
    match next {
        search::Next::Done(finding) => finding,
        search::Next::Run(_) => strategy.finding(),
    }
}

/// What the levels of a schedule add up to: each number of users once, joined by straight lines. Figures of a capacity are
/// given only where the schedule happened to reach it.
fn scheduled(begin: &Begin, measured: &[Measured]) -> Finding {
    let outcomes: Vec<_> = measured
        .iter()
        .map(|measured| &measured.outcome)
        .filter(|outcome| outcome.users > 0)
        .collect();
    let mut finding = search::joined(
        &pooling::by_users(&outcomes),
        &search_options(&begin.search, begin.think_time_s),
    );
    if !matches!(
        finding.verdict,
        search::VerdictCode::Found | search::VerdictCode::Retrograde
    ) {
        finding.max_throughput_per_s = None;
        finding.saturation_users = None;
        finding.bottleneck = None;
        // What a search would say of its end is nothing about a schedule.
        finding.reasons.clear();
    }
    finding
}

/// What the search says of each level, where its notes are about the same levels.
fn annotate(levels: &mut [Level], finding: &Finding) {
    for (level, note) in levels.iter_mut().zip(&finding.levels) {
        if level.users == note.users {
            level.taught = Some(note.taught.clone());
            level.counts = Some(note.counts);
        }
    }
}

fn capacity(finding: &Finding) -> Capacity {
    let bottleneck = finding.bottleneck.as_ref().map(|(resource, utilization)| {
        let (kind, node, process) = match resource.strip_prefix("host ") {
            Some(node) => ("host_cpu", node, None),
            None => {
                let (process, node) = resource.rsplit_once(" on ").unwrap_or((resource, ""));
                ("process_cpu", node, Some(process.to_owned()))
            }
        };
        Bottleneck {
            kind: kind.to_owned(),
            node: Some(node.to_owned()),
            process,
            utilization: Some(utilization.min(1.0)),
            costliest: None,
        }
    });
    let saturated = finding.max_throughput_per_s.is_some();
    let unexplained = Bottleneck {
        kind: "unexplained".to_owned(),
        node: None,
        process: None,
        utilization: None,
        costliest: None,
    };
    Capacity {
        max_throughput_per_s: finding.max_throughput_per_s.map(Interval::from),
        saturation_users: finding.saturation_users.map(Interval::from),
        // Less than one user is none.
        objective_users: finding
            .objective_users
            .filter(|users| users.value >= 1.0)
            .map(Interval::from),
        bottleneck: bottleneck.or_else(|| saturated.then_some(unexplained)),
    }
}

/// Adds the costliest transaction to a process that limits.
fn name_costliest(capacity: &mut Capacity, demands: &[TransactionDemands], levels: &[Level]) {
    let Some(Bottleneck {
        node: Some(node),
        process: Some(process),
        costliest,
        ..
    }) = &mut capacity.bottleneck
    else {
        return;
    };
    let mix_s = levels
        .iter()
        .flat_map(|level| &level.processes)
        .filter(|row| row.node == *node && row.process == *process)
        .filter_map(|row| row.service_demand_s)
        .max_by_key(|demand| demand.samples);
    *costliest = mix_s.and_then(|mix_s| separation::costliest(demands, (node, process), mix_s.value));
}

fn curve_row(point: &search::CurvePoint) -> CurveRow {
    CurveRow {
        users: point.users,
        throughput_per_s: point.throughput_per_s.value,
        response_time_s: point.response_time_s.value,
        throughput_band_per_s: point.throughput_per_s.into(),
        response_time_band_s: point.response_time_s.into(),
    }
}

fn facts(log: &RunLog) -> RunFacts {
    RunFacts {
        version: log.begin.version.clone(),
        started_at: log.begin.started_at.clone(),
        inputs: log.begin.inputs.clone(),
        command: log.begin.command.clone(),
        generator_host: log.begin.generator_host.clone(),
        agents: log
            .agents
            .iter()
            .map(|agent| format!("{}:{}: {}", agent.node, agent.port, agent.description))
            .collect(),
        strategy: log.begin.search.strategy.clone(),
    }
}

/// The last instant that the journal knows, s.
fn end_s(log: &RunLog) -> f64 {
    let last_level_s = log
        .levels
        .last()
        .map_or(0.0, |level| level.begin.at_s + load_s(level));
    log.end.as_ref().map_or(last_level_s, |end| end.at_s)
}

fn load_s(level: &LevelLog) -> f64 {
    let last_bin_s = level.bins().last().map_or(0.0, |bin| bin.start_s + bin.length_s);
    level
        .end
        .as_ref()
        .map_or(last_bin_s, |end| end.at_s - level.begin.at_s)
}
