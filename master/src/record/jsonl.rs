//! JSON Lines: an object a line, UTF-8.

use super::columns::{COLUMNS, Row, Value};
use super::{Form, Sink};
use std::io::{self, Write};

pub(super) const FORM: Form = Form {
    name: "jsonl",
    about: "a JSON object a line; `null` where something did not happen",
    make: || Box::new(JsonLines),
};

struct JsonLines;

impl Sink for JsonLines {
    fn begin(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn row(&mut self, row: &Row<'_>, to: &mut dyn Write) -> io::Result<()> {
        for (place, column) in COLUMNS.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            write!(to, "{before}\"{}\":", column.name)?;
            match (column.value)(row) {
                Value::Absent => to.write_all(b"null")?,
                Value::Text(text) => serde_json::to_writer(&mut *to, text)?,
                Value::Count(count) => write!(to, "{count}")?,
                Value::Truth(truth) => write!(to, "{truth}")?,
                Value::Seconds(ns) => write!(to, "{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000)?,
            }
        }
        to.write_all(b"}\n")
    }
}
