//! `autoperf demo`: prepares files and processes of the built-in site, then runs the same analysis as anyone's.

use crate::cli::capacity::{self, OpenArguments, SearchArguments};
use crate::cli::exit::Exit;
use crate::cli::launch::{Browser, Files, Place};
use crate::cli::profilers::Profilers;
use crate::cli::progress::Watch;
use crate::run::Finished;
use crate::summary::{Interval, Summary};
use autoperf_examples::demo::{Launch, Site, Tier, Truth, truth, write_workload};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Time under load after which the demo adds no level for more precision, s: it is to take about two minutes.
const TIME_BUDGET_S: f64 = 90.0;

/// Longest level of the demo, s, for the same reason.
const LONGEST_LEVEL_S: f64 = 30.0;

/// What `demo` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Directory of the results; by default `results/<time>-demo`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How the levels are chosen and how well they must be known.
    #[command(flatten)]
    search: SearchArguments,
    /// Seed of all random choices; drawn and printed where absent.
    #[arg(long)]
    seed: Option<u64>,
    /// What is shown while it goes on.
    #[command(flatten)]
    watch: Watch,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments, command: &[OsString]) -> Exit {
    let stamp = crate::clock::file_stamp(crate::clock::unix_ns());
    let directory = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("results/{stamp}-demo")));
    let prepared = match Prepared::start(&directory.join("workload")) {
        Ok(prepared) => prepared,
        Err(error) => {
            eprintln!("autoperf: the demo site does not start: {error}");
            return Exit::RunError;
        }
    };
    if !arguments.watch.quiet {
        eprintln!(
            "demo site at {}, its profiler on port {}",
            prepared.site.url(),
            prepared.profiler.port
        );
    }
    let request = capacity::Arguments {
        url: None,
        files: Files {
            input: Some(directory.join("workload/input.xml")),
            ..Files::default()
        },
        manual: None,
        open: OpenArguments::default(),
        search: SearchArguments {
            time_budget: arguments.search.time_budget.or(Some(TIME_BUDGET_S)),
            max_level_time: arguments.search.max_level_time.min(LONGEST_LEVEL_S),
            ..arguments.search.clone()
        },
        profilers: Profilers::default(),
        browser: Browser::default(),
        place: Place {
            out: Some(directory.clone()),
            seed: arguments.seed,
            record: Vec::new(),
        },
        watch: arguments.watch.clone(),
    };
    let (exit, finished) = capacity::analyse(&request, command);
    if let Some(Finished { summary, .. }) = finished {
        print!("{}", comparison(&summary, &truth()));
    }
    exit
}

/// Everything that the demo starts; dropping it ends the processes.
struct Prepared {
    site: Site,
    profiler: Profiler,
}

impl Prepared {
    fn start(workload: &Path) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let launch = Launch {
            program: program.clone(),
            arguments: vec!["demo-tier".into()],
        };
        let site = Site::start(&launch, 0)?;
        let profiler = Profiler::start(&program)?;
        write_workload(workload, site.web_port(), profiler.port)?;
        Ok(Self { site, profiler })
    }
}

struct Profiler {
    child: Child,
    port: u16,
}

impl Profiler {
    fn start(program: &Path) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg0("autoperf-profiler")
            .args(["profiler", "-d", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // A group of its own, so that Ctrl-C in the terminal reaches the one who decides, and only that one.
            .process_group(0)
            .spawn()?;
        let line = child
            .stdout
            .take()
            .map(first_line)
            .transpose()?
            .unwrap_or_default();
        let mut profiler = Self { child, port: 0 };
        let port = line
            .trim_end()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        profiler.port =
            port.ok_or_else(|| io::Error::other(format!("the profiler said `{}`", line.trim_end())))?;
        Ok(profiler)
    }
}

fn first_line(stdout: std::process::ChildStdout) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).map(|_| line)
}

impl Drop for Profiler {
    fn drop(&mut self) {
        // It only reads; where it has ended before, there is nothing to do.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Found against true, a line a figure.
fn comparison(summary: &Summary, truth: &Truth) -> String {
    let capacity = &summary.capacity;
    let mut text = format!(
        "\n{:<34}{:>12}{:>28}{:>9}\n",
        "demo site", "true", "found", "error"
    );
    let mut row = |what: &str, truth: f64, found: Option<Interval>, unit: &str, factor: f64| {
        let (found, error) = found.map_or_else(
            || ("not found".to_owned(), String::new()),
            |found| {
                let [value, low, high] = [found.value, found.low, found.high].map(|figure| figure * factor);
                let error = (found.value / truth - 1.0) * 100.0;
                (
                    format!("{value:.2} ({low:.2}-{high:.2}) {unit}"),
                    format!("{error:+.1} %"),
                )
            },
        );
        let truth = format!("{:.2} {unit}", truth * factor);
        text.push_str(&format!("{what:<34}{truth:>12}{found:>28}{error:>9}\n"));
    };
    row(
        "maximum throughput",
        truth.max_throughput_per_s,
        capacity.max_throughput_per_s,
        "/s",
        1.0,
    );
    row(
        "saturation point N*",
        truth.saturation_users,
        capacity.saturation_users,
        "users",
        1.0,
    );
    for tier in Tier::ALL {
        let name = tier.process_name();
        row(
            &format!("service demand of {name}"),
            truth.demand_s(tier),
            demand(summary, name),
            "ms",
            1e3,
        );
    }
    text
}

/// The demand of a process as the level with the most transactions shows it.
fn demand(summary: &Summary, process: &str) -> Option<Interval> {
    let rows = summary
        .levels
        .iter()
        .flat_map(|level| &level.processes)
        .filter(|row| row.process == process);
    rows.filter_map(|row| row.service_demand_s)
        .max_by_key(|demand| demand.samples)
}
