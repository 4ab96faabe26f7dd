//! The reference tables of the documentation are made from the readers' own tables, and the conformance table names real
//! tests.
//!
//! `AUTOPERF_BLESS=1 cargo test -p autoperf-inputs --test docs` writes the generated parts anew.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

use autoperf_inputs::assemble::{Parts, assemble};
use autoperf_inputs::grammar::{Content, Origin, TagRule};
use autoperf_inputs::input_xml::tags::TAGS;
use autoperf_inputs::parameters::PARAMETERS;
use autoperf_inputs::{FileName, FolderRequest, Mode, cbmg, input_xml, inspect_folder, mll, workload_toml};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Compares a generated text with its published file, or writes it.
fn published(name: &str, text: &str) {
    let path = workspace().join("docs").join(name);
    if std::env::var_os("AUTOPERF_BLESS").is_some() {
        fs::write(&path, text).expect("writable");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "docs/{name} is not up to date; it should be:\n{text}"
    );
}

/// Text that can stand in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[test]
fn the_parameters_are_documented() {
    let mut text = String::from(
        "# Parameters of config.properties\n\n\
         Made from the table that the reader checks by. Each may also stand under `[parameters]` of a workload.toml. The\n\
         manual gives no values; the defaults are ours. [Modes](modes.md) tells the effects mode by mode.\n\n\
         | Parameter | Unit | Default | Admitted | Meaning |\n|---|---|---|---|---|\n",
    );
    for p in PARAMETERS {
        text.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            p.name,
            p.unit,
            p.default_text(),
            p.range_text(),
            cell(p.meaning)
        ));
    }
    published("parameters.md", &text);
}

fn tag_table(origin: Origin) -> String {
    let mut text = String::from("| Tag | In | Times | Attributes | Meaning |\n|---|---|---|---|---|\n");
    for tag in TAGS.iter().filter(|t| t.origin == origin) {
        text.push_str(&tag_row(tag));
    }
    text
}

fn tag_row(tag: &TagRule) -> String {
    let within = |place: &&str| {
        if place.is_empty() {
            "top level".to_owned()
        } else {
            format!("`<{place}>`")
        }
    };
    let within: Vec<String> = tag.within.iter().map(within).collect();
    let attributes: Vec<String> = tag
        .attributes
        .iter()
        .map(|(name, values)| format!("`{name}`: {values}"))
        .collect();
    let content = if tag.content == Content::Tags {
        "tags"
    } else {
        "text"
    };
    let times = if tag.many { "any" } else { "one" };
    format!(
        "| `<{}>` ({content}) | {} | {times} | {} | {} |\n",
        tag.name,
        within.join(", "),
        attributes.join("; "),
        cell(tag.meaning)
    )
}

/// The text with what stands between two marks replaced.
fn replaced(text: &str, name: &str, part: &str) -> String {
    let begin = format!("<!-- begin {name} -->\n");
    let end = format!("<!-- end {name} -->");
    let from = text.find(&begin).map(|i| i + begin.len()).expect("a begin mark");
    let to = text[from..].find(&end).map(|i| from + i).expect("an end mark");
    format!("{}{part}{}", &text[..from], &text[to..])
}

#[test]
fn the_tags_are_documented() {
    let path = workspace().join("docs/file-formats.md");
    let text = fs::read_to_string(path).expect("docs/file-formats.md");
    let text = replaced(&text, "manual tags", &tag_table(Origin::Manual));
    let text = replaced(&text, "own tags", &tag_table(Origin::Own));
    published("file-formats.md", &text);
}

/// A row of the conformance table that says `file.rs::test` must have that test.
#[test]
fn the_conformance_table_names_tests_that_exist() {
    let text = fs::read_to_string(workspace().join("docs/conformance.md")).expect("docs/conformance.md");
    let mut named = 0;
    let mut without = 0;
    for row in text
        .lines()
        .filter(|l| l.starts_with("| ") && !l.starts_with("| Section"))
    {
        let proof = row.trim_end_matches('|').rsplit('|').next().unwrap_or("").trim();
        if proof.starts_with("not applicable") {
            without += 1;
            continue;
        }
        let proofs: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        assert!(!proofs.is_empty(), "no test in: {row}");
        for proof in proofs {
            let (file, test) = proof
                .split_once("::")
                .unwrap_or_else(|| panic!("no test name in: {row}"));
            let source = fs::read_to_string(workspace().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
            let fixture = source.contains("fixtures/broken") && fs::exists(broken(test)).unwrap_or(false);
            assert!(
                source.contains(&format!("fn {test}(")) || fixture,
                "{file} has no test {test}"
            );
            named += 1;
        }
    }
    assert!(
        named > 50 && without <= 2,
        "{named} tests named, {without} rows without"
    );
}

/// Folder of a broken input, which is a test by its name.
fn broken(name: &str) -> PathBuf {
    workspace().join("inputs/tests/fixtures/broken").join(name)
}

/// The fenced blocks of one language, in order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let parts = text.split(&begin).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap_or("").to_owned())
        .collect()
}

#[test]
fn the_examples_are_read() {
    let text = fs::read_to_string(workspace().join("docs/file-formats.md")).expect("docs/file-formats.md");
    let name = FileName::new("docs/file-formats.md");
    for (i, example) in blocks(&text, "xml").into_iter().enumerate() {
        let whole = if example.contains("<Load>") {
            example
        } else {
            format!("<Load>{example}</Load>")
        };
        let draft = input_xml::parse(&whole, &name).unwrap_or_else(|e| panic!("example {i}: {e}"));
        assert!(draft.notes().is_empty());
    }
    let tables = blocks(&text, "text");
    let [graph, levels] = tables.as_slice() else {
        panic!("a graph and a list of levels");
    };
    cbmg::parse(graph, &name).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(mll::parse(levels, &name).map(|l| l.len()), Ok(14));
    let [toml] = <[String; 1]>::try_from(blocks(&text, "toml")).expect("one example");
    let document = workload_toml::parse(&toml, &name).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(document.levels.len(), 13);
    let parts = Parts {
        mode: Mode::Everything,
        draft: document.draft,
        graph: document.graph,
        levels: document.levels,
        parameters: document.parameters,
        value_files: BTreeMap::new(),
        folder: PathBuf::new(),
    };
    assemble(parts).unwrap_or_else(|e| panic!("{e}"));
}

/// Every example of the repository that has a workload can be run.
#[test]
fn the_workloads_of_the_examples_are_read() {
    let examples = fs::read_dir(workspace().join("examples")).expect("examples");
    let mut read = 0;
    for folder in examples.map(|e| e.expect("readable").path()) {
        if !folder.join("input.xml").is_file() && !folder.join("workload.toml").is_file() {
            continue;
        }
        for mode in [Mode::Capacity, Mode::Everything] {
            let inspection = inspect_folder(&FolderRequest {
                input_xml: folder.clone(),
                cbmg: None,
                manual: None,
                properties: None,
                mode,
                allow_outside: false,
            });
            let workload = inspection
                .workload
                .unwrap_or_else(|| panic!("{}", inspection.diagnostics));
            assert!(workload.describe().session.is_some(), "{}", folder.display());
        }
        read += 1;
    }
    assert!(read > 0, "no example has a workload");
}
