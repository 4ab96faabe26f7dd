//! cbmg.txt (manual, section 4.4): the customer behaviour model graph as a table of probabilities.
//!
//! The first line names the states; each further line names one state and gives the probabilities from it to the states of
//! the first line, in that order. Entry and Exit must be there; otherwise states and rows may stand in any order. Empty lines
//! and what follows a `#` are skipped (our addition).

mod rules;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::{MAX_DIAGNOSTICS, MAX_STATES};
use crate::number;
use crate::source::{FileName, SourceText, Span, Spanned};

/// Name of the state in which every session begins.
pub const ENTRY: &str = "Entry";
/// Name of the state in which every session ends.
pub const EXIT: &str = "Exit";

/// A graph that keeps all rules of the manual; its states are names that are looked up later.
#[derive(Debug, Clone)]
pub struct Graph {
    pub(crate) source: SourceText,
    /// Inner states in the order of the first line.
    pub(crate) states: Vec<Spanned<String>>,
    /// Probabilities from Entry to the inner states, each with its place.
    pub(crate) entry: Vec<Spanned<f64>>,
    /// Probabilities between the inner states; what lacks to 1 leads to Exit.
    pub(crate) rows: Vec<Vec<f64>>,
    pub(crate) notes: Diagnostics,
}

impl Graph {
    /// Names of the states other than Entry and Exit.
    pub fn states(&self) -> impl Iterator<Item = &str> {
        self.states.iter().map(|s| s.value.as_str())
    }

    /// What should be known though it is no error, such as a state that is never visited.
    pub fn notes(&self) -> &Diagnostics {
        &self.notes
    }
}

/// The table as typed: one row per line, one cell per column.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) source: SourceText,
    pub(crate) columns: Vec<Spanned<String>>,
    pub(crate) rows: Vec<Row>,
}

/// The probabilities from one state.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) name: Spanned<String>,
    pub(crate) cells: Vec<Spanned<f64>>,
}

/// Reads the text of a CBMG file. `name` is what messages call it.
///
/// # Errors
/// Everything that breaks a rule of the manual, with places.
pub fn parse(text: &str, name: &FileName) -> Result<Graph, Diagnostics> {
    let source = SourceText::new(name, text);
    let mut found = Diagnostics::new();
    let table = table(&source, &mut found);
    check(table, found)
}

/// Applies the rules to a table in which `found` was already found.
pub(crate) fn check(table: Table, mut found: Diagnostics) -> Result<Graph, Diagnostics> {
    if found.has_errors() {
        found.sort();
        return Err(found);
    }
    let graph = rules::graph(table, &mut found);
    found.sort();
    match graph {
        Some(graph) => found.into_result(graph),
        None => Err(found),
    }
}

fn table(source: &SourceText, found: &mut Diagnostics) -> Table {
    let mut table = Table {
        source: source.clone(),
        columns: Vec::new(),
        rows: Vec::new(),
    };
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let words = words(line, start);
        start += line.len();
        let [first, rest @ ..] = words.as_slice() else {
            continue;
        };
        if found.errors() >= MAX_DIAGNOSTICS {
            break;
        }
        if table.columns.is_empty() {
            header(words, &mut table, found);
            if found.has_errors() {
                break;
            }
        } else if table.rows.len() >= table.columns.len() + MAX_DIAGNOSTICS {
            let message = "far more rows than states";
            found.report(source, first.span, Diagnostic::error(message));
            break;
        } else if let Some(row) = row(first, rest, &table, found) {
            table.rows.push(row);
        }
    }
    if table.columns.is_empty() && !found.has_errors() {
        found.push(
            Diagnostic::error("an empty CBMG file")
                .in_file(source.name().as_str())
                .expected("a line with the names of the states, among them Entry and Exit"),
        );
    }
    table
}

/// Whether a transaction's name can be that of a state in a CBMG file.
pub(crate) fn state_name(name: &str) -> Result<(), String> {
    let readable = !name.is_empty()
        && !name.starts_with('#')
        && !name.contains(char::is_whitespace)
        && number::decimal(name).is_none();
    if readable {
        Ok(())
    } else {
        Err(format!(
            "`{name}` can't be the name of a state: it has a blank, begins with `#` or is a number"
        ))
    }
}

/// The words of a line with their places, up to a comment.
pub(crate) fn words(line: &str, start: usize) -> Vec<Spanned<String>> {
    let mut words = Vec::new();
    let mut at = 0;
    for word in line.split_whitespace() {
        if word.starts_with('#') {
            break;
        }
        let Some(found) = line[at..].find(word) else {
            break;
        };
        let from = at + found;
        at = from + word.len();
        let span = Span::new(start + from, start + at);
        words.push(Spanned::new(word.to_owned(), span));
    }
    words
}

fn header(words: Vec<Spanned<String>>, table: &mut Table, found: &mut Diagnostics) {
    if words.len() > MAX_STATES {
        let span = words.get(MAX_STATES).map_or(Span::new(0, 0), |w| w.span);
        found.report(
            &table.source,
            span,
            Diagnostic::error(format!("more than {MAX_STATES} states")),
        );
        return;
    }
    if let Some(number) = words.iter().find(|w| number::decimal(&w.value).is_some()) {
        found.report(
            &table.source,
            number.span,
            Diagnostic::error(format!("the number {} among the states", number.value))
                .expected("the names of the states in the first line")
                .hint("the first line of a CBMG has names only: Entry ViewEntryByDay ... Exit"),
        );
    }
    table.columns = words;
}

fn row(
    name: &Spanned<String>,
    words: &[Spanned<String>],
    table: &Table,
    found: &mut Diagnostics,
) -> Option<Row> {
    let columns = table.columns.len();
    if words.len() != columns {
        let span = match words.get(columns) {
            Some(surplus) => surplus.span,
            None => words.last().map_or(name.span, |w| w.span),
        };
        found.report(
            &table.source,
            span,
            Diagnostic::error(format!(
                "{} probabilities in the row of {}",
                words.len(),
                name.value
            ))
            .expected(format!("{columns}, one for each state of the first line")),
        );
        return None;
    }
    let mut cells = Vec::with_capacity(columns);
    for (word, column) in words.iter().zip(&table.columns) {
        match number::decimal(&word.value).filter(|p| (0.0..=1.0).contains(p)) {
            Some(p) => cells.push(Spanned::new(p, word.span)),
            None => {
                found.report(
                    &table.source,
                    word.span,
                    Diagnostic::error(format!("`{}` for a probability", word.value)).expected(format!(
                        "a number from 0 to 1, the probability to go from {} to {}",
                        name.value, column.value
                    )),
                );
            }
        }
    }
    (cells.len() == columns).then(|| Row {
        name: name.clone(),
        cells,
    })
}
