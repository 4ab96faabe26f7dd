//! The way of a process group from reading to reading, and whether anything of it is missing.

use super::{Served, group};
use crate::journal::entry::AgentReading;
use autoperf_profiler::reading::GroupReading;

/// The steady part may begin or end so long, s, before the first reading in it or after the last: a sample is taken each
/// second, and on a loaded server somewhat later.
const EDGE_S: f64 = 3.0;

/// Successive readings of a group.
pub(super) struct Steps<'a> {
    /// When, in the level's time, and what.
    pub(super) groups: Vec<(f64, &'a GroupReading)>,
    /// CPU time between two readings, s.
    pub(super) cpu_s: Vec<f64>,
    /// Transactions served meanwhile.
    pub(super) counts: Vec<f64>,
    /// Time between them, s.
    pub(super) spans_s: Vec<f64>,
    /// Whether nothing is known to be missing.
    pub(super) complete: bool,
}

impl<'a> Steps<'a> {
    /// The steady part reaches from `since_s` to `until_s`. Where an agent began anew, its counts did too: what was between the two readings is not known.
    pub(super) fn new(
        readings: &[(f64, &'a AgentReading)],
        process: &str,
        served: &Served,
        (since_s, until_s): (f64, f64),
    ) -> Self {
        let with_group = |&(at_s, reading): &(f64, &'a AgentReading)| {
            Some((at_s, reading.reading.sequence, group(reading, process)?))
        };
        let numbered: Vec<(f64, u64, &GroupReading)> = readings.iter().filter_map(with_group).collect();
        let (mut cpu_s, mut counts, mut spans_s) = (Vec::new(), Vec::new(), Vec::new());
        let mut unbroken = true;
        for pair in numbered.windows(2) {
            let [(from_s, from, before), (to_s, to, after)] = pair else {
                continue;
            };
            unbroken &= *to == *from + 1;
            if to > from && after.cpu_ns >= before.cpu_ns {
                cpu_s.push((after.cpu_ns - before.cpu_ns) as f64 * 1e-9);
                counts.push(served.until(*to_s) - served.until(*from_s));
                spans_s.push(to_s - from_s);
            } else {
                unbroken = false;
            }
        }
        let groups: Vec<_> = numbered.iter().map(|&(at_s, _, group)| (at_s, group)).collect();
        let covered = groups
            .first()
            .zip(groups.last())
            .is_some_and(|((first_s, _), (last_s, _))| {
                *first_s <= since_s + EDGE_S && *last_s >= until_s - EDGE_S
            });
        let complete = unbroken && covered && groups.iter().all(|(_, group)| group.complete);
        Self {
            groups,
            cpu_s,
            counts,
            spans_s,
            complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autoperf_profiler::reading::Reading;

    fn reading(sequence: u64, cpu_ms: u64) -> AgentReading {
        let group = GroupReading {
            name: "web".into(),
            cpu_ns: cpu_ms * 1_000_000,
            complete: true,
            ..GroupReading::default()
        };
        AgentReading {
            node: "a".into(),
            port: 1,
            at_s: 0.0,
            reading: Reading {
                sequence,
                groups: vec![group],
                ..Reading::default()
            },
        }
    }

    fn steps(instants_s: &[f64], readings: &[AgentReading]) -> (Vec<f64>, bool) {
        let served = Served {
            ends: vec![(0.0, 0.0), (10.0, 100.0)],
        };
        let placed: Vec<_> = instants_s.iter().copied().zip(readings).collect();
        let steps = Steps::new(&placed, "web", &served, (2.0, 10.0));
        (steps.cpu_s, steps.complete)
    }

    #[test]
    fn an_unbroken_way_through_the_steady_part_is_complete() {
        let readings = [reading(4, 100), reading(5, 150), reading(6, 250)];
        let (cpu_s, complete) = steps(&[2.5, 5.0, 9.5], &readings);
        assert_eq!((cpu_s.len(), complete), (2, true));
        assert!((cpu_s[1] - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_missing_reading_a_missing_part_and_a_new_beginning_are_seen() {
        let gap = [reading(4, 100), reading(6, 250)];
        assert!(!steps(&[2.5, 9.5], &gap).1);
        let early = [reading(4, 100), reading(5, 150)];
        assert!(!steps(&[2.5, 5.5], &early).1);
        assert!(!steps(&[6.0, 9.5], &early).1);
        let anew = [reading(40, 900), reading(1, 0), reading(2, 80)];
        let (cpu_s, complete) = steps(&[2.5, 5.0, 9.5], &anew);
        assert!(!complete);
        assert_eq!(cpu_s.len(), 1, "the step over the new beginning is left out");
        assert!(!steps(&[], &[]).1);
    }
}
