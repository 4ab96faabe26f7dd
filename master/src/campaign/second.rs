//! Gathers the engine's short windows into the journal's seconds.

use crate::journal::entry::{
    BinRow, GeneratorSecond, PhaseSecond, ResourceSecond, Second, TransactionSecond,
};
use crate::journal::histogram::Times;
use crate::load::phases::{PHASES, Phases};
use crate::load::window::{ResourceWindow, TransactionWindow, Window};
use autoperf_models::level::Bin;
use autoperf_models::record::Outcome;
use std::collections::BTreeMap;

/// Windows of the second that is being filled.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    second: Second,
    times: Vec<TransactionTimes>,
    lateness: Times,
    generator: GeneratorSecond,
    read_delay: Times,
    phases: Phases,
}

/// Response times of one transaction.
#[derive(Debug, Default)]
struct TransactionTimes {
    from_start: Times,
    /// From the intended start, in the open mode.
    from_intended: Times,
}

impl Gatherer {
    /// Adds a window and gives its bin; `level_begin_s` is the level's begin on the engine's clock.
    pub(super) fn add(&mut self, window: &Window, level_begin_s: f64) -> Bin {
        let row = row(window, level_begin_s);
        self.second.bins.push(row);
        self.phases.merge(&window.phases);
        self.second.think_sum_s += window.think_sum_s;
        self.second.think_count += window.think_count;
        self.second.generator_cpu_ns += window.generator.cpu_ns;
        let cpu_ns = window.generator.threads.iter().map(|thread| thread.cpu_ns);
        self.second.generator_busiest_ns += cpu_ns.max().unwrap_or(0);
        self.second.generator_failures += window.generator.failures();
        add_resources(&mut self.second, &window.resources);
        window
            .generator
            .lateness_us
            .iter()
            .for_each(|&late_us| self.lateness.record_us(u64::from(late_us)));
        let first = self.second.bins.len() == 1;
        add_generator(&mut self.generator, window, first);
        for (delay_ns, count) in window.generator.read_delay.steps() {
            self.read_delay
                .record_many_us(delay_ns.div_ceil(1_000), u64::from(count));
        }
        let missing = window
            .transactions
            .len()
            .saturating_sub(self.second.transactions.len());
        self.second
            .transactions
            .extend(std::iter::repeat_with(TransactionSecond::default).take(missing));
        self.times
            .extend(std::iter::repeat_with(TransactionTimes::default).take(missing));
        for ((sum, times), part) in self
            .second
            .transactions
            .iter_mut()
            .zip(&mut self.times)
            .zip(&window.transactions)
        {
            add_transaction(sum, times, part);
        }
        crate::journal::log::bin_of(&row)
    }

    /// How many windows are waiting.
    pub(super) fn windows(&self) -> usize {
        self.second.bins.len()
    }

    /// The second so far, and a fresh start; `None` where nothing is waiting.
    pub(super) fn take(&mut self) -> Option<Second> {
        if self.second.bins.is_empty() {
            return None;
        }
        let Self {
            mut second,
            times,
            lateness,
            mut generator,
            read_delay,
            phases,
        } = std::mem::take(self);
        for (transaction, times) in second.transactions.iter_mut().zip(times) {
            transaction.response_us = times.from_start.encode();
            transaction.intended_us = times.from_intended.encode();
        }
        second.lateness_us = lateness.encode();
        generator.read_delay_us = read_delay.encode();
        second.generator = Some(Box::new(generator));
        second.phases = phase_seconds(&phases);
        Some(second)
    }
}

/// The phases that occurred.
fn phase_seconds(phases: &Phases) -> BTreeMap<String, PhaseSecond> {
    let occurred = PHASES
        .iter()
        .zip(&phases.times)
        .filter(|(_, times)| times.histogram.count() > 0);
    occurred
        .map(|(name, times)| {
            let mut distribution = Times::default();
            for (middle_ns, count) in times.histogram.filled() {
                distribution.record_many_us((middle_ns + 500) / 1_000, u64::from(count));
            }
            let second = PhaseSecond {
                sum_s: times.sum_s,
                times_us: distribution.encode(),
            };
            ((*name).to_owned(), second)
        })
        .collect()
}

fn row(window: &Window, level_begin_s: f64) -> BinRow {
    let start_s = window.start_ns as f64 * 1e-9 - level_begin_s;
    let length_s = window.end_ns.saturating_sub(window.start_ns) as f64 * 1e-9;
    let mut row: BinRow = (start_s.max(0.0), length_s, 0, 0, 0, 0.0, 0.0);
    for transaction in &window.transactions {
        row.2 += transaction.served;
        row.4 += transaction.timeouts();
        row.3 += transaction.failures().map(|(_, count)| count).sum::<u64>() - transaction.timeouts();
        let (sum_s, sum_sq_s2) = if window.open {
            (transaction.intended_sum_s, transaction.intended_sum_sq_s2)
        } else {
            (transaction.response_sum_s, transaction.response_sum_sq_s2)
        };
        row.5 += sum_s;
        row.6 += sum_sq_s2;
    }
    row
}

fn add_resources(second: &mut Second, window: &ResourceWindow) {
    if *window == ResourceWindow::default() {
        return;
    }
    let part = ResourceSecond {
        fetched: window.fetched,
        unchanged: window.unchanged,
        cached: window.cached,
        failed: window.failed,
        failures: window.failures.clone(),
    };
    second.resources.get_or_insert_default().merge(&part);
}

/// Adds a window's account of the generator; the `first` one of a second sets what is a smallest figure.
fn add_generator(sum: &mut GeneratorSecond, window: &Window, first: bool) {
    let part = &window.generator;
    let length_s = window.end_ns.saturating_sub(window.start_ns) as f64 * 1e-9;
    for thread in &part.threads {
        let known = sum.threads.len().max(thread.index as usize + 1);
        sum.threads.resize(known, (0, 0, 0));
        let (cpu_ns, queued_ns, turns) = &mut sum.threads[thread.index as usize];
        *cpu_ns += thread.cpu_ns;
        *queued_ns += thread.queued_ns;
        *turns += thread.turns;
    }
    sum.user_s += length_s * f64::from(window.users);
    sum.in_transactions_s += window.in_transactions_s();
    let fewest = if first { window.users } else { sum.users.0 };
    sum.users = (fewest.min(window.users), sum.users.1.max(window.users));
    sum.finished_users = sum.finished_users.max(window.finished_users);
    sum.ports_exhausted += part.ports_exhausted;
    sum.resources_exhausted += part.resources_exhausted;
    sum.records_lost += part.dropped;
    sum.unrecorded += part.unrecorded;
    sum.unstarted += part.unstarted;
    sum.send_stalls += part.send_stalls;
    let ports = u64::from(part.connections) + part.time_wait;
    sum.ports = (sum.ports.0.max(ports), sum.ports.1.max(part.local_ports));
    sum.descriptors = (
        sum.descriptors.0.max(part.descriptors.0),
        sum.descriptors.1.max(part.descriptors.1),
    );
}

fn add_transaction(sum: &mut TransactionSecond, times: &mut TransactionTimes, part: &TransactionWindow) {
    sum.served += part.served;
    sum.served_by_window.push(part.served);
    sum.timeouts += part.timeouts();
    sum.response_sum_s += part.response_sum_s;
    sum.intended_sum_s += part.intended_sum_s;
    for (outcome, count) in part.failures() {
        *sum.failures.entry(outcome_name(outcome).to_owned()).or_default() += count;
    }
    for (times, all_us) in [
        (&mut times.from_start, &part.response_us),
        (&mut times.from_intended, &part.intended_us),
    ] {
        all_us
            .iter()
            .for_each(|&time_us| times.record_us(u64::from(time_us)));
    }
}

/// Name of an outcome in journal and summary.
#[must_use]
pub const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::HttpError => "http_error",
        Outcome::CheckFailed => "check_failed",
        Outcome::TimeoutConnect => "timeout_connect",
        Outcome::TimeoutSend => "timeout_send",
        Outcome::TimeoutFirstByte => "timeout_first_byte",
        Outcome::TimeoutBody => "timeout_body",
        Outcome::Reset => "reset",
        Outcome::Refused => "refused",
        Outcome::Malformed => "malformed",
        Outcome::TooLarge => "too_large",
        Outcome::Generator => "generator",
    }
}
