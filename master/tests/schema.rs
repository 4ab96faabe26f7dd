//! The published schema of summary.json is the one of the code.

use autoperf::summary::Summary;

/// Generates the schema; with `AUTOPERF_BLESS=1` in the environment it is written, else it must be the committed one.
#[test]
fn the_published_schema_is_that_of_the_code() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Summary)).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/summary.schema.json");
    if std::env::var_os("AUTOPERF_BLESS").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        published, schema,
        "run the test again with AUTOPERF_BLESS=1 and commit docs/summary.schema.json"
    );
}
