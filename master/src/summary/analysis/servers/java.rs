//! What Java virtual machines did over a level.

use super::group;
use crate::journal::entry::AgentReading;
use crate::summary::{Collector, Java};
use autoperf_profiler::reading::{GroupReading, Jvm};
use std::collections::BTreeMap;

/// From the readings on demand at the ends of the level, warm-up included; `None` without a Java virtual machine. Only a
/// machine that was there at both ends counts.
pub(super) fn over(readings: &[(f64, &AgentReading)], process: &str) -> Option<Java> {
    let groups: Vec<&GroupReading> = readings
        .iter()
        .filter_map(|(_, reading)| group(reading, process))
        .collect();
    of_groups(&groups)
}

fn of_groups(groups: &[&GroupReading]) -> Option<Java> {
    let mut looks = groups.iter().map(|group| &group.detail.jvms);
    let first = looks.find(|jvms| !jvms.is_empty())?;
    let last = looks.rfind(|jvms| !jvms.is_empty()).unwrap_or(first);
    let pairs: Vec<(&Jvm, &Jvm)> = last
        .iter()
        .filter_map(|after| Some((first.iter().find(|before| before.pid == after.pid)?, after)))
        .collect();
    let grown = |value: fn(&Jvm) -> Option<u64>| {
        let each = pairs
            .iter()
            .map(|(before, after)| Some(value(after)?.saturating_sub(value(before)?)));
        seconds(sum(each))
    };
    let now = |value: fn(&Jvm) -> Option<u64>| sum(last.iter().map(value));
    Some(Java {
        absent: last.iter().find_map(|jvm| jvm.absent.clone()),
        heap_used_bytes: now(|jvm| jvm.heap_used_bytes),
        heap_committed_bytes: now(|jvm| jvm.heap_committed_bytes),
        collectors: collectors(&pairs),
        stopped_s: grown(|jvm| jvm.safepoint_ns),
        collector_cpu_s: grown(|jvm| jvm.gc_cpu_ns),
        compiler_cpu_s: grown(|jvm| jvm.compiler_cpu_ns),
        application_cpu_s: grown(|jvm| jvm.application_cpu_ns),
    })
}

fn collectors(pairs: &[(&Jvm, &Jvm)]) -> Vec<Collector> {
    let mut by_name: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (before, after) in pairs {
        for collector in &after.collectors {
            let from = before.collectors.iter().find(|from| from.name == collector.name);
            let (count, time_ns) = from.map_or((0, 0), |from| (from.count, from.time_ns));
            let sums = by_name.entry(&collector.name).or_default();
            sums.0 += collector.count.saturating_sub(count);
            sums.1 += collector.time_ns.saturating_sub(time_ns);
        }
    }
    let named = by_name.into_iter().map(|(name, (count, time_ns))| Collector {
        name: name.to_owned(),
        count,
        time_s: time_ns as f64 * 1e-9,
    });
    named.collect()
}

/// `None` when nothing is known of any.
fn sum(each: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let known: Vec<u64> = each.flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum())
}

fn seconds(value_ns: Option<u64>) -> Option<f64> {
    value_ns.map(|value_ns| value_ns as f64 * 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autoperf_profiler::reading::JvmCollector;

    fn reading(jvms: Vec<Jvm>) -> GroupReading {
        let mut group = GroupReading::default();
        group.detail.jvms = jvms;
        group
    }

    fn jvm(pid: u32, count: u64, heap: u64) -> Jvm {
        Jvm {
            pid,
            heap_used_bytes: Some(heap),
            collectors: vec![JvmCollector {
                name: "Copy".into(),
                count,
                time_ns: count * 2_000_000,
            }],
            safepoint_ns: Some(count * 3_000_000),
            ..Jvm::default()
        }
    }

    #[test]
    fn collections_are_those_of_the_level_and_the_heap_is_that_at_its_end() {
        let readings = [
            reading(vec![jvm(7, 10, 100)]),
            reading(Vec::new()),
            reading(vec![jvm(7, 15, 300), jvm(8, 2, 50)]),
        ];
        let groups: Vec<&GroupReading> = readings.iter().collect();
        let java = of_groups(&groups).unwrap();
        assert_eq!(java.heap_used_bytes, Some(350));
        assert_eq!((java.collectors.len(), java.collectors[0].count), (1, 5));
        assert!((java.collectors[0].time_s - 0.010).abs() < 1e-12);
        assert!((java.stopped_s.unwrap() - 0.015).abs() < 1e-12);
        assert_eq!(java.compiler_cpu_s, None, "not known is not zero");
        assert!(of_groups(&groups[1..2]).is_none());
    }

    #[test]
    fn a_machine_without_counters_says_why() {
        let silent = Jvm {
            pid: 7,
            absent: Some("started without them".into()),
            application_cpu_ns: Some(5_000_000_000),
            ..Jvm::default()
        };
        let reading = reading(vec![silent]);
        let java = of_groups(&[&reading, &reading]).unwrap();
        assert_eq!(java.absent.as_deref(), Some("started without them"));
        assert_eq!((java.application_cpu_s, java.heap_used_bytes), (Some(0.0), None));
    }
}
