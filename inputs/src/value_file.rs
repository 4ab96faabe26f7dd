//! Files of values for `${file#column}`: rows of columns separated by single tabs, columns counted from 0.

use crate::diagnostic::Diagnostic;
use crate::limits::MAX_VALUES;
use crate::source::{FileName, SourceText, Span};
use std::sync::Arc;

/// The text of a value file.
#[derive(Debug, Clone)]
pub struct ValueFile {
    source: SourceText,
}

impl ValueFile {
    /// Takes a file's text as it is; columns are looked at when they are asked for. `name` is what messages call the file.
    pub fn new(text: &str, name: &FileName) -> Self {
        Self {
            source: SourceText::new(name, text),
        }
    }

    /// The values of a column in the order of the rows; empty lines are no rows.
    ///
    /// # Errors
    /// A file without rows, with too many, or with a row that lacks the column.
    pub fn column(&self, column: usize) -> Result<Arc<[String]>, Diagnostic> {
        let mut values = Vec::new();
        let mut start = 0;
        for line in self.source.text().split_inclusive('\n') {
            let row = line.trim_end_matches(['\n', '\r']);
            let span = Span::new(start, start + row.len());
            start += line.len();
            if row.is_empty() {
                continue;
            }
            let Some(value) = row.split('\t').nth(column) else {
                let columns = row.split('\t').count();
                return Err(Diagnostic::error(format!(
                    "a row of {columns} columns, without column {column}"
                ))
                .at(&self.source, span)
                .expected(
                    "columns separated by single tabs and counted from 0, the same number in each row",
                ));
            };
            if values.len() >= MAX_VALUES {
                return Err(Diagnostic::error(format!("more than {MAX_VALUES} rows")).at(&self.source, span));
            }
            values.push(value.to_owned());
        }
        if values.is_empty() {
            return Err(Diagnostic::error("a value file without a row")
                .in_file(self.source.name().as_str())
                .expected("one value, or values separated by tabs, in each line"));
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_separated_by_single_tabs() {
        let file = ValueFile::new("ann\tx y\r\n\nbob\t\n", &FileName::new("u.txt"));
        assert_eq!(&*file.column(0).expect("there"), ["ann", "bob"]);
        assert_eq!(&*file.column(1).expect("there"), ["x y", ""]);
        let missing = file.column(2).expect_err("no such column").to_string();
        assert!(missing.contains("u.txt:1:1"), "{missing}");
        assert!(ValueFile::new("\n", &FileName::new("u.txt")).column(0).is_err());
    }
}
