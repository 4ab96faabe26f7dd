//! The published schemas are those of the code, and what the first version wrote can still be read.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf::journal::entry::Entry;
use autoperf::journal::{self, FILE_NAME};
use autoperf::report::RENDERERS;
use autoperf::summary::Summary;
use autoperf::summary::build::build;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

fn docs(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs")).join(name)
}

/// With `AUTOPERF_BLESS=1` in the environment the schema is written, else it must be the committed one.
fn check(name: &str, schema: &schemars::Schema) {
    let schema = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var_os("AUTOPERF_BLESS").is_some() {
        std::fs::write(docs(name), &schema).unwrap();
    }
    let published = std::fs::read_to_string(docs(name)).unwrap_or_default();
    assert!(
        published == schema,
        "run the test again with AUTOPERF_BLESS=1 and commit docs/{name}"
    );
}

#[test]
fn the_published_schemas_are_those_of_the_code() {
    check("summary.schema.json", &schemars::schema_for!(Summary));
    check("journal.schema.json", &schemars::schema_for!(Entry));
}

fn validator(name: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_slice(&std::fs::read(docs(name)).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn first_complaint(validator: &jsonschema::Validator, value: &Value) -> Option<String> {
    let error = validator.iter_errors(value).next()?;
    Some(format!("{}: {error}", error.instance_path()))
}

/// A file of a recorded run, unpacked.
fn recorded(run: &str, name: &str) -> String {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/runs"))
        .join(run)
        .join(format!("{name}.gz"));
    let mut text = String::new();
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// The run directory of a recorded run, in a folder of its own.
fn unpacked(run: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("autoperf-recorded-{run}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(FILE_NAME), recorded(run, "journal")).unwrap();
    folder
}

/// Every recorded run. `schema-1` was written by the first version that had a journal and is never to be changed or recorded
/// anew: what it holds must stay readable. The names of the others say how they ended when they were recorded; models that
/// know better may judge their levels differently.
const RECORDED: [&str; 4] = ["schema-1", "found", "objective-failed", "interrupted"];

#[test]
fn every_line_of_a_recorded_journal_keeps_the_schema() {
    let validator = validator("journal.schema.json");
    for run in RECORDED {
        for (line, number) in recorded(run, "journal").lines().zip(1..) {
            let entry: Value = serde_json::from_str(line).unwrap();
            assert_eq!(first_complaint(&validator, &entry), None, "{run}:{number}");
        }
    }
    let wrong = serde_json::json!({"type": "end", "how": 3, "at_s": 1.0});
    assert!(first_complaint(&validator, &wrong).is_some());
}

#[test]
fn every_recorded_run_can_be_read_and_rendered_again() {
    let validator = validator("summary.schema.json");
    let codes = std::fs::read_to_string(docs("results.md")).unwrap();
    for run in RECORDED {
        let folder = unpacked(run);
        let log = journal::read(&folder).unwrap();
        assert_eq!(log.begin.schema_version, 1, "{run}");
        let summary = build(&log);
        assert_eq!(summary.levels.len(), log.finished_levels().count(), "{run}");
        let code = &summary.verdict.code;
        assert!(codes.contains(&format!("| `{code}` |")), "{run}: {code}");
        assert_eq!(run == "interrupted", code == "interrupted", "{run}");
        assert_eq!(
            first_complaint(&validator, &serde_json::to_value(&summary).unwrap()),
            None,
            "{run}"
        );
        for form in RENDERERS {
            let text = (form.render)(&summary).unwrap();
            assert!(text.len() > 200, "{run}: {}", form.name);
            assert!(
                form.name != "html" || text.len() < 500_000,
                "{run}: {}",
                text.len()
            );
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn the_first_summary_is_still_valid_and_read() {
    let text = recorded("schema-1", "summary.json");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(first_complaint(&validator("summary.schema.json"), &value), None);
    let summary: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!(summary.schema_version, 1);
    assert_eq!(summary.verdict.code, value["verdict"]["code"].as_str().unwrap());
    for form in RENDERERS {
        assert!((form.render)(&summary).unwrap().len() > 200, "{}", form.name);
    }
}

#[test]
fn a_journal_of_a_later_layout_is_refused_by_name() {
    let folder = unpacked("interrupted");
    let path = folder.join(FILE_NAME);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replacen("\"schema_version\":1", "\"schema_version\":2", 1),
    )
    .unwrap();
    let error = journal::read(&folder).unwrap_err().to_string();
    assert!(
        error.contains("layout 2") && error.contains("layout 1"),
        "{error}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}
