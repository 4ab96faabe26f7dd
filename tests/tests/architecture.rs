//! The rules of the house hold in the sources as they are, and each rule bites.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

use autoperf_tests::architecture::Source;
use autoperf_tests::architecture::imports::{
    MOVABLE_PARTS, PURE_PARTS, hidden_clocks, impure_names, ties_to_the_master,
};
use autoperf_tests::architecture::manifests::{
    forbidden_edges, impure_dependencies, missing_edges, unrepeated_settings,
};
use autoperf_tests::architecture::shape::{
    MOST_TRAITS, USUAL_FILE, empty_names, lengths, long_files, many_traits, traits,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const MEMBERS: [&str; 6] = ["examples", "inputs", "master", "models", "profiler", "tests"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

fn sources() -> Vec<Source> {
    let workspace = workspace();
    MEMBERS
        .iter()
        .flat_map(|member| Source::all_below(&workspace, member).expect("sources can be read"))
        .collect()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// One source whose text breaks a rule.
fn snippet(place: &str, text: &str) -> [Source; 1] {
    [Source::new(place, text)]
}

fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
    let list: Vec<_> = dependencies
        .iter()
        .map(|(name, kind)| json!({"name": name, "kind": kind}))
        .collect();
    json!({"name": name, "dependencies": list})
}

#[test]
fn all_members_are_looked_at() {
    let metadata = metadata();
    let mut folders: Vec<String> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|p| {
            let manifest = Path::new(p["manifest_path"].as_str().expect("a path"));
            manifest
                .parent()
                .and_then(Path::file_name)
                .expect("a folder")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    folders.sort();
    assert_eq!(folders, MEMBERS);
    let sources = sources();
    for member in MEMBERS {
        let prefix = format!("{member}/src/");
        assert!(
            sources.iter().any(|s| s.place.starts_with(&prefix)),
            "no source found below {prefix}"
        );
    }
}

#[test]
fn five_edges_join_the_crates_and_no_other() {
    let metadata = metadata();
    assert_none(&forbidden_edges(&metadata));
    assert_none(&missing_edges(&metadata));
}

#[test]
fn a_sixth_edge_is_found_whatever_its_kind() {
    for (from, to, kind) in [
        ("autoperf-models", "autoperf-inputs", None),
        ("autoperf-profiler", "autoperf-models", Some("dev")),
        ("autoperf-examples", "autoperf", None),
        ("autoperf", "autoperf-tests", Some("dev")),
        ("autoperf-inputs", "autoperf-examples", Some("build")),
    ] {
        let metadata = json!({"packages": [package(from, &[("serde", None), (to, kind)])]});
        assert_eq!(forbidden_edges(&metadata).len(), 1, "{from} to {to}");
    }
    let allowed = json!({"packages": [package("autoperf-tests", &[("autoperf", None), ("autoperf-models", Some("dev"))])]});
    assert_none(&forbidden_edges(&allowed));
    assert_eq!(missing_edges(&allowed).len(), 5);
}

#[test]
fn models_depend_on_nothing_impure() {
    assert_none(&impure_dependencies(&metadata()));
}

#[test]
fn an_impure_dependency_of_the_models_is_found() {
    let metadata =
        json!({"packages": [package("autoperf-models", &[("tokio", None), ("proptest", Some("dev"))])]});
    assert_eq!(
        impure_dependencies(&metadata),
        ["models are pure and may not depend on tokio"]
    );
}

#[test]
fn pure_parts_do_no_io_and_have_no_clock() {
    assert_none(&impure_names(&sources()));
}

#[test]
fn each_way_to_be_impure_is_found() {
    for text in [
        "use tokio::time::sleep;",
        "use std::{collections::BTreeMap, fs};",
        "fn f() { let _ = ::std::net::TcpStream::connect(\"a\"); }",
        "use std::time::{Duration, Instant};",
        "use std::time::*;",
        "use std::*;",
        "fn f() { crate::clock::now() }",
        "fn f() { std::process::exit(1) }",
    ] {
        for part in PURE_PARTS {
            let place = part.places[0].to_owned()
                + if part.places[0].ends_with('/') {
                    "a/b.rs"
                } else {
                    ""
                };
            assert_eq!(impure_names(&snippet(&place, text)).len(), 1, "{text} in {place}");
        }
        assert_none(&impure_names(&snippet("master/src/journal.rs", text)));
    }
    assert_eq!(
        impure_names(&snippet(
            "master/src/load/wheel.rs",
            "use super::super::clock::now;"
        ))
        .len(),
        1
    );
}

#[test]
fn purity_is_no_matter_of_words() {
    let text = "// std::fs\nconst A: &str = \"std::fs\";\nuse std::time::Duration;\n\
                #[cfg(test)]\nmod tests { use std::fs; }";
    assert_none(&impure_names(&snippet("models/src/a.rs", text)));
}

#[test]
fn every_place_that_a_rule_names_exists_once_there_are_campaigns() {
    let sources = sources();
    if !sources.iter().any(|s| s.place.starts_with("master/src/campaign")) {
        println!("the master has no campaign yet");
        return;
    }
    for part in PURE_PARTS.into_iter().chain(MOVABLE_PARTS.map(|(part, _)| part)) {
        for place in part.places {
            let found = sources
                .iter()
                .any(|s| s.place == *place || place.ends_with('/') && s.place.starts_with(place));
            assert!(found, "the rule on {} names {place}, where nothing is", part.name);
        }
    }
}

#[test]
fn load_and_transport_could_move_out() {
    assert_none(&ties_to_the_master(&sources()));
}

#[test]
fn a_tie_of_load_or_transport_to_the_master_is_found() {
    for (place, text) in [
        ("master/src/load.rs", "use crate::journal::Journal;"),
        ("master/src/load.rs", "use super::journal::Journal;"),
        ("master/src/load/wheel.rs", "use crate::{clock, summary};"),
        (
            "master/src/load/wheel.rs",
            "fn f() { super::super::campaign::g() }",
        ),
        ("master/src/transport/http.rs", "use crate::load::Wheel;"),
    ] {
        assert_eq!(
            ties_to_the_master(&snippet(place, text)).len(),
            1,
            "{text} in {place}"
        );
    }
    let text = "use crate::clock::Clock; use super::http; use autoperf_models::record::Record; use crate::transport;";
    for (part, _) in MOVABLE_PARTS {
        assert_none(&ties_to_the_master(&snippet(
            part.places[0],
            "use crate::clock::Clock;",
        )));
    }
    assert_none(&ties_to_the_master(&snippet("master/src/load/wheel.rs", text)));
    assert_none(&ties_to_the_master(&snippet(
        "master/src/load.rs",
        "mod tests { use super::*; }",
    )));
}

#[test]
fn only_clock_files_ask_the_time() {
    assert_none(&hidden_clocks(&sources()));
}

#[test]
fn a_hidden_clock_is_found() {
    for text in [
        "let t = Instant::now();",
        "let t = std::time::SystemTime::now();",
        "tokio::time::Instant::now()",
    ] {
        assert_eq!(
            hidden_clocks(&snippet("profiler/src/ring.rs", text)).len(),
            1,
            "{text}"
        );
        assert_none(&hidden_clocks(&snippet("profiler/src/clock.rs", text)));
    }
}

#[test]
fn files_fit_in_a_head() {
    let sources = sources();
    let lengths = lengths(&sources);
    println!(
        "{} files; lines: {lengths:?}; half should have at most {USUAL_FILE}",
        sources.len()
    );
    assert_none(&long_files(&sources));
}

#[test]
fn long_files_are_found() {
    let of = |lines: usize| Source::new("a/src/x.rs", &"\n".repeat(lines));
    assert_eq!(
        long_files(&[of(601)]).len(),
        2,
        "too long itself, and all files are long"
    );
    let mut files = vec![of(100); 9];
    files.push(of(500));
    assert_none(&long_files(&files));
    files.push(of(401));
    assert_eq!(long_files(&files).len(), 1, "two of eleven");
}

#[test]
fn module_names_say_what_they_are_about() {
    assert_none(&empty_names(&sources()));
}

#[test]
fn empty_names_are_found() {
    assert_eq!(empty_names(&snippet("a/src/x/mod.rs", "")).len(), 1);
    assert_eq!(empty_names(&snippet("a/src/utils.rs", "")).len(), 1);
    assert_eq!(empty_names(&snippet("a/src/common/x.rs", "")).len(), 1);
    assert_eq!(
        empty_names(&snippet("a/src/x.rs", "mod helpers { }\n pub mod imp;")).len(),
        2
    );
    assert_none(&empty_names(&snippet(
        "a/src/commons.rs",
        "// mod utils;\nmod utilization;",
    )));
}

#[test]
fn traits_are_few() {
    let sources = sources();
    println!("{}", traits(&sources).join("\n"));
    assert_none(&many_traits(&sources));
}

#[test]
fn too_many_traits_are_found() {
    let text: String = (0..=MOST_TRAITS)
        .map(|n| format!("pub(crate) trait T{n} {{}}\n"))
        .collect();
    assert_eq!(many_traits(&snippet("a/src/x.rs", &text)).len(), 1);
    assert_none(&many_traits(&snippet("a/tests/x.rs", &text)));
}

#[test]
fn members_with_lint_settings_of_their_own_repeat_the_root_s() {
    let root = std::fs::read_to_string(workspace().join("clippy.toml")).expect("settings");
    for member in MEMBERS {
        if let Ok(text) = std::fs::read_to_string(workspace().join(member).join("clippy.toml")) {
            let missing = unrepeated_settings(&root, &text);
            assert!(missing.is_empty(), "{member}/clippy.toml: {missing:?}");
        }
    }
    assert!(
        workspace().join("models/clippy.toml").exists(),
        "the models' own settings forbid I/O"
    );
}

#[test]
fn a_lint_setting_that_is_not_repeated_is_found() {
    let root = "a = 60\ndisallowed-methods = [\n  { path = \"x::y\", reason = \"r\" },\n]\n";
    let found = unrepeated_settings(
        root,
        "# comment\na = 61\ndisallowed-types = [\n  { path = \"x::y\" },\n]\n",
    );
    assert_eq!(found, ["missing: a = 60", "missing: disallowed-methods: x::y"]);
    assert_none(&unrepeated_settings(root, &format!("b = 1\n{root}")));
}
