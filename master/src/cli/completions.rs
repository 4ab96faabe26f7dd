//! `autoperf completions SHELL`: a script by which a shell completes verbs and options.

use crate::cli::exit::Exit;
use crate::cli::report::print;
use clap_complete::Shell;

/// What `completions` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), "autoperf", &mut script);
    print(&String::from_utf8_lossy(&script))
}
