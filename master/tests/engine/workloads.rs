//! Workloads by hand, and the usual ways to run them.

use autoperf::clock::monotonic_ns;
use autoperf::load::{Engine, EngineConfig, Records, Script, Window};
use autoperf_inputs::workload::{Method, Navigation, Parameters, Part, Template, Transaction, Workload};
use autoperf_models::distribution::Distribution;
use autoperf_models::record::Record;
use std::time::Duration;

pub(crate) fn text(literal: &str) -> Template {
    Template {
        parts: vec![Part::Literal(literal.to_owned())],
    }
}

pub(crate) fn transaction(name: &str, url: &str, think_time_s: f64) -> Transaction {
    Transaction {
        name: name.to_owned(),
        method: Method::Get,
        url: text(url),
        body: None,
        headers: Vec::new(),
        timeout_s: Some(10.0),
        think_time_s: Distribution::Constant(think_time_s),
        follow_redirects: false,
        resources: false,
        checks: Vec::new(),
        extractions: Vec::new(),
        from_last_page: false,
    }
}

/// Entry with equal probability to the first transaction only; the rows as given.
pub(crate) fn workload(transactions: Vec<Transaction>, rows: Vec<Vec<f64>>) -> Workload {
    let mut entry = vec![0.0; transactions.len()];
    entry[0] = 1.0;
    Workload {
        navigation: Some(Navigation {
            states: (0..transactions.len()).collect(),
            entry,
            rows,
        }),
        transactions,
        nodes: Vec::new(),
        start_load: None,
        warm_up: true,
        profile: None,
        manual_levels: Vec::new(),
        parameters: Parameters::default(),
        folder: std::path::PathBuf::new(),
    }
}

/// One transaction, over and over, without end of the session.
pub(crate) fn endless(transaction: Transaction) -> Workload {
    workload(vec![transaction], vec![vec![1.0]])
}

/// Each transaction once in a session, in order.
pub(crate) fn chain(transactions: Vec<Transaction>) -> Workload {
    let count = transactions.len();
    let rows = (0..count)
        .map(|i| (0..count).map(|j| if j == i + 1 { 1.0 } else { 0.0 }).collect())
        .collect();
    workload(transactions, rows)
}

pub(crate) fn config() -> EngineConfig {
    EngineConfig {
        shards: Some(1),
        records: Records::Needed,
        ..EngineConfig::default()
    }
}

pub(crate) fn start(workload: &Workload) -> Engine {
    Engine::start(workload, Script::Navigation, config()).expect("valid workload")
}

/// Waits until so many transactions have ended, at most a minute.
pub(crate) fn records(engine: &Engine, wanted: usize) -> Vec<Record> {
    let until = deadline();
    let mut all = Vec::new();
    while all.len() < wanted {
        assert!(
            !is_over(until),
            "only {} of {wanted} transactions within a minute",
            all.len()
        );
        engine.next_window(Duration::from_millis(50));
        all.extend(engine.take_records());
    }
    all
}

/// The first window that is as wanted, within a minute.
pub(crate) fn window_with(engine: &Engine, wanted: impl Fn(&Window) -> bool) -> Window {
    let until = deadline();
    loop {
        assert!(!is_over(until), "no such window within a minute");
        if let Some(window) = engine.next_window(Duration::from_millis(50))
            && wanted(&window)
        {
            return window;
        }
    }
}

fn deadline() -> u64 {
    monotonic_ns() + 60_000_000_000
}

fn is_over(until_ns: u64) -> bool {
    monotonic_ns() > until_ns
}
