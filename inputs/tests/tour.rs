//! The kinds of URL that the manual's excerpts leave out, and our own tags.

use autoperf_inputs::workload::*;
use autoperf_inputs::{FORM, FolderRequest, Inspection, Mode, Severity, inspect_folder};
use autoperf_models::distribution::Distribution;
use std::path::PathBuf;

fn inspect(mode: Mode) -> Inspection {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/good/tour");
    inspect_folder(&FolderRequest {
        input_xml: folder,
        cbmg: None,
        manual: None,
        properties: None,
        mode,
        allow_outside: false,
    })
}

fn tour() -> Workload {
    let inspection = inspect(Mode::Everything);
    match inspection.workload {
        Some(workload) => workload,
        None => panic!("{}", inspection.diagnostics),
    }
}

fn transaction(name: &str) -> Transaction {
    let found = tour().transactions.into_iter().find(|t| t.name == name);
    found.unwrap_or_else(|| panic!("no transaction {name}"))
}

fn source<'a>(template: &'a Template, name: &str) -> &'a Source {
    let source = template.parts.iter().find_map(|part| match part {
        Part::Sequence(source) if source.name == name => Some(source),
        _ => None,
    });
    source.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn columns_of_a_file_are_separated_by_tabs_and_found_beside_input_xml() {
    let login = transaction("Login");
    assert_eq!(login.method, Method::Post);
    assert_eq!(
        login.url.parts,
        [Part::Literal("http://127.0.0.1:8080/login.php".into())]
    );
    let body = login.body.unwrap_or_else(|| panic!("a form"));
    assert_eq!(body.content_type, FORM);
    let users = source(&body.text, "data/users.txt#0");
    let passwords = source(&body.text, "data/users.txt#1");
    assert_eq!(*users.values, ["ann", "bob", "cem"]);
    assert_eq!(*passwords.values, ["se cret", "pw&2", ""]);
    assert_eq!(users.file(), Some("data/users.txt"));
    assert!(users.unique && passwords.unique);
}

#[test]
fn only_ranges_and_files_are_taken_uniquely() {
    let item = transaction("Item");
    let id = source(&item.url, "id");
    assert!(id.unique);
    assert_eq!(id.values.len(), 250);
    assert_eq!((id.values[0].as_str(), id.values[249].as_str()), ("001", "250"));
    let colour = source(&item.url, "colour");
    assert!(!colour.unique);
    assert_eq!(*colour.values, ["red", "green", "blue"]);
    let notes = inspect(Mode::Capacity).diagnostics;
    let told = notes
        .iter()
        .any(|n| n.severity == Severity::Note && n.message.contains("no effect on colour, phrase"));
    assert!(told, "{notes}");
}

#[test]
fn values_with_commas_and_outer_blanks_have_their_own_tag() {
    let item = transaction("Item");
    let (name, value) = &item.headers[1];
    assert_eq!(name, "X-Phrase");
    assert_eq!(*source(value, "phrase").values, ["one, two", " three"]);
}

#[test]
fn a_parse_url_is_a_pattern_for_the_last_page() {
    let follow = transaction("Follow");
    assert!(follow.from_last_page);
    assert_eq!(
        follow.url.parts,
        [
            Part::Literal("http://127.0.0.1:8080/item/".into()),
            Part::FromPage(0),
            Part::Literal("?next=".into()),
            Part::FromPage(1),
        ]
    );
}

#[test]
fn times_at_the_load_level_are_defaults() {
    let login = transaction("Login");
    assert_eq!(login.timeout_s, Some(10.0));
    assert_eq!(login.think_time_s, Distribution::Exponential { mean: 2.0 });
    let follow = transaction("Follow");
    assert_eq!(follow.timeout_s, None, "-1 goes before the default");
    let law = Distribution::Uniform { low: 0.1, high: 0.9 };
    assert_eq!(follow.think_time_s, law);
    let order = transaction("Order");
    let law = Distribution::Lognormal { mean: 3.0, cv: 1.5 };
    assert_eq!(order.think_time_s, law);
    let cancel = transaction("Cancel");
    let law = Distribution::Erlang { stages: 4, mean: 1.0 };
    assert_eq!(cancel.think_time_s, law);
}

#[test]
fn an_explicit_body_leaves_the_url_whole() {
    let order = transaction("Order");
    assert_eq!(
        order.url.parts,
        [Part::Literal("http://127.0.0.1:8080/api/order?test=1".into())]
    );
    let body = order.body.unwrap_or_else(|| panic!("a body"));
    assert_eq!(body.content_type, "application/json");
    let parts = body.text.parts;
    assert_eq!(parts[1], Part::Extracted("token".into()));
    assert_eq!(parts[3], Part::Extracted("price".into()));
    assert_eq!(
        parts[4],
        Part::Literal(r#", "dollar": "${x}"}"#.into()),
        "${{$}} is a dollar sign"
    );
    let cancel = transaction("Cancel");
    assert_eq!((cancel.method, cancel.body), (Method::Delete, None));
}

#[test]
fn checks_and_extractions_are_kept_in_order() {
    let login = transaction("Login");
    assert!(login.follow_redirects && login.resources);
    assert_eq!(
        login.checks,
        [
            Check::Status(vec![200, 302]),
            Check::Lacks("Invalid login".into())
        ]
    );
    let regex = r#"name="token" value="([^"]+)""#;
    assert_eq!(login.extractions[0].from, Extractor::Regex(regex.into()));
    assert_eq!(login.extractions[1].from, Extractor::Header("X-Session".into()));
    let item = transaction("Item");
    assert_eq!(item.checks, [Check::Matches(r"<h1>Item \d+".into())]);
    let css = Extractor::Css("span.price@data-cents".into());
    assert_eq!(item.extractions[0].from, css);
    let order = transaction("Order");
    let path = Extractor::JsonPath("$.order.id".into());
    assert_eq!(order.extractions[0].from, path);
}

#[test]
fn servers_and_profile_say_what_they_said() {
    let workload = tour();
    assert_eq!(
        workload.nodes,
        [
            NodeInfo {
                node: "::1".into(),
                process: "java".into(),
                port: 22221,
                java: true,
                cores: Some(0.5),
            },
            NodeInfo {
                node: "db1.example".into(),
                process: "mysqld|mariadbd".into(),
                port: 22221,
                java: false,
                cores: None,
            },
        ]
    );
    let profile = workload.profile.unwrap_or_else(|| panic!("a profile"));
    assert_eq!((profile.users, profile.think_time_s), (4, 0.25));
    assert_eq!(profile.execution_count, Some(200));
    assert_eq!(profile.uses[0].requires, [0, 1]);
    assert!(!workload.warm_up);
    assert_eq!(workload.start_load, Some(3));
}

#[test]
fn states_may_stand_in_any_order() {
    let navigation = tour().navigation.unwrap_or_else(|| panic!("a graph"));
    assert_eq!(navigation.states, [3, 0, 1, 2, 4]);
    assert_eq!(navigation.entry, [0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(navigation.rows[0], [0.0, 0.0, 0.0, 0.0, 0.5]);
    assert_eq!(navigation.rows[2], [0.3, 0.0, 0.1, 0.4, 0.0]);
}

#[test]
fn repeats_may_be_nested() {
    let levels = tour().manual_levels;
    let users: Vec<u32> = levels.iter().map(|l| l.users).collect();
    assert_eq!(users, [1, 2, 0, 3, 0, 3, 0, 3, 2, 0, 3, 0, 3, 0, 3, 5]);
    assert_eq!(levels[0].duration_s, 2.5);
    assert_eq!(levels[3].duration_s, 0.5);
}

#[test]
fn the_single_file_says_the_same_as_the_four() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/good/tour");
    let single = inspect_folder(&FolderRequest {
        input_xml: folder.join("workload.toml"),
        cbmg: None,
        manual: None,
        properties: None,
        mode: Mode::Everything,
        allow_outside: false,
    });
    let Some(single) = single.workload else {
        panic!("{}", single.diagnostics);
    };
    assert_eq!(single, tour());
}
