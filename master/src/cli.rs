//! The command line: one file a verb.

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

pub mod capacity;
pub mod check;
pub mod compare;
pub mod completions;
pub mod convert;
pub mod demo;
pub mod doctor;
pub mod exit;
pub mod key;
pub mod launch;
pub mod manual;
pub mod plan;
pub mod profile;
pub mod profilers;
pub mod progress;
pub mod report;
#[cfg(feature = "tui")]
pub mod screen;
pub mod settings;
pub mod spelling;
pub mod trial;
pub mod values;

use exit::Exit;
use settings::{Effective, Refused};

/// Finds by itself how many users a web application carries, and why not more.
///
/// AutoPerf's own spellings work too: `autoperf -c -fi input.xml -fc cbmg.txt`.
#[derive(Debug, Parser)]
#[command(name = "autoperf", version, max_term_width = 110, after_help = EVERYWHERE)]
struct Cli {
    /// Say which value every option of the verb has and where it comes from, and do nothing else.
    #[arg(long, global = true, help_heading = "Everywhere")]
    print_config: bool,
    #[command(subcommand)]
    verb: Verb,
}

/// What the help says of options wherever they stand.
const EVERYWHERE: &str = "\
Every option can also be set by AUTOPERF_<OPTION>, in ./autoperf.toml, or in ~/.config/autoperf/config.toml;
what is typed goes first, then the environment, the project's file, the user's file.";

/// What can be done.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Find the capacity of a site: the whole curve, the saturation point and what limits it.
    Capacity(Box<capacity::Arguments>),
    /// Profile single transactions: what each costs every process, as known as asked for.
    Profile(Box<profile::Arguments>),
    /// Say what a run with the same options would do and how long it would take, without any load or contact.
    Plan(Box<plan::Arguments>),
    /// Validate the files and say what would be run, without any contact.
    Check(check::Arguments),
    /// Walk one session as one user, and show each request with what came of it.
    Try(trial::Arguments),
    /// Turn AutoPerf's four files into one workload.toml, or back, without loss.
    Convert(convert::Arguments),
    /// Analyse the built-in demo site on loopback and compare what was found with its documented truth.
    Demo(demo::Arguments),
    /// Look whether this machine is fit to generate load: rate and lateness reached, limits, clock, competing work.
    Doctor(doctor::Arguments),
    /// Write the reports of a finished or broken-off run again from its journal.
    Report(report::Arguments),
    /// Compare two runs: what differs, by how much, and whether it is more than chance.
    Compare(compare::Arguments),
    /// Print a script by which a shell completes verbs and options.
    Completions(completions::Arguments),
    /// Print the manual page, or write one for every verb.
    Man(manual::Arguments),
    /// Make keys that encrypt connections to profilers.
    Key(key::Arguments),
    /// A tier of the demo site (started by `demo`).
    #[command(hide = true, disable_help_flag = true)]
    DemoTier(PassedOn),
    /// The profiler (started by `demo`).
    #[command(hide = true, disable_help_flag = true)]
    Profiler(PassedOn),
}

impl Verb {
    /// The files of a verb that reads a workload.
    const fn files(&self) -> Option<&launch::Files> {
        match self {
            Self::Capacity(arguments) => Some(&arguments.files),
            Self::Profile(arguments) => Some(&arguments.files),
            Self::Plan(arguments) => Some(&arguments.capacity.files),
            Self::Check(arguments) => Some(&arguments.files),
            _ => None,
        }
    }
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
    let command = command();
    let effective = settings::resolve(&command, translated, || settings::layers(&command));
    let (effective, cli) = match effective.and_then(parsed) {
        Ok(both) => both,
        Err(Refused::Layer(message)) => {
            eprintln!("{message}");
            return Exit::Usage.into();
        }
        Err(Refused::Typed(error)) => {
            // Help and version are answers, everything else is a usage error; a closed pipe is nobody's concern.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    if cli.print_config {
        let verb = effective.matches.subcommand_name().unwrap_or_default();
        let mut text = settings::table(verb, &effective.rows);
        text.push_str(
            &cli.verb
                .files()
                .map_or_else(String::new, launch::Files::parameters),
        );
        return report::print(&text).into();
    }
    run(cli.verb, &effective.arguments)
}

fn parsed(effective: Effective) -> Result<(Effective, Cli), Refused> {
    let cli = Cli::from_arg_matches(&effective.matches).map_err(|error| Refused::Typed(Box::new(error)))?;
    Ok((effective, cli))
}

/// The whole command line, for completions, manual pages and documentation.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

fn run(verb: Verb, command: &[OsString]) -> ExitCode {
    let exit = match verb {
        Verb::Capacity(arguments) => capacity::run(&arguments, command),
        Verb::Profile(arguments) => profile::run(&arguments, command),
        Verb::Plan(arguments) => plan::run(&arguments),
        Verb::Check(arguments) => check::run(&arguments),
        Verb::Try(arguments) => trial::run(&arguments),
        Verb::Convert(arguments) => convert::run(&arguments),
        Verb::Demo(arguments) => demo::run(&arguments, command),
        Verb::Doctor(arguments) => doctor::run(&arguments),
        Verb::Report(arguments) => report::run(&arguments),
        Verb::Compare(arguments) => compare::run(&arguments),
        Verb::Completions(arguments) => completions::run(&arguments),
        Verb::Man(arguments) => manual::run(&arguments),
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
