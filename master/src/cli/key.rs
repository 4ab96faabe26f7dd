//! `autoperf key new`: the key that encrypts connections to profilers.

use crate::cli::exit::Exit;
use autoperf_profiler::wire::key::Key;
use std::path::PathBuf;

/// What `key` takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// What is done.
    #[command(subcommand)]
    pub action: Action,
}

/// What can be done with keys.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Action {
    /// Write a new key to a new file that only its owner can read.
    New {
        /// The file; must not be there yet.
        file: PathBuf,
    },
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let Action::New { file } = &arguments.action;
    match Key::random().and_then(|key| key.write_new(file)) {
        Ok(()) => {
            let shown = file.display();
            println!(
                "key written to {shown}; copy it to the servers, for its owner's eyes only\n  there: autoperf-profiler --listen \
                 0.0.0.0 -d 22221 --key {shown}\n  here:  autoperf capacity --agent-key {shown}"
            );
            Exit::Found
        }
        Err(error) => {
            eprintln!("autoperf: no key written to {}: {error}", file.display());
            Exit::RunError
        }
    }
}
