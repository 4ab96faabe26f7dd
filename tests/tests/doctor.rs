//! `autoperf doctor` says what this machine can do as a generator, in words and for programs.

use autoperf_tests::stage::Folder;
use serde_json::Value;

#[test]
fn the_machine_is_judged_line_by_line() {
    let folder = Folder::new("doctor");
    let output = folder.run(&["doctor", "--format", "json"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["schema_version"], 1);
    let lines = answer["lines"].as_array().unwrap();
    let failed = lines.iter().any(|line| line["status"] == "fail");
    // How a busy machine comes out is its own matter; that the exit code says the same is ours.
    let expected = if failed { 4 } else { 0 };
    assert_eq!(output.status.code(), Some(expected), "{answer:#}\n{stderr}");
    let names: Vec<&str> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
    for name in [
        "Rate",
        "Lateness",
        "Processors",
        "Open files",
        "Local ports",
        "Clock source",
        "Frequency governor",
    ] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    for line in lines {
        assert!(!line["found"].as_str().unwrap().is_empty());
        assert_eq!(line["advice"].is_null(), line["status"] == "pass", "{line}");
    }
    let facts = &answer["facts"];
    assert!(facts["reach"]["rate_per_s"].as_f64().unwrap() > 0.0, "{facts:#}");
    let lateness = &facts["lateness"];
    let late = |name: &str| lateness[name].as_f64().unwrap();
    assert!(
        late("p50_s") <= late("p99_s") && late("p99_s") <= late("max_s") * 1.13,
        "{lateness}"
    );
    assert!(facts["descriptors"][1].as_u64() >= facts["descriptors"][0].as_u64());
}

#[test]
fn another_form_is_refused() {
    let output = Folder::new("doctor-wrong").run(&["doctor", "--format", "xml"]);
    assert_eq!(output.status.code(), Some(2));
}
