//! The workloads of the examples are read as they are meant.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

use autoperf_examples::demo::{ENTRY, LAW, ROWS, THINK_TIME, write_workload};
use autoperf_inputs::workload::{Method, Workload};
use autoperf_inputs::{FolderRequest, Mode, read_folder};
use std::path::{Path, PathBuf};

fn read(folder: &Path, mode: Mode) -> Workload {
    let request = FolderRequest {
        input_xml: folder.join("input.xml"),
        cbmg: Some(folder.join("cbmg.txt")),
        manual: None,
        properties: None,
        mode,
        allow_outside: false,
    };
    read_folder(&request).expect("the files are valid")
}

fn names(workload: &Workload) -> Vec<&str> {
    workload.transactions.iter().map(|t| t.name.as_str()).collect()
}

fn webcal() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/webcal")
}

#[test]
fn the_demo_s_files_say_what_its_truth_is_computed_from() {
    let folder = std::env::temp_dir().join(format!("autoperf-demo-files-{}", std::process::id()));
    write_workload(&folder, 8080, 22221).expect("the folder can be written");
    let workload = read(&folder, Mode::Capacity);
    std::fs::remove_dir_all(&folder).expect("it can be removed");

    assert_eq!(names(&workload), LAW.map(|law| law.name));
    let navigation = workload.navigation.as_ref().expect("a graph");
    let close =
        |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
    assert!(close(&navigation.entry, &ENTRY), "{:?}", navigation.entry);
    for (row, expected) in navigation.rows.iter().zip(ROWS) {
        assert!(close(row, &expected), "{row:?}");
    }
    for transaction in &workload.transactions {
        assert_eq!(transaction.think_time_s.mean(), THINK_TIME.as_secs_f64());
    }
    assert_eq!(workload.transactions[2].method, Method::Post);
    let nodes: Vec<_> = workload
        .nodes
        .iter()
        .map(|n| (n.process.as_str(), n.port, n.cores))
        .collect();
    assert_eq!(
        nodes,
        [("demo-web", 22221, Some(0.5)), ("demo-storage", 22221, Some(0.5))]
    );
}

#[test]
fn webcal_is_the_manual_s_case() {
    let workload = read(&webcal(), Mode::Capacity);
    let expected = [
        "ViewEntryByDay",
        "ViewEntryByWeek",
        "ViewEntryByMonth",
        "Login",
        "AddEntry",
    ];
    assert_eq!(names(&workload), expected);
    let navigation = workload.navigation.as_ref().expect("a graph");
    assert_eq!(navigation.states, [0, 1, 2]);
    assert_eq!(navigation.entry, [0.0, 1.0, 0.0]);
    let processes: Vec<_> = workload.nodes.iter().map(|n| n.process.as_str()).collect();
    assert_eq!(processes, ["apache2", "mariadbd"]);
}

#[test]
fn webcal_can_be_profiled_with_its_login() {
    let workload = read(&webcal(), Mode::Profile);
    let profile = workload.profile.expect("a <Profile> block");
    let uses: Vec<_> = profile
        .uses
        .iter()
        .map(|u| (u.transaction, u.requires.clone()))
        .collect();
    assert_eq!(uses, [(4, vec![3]), (2, vec![])]);
}
