//! What the verbs that put load on a site share: which files are read, where the results go, how the end is told.

use crate::agents::ways::Ways;
use crate::cli::exit::Exit;
use crate::cli::progress::Watch;
use crate::cli::values;
use crate::journal::entry::{OpenOptions, SearchOptions};
use crate::load::EngineConfig;
use crate::record::RecordOptions;
use crate::run::{self, Finished, Request, RunError};
use crate::transport::Version;
use autoperf_inputs::parameters::PARAMETERS;
use autoperf_inputs::{FolderRequest, Mode, Workload};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Which files are read.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Files {
    /// Transactions, servers and options: input.xml, a workload.toml, or a folder with one of them; by default those of the
    /// current folder.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Navigation of the users; by default the one that the other files name, else `cbmg.txt`.
    #[arg(long, value_name = "FILE")]
    pub cbmg: Option<PathBuf>,
    /// Parameters by AutoPerf's names; by default `config.properties` beside the input file, where it exists.
    #[arg(long, value_name = "FILE")]
    pub properties: Option<PathBuf>,
    /// Allow files outside the input file's folder.
    #[arg(long)]
    pub allow_outside: bool,
}

/// Where the results go, and by which random choices.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Place {
    /// Directory of the results; by default `results/<time>-<mode>`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of all random choices; drawn and printed where absent.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Also write down every single transaction, in a new file that ends in .csv or .jsonl; `csv` or `jsonl` alone is a file in the
    /// results directory. May be given several times.
    #[arg(long, value_name = "FILE", value_parser = values::record)]
    pub record: Vec<PathBuf>,
}

/// What the users have for a browser.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Browser {
    /// HTTP that the users speak: 1.1, 2 (over https where the server agrees, else by prior knowledge), or auto (over https
    /// what the server prefers, else 1.1).
    #[arg(long, value_name = "VERSION", value_parser = values::http_version, default_value = "1.1")]
    pub http: Version,
    /// Fetch what each page's HTML names on its own host (images, style sheets, scripts) as part of the transaction.
    #[arg(long)]
    pub resources: bool,
}

impl Browser {
    /// The load engine's settings.
    #[must_use]
    pub fn engine(&self) -> EngineConfig {
        EngineConfig {
            http: self.http,
            resources: self.resources,
            ..EngineConfig::default()
        }
    }
}

impl Files {
    /// What is to be read for a mode; `manual` is the schedule's file, where the user names one.
    #[must_use]
    pub fn request(&self, mode: Mode, manual: Option<&Path>) -> FolderRequest {
        FolderRequest {
            input_xml: self.input.clone().unwrap_or_default(),
            cbmg: self.cbmg.clone(),
            manual: manual.map(Path::to_path_buf),
            properties: self.properties.clone(),
            mode,
            allow_outside: self.allow_outside,
        }
    }

    /// Reads a workload; notes about the files go to stderr.
    ///
    /// # Errors
    /// What is wrong with the files, as text.
    pub fn read(&self, mode: Mode, manual: Option<&Path>) -> Result<Workload, String> {
        let inspection = autoperf_inputs::inspect_folder(&self.request(mode, manual));
        let told = inspection.diagnostics.to_string();
        let workload = inspection.workload.ok_or_else(|| told.clone())?;
        if !told.trim().is_empty() {
            eprintln!("{told}");
        }
        Ok(workload)
    }

    /// The parameters of config.properties with the file that sets each, as a table; nothing where no file can be read.
    #[must_use]
    pub fn parameters(&self) -> String {
        let inspection = autoperf_inputs::inspect_folder(&self.request(Mode::Everything, None));
        let Some(workload) = inspection.workload else {
            return String::new();
        };
        let ends = |ending: &str| {
            let file = inspection
                .files
                .iter()
                .find(|path| path.to_string_lossy().ends_with(ending));
            file.map(|path| path.display().to_string())
        };
        let file = ends(".properties").or_else(|| ends(".toml")).unwrap_or_default();
        let mut text = "\n# parameters\n".to_owned();
        for parameter in PARAMETERS {
            let origin = match workload.parameters.is_set(parameter.name) {
                true => &file,
                false => "built in",
            };
            let value = workload.parameters.text(parameter.name).unwrap_or_default();
            text.push_str(&format!("{:<57}  {value:<9}  {origin}\n", parameter.name));
        }
        text
    }

    /// The files that the user named, by role, for the record.
    #[must_use]
    pub fn named(&self, manual: Option<&Path>) -> BTreeMap<String, String> {
        let standard = Path::new("input.xml");
        let named = [
            ("input", Some(self.input.as_deref().unwrap_or(standard))),
            ("cbmg", self.cbmg.as_deref()),
            ("manual", manual),
            ("properties", self.properties.as_deref()),
        ];
        let named = named.into_iter();
        named
            .filter_map(|(role, path)| Some((role.to_owned(), path?.display().to_string())))
            .collect()
    }
}

/// A workload of one page, from its address alone.
///
/// # Errors
/// What is wrong with the address, as text.
pub fn from_url(url: &str) -> Result<Workload, String> {
    Workload::from_url(url).map_err(|found| found.to_string())
}

/// What is to be run.
#[derive(Debug)]
pub struct Job {
    /// What users do.
    pub workload: Workload,
    /// What is done with it.
    pub mode: Mode,
    /// How the profilers are reached.
    pub ways: Ways,
    /// How levels are chosen.
    pub search: SearchOptions,
    /// How arrivals come, where they make the load.
    pub open: Option<OpenOptions>,
    /// What the users have for a browser.
    pub browser: Browser,
    /// Files read, by role.
    pub inputs: BTreeMap<String, String>,
}

/// Runs a job with live progress on stderr and tells the verdict on stdout; gives the answer too, where there is one.
#[must_use]
pub fn run(job: Job, place: &Place, watch: &Watch, command: &[OsString]) -> (Exit, Option<Finished>) {
    let interrupt = match watch.listen() {
        Ok(interrupt) => interrupt,
        Err(error) => {
            eprintln!("autoperf: cannot listen for Ctrl-C: {error}");
            return (Exit::RunError, None);
        }
    };
    let started = crate::clock::file_stamp(crate::clock::unix_ns());
    let mode_name = run::mode_name(job.mode, job.open.is_some());
    let standard = || PathBuf::from(format!("results/{started}-{mode_name}"));
    let request = Request {
        workload: job.workload,
        mode: job.mode,
        ways: job.ways,
        search: job.search,
        open: job.open,
        engine: job.browser.engine(),
        record: RecordOptions {
            sinks: place.record.clone(),
            ..RecordOptions::default()
        },
        directory: place.out.clone().unwrap_or_else(standard),
        seed: place
            .seed
            .unwrap_or_else(|| crate::clock::unix_ns() % 1_000_000_007),
        command: command
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        inputs: job.inputs,
        interrupt,
    };
    let directory = request.directory.clone();
    let mut display = match watch.display() {
        Ok(display) => display,
        Err(message) => {
            eprintln!("{message}");
            return (Exit::Usage, None);
        }
    };
    display.note(&format!(
        "seed {}, results in {}",
        request.seed,
        directory.display()
    ));
    let ended = run::carry_out(request, display.as_mut());
    drop(display);
    match ended {
        Ok(finished) => (tell(&finished, &directory), Some(finished)),
        Err(error) => (fail(&error), None),
    }
}

/// Prints the verdict on stdout and gives the exit code that goes with it.
fn tell(finished: &Finished, directory: &Path) -> Exit {
    println!("{}", finished.summary.verdict.sentence);
    for reason in &finished.summary.verdict.reasons {
        println!("  {reason}");
    }
    println!("report: {}", directory.join("report.html").display());
    Exit::of(&finished.how, &finished.summary.verdict.code)
}

/// Prints an error on stderr and gives its exit code.
fn fail(error: &RunError) -> Exit {
    eprintln!("autoperf: {error}");
    match error {
        RunError::Agents(_) | RunError::Site { .. } => Exit::Unreachable,
        RunError::Record(_) => Exit::Usage,
        _ => Exit::RunError,
    }
}
