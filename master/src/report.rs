//! Reports: functions from a summary to text, in one list.

use crate::summary::Summary;
use std::io;
use std::path::{Path, PathBuf};

pub mod chart;
pub mod csv;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod number;
pub mod text;

/// A form of the report.
#[derive(Debug)]
pub struct Renderer {
    /// Name for `--format`.
    pub name: &'static str,
    /// File that it is written to.
    pub file_name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Whether every run directory gets it; the others are made on request.
    pub always: bool,
    /// Makes it.
    pub render: fn(&Summary) -> Result<String, ReportError>,
}

/// Every form, in the order in which they are written.
pub const RENDERERS: &[Renderer] = &[
    json::RENDERER,
    text::RENDERER,
    chart::svg::THROUGHPUT,
    chart::svg::RESPONSE_TIME,
    html::RENDERER,
    csv::RENDERER,
    markdown::RENDERER,
    junit::RENDERER,
];

/// Why a report is missing.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It could not be written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be made.
    #[error("cannot render {what}: {reason}")]
    Render {
        /// Which form.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

/// Writes every form that is always made into the run directory. Each is tried, so that one that fails does not cost the others.
///
/// # Errors
/// The first failure.
pub fn write_all(directory: &Path, summary: &Summary) -> Result<(), ReportError> {
    let write = |renderer: &Renderer| {
        let text = (renderer.render)(summary)?;
        let path = directory.join(renderer.file_name);
        // A reader must never see half a file, and an older report must survive a full disk.
        let half = directory.join(format!(".{}.part", renderer.file_name));
        std::fs::write(&half, text)
            .and_then(|()| std::fs::rename(&half, &path))
            .map_err(|source| ReportError::Io { path, source })
    };
    RENDERERS
        .iter()
        .filter(|renderer| renderer.always)
        .map(write)
        .fold(Ok(()), Result::and)
}
