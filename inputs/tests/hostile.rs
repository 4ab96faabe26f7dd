//! Whatever the bytes are, a reader answers with a workload or with diagnostics, in bounded time and memory.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

use autoperf_inputs::assemble::{Parts, assemble};
use autoperf_inputs::limits::{MAX_DIAGNOSTICS, MAX_FILE_BYTES};
use autoperf_inputs::workload::Parameters;
use autoperf_inputs::{
    Diagnostics, Draft, FileName, FolderRequest, Mode, ValueFile, cbmg, encoding, input_xml, mll, properties,
    read_folder, workload_toml,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FIXTURES: [&str; 10] = [
    include_str!("fixtures/good/manual/input.xml"),
    include_str!("fixtures/good/manual/cbmg.txt"),
    include_str!("fixtures/good/manual/mll.txt"),
    include_str!("fixtures/good/manual/config.properties"),
    include_str!("fixtures/good/tour/input.xml"),
    include_str!("fixtures/good/tour/graph/walk.txt"),
    include_str!("fixtures/good/tour/mll.txt"),
    include_str!("fixtures/good/tour/workload.toml"),
    include_str!("fixtures/good/tour/data/users.txt"),
    "<Load><transaction><name>a</name><url inputype='parse'>http://h/${0}</url></transaction></Load>",
];

fn name() -> FileName {
    FileName::new("hostile")
}

/// Every reader on one text; findings must be shown with places inside of the text.
fn read_as_everything(text: &str) {
    let shown = |found: &Diagnostics| {
        assert!(found.iter().count() <= MAX_DIAGNOSTICS);
        let lines = text.lines().count() + 1;
        for place in found.iter().filter_map(|d| d.place.as_deref()) {
            assert!(place.line <= lines.max(1), "line {} of {lines}", place.line);
        }
        assert!(!found.to_string().contains('\u{1b}'));
    };
    match input_xml::parse(text, &name()) {
        Ok(draft) => put_together(draft, text),
        Err(found) => shown(&found),
    }
    match workload_toml::parse(text, &name()) {
        Ok(document) => put_together(document.draft, text),
        Err(found) => shown(&found),
    }
    let _ = cbmg::parse(text, &name()).map_err(|found| shown(&found));
    let _ = mll::parse(text, &name()).map_err(|found| shown(&found));
    let _ = properties::parse(text, &name()).map_err(|found| shown(&found));
    let _ = ValueFile::new(text, &name())
        .column(1)
        .map_err(|found| found.to_string());
}

fn put_together(draft: Draft, values: &str) {
    let files = draft.value_files().into_iter();
    let parts = Parts {
        mode: Mode::Everything,
        value_files: files
            .map(|file| (file, Some(ValueFile::new(values, &name()))))
            .collect(),
        draft,
        graph: None,
        levels: Vec::new(),
        parameters: Parameters::default(),
        folder: PathBuf::new(),
    };
    if let Ok(workload) = assemble(parts) {
        let _ = workload.describe();
        let _ = autoperf_inputs::write::single_file(&workload);
        let _ = autoperf_inputs::write::autoperf_files(&workload);
    }
}

/// A fixture with some of its bytes replaced, removed, repeated or cut off.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0u8..5, any::<u8>(), 0usize..40);
    (0..FIXTURES.len(), prop::collection::vec(edit, 1..6)).prop_map(|(fixture, edits)| {
        let mut bytes = FIXTURES[fixture].as_bytes().to_vec();
        for (at, kind, byte, length) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                2 => bytes.insert(at, byte),
                3 => {
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => bytes.truncate(end),
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn random_bytes_break_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(text) = encoding::decode(bytes, &name()) {
            read_as_everything(&text);
        }
    }

    #[test]
    fn random_markup_breaks_nothing(text in "(<|</|>|/>|&amp;|&#|;|=|\"|'|!\\[CDATA\\[|\\]\\]>|<!--|-->|<\\?|Load|transaction|url|name|\\$\\{|\\}|#|0|9|\n| |é){0,60}") {
        read_as_everything(&text);
    }

    #[test]
    fn mutated_fixtures_break_nothing(bytes in mutated()) {
        let text = String::from_utf8_lossy(&bytes);
        read_as_everything(&text);
    }
}

#[test]
fn entities_are_never_expanded() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><Load>&b;</Load>";
    let refused = input_xml::parse(bomb, &name()).expect_err("refused");
    assert!(refused.to_string().contains("document type"), "{refused}");
    let undeclared = input_xml::parse("<Load>&b;</Load>", &name()).expect_err("refused");
    assert!(
        undeclared.to_string().contains("no known reference"),
        "{undeclared}"
    );
}

#[test]
fn a_million_errors_are_cut_off() {
    let tags = format!("<Load>{}</Load>", "<bad/>".repeat(150_000));
    let found = input_xml::parse(&tags, &name()).expect_err("refused");
    assert_eq!(found.iter().count(), MAX_DIAGNOSTICS);
    assert!(
        found.to_string().contains("... and 149"),
        "the others are counted"
    );
    let lines = mll::parse(&"x y\n".repeat(100_000), &name()).expect_err("refused");
    assert!(lines.iter().count() <= MAX_DIAGNOSTICS + 1);
    let pairs = properties::parse(&"x=y\n".repeat(100_000), &name()).expect_err("refused");
    assert!(pairs.iter().count() <= MAX_DIAGNOSTICS + 1);
}

#[test]
fn long_lines_and_deep_nesting_are_read_in_bounded_time() {
    let depth = 100_000;
    read_as_everything(&"<a>".repeat(depth));
    read_as_everything(&"[".repeat(depth));
    read_as_everything(&"x = {a = ".repeat(depth));
    read_as_everything(&"repeat 2\n".repeat(depth));
    read_as_everything(&"${".repeat(depth));
    let url = format!("http://h/{}", "${0}".repeat(20_000));
    let long =
        format!("<Load><transaction><name>a</name><url inputype='parse'>{url}</url></transaction></Load>");
    read_as_everything(&long);
}

/// Lists of everything that is looked up by name, each far longer than anyone writes: time must not grow with their square.
#[test]
fn long_lists_are_read_in_bounded_time() {
    let list = |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<String>();
    let n = 8_000;
    let load = |inside: &str, url: &str, after: &str| {
        format!(
            "<Load><transaction><name>a</name>{inside}<url>http://h/{url}</url></transaction></Load>{after}"
        )
    };
    let sequences = list(n, &|i| format!("<sequence name='s{i}'>1,2</sequence>"));
    let places = list(n, &|i| format!("${{s{i}}}"));
    read_as_everything(&load(
        &format!("<sequencelist>{sequences}</sequencelist>"),
        &places,
        "",
    ));
    let undefined = list(n, &|i| format!("${{t{i}}}"));
    read_as_everything(&load(
        &format!("<sequencelist>{sequences}</sequencelist>"),
        &undefined,
        "",
    ));
    read_as_everything(&load("", &list(n, &|i| format!("${{f{i}#0}}")), ""));
    read_as_everything(&load("", &list(n, &|i| format!("${{f#{i}}}")), ""));
    read_as_everything(&load("", &"${".repeat(n), ""));
    let extracts = list(n, &|i| format!("<extract name='e{i}' from='header'>X</extract>"));
    read_as_everything(&load(&extracts, "", ""));
    read_as_everything(&load(
        &format!("<expect>{}200</expect>", "100-599,".repeat(n)),
        "",
        "",
    ));
    let uses = list(n, &|i| {
        format!("<usetransactions><name>u{i}</name></usetransactions>")
    });
    read_as_everything(&load("", "", &format!("<Profile>{uses}</Profile>")));
    read_as_everything(&list(n, &|i| format!("<Load a{i}=''/>")));
    read_as_everything(&format!("Entry {} Exit\n", list(n, &|i| format!("s{i} "))));
    read_as_everything(&list(900, &|i| format!("s{i} ")).repeat(3));
    let toml = list(n, &|i| format!("{{ name = \"e{i}\", header = \"X\" }},"));
    read_as_everything(&format!(
        "[[transactions]]\nname = \"a\"\nurl = \"http://h/\"\nextract = [{toml}]\n"
    ));
}

/// A folder of its own that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(what: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("autoperf-{what}-{}", std::process::id()));
        fs::create_dir_all(folder.join("in")).expect("writable");
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("writable");
    }

    fn read(&self, allow_outside: bool) -> Result<autoperf_inputs::Workload, Diagnostics> {
        read_folder(&FolderRequest {
            input_xml: self.0.join("in/input.xml"),
            cbmg: None,
            manual: None,
            properties: None,
            mode: Mode::Everything,
            allow_outside,
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn url(place: &str) -> String {
    format!("<Load><transaction><name>a</name><url>http://h/{place}</url></transaction></Load>")
}

#[test]
fn files_outside_of_the_folder_need_leave() {
    let scratch = Scratch::new("outside");
    scratch.file("secret.txt", "value\n");
    let absolute = format!("${{{}#0}}", scratch.0.join("secret.txt").display());
    for place in ["${../secret.txt#0}", "${a/../../secret.txt#0}", &absolute] {
        scratch.file("in/input.xml", &url(place));
        let refused = scratch.read(false).expect_err("refused").to_string();
        assert!(refused.contains("outside of its folder"), "{refused}");
        assert!(refused.contains("input.xml:1:"), "{refused}");
    }
    scratch.file("in/input.xml", &url("${../secret.txt#0}"));
    scratch.read(true).expect("with leave");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_seen() {
    let scratch = Scratch::new("link");
    scratch.file("secret.txt", "value\n");
    let link = scratch.0.join("in/values.txt");
    std::os::unix::fs::symlink(scratch.0.join("secret.txt"), link).expect("a link");
    scratch.file("in/input.xml", &url("${values.txt#0}"));
    let refused = scratch.read(false).expect_err("refused").to_string();
    assert!(refused.contains("outside of its folder"), "{refused}");
    scratch.read(true).expect("with leave");
}

#[test]
fn huge_files_and_folders_are_not_read() {
    let scratch = Scratch::new("huge");
    scratch.file("in/input.xml", &url("${values.txt#0}"));
    let file = fs::File::create(scratch.0.join("in/values.txt")).expect("writable");
    file.set_len(MAX_FILE_BYTES + 1).expect("a sparse file");
    let refused = scratch.read(false).expect_err("refused").to_string();
    assert!(refused.contains("larger than"), "{refused}");
    fs::remove_file(scratch.0.join("in/values.txt")).expect("removed");
    fs::create_dir(scratch.0.join("in/values.txt")).expect("a folder");
    let refused = scratch.read(false).expect_err("refused").to_string();
    assert!(refused.contains("no file"), "{refused}");
}

/// The search for a value file takes the name as it stands, so that odd names are errors and no surprises.
#[test]
fn odd_names_of_files_are_only_names() {
    let scratch = Scratch::new("names");
    let mut seen = BTreeMap::new();
    for place in ["${/dev/zero#0}", "${.#0}", "${#0}", "${in#x}", "${a#b#0}"] {
        scratch.file("in/input.xml", &url(place));
        let refused = scratch.read(false).expect_err("refused").to_string();
        assert!(Path::new("/dev/zero").exists() || !cfg!(target_os = "linux"));
        seen.insert(place, refused);
    }
    assert!(seen.values().all(|text| text.starts_with("error: ")));
}
