//! A run by hand: four levels on two processes, one of them not steady; a second one that is slower.

use autoperf::summary::*;
use std::collections::BTreeMap;

pub(crate) fn interval(value: f64, half: f64) -> Interval {
    Interval {
        value,
        low: value - half,
        high: value + half,
        samples: 1000,
    }
}

fn process(process: &str, demand_s: f64, throughput_per_s: f64) -> Process {
    let busy = demand_s * throughput_per_s / 2.0;
    Process {
        node: "db1".into(),
        process: process.into(),
        service_demand_s: Some(interval(demand_s, demand_s / 50.0)),
        cpu_utilization: Some(busy),
        cpu_utilization_interval: Some(interval(busy, busy / 40.0)),
        cores: 2.0,
        core_set: None,
        memory_peak_bytes: Some(64 << 20),
        source: "process-clock".into(),
        complete: true,
        missing: Vec::new(),
        cpu_error_bound_s: Some(0.016),
        exit_overhead_s: None,
        java: None,
        processor: Some(Processor {
            cycles: Some(4.0e7),
            instructions: Some(6.0e7),
            cache_misses: Some(1.0e5),
            absent: None,
            demand_cycles: Some(demand_s * 2.5e9),
            demand_at_nominal_s: Some(demand_s),
        }),
    }
}

fn transaction(name: &str, count: u64, mean_s: f64) -> ByTransaction {
    ByTransaction {
        name: name.into(),
        count,
        errors: 0,
        timeouts: 0,
        errors_by_kind: BTreeMap::new(),
        response_time_s: TransactionResponse {
            mean: Some(mean_s),
            p95: Some(mean_s * 2.0),
        },
    }
}

fn phases(count: u64, mean_s: f64) -> Vec<PhaseTime> {
    let phase = |(name, count, share): (&str, u64, f64)| PhaseTime {
        name: name.into(),
        count,
        mean_s: mean_s * share,
        p95_s: Some(mean_s * share * 2.0),
    };
    [
        ("connect", count / 5, 0.01),
        ("send", count, 0.001),
        ("wait", count, 0.9),
        ("receive", count, 0.09),
    ]
    .map(phase)
    .into()
}

/// Most of them near the mean, a few far above it.
fn histogram(count: u64, mean_s: f64) -> Vec<HistogramStep> {
    let step = |index: i32| HistogramStep {
        from_s: mean_s * 1.25_f64.powi(index),
        to_s: mean_s * 1.25_f64.powi(index + 1),
        count: count * [1, 4, 9, 12, 8, 3, 2, 0, 1][(index + 4) as usize] / 40,
    };
    (-4..5).map(step).collect()
}

fn transaction_demands() -> Vec<TransactionDemands> {
    let demand = |name: &str, demand_s: f64, cpu_share: f64| TransactionDemand {
        name: name.into(),
        demand_s: Some(interval(demand_s, demand_s / 25.0)),
        cpu_share: Some(cpu_share),
    };
    let row = |process: &str, transactions: Vec<TransactionDemand>| TransactionDemands {
        node: "db1".into(),
        process: process.into(),
        separable: true,
        note: None,
        condition_index: Some(7.3),
        windows: 38,
        transactions,
    };
    let unknown = ["Browse", "Search"].map(|name| TransactionDemand {
        name: name.into(),
        demand_s: None,
        cpu_share: None,
    });
    vec![
        row(
            "httpd",
            vec![demand("Browse", 0.0107, 0.334), demand("Search", 0.0213, 0.666)],
        ),
        TransactionDemands {
            separable: false,
            note: Some("not separable from these data: 1 window of 2 s for 2 transactions".into()),
            condition_index: None,
            windows: 1,
            ..row("mariadbd", unknown.into())
        },
    ]
}

fn java() -> Java {
    Java {
        absent: None,
        heap_used_bytes: Some(20 << 20),
        heap_committed_bytes: Some(32 << 20),
        collectors: vec![Collector {
            name: "Copy".into(),
            count: 12,
            time_s: 0.0315,
        }],
        stopped_s: Some(0.04),
        collector_cpu_s: Some(0.05),
        compiler_cpu_s: None,
        application_cpu_s: Some(1.5),
    }
}

fn processes(throughput_per_s: f64) -> Vec<Process> {
    let httpd = Process {
        java: Some(java()),
        ..process("httpd", 0.016, throughput_per_s)
    };
    vec![httpd, process("mariadbd", 0.0065, throughput_per_s)]
}

/// A level with so many users, throughput per second and mean response time, s.
pub(crate) fn level(users: u32, throughput_per_s: f64, mean_s: f64) -> Level {
    let transactions = (throughput_per_s * 20.0).round() as u64;
    let point = |second: u32| TimelinePoint {
        at_s: f64::from(second),
        throughput_per_s,
        response_time_s: Some(mean_s),
        measured: second >= 3,
    };
    Level {
        users,
        why: format!("{users} users to learn the curve."),
        purpose: "explore".into(),
        transaction: None,
        taught: Some("It fits the model.".into()),
        counts: None,
        warmup_s: 3.0,
        measured_s: 20.0,
        transactions,
        errors: 0,
        timeouts: 0,
        throughput_per_s: Some(interval(throughput_per_s, throughput_per_s / 50.0)),
        response_time_s: ResponseTime {
            mean: Some(interval(mean_s, mean_s / 20.0)),
            p50: Some(mean_s * 0.9),
            p90: Some(mean_s * 1.6),
            p95: Some(mean_s * 2.0),
            p99: Some(mean_s * 3.0),
            max: Some(mean_s * 4.5),
        },
        think_time_s: Some(0.4),
        steady: true,
        steadiness: "steady since 3.0 s".into(),
        ended_by: "precise".into(),
        little_gap: Some(0.003),
        open: None,
        generator: Generator {
            cpu_utilization: Some(0.04),
            lateness_p99_s: Some(0.002),
            saturated: false,
            saturated_because: None,
            ..Generator::default()
        },
        processes: processes(throughput_per_s),
        hosts: vec![Host {
            node: "db1".into(),
            cpu_utilization: Some(0.8),
            cpu_steal: Some(0.0004),
            cpu_unattributed: Some(0.02),
            disk_blocks_read: Some(128),
            disk_blocks_written: None,
            packets_received: Some(9000),
            packets_sent: Some(8000),
        }],
        by_transaction: vec![
            transaction("Browse", transactions / 2, mean_s),
            transaction("Search", transactions - transactions / 2, mean_s),
        ],
        timeline: (0..23).map(point).collect(),
        phases: phases(transactions, mean_s),
        response_histogram: histogram(transactions, mean_s),
    }
}

fn curve() -> Vec<CurveRow> {
    let row = |users: u32| {
        let throughput = (f64::from(users) / 0.42).min(125.0);
        let response_s = (f64::from(users) / throughput - 0.4).max(0.02);
        CurveRow {
            users,
            throughput_per_s: throughput,
            response_time_s: response_s,
            throughput_band_per_s: interval(throughput, throughput / 30.0),
            response_time_band_s: interval(response_s, response_s / 15.0),
        }
    };
    (1..=100).map(row).collect()
}

fn levels() -> Vec<Level> {
    let mut first = level(1, 2.38, 0.02);
    first.steady = false;
    first.steadiness = "not steady: the transient since the level's begin has not ended".into();
    first.ended_by = "time_limit".into();
    first.taught = Some("It does not count: it was not steady.".into());
    first.counts = Some(false);
    let mut last = level(100, 124.0, 0.406);
    last.errors = 1;
    last.timeouts = 1;
    last.by_transaction[1].errors = 1;
    last.by_transaction[1].timeouts = 1;
    last.by_transaction[1].errors_by_kind = [("status 500".to_owned(), 1), ("time-out".to_owned(), 1)].into();
    vec![first, level(52, 122.5, 0.0245), last, level(70, 125.2, 0.159)]
}

fn audits() -> Vec<Audit> {
    let audit = |name: &str, status: &str, advice: Option<&str>| Audit {
        name: name.into(),
        status: status.into(),
        detail: format!("the figure of {name}, beside its limit"),
        advice: advice.map(str::to_owned),
    };
    vec![
        audit("The generator was not the limit", "pass", None),
        audit("Every level became steady", "warn", Some("give it more time")),
        audit(
            "The profilers saw everything",
            "fail",
            Some("look at the agent's log"),
        ),
    ]
}

/// The run.
pub(crate) fn summary() -> Summary {
    Summary {
        schema_version: SCHEMA_VERSION,
        run: RunFacts {
            version: "0.1.0".into(),
            started_at: "2026-01-02T03:04:05Z".into(),
            inputs: [("input".to_owned(), "input.xml".to_owned())].into(),
            command: ["autoperf", "capacity"].map(str::to_owned).into(),
            generator_host: "load1, Linux 6.1, 8 cores".into(),
            agents: vec!["db1:22221: db1, agent 0.1.0, Linux 6.1, 2 cores".into()],
            strategy: "model-guided".into(),
        },
        mode: "capacity".into(),
        seed: 7,
        wall_time_s: 100.5,
        load_time_s: 92.0,
        verdict: Verdict {
            code: "found".into(),
            sentence: "53 users (51-55) saturate the site at 125.0 transactions/s (121.0-129.0); the limit is httpd's CPU on db1 (100 % of 2 cores), 16.00 ms per transaction, of which Search takes 21.30 ms (20.50-22.10).".into(),
            reasons: vec!["Throughput stays at 125 per second beyond 53 users.".into()],
        },
        objective: Some(Objective {
            quantile: 0.95,
            limit_s: 0.5,
        }),
        capacity: Capacity {
            max_throughput_per_s: Some(interval(125.0, 4.0)),
            saturation_users: Some(interval(53.0, 2.0)),
            objective_users: Some(interval(78.0, 4.0)),
            bottleneck: Some(Bottleneck {
                kind: "process_cpu".into(),
                node: Some("db1".into()),
                process: Some("httpd".into()),
                utilization: Some(1.0),
                costliest: Some(Costliest {
                    transaction: "Search".into(),
                    demand_s: interval(0.0213, 0.0008),
                }),
            }),
        },
        levels: levels(),
        transaction_demands: transaction_demands(),
        curve: curve(),
        audits: audits(),
        records: vec![RecordEnd {
            path: "transactions.csv".into(),
            written: 20_400,
            missing: 0,
            failure: None,
        }],
    }
}

/// The same site after a change that makes a transaction dearer on the database: slower by 30 % at the plateau.
pub(crate) fn slower() -> Summary {
    let mut summary = summary();
    summary.verdict.sentence = "40 users (38-42) saturate the site.".into();
    summary.capacity.max_throughput_per_s = Some(interval(87.5, 3.0));
    summary.capacity.saturation_users = Some(interval(40.0, 2.0));
    for level in &mut summary.levels {
        level.processes[0].service_demand_s = Some(interval(0.0161, 0.0004));
        level.processes[1].service_demand_s = Some(interval(0.0215, 0.0005));
    }
    summary.levels[1] = Level {
        processes: summary.levels[1].processes.clone(),
        ..level(52, 87.0, 0.198)
    };
    summary
}
