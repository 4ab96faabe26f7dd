//! The run directory's one truth: JSON lines written as the run goes, read back by everything that comes after.

use crate::journal::entry::Entry;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

pub mod entry;
pub mod histogram;
pub mod log;

/// Name of the journal within a run directory.
pub const FILE_NAME: &str = "journal";

/// Version of the journal's layout; raised when an entry changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// What can go wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file could not be created, written or read.
    #[error("{path}: {source}")]
    Io {
        /// The journal's path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not an entry of a known layout.
    #[error("{path}:{line}: not a journal entry: {reason}")]
    Malformed {
        /// The journal's path.
        path: PathBuf,
        /// Line number from 1.
        line: usize,
        /// What the decoder said.
        reason: String,
    },
    /// The journal was written by a later version.
    #[error(
        "{path}: the journal has layout {found}, this version reads up to layout {SCHEMA_VERSION}\n  hint: use the version of autoperf that wrote it, or a later one"
    )]
    Later {
        /// The journal's path.
        path: PathBuf,
        /// Its layout.
        found: u32,
    },
    /// The journal holds no beginning, so nothing can be said about the run.
    #[error("{path}: the journal is empty or lacks its first entry")]
    Empty {
        /// The journal's path.
        path: PathBuf,
    },
}

/// Appends entries; each is handed to the system before the call returns, so that a crash loses none.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
}

impl Writer {
    /// Creates the journal in the run directory; an existing one is never overwritten.
    ///
    /// # Errors
    /// [`JournalError::Io`] where the file exists or cannot be created.
    pub fn create(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join(FILE_NAME);
        let opened = OpenOptions::new().create_new(true).append(true).open(&path);
        opened
            .map(|file| Self {
                file,
                path: path.clone(),
            })
            .map_err(|source| JournalError::Io { path, source })
    }

    /// Appends one entry as a line.
    ///
    /// # Errors
    /// [`JournalError::Io`] where the write fails (disk full, for instance).
    pub fn append(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let encoded = serde_json::to_string(entry).map_err(io::Error::from);
        encoded
            .and_then(|line| self.file.write_all(format!("{line}\n").as_bytes()))
            .map_err(|source| JournalError::Io {
                path: self.path.clone(),
                source,
            })
    }

    /// Makes what was appended survive a power cut; called after each level.
    ///
    /// # Errors
    /// [`JournalError::Io`] where the system cannot write it out.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(|source| JournalError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

/// Reads the journal of a run directory. A last line cut off by a crash is left out; any other broken line is an error.
///
/// # Errors
/// [`JournalError`] where the file cannot be read or an inner line is no entry.
pub fn read(directory: &Path) -> Result<log::RunLog, JournalError> {
    let path = directory.join(FILE_NAME);
    let io_error = |source| JournalError::Io {
        path: path.clone(),
        source,
    };
    let lines: Vec<String> = BufReader::new(File::open(&path).map_err(io_error)?)
        .lines()
        .collect::<Result<_, _>>()
        .map_err(io_error)?;
    let mut entries = Vec::with_capacity(lines.len());
    if let Some(found) = lines
        .first()
        .and_then(|line| layout(line))
        .filter(|found| *found > SCHEMA_VERSION)
    {
        return Err(JournalError::Later { path, found });
    }
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(entry) => entries.push(entry),
            Err(_) if index + 1 == lines.len() => {}
            Err(error) => {
                let reason = error.to_string();
                return Err(JournalError::Malformed {
                    path,
                    line: index + 1,
                    reason,
                });
            }
        }
    }
    log::RunLog::from_entries(entries).ok_or(JournalError::Empty { path })
}

/// Layout that a first line tells, whatever else it holds.
fn layout(line: &str) -> Option<u32> {
    let begin: serde_json::Value = serde_json::from_str(line).ok()?;
    begin["schema_version"].as_u64()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::entry::{Begin, End, Entry};
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("autoperf-journal-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let folder = directory("round");
        let mut writer = Writer::create(&folder).unwrap();
        let begin = Begin {
            seed: 7,
            ..Begin::default()
        };
        writer.append(&Entry::Begin(Box::new(begin.clone()))).unwrap();
        writer
            .append(&Entry::End(End {
                how: "finished".into(),
                at_s: 1.5,
            }))
            .unwrap();
        let log = read(&folder).unwrap();
        assert_eq!((log.begin, log.end.map(|end| end.at_s)), (begin, Some(1.5)));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_line_cut_off_at_the_end_loses_nothing_else() {
        let folder = directory("cut");
        let mut writer = Writer::create(&folder).unwrap();
        writer.append(&Entry::Begin(Box::default())).unwrap();
        writer.file.write_all(b"{\"type\":\"end\",\"ho").unwrap();
        assert!(read(&folder).unwrap().end.is_none());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_broken_line_inside_is_named() {
        let folder = directory("broken");
        std::fs::write(folder.join(FILE_NAME), "{\"type\":\"nonsense\"}\n{}\n").unwrap();
        assert!(matches!(
            read(&folder),
            Err(JournalError::Malformed { line: 1, .. })
        ));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn an_existing_journal_is_never_overwritten() {
        let folder = directory("exists");
        Writer::create(&folder).unwrap();
        assert!(matches!(Writer::create(&folder), Err(JournalError::Io { .. })));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
