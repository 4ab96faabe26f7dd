//! What this machine can do as a generator, found out before it is trusted: facts and short measurements, each judged.

use super::saturation::{CPU_LIMIT, LATENESS_FLOOR_S};
use serde::Serialize;

pub mod facts;
pub mod null_site;
pub mod reach;

pub use facts::Facts;
pub use reach::{Lateness, Reach};

/// How a line came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing speaks against it.
    Pass,
    /// Something to know before figures are trusted.
    Warn,
    /// Figures from this machine cannot be trusted.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What.
    pub name: &'static str,
    /// How it came out.
    pub status: Status,
    /// What was found, with units.
    pub found: String,
    /// What to do about it, where there is something to do.
    pub advice: Option<&'static str>,
}

/// Everything that is looked at, in the order of the table.
pub const CHECKS: &[fn(&Facts) -> Line] = &[
    rate,
    lateness,
    cores,
    descriptors,
    ports,
    clock,
    governor,
    steal,
    run_delay,
];

/// Judges what was found.
#[must_use]
pub fn examine(facts: &Facts) -> Vec<Line> {
    CHECKS.iter().map(|check| check(facts)).collect()
}

/// The requests that a generator thread must reach to be of use, and to be beyond doubt, per second.
const RATE_LIMITS_PER_S: (f64, f64) = (1_000.0, 10_000.0);
/// Lateness of 1 % of the transactions beyond which a machine is no good as a generator, and that is beyond doubt, s.
const LATENESS_LIMITS_S: (f64, f64) = (LATENESS_FLOOR_S, 0.002);
/// Fewest descriptors that suit any capacity analysis, and that suit a large one.
const DESCRIPTOR_LIMITS: (u64, u64) = (256, 8_192);
/// Fewest local ports that suit a large analysis of one address.
const PORT_LIMIT: u64 = 10_000;
/// Stolen share of the processors beyond which timing is spoilt, and that is beyond doubt.
const STEAL_LIMITS: (f64, f64) = (0.10, 0.01);
/// Clock sources that are read without a system call.
const FAST_CLOCKS: [&str; 4] = [
    "tsc",
    "kvm-clock",
    "arch_sys_counter",
    "hyperv_clocksource_tsc_page",
];
/// Cost of a reading of the clock beyond which it shows in the cost of a request, ns.
const CLOCK_LIMIT_NS: f64 = 300.0;

fn line(name: &'static str, status: Status, found: String, advice: &'static str) -> Line {
    let advice = (status != Status::Pass).then_some(advice);
    Line {
        name,
        status,
        found,
        advice,
    }
}

/// Below `fail` it fails, below `good` it warns.
fn at_least<T: PartialOrd>(value: T, (fail, good): (T, T)) -> Status {
    if value < fail {
        Status::Fail
    } else if value < good {
        Status::Warn
    } else {
        Status::Pass
    }
}

/// Above `fail` it fails, above `good` it warns.
fn at_most(value: f64, (fail, good): (f64, f64)) -> Status {
    at_least(-value, (-fail, -good))
}

fn rate(facts: &Facts) -> Line {
    let name = "Rate";
    let advice = "use a faster machine, or one that does nothing else, as the generator";
    let Ok(reach) = &facts.reach else {
        return unmeasured(name, &facts.reach);
    };
    line(
        name,
        at_least(reach.rate_per_s, RATE_LIMITS_PER_S),
        format!(
            "{:.0} requests/s from one thread against an internal null server, {:.1} us of CPU time each; up to {:.0}/s before \
             the generator counts as the limit",
            reach.rate_per_s,
            reach.cpu_s * 1e6,
            CPU_LIMIT / reach.cpu_s
        ),
        advice,
    )
}

fn lateness(facts: &Facts) -> Line {
    let name = "Lateness";
    let advice =
        "other work takes the processors; end it, or use a machine that does nothing else as the generator";
    let Ok(late) = &facts.lateness else {
        return unmeasured(name, &facts.lateness);
    };
    let judged = match (&late.saturated, &late.doubtful_tail) {
        (Some(_), _) => Status::Fail,
        (None, Some(_)) => Status::Warn,
        (None, None) => Status::Pass,
    };
    let status = at_most(late.p99_s, LATENESS_LIMITS_S).max(judged);
    let because = late
        .saturated
        .as_ref()
        .map(|why| format!("; a run would be refused: {why}"))
        .or_else(|| Some(format!("; {}", late.doubtful_tail.as_ref()?)))
        .unwrap_or_default();
    line(
        name,
        status,
        format!(
            "{} users with 1 s of think time began p50 {:.2}, p99 {:.2}, at most {:.1} ms late; answers lay unread p99 {:.2} \
             ms; mean wait for a processor {}{because}",
            late.users,
            late.p50_s * 1e3,
            late.p99_s * 1e3,
            late.max_s * 1e3,
            late.read_delay_p99_s * 1e3,
            late.processor_wait_s.map_or_else(
                || "not told".to_owned(),
                |wait_s| format!("{:.2} ms", wait_s * 1e3)
            ),
        ),
        advice,
    )
}

fn unmeasured<T>(name: &'static str, measured: &Result<T, String>) -> Line {
    let why = measured.as_ref().err().map_or("", String::as_str);
    line(
        name,
        Status::Fail,
        format!("could not be measured: {why}"),
        "no run is possible here before that is mended",
    )
}

fn cores(facts: &Facts) -> Line {
    let status = at_least(facts.cores, (1, 2));
    let threads = super::engine::shards(facts.cores);
    line(
        "Processors",
        status,
        format!(
            "{} that this process may use; {threads} would generate load",
            facts.cores
        ),
        "a site on the same processor competes with its generator; use two machines",
    )
}

fn descriptors(facts: &Facts) -> Line {
    let (soft, reached) = facts.descriptors;
    let raised = if reached > soft {
        format!(", raised from {soft}")
    } else {
        String::new()
    };
    let ceiling = facts.descriptor_ceiling.filter(|ceiling| *ceiling > reached);
    let refused = ceiling.map_or_else(String::new, |ceiling| {
        format!(
            "; the kernel has up to {ceiling} (fs.nr_open) for who may raise the hard limit (CAP_SYS_RESOURCE)"
        )
    });
    line(
        "Open files",
        at_least(reached, DESCRIPTOR_LIMITS),
        format!("at most {reached} descriptors{raised}; one for each user's connection{refused}"),
        "raise the limit: ulimit -Hn, LimitNOFILE= of a systemd unit, or fs.nr_open",
    )
}

fn ports(facts: &Facts) -> Line {
    let name = "Local ports";
    let advice = "widen net.ipv4.ip_local_port_range";
    let Some((low, high)) = facts.ports else {
        return line(name, Status::Warn, "not told by the system".to_owned(), advice);
    };
    let count = u64::from(high - low) + 1;
    let waiting = facts.time_wait.unwrap_or(0);
    let status = at_least(count.saturating_sub(waiting), (0, PORT_LIMIT));
    line(
        name,
        status,
        format!(
            "{count} ({low} to {high}) for connections to one address, {waiting} still held by closed ones"
        ),
        advice,
    )
}

fn clock(facts: &Facts) -> Line {
    let source = facts.clock_source.as_deref().unwrap_or("not told");
    let slow = facts.clock_read_ns > CLOCK_LIMIT_NS;
    let known = facts.clock_source.is_none() || FAST_CLOCKS.contains(&source);
    let status = if slow || !known {
        Status::Warn
    } else {
        Status::Pass
    };
    line(
        "Clock source",
        status,
        format!("{source}, {:.0} ns a reading", facts.clock_read_ns),
        "a slow clock costs CPU time at every request; boot with tsc where the processor allows it",
    )
}

fn governor(facts: &Facts) -> Line {
    let name = "Frequency governor";
    let advice = "CPU times vary with the clock rate; set the governor to performance while measuring";
    let mut kinds = facts.governors.clone();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.is_empty() {
        let found = "none to be seen (a virtual machine, or a fixed clock rate)".to_owned();
        return line(name, Status::Pass, found, advice);
    }
    let steady = kinds.iter().all(|kind| kind == "performance");
    let status = if steady { Status::Pass } else { Status::Warn };
    line(name, status, kinds.join(", "), advice)
}

fn steal(facts: &Facts) -> Line {
    let name = "Stolen by the hypervisor";
    let advice = "use a machine with processors of its own";
    match facts.steal {
        Some(share) => line(
            name,
            at_most(share, STEAL_LIMITS),
            format!("{:.1} % of the processors' time while measuring", share * 100.0),
            advice,
        ),
        None => line(name, Status::Warn, "not told by the system".to_owned(), advice),
    }
}

fn run_delay(facts: &Facts) -> Line {
    let (status, found) = match facts.run_delay_told {
        true => (Status::Pass, "told by the kernel (schedstat)"),
        false => (
            Status::Warn,
            "not told by the kernel: starvation shows only as lateness",
        ),
    };
    line(
        "Wait for a processor",
        status,
        found.to_owned(),
        "use a kernel with CONFIG_SCHED_INFO",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Facts {
        Facts {
            cores: 4,
            descriptors: (1_024, 1 << 20),
            descriptor_ceiling: Some(1 << 20),
            ports: Some((32_768, 60_999)),
            time_wait: Some(12),
            clock_source: Some("tsc".into()),
            clock_read_ns: 25.0,
            governors: vec!["performance".into(); 4],
            steal: Some(0.0),
            run_delay_told: true,
            reach: Ok(Reach {
                rate_per_s: 90_000.0,
                cpu_s: 11e-6,
            }),
            lateness: Ok(Lateness {
                users: 1_000,
                p50_s: 1e-4,
                p99_s: 3e-4,
                max_s: 2e-3,
                read_delay_p99_s: 2e-4,
                processor_wait_s: Some(1e-5),
                saturated: None,
                doubtful_tail: None,
            }),
        }
    }

    /// What becomes of the table when one fact changes.
    fn changed(change: impl Fn(&mut Facts)) -> Vec<(&'static str, Status)> {
        let mut facts = sound();
        change(&mut facts);
        let lines = examine(&facts);
        assert!(lines.iter().all(|line| !line.found.contains("NaN")));
        let troubled = lines.iter().filter(|line| line.status != Status::Pass);
        troubled
            .map(|line| {
                assert!(line.advice.is_some(), "{}", line.name);
                (line.name, line.status)
            })
            .collect()
    }

    #[test]
    fn a_sound_machine_passes_and_every_line_has_its_name() {
        assert_eq!(changed(|_| {}), []);
        let lines = examine(&sound());
        for (index, line) in lines.iter().enumerate() {
            assert!(lines[..index].iter().all(|other| other.name != line.name));
        }
    }

    #[test]
    fn each_weakness_is_seen_by_itself() {
        use Status::{Fail, Warn};
        let late = |facts: &mut Facts, p99_s: f64| {
            if let Ok(lateness) = &mut facts.lateness {
                lateness.p99_s = p99_s;
            }
        };
        let slow = |rate_per_s: f64| {
            Ok(Reach {
                rate_per_s,
                cpu_s: 1e-4,
            })
        };
        assert_eq!(changed(|f| f.reach = slow(5_000.0)), [("Rate", Warn)]);
        assert_eq!(changed(|f| f.reach = slow(500.0)), [("Rate", Fail)]);
        assert_eq!(changed(|f| f.reach = Err("no socket".into())), [("Rate", Fail)]);
        assert_eq!(changed(|f| late(f, 0.005)), [("Lateness", Warn)]);
        assert_eq!(changed(|f| late(f, 0.020)), [("Lateness", Fail)]);
        let starved = |f: &mut Facts| {
            if let Ok(lateness) = &mut f.lateness {
                lateness.saturated = Some("it was starved".into());
            }
        };
        assert_eq!(changed(starved), [("Lateness", Fail)]);
        assert_eq!(changed(|f| f.cores = 1), [("Processors", Warn)]);
        assert_eq!(changed(|f| f.descriptors = (64, 64)), [("Open files", Fail)]);
        let mut refused = sound();
        refused.descriptors = (20_000, 20_000);
        let found = descriptors(&refused).found;
        assert!(found.contains("up to 1048576 (fs.nr_open)"), "{found}");
        assert!(!descriptors(&sound()).found.contains("fs.nr_open"));
        assert_eq!(
            changed(|f| f.descriptors = (1_024, 1_024)),
            [("Open files", Warn)]
        );
        assert_eq!(
            changed(|f| f.ports = Some((20_000, 20_099))),
            [("Local ports", Warn)]
        );
        assert_eq!(changed(|f| f.time_wait = Some(27_000)), [("Local ports", Warn)]);
        assert_eq!(
            changed(|f| f.clock_source = Some("hpet".into())),
            [("Clock source", Warn)]
        );
        assert_eq!(changed(|f| f.clock_read_ns = 900.0), [("Clock source", Warn)]);
        let mixed = |f: &mut Facts| f.governors[2] = "powersave".into();
        assert_eq!(changed(mixed), [("Frequency governor", Warn)]);
        assert_eq!(changed(|f| f.governors.clear()), []);
        assert_eq!(
            changed(|f| f.steal = Some(0.03)),
            [("Stolen by the hypervisor", Warn)]
        );
        assert_eq!(
            changed(|f| f.steal = Some(0.3)),
            [("Stolen by the hypervisor", Fail)]
        );
        assert_eq!(
            changed(|f| f.run_delay_told = false),
            [("Wait for a processor", Warn)]
        );
    }
}
