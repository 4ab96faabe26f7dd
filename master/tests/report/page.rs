//! report.html: complete, small, and safe whatever the names in it are.

use crate::fixture;
use autoperf::report::html::RENDERER;
use autoperf::summary::{CurveRow, HistogramStep, Summary, TimelinePoint};

fn page(summary: &Summary) -> String {
    (RENDERER.render)(summary).unwrap()
}

fn embedded(page: &str) -> serde_json::Value {
    let begin = "<script type=\"application/json\" id=\"data\">";
    let start = page.find(begin).unwrap() + begin.len();
    let end = start + page[start..].find("</script>").unwrap();
    serde_json::from_str(&page[start..end]).unwrap()
}

#[test]
fn it_has_what_was_asked_for() {
    let page = page(&fixture::summary());
    for part in [
        "53 users (51-55) saturate",
        "id=\"chart-throughput\"",
        "id=\"chart-response-time\"",
        "id=\"chart-utilization\"",
        "<noscript>",
        "Can you trust this?",
        "What to do: give it more time",
        "class=\"badge limit\"",
        "<details class=\"level\" id=\"level-3\"",
        "status 500 1, time-out 1",
        "It does not count: it was not steady.",
        "&lt;0.1 %",
        "autoperf capacity",
        "The MIT License (MIT)",
        "Leon Sorokin",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let data = embedded(&page);
    assert_eq!(data["charts"][1]["limit"][1], 500.0);
    assert_eq!(data["charts"][2]["series"][1]["name"], "mariadbd on db1");
    assert_eq!(data["levels"].as_array().unwrap().len(), 4);
}

#[test]
fn transactions_profiled_one_by_one_have_a_bar_each_and_no_curve() {
    let mut summary = fixture::summary();
    for (level, name) in summary.levels.iter_mut().zip(["Home", "Search", "Buy", "Login"]) {
        level.transaction = Some(name.into());
    }
    summary.curve.clear();
    let page = page(&summary);
    assert!(page.contains("Buy: mariadbd") && page.contains("Login: httpd"));
    assert!(!page.contains("id=\"chart-throughput\""));
}

#[test]
fn it_needs_no_network_and_no_inline_handler() {
    let page = page(&fixture::summary());
    let page = page.to_ascii_lowercase();
    for source in [
        "src=\"http",
        "href=\"http",
        "url(http",
        "@import",
        "<link",
        "<img",
        "fetch(",
    ] {
        assert!(!page.contains(source), "{source}");
    }
    for handler in [
        " onclick=",
        " onload=",
        " onerror=",
        " onmouseover=",
        "javascript:",
    ] {
        assert!(!page.contains(handler), "{handler}");
    }
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}\u{2028}";
    let mut summary = fixture::summary();
    summary.run.command.push(hostile.into());
    summary.run.inputs.insert(hostile.into(), hostile.into());
    summary.verdict.sentence = hostile.into();
    for level in &mut summary.levels {
        level.why = hostile.into();
        level.processes[0].process = hostile.into();
        level.processes[0].node = hostile.into();
        level.by_transaction[0].name = hostile.into();
        level.by_transaction[0].errors_by_kind.insert(hostile.into(), 1);
    }
    let page = page(&summary);
    assert_eq!(page.matches("<script").count(), 2);
    assert!(!page.contains("<img"));
    assert!(page.contains("{{ 7*7 }}"), "names are no templates");
    let name = embedded(&page)["charts"][2]["series"][0]["name"].clone();
    assert_eq!(name, format!("{hostile} on {hostile}"));
    let svg = page.matches("<svg").count();
    assert_eq!((svg, page.matches("</svg>").count()), (3, 3));
}

#[test]
fn a_long_run_stays_below_half_a_megabyte() {
    let mut summary = fixture::summary();
    let mut level = summary.levels[1].clone();
    level.by_transaction = (0..12)
        .map(|index| {
            let mut row = level.by_transaction[0].clone();
            row.name = format!("Transaction{index}");
            row
        })
        .collect();
    level.timeline = (0..600)
        .map(|second: u32| TimelinePoint {
            at_s: f64::from(second),
            throughput_per_s: 100.0 + f64::from(second % 7) / 3.0,
            response_time_s: Some(0.1 + f64::from(second % 11) / 97.0),
            measured: second > 20,
        })
        .collect();
    level.processes = (0..6)
        .map(|index| {
            let mut row = level.processes[0].clone();
            row.process = format!("process-{index}");
            row.java = row.java.filter(|_| index == 0);
            row
        })
        .collect();
    level.response_histogram = (0..40)
        .map(|index| HistogramStep {
            from_s: 0.01 * 1.2_f64.powi(index),
            to_s: 0.01 * 1.2_f64.powi(index + 1),
            count: 1_000 + 37 * index.unsigned_abs() as u64,
        })
        .collect();
    summary.levels = (1..=60)
        .map(|users| {
            let mut level = level.clone();
            level.users = users * 10;
            level
        })
        .collect();
    summary.curve = (1..=200)
        .map(|row| CurveRow {
            users: 2 * row,
            ..summary.curve[0]
        })
        .collect();
    let size = page(&summary).len();
    assert!(size < 500_000, "{size} bytes");
}
