//! `summary.txt`: the verdict, then AutoPerf's own layout (manual, section 7) per level, node and process.

use super::{Renderer, ReportError, number};
use crate::summary::{
    ByTransaction, Host, Interval, Java, Level, OpenLoad, Process, Processor, Summary, TransactionDemands,
};
use autoperf_models::grammar::measured;
use std::fmt::{self, Write};

/// The text form.
pub const RENDERER: Renderer = Renderer {
    name: "text",
    file_name: "summary.txt",
    about: "the verdict and AutoPerf's own summary per level, node and process",
    always: true,
    render: |summary| {
        let mut text = String::new();
        write_summary(&mut text, summary).map_err(|error| ReportError::Render {
            what: "summary.txt",
            reason: error.to_string(),
        })?;
        Ok(text)
    },
};

const RULE: &str = "==================================================";

fn write_summary(out: &mut String, summary: &Summary) -> fmt::Result {
    writeln!(out, "{}", summary.verdict.sentence)?;
    summary
        .verdict
        .reasons
        .iter()
        .try_for_each(|reason| writeln!(out, "  {reason}"))?;
    writeln!(out, "\nCan you trust this?")?;
    for audit in &summary.audits {
        writeln!(out, "  [{}] {}: {}", audit.status, audit.name, audit.detail)?;
        audit
            .advice
            .iter()
            .try_for_each(|advice| writeln!(out, "         {advice}"))?;
    }
    write_transaction_demands(out, &summary.transaction_demands)?;
    writeln!(out, "\nSummary:\n========")?;
    summary
        .levels
        .iter()
        .try_for_each(|level| write_level(out, level))?;
    let RunOrigin {
        seed,
        version,
        started_at,
    } = origin(summary);
    writeln!(
        out,
        "\nRun of {started_at} by autoperf {version}, seed {seed}; intervals are 95 %."
    )
}

fn write_transaction_demands(out: &mut String, rows: &[TransactionDemands]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWhat each transaction costs [milli sec of CPU]:")?;
    for row in rows {
        let index = row.condition_index.map_or_else(String::new, |index| {
            format!(
                "; condition index {} from {} windows",
                number::significant(index, 3),
                row.windows
            )
        });
        let note = row
            .note
            .as_ref()
            .map_or_else(String::new, |note| format!("; {note}"));
        writeln!(out, "  {} on {}{index}{note}", row.process, row.node)?;
        for cost in &row.transactions {
            let Some(demand) = cost.demand_s else { continue };
            let share = cost.cpu_share.map_or_else(String::new, |share| {
                format!(", {} of the process's CPU", number::percent(share))
            });
            writeln!(out, "    {} : {}{share}", cost.name, figure(Some(demand), 1e3, 3))?;
        }
    }
    Ok(())
}

struct RunOrigin<'a> {
    seed: u64,
    version: &'a str,
    started_at: &'a str,
}

fn origin(summary: &Summary) -> RunOrigin<'_> {
    RunOrigin {
        seed: summary.seed,
        version: &summary.run.version,
        started_at: &summary.run.started_at,
    }
}

fn write_level(out: &mut String, level: &Level) -> fmt::Result {
    let users = level.users;
    let name = level
        .transaction
        .as_deref()
        .unwrap_or("Probabilistic Session Generation");
    writeln!(
        out,
        "\n{RULE}\nTransaction Name : {name}\nLoad Level : {users}\n{RULE}"
    )?;
    let open = level.open.iter().flat_map(open_rows);
    for (label, value) in level_rows(level).into_iter().chain(open) {
        writeln!(out, "{label} : {value}")?;
    }
    level
        .by_transaction
        .iter()
        .try_for_each(|row| write_transaction(out, row))?;
    for process in &level.processes {
        let host = level.hosts.iter().find(|host| host.node == process.node);
        write_process(out, process, host, level)?;
    }
    Ok(())
}

/// The rows of a level by the manual's labels, with ours between them.
fn level_rows(level: &Level) -> Vec<(&'static str, String)> {
    let response = &level.response_time_s;
    let milliseconds =
        |value: Option<f64>| format!("{} [milli sec]", plain(value.map(|value_s| value_s * 1e3), 3));
    vec![
        (
            "Duration of load generation",
            format!("{:.1} [milli sec]", level.measured_s * 1e3),
        ),
        (
            "Total number of urls fired on the server",
            level.transactions.to_string(),
        ),
        ("Number of urls that timed out", level.timeouts.to_string()),
        ("Number of urls that failed", level.errors.to_string()),
        (
            "Response Time",
            format!("{} [milli sec]", figure(response.mean, 1e3, 3)),
        ),
        ("Response Time p50", milliseconds(response.p50)),
        ("Response Time p90", milliseconds(response.p90)),
        ("Response Time p95", milliseconds(response.p95)),
        ("Response Time p99", milliseconds(response.p99)),
        ("Response Time max", milliseconds(response.max)),
        (
            "Throughput",
            format!("{} [requests/sec]", figure(level.throughput_per_s, 1.0, 3)),
        ),
        (
            "Warm-up",
            format!("{:.1} [milli sec], {}", level.warmup_s * 1e3, level.steadiness),
        ),
        ("Generator", generator(level)),
    ]
}

fn generator(level: &Level) -> String {
    let state = &level.generator;
    let saturated = state
        .saturated_because
        .as_ref()
        .map_or_else(String::new, |why| format!(", SATURATED: {why}"));
    let doubt = state
        .doubtful_tail
        .as_ref()
        .map_or_else(String::new, |why| format!(", DOUBTFUL TAIL: {why}"));
    let unrecorded = match state.unrecorded {
        0 => String::new(),
        count => format!(", missing from the record {count}"),
    };
    let milliseconds = |value: Option<f64>| plain(value.map(|value_s| value_s * 1e3), 3);
    let threads: Vec<String> = state
        .threads
        .iter()
        .map(|thread| format!("{:.3} (waiting {:.3})", thread.cpu_utilization, thread.waiting))
        .collect();
    format!(
        "Cpu Utilization {}, threads {}, lateness p50 {} p99 {} max {} [milli sec], answers unread p99 {} max {} \
         [milli sec], wait for a processor {} [milli sec], local ports {}, descriptors {}, send stalls {}{unrecorded}{saturated}{doubt}",
        plain(state.cpu_utilization, 3),
        if threads.is_empty() {
            "not available".to_owned()
        } else {
            threads.join(" ")
        },
        milliseconds(state.lateness_p50_s),
        milliseconds(state.lateness_p99_s),
        milliseconds(state.lateness_max_s),
        milliseconds(state.read_delay_p99_s),
        milliseconds(state.read_delay_max_s),
        milliseconds(state.processor_wait_s),
        share_of(state.local_ports_in_use, state.local_ports),
        share_of(state.descriptors_in_use, state.descriptor_limit),
        state
            .send_stalls
            .map_or_else(|| "not available".to_owned(), |count| count.to_string()),
    )
}

fn share_of(used: Option<u64>, limit: Option<u64>) -> String {
    match (used, limit) {
        (Some(used), Some(limit)) => format!("{used} of {limit}"),
        _ => "not available".to_owned(),
    }
}

/// The rows that only an open level has.
fn open_rows(open: &OpenLoad) -> Vec<(&'static str, String)> {
    let times = &open.response_from_start_s;
    let milliseconds = |value: Option<f64>| plain(value.map(|value_s| value_s * 1e3), 3);
    let views = if open.views_differ {
        "differs from that from the intended start"
    } else {
        "the same as from the intended start"
    };
    vec![
        (
            "Arrivals",
            format!(
                "{} [requests/sec] ({}), at most {} of {} users busy, {} found none free",
                open.rate_per_s, open.arrivals, open.users_most, open.users_limit, open.unstarted
            ),
        ),
        (
            "Response Time from the actual start",
            format!(
                "{} p50 {} p95 {} p99 {} max {} [milli sec], {views}",
                milliseconds(times.mean),
                milliseconds(times.p50),
                milliseconds(times.p95),
                milliseconds(times.p99),
                milliseconds(times.max)
            ),
        ),
    ]
}

fn write_transaction(out: &mut String, row: &ByTransaction) -> fmt::Result {
    writeln!(
        out,
        "Transaction {} : {} fired, {} failed, {} timed out, Response Time {} [milli sec], p95 {} [milli sec]",
        row.name,
        row.count,
        row.errors,
        row.timeouts,
        plain(row.response_time_s.mean.map(|mean_s| mean_s * 1e3), 3),
        plain(row.response_time_s.p95.map(|p95_s| p95_s * 1e3), 3)
    )
}

fn write_process(out: &mut String, process: &Process, host: Option<&Host>, level: &Level) -> fmt::Result {
    writeln!(out, "\nNode : {}\nProcess : {}", process.node, process.process)?;
    writeln!(
        out,
        "Service Demand : {} [milli sec per transaction]",
        figure(process.service_demand_s, 1e3, 4)
    )?;
    writeln!(
        out,
        "Cpu Utilization : {} (of {})",
        plain(process.cpu_utilization, 3),
        measured(process.cores, "core")
    )?;
    let memory_kib = process.memory_peak_bytes.map(|bytes| bytes as f64 / 1024.0);
    writeln!(out, "Virtual Memory Usage : {} [KB]", plain(memory_kib, 1))?;
    write_evidence(out, process)?;
    process.java.iter().try_for_each(|java| write_java(out, java))?;
    process
        .processor
        .iter()
        .try_for_each(|processor| write_processor(out, processor))?;
    let Some(host) = host else { return Ok(()) };
    let counts = [
        ("Number of disk blocks read", host.disk_blocks_read),
        ("Number of disk blocks written", host.disk_blocks_written),
        ("Number of error-free network packets read", host.packets_received),
        ("Number of error-free network packets written", host.packets_sent),
    ];
    for (label, count) in counts {
        let served = level.transactions - level.errors - level.timeouts;
        let each = count
            .filter(|_| served > 0)
            .map(|count| count as f64 / served as f64);
        let each = each.map_or_else(String::new, |each| format!(" ({each:.3} per transaction)"));
        writeln!(
            out,
            "{label} : {}{each}",
            count.map_or_else(|| "not available".to_owned(), |count| count.to_string())
        )?;
    }
    writeln!(
        out,
        "Cpu of the node : {} busy, {} of it not by profiled processes; {} stolen by the hypervisor",
        plain(host.cpu_utilization, 3),
        plain(host.cpu_unattributed, 3),
        plain(host.cpu_steal, 3)
    )
}

/// On what the CPU figures rest.
fn write_evidence(out: &mut String, process: &Process) -> fmt::Result {
    let bound = plain(process.cpu_error_bound_s.map(|bound_s| bound_s * 1e3), 1);
    write!(out, "Cpu Source : {}, to {bound} [milli sec]", process.source)?;
    if let Some(overhead_s) = process.exit_overhead_s {
        write!(
            out,
            ", {:.1} [milli sec] of it for ending processes",
            overhead_s * 1e3
        )?;
    }
    if !process.complete {
        let why = process.missing.join("; ");
        write!(out, ", INCOMPLETE: {why}")?;
    }
    writeln!(out)
}

fn write_processor(out: &mut String, processor: &Processor) -> fmt::Result {
    if let Some(why) = &processor.absent {
        writeln!(out, "Processor counters : not available ({why})")?;
    } else {
        writeln!(
            out,
            "Processor counters : {} cycles, {} instructions, {} cache misses [per transaction]",
            plain(processor.cycles, 0),
            plain(processor.instructions, 0),
            plain(processor.cache_misses, 0)
        )?;
    }
    let Some(cycles) = processor.demand_cycles else {
        return Ok(());
    };
    writeln!(
        out,
        "Service Demand in cycles : {cycles:.0} [per transaction], at nominal frequency {} [milli sec]",
        plain(processor.demand_at_nominal_s.map(|demand_s| demand_s * 1e3), 4)
    )
}

fn write_java(out: &mut String, java: &Java) -> fmt::Result {
    let kib = |bytes: Option<u64>| plain(bytes.map(|bytes| bytes as f64 / 1024.0), 1);
    let milliseconds = |value_s: Option<f64>| plain(value_s.map(|value_s| value_s * 1e3), 1);
    if let Some(why) = &java.absent {
        writeln!(out, "Java heap : not available ({why})")?;
    } else {
        writeln!(
            out,
            "Java heap : {} [KB] used, {} [KB] committed",
            kib(java.heap_used_bytes),
            kib(java.heap_committed_bytes)
        )?;
    }
    for collector in &java.collectors {
        writeln!(
            out,
            "Java collector {} : {} collections, {:.1} [milli sec]",
            collector.name,
            collector.count,
            collector.time_s * 1e3
        )?;
    }
    writeln!(
        out,
        "Java Cpu : {} [milli sec] application, {} [milli sec] garbage collection, {} [milli sec] compilation; all stopped          for {} [milli sec]",
        milliseconds(java.application_cpu_s),
        milliseconds(java.collector_cpu_s),
        milliseconds(java.compiler_cpu_s),
        milliseconds(java.stopped_s)
    )
}

fn figure(interval: Option<Interval>, factor: f64, digits: usize) -> String {
    interval.map_or_else(
        || "not available".to_owned(),
        |Interval {
             value,
             low,
             high,
             samples,
         }| {
            let [value, low, high] = [value, low, high].map(|figure| figure * factor);
            format!("{value:.digits$} ({low:.digits$} to {high:.digits$}, n = {samples})")
        },
    )
}

fn plain(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "not available".to_owned(), |value| format!("{value:.digits$}"))
}
