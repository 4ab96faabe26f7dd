//! Value files, made again from the columns that a workload uses.

use super::{FileSet, refused, sources};
use crate::diagnostic::Diagnostics;
use crate::workload::Workload;
use std::collections::BTreeMap;

/// Columns of a file by their number.
type Columns<'a> = BTreeMap<usize, &'a [String]>;

pub(super) fn files(workload: &Workload) -> Result<FileSet, Diagnostics> {
    let mut files: BTreeMap<&str, Columns<'_>> = BTreeMap::new();
    for source in workload.transactions.iter().flat_map(sources) {
        let Some((file, column)) = source.name.rsplit_once('#') else {
            continue;
        };
        let column = column
            .parse()
            .map_err(|_| refused(format!("no column number in {}", source.name)))?;
        let before = files.entry(file).or_default().insert(column, &source.values);
        let shared = |b: &[String]| std::ptr::eq(b, &*source.values) || *b == *source.values;
        if before.is_some_and(|b| !shared(b)) {
            return Err(refused(format!("two different columns {}", source.name)));
        }
    }
    files
        .into_iter()
        .map(|(file, columns)| Ok((file.to_owned(), text(file, &columns)?)))
        .collect()
}

fn text(file: &str, columns: &Columns<'_>) -> Result<String, Diagnostics> {
    let rows = columns.values().next().map_or(0, |c| c.len());
    if rows == 0 || columns.values().any(|c| c.len() != rows) {
        return Err(refused(format!("columns of different lengths in {file}")));
    }
    let last = columns.keys().next_back().copied().unwrap_or(0);
    let mut text = String::new();
    for row in 0..rows {
        for column in 0..=last {
            let value = columns.get(&column).map_or("", |c| c[row].as_str());
            if value.contains(['\t', '\n']) {
                return Err(refused(format!("a tab or line end in a value of {file}")));
            }
            text.push_str(value);
            // A row must not look empty, and a line end must not eat a carriage return of the value.
            if column < last || value.is_empty() || value.ends_with('\r') {
                text.push('\t');
            }
        }
        text.push('\n');
    }
    Ok(text)
}
