//! Comma-separated values (RFC 4180, UTF-8, a header line, lines end in LF).

use super::columns::{COLUMNS, Row, Value};
use super::{Form, Sink};
use std::io::{self, Write};

pub(super) const FORM: Form = Form {
    name: "csv",
    about: "comma-separated values with a header line; empty where something did not happen",
    make: || Box::new(Csv),
};

struct Csv;

impl Sink for Csv {
    fn begin(&mut self, to: &mut dyn Write) -> io::Result<()> {
        let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        writeln!(to, "{}", names.join(","))
    }

    fn row(&mut self, row: &Row<'_>, to: &mut dyn Write) -> io::Result<()> {
        for (place, column) in COLUMNS.iter().enumerate() {
            if place > 0 {
                to.write_all(b",")?;
            }
            match (column.value)(row) {
                Value::Absent => {}
                Value::Text(text) => field(text, to)?,
                Value::Count(count) => write!(to, "{count}")?,
                Value::Truth(truth) => write!(to, "{truth}")?,
                Value::Seconds(ns) => write!(to, "{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)?,
            }
        }
        to.write_all(b"\n")
    }
}

/// Quoted where it must be.
fn field(text: &str, to: &mut dyn Write) -> io::Result<()> {
    if text.contains([',', '"', '\n', '\r']) {
        write!(to, "\"{}\"", text.replace('"', "\"\""))
    } else {
        to.write_all(text.as_bytes())
    }
}
