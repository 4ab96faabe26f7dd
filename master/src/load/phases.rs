//! How long transactions spent in each phase: a sum and a small histogram for each, filled as they end.

use super::histogram::Histogram;
use autoperf_models::record::Record;

/// Every phase, in the order in which a transaction goes through them. Names of hosts are looked up once, before the load.
pub const PHASES: [&str; 6] = ["connect", "tls", "send", "wait", "receive", "process"];

/// Times in the phases, by index in `PHASES`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Phases {
    /// One for each phase.
    pub times: [PhaseTimes; PHASES.len()],
}

/// Times in one phase.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PhaseTimes {
    /// Their sum, s.
    pub sum_s: f64,
    /// Their distribution.
    pub histogram: Histogram,
}

impl Phases {
    /// Adds the phases that a served transaction went through: connecting only where it opened a connection, TLS only where
    /// that was a new TLS connection.
    pub fn add(&mut self, record: &Record) {
        let connected = record.connect_start_ns > 0;
        let spans = [
            connected.then_some((record.connect_start_ns, record.connect_end_ns)),
            (connected && record.tls_end_ns > 0).then_some((record.connect_end_ns, record.tls_end_ns)),
            Some((record.send_start_ns, record.send_end_ns)),
            Some((record.send_end_ns, record.first_byte_ns)),
            Some((record.first_byte_ns, record.last_byte_ns)),
            Some((record.last_byte_ns, record.end_ns)),
        ];
        for (times, (from_ns, to_ns)) in self
            .times
            .iter_mut()
            .zip(spans)
            .filter_map(|(times, span)| Some((times, span?)))
        {
            let span_ns = to_ns.saturating_sub(from_ns);
            times.sum_s += span_ns as f64 * 1e-9;
            times.histogram.add(span_ns);
        }
    }

    /// Adds another thread's part.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.times.iter_mut().zip(&other.times) {
            mine.sum_s += theirs.sum_s;
            mine.histogram.merge(&theirs.histogram);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autoperf_models::record::Outcome;

    fn record(connect_start_ns: u64, tls_end_ns: u64) -> Record {
        Record {
            user: 0,
            transaction: 0,
            outcome: Outcome::Ok,
            status: 200,
            scheduled_ns: 1_000,
            start_ns: 1_000,
            connect_start_ns,
            connect_end_ns: if connect_start_ns > 0 { 3_000 } else { 0 },
            tls_end_ns,
            send_start_ns: 8_000,
            send_end_ns: 9_000,
            first_byte_ns: 29_000,
            last_byte_ns: 34_000,
            end_ns: 34_500,
            bytes_sent: 1,
            bytes_received: 1,
        }
    }

    #[test]
    fn only_phases_that_happened_are_counted() {
        let mut phases = Phases::default();
        phases.add(&record(0, 0));
        let mut other = Phases::default();
        other.add(&record(1_000, 0));
        other.add(&record(1_000, 8_000));
        phases.merge(&other);
        let counts: Vec<u64> = phases.times.iter().map(|times| times.histogram.count()).collect();
        assert_eq!(counts, [2, 1, 3, 3, 3, 3]);
        let sums_ns: Vec<u64> = phases
            .times
            .iter()
            .map(|times| (times.sum_s * 1e9).round() as u64)
            .collect();
        assert_eq!(sums_ns, [4_000, 5_000, 3_000, 60_000, 15_000, 1_500]);
    }
}
