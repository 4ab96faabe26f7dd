//! The main promise: one command finds the capacity of a site of known law, and everything it says is on disk.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_examples::demo::{Tier, truth};
use autoperf_tests::stage::{Demo, Folder};
use serde_json::Value;

/// Short levels, so that the test stays within a minute or two; the demo's own defaults are more precise.
const QUICK: [&str; 8] = [
    "--response-precision",
    "20%",
    "--throughput-precision",
    "5%",
    "--max-level-time",
    "20s",
    "--max-duration",
    "150s",
];

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// No run of this tool may say anything that its published schema does not.
fn assert_valid(summary: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../../docs/summary.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(summary)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn the_demo_sites_law_is_found() {
    let folder = Folder::new("capacity");
    let _demo = Demo::start(&folder).unwrap();
    let mut arguments = vec![
        "-c",
        "-fi",
        "input.xml",
        "-fc",
        "cbmg.txt",
        "--out",
        "run",
        "--seed",
        "11",
    ];
    arguments.extend(QUICK);
    let output = folder.run(&arguments);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap_or_default();
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert_valid(&summary);

    // CPU time is compared with CPU time, so this holds on a busy machine too.
    let levels = summary["levels"].as_array().unwrap();
    for tier in Tier::ALL {
        let rows = levels
            .iter()
            .flat_map(|level| level["processes"].as_array().unwrap());
        let rows =
            rows.filter(|row| row["process"] == tier.process_name() && !row["service_demand_s"].is_null());
        let demand = rows
            .max_by_key(|row| row["service_demand_s"]["samples"].as_u64())
            .unwrap();
        let error = number(&demand["service_demand_s"]["value"]) / truth().demand_s(tier) - 1.0;
        assert!(
            error.abs() < 0.05,
            "{}: demand is off by {:.1} %",
            tier.process_name(),
            error * 100.0
        );
    }

    // The tiers pace themselves below half a core, so that a busy machine does not slow them; it can only be slower.
    let plateau =
        number(&summary["capacity"]["max_throughput_per_s"]["value"]) / truth().max_throughput_per_s;
    assert!(
        (0.85..1.05).contains(&plateau),
        "plateau is {:.1} % of the truth",
        plateau * 100.0
    );
    assert_eq!(
        summary["capacity"]["bottleneck"]["process"], "demo-web",
        "{stdout}"
    );
    assert!(levels.len() >= 4, "a curve needs levels");
    assert!(
        summary["curve"].as_array().unwrap().len() >= 10,
        "a curve needs rows"
    );

    for file in [
        "journal",
        "summary.txt",
        "throughput-vs-users.svg",
        "response-time-vs-users.svg",
        "report.html",
    ] {
        assert!(
            folder
                .path()
                .join("run")
                .join(file)
                .metadata()
                .is_ok_and(|meta| meta.len() > 500),
            "{file}"
        );
    }
    assert!(
        stdout.contains("run/report.html") && stdout.contains("demo-web"),
        "{stdout}"
    );
    let text = folder.read("run/summary.txt");
    for label in [
        "Load Level : ",
        "Total number of urls fired on the server : ",
        "Service Demand : ",
        "Cpu Utilization : ",
    ] {
        assert!(text.contains(label), "{label} is missing in\n{text}");
    }
    reports_come_from_the_journal_alone(&folder);
}

fn reports_come_from_the_journal_alone(folder: &Folder) {
    let names = [
        "summary.json",
        "summary.txt",
        "throughput-vs-users.svg",
        "report.html",
    ];
    let before = names.map(|name| folder.read(&format!("run/{name}")));
    names
        .iter()
        .for_each(|name| std::fs::remove_file(folder.path().join("run").join(name)).unwrap());
    assert_eq!(folder.run(&["report", "run"]).status.code(), Some(0));
    let after = names.map(|name| folder.read(&format!("run/{name}")));
    assert!(before == after, "the same journal must give the same reports");
}
