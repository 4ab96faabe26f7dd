//! What each `${...}` place means.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::draft::{Draft, Input, SequenceDraft, TransactionDraft};
use crate::limits::{MAX_ALL_VALUES, MAX_VALUE_FILES};
use crate::source::{RawText, SourceText, Span};
use crate::suggest::did_you_mean;
use crate::template::{self, Piece};
use crate::value_file::ValueFile;
use crate::workload::{Part, Source, Template};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Turns texts with places into templates.
pub(super) struct Resolver<'a> {
    pub(super) source: &'a SourceText,
    incomplete: bool,
    extracted: BTreeSet<&'a str>,
    files: &'a BTreeMap<String, Option<ValueFile>>,
    /// Columns already read, so that every place shares one list; `None` after an error.
    columns: BTreeMap<String, Option<Arc<[String]>>>,
    /// Values in all lists so far.
    values: usize,
    pub(super) found: &'a mut Diagnostics,
}

/// The transaction whose places are resolved, with its sequences as shared lists.
pub(super) struct Scope<'a> {
    pub(super) transaction: &'a TransactionDraft,
    sequences: BTreeMap<&'a str, (Arc<[String]>, bool)>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        draft: &'a Draft,
        extracted: BTreeSet<&'a str>,
        files: &'a BTreeMap<String, Option<ValueFile>>,
        found: &'a mut Diagnostics,
    ) -> Self {
        Self {
            source: &draft.source,
            incomplete: draft.incomplete,
            extracted,
            files,
            columns: BTreeMap::new(),
            values: 0,
            found,
        }
    }

    pub(super) fn error(&mut self, message: impl Into<String>, span: Span, expected: &str) {
        self.found
            .report(self.source, span, Diagnostic::error(message).expected(expected));
    }

    pub(super) fn scope(&mut self, transaction: &'a TransactionDraft) -> Scope<'a> {
        let mut sequences = BTreeMap::new();
        for SequenceDraft { name, values, range } in &transaction.sequences {
            self.count(values.len(), name.span);
            let entry = (Arc::from(values.as_slice()), *range);
            sequences.insert(name.value.as_str(), entry);
        }
        Scope {
            transaction,
            sequences,
        }
    }

    fn count(&mut self, values: usize, span: Span) {
        let before = self.values;
        self.values += values;
        if before <= MAX_ALL_VALUES && self.values > MAX_ALL_VALUES {
            let message = format!("more than {MAX_ALL_VALUES} values in all sequences together");
            self.error(message, span, "fewer values, or ranges that overlap less");
        }
    }

    /// The pieces of a text, with what is wrong in it reported.
    pub(super) fn lex(&mut self, raw: &RawText) -> Vec<Piece> {
        let (pieces, errors) = template::lex(raw, self.source);
        for error in errors {
            self.found.push(error);
        }
        pieces
    }

    /// The template of some pieces of `raw`.
    pub(super) fn template(&mut self, pieces: &[Piece], raw: &RawText, scope: &Scope<'_>) -> Template {
        let mut parts: Vec<Part> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text, _) => parts.push(Part::Literal(text.clone())),
                Piece::Place(name, range) => {
                    let span = raw.span_of(range.clone());
                    parts.extend(self.place(name, span, scope));
                }
            }
        }
        Template { parts }
    }

    fn place(&mut self, name: &str, span: Span, scope: &Scope<'_>) -> Option<Part> {
        let transaction = scope.transaction;
        let unique = transaction.unique.is_some();
        if transaction.input == Input::Parse && name.bytes().all(|b| b.is_ascii_digit()) {
            let Ok(index) = name.parse() else {
                self.error("a place number that is too large", span, "${0}, ${1}, ...");
                return None;
            };
            return Some(Part::FromPage(index));
        }
        if name.contains('#') {
            let values = self.column(name, span)?;
            return Some(Part::Sequence(Source {
                name: name.to_owned(),
                values,
                unique,
            }));
        }
        if let Some((values, range)) = scope.sequences.get(name) {
            return Some(Part::Sequence(Source {
                name: name.to_owned(),
                values: values.clone(),
                unique: unique && *range,
            }));
        }
        if self.extracted.contains(name) {
            return Some(Part::Extracted(name.to_owned()));
        }
        if !self.incomplete && !self.found.is_full() {
            self.undefined(name, span, scope);
        }
        None
    }

    fn undefined(&mut self, name: &str, span: Span, scope: &Scope<'_>) {
        let transaction = scope.transaction;
        let known = scope.sequences.keys().chain(&self.extracted).copied();
        let known: Vec<&str> = known.take(50).collect();
        let expected = match transaction.input {
            Input::File => "${file#column}, such as ${users.txt#0}".to_owned(),
            Input::Parse => "${0}, ${1}, ... for parts of the last page, or a sequence".to_owned(),
            _ if known.is_empty() => format!(
                "a `<sequence name=\"{name}\">` in the sequence list of {}",
                transaction.name.value
            ),
            _ => format!(
                "a sequence of {} or an extracted value: {}",
                transaction.name.value,
                known.join(", ")
            ),
        };
        let elsewhere = name.bytes().all(|b| b.is_ascii_digit());
        let hint = did_you_mean(name, known)
            .or_else(|| elsewhere.then(|| "a number needs inputype=\"parse\"".to_owned()));
        self.found.report(
            self.source,
            span,
            Diagnostic::error(format!("undefined variable `${{{name}}}`"))
                .expected(expected)
                .maybe_hint(hint),
        );
    }

    /// The values of `file#column`.
    fn column(&mut self, name: &str, span: Span) -> Option<Arc<[String]>> {
        if let Some(known) = self.columns.get(name) {
            return known.clone();
        }
        if self.columns.len() >= MAX_VALUE_FILES || self.values > MAX_ALL_VALUES {
            self.error("too many columns or values of files", span, "fewer of them");
            return None;
        }
        let values = self.read_column(name, span);
        if let Some(values) = &values {
            self.count(values.len(), span);
        }
        self.columns.insert(name.to_owned(), values.clone());
        values
    }

    fn read_column(&mut self, name: &str, span: Span) -> Option<Arc<[String]>> {
        let (file, column) = name.rsplit_once('#')?;
        let number = column.parse::<usize>().ok().filter(|c| *c < 10_000);
        let Some(number) = number.filter(|_| column.bytes().all(|b| b.is_ascii_digit())) else {
            let message = format!("`{column}` for a column of {file}");
            self.error(message, span, "a column number from 0");
            return None;
        };
        match self.files.get(file) {
            Some(Some(values)) => match values.column(number) {
                Ok(values) => Some(values),
                Err(error) => {
                    let hint = format!("asked for by `${{{name}}}`");
                    self.found.push(error.hint(hint));
                    None
                }
            },
            Some(None) => None,
            None => {
                self.error(format!("the file `{file}` was not read"), span, "the file");
                None
            }
        }
    }
}
