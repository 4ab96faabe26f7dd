//! The small print of the four readers.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

use autoperf_inputs::assemble::{Parts, assemble};
use autoperf_inputs::workload::*;
use autoperf_inputs::{Diagnostics, Draft, FORM, FileName, Mode, cbmg, input_xml, mll};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn file() -> FileName {
    FileName::new("input.xml")
}

fn draft(load: &str) -> Result<Draft, Diagnostics> {
    input_xml::parse(&format!("<Load>{load}</Load>"), &file())
}

fn workload(load: &str) -> Result<Workload, Diagnostics> {
    assemble(Parts {
        mode: Mode::Everything,
        draft: draft(load)?,
        graph: None,
        levels: Vec::new(),
        parameters: Parameters::default(),
        value_files: BTreeMap::new(),
        folder: PathBuf::new(),
    })
}

/// A workload of one transaction with these tags.
fn transaction(tags: &str) -> Transaction {
    let load = format!("<transaction><name>A</name>{tags}</transaction>");
    let workload = workload(&load).unwrap_or_else(|e| panic!("{e}"));
    workload.transactions[0].clone()
}

fn refused(tags: &str) -> String {
    let load = format!("<transaction><name>A</name>{tags}</transaction>");
    workload(&load).expect_err("must be refused").to_string()
}

const URL: &str = "<url>http://h/</url>";

#[test]
fn names_and_values_count_in_any_case() {
    let text = "<LOAD><Transaction><NAME>A</NAME><URL METHOD='Post' InpuType='SEQUENCE'>http://h/?a</URL>\
                <ThinkTime LAW='Exponential'>5</ThinkTime></Transaction><WarmUp>False</WarmUp></LOAD>";
    let draft = input_xml::parse(text, &file()).unwrap_or_else(|e| panic!("{e}"));
    assert!(draft.notes().is_empty());
}

#[test]
fn the_other_spelling_of_inputype_is_noted() {
    let load = "<transaction><name>A</name><url inputtype='parse'>http://h/${0}</url></transaction>";
    let draft = draft(load).unwrap_or_else(|e| panic!("{e}"));
    assert!(
        draft
            .notes()
            .to_string()
            .contains("`inputtype` is read as `inputype`")
    );
    let both = refused("<url inputtype='parse' inputype='parse'>http://h/${0}</url>");
    assert!(both.contains("in two spellings"), "{both}");
}

#[test]
fn an_empty_body_tag_means_none_and_leaves_the_url_whole() {
    let post = transaction("<url method='post'>http://h/?a=b</url><body/>");
    assert_eq!(post.body, None);
    assert_eq!(post.url.shown(), "http://h/?a=b");
    let put = transaction("<url method='put'>http://h/?a=b</url>");
    assert_eq!((put.body, put.url.shown().as_str()), (None, "http://h/?a=b"));
    let bare = transaction("<url method='post'>http://h/</url>");
    assert_eq!(bare.body, None);
    let empty = transaction("<url method='post'>http://h/?</url>");
    let body = empty.body.unwrap_or_else(|| panic!("an empty form"));
    assert_eq!(
        (body.content_type.as_str(), body.text.shown().as_str()),
        (FORM, "")
    );
    let typed = transaction("<url method='post'>http://h/</url><body type='a/b'></body>");
    assert_eq!(typed.body.map(|b| b.text.shown()), Some(String::new()));
}

#[test]
fn the_form_begins_at_the_first_question_mark_outside_of_places() {
    let sequences = "<sequencelist><sequence name='a?b'>1,2</sequence></sequencelist>";
    let post = transaction(&format!(
        "{sequences}<url method='post'>http://h/${{a?b}}?x=${{a?b}}?y</url>"
    ));
    assert_eq!(post.url.shown(), "http://h/${a?b}");
    assert_eq!(post.body.map(|b| b.text.shown()), Some("x=${a?b}?y".into()));
}

#[test]
fn blanks_count_where_they_are_typed_as_such() {
    let body = |text: &str| {
        let tags = format!("<url method='post'>http://h/</url><body type='a/b'>{text}</body>");
        transaction(&tags).body.map(|b| b.text.shown())
    };
    assert_eq!(body(" \n a b \n"), Some("a b".into()));
    assert_eq!(body("&#32;a&#10; "), Some(" a\n".into()));
    assert_eq!(body("\n<![CDATA[ <a> & ${$}{ ]]>\n"), Some(" <a> & ${ ".into()));
    assert_eq!(body("a\r\nb&#13;\r\nc"), Some("a\nb\r\nc".into()));
}

#[test]
fn fragments_are_left_out_with_a_note() {
    assert_eq!(transaction("<url>http://h/a#b?c</url>").url.shown(), "http://h/a");
    assert_eq!(
        transaction("<url method='post'>http://h/a?b#c</url>").url.shown(),
        "http://h/a"
    );
}

#[test]
fn statuses_may_be_ranges() {
    let checks = transaction(&format!(
        "{URL}<expect>200-202, 302,201</expect><expect>404</expect>"
    ))
    .checks;
    assert_eq!(
        checks,
        [Check::Status(vec![200, 201, 202, 302]), Check::Status(vec![404])]
    );
}

#[test]
fn a_place_keeps_its_position_behind_entities() {
    let error = refused("<url>http://h/?a=1&amp;b=2&amp;c=${x}</url>");
    // <Load><transaction><name>A</name><url>http://h/?a=1&amp;b=2&amp;c=
    assert!(error.contains("input.xml:1:67\n"), "{error}");
}

#[test]
fn numbers_stand_for_places_of_the_page_only_in_patterns() {
    let pattern = transaction("<url inputype='parse'>http://h/${0}/${12}</url>");
    assert!(pattern.url.parts.contains(&Part::FromPage(12)));
    let sequence = "<sequencelist><sequence name='0'>a,b</sequence></sequencelist>";
    let named = transaction(&format!("{sequence}<url>http://h/${{0}}</url>"));
    assert!(matches!(named.url.parts[1], Part::Sequence(_)));
}

#[test]
fn several_names_share_their_requirements() {
    let load = "<transaction><name>A</name><url>http://h/</url></transaction>\
                <transaction><name>B</name><url>http://h/</url></transaction>\
                <transaction><name>C</name><url>http://h/</url></transaction>\
                <Profile><usetransactions><name>B</name><name>A</name><requires>C</requires></usetransactions></Profile>";
    let profile = workload(load).unwrap_or_else(|e| panic!("{e}")).profile;
    let uses = profile.unwrap_or_else(|| panic!("a profile")).uses;
    let used: Vec<_> = uses
        .iter()
        .map(|u| (u.transaction, u.requires.as_slice()))
        .collect();
    assert_eq!(used, [(1, &[2][..]), (0, &[2][..])]);
}

#[test]
fn a_block_in_two_places_is_refused() {
    let servers = "<ServerInfo></ServerInfo>";
    let load = "<transaction><name>A</name><url>http://h/</url></transaction>";
    let text = format!("<a><Load>{load}{servers}</Load>{servers}</a>");
    let error = input_xml::parse(&text, &file()).expect_err("refused").to_string();
    assert!(error.contains("beside `<Load>` and in it"), "{error}");
}

fn graph(text: &str) -> Result<cbmg::Graph, Diagnostics> {
    cbmg::parse(text, &FileName::new("cbmg.txt"))
}

#[test]
fn a_graph_may_have_tabs_comments_and_windows_line_ends() {
    let text = "\u{feff}# the walk\r\n\tEntry\tA#1\tExit\r\n\r\nEntry 0 1 0 # always\r\nA#1 0 .5 0.50\r\nExit 0 0 -0\r\n";
    let graph = graph(text).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(graph.states().collect::<Vec<_>>(), ["A#1"]);
}

#[test]
fn rounded_rows_are_scaled_and_wrong_ones_are_not() {
    let third = "0.3333333";
    let row = |rest: &str| {
        format!(
            "Entry A B C Exit\nEntry 0 1 0 0 0\nA 0 {third} {third} {rest} 0\nB 0 0 0 0 1\nC 0 0 0 0 1\nExit 0 0 0 0 0\n"
        )
    };
    assert!(graph(&row(third)).is_ok());
    assert!(graph(&row("0.333")).is_err_and(|e| e.to_string().contains("sums to 0.9996666")));
    assert!(graph(&row("0.3334")).is_err_and(|e| e.to_string().contains("too much")));
}

#[test]
fn a_state_that_is_never_visited_is_only_noted() {
    let text = "Entry A B Exit\nEntry 0 1 0 0\nA 0 0 0 1\nB 0 0 1 0\nExit 0 0 0 0\n";
    let graph = graph(text).unwrap_or_else(|e| panic!("{e}"));
    assert!(graph.notes().to_string().contains("B is never visited"));
}

#[test]
fn sessions_without_end_are_refused() {
    let load = "<transaction><name>A</name><url>http://h/</url></transaction>";
    let almost = "Entry A Exit\nEntry 0 1 0\nA 0 0.99999999999999999 0.00000000000000001\nExit 0 0 0\n";
    let parts = Parts {
        mode: Mode::Capacity,
        draft: draft(load).expect("good"),
        graph: Some(graph(almost).expect("each rule of the manual holds")),
        levels: Vec::new(),
        parameters: Parameters::default(),
        value_files: BTreeMap::new(),
        folder: PathBuf::new(),
    };
    let error = assemble(parts).expect_err("endless").to_string();
    assert!(error.contains("can't be solved"), "{error}");
}

#[test]
fn the_number_after_end_may_be_missing_but_not_differ() {
    let levels = |text: &str| mll::parse(text, &FileName::new("mll.txt"));
    assert_eq!(levels("REPEAT 2\n1 1\nEnd\n").map(|l| l.len()), Ok(2));
    assert_eq!(levels("repeat 2\n1 1\nend 2 # twice\n").map(|l| l.len()), Ok(2));
    assert!(levels("repeat 2\n1 1\nend 3\n").is_err());
    assert!(levels("repeat 0\n1 1\nend 0\n").is_err());
    assert!(levels("repeat 2\nend 2\n").is_err());
    assert!(levels("1 0\n").is_err());
    assert!(levels("-1 5\n").is_err());
    assert!(levels("").is_err());
}
