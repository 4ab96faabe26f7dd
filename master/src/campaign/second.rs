//! Gathers the engine's short windows into the journal's seconds.

use crate::journal::entry::{BinRow, PhaseSecond, ResourceSecond, Second, TransactionSecond};
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
    times: Vec<Times>,
    lateness: Times,
    phases: Phases,
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
        self.second.generator_busiest_ns += window.generator.busiest_shard_cpu_ns;
        self.second.generator_failures += window.generator.failures();
        add_resources(&mut self.second, &window.resources);
        window
            .generator
            .lateness_us
            .iter()
            .for_each(|&late_us| self.lateness.record_us(u64::from(late_us)));
        let missing = window
            .transactions
            .len()
            .saturating_sub(self.second.transactions.len());
        self.second
            .transactions
            .extend(std::iter::repeat_with(TransactionSecond::default).take(missing));
        self.times
            .extend(std::iter::repeat_with(Times::default).take(missing));
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
            phases,
        } = std::mem::take(self);
        for (transaction, times) in second.transactions.iter_mut().zip(times) {
            transaction.response_us = times.encode();
        }
        second.lateness_us = lateness.encode();
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
        row.5 += transaction.response_sum_s;
        row.6 += transaction.response_sum_sq_s2;
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

fn add_transaction(sum: &mut TransactionSecond, times: &mut Times, part: &TransactionWindow) {
    sum.served += part.served;
    sum.served_by_window.push(part.served);
    sum.timeouts += part.timeouts();
    sum.response_sum_s += part.response_sum_s;
    for (outcome, count) in part.failures() {
        *sum.failures.entry(outcome_name(outcome).to_owned()).or_default() += count;
    }
    part.response_us
        .iter()
        .for_each(|&time_us| times.record_us(u64::from(time_us)));
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
