//! `autoperf capacity`: reads the files, runs the analysis, says what came out.

use crate::cli::exit::Exit;
use crate::cli::progress::Stderr;
use crate::cli::values;
use crate::journal::entry::SearchOptions;
use crate::run::{self, Finished, Request, RunError};
use autoperf_inputs::{FolderRequest, Mode, Workload};
use autoperf_models::level::Precision;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What `capacity` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Transactions, servers and options; `config.properties` beside it is read too.
    #[arg(long, value_name = "FILE", default_value = "input.xml")]
    pub input: PathBuf,
    /// Navigation of the users; by default the one that the other files name, else `cbmg.txt`.
    #[arg(long, value_name = "FILE")]
    pub cbmg: Option<PathBuf>,
    /// Parameters by AutoPerf's names; by default `config.properties` beside the input file, where it exists.
    #[arg(long, value_name = "FILE")]
    pub properties: Option<PathBuf>,
    /// Directory of the results; by default `results/<time>-capacity`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How the levels are chosen and how well they must be known.
    #[command(flatten)]
    pub search: SearchArguments,
    /// Seed of all random choices; drawn and printed where absent.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Allow files outside the input file's folder.
    #[arg(long)]
    pub allow_outside: bool,
}

/// How levels are chosen.
#[derive(Debug, Clone, clap::Args)]
pub struct SearchArguments {
    /// Longest time under load, such as 10m; the answer is then what is known by that time.
    #[arg(long, value_name = "TIME", value_parser = values::duration_s, default_value = "30m")]
    pub max_duration: f64,
    /// Never run more users than this.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_users: Option<u32>,
    /// Also find the largest number of users at which a percentile of response time stays within a limit: p95=2s.
    #[arg(long, value_name = "PERCENTILE=TIME", value_parser = values::objective)]
    pub slo: Option<(f64, f64)>,
    /// How levels are chosen.
    #[arg(long, value_name = "NAME", default_value = "model-guided")]
    pub strategy: String,
    /// Wanted half-width of the mean response time's 95 % interval at each level.
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value = "10%")]
    pub response_precision: f64,
    /// Wanted half-width of the throughput's 95 % interval at each level.
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value = "3%")]
    pub throughput_precision: f64,
    /// Longest single level, warm-up included.
    #[arg(long, value_name = "TIME", value_parser = values::duration_s, default_value = "60s")]
    pub max_level_time: f64,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments, command: &[OsString]) -> Exit {
    analyse(arguments, command).0
}

/// Reads the files, runs the analysis and prints the verdict; gives the answer too, where there is one.
#[must_use]
pub fn analyse(arguments: &Arguments, command: &[OsString]) -> (Exit, Option<Finished>) {
    let workload = match read(arguments) {
        Ok(workload) => workload,
        Err(message) => {
            eprintln!("{message}");
            return (Exit::Usage, None);
        }
    };
    let interrupt = match crate::interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            eprintln!("autoperf: cannot listen for Ctrl-C: {error}");
            return (Exit::RunError, None);
        }
    };
    let request = request(arguments, workload, command, interrupt);
    let directory = request.directory.clone();
    match carry_out(request) {
        Ok(finished) => (tell(&finished, &directory), Some(finished)),
        Err(error) => (fail(&error), None),
    }
}

/// Runs the analysis with live progress on stderr.
///
/// # Errors
/// [`RunError`] of the run.
fn carry_out(request: Request) -> Result<Finished, RunError> {
    let mut display = Stderr::new();
    eprintln!(
        "seed {}, results in {}",
        request.seed,
        request.directory.display()
    );
    run::capacity(request, &mut display)
}

/// Prints the verdict on stdout and gives the exit code that goes with it.
fn tell(finished: &Finished, directory: &Path) -> Exit {
    println!("{}", finished.summary.verdict.sentence);
    for reason in &finished.summary.verdict.reasons {
        println!("  {reason}");
    }
    println!("report: {}", directory.join("report.html").display());
    exit_of(finished)
}

/// Prints an error on stderr and gives its exit code.
fn fail(error: &RunError) -> Exit {
    eprintln!("autoperf: {error}");
    match error {
        RunError::Agents(_) | RunError::Site { .. } => Exit::Unreachable,
        _ => Exit::RunError,
    }
}

fn exit_of(finished: &Finished) -> Exit {
    match (finished.how.as_str(), finished.summary.verdict.code.as_str()) {
        ("interrupted", _) => Exit::Interrupted,
        ("profiler_lost", _) => Exit::Unreachable,
        (_, "found" | "retrograde") => Exit::Found,
        (_, "fails_at_once" | "objective_failed") => Exit::Failed,
        _ => Exit::Inconclusive,
    }
}

fn read(arguments: &Arguments) -> Result<Workload, String> {
    let names: Vec<&str> = autoperf_models::search::STRATEGIES
        .iter()
        .map(|strategy| strategy.name)
        .collect();
    if !names.contains(&arguments.search.strategy.as_str()) {
        return Err(format!(
            "autoperf: unknown strategy `{}`\n  expected: one of {}",
            arguments.search.strategy,
            names.join(", ")
        ));
    }
    let request = FolderRequest {
        input_xml: arguments.input.clone(),
        cbmg: arguments.cbmg.clone(),
        manual: None,
        properties: arguments.properties.clone(),
        mode: Mode::Capacity,
        allow_outside: arguments.allow_outside,
    };
    autoperf_inputs::read_folder(&request).map_err(|diagnostics| diagnostics.to_string())
}

fn request(
    arguments: &Arguments,
    workload: Workload,
    command: &[OsString],
    interrupt: Arc<AtomicBool>,
) -> Request {
    let started = crate::clock::file_stamp(crate::clock::unix_ns());
    let directory = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("results/{started}-capacity")));
    let mut inputs = BTreeMap::from([("input".to_owned(), arguments.input.display().to_string())]);
    inputs.extend(
        arguments
            .cbmg
            .iter()
            .map(|path| ("cbmg".to_owned(), path.display().to_string())),
    );
    Request {
        search: search(&arguments.search, &workload),
        workload,
        directory,
        seed: arguments
            .seed
            .unwrap_or_else(|| crate::clock::unix_ns() % 1_000_000_007),
        command: command
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        inputs,
        interrupt,
    }
}

fn search(arguments: &SearchArguments, workload: &Workload) -> SearchOptions {
    let precision = Precision {
        throughput: arguments.throughput_precision,
        response_time: arguments.response_precision,
        max_level_s: arguments.max_level_time,
        warm_up: workload.warm_up,
        ..Precision::default()
    };
    SearchOptions {
        strategy: arguments.strategy.clone(),
        start_load: workload.start_load,
        max_users: arguments.max_users,
        max_duration_s: Some(arguments.max_duration),
        objective: arguments.slo,
        precision: precision.into(),
    }
}
