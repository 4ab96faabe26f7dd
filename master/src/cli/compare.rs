//! `autoperf compare A B`: what differs between two runs, and whether it is more than chance.

use crate::cli::exit::Exit;
use crate::cli::report::print;
use crate::cli::values;
use crate::compare::write::FORMS;
use crate::compare::{Side, compare};
use crate::journal;
use crate::summary::Summary;
use crate::summary::build::build;
use std::path::{Path, PathBuf};

/// What `compare` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The baseline: a run directory or a summary.json.
    pub baseline: PathBuf,
    /// What is compared with it: a run directory or a summary.json.
    pub candidate: PathBuf,
    /// Exit with 3 where a figure is worse than the baseline by more than this share, and significantly so.
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    pub fail_on: Option<f64>,
    /// Form of the answer.
    #[arg(long, value_name = "NAME", default_value = FORMS[0].name, value_parser = clap::builder::PossibleValuesParser::new(FORMS.iter().map(|form| form.name)))]
    pub format: String,
}

/// Runs the verb.
#[must_use]
pub fn run(arguments: &Arguments) -> Exit {
    let (baseline, candidate) = match (read(&arguments.baseline), read(&arguments.candidate)) {
        (Ok(baseline), Ok(candidate)) => (baseline, candidate),
        (Err(message), _) | (_, Err(message)) => {
            eprintln!(
                "autoperf: {message}\n  expected: the directory of a run, or its summary.json\n  hint: results are in results/<time>-capacity unless --out said otherwise"
            );
            return Exit::Usage;
        }
    };
    let places = [&arguments.baseline, &arguments.candidate].map(|path| path.display().to_string());
    let comparison = compare(
        Side {
            place: &places[0],
            summary: &baseline,
        },
        Side {
            place: &places[1],
            summary: &candidate,
        },
        arguments.fail_on,
    );
    let form = FORMS
        .iter()
        .find(|form| form.name == arguments.format)
        .unwrap_or(&FORMS[0]);
    let text = match (form.write)(&comparison) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("autoperf: {error}");
            return Exit::RunError;
        }
    };
    match print(&text) {
        Exit::Found if comparison.figures.is_empty() => Exit::Inconclusive,
        Exit::Found if !comparison.regressions.is_empty() => Exit::Failed,
        exit => exit,
    }
}

/// The answer of a run: from its journal where there is one, so that both runs are judged by the same code; else from the file.
fn read(path: &Path) -> Result<Summary, String> {
    if path.join(journal::FILE_NAME).is_file() {
        return journal::read(path)
            .map(|log| build(&log))
            .map_err(|error| error.to_string());
    }
    let file = if path.is_dir() {
        path.join("summary.json")
    } else {
        path.to_path_buf()
    };
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: not a summary: {error}", file.display()))
}
