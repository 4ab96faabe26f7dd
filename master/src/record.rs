//! The record of every transaction, on request: copies of what the figures are made of, written to files while the run goes on.
//!
//! A sink is a mirror. It has a thread of its own and a backlog of bounded length, and nobody waits for it: what finds no room
//! is missing from it and is counted, and a sink that fails is named and given no more. The run, its figures and its verdict
//! are the same with and without it.

use crate::clock::{monotonic_ns, unix_ns};
use crate::journal::entry::RecordEnd;
use crate::load::Finished;
use autoperf_models::record::Record;
use columns::{Facts, Row};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stream::Stream;

pub mod columns;
mod csv;
mod jsonl;
mod stream;

/// Writes rows in its form.
pub trait Sink: Send {
    /// What stands before the first row.
    ///
    /// # Errors
    /// The system's.
    fn begin(&mut self, to: &mut dyn Write) -> io::Result<()>;

    /// One row.
    ///
    /// # Errors
    /// The system's.
    fn row(&mut self, row: &Row<'_>, to: &mut dyn Write) -> io::Result<()>;
}

/// A form in which transactions can be written.
#[derive(Debug)]
pub struct Form {
    /// Its name, which is also the ending of its files.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    make: fn() -> Box<dyn Sink>,
}

/// Every form.
pub const FORMS: &[Form] = &[csv::FORM, jsonl::FORM];

/// Transactions that may wait for one sink; some 30 MB.
pub const MOST_WAITING: usize = 262_144;

/// How long a sink may take to be opened before the run goes on without waiting for it.
const OPEN_WITHIN: Duration = Duration::from_secs(1);
/// How long the sinks may take to write what waits when the run is over.
pub const FINISH_WITHIN: Duration = Duration::from_secs(5);

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOptions {
    /// Names of forms, for a file `transactions.FORM` in the run directory, or paths that end in one.
    pub sinks: Vec<PathBuf>,
    /// Transactions that may wait for each of them.
    pub most_waiting: usize,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self {
            sinks: Vec::new(),
            most_waiting: MOST_WAITING,
        }
    }
}

/// Why transactions cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// No form goes by that ending.
    #[error(
        "--record: {path}: no form of a record is called so\n  expected: {}, or a file that ends in .{}",
        names(", "),
        names(" or .")
    )]
    Form {
        /// What was given.
        path: PathBuf,
    },
    /// There is something in the file that would be lost.
    #[error(
        "--record: {path}: the file is there already\n  expected: a new file\n  hint: remove it, or name another one; with `--record {form}` each run writes into its own directory"
    )]
    Exists {
        /// Which.
        path: PathBuf,
        /// Its form.
        form: &'static str,
    },
    /// The file cannot be made.
    #[error("--record: {path}: {source}\n  expected: a file that can be written")]
    Open {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn names(between: &str) -> String {
    FORMS
        .iter()
        .map(|form| form.name)
        .collect::<Vec<_>>()
        .join(between)
}

/// The form that a name or the ending of a path asks for.
///
/// # Errors
/// [`RecordError::Form`].
pub fn form_of(path: &Path) -> Result<&'static Form, RecordError> {
    let name = Some(path.as_os_str()).filter(|_| path.components().count() == 1);
    let wanted = path.extension().or(name);
    let found = FORMS
        .iter()
        .find(|form| wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case(form.name)));
    found.ok_or_else(|| RecordError::Form {
        path: path.to_owned(),
    })
}

/// The sinks of a run.
#[derive(Debug)]
pub struct Mirror {
    streams: Vec<Stream>,
    taken: Vec<Finished>,
}

impl Mirror {
    /// Opens every sink; `directory` is the run's own, which is there.
    ///
    /// # Errors
    /// [`RecordError`], before any load.
    pub fn open(
        options: &RecordOptions,
        directory: &Path,
        transactions: &[String],
    ) -> Result<Self, RecordError> {
        let facts = Arc::new(Facts {
            run: run_name(directory),
            transactions: transactions.to_vec(),
            boot_unix_ns: unix_ns().saturating_sub(monotonic_ns()),
        });
        let mut streams: Vec<Stream> = Vec::new();
        for sink in &options.sinks {
            let form = form_of(sink)?;
            let path = match sink.extension() {
                Some(_) => sink.clone(),
                None => directory.join(format!("transactions.{}", form.name)),
            };
            let is_twice = streams.iter().any(|stream| stream.path() == path);
            refuse_to_overwrite(form, &path, is_twice)?;
            let stream = Stream::open(
                path.clone(),
                (form.make)(),
                Arc::clone(&facts),
                options.most_waiting,
            );
            stream
                .wait_until_open(OPEN_WITHIN)
                .map_err(|source| RecordError::Open { path, source })?;
            streams.push(stream);
        }
        Ok(Self {
            streams,
            taken: Vec::new(),
        })
    }

    /// Takes what ended in a window; the records' instants are readings of CLOCK_MONOTONIC, and so many more were lost on the way
    /// here. Gives how many of these at least one sink has no room for.
    pub fn take(&mut self, finished: Vec<Finished>, lost_before: u64) -> u64 {
        let count = finished.len();
        let mut lost = 0;
        // Every sink is asked, whatever the others say.
        for stream in &mut self.streams {
            stream.note_missing(lost_before);
            if count > 0 && !stream.reserve(count) {
                lost = count as u64;
            }
        }
        self.taken = finished;
        lost
    }

    /// Passes on what was taken last: transactions of that level, by its number in the journal from 1.
    pub fn pass_on(&mut self, level: Option<usize>) {
        let finished = std::mem::take(&mut self.taken);
        let batch = Arc::new(Batch { level, finished });
        self.streams.iter_mut().for_each(|stream| stream.give(&batch));
    }

    /// What has gone wrong since the last call, one sentence for each sink that was given up.
    pub fn failures(&mut self) -> Vec<String> {
        self.streams.iter_mut().filter_map(Stream::new_failure).collect()
    }

    /// Lets every sink write what waits, and says what became of it. One that is not done in that time is left behind.
    #[must_use]
    pub fn finish(self, within: Duration) -> Vec<RecordEnd> {
        let until_ns = monotonic_ns().saturating_add(within.as_nanos() as u64);
        // All are told first, so that they write at the same time.
        let closing: Vec<_> = self.streams.into_iter().map(Stream::close).collect();
        closing
            .into_iter()
            .map(|closing| closing.end(Duration::from_nanos(until_ns.saturating_sub(monotonic_ns()))))
            .collect()
    }
}

/// Transactions that ended in the same window.
#[derive(Debug)]
struct Batch {
    /// Number of the level in the journal, from 1; `None` between levels.
    level: Option<usize>,
    finished: Vec<Finished>,
}

/// Name of a run: its directory's.
fn run_name(directory: &Path) -> String {
    let whole = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let name = whole.file_name().unwrap_or(whole.as_os_str());
    name.to_string_lossy().into_owned()
}

/// An ordinary file with something in it stays as it is.
fn refuse_to_overwrite(form: &Form, path: &Path, is_twice: bool) -> Result<(), RecordError> {
    let is_filled = std::fs::metadata(path).is_ok_and(|facts| facts.is_file() && facts.len() > 0);
    if is_filled || is_twice {
        return Err(RecordError::Exists {
            path: path.to_owned(),
            form: form.name,
        });
    }
    Ok(())
}

/// Instants of a record moved by so much, ns; what did not happen stays so.
pub(crate) fn shift(record: &mut Record, by_ns: u64) {
    for instant in [
        &mut record.scheduled_ns,
        &mut record.start_ns,
        &mut record.connect_start_ns,
        &mut record.connect_end_ns,
        &mut record.tls_end_ns,
        &mut record.send_start_ns,
        &mut record.send_end_ns,
        &mut record.first_byte_ns,
        &mut record.last_byte_ns,
        &mut record.end_ns,
    ] {
        if *instant > 0 {
            *instant += by_ns;
        }
    }
}

#[cfg(test)]
mod tests;
