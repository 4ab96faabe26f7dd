//! `autoperf report DIR`: the reports again, from the journal.

use crate::cli::exit::Exit;
use crate::report::RENDERERS;
use crate::run;
use std::io::Write;
use std::path::PathBuf;

/// What `report` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Run directory.
    pub directory: PathBuf,
    /// Print one form on stdout instead of the verdict.
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
    let text = form.map_or_else(
        || Ok(format!("{}\n", summary.verdict.sentence)),
        |form| (form.render)(&summary),
    );
    match text {
        Ok(text) => print(&text),
        Err(error) => {
            eprintln!("autoperf: {error}");
            Exit::RunError
        }
    }
}

/// Writes an answer on stdout. A reader that has seen enough and closed the pipe is no error.
pub(crate) fn print(text: &str) -> Exit {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("autoperf: stdout: {error}");
            Exit::RunError
        }
        _ => Exit::Found,
    }
}
