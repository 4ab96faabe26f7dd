//! The rules of section 4.4, and those without which a walk could not be carried out.

use super::{ENTRY, EXIT, Graph, Row, Table};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::ROW_SUM_TOLERANCE;
use crate::source::{Span, Spanned};
use crate::suggest::did_you_mean;

/// The graph of a table; `None` if the table can't be taken as one.
pub(super) fn graph(table: Table, found: &mut Diagnostics) -> Option<Graph> {
    names(&table, found);
    if found.has_errors() {
        return None;
    }
    let rows = rows_in_order(&table, found)?;
    probabilities(&table, &rows, found);
    let position = |name: &str| table.columns.iter().position(|c| c.value == name);
    let (entry, exit) = (position(ENTRY)?, position(EXIT)?);
    let inner: Vec<usize> = (0..table.columns.len())
        .filter(|&i| i != entry && i != exit)
        .collect();
    let entry_sum: f64 = rows[entry].cells.iter().map(|c| c.value).sum();
    let graph = Graph {
        source: table.source.clone(),
        states: inner.iter().map(|&i| table.columns[i].clone()).collect(),
        entry: inner
            .iter()
            .map(|&i| {
                let cell = &rows[entry].cells[i];
                Spanned::new(settled(cell.value, entry_sum), cell.span)
            })
            .collect(),
        rows: inner
            .iter()
            .map(|&i| {
                let sum: f64 = rows[i].cells.iter().map(|c| c.value).sum();
                inner
                    .iter()
                    .map(|&j| settled(rows[i].cells[j].value, sum))
                    .collect()
            })
            .collect(),
        notes: Diagnostics::new(),
    };
    if found.has_errors() {
        return None;
    }
    Some(reachable(graph, &table, &rows, found))
}

/// A probability of a row whose decimals sum to 1 only nearly, such as three times 0.333333.
fn settled(p: f64, sum: f64) -> f64 {
    if (sum - 1.0).abs() > 1e-12 && sum > 0.0 {
        p / sum
    } else {
        p
    }
}

fn names(table: &Table, found: &mut Diagnostics) {
    for (i, column) in table.columns.iter().enumerate() {
        if table.columns[..i].iter().any(|c| c.value == column.value) {
            let message = format!("the state {} twice", column.value);
            found.report(
                &table.source,
                column.span,
                Diagnostic::error(message).expected("each state once in the first line"),
            );
        }
    }
    let first = table.columns.first().map_or(Span::new(0, 0), |c| c.span);
    let last = table.columns.last().map_or(first, |c| c.span);
    for name in [ENTRY, EXIT] {
        if !table.columns.iter().any(|c| c.value == name) {
            let near = table.columns.iter().find(|c| c.value.eq_ignore_ascii_case(name));
            let span = near.map_or(Span::new(first.start, last.end), |c| c.span);
            found.report(
                &table.source,
                span,
                Diagnostic::error(format!("no state {name}"))
                    .expected(format!("the state {name}, written so, in the first line")),
            );
        }
    }
    if table.columns.len() < 3 && !found.has_errors() {
        found.report(
            &table.source,
            Span::new(first.start, last.end),
            Diagnostic::error("no state between Entry and Exit").expected("at least one transaction"),
        );
    }
}

/// The rows in the order of the columns.
fn rows_in_order<'a>(table: &'a Table, found: &mut Diagnostics) -> Option<Vec<&'a Row>> {
    for (i, row) in table.rows.iter().enumerate() {
        let name = row.name.value.as_str();
        if table.rows[..i].iter().any(|r| r.name.value == name) {
            found.report(
                &table.source,
                row.name.span,
                Diagnostic::error(format!("a second row of {name}")).expected("one row for each state"),
            );
        }
        if !table.columns.iter().any(|c| c.value == name) {
            let names = table.columns.iter().map(|c| c.value.as_str());
            found.report(
                &table.source,
                row.name.span,
                Diagnostic::error(format!("a row of {name}, which the first line does not name"))
                    .expected("one of the states of the first line")
                    .maybe_hint(did_you_mean(name, names)),
            );
        }
    }
    let mut rows = Vec::new();
    for column in &table.columns {
        match table.rows.iter().find(|r| r.name.value == column.value) {
            Some(row) => rows.push(row),
            None => found.report(
                &table.source,
                column.span,
                Diagnostic::error(format!("no row of {}", column.value))
                    .expected("one row for each state of the first line"),
            ),
        }
    }
    (!found.has_errors()).then_some(rows)
}

fn probabilities(table: &Table, rows: &[&Row], found: &mut Diagnostics) {
    for row in rows {
        let name = row.name.value.as_str();
        for (cell, column) in row.cells.iter().zip(&table.columns) {
            if cell.value == 0.0 {
                continue;
            }
            let message = if name == EXIT {
                format!("a way out of Exit to {}", column.value)
            } else if column.value == ENTRY {
                format!("a way from {name} back to Entry")
            } else if name == ENTRY && column.value == EXIT {
                "a way from Entry straight to Exit".to_owned()
            } else {
                continue;
            };
            let expected = if name == EXIT {
                "0 in the whole row of Exit: a session ends there"
            } else if column.value == ENTRY {
                "0 in the whole column of Entry: a session only begins there"
            } else {
                "0: a session has at least one transaction"
            };
            found.report(
                &table.source,
                cell.span,
                Diagnostic::error(message).expected(expected),
            );
        }
        let sum: f64 = row.cells.iter().map(|c| c.value).sum();
        if name != EXIT && (sum - 1.0).abs() > ROW_SUM_TOLERANCE {
            found.push(row_sum(table, row, sum));
        }
    }
}

fn row_sum(table: &Table, row: &Row, sum: f64) -> Diagnostic {
    let first = row.cells.first().map_or(row.name.span, |c| c.span);
    let last = row.cells.last().map_or(first, |c| c.span);
    // Rounded, so that a sum of decimals is shown as a decimal.
    let rounded = (sum * 1e9).round() / 1e9;
    let (size, side) = if sum < 1.0 {
        (1.0 - rounded, "too little")
    } else {
        (rounded - 1.0, "too much")
    };
    let difference = (size * 1e9).round() / 1e9;
    Diagnostic::error(format!("the row of {} sums to {rounded}", row.name.value))
        .at(&table.source, Span::new(first.start, last.end.max(first.end)))
        .expected("a sum of 1")
        .hint(format!("{difference} {side}"))
}

/// Every visited state must lead to Exit, or its sessions never end; states that are never visited are only noted.
fn reachable(mut graph: Graph, table: &Table, rows: &[&Row], found: &mut Diagnostics) -> Graph {
    let count = graph.states.len();
    let entered: Vec<usize> = (0..count).filter(|&i| graph.entry[i].value > 0.0).collect();
    let visited = closure(entered, count, |i, j| graph.rows[i][j] > 0.0);
    let exit = table.columns.iter().position(|c| c.value == EXIT);
    let leaves = |i: usize| {
        let name = &graph.states[i].value;
        let row = rows.iter().find(|r| r.name.value == *name);
        row.zip(exit).is_some_and(|(r, e)| r.cells[e].value > 0.0)
    };
    let leaving: Vec<usize> = (0..count).filter(|&i| leaves(i)).collect();
    let ending = closure(leaving, count, |i, j| graph.rows[j][i] > 0.0);
    for (i, state) in graph.states.iter().enumerate() {
        let place = rows
            .iter()
            .find(|r| r.name.value == state.value)
            .map_or(state.span, |r| r.name.span);
        if visited[i] && !ending[i] {
            found.report(
                &graph.source,
                place,
                Diagnostic::error(format!("Exit can't be reached from {}", state.value))
                    .expected("a way from every state to Exit, directly or through others")
                    .hint("such a session would never end"),
            );
        }
        if !visited[i] {
            graph.notes.push(
                Diagnostic::note(format!("{} is never visited", state.value))
                    .at(&graph.source, place)
                    .hint("no way leads to it from Entry"),
            );
        }
    }
    graph
}

/// Everything that can be reached from `start` over `edge(from, to)`.
fn closure(start: Vec<usize>, count: usize, edge: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    let mut reached = vec![false; count];
    let mut open = start;
    while let Some(i) = open.pop() {
        if std::mem::replace(&mut reached[i], true) {
            continue;
        }
        open.extend((0..count).filter(|&j| !reached[j] && edge(i, j)));
    }
    reached
}
