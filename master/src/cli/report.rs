//! `autoperf report DIR`: the reports again, from the journal.

use crate::cli::exit::Exit;
use crate::report::RENDERERS;
use crate::run;
use std::path::PathBuf;

/// What `report` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Run directory.
    pub directory: PathBuf,
    /// Print one form on stdout as well.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(RENDERERS.iter().map(|form| form.name)))]
    pub format: Option<String>,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let summary = match run::report_again(&arguments.directory) {
        Ok(summary) => summary,
        Err(run::RunError::Journal(error)) => {
            eprintln!(
                "autoperf: {error}\n  expected: the directory of a run\n  hint: results are in results/<time>-capacity unless --out said otherwise"
            );
            return Exit::Usage;
        }
        Err(error) => {
            eprintln!("autoperf: {error}");
            return Exit::RunError;
        }
    };
    let form = arguments
        .format
        .as_ref()
        .and_then(|name| RENDERERS.iter().find(|form| form.name == name));
    match form.map(|form| (form.render)(&summary)) {
        None => println!("{}", summary.verdict.sentence),
        Some(Ok(text)) => print!("{text}"),
        Some(Err(error)) => {
            eprintln!("autoperf: {error}");
            return Exit::RunError;
        }
    }
    Exit::Found
}
