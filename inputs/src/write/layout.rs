//! TOML laid out for people: short lists of tables stand in lines, only transactions and servers get headers.

use toml::{Table, Value};

/// The text of a workload.toml from its values in their order.
pub(super) fn lay_out(document: &Table) -> String {
    let mut text =
        String::from("# A workload of autoperf; docs/workload.schema.json describes every entry.\n");
    let (headed, plain): (Vec<_>, Vec<_>) = document.iter().partition(|(_, value)| has_header(value));
    for (key, value) in plain {
        entry(&mut text, key, value);
    }
    for (key, value) in headed {
        match value {
            Value::Table(table) => section(&mut text, &format!("[{key}]"), key, table),
            Value::Array(list) => {
                for table in list.iter().filter_map(Value::as_table) {
                    section(&mut text, &format!("[[{key}]]"), key, table);
                }
            }
            _ => entry(&mut text, key, value),
        }
    }
    text
}

/// Tables, and lists of tables with more to say than fits in a line.
fn has_header(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(list) => list
            .iter()
            .filter_map(Value::as_table)
            .any(|t| t.contains_key("url") || t.contains_key("port")),
        _ => false,
    }
}

fn section(text: &mut String, header: &str, path: &str, table: &Table) {
    text.push_str(&format!("\n{header}\n"));
    let (below, here): (Vec<_>, Vec<_>) = table.iter().partition(|(key, _)| *key == "sequences");
    for (key, value) in here {
        entry(text, key, value);
    }
    for (key, value) in below {
        if let Value::Table(sequences) = value {
            text.push_str(&format!("[{path}.{key}]\n"));
            for (name, value) in sequences {
                entry(text, name, value);
            }
        }
    }
}

fn entry(text: &mut String, key: &str, value: &Value) {
    text.push_str(&quoted_key(key));
    text.push_str(" = ");
    match value {
        Value::Array(list) if list.iter().any(Value::is_table) => {
            text.push_str("[\n");
            for item in list {
                text.push_str(&format!("    {item},\n"));
            }
            text.push(']');
        }
        value => text.push_str(&value.to_string()),
    }
    text.push('\n');
}

fn quoted_key(key: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        Value::String(key.to_owned()).to_string()
    }
}
