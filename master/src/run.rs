//! One run from a valid workload to the reports: reach everything, then load, then answer.

use crate::agents::{AgentsError, Connected};
use crate::campaign::state::State;
use crate::campaign::{Campaign, Display};
use crate::clock::Clock;
use crate::journal::entry::{Begin, Entry, Node, SearchOptions};
use crate::journal::{self, JournalError, Writer};
use crate::load::{Engine, EngineConfig, EngineError, Script, SingleUser};
use crate::report::{self, ReportError};
use crate::summary::Summary;
use crate::summary::build::{build, strategy};
use autoperf_inputs::Workload;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What to run.
#[derive(Debug)]
pub struct Request {
    /// What users do, and what is profiled.
    pub workload: Workload,
    /// How levels are chosen.
    pub search: SearchOptions,
    /// Run directory; made by the run, must not hold a journal yet.
    pub directory: PathBuf,
    /// Seed of all random choices.
    pub seed: u64,
    /// Command line, for the record.
    pub command: Vec<String>,
    /// Files read, by role, for the record.
    pub inputs: BTreeMap<String, String>,
    /// Set when the user wants to stop.
    pub interrupt: Arc<AtomicBool>,
}

/// Why a run gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A profiler cannot be used.
    #[error(transparent)]
    Agents(#[from] AgentsError),
    /// The site does not serve the very first request.
    #[error(
        "{url}: {found}\n  expected: an answer below 500 to the first request\n  hint: is the site up, and does the URL of transaction {transaction} work in a browser?"
    )]
    Site {
        /// What was asked.
        url: String,
        /// What came.
        found: String,
        /// Whose request it was.
        transaction: String,
    },
    /// The load engine cannot start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The journal cannot be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The run directory cannot be made.
    #[error("{path}: {source}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A run that has ended, with its answer on disk.
#[derive(Debug)]
pub struct Finished {
    /// The answer.
    pub summary: Summary,
    /// How it ended: [`crate::journal::entry::End::how`].
    pub how: String,
}

/// Carries out a capacity analysis.
///
/// # Errors
/// [`RunError`]; before any load where a profiler or the site cannot be reached.
pub fn capacity(request: Request, display: &mut dyn Display) -> Result<Finished, RunError> {
    let begin = begin(&request);
    let connected = Connected::connect(&begin.nodes)?;
    check_first_request(&request.workload, request.seed)?;
    std::fs::create_dir_all(&request.directory).map_err(|source| RunError::Directory {
        path: request.directory.clone(),
        source,
    })?;
    let agents = connected.describe();
    let mut journal = Writer::create(&request.directory)?;
    journal.append(&Entry::Begin(Box::new(begin.clone())))?;
    for agent in &agents {
        journal.append(&Entry::Agent(agent.clone()))?;
    }
    let config = EngineConfig {
        seed: request.seed,
        ..EngineConfig::default()
    };
    let windows_per_second = (1.0 / config.window_s).round().max(1.0) as usize;
    let engine = Engine::start(&request.workload, Script::Navigation, config)?;
    let epoch_ns = engine.epoch_monotonic_ns();
    let running = connected.start(epoch_ns);
    let state = State::new(begin.clone(), agents, strategy(&begin.search), windows_per_second);
    let clock = Clock::since(epoch_ns);
    let campaign = Campaign {
        engine: &engine,
        agents: &running,
        journal,
        display,
        interrupt: &request.interrupt,
        clock,
    };
    let ended = campaign.run(state);
    running.stop();
    let _walk = engine.stop();
    let log = ended?;
    let how = log.end.as_ref().map_or_else(String::new, |end| end.how.clone());
    let summary = build(&log);
    report::write_all(&request.directory, &summary)?;
    Ok(Finished { summary, how })
}

/// Writes the reports of a run directory again from its journal.
///
/// # Errors
/// [`RunError::Journal`] or [`RunError::Report`].
pub fn report_again(directory: &Path) -> Result<Summary, RunError> {
    let summary = build(&journal::read(directory)?);
    report::write_all(directory, &summary)?;
    Ok(summary)
}

fn begin(request: &Request) -> Begin {
    let workload = &request.workload;
    Begin {
        schema_version: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: "capacity".to_owned(),
        seed: request.seed,
        started_at: crate::clock::rfc3339(crate::clock::unix_ns()),
        command: request.command.clone(),
        inputs: request.inputs.clone(),
        generator_host: crate::host::describe(),
        transactions: workload
            .transactions
            .iter()
            .map(|transaction| transaction.name.clone())
            .collect(),
        think_time_s: mean_think_time_s(workload),
        nodes: workload.nodes.iter().map(node).collect(),
        search: request.search.clone(),
    }
}

fn node(info: &autoperf_inputs::workload::NodeInfo) -> Node {
    Node {
        node: info.node.clone(),
        port: info.port,
        process: info.process.clone(),
        cores: info.cores,
    }
}

/// Mean think time per transaction of the mix, s; of all transactions alike where there is no navigation.
fn mean_think_time_s(workload: &Workload) -> f64 {
    let think_s = |index: usize| {
        workload
            .transactions
            .get(index)
            .map_or(0.0, |transaction| transaction.think_time_s.mean())
    };
    match &workload.navigation {
        Some(navigation) => {
            let visits = visits(navigation);
            let total: f64 = visits.iter().sum();
            let sum_s: f64 = navigation
                .states
                .iter()
                .zip(&visits)
                .map(|(&state, visits)| visits * think_s(state))
                .sum();
            if total > 0.0 { sum_s / total } else { 0.0 }
        }
        None => {
            let count = workload.transactions.len().max(1);
            (0..count).map(think_s).sum::<f64>() / count as f64
        }
    }
}

/// Visit ratios of the inner states by iterating v = entry + v P, which converges since Exit is reachable from every state.
fn visits(navigation: &autoperf_inputs::workload::Navigation) -> Vec<f64> {
    let mut visits = navigation.entry.clone();
    for _ in 0..100_000 {
        let mut next = navigation.entry.clone();
        for (row, visit) in navigation.rows.iter().zip(&visits) {
            next.iter_mut()
                .zip(row)
                .for_each(|(sum, probability)| *sum += visit * probability);
        }
        let change: f64 = next.iter().zip(&visits).map(|(new, old)| (new - old).abs()).sum();
        visits = next;
        if change < 1e-12 {
            break;
        }
    }
    visits
}

/// One request by one user before any load: a site that is down or broken is a message, not a capacity.
fn check_first_request(workload: &Workload, seed: u64) -> Result<(), RunError> {
    let Some(attempt) = SingleUser::new(workload, seed)?.step() else {
        return Ok(());
    };
    let found = match (&attempt.error, attempt.status) {
        (Some(error), _) => error.clone(),
        (None, status) if status >= 500 => format!("answered {status}"),
        (None, _) => return Ok(()),
    };
    Err(RunError::Site {
        url: attempt.url,
        found,
        transaction: attempt.transaction,
    })
}
