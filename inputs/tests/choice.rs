//! Flags go before names inside of files, and these before standard names.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

use autoperf_inputs::{FolderRequest, Mode, Severity, inspect_folder};
use std::fs;
use std::path::PathBuf;

const TRANSACTION: &str = "<transaction><name>A</name><url>http://h/</url></transaction><transaction><name>B</name><url>http://h/</url></transaction>";

/// A graph that begins with the state of this name, so that one sees which file was read.
fn graph(first: &str) -> String {
    let p = |name: &str| if name == first { "1" } else { "0" };
    format!(
        "Entry A B Exit\nEntry 0 {} {} 0\nA 0 0 0 1\nB 0 0 0 1\nExit 0 0 0 0\n",
        p("A"),
        p("B")
    )
}

struct Case {
    folder: PathBuf,
    request: FolderRequest,
}

impl Case {
    fn new(what: &str, files: &[(&str, String)]) -> Self {
        let folder = std::env::temp_dir().join(format!("autoperf-choice-{what}-{}", std::process::id()));
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            fs::write(path, text).expect("writable");
        }
        let request = FolderRequest {
            input_xml: folder.join("1/input.xml"),
            cbmg: None,
            manual: None,
            properties: None,
            mode: Mode::Capacity,
            allow_outside: false,
        };
        Self { folder, request }
    }

    /// Name of the state in which sessions begin.
    fn first(&self) -> String {
        let inspection = inspect_folder(&self.request);
        let workload = inspection
            .workload
            .unwrap_or_else(|| panic!("{}", inspection.diagnostics));
        let navigation = workload.navigation.expect("a navigation");
        let state = navigation
            .entry
            .iter()
            .position(|p| *p == 1.0)
            .expect("a first state");
        workload.transactions[navigation.states[state]].name.clone()
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn load(tags: &str) -> String {
    format!("<Load>{TRANSACTION}{tags}</Load>")
}

#[test]
fn the_cbmg_beside_input_xml_is_found() {
    let case = Case::new("beside", &[("1/input.xml", load("")), ("1/cbmg.txt", graph("B"))]);
    assert_eq!(case.first(), "B");
}

#[test]
fn the_tag_goes_before_the_standard_name() {
    let files = [
        ("1/input.xml", load("<cbmgfile>walk.txt</cbmgfile>")),
        ("1/cbmg.txt", graph("B")),
        ("1/walk.txt", graph("A")),
    ];
    assert_eq!(Case::new("tag", &files).first(), "A");
}

#[test]
fn the_flag_goes_before_the_tag() {
    let files = [
        ("1/input.xml", load("<cbmgfile>missing.txt</cbmgfile>")),
        ("2/cbmg.txt", graph("B")),
    ];
    let mut case = Case::new("flag", &files);
    case.request.cbmg = Some(case.folder.join("2/cbmg.txt"));
    assert_eq!(case.first(), "B");
}

#[test]
fn config_properties_names_all_three_files() {
    let files = [
        (
            "1/config.properties",
            "config_file_name=load.xml\ncbmg_file_name=walk.txt\nmanual_loadlevel_input_file_name=levels.txt\n".to_owned(),
        ),
        ("1/load.xml", load("")),
        ("1/cbmg.txt", graph("B")),
        ("1/walk.txt", graph("A")),
        ("1/levels.txt", "7 30\n".to_owned()),
    ];
    let mut case = Case::new("config", &files);
    case.request.input_xml = case.folder.join("1");
    case.request.mode = Mode::ManualCapacity;
    assert_eq!(case.first(), "A");
    let levels = inspect_folder(&case.request)
        .workload
        .expect("good")
        .manual_levels;
    assert_eq!(levels[0].users, 7);
}

#[test]
fn a_flag_goes_before_the_config() {
    let files = [
        (
            "1/config.properties",
            "manual_loadlevel_input_file_name=levels.txt\n".to_owned(),
        ),
        ("1/input.xml", load("")),
        ("1/cbmg.txt", graph("A")),
        ("3/mll.txt", "9 30\n".to_owned()),
        ("3/other.properties", "infinity=12\n".to_owned()),
    ];
    let mut case = Case::new("config-flag", &files);
    case.request.mode = Mode::ManualCapacity;
    case.request.manual = Some(case.folder.join("3/mll.txt"));
    case.request.properties = Some(case.folder.join("3/other.properties"));
    let workload = inspect_folder(&case.request).workload.expect("good");
    assert_eq!(workload.manual_levels[0].users, 9);
    assert_eq!(workload.parameters.whole("infinity"), Some(12));
}

#[test]
fn a_folder_with_a_single_file_is_read_by_it() {
    let text = "navigation = [{ from = \"Entry\", to = { A = 1 } }, { from = \"A\", to = { Exit = 1 } }]\n\
                [[transactions]]\nname = \"A\"\nurl = \"http://h/\"\n";
    let mut case = Case::new(
        "single",
        &[("1/workload.toml", text.to_owned()), ("2/cbmg.txt", graph("B"))],
    );
    case.request.input_xml = case.folder.join("1");
    assert_eq!(case.first(), "A");
    // A flag takes the place of the file's own navigation.
    case.request.cbmg = Some(case.folder.join("2/cbmg.txt"));
    let errors = inspect_folder(&case.request).diagnostics;
    assert!(
        errors.to_string().contains("no transaction for the state B"),
        "{errors}"
    );
}

#[test]
fn what_the_mode_does_not_need_is_no_error_when_it_is_missing() {
    let files = [
        (
            "1/config.properties",
            "cbmg_file_name=cbmg.txt\nmanual_loadlevel_input_file_name=mll.txt\n".to_owned(),
        ),
        (
            "1/input.xml",
            format!(
                "{}<Profile><usetransactions><name>A</name></usetransactions></Profile>",
                load("")
            ),
        ),
    ];
    let mut case = Case::new("not-needed", &files);
    for mode in [Mode::Profile, Mode::Everything] {
        case.request.mode = mode;
        let inspection = inspect_folder(&case.request);
        assert!(inspection.workload.is_some(), "{}", inspection.diagnostics);
    }
    let notes = inspect_folder(&case.request).diagnostics;
    assert!(notes.iter().all(|d| d.severity == Severity::Note));
    assert_eq!(notes.iter().count(), 2, "{notes}");
}
