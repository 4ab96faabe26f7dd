//! The main promise: one command finds the capacity of a site of known law, and everything it says is on disk.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_examples::demo::{Tier, truth};
use autoperf_tests::journal;
use autoperf_tests::stage::{Demo, Folder};
use autoperf_tests::summary::complaints;
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

/// How often the analysis is tried on a machine that is too busy.
const ATTEMPTS: u32 = 3;

/// No run of this tool may say anything that its published schema does not.
fn assert_keeps_to_the_schema(summary: &Value) {
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
    for attempt in 1..=ATTEMPTS {
        let output = folder.run(
            &[
                "-c",
                "-fi",
                "input.xml",
                "-fc",
                "cbmg.txt",
                "--out",
                "run",
                "--seed",
                "11",
            ]
            .iter()
            .chain(&QUICK)
            .copied()
            .collect::<Vec<_>>(),
        );
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap_or_default();
        assert_keeps_to_the_schema(&summary);
        everything_is_on_disk(&folder);
        assert!(told.contains("run/report.html"), "{told}");
        reports_come_from_the_journal_alone(&folder);
        match output.status.code() {
            Some(0) => return the_answer_is_right(&folder, &summary),
            // On a machine that is too busy the right answer is a doubt with its reason. It may be calmer a little later.
            Some(4) => {
                assert!(folder.read("run/summary.json").contains("\"fail\""), "{told}");
                // A doubt is no excuse for wrong demands, where levels enough were run to know them.
                if summary["levels"].as_array().unwrap().len() >= 3 && journal::site_was_alone(&folder) {
                    the_demands_are_right(&summary);
                }
            }
            other => panic!(
                "exit code {other:?}\n{told}\n{}",
                String::from_utf8_lossy(&output.stderr)
            ),
        }
        eprintln!("attempt {attempt} of {ATTEMPTS}: this machine is too busy for an answer: {told}");
        std::fs::remove_dir_all(folder.path().join("run")).unwrap();
    }
}

fn the_answer_is_right(folder: &Folder, summary: &Value) {
    let complaints = complaints(summary, &Tier::ALL.map(|tier| tier.process_name().to_owned()));
    assert!(complaints.is_empty(), "{complaints:?}");
    // On a machine that is too busy for its generator, two levels may be all.
    assert!(
        summary["levels"].as_array().unwrap().len() >= 3 || summary["verdict"]["code"] == "generator_limited",
        "a curve needs levels"
    );
    the_plateau_is_right(summary);
    if journal::site_was_alone(folder) {
        the_demands_are_right(summary);
    }
}

/// CPU time is compared with CPU time, so this holds on a busy machine too.
fn the_demands_are_right(summary: &Value) {
    let levels = summary["levels"].as_array().unwrap();
    for tier in Tier::ALL {
        let name = tier.process_name();
        let rows = levels
            .iter()
            .flat_map(|level| level["processes"].as_array().unwrap());
        let rows = rows.filter(|row| row["process"] == name && !row["service_demand_s"].is_null());
        let demand = rows
            .max_by_key(|row| row["service_demand_s"]["samples"].as_u64())
            .unwrap();
        let error = number(&demand["service_demand_s"]["value"]) / truth().demand_s(tier) - 1.0;
        assert!(
            error.abs() < 0.05,
            "{name}: demand is off by {:.1} %",
            error * 100.0
        );
    }
}

/// The tiers pace themselves below half a core, so that a busy machine does not slow them much; it can only be slower. What
/// is found at this precision is good to its interval, which must not lie above the truth.
fn the_plateau_is_right(summary: &Value) {
    let capacity = &summary["capacity"];
    let share = |part: &str| number(&capacity["max_throughput_per_s"][part]) / truth().max_throughput_per_s;
    let (value, low) = (share("value"), share("low"));
    assert!(
        value > 0.85 && low < 1.05,
        "plateau is {value:.3}, its lower end {low:.3} of the truth"
    );
    assert_eq!(capacity["bottleneck"]["process"], "demo-web", "{capacity}");
    assert!(
        summary["curve"].as_array().unwrap().len() >= 10,
        "a curve needs rows"
    );
}

fn everything_is_on_disk(folder: &Folder) {
    let run = folder.path().join("run");
    for file in [
        "journal",
        "summary.txt",
        "throughput-vs-users.svg",
        "response-time-vs-users.svg",
        "report.html",
    ] {
        assert!(
            run.join(file).metadata().is_ok_and(|meta| meta.len() > 500),
            "{file}"
        );
    }
    let text = folder.read("run/summary.txt");
    let labels = [
        "Load Level : ",
        "Total number of urls fired on the server : ",
        "Service Demand : ",
        "Cpu Utilization : ",
    ];
    for label in labels {
        assert!(text.contains(label), "{label} is missing in\n{text}");
    }
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
