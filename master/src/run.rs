//! One run from a valid workload to the reports: reach everything, then load, then answer.

mod modes;

pub use modes::think_time_s;

use crate::agents::ways::Ways;
use crate::agents::{AgentsError, Connected};
use crate::campaign::state::Start;
use crate::campaign::{Campaign, CampaignError, Display};
use crate::clock::Clock;
use crate::generator::Generator;
use crate::journal::entry::{Begin, Entry, Node, Note, OpenOptions, SearchOptions};
use crate::journal::{self, JournalError, Writer};
use crate::load::{EngineConfig, EngineError};
use crate::record::{Mirror, RecordError, RecordOptions};
use crate::report::{self, ReportError};
use crate::summary::Summary;
use crate::summary::build::build;
use autoperf_inputs::{Mode, Workload};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What to run.
#[derive(Debug)]
pub struct Request {
    /// What users do, and what is profiled.
    pub workload: Workload,
    /// What is done with it; [`Mode::Everything`] means a capacity analysis.
    pub mode: Mode,
    /// How the profilers are reached.
    pub ways: Ways,
    /// How levels are chosen.
    pub search: SearchOptions,
    /// How arrivals come, where they and not users make the load; the mode is then [`Mode::Capacity`].
    pub open: Option<OpenOptions>,
    /// Run directory; made by the run, must not hold a journal yet.
    pub directory: PathBuf,
    /// Seed of all random choices.
    pub seed: u64,
    /// How the users' requests are carried; the seed is the run's own.
    pub engine: EngineConfig,
    /// The record of every transaction: none without a sink.
    pub record: RecordOptions,
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
        "{url}: {found}\n  expected: {expected}\n  hint: is the site up, and does the URL of transaction {transaction} work in a browser?"
    )]
    Site {
        /// What was asked.
        url: String,
        /// What came.
        found: String,
        /// What should have come.
        expected: &'static str,
        /// Whose request it was.
        transaction: String,
    },
    /// The load engine cannot start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The journal cannot be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The run cannot go on.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// Transactions cannot be recorded as asked.
    #[error(transparent)]
    Record(#[from] RecordError),
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

/// Name of a mode in journal, summary and the run directory's name; `open` where arrivals make the load.
#[must_use]
pub const fn mode_name(mode: Mode, open: bool) -> &'static str {
    match mode {
        Mode::Capacity if open => "open",
        Mode::Capacity | Mode::Everything => "capacity",
        Mode::ManualCapacity => "manual-capacity",
        Mode::Profile => "profile",
        Mode::ManualProfile => "manual-profile",
    }
}

/// A run that has ended, with its answer on disk.
#[derive(Debug)]
pub struct Finished {
    /// The answer.
    pub summary: Summary,
    /// How it ended: [`crate::journal::entry::End::how`].
    pub how: String,
}

/// Carries out a run in its mode.
///
/// # Errors
/// [`RunError`]; before any load where a profiler or the site cannot be reached.
pub fn carry_out(request: Request, display: &mut dyn Display) -> Result<Finished, RunError> {
    let begin = begin(&request);
    let connected = Connected::connect(&begin.nodes, &request.ways)?;
    let config = modes::engine(&request);
    modes::check_site(&request.workload, request.mode, &config)?;
    std::fs::create_dir_all(&request.directory).map_err(|source| RunError::Directory {
        path: request.directory.clone(),
        source,
    })?;
    let agents = connected.describe();
    let mirror = mirror(&request, &begin)?;
    let mut journal = Writer::create(&request.directory)?;
    journal.append(&Entry::Begin(Box::new(begin.clone())))?;
    for agent in &agents {
        journal.append(&Entry::Agent(agent.clone()))?;
    }
    let scripts = modes::scripts(&request.workload, request.mode);
    let mut generator = Generator::start(request.workload.clone(), scripts, config)?;
    if let Some(text) = modes::most_users(&request).and_then(|users| generator.shortfall(users)) {
        display.note(&text);
        let (about, at_s) = ("generator".to_owned(), 0.0);
        journal.append(&Entry::Note(Note { about, text, at_s }))?;
    }
    let epoch_ns = generator.epoch_monotonic_ns();
    let running = connected.start(epoch_ns);
    let start = Start {
        begin,
        agents,
        windows_per_second: generator.windows_per_second(),
    };
    let campaign = Campaign {
        generator: &mut generator,
        agents: &running,
        journal,
        mirror,
        display,
        interrupt: &request.interrupt,
        clock: Clock::since(epoch_ns),
    };
    let ended = campaign.run(modes::state(&request, start));
    running.stop();
    drop(generator);
    let log = ended?;
    let how = log.end.as_ref().map_or_else(String::new, |end| end.how.clone());
    let summary = build(&log);
    report::write_all(&request.directory, &summary)?;
    Ok(Finished { summary, how })
}

/// The record of every transaction, where one was asked for.
fn mirror(request: &Request, begin: &Begin) -> Result<Option<Mirror>, RecordError> {
    let options = &request.record;
    if options.sinks.is_empty() {
        return Ok(None);
    }
    Mirror::open(options, &request.directory, &begin.transactions).map(Some)
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
        schema_version: journal::SCHEMA_VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: mode_name(request.mode, request.open.is_some()).to_owned(),
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
        think_time_s: match request.open {
            Some(_) => 0.0,
            None => modes::think_time_s(workload, request.mode),
        },
        nodes: workload.nodes.iter().map(node).collect(),
        search: request.search.clone(),
        schedule: modes::schedule(workload, request.mode),
        profile: modes::profile(request),
        open: request.open.clone(),
        navigation: modes::navigation(workload, request.mode),
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
