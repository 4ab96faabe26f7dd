//! What a transaction takes of the processor itself: its own counters, and demand in cycles where the frequency is known.

use super::{Served, group};
use crate::journal::entry::AgentReading;
use crate::summary::Processor;
use autoperf_profiler::reading::HardwareCounts;

/// Over the readings on demand at the ends of the level (in the level's time), warm-up included; `demand_s` is CPU seconds per
/// transaction.
pub(super) fn over(
    readings: &[(f64, &AgentReading)],
    process: &str,
    served: &Served,
    demand_s: Option<f64>,
) -> Option<Processor> {
    let last = readings.last()?.1;
    let counted: Vec<(f64, HardwareCounts)> = readings
        .iter()
        .filter_map(|&(at_s, reading)| Some((at_s, group(reading, process)?.detail.hardware?)))
        .collect();
    let grown = counted.first().zip(counted.last());
    let each = |of: fn(&HardwareCounts) -> u64| {
        let ((from_s, before), (to_s, after)) = grown?;
        let transactions = served.until(*to_s) - served.until(*from_s);
        let count = of(after).checked_sub(of(before))?;
        (transactions > 0.0).then(|| count as f64 / transactions)
    };
    let frequencies = readings
        .iter()
        .filter_map(|(_, reading)| reading.reading.host.detail.frequency_hz);
    let frequencies: Vec<f64> = frequencies.map(|hz| hz as f64).collect();
    let mean_hz =
        (!frequencies.is_empty()).then(|| frequencies.iter().sum::<f64>() / frequencies.len() as f64);
    let nominal_hz = readings
        .iter()
        .find_map(|(_, reading)| reading.reading.host.detail.frequency_nominal_hz)
        .map(|hz| hz as f64)
        .filter(|hz| *hz > 0.0);
    let demand_cycles = demand_s.zip(mean_hz).map(|(demand_s, hz)| demand_s * hz);
    Some(Processor {
        cycles: each(|counts| counts.cycles),
        instructions: each(|counts| counts.instructions),
        cache_misses: each(|counts| counts.cache_misses),
        absent: readings
            .iter()
            .filter_map(|&(_, reading)| group(reading, process)?.detail.hardware_absent.clone())
            .next()
            .or_else(|| group(last, process).is_none().then(|| "no readings".to_owned())),
        demand_cycles,
        demand_at_nominal_s: demand_cycles.zip(nominal_hz).map(|(cycles, hz)| cycles / hz),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use autoperf_profiler::reading::{GroupReading, Reading};

    fn reading(cycles: u64, frequency_hz: Option<u64>) -> AgentReading {
        let mut group = GroupReading {
            name: "web".into(),
            ..GroupReading::default()
        };
        if cycles > 0 {
            group.detail.hardware = Some(HardwareCounts {
                cycles,
                instructions: 2 * cycles,
                cache_misses: cycles / 100,
            });
        } else {
            group.detail.hardware_absent = Some("a virtual machine".into());
        }
        let mut reading = Reading {
            groups: vec![group],
            ..Reading::default()
        };
        reading.host.detail.frequency_hz = frequency_hz;
        reading.host.detail.frequency_nominal_hz = frequency_hz.map(|hz| hz / 2);
        AgentReading {
            node: "a".into(),
            port: 1,
            at_s: 0.0,
            reading,
        }
    }

    fn served() -> Served {
        Served {
            ends: vec![(0.0, 0.0), (10.0, 50.0)],
        }
    }

    #[test]
    fn counts_are_by_transaction_and_demand_is_also_in_cycles() {
        let readings = [
            reading(1_000, Some(2_000_000_000)),
            reading(6_000, Some(4_000_000_000)),
        ];
        let placed = [(0.0, &readings[0]), (10.0, &readings[1])];
        let processor = over(&placed, "web", &served(), Some(0.01)).unwrap();
        assert_eq!(
            (processor.cycles, processor.instructions),
            (Some(100.0), Some(200.0))
        );
        assert_eq!(processor.demand_cycles, Some(3e7));
        assert_eq!(processor.demand_at_nominal_s, Some(0.03));
        assert_eq!(processor.absent, None);
    }

    #[test]
    fn what_is_not_there_is_absent_with_the_reason() {
        let silent = reading(0, None);
        let processor = over(&[(0.0, &silent), (10.0, &silent)], "web", &served(), Some(0.01)).unwrap();
        assert_eq!((processor.cycles, processor.demand_cycles), (None, None));
        assert_eq!(processor.absent.as_deref(), Some("a virtual machine"));
        assert!(over(&[], "web", &served(), None).is_none());
    }
}
