//! The manual's own excerpts (sections 4.1 to 4.4) mean what the manual says.

use autoperf_inputs::workload::{ManualLevel, Method, Part};
use autoperf_inputs::{
    FORM, FileName, FolderRequest, Mode, Workload, input_xml, inspect_folder, mll, read_folder,
};
use autoperf_models::distribution::Distribution;
use std::path::PathBuf;

fn request(name: &str, mode: Mode) -> FolderRequest {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/good");
    FolderRequest {
        input_xml: folder.join(name).join("input.xml"),
        cbmg: None,
        manual: None,
        properties: None,
        mode,
        allow_outside: false,
    }
}

fn read(name: &str, mode: Mode) -> Workload {
    read_folder(&request(name, mode)).unwrap_or_else(|e| panic!("{e}"))
}

/// The literal text of a template with its places as `{name}`.
fn shape(template: &autoperf_inputs::workload::Template) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Sequence(source) => format!("{{{}}}", source.name),
        Part::Extracted(name) => format!("{{extracted {name}}}"),
        Part::FromPage(n) => format!("{{page {n}}}"),
    };
    template.parts.iter().map(part).collect()
}

#[test]
fn several_sequences_fill_one_url() {
    let day = &read("manual", Mode::Capacity).transactions[0];
    assert_eq!(day.name, "ViewEntryByDay");
    assert_eq!(day.method, Method::Get);
    assert_eq!(
        shape(&day.url),
        "http://10.129.41.154/webcal/day.php?date=201{y2}{month}{d1}{d2}"
    );
    let Part::Sequence(month) = &day.url.parts[2] else {
        panic!("month is a sequence");
    };
    assert_eq!(month.values.len(), 12);
    assert_eq!(month.values[0], "01");
    assert!(!month.unique);
}

#[test]
fn a_range_includes_both_bounds() {
    let week = &read("manual", Mode::Capacity).transactions[1];
    let Part::Sequence(y1) = &week.url.parts[1] else {
        panic!("y1 is a sequence");
    };
    let digits: Vec<String> = (0..=9).map(|d| d.to_string()).collect();
    assert_eq!(*y1.values, digits);
}

#[test]
fn ampersands_are_written_as_entities() {
    let month = &read("manual", Mode::Capacity).transactions[2];
    assert_eq!(shape(&month.url), "http://a?b=c&d=e");
    assert_eq!(month.body, None);
}

#[test]
fn post_sends_what_stands_after_the_question_mark() {
    let login = &read("manual", Mode::Capacity).transactions[3];
    assert_eq!(login.method, Method::Post);
    assert_eq!(shape(&login.url), "http://a");
    let body = login.body.as_ref().expect("a form");
    assert_eq!(body.content_type, FORM);
    assert_eq!(shape(&body.text), "b=c");
}

#[test]
fn times_are_milliseconds_and_minus_one_is_no_timeout() {
    let workload = read("manual", Mode::Capacity);
    let [day, week, month, _] = workload.transactions.as_slice() else {
        panic!("four transactions");
    };
    assert_eq!(day.timeout_s, None);
    assert_eq!(week.timeout_s, None);
    assert_eq!(month.timeout_s, Some(5.0));
    assert_eq!(day.think_time_s, Distribution::Constant(0.0));
    assert_eq!(week.think_time_s, Distribution::Constant(1.0));
    assert_eq!(month.think_time_s, Distribution::Constant(0.5));
}

#[test]
fn the_sample_graph_is_read_by_name() {
    let workload = read("manual", Mode::Capacity);
    assert_eq!(workload.start_load, Some(2));
    assert!(workload.warm_up);
    let navigation = workload.navigation.expect("capacity needs one");
    assert_eq!(navigation.states, [0, 1, 2]);
    assert_eq!(navigation.entry, [0.0, 1.0, 0.0]);
    assert_eq!(navigation.rows[0], [0.4, 0.2, 0.1]);
    assert_eq!(navigation.rows[2], [0.3, 0.4, 0.3]);
}

#[test]
fn nodes_are_read_whatever_the_case_of_their_tags() {
    let nodes = read("manual", Mode::Profile).nodes;
    assert_eq!(nodes.len(), 2);
    assert_eq!(nodes[0].process, "apache2");
    assert_eq!(nodes[1].process, "mysqld");
    assert_eq!((nodes[0].port, nodes[1].port), (22221, 22222));
    assert!(nodes.iter().all(|n| !n.java && n.node == "10.129.41.154"));
}

#[test]
fn empty_profile_tags_mean_their_defaults() {
    let workload = read("manual", Mode::Profile);
    assert_eq!(workload.navigation, None, "profiling ignores the CBMG");
    let profile = workload.profile.expect("a profile block");
    assert_eq!(profile.users, 1);
    assert_eq!(profile.think_time_s, 0.0);
    assert_eq!(profile.execution_count, None);
    assert_eq!(profile.uses[0].transaction, 1);
    assert_eq!(profile.uses[0].requires, [3]);
    assert_eq!(profile.uses[1].transaction, 2);
    assert!(profile.uses[1].requires.is_empty());
}

#[test]
fn a_repeat_block_is_repeated() {
    let levels = read("manual", Mode::ManualCapacity).manual_levels;
    let level = |users, duration_s| ManualLevel { users, duration_s };
    assert_eq!(levels.len(), 1 + 6 * 2 + 1);
    assert_eq!(levels[0], level(4, 10.0));
    assert_eq!(levels[1], level(3, 14.0));
    assert_eq!(levels[12], level(6, 10.0));
    assert_eq!(levels[13], level(9, 10.0));
    assert!(read("manual", Mode::Capacity).manual_levels.is_empty());
}

#[test]
fn every_file_that_was_read_is_told() {
    let inspection = inspect_folder(&request("manual", Mode::ManualCapacity));
    let names: Vec<_> = inspection
        .files
        .iter()
        .filter_map(|f| f.file_name()?.to_str())
        .collect();
    assert_eq!(names, ["config.properties", "input.xml", "cbmg.txt", "mll.txt"]);
    assert!(!inspection.diagnostics.has_errors());
}

/// Visits, length and its deviation of the manual's graph, worked out by hand from V = e (I - T)^-1.
#[test]
fn the_sample_graph_amounts_to_what_the_algebra_says() {
    let mut workload = read("manual", Mode::Capacity);
    workload.transactions[0].think_time_s = Distribution::Exponential { mean: 3.0 };
    let description = workload.describe();
    let close = |found: Option<f64>, expected: f64| {
        let found = found.unwrap_or(f64::NAN);
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    };
    let shares = [1.0 / 3.0, 13.0 / 30.0, 7.0 / 30.0, 0.0];
    let visits = [100.0 / 43.0, 130.0 / 43.0, 70.0 / 43.0, 0.0];
    for (i, transaction) in description.transactions.iter().enumerate() {
        close(transaction.share, shares[i]);
        close(transaction.visits_per_session, visits[i]);
    }
    let session = description.session;
    close(session.map(|s| s.length), 300.0 / 43.0);
    close(session.map(|s| s.length_sd), 6.003_124);
    // Think times 3, 1 and 0.5 s.
    close(session.map(|s| s.think_time_s), 1.0 + 13.0 / 30.0 + 7.0 / 60.0);
    assert_eq!(description.targets, ["10.129.41.154", "a"]);
    assert_eq!(
        description.transactions[1].request,
        "GET http://10.129.41.154/webcal/year.php?year=20${y1}${y2}"
    );
    assert_eq!(description.manual, None);
    let manual = read("manual", Mode::ManualProfile).describe();
    assert_eq!(manual.manual, Some((10.0 + 6.0 * 24.0 + 10.0, 9)));
    assert_eq!(manual.session, None);
}

#[test]
fn what_is_left_out_has_the_manuals_defaults() {
    let workload = read("least", Mode::Capacity);
    let transaction = &workload.transactions[0];
    assert_eq!(transaction.method, Method::Get);
    assert_eq!(transaction.timeout_s, None);
    assert_eq!(transaction.think_time_s, Distribution::Constant(0.0));
    assert!(!transaction.follow_redirects && !transaction.resources);
    assert!(workload.warm_up);
    assert_eq!(workload.start_load, None);
    assert!(workload.nodes.is_empty());
    assert_eq!(workload.profile, None);
    assert!(workload.parameters.values.is_empty());
}

#[test]
fn load_levels_and_seconds_are_two_columns() {
    let text = "3    100\n5    150\n4    50\n3    120\n";
    let levels = mll::parse(text, &FileName::new("mll.txt")).unwrap_or_else(|e| panic!("{e}"));
    let pairs: Vec<_> = levels.iter().map(|l| (l.users, l.duration_s)).collect();
    assert_eq!(pairs, [(3, 100.0), (5, 150.0), (4, 50.0), (3, 120.0)]);
}

/// The manual shows blocks and never says what stands around them.
#[test]
fn the_blocks_need_no_tag_around_them() {
    let load = "<Load><transaction><name>A</name><url>http://h/</url></transaction></Load>";
    let servers =
        "<ServerInfo><NodeInfo><Node>h</Node><Process>p</Process><Port>1</Port></NodeInfo></ServerInfo>";
    let inside = load.replace("</Load>", &format!("{servers}</Load>"));
    for text in [
        format!("{load}{servers}"),
        format!("<anything version='2'>{load}{servers}</anything>"),
        inside,
    ] {
        let draft = input_xml::parse(&text, &FileName::new("input.xml")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(draft.nodes().len(), 1, "{text}");
    }
}
