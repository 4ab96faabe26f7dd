use super::*;
use crate::journal::entry::{Begin, Entry, LevelBegin, LevelEnd, PrecisionEntry, TransactionSecond};
use crate::summary::analysis::analyse;
use autoperf_profiler::reading::{GroupReading, Reading};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

const NAMES: [&str; 3] = ["Browse", "Search", "Buy"];
const COSTS_S: [f64; 3] = [0.003, 0.004, 0.006];
const PERIOD_S: f64 = 0.1;

/// A site that burns exactly `COSTS_S` for each transaction at its end; readings come every 1.003 s, between the windows.
struct Site {
    rng: ChaCha8Rng,
    log: RunLog,
    cpu_s: f64,
    next_reading_s: f64,
}

impl Site {
    fn new() -> Self {
        let node = Node {
            node: "db1".into(),
            port: 1,
            process: "httpd".into(),
            cores: Some(2.0),
        };
        Self {
            rng: ChaCha8Rng::seed_from_u64(42),
            cpu_s: 0.0,
            next_reading_s: 0.0,
            log: RunLog::new(Begin {
                transactions: NAMES.map(str::to_owned).into(),
                nodes: vec![node],
                ..Begin::default()
            }),
        }
    }

    fn uniform(&mut self) -> f64 {
        f64::from(self.rng.next_u32()) / f64::from(u32::MAX)
    }

    /// A level of so many seconds, in which each window serves so many transactions on average, drawn by their shares; a
    /// mix that is always the same where `shares` is `None`.
    fn level(&mut self, seconds: u32, per_window: u32, shares: Option<[f64; 2]>, fine: bool) {
        self.log.push(Entry::LevelBegin(LevelBegin {
            users: per_window,
            purpose: String::new(),
            why: String::new(),
            at_s: 0.0,
            transaction: None,
            precision: PrecisionEntry::default(),
            forecast_s: 0.0,
            remaining_s: None,
        }));
        self.next_reading_s = 0.05;
        for second in 0..seconds {
            let mut entry = Second {
                transactions: vec![TransactionSecond::default(); NAMES.len()],
                ..Second::default()
            };
            for window in 0..10 {
                let start_s = f64::from(second) + f64::from(window) * PERIOD_S;
                let counts = match shares {
                    Some(shares) => self.draw(per_window, shares),
                    None => [2, 1, 1].map(|times| times * u64::from(per_window)),
                };
                self.window(&mut entry, start_s, counts);
            }
            if !fine {
                entry
                    .transactions
                    .iter_mut()
                    .for_each(|part| part.served_by_window.clear());
            }
            self.log.push(Entry::Second(Box::new(entry)));
        }
        self.log.push(Entry::LevelEnd(LevelEnd {
            ended_by: "precise".into(),
            at_s: f64::from(seconds),
            changed_at_s: None,
        }));
    }

    fn window(&mut self, entry: &mut Second, start_s: f64, counts: [u64; 3]) {
        let served = counts.iter().sum::<u64>() as f64;
        entry.bins.push((
            start_s,
            PERIOD_S,
            served as u64,
            0,
            0,
            served * 0.01,
            served * 2e-4,
        ));
        let burnt = counts
            .iter()
            .zip(COSTS_S)
            .map(|(count, cost_s)| *count as f64 * cost_s);
        let burnt_s: f64 = burnt.sum();
        while self.next_reading_s < start_s + PERIOD_S {
            let part = (self.next_reading_s - start_s) / PERIOD_S;
            self.reading(self.next_reading_s, self.cpu_s + burnt_s * part);
            self.next_reading_s += 1.003;
        }
        self.cpu_s += burnt_s;
        for (part, count) in entry.transactions.iter_mut().zip(counts) {
            part.served += count;
            part.served_by_window.push(count);
        }
    }

    fn draw(&mut self, per_window: u32, [first, second]: [f64; 2]) -> [u64; 3] {
        let mut counts = [0; 3];
        // Twice as many trials, half of which come to something: the total varies too.
        for _ in 0..2 * per_window {
            if self.uniform() < 0.5 {
                continue;
            }
            let place = self.uniform();
            counts[usize::from(place > first) + usize::from(place > first + second)] += 1;
        }
        counts
    }

    fn reading(&mut self, at_s: f64, cpu_s: f64) {
        let group = GroupReading {
            name: "httpd".into(),
            cpu_ns: (cpu_s * 1e9) as u64,
            complete: true,
            threads: 2,
            cores_allowed: 2.0,
            ..GroupReading::default()
        };
        self.log.push(Entry::Reading(Box::new(AgentReading {
            node: "db1".into(),
            port: 1,
            at_s,
            reading: Reading {
                groups: vec![group],
                ..Reading::default()
            },
        })));
    }

    fn demands(&self) -> TransactionDemands {
        let measured = self
            .log
            .finished_levels()
            .map(|level| analyse(&self.log.begin, &[], level).level);
        let levels: Vec<Level> = measured.collect();
        demands(&self.log, &levels).remove(0)
    }
}

fn assert_true_costs(found: &TransactionDemands, off: f64) {
    assert!(found.separable, "{found:?}");
    for (row, cost_s) in found.transactions.iter().zip(COSTS_S) {
        let demand_s = row.demand_s.unwrap();
        assert!(
            (demand_s.value / cost_s - 1.0).abs() < off,
            "{}: {demand_s:?}",
            row.name
        );
        assert!(demand_s.low <= demand_s.value && demand_s.value <= demand_s.high);
    }
    let shares: f64 = found.transactions.iter().filter_map(|row| row.cpu_share).sum();
    assert!((shares - 1.0).abs() < 0.02, "{shares}");
}

#[test]
fn a_walk_tells_its_transactions_apart() {
    let mut site = Site::new();
    for per_window in [1, 4, 10] {
        site.level(60, per_window, Some([0.53, 0.25]), true);
    }
    let found = site.demands();
    assert_true_costs(&found, 0.05);
    assert!(
        found.windows > 70 && found.condition_index.unwrap() < 15.0,
        "{found:?}"
    );
    let costliest = costliest(&[found], ("db1", "httpd"), 0.0039).unwrap();
    assert_eq!(costliest.transaction, "Buy");
}

#[test]
fn counts_of_whole_seconds_do_with_longer_windows() {
    let mut site = Site::new();
    for _ in 0..3 {
        site.level(120, 4, Some([0.53, 0.25]), false);
    }
    let found = site.demands();
    assert_true_costs(&found, 0.12);
    assert!(found.windows < 80, "{found:?}");
}

#[test]
fn a_mix_that_never_differs_is_said_to_be_inseparable() {
    let mut site = Site::new();
    site.level(60, 4, None, true);
    let found = site.demands();
    assert!(!found.separable, "{found:?}");
    assert!(
        found
            .note
            .as_ref()
            .unwrap()
            .starts_with("not separable from these data: the numbers of "),
        "{found:?}"
    );
    assert!(
        found
            .transactions
            .iter()
            .all(|row| row.demand_s.is_none() && row.cpu_share.is_none())
    );
    assert_eq!(costliest(&[found], ("db1", "httpd"), 0.0), None);
}

#[test]
fn a_busy_site_is_told_apart_though_its_mixes_are_much_alike() {
    let mut site = Site::new();
    for per_window in [10, 60, 60, 60] {
        site.level(60, per_window, Some([0.53, 0.25]), true);
    }
    let found = site.demands();
    assert_true_costs(&found, 0.12);
    assert!(found.condition_index.unwrap() > 30.0, "{found:?}");
    assert_eq!(found.note, None);
}

#[test]
fn what_is_too_rare_to_be_told_has_no_figure_and_is_named() {
    let mut site = Site::new();
    // One in five hundred is a purchase, and what the others cost scatters.
    site.level(40, 4, Some([0.6, 0.398]), true);
    for (index, reading) in site.log.levels[0].readings.iter_mut().enumerate() {
        reading.reading.groups[0].cpu_ns += [0, 15_000_000][index / 2 % 2];
    }
    let found = site.demands();
    assert!(found.separable, "{found:?}");
    let told = |place: usize| found.transactions[place].demand_s.is_some();
    assert_eq!([told(0), told(1), told(2)], [true, true, false], "{found:?}");
    let note = found.note.unwrap();
    assert!(note.contains(": Buy (intervals wider"), "{note}");
}

#[test]
fn what_was_never_served_has_no_demand_and_costs_the_others_nothing() {
    let mut site = Site::new();
    site.level(60, 4, Some([0.5, 0.6]), true);
    let found = site.demands();
    assert!(
        found.separable && found.transactions[2].demand_s.is_none(),
        "{found:?}"
    );
    assert!((found.transactions[1].demand_s.unwrap().value / COSTS_S[1] - 1.0).abs() < 0.05);
}

#[test]
fn without_readings_there_is_a_reason() {
    let mut site = Site::new();
    site.level(1, 4, Some([0.5, 0.3]), true);
    site.log.levels[0].readings.clear();
    let found = site.demands();
    assert_eq!((found.separable, found.windows), (false, 0));
    assert_eq!(
        found.note.as_deref(),
        Some("no readings of the process in a measured part")
    );
}
