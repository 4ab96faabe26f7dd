//! What happened within one short window of time, per transaction and for the generator itself.

use super::histogram::Histogram;
use super::phases::Phases;
use autoperf_models::record::{Outcome, Record};
use std::collections::BTreeMap;

/// Every way a transaction can end; the index in this list is the index in `TransactionWindow::outcomes`.
pub const OUTCOMES: [Outcome; 12] = [
    Outcome::Ok,
    Outcome::HttpError,
    Outcome::CheckFailed,
    Outcome::TimeoutConnect,
    Outcome::TimeoutSend,
    Outcome::TimeoutFirstByte,
    Outcome::TimeoutBody,
    Outcome::Reset,
    Outcome::Refused,
    Outcome::Malformed,
    Outcome::TooLarge,
    Outcome::Generator,
];

/// One window over all threads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Window {
    /// Number of the window since the start.
    pub index: u64,
    /// Start, ns since the engine's epoch.
    pub start_ns: u64,
    /// End, ns since the engine's epoch.
    pub end_ns: u64,
    /// Users at its end, without those that only finish their last transaction.
    pub users: u32,
    /// Users whose fixed order is done.
    pub finished_users: u32,
    /// What ended within the window, by index of the transaction.
    pub transactions: Vec<TransactionWindow>,
    /// Whether arrivals, not think times, begin transactions.
    pub open: bool,
    /// Phases of the served ones, all transactions together.
    pub phases: Phases,
    /// Transactions that only prepared others (`ProfileStep::requires`), however they ended.
    pub unmeasured: u64,
    /// Sum of their times from start to end, s.
    pub unmeasured_sum_s: f64,
    /// Sum of the think times that ended within the window, from the end of one transaction to the start of the next, s.
    pub think_sum_s: f64,
    /// Number of those think times.
    pub think_count: u64,
    /// What became of the resources of pages.
    pub resources: ResourceWindow,
    /// The generator's own state.
    pub generator: GeneratorWindow,
}

/// One transaction within a window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TransactionWindow {
    /// Transactions that ended well.
    pub served: u64,
    /// All transactions, by `OUTCOMES`.
    pub outcomes: [u64; OUTCOMES.len()],
    /// Response times of the served ones, microseconds.
    pub response_us: Vec<u32>,
    /// Sum of the served ones' response times, s.
    pub response_sum_s: f64,
    /// Sum of the squares of the served ones' response times, s^2.
    pub response_sum_sq_s2: f64,
    /// In the open mode: the served ones' times from the intended start, not the real one, microseconds. Where the two
    /// differ, the generator was late, and these tell what somebody who came at that moment would have waited.
    pub intended_us: Vec<u32>,
    /// Sum of those, s.
    pub intended_sum_s: f64,
    /// Sum of their squares, s^2.
    pub intended_sum_sq_s2: f64,
    /// Sum over those that failed of the time from start to end, s.
    pub failed_sum_s: f64,
    /// Connections opened for the served ones.
    pub connects: u64,
    /// Time spent connecting by the served ones, s.
    pub connect_sum_s: f64,
    /// Time of TLS handshakes, s.
    pub tls_sum_s: f64,
    /// From first to last byte of the request, s.
    pub send_sum_s: f64,
    /// From the last byte of the request to the first of the answer, s.
    pub wait_sum_s: f64,
    /// From first to last byte of the answer, s.
    pub receive_sum_s: f64,
    /// From the last byte of the answer until checks and extractions are done, s.
    pub process_sum_s: f64,
    /// Bytes sent by all, heads included.
    pub bytes_sent: u64,
    /// Bytes received by all, heads included.
    pub bytes_received: u64,
}

/// Resources of pages within a window; a resource is never a transaction of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceWindow {
    /// Fetched from the site.
    pub fetched: u64,
    /// Asked for and found unchanged (304).
    pub unchanged: u64,
    /// Taken from the session's cache without a word to the site.
    pub cached: u64,
    /// Not had, for whatever reason.
    pub failed: u64,
    /// The addresses of those that failed, and how often; no more than `MAX_FAILED_ADDRESSES`.
    pub failures: BTreeMap<String, u64>,
}

/// Addresses of failed resources that are told apart in one window; further ones are only counted.
pub const MAX_FAILED_ADDRESSES: usize = 100;

impl ResourceWindow {
    /// Counts one that could not be had.
    pub fn add_failure(&mut self, url: String) {
        self.failed += 1;
        self.count_failures(url, 1);
    }

    fn count_failures(&mut self, url: String, count: u64) {
        if self.failures.len() < MAX_FAILED_ADDRESSES || self.failures.contains_key(&url) {
            *self.failures.entry(url).or_default() += count;
        }
    }

    /// Adds what others have seen.
    pub fn merge(&mut self, other: Self) {
        self.fetched += other.fetched;
        self.unchanged += other.unchanged;
        self.cached += other.cached;
        self.failed += other.failed;
        for (url, count) in other.failures {
            self.count_failures(url, count);
        }
    }
}

/// What the generator can say of itself for one window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GeneratorWindow {
    /// CPU time of all generator threads, ns.
    pub cpu_ns: u64,
    /// Every generator thread, in the order of their numbers.
    pub threads: Vec<ThreadWindow>,
    /// How much later than intended transactions were begun after a think time, microseconds.
    pub lateness_us: Vec<u32>,
    /// How long events at most waited for the thread: from the moment it last asked for events until it handled this one.
    pub read_delay: Histogram,
    /// Records that were not taken in time and are lost, where the measurement rests on them.
    pub dropped: u64,
    /// Transactions that are in the figures, but missing from the record beside them, because nobody took them in time.
    pub unrecorded: u64,
    /// Transactions of the open mode that could not begin because the users allowed were all busy.
    pub unstarted: u64,
    /// Connections open at the end of the window.
    pub connections: u32,
    /// Closed connections of this machine that still hold a local port (TIME-WAIT).
    pub time_wait: u64,
    /// Local ports that connections to one address may have.
    pub local_ports: u64,
    /// Descriptors that this process has open, and how many it may have.
    pub descriptors: (u64, u64),
    /// Connections that could not be opened for lack of a local port.
    pub ports_exhausted: u64,
    /// Connections that could not be opened for lack of descriptors or memory.
    pub resources_exhausted: u64,
    /// Requests that the socket did not take at once.
    pub send_stalls: u64,
}

/// What one generator thread had of a processor within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThreadWindow {
    /// Number of the thread.
    pub index: u32,
    /// CPU time, ns.
    pub cpu_ns: u64,
    /// Time for which it was ready but had no processor, ns; 0 where the kernel does not tell.
    pub queued_ns: u64,
    /// Times that it was given one.
    pub turns: u64,
}

impl TransactionWindow {
    /// Transactions that ran into their time limit.
    #[must_use]
    pub fn timeouts(&self) -> u64 {
        self.failures()
            .filter(|(outcome, _)| outcome.is_timeout())
            .map(|(_, count)| count)
            .sum()
    }

    /// How the others failed: every outcome but `Ok` that occurred.
    pub fn failures(&self) -> impl Iterator<Item = (Outcome, u64)> {
        OUTCOMES
            .into_iter()
            .zip(self.outcomes)
            .filter(|(outcome, count)| !outcome.is_ok() && *count > 0)
    }

    /// Adds one transaction.
    pub fn add(&mut self, record: &Record) {
        self.outcomes[outcome_index(record.outcome)] += 1;
        self.bytes_sent += record.bytes_sent;
        self.bytes_received += record.bytes_received;
        if !record.outcome.is_ok() {
            self.failed_sum_s += between_s(record.start_ns, record.end_ns);
            return;
        }
        self.served += 1;
        let response_ns = record.last_byte_ns.saturating_sub(record.start_ns);
        let response_s = response_ns as f64 * 1e-9;
        self.response_us.push(microseconds(response_ns));
        self.response_sum_s += response_s;
        self.response_sum_sq_s2 += response_s * response_s;
        if record.connect_start_ns > 0 {
            self.connects += 1;
            self.connect_sum_s += between_s(record.connect_start_ns, record.connect_end_ns);
            if record.tls_end_ns > 0 {
                self.tls_sum_s += between_s(record.connect_end_ns, record.tls_end_ns);
            }
        }
        self.send_sum_s += between_s(record.send_start_ns, record.send_end_ns);
        self.wait_sum_s += between_s(record.send_end_ns, record.first_byte_ns);
        self.receive_sum_s += between_s(record.first_byte_ns, record.last_byte_ns);
        self.process_sum_s += between_s(record.last_byte_ns, record.end_ns);
    }

    /// Adds the time from the intended start of a served one.
    pub fn add_intended(&mut self, record: &Record) {
        if record.outcome.is_ok() {
            let time_ns = record.last_byte_ns.saturating_sub(record.scheduled_ns);
            self.intended_us.push(microseconds(time_ns));
            let time_s = time_ns as f64 * 1e-9;
            self.intended_sum_s += time_s;
            self.intended_sum_sq_s2 += time_s * time_s;
        }
    }

    fn merge(&mut self, other: Self) {
        self.intended_us.extend(other.intended_us);
        self.intended_sum_s += other.intended_sum_s;
        self.intended_sum_sq_s2 += other.intended_sum_sq_s2;
        self.served += other.served;
        for (mine, theirs) in self.outcomes.iter_mut().zip(other.outcomes) {
            *mine += theirs;
        }
        self.response_us.extend(other.response_us);
        self.response_sum_s += other.response_sum_s;
        self.response_sum_sq_s2 += other.response_sum_sq_s2;
        self.failed_sum_s += other.failed_sum_s;
        self.connects += other.connects;
        self.connect_sum_s += other.connect_sum_s;
        self.tls_sum_s += other.tls_sum_s;
        self.send_sum_s += other.send_sum_s;
        self.wait_sum_s += other.wait_sum_s;
        self.receive_sum_s += other.receive_sum_s;
        self.process_sum_s += other.process_sum_s;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
    }
}

impl GeneratorWindow {
    /// Things that the generator could not do, however short the window: each one spoils a level. Transactions that found
    /// no user free (`unstarted`) are not among them: that is the site's slowness or the run's own limit.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.dropped + self.ports_exhausted + self.resources_exhausted
    }

    fn merge(&mut self, other: Self) {
        self.cpu_ns += other.cpu_ns;
        self.threads.extend(other.threads);
        self.threads.sort_unstable_by_key(|thread| thread.index);
        self.lateness_us.extend(other.lateness_us);
        self.read_delay.merge(&other.read_delay);
        self.dropped += other.dropped;
        self.unrecorded += other.unrecorded;
        self.unstarted += other.unstarted;
        self.connections += other.connections;
        self.time_wait = self.time_wait.max(other.time_wait);
        self.local_ports = self.local_ports.max(other.local_ports);
        self.descriptors = self.descriptors.max(other.descriptors);
        self.ports_exhausted += other.ports_exhausted;
        self.resources_exhausted += other.resources_exhausted;
        self.send_stalls += other.send_stalls;
    }
}

impl Window {
    /// An empty window for so many transactions.
    #[must_use]
    pub fn empty(index: u64, length_ns: u64, transactions: usize) -> Self {
        Self {
            index,
            start_ns: index * length_ns,
            end_ns: (index + 1) * length_ns,
            transactions: vec![TransactionWindow::default(); transactions],
            ..Self::default()
        }
    }

    /// Adds another thread's part of the same window.
    pub fn merge(&mut self, other: Self) {
        self.users += other.users;
        self.finished_users += other.finished_users;
        for (mine, theirs) in self.transactions.iter_mut().zip(other.transactions) {
            mine.merge(theirs);
        }
        self.open |= other.open;
        self.phases.merge(&other.phases);
        self.unmeasured += other.unmeasured;
        self.unmeasured_sum_s += other.unmeasured_sum_s;
        self.think_sum_s += other.think_sum_s;
        self.think_count += other.think_count;
        self.resources.merge(other.resources);
        self.generator.merge(other.generator);
    }

    /// Time that users spent in the transactions that ended, those that only prepared others included, s.
    #[must_use]
    pub fn in_transactions_s(&self) -> f64 {
        let spent = |t: &TransactionWindow| t.response_sum_s + t.failed_sum_s + t.process_sum_s;
        self.unmeasured_sum_s + self.transactions.iter().map(spent).sum::<f64>()
    }

    /// Served transactions of all kinds.
    #[must_use]
    pub fn served(&self) -> u64 {
        self.transactions.iter().map(|t| t.served).sum()
    }
}

/// Place of an outcome in `OUTCOMES`.
#[must_use]
pub const fn outcome_index(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Ok => 0,
        Outcome::HttpError => 1,
        Outcome::CheckFailed => 2,
        Outcome::TimeoutConnect => 3,
        Outcome::TimeoutSend => 4,
        Outcome::TimeoutFirstByte => 5,
        Outcome::TimeoutBody => 6,
        Outcome::Reset => 7,
        Outcome::Refused => 8,
        Outcome::Malformed => 9,
        Outcome::TooLarge => 10,
        Outcome::Generator => 11,
    }
}

fn microseconds(time_ns: u64) -> u32 {
    u32::try_from((time_ns + 500) / 1_000).unwrap_or(u32::MAX)
}

fn between_s(from_ns: u64, to_ns: u64) -> f64 {
    to_ns.saturating_sub(from_ns) as f64 * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(outcome: Outcome) -> Record {
        Record {
            user: 0,
            transaction: 0,
            outcome,
            status: 200,
            scheduled_ns: 900_000,
            start_ns: 1_000_000,
            connect_start_ns: 1_000_000,
            connect_end_ns: 1_100_000,
            tls_end_ns: 0,
            send_start_ns: 1_100_000,
            send_end_ns: 1_150_000,
            first_byte_ns: 2_150_000,
            last_byte_ns: 3_000_000,
            end_ns: 3_500_000,
            bytes_sent: 100,
            bytes_received: 1_000,
        }
    }

    #[test]
    fn every_outcome_has_its_place() {
        for (i, outcome) in OUTCOMES.into_iter().enumerate() {
            assert_eq!(outcome_index(outcome), i);
        }
    }

    #[test]
    fn failed_resources_are_told_apart_up_to_a_bound() {
        let mut one = ResourceWindow::default();
        one.add_failure("a".to_owned());
        let mut all = one.clone();
        all.merge(one);
        assert_eq!((all.failed, all.failures["a"]), (2, 2));
        for i in 0..200 {
            all.add_failure(i.to_string());
        }
        all.add_failure("a".to_owned());
        assert_eq!((all.failed, all.failures["a"]), (203, 3));
        assert_eq!(all.failures.len(), MAX_FAILED_ADDRESSES);
    }

    #[test]
    fn sums_and_merging() {
        let mut left = Window::empty(3, 100, 1);
        left.transactions[0].add(&record(Outcome::Ok));
        let mut right = Window::empty(3, 100, 1);
        right.transactions[0].add(&record(Outcome::Ok));
        right.transactions[0].add(&record(Outcome::TimeoutBody));
        right.transactions[0].add(&record(Outcome::Reset));
        left.merge(right);
        assert_eq!((left.start_ns, left.end_ns, left.served()), (300, 400, 2));
        let sum = &left.transactions[0];
        assert_eq!((sum.timeouts(), sum.connects, sum.bytes_received), (1, 2, 4_000));
        assert_eq!(
            sum.failures().collect::<Vec<_>>(),
            [(Outcome::TimeoutBody, 1), (Outcome::Reset, 1)]
        );
        assert_eq!(sum.response_us, [2_000, 2_000]);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(sum.response_sum_s, 0.004) && near(sum.response_sum_sq_s2, 8e-6));
        assert!(near(sum.connect_sum_s, 2e-4) && near(sum.send_sum_s, 1e-4) && near(sum.wait_sum_s, 2e-3));
        assert!(
            near(sum.receive_sum_s, 1.7e-3) && near(sum.process_sum_s, 1e-3) && near(sum.failed_sum_s, 5e-3)
        );
    }
}
