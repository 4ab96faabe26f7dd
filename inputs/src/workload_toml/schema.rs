//! docs/workload.schema.json, made from the types of the form and compared with what is published.

use super::form::WorkloadForm;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn schema() -> Value {
    let mut schema = schemars::schema_for!(WorkloadForm).to_value();
    if let Some(top) = schema.as_object_mut() {
        let id = "https://example.org/autoperf/workload.schema.json";
        top.insert("$id".to_owned(), Value::from(id));
    }
    schema
}

/// `AUTOPERF_BLESS=1 cargo test -p autoperf-inputs schema` writes it anew.
#[test]
fn the_published_schema_is_that_of_the_reader() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/workload.schema.json");
    let text = serde_json::to_string_pretty(&schema()).expect("a JSON value") + "\n";
    if std::env::var_os("AUTOPERF_BLESS").is_some() {
        fs::write(&path, &text).expect("writable");
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == text,
        "docs/workload.schema.json is not up to date:\n{text}"
    );
}

/// Checks the keywords that our schema uses; enough to know that a document is described by it.
fn describes(schema: &Value, part: &Value, document: &Value) -> bool {
    if let Some(reference) = part.get("$ref").and_then(Value::as_str) {
        let target = schema.pointer(reference.trim_start_matches('#'));
        return target.is_some_and(|target| describes(schema, target, document));
    }
    let any = part.get("anyOf").or(part.get("oneOf")).and_then(Value::as_array);
    if let Some(any) = any {
        return any.iter().any(|one| describes(schema, one, document));
    }
    let kinds: Vec<&str> = match part.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return part.as_bool() == Some(true),
    };
    let fits = |kind: &&str| match *kind {
        "object" => document.is_object(),
        "array" => document.is_array(),
        "string" => document.is_string(),
        "boolean" => document.is_boolean(),
        "integer" => document.is_i64(),
        "number" => document.is_number(),
        _ => document.is_null(),
    };
    kinds.iter().any(fits) && members(schema, part, document)
}

fn members(schema: &Value, part: &Value, document: &Value) -> bool {
    if let (Some(list), Some(items)) = (document.as_array(), part.get("items")) {
        return list.iter().all(|item| describes(schema, items, item));
    }
    let Some(entries) = document.as_object() else {
        return true;
    };
    let required = part.get("required").and_then(Value::as_array);
    let required: BTreeSet<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    required.iter().all(|name| entries.contains_key(*name))
        && entries.iter().all(|(name, value)| {
            let known = part.get("properties").and_then(|p| p.get(name));
            match known.or(part.get("additionalProperties")) {
                Some(rule) => rule.as_bool() != Some(false) && describes(schema, rule, value),
                None => false,
            }
        })
}

#[test]
fn the_schema_describes_what_is_read_and_written() {
    let schema = schema();
    let read = include_str!("../../tests/fixtures/good/tour/workload.toml");
    let document = crate::workload_toml::parse(read, &crate::FileName::new("tour")).expect("good");
    let written = toml::to_string(&toml::from_str::<WorkloadForm>(read).expect("good")).expect("written");
    assert!(!document.levels.is_empty());
    for text in [read, &written] {
        let document: Value = toml::from_str(text).expect("TOML");
        assert!(describes(&schema, &schema, &document), "{text}");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let schema = schema();
    for text in [
        "x = 1\ntransactions = []\n",
        "warm_up = true\n",
        "transactions = [{ name = 3, url = \"http://h/\" }]\n",
        "transactions = [{ name = \"a\" }]\n",
        "transactions = [{ name = \"a\", url = \"http://h/\", timout_s = 1 }]\n",
        "transactions = [{ name = \"a\", url = \"http://h/\", think_time_s = \"1\" }]\n",
    ] {
        let document: Value = toml::from_str(text).expect("TOML");
        assert!(!describes(&schema, &schema, &document), "{text}");
        assert!(toml::from_str::<WorkloadForm>(text).is_err(), "{text}");
    }
}
