//! `autoperf profile`: what single transactions cost every process.

use crate::cli::exit::Exit;
use crate::cli::launch::{self, Browser, Files, Job, Place};
use crate::cli::profilers::Profilers;
use crate::cli::progress::Watch;
use crate::cli::values;
use crate::journal::entry::SearchOptions;
use crate::parameters;
use autoperf_inputs::Mode;
use autoperf_models::level::Precision;
use std::ffi::OsString;
use std::path::PathBuf;

/// What `profile` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// What is read; the `<Profile>` block says which transactions, with how many users.
    #[command(flatten)]
    pub files: Files,
    /// Follow a schedule (users and seconds, row by row) with each transaction; without FILE the one that config.properties
    /// names, else `mll.txt`.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub manual: Option<Option<PathBuf>>,
    /// Longest time under load of all transactions together, such as 10m; a schedule has its own.
    #[arg(long, value_name = "TIME", value_parser = values::duration_s, default_value = "30m")]
    pub max_duration: f64,
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

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments, command: &[OsString]) -> Exit {
    match job(arguments) {
        Ok(job) => launch::run(job, &arguments.place, &arguments.watch, command).0,
        Err(message) => {
            eprintln!("{message}");
            Exit::Usage
        }
    }
}

/// Reads the files and says what is to be run.
///
/// # Errors
/// What is wrong with the files, as text.
pub(super) fn job(arguments: &Arguments) -> Result<Job, String> {
    let mode = match arguments.manual {
        Some(_) => Mode::ManualProfile,
        None => Mode::Profile,
    };
    let manual = arguments.manual.as_ref().and_then(Option::as_deref);
    let mut workload = arguments.files.read(mode, manual)?;
    parameters::lift_infinite_timeouts(&mut workload);
    let precision = Precision {
        warm_up: workload.warm_up,
        max_timeout_share: parameters::timeout_share(&workload.parameters),
        ..Precision::default()
    };
    Ok(Job {
        ways: arguments.profilers.ways(&workload)?,
        search: SearchOptions {
            max_duration_s: Some(arguments.max_duration),
            precision: precision.into(),
            window_rule: parameters::profiling_window_rule(&workload.parameters),
            ..SearchOptions::default()
        },
        open: None,
        workload,
        mode,
        browser: arguments.browser,
        inputs: arguments.files.named(manual),
    })
}
