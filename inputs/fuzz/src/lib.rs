//! What each fuzz target does with its bytes. The corpus is replayed through the same functions by `tests/corpus.rs`, so that
//! what was once found stays found without a fuzzer.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none input_xml -- -max_total_time=600` in `inputs`; the code is safe Rust, so
//! the sanitizer would only slow it down.

use autoperf_inputs::assemble::{Parts, assemble};
use autoperf_inputs::cbmg::Graph;
use autoperf_inputs::workload::{ManualLevel, Parameters, Workload};
use autoperf_inputs::write::{FileSet, WORKLOAD_TOML, autoperf_files, single_file};
use autoperf_inputs::{
    Draft, FileName, Mode, ValueFile, cbmg as graph_file, encoding, input_xml as input_file,
    mll as levels_file, properties as properties_file, workload_toml as single,
};
use std::path::PathBuf;

fn name() -> FileName {
    FileName::new("fuzz")
}

fn text(data: &[u8]) -> Option<String> {
    encoding::decode(data.to_vec(), &name()).ok()
}

/// Text of every value file that a draft names.
const VALUES: &str = "ann\tsecret\t1\nbob\t\t2\n";

fn assembled(draft: Draft, graph: Option<Graph>, values: &FileSet) -> Option<Workload> {
    let file = |file: String| {
        let text = values.get(&file).map_or(VALUES, String::as_str);
        (file, Some(ValueFile::new(text, &name())))
    };
    let parts = Parts {
        mode: Mode::Everything,
        value_files: draft.value_files().into_iter().map(file).collect(),
        draft,
        graph,
        levels: Vec::<ManualLevel>::new(),
        parameters: Parameters::default(),
        folder: PathBuf::new(),
    };
    assemble(parts).ok()
}

/// What is valid is written and reads back to the same, in both forms.
fn round_trip(workload: &Workload) {
    let _ = workload.describe();
    if let Ok(files) = autoperf_files(workload)
        && let Some(input) = files.get("input.xml")
    {
        let draft = input_file::parse(input, &name()).expect("what was written is read");
        let graph = files
            .get("cbmg.txt")
            .map(|t| graph_file::parse(t, &name()).expect("a graph"));
        let back = assembled(draft, graph, &files).expect("what was written is valid");
        assert!(
            back == *workload,
            "input.xml changed:\n{input}\n{back:#?}\n{workload:#?}"
        );
    }
    if let Ok(files) = single_file(workload) {
        let written = &files[WORKLOAD_TOML];
        let document = single::parse(written, &name()).expect("what was written is read");
        let back = assembled(document.draft, document.graph, &files).expect("what was written is valid");
        assert!(
            back == *workload,
            "workload.toml changed:\n{written}\n{back:#?}\n{workload:#?}"
        );
    }
}

/// Any bytes as an input.xml.
pub fn input_xml(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    match input_file::parse(&text, &name()) {
        Ok(draft) => {
            if let Some(workload) = assembled(draft, None, &FileSet::new()) {
                round_trip(&workload);
            }
        }
        Err(errors) => assert!(errors.has_errors() && !errors.to_string().is_empty()),
    }
}

/// Any bytes as a CBMG, walked over transactions of the states' names.
pub fn cbmg(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    let graph = match graph_file::parse(&text, &name()) {
        Ok(graph) => graph,
        Err(errors) => {
            assert!(errors.has_errors() && !errors.to_string().is_empty());
            return;
        }
    };
    let transaction = |state: &str| {
        let escaped = state.replace('&', "&amp;").replace('<', "&lt;");
        format!("<transaction><name>{escaped}</name><url>http://h/</url></transaction>")
    };
    let load: String = graph.states().map(transaction).collect();
    // A state's name may hold characters that XML can't carry; then there is no such transaction.
    if let Ok(draft) = input_file::parse(&format!("<Load>{load}</Load>"), &name())
        && let Some(workload) = assembled(draft, Some(graph), &FileSet::new())
    {
        round_trip(&workload);
    }
}

/// Any bytes as manual load levels.
pub fn mll(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    match levels_file::parse(&text, &name()) {
        Ok(levels) => {
            assert!(
                levels
                    .iter()
                    .all(|l| l.duration_s > 0.0 && l.duration_s.is_finite())
            );
            let written: String = levels
                .iter()
                .map(|l| format!("{} {}\n", l.users, l.duration_s))
                .collect();
            assert_eq!(levels_file::parse(&written, &name()).as_ref(), Ok(&levels));
        }
        Err(errors) => assert!(errors.has_errors() && !errors.to_string().is_empty()),
    }
}

/// Any bytes as a config.properties.
pub fn properties(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    match properties_file::parse(&text, &name()) {
        Ok(parameters) => {
            let mut workload = Workload::from_url("http://h/").expect("a workload");
            workload.parameters = parameters;
            let Ok(files) = autoperf_files(&workload) else {
                return;
            };
            let back = files
                .get("config.properties")
                .map(|t| properties_file::parse(t, &name()));
            let back = back.unwrap_or_else(|| Ok(Parameters::default()));
            assert_eq!(back.as_ref(), Ok(&workload.parameters));
        }
        Err(errors) => assert!(errors.has_errors() && !errors.to_string().is_empty()),
    }
}

/// The first byte chooses the kind of URL, the others are the URL.
pub fn url_template(data: &[u8]) {
    let Some((kind, url)) = data.split_first() else {
        return;
    };
    let Some(url) = text(url) else {
        return;
    };
    if let Ok(workload) = Workload::from_url(&url) {
        round_trip(&workload);
    }
    let kinds = [
        "",
        " method='post'",
        " inputype='parse'",
        " inputype='file' unique='unique'",
        " method='post' unique='unique'",
        " method='post' inputype='parse'",
    ];
    let kind = kinds[usize::from(*kind) % kinds.len()];
    let escaped = url.replace('&', "&amp;").replace('<', "&lt;");
    let input = format!(
        "<Load><transaction><name>a</name><sequencelist><sequence name='a' type='range'>01,20</sequence>\
         <sequence name='b'>x,y</sequence></sequencelist><url{kind}>{escaped}</url>\
         <extract name='c' from='header'>X</extract></transaction></Load>"
    );
    input_xml(input.as_bytes());
}

/// Any bytes as a workload.toml.
pub fn workload_toml(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    match single::parse(&text, &name()) {
        Ok(document) => {
            if let Some(workload) = assembled(document.draft, document.graph, &FileSet::new()) {
                round_trip(&workload);
            }
        }
        Err(errors) => assert!(errors.has_errors() && !errors.to_string().is_empty()),
    }
}
