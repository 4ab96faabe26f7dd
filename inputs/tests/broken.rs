//! Every folder of `fixtures/broken` is refused with exactly the report of its `expected.txt`.
//!
//! `AUTOPERF_BLESS=1 cargo test -p autoperf-inputs --test broken` writes the reports anew; read the difference before
//! committing it.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

use autoperf_inputs::{FolderRequest, Mode, read_folder};
use std::fs;
use std::path::{Path, PathBuf};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/broken");
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// What the folder is read for: its `mode` file, else a capacity analysis.
fn mode(folder: &Path) -> Mode {
    match fs::read_to_string(folder.join("mode")).as_deref().map(str::trim) {
        Ok("profile") => Mode::Profile,
        Ok("manual profile") => Mode::ManualProfile,
        Ok("manual capacity") => Mode::ManualCapacity,
        Ok(other) => panic!("{}: unknown mode {other}", folder.display()),
        Err(_) => Mode::Capacity,
    }
}

fn report(folder: &Path) -> String {
    let toml = folder.join("workload.toml");
    let input_xml = if toml.exists() {
        toml
    } else {
        folder.join("input.xml")
    };
    let request = FolderRequest {
        input_xml,
        cbmg: None,
        manual: None,
        properties: None,
        mode: mode(folder),
        allow_outside: false,
    };
    let errors = match read_folder(&request) {
        Ok(_) => panic!("{} was accepted", folder.display()),
        Err(errors) => errors,
    };
    let prefix = format!("{}/", folder.display());
    format!("{errors}\n").replace(&prefix, "")
}

#[test]
fn each_broken_folder_gives_its_report() {
    let bless = std::env::var_os("AUTOPERF_BLESS").is_some();
    let mut wrong = Vec::new();
    for folder in folders() {
        let golden = folder.join("expected.txt");
        let report = report(&folder);
        if bless {
            fs::write(&golden, &report).expect("writable");
        } else if fs::read_to_string(&golden).unwrap_or_default() != report {
            wrong.push(format!("{}:\n{report}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_at_least_forty_and_each_report_names_a_place_and_what_belongs_there() {
    let folders = folders();
    assert!(folders.len() >= 40, "{}", folders.len());
    for folder in folders {
        let report = report(&folder);
        assert!(
            report.starts_with("error: ") || report.contains("\nerror: "),
            "{report}"
        );
        for error in report.split("\n\n") {
            let helps = error.contains("= expected: ") || error.contains("= hint: ");
            assert!(error.contains("--> ") && helps, "{}: {error}", folder.display());
        }
    }
}
