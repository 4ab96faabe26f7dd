//! `autoperf capacity`: reads the files, runs the analysis, says what came out.

use crate::cli::exit::Exit;
use crate::cli::launch::{self, Browser, Files, Job, Place};
use crate::cli::profilers::Profilers;
use crate::cli::progress::Watch;
use crate::cli::values;
use crate::journal::entry::{OpenOptions, SearchOptions};
use crate::parameters;
use crate::run::Finished;
use crate::summary::verdict::{URL, assumed};
use autoperf_inputs::{Mode, Workload};
use autoperf_models::level::Precision;
use autoperf_models::search::STRATEGIES;
use clap::builder::PossibleValuesParser;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// [`SearchArguments::time_budget`] where nothing is said, s: the answer is wanted in minutes.
const TIME_BUDGET_S: f64 = 300.0;

/// What `capacity` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// The address of one page, to be analysed without any file.
    #[arg(value_name = "URL", conflicts_with_all = ["input", "cbmg", "properties", "manual"])]
    pub url: Option<String>,
    /// What is read.
    #[command(flatten)]
    pub files: Files,
    /// Follow a schedule (users and seconds, row by row) in time instead of choosing levels; without FILE the one that
    /// config.properties names, else `mll.txt`.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub manual: Option<Option<PathBuf>>,
    /// Arrivals instead of users.
    #[command(flatten)]
    pub open: OpenArguments,
    /// How the levels are chosen and how well they must be known.
    #[command(flatten)]
    pub search: SearchArguments,
    /// How the profilers are reached.
    #[command(flatten)]
    pub profilers: Profilers,
    /// What the users have for a browser.
    #[command(flatten)]
    pub browser: Browser,
    /// Where the results go.
    #[command(flatten)]
    pub place: Place,
    /// What is shown while it goes on.
    #[command(flatten)]
    pub watch: Watch,
}

/// The open mode: arrivals instead of users.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct OpenArguments {
    /// Begin so many transactions a second, whatever becomes of them, instead of running users (at most --max-users are in a
    /// transaction at once, 10000 where nothing is said); response times count from the intended start.
    #[arg(long, value_name = "PER_SECOND", value_parser = values::rate, conflicts_with_all = ["manual", "slo"])]
    pub rate: Option<f64>,
    /// Law of the times between arrivals: `poisson` or `constant`.
    #[arg(long, value_name = "LAW", requires = "rate", value_parser = ["poisson", "constant"])]
    pub arrivals: Option<String>,
    /// How long the arrivals go on, such as 60s; where nothing is said, until the intervals are as narrow as asked.
    #[arg(long, value_name = "TIME", requires = "rate", value_parser = values::duration_s)]
    pub duration: Option<f64>,
}

impl OpenArguments {
    /// How arrivals come, where they are asked for.
    fn options(&self, max_users: Option<u32>, workload: &Workload) -> Option<OpenOptions> {
        Some(OpenOptions {
            rate_per_s: self.rate?,
            arrivals: self.arrivals.clone().unwrap_or_else(|| "poisson".to_owned()),
            duration_s: self.duration,
            max_users: max_users.unwrap_or(OPEN_USERS),
            transactions_per_session: workload.describe().session.map(|session| session.length),
        })
    }
}

/// Most users of the open mode where nothing is said.
const OPEN_USERS: u32 = 10_000;

/// How levels are chosen.
#[derive(Debug, Clone, clap::Args)]
pub struct SearchArguments {
    /// Longest time under load, such as 10m; the answer is then what is known by that time.
    #[arg(long, value_name = "TIME", value_parser = values::duration_s, default_value = "30m")]
    pub max_duration: f64,
    /// Time under load after which no level is added for more precision alone; 5m where nothing is said.
    #[arg(long, value_name = "TIME", value_parser = values::duration_s)]
    pub time_budget: Option<f64>,
    /// Never run more users than this.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_users: Option<u32>,
    /// Also find the largest number of users at which a percentile of response time stays within a limit: p95=2s.
    #[arg(long, value_name = "PERCENTILE=TIME", value_parser = values::objective)]
    pub slo: Option<(f64, f64)>,
    /// How levels are chosen.
    #[arg(long, value_name = "NAME", default_value = STRATEGIES[0].name, value_parser = PossibleValuesParser::new(STRATEGIES.iter().map(|strategy| strategy.name)))]
    pub strategy: String,
    /// Wanted half-width of the mean response time's 95 % interval at each level.
    #[arg(long, value_name = "SHARE", value_parser = values::share, default_value = "10%")]
    pub response_precision: f64,
    /// Wanted half-width of the throughput's 95 % interval at each level; by default what config.properties says, else 3 %.
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub throughput_precision: Option<f64>,
    /// Start each level with new users instead of adding to the running ones or taking some away.
    #[arg(long)]
    pub restart_users: bool,
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
    match job(arguments) {
        Ok(job) => launch::run(job, &arguments.place, &arguments.watch, command),
        Err(message) => {
            eprintln!("{message}");
            (Exit::Usage, None)
        }
    }
}

/// Reads the files and says what is to be run.
///
/// # Errors
/// What is wrong with options or files, as text.
pub(super) fn job(arguments: &Arguments) -> Result<Job, String> {
    if let Some(url) = &arguments.url {
        return page(url, arguments);
    }
    let mode = match arguments.manual {
        Some(_) => Mode::ManualCapacity,
        None => Mode::Capacity,
    };
    let manual = arguments.manual.as_ref().and_then(Option::as_deref);
    let mut workload = arguments.files.read(mode, manual)?;
    parameters::lift_infinite_timeouts(&mut workload);
    Ok(Job {
        ways: arguments.profilers.ways(&workload)?,
        search: search(&arguments.search, &workload),
        open: arguments.open.options(arguments.search.max_users, &workload),
        workload,
        mode,
        browser: arguments.browser,
        inputs: arguments.files.named(manual),
    })
}

/// The job of one page; what is assumed about its users is said, since nobody has typed it.
fn page(url: &str, arguments: &Arguments) -> Result<Job, String> {
    let workload = launch::from_url(url)?;
    eprintln!("one transaction, GET {url}: {}", assumed());
    Ok(Job {
        ways: arguments.profilers.ways(&workload)?,
        search: search(&arguments.search, &workload),
        open: arguments.open.options(arguments.search.max_users, &workload),
        workload,
        mode: Mode::Capacity,
        browser: arguments.browser,
        inputs: BTreeMap::from([(URL.to_owned(), url.to_owned())]),
    })
}

/// How levels are chosen where the command line says nothing about it.
#[must_use]
pub fn standard_search(workload: &Workload) -> SearchOptions {
    #[derive(clap::Parser)]
    struct Standard {
        #[command(flatten)]
        search: SearchArguments,
    }
    let standard: Standard = clap::Parser::parse_from([""]);
    search(&standard.search, workload)
}

fn search(arguments: &SearchArguments, workload: &Workload) -> SearchOptions {
    let precision = Precision {
        response_time: arguments.response_precision,
        max_level_s: arguments.max_level_time,
        warm_up: workload.warm_up,
        ..Precision::default()
    };
    let mut options = SearchOptions {
        strategy: arguments.strategy.clone(),
        start_load: workload.start_load,
        max_users: arguments.max_users,
        max_duration_s: Some(arguments.max_duration),
        time_budget_s: Some(arguments.time_budget.unwrap_or(TIME_BUDGET_S)),
        objective: arguments.slo,
        restart_users: arguments.restart_users,
        precision: precision.into(),
        ..SearchOptions::default()
    };
    parameters::apply_to_search(&workload.parameters, arguments.throughput_precision, &mut options);
    options
}
