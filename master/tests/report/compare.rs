//! Comparisons: the figures, the judgement, the exit code.

use crate::{fixture, golden};
use autoperf::compare::write::FORMS;
use autoperf::compare::{Change, Comparison, Side, compare};
use autoperf::summary::Summary;
use std::path::Path;
use std::process::Command;

fn between(baseline: &Summary, candidate: &Summary, fail_on: Option<f64>) -> Comparison {
    let side = |place, summary| Side { place, summary };
    compare(side("before", baseline), side("after", candidate), fail_on)
}

fn change(comparison: &Comparison, name: &str) -> Change {
    let mut figures = comparison.figures.iter();
    figures.find(|figure| figure.name == name).unwrap().change
}

#[test]
fn every_form_is_as_it_was() {
    let mut slower = fixture::slower();
    slower.run.generator_host = "load2, Linux 6.1, 4 cores".into();
    let comparison = between(&fixture::summary(), &slower, Some(0.05));
    for name in ["text", "markdown", "json"] {
        let form = FORMS.iter().find(|form| form.name == name).unwrap();
        golden::check(&format!("compare.{name}"), &(form.write)(&comparison).unwrap());
    }
}

#[test]
fn the_curves_of_both_lie_over_each_other() {
    let comparison = between(&fixture::summary(), &fixture::slower(), None);
    assert!(
        comparison.charts.len() >= 4,
        "throughput, response time and a chart for each process"
    );
    for chart in &comparison.charts {
        let names: Vec<_> = chart.series.iter().map(|series| series.name.as_str()).collect();
        assert!(
            names.len() == 2 && names[0].starts_with("baseline: ") && names[1].starts_with("candidate: "),
            "{}: {names:?}",
            chart.id
        );
        assert!(
            chart.series.iter().all(|series| !series.points.is_empty()),
            "{}",
            chart.id
        );
    }
    let made = |name: &str| {
        let form = FORMS.iter().find(|form| form.name == name).unwrap();
        (form.write)(&comparison).unwrap()
    };
    for name in ["throughput-svg", "response-time-svg"] {
        let picture = made(name);
        assert!(
            picture.starts_with("<svg") && picture.contains("candidate: "),
            "{name}"
        );
    }
    let page = made("html");
    assert!(page.len() < 500_000, "{} bytes", page.len());
    for part in [
        "significantly worse",
        "<svg",
        "service demand of mariadbd on db1",
        "class=\"fail\"",
        "default-src 'none'",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    for address in ["src=", "href=", "<script", "NaN"] {
        assert!(!page.contains(address), "{address} is in the page");
    }
}

#[test]
fn runs_of_single_transactions_have_no_curves() {
    let mut profile = fixture::summary();
    profile.levels[0].transaction = Some("Order".into());
    let comparison = between(&profile, &profile, None);
    assert!(comparison.charts.is_empty());
    for form in FORMS {
        assert_eq!(
            (form.write)(&comparison).is_err(),
            form.name.ends_with("-svg"),
            "{}",
            form.name
        );
    }
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let comparison = between(&fixture::summary(), &fixture::summary(), Some(0.001));
    assert!(comparison.figures.len() >= 7);
    assert!(
        comparison
            .figures
            .iter()
            .all(|figure| figure.change == Change::NotSignificant && figure.p_value > 0.99)
    );
    assert!(
        comparison.regressions.is_empty() && comparison.cautions.len() == 2,
        "{:?}",
        comparison.cautions
    );
}

#[test]
fn what_got_dearer_is_named_and_what_did_not_is_not() {
    let comparison = between(&fixture::summary(), &fixture::slower(), Some(0.05));
    assert_eq!(change(&comparison, "maximum throughput"), Change::Worse);
    assert_eq!(
        change(&comparison, "service demand of mariadbd on db1"),
        Change::Worse
    );
    assert_eq!(
        change(&comparison, "service demand of httpd on db1"),
        Change::NotSignificant
    );
    assert!(
        comparison
            .regressions
            .contains(&"mean response time at 52 users".to_owned())
    );
    let back = between(&fixture::slower(), &fixture::summary(), Some(0.05));
    assert_eq!(change(&back, "maximum throughput"), Change::Better);
    assert!(back.regressions.is_empty());
}

#[test]
fn a_threshold_beyond_the_change_is_no_regression() {
    let mut dearer = fixture::summary();
    dearer.capacity.max_throughput_per_s = Some(fixture::interval(112.0, 2.0));
    let name = "maximum throughput".to_owned();
    assert!(
        between(&fixture::summary(), &dearer, Some(0.05))
            .regressions
            .contains(&name)
    );
    assert!(
        !between(&fixture::summary(), &dearer, Some(0.2))
            .regressions
            .contains(&name)
    );
}

#[test]
fn bounds_are_not_compared_as_if_they_were_answers() {
    let mut broken_off = fixture::slower();
    broken_off.verdict.code = "at_least".into();
    let comparison = between(&fixture::summary(), &broken_off, Some(0.05));
    assert!(
        comparison
            .figures
            .iter()
            .all(|figure| figure.name != "maximum throughput")
    );
    assert!(
        comparison
            .cautions
            .iter()
            .any(|caution| caution.contains("(at_least)"))
    );
}

fn written(folder: &Path, name: &str, summary: &Summary) -> String {
    let path = folder.join(name);
    std::fs::write(&path, serde_json::to_string(summary).unwrap()).unwrap();
    path.display().to_string()
}

#[test]
fn the_command_tells_a_regression_by_its_exit_code() {
    let folder = std::env::temp_dir().join(format!("autoperf-compare-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let before = written(&folder, "before.json", &fixture::summary());
    let after = written(&folder, "after.json", &fixture::slower());
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_autoperf"))
            .arg("compare")
            .args(arguments)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&[&before, &after]).0, Some(0));
    assert_eq!(run(&[&before, &after, "--fail-on", "5%"]).0, Some(3));
    assert_eq!(run(&[&after, &before, "--fail-on", "5%"]).0, Some(0));
    assert_eq!(run(&[&before, "nowhere", "--fail-on", "5%"]).0, Some(2));
    let (code, text) = run(&[&before, &after, "--format", "json", "--fail-on", "5%"]);
    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (code, parsed["figures"][0]["change"].as_str()),
        (Some(3), Some("worse"))
    );
    std::fs::remove_dir_all(folder).unwrap();
}
