//! What is written reads back to the same workload, in both forms and through both.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

mod workloads;

use autoperf_inputs::assemble::{Parts, assemble};
use autoperf_inputs::workload::{Parameters, Workload};
use autoperf_inputs::write::{FileSet, WORKLOAD_TOML, autoperf_files, single_file};
use autoperf_inputs::{
    Draft, FileName, FolderRequest, Form, Mode, ValueFile, cbmg, convert, input_xml, mll, properties,
    read_folder, workload_toml, write_files,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn value_files(draft: &Draft, files: &FileSet) -> BTreeMap<String, Option<ValueFile>> {
    let read = |name: String| {
        let file = ValueFile::new(&files[&name], &FileName::new(name.as_str()));
        (name, Some(file))
    };
    draft.value_files().into_iter().map(read).collect()
}

/// Reads AutoPerf's files from memory.
fn four(files: &FileSet) -> Workload {
    let name = |n: &str| FileName::new(n);
    let parameters = files
        .get("config.properties")
        .map_or_else(Parameters::default, |text| {
            properties::parse(text, &name("config.properties")).expect("parameters")
        });
    let file = |parameter: &str| files.get(&parameters.text(parameter).expect("a name"));
    let input = file("config_file_name").expect("input.xml");
    let draft = input_xml::parse(input, &name("input.xml")).unwrap_or_else(|e| panic!("{e}\n{input}"));
    let graph = file("cbmg_file_name").map(|t| cbmg::parse(t, &name("cbmg.txt")).expect("a graph"));
    let levels = file("manual_loadlevel_input_file_name").map_or_else(Vec::new, |text| {
        mll::parse(text, &name("mll.txt")).expect("levels")
    });
    let parts = Parts {
        mode: Mode::Everything,
        value_files: value_files(&draft, files),
        draft,
        graph,
        levels,
        parameters,
        folder: PathBuf::new(),
    };
    assemble(parts).unwrap_or_else(|e| panic!("{e}\n{input}"))
}

/// Reads the single file from memory.
fn single(files: &FileSet) -> Workload {
    let text = &files[WORKLOAD_TOML];
    let document =
        workload_toml::parse(text, &FileName::new(WORKLOAD_TOML)).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let parts = Parts {
        mode: Mode::Everything,
        value_files: value_files(&document.draft, files),
        draft: document.draft,
        graph: document.graph,
        levels: document.levels,
        parameters: document.parameters,
        folder: PathBuf::new(),
    };
    assemble(parts).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Fails with the first lines that differ, since whole workloads fill screens.
fn assert_same(found: &Workload, expected: &Workload) {
    if found == expected {
        return;
    }
    let (found, expected) = (format!("{found:#?}"), format!("{expected:#?}"));
    let mut before: Vec<&str> = Vec::new();
    for (f, e) in found.lines().zip(expected.lines()) {
        if f != e {
            let from = before.len().saturating_sub(12);
            panic!("{}\nfound:    {f}\nexpected: {e}", before[from..].join("\n"));
        }
        before.push(f);
    }
    panic!("one ends before the other");
}

/// Fewer than proptest's default, since each case is a whole workload; PROPTEST_CASES asks for more.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|n| n.parse().ok()).unwrap_or(64),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn autoperfs_files_lose_nothing(workload in workloads::every()) {
        let files = autoperf_files(&workload).expect("can be written");
        assert_same(&four(&files), &workload);
    }

    #[test]
    fn the_single_file_loses_nothing(workload in workloads::every()) {
        let files = single_file(&workload).expect("can be written");
        assert_same(&single(&files), &workload);
    }

    #[test]
    fn converting_there_and_back_loses_nothing(workload in workloads::every()) {
        let there = single(&single_file(&four(&autoperf_files(&workload).expect("written"))).expect("written"));
        let back = four(&autoperf_files(&there).expect("written"));
        assert_same(&back, &workload);
        prop_assert_eq!(autoperf_files(&back).expect("written"), autoperf_files(&workload).expect("written"));
    }
}

#[test]
fn a_folder_is_converted_through_the_disk() {
    let root = std::env::temp_dir().join(format!("autoperf-round-trip-{}", std::process::id()));
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/good");
    for name in ["manual", "tour"] {
        let request = |input_xml: PathBuf| FolderRequest {
            input_xml,
            cbmg: None,
            manual: None,
            properties: None,
            mode: Mode::Everything,
            allow_outside: false,
        };
        let read = |folder: PathBuf| {
            let mut workload = read_folder(&request(folder)).unwrap_or_else(|e| panic!("{e}"));
            workload.folder = PathBuf::new();
            workload
        };
        let original = read(fixtures.join(name));
        let folder = root.join(name);
        let one = folder.join("one");
        write_files(&one, &single_file(&original).expect("written"), false).expect("written");
        assert_same(&read(one.clone()), &original);
        let four = folder.join("four");
        write_files(&four, &autoperf_files(&original).expect("written"), false).expect("written");
        assert_same(&read(four.clone()), &original);
        // Writing the same again is no conflict, another text is.
        let mut files = autoperf_files(&original).expect("written");
        write_files(&four, &files, false).expect("the same");
        files.insert("input.xml".into(), "other".into());
        let refused = write_files(&four, &files, false).expect_err("in the way");
        assert!(refused.to_string().contains("exists already"), "{refused}");
        write_files(&four, &files, true).expect("may be replaced");
    }
    std::fs::remove_dir_all(root).expect("cleaned up");
}

/// Converting must neither touch nor shorten the lists that a person keeps beside the workload.
#[test]
fn value_files_go_along_as_they_are() {
    let root = std::env::temp_dir().join(format!("autoperf-convert-{}", std::process::id()));
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(&root).expect("writable");
        std::fs::write(root.join(name), text).expect("writable");
    };
    let values = "ann\tunused\n\nbob\tunused\n";
    write("users.txt", values);
    write(
        "input.xml",
        "<Load><transaction><name>A</name><url>http://h/${users.txt#0}</url></transaction></Load>",
    );
    let request = |input_xml: PathBuf| FolderRequest {
        input_xml,
        cbmg: None,
        manual: None,
        properties: None,
        mode: Mode::Everything,
        allow_outside: false,
    };
    let workload = read_folder(&request(root.clone())).expect("good");
    let written = convert(&workload, Form::Single, &root, false).expect("in place");
    assert_eq!(written, [root.join(WORKLOAD_TOML)]);
    let elsewhere = root.join("there");
    convert(&workload, Form::AutoPerf, &elsewhere, false).expect("elsewhere");
    for folder in [&root, &elsewhere] {
        let found = std::fs::read_to_string(folder.join("users.txt")).expect("there");
        assert_eq!(found, values);
    }
    convert(&workload, Form::AutoPerf, &root, false).expect_err("input.xml is in the way");
    let mut back = read_folder(&request(root.join(WORKLOAD_TOML))).expect("good");
    assert_eq!(back, workload);
    back.folder = elsewhere.clone();
    assert_eq!(read_folder(&request(elsewhere)), Ok(back));
    std::fs::remove_dir_all(root).expect("cleaned up");
}
