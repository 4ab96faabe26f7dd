//! What is wrong with a file, where, what was expected there and what may help.
//!
//! The reports have miette's layout but are our own few lines: miette's own renderer with source lines needs its `fancy`
//! features (terminal size, colour, unicode width), and its output changes with them. Ours is plain text, the same on every
//! terminal, so that golden files can hold it, and it makes hostile bytes of a file harmless before they reach a terminal.

mod place;

pub use place::Place;

use crate::limits::{MAX_DIAGNOSTICS, MAX_SHOWN_DIAGNOSTICS};
use crate::source::{SourceText, Span};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file can't be used.
    Error,
    /// The file is used; the person should know.
    Note,
}

/// One finding about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or note.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where; `None` if no text is concerned.
    pub place: Option<Box<Place>>,
    /// What would have been right there.
    pub expected: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            place: None,
            expected: None,
            hint: None,
        }
    }

    pub(crate) fn note(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Note,
            ..Self::error(message)
        }
    }

    pub(crate) fn at(mut self, source: &SourceText, span: Span) -> Self {
        self.place = Some(Box::new(Place::new(source, span)));
        self
    }

    pub(crate) fn in_file(mut self, name: impl Into<String>) -> Self {
        self.place = Some(Box::new(Place::whole_file(name.into())));
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        if hint.is_some() {
            self.hint = hint;
        }
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Note => "note",
        };
        write!(f, "{word}: {}", place::short(&self.message))?;
        if let Some(place) = &self.place {
            write!(f, "\n{place}")?;
        }
        let line = self.place.as_ref().map_or(0, |p| p.line);
        let gutter = " ".repeat(line.to_string().len() + 1);
        if let Some(expected) = &self.expected {
            write!(f, "\n{gutter}= expected: {}", place::short(expected))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n{gutter}= hint: {}", place::short(hint))?;
        }
        Ok(())
    }
}

/// Everything that was found, in the order of the files and of the places in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// Findings that were not kept; at least one error is among the kept ones then.
    dropped: usize,
}

impl Diagnostics {
    /// Nothing found.
    pub fn new() -> Self {
        Self::default()
    }

    /// The findings, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Number of findings that are errors.
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full_for(diagnostic.severity) {
            self.dropped += 1;
        } else {
            self.list.push(diagnostic);
        }
    }

    /// Adds a finding at a place. Beyond the first [`MAX_DIAGNOSTICS`] they are only counted, since finding the line of each of
    /// a million places in a hostile file would take for ever.
    pub(crate) fn report(&mut self, source: &SourceText, span: Span, diagnostic: Diagnostic) {
        if self.is_full_for(diagnostic.severity) {
            self.dropped += 1;
        } else {
            self.list.push(diagnostic.at(source, span));
        }
    }

    /// Whether further errors would only be counted, so that it is idle to compose them.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full_for(Severity::Error)
    }

    /// Notes may fill half of the list, so that an error always finds room.
    fn is_full_for(&self, severity: Severity) -> bool {
        let room = match severity {
            Severity::Error => MAX_DIAGNOSTICS,
            Severity::Note => MAX_DIAGNOSTICS / 2,
        };
        self.list.len() >= room
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.dropped += other.dropped;
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Orders by file (in the order in which files first appear) and place, so that one pass over the text fixes all.
    pub(crate) fn sort(&mut self) {
        let mut files: Vec<String> = Vec::new();
        for diagnostic in &self.list {
            let name = diagnostic.place.as_ref().map_or("", |p| p.file.as_str());
            if !files.iter().any(|f| f == name) {
                files.push(name.to_owned());
            }
        }
        self.list.sort_by_key(|d| {
            let place = d.place.as_deref();
            let name = place.map_or("", |p| p.file.as_str());
            let file = files.iter().position(|f| f == name);
            (file, place.map(|p| (p.line, p.column)))
        });
    }

    /// `Ok` with the value if no finding is an error.
    pub(crate) fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            list: vec![diagnostic],
            dropped: 0,
        }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.list.iter().take(MAX_SHOWN_DIAGNOSTICS).enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        let more = self.list.len().saturating_sub(MAX_SHOWN_DIAGNOSTICS) + self.dropped;
        if more > 0 {
            write!(f, "\n\n... and {more} more")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
