//! The command line: one file a verb.

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

pub mod capacity;
pub mod check;
pub mod compare;
pub mod convert;
pub mod demo;
pub mod exit;
pub mod key;
pub mod launch;
pub mod profile;
pub mod profilers;
pub mod progress;
pub mod report;
pub mod spelling;
pub mod trial;
pub mod values;

use exit::Exit;

/// Finds by itself how many users a web application carries, and why not more.
///
/// AutoPerf's own spellings work too: `autoperf -c -fi input.xml -fc cbmg.txt`.
#[derive(Debug, Parser)]
#[command(name = "autoperf", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// What can be done.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Find the capacity of a site: the whole curve, the saturation point and what limits it.
    Capacity(Box<capacity::Arguments>),
    /// Profile single transactions: what each costs every process, as known as asked for.
    Profile(Box<profile::Arguments>),
    /// Validate the files and say what would be run, without any contact.
    Check(check::Arguments),
    /// Walk one session as one user, and show each request with what came of it.
    Try(trial::Arguments),
    /// Turn AutoPerf's four files into one workload.toml, or back, without loss.
    Convert(convert::Arguments),
    /// Analyse the built-in demo site on loopback and compare what was found with its documented truth.
    Demo(demo::Arguments),
    /// Write the reports of a finished or broken-off run again from its journal.
    Report(report::Arguments),
    /// Compare two runs: what differs, by how much, and whether it is more than chance.
    Compare(compare::Arguments),
    /// Make keys that encrypt connections to profilers.
    Key(key::Arguments),
    /// A tier of the demo site (started by `demo`).
    #[command(hide = true, disable_help_flag = true)]
    DemoTier(PassedOn),
    /// The profiler (started by `demo`).
    #[command(hide = true, disable_help_flag = true)]
    Profiler(PassedOn),
}

/// Arguments handed on as they are.
#[derive(Debug, clap::Args)]
struct PassedOn {
    /// Everything after the verb.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs the command line and gives the process's exit code.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let translated = match spelling::translate(arguments.into_iter().collect()) {
        Ok(translated) => translated,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Usage.into();
        }
    };
    match Cli::try_parse_from(&translated) {
        Ok(cli) => run(cli.verb, &translated),
        Err(error) => {
            // Help and version are answers, everything else is a usage error; a closed pipe is nobody's concern.
            let _ = error.print();
            if error.use_stderr() {
                Exit::Usage.into()
            } else {
                ExitCode::SUCCESS
            }
        }
    }
}

fn run(verb: Verb, command: &[OsString]) -> ExitCode {
    let exit = match verb {
        Verb::Capacity(arguments) => capacity::run(&arguments, command),
        Verb::Profile(arguments) => profile::run(&arguments, command),
        Verb::Check(arguments) => check::run(&arguments),
        Verb::Try(arguments) => trial::run(&arguments),
        Verb::Convert(arguments) => convert::run(&arguments),
        Verb::Demo(arguments) => demo::run(&arguments, command),
        Verb::Report(arguments) => report::run(&arguments),
        Verb::Compare(arguments) => compare::run(&arguments),
        Verb::Key(arguments) => key::run(&arguments),
        Verb::DemoTier(passed) => return autoperf_examples::demo::main(texts(passed)),
        Verb::Profiler(passed) => return autoperf_profiler::command::main(passed.arguments),
    };
    exit.into()
}

fn texts(passed: PassedOn) -> impl Iterator<Item = String> {
    passed
        .arguments
        .into_iter()
        .map(|argument| argument.to_string_lossy().into_owned())
}
