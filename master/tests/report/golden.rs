//! Golden files: the text that a surface must give; `AUTOPERF_BLESS=1` writes them anew.

use crate::fixture;
use autoperf::report::RENDERERS;

/// Holds a text against `master/tests/golden/NAME`.
pub(crate) fn check(name: &str, found: &str) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("AUTOPERF_BLESS").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{name} has changed. Look at the difference; if it is meant, run the test again with AUTOPERF_BLESS=1 and commit it.\n{}",
        first_difference(&wanted, found)
    );
}

fn first_difference(wanted: &str, found: &str) -> String {
    let mut lines = wanted.lines().zip(found.lines()).zip(1..);
    lines.find(|((wanted, found), _)| wanted != found).map_or_else(
        || "one is longer than the other".to_owned(),
        |((wanted, found), line)| format!("line {line}\n  was: {wanted}\n  is:  {found}"),
    )
}

#[test]
fn every_text_form_is_as_it_was() {
    let summary = fixture::summary();
    for name in ["json", "text", "csv", "markdown", "junit"] {
        let form = RENDERERS.iter().find(|form| form.name == name).unwrap();
        check(form.file_name, &(form.render)(&summary).unwrap());
    }
}
