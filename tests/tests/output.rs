//! What a run tells is what the manual's section 7 lists, and its figures add up; time limits have their effect.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::{Demo, Folder};
use serde_json::Value;

const GRAPH: &str = "Entry Browse Patient Hasty Exit\n\
    Entry   0 0.4 0.3 0.3 0\n\
    Browse  0 0.4 0.3 0.2 0.1\n\
    Patient 0 0.4 0.3 0.2 0.1\n\
    Hasty   0 0.4 0.3 0.2 0.1\n\
    Exit    0 0 0 0 0\n";

/// The demo's workload with two transactions that take long, one of which is given no time for it; no warm-up.
fn prepare(folder: &Folder, port: u16) {
    let slow = |name: &str, ms: u32, timeout: &str| {
        format!(
            "<transaction><name>{name}</name><url>http://127.0.0.1:{port}/slow?ms={ms}</url>\
             <timeout>{timeout}</timeout><thinktime>20</thinktime></transaction>\n"
        )
    };
    let more = slow("Patient", 150, "-1") + &slow("Hasty", 1_000, "100");
    let input = folder
        .read("input.xml")
        .replace("<warmup>true", &format!("{more}<warmup>false"));
    folder.write("input.xml", &input);
    folder.write("cbmg.txt", GRAPH);
    folder.write("mll.txt", "4 4\n");
}

/// The number after a label in summary.txt.
fn figure(text: &str, label: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(label));
    let value = line.and_then(|line| line.split(" : ").nth(1)).unwrap_or_default();
    let number = value.split(' ').next().unwrap_or_default();
    number.parse().unwrap_or_else(|_| panic!("{label} in\n{text}"))
}

#[test]
fn the_summary_is_the_manuals_and_adds_up() {
    let folder = Folder::new("output");
    let demo = Demo::start(&folder).unwrap();
    prepare(&folder, demo.site.web_port());
    let output = folder.run(&["-m", "-c", "--out", "run", "--seed", "12"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stderr}");
    let text = folder.read("run/summary.txt");
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    let level = &summary["levels"][0];
    time_limits_have_their_effect(&level["by_transaction"]);

    assert!(text.contains("Transaction Name : Probabilistic Session Generation\nLoad Level : 4\n"));
    let duration_s = figure(&text, "Duration of load generation") / 1e3;
    let fired = figure(&text, "Total number of urls fired on the server");
    let timed_out = figure(&text, "Number of urls that timed out");
    assert_eq!(figure(&text, "Number of urls that failed"), 0.0, "{text}");
    assert!((duration_s - 4.0).abs() < 0.11, "{duration_s}");
    let throughput = figure(&text, "Throughput");
    let by_the_manual = (fired - timed_out) / duration_s;
    assert!(
        timed_out > 0.0 && (throughput / by_the_manual - 1.0).abs() < 0.02,
        "{throughput} is not ({fired} - {timed_out}) / {duration_s}\n{text}"
    );
    assert!(figure(&text, "Response Time") > 0.0);
    for (label, least) in [
        ("Service Demand", 1e-3),
        ("Cpu Utilization", 1e-4),
        ("Virtual Memory Usage", 100.0),
        ("Number of error-free network packets read", 1.0),
        ("Number of error-free network packets written", 1.0),
    ] {
        assert!(figure(&text, label) >= least, "{label} in\n{text}");
    }
    for label in [
        "Node : 127.0.0.1\nProcess : demo-web\n",
        "Node : 127.0.0.1\nProcess : demo-storage\n",
        "Number of disk blocks read : ",
        "Number of disk blocks written : ",
        "[requests/sec]",
        "[milli sec per transaction]",
    ] {
        assert!(text.contains(label), "{label} is missing in\n{text}");
    }
    users_walked_the_graph(&summary);
}

fn time_limits_have_their_effect(rows: &Value) {
    let row = |name: &str| {
        rows.as_array()
            .unwrap()
            .iter()
            .find(|row| row["name"] == name)
            .unwrap()
    };
    let (patient, hasty) = (row("Patient"), row("Hasty"));
    assert_eq!(patient["timeouts"], 0, "-1 is no time limit: {patient}");
    let mean_s = patient["response_time_s"]["mean"].as_f64().unwrap();
    assert!(mean_s >= 0.15, "{mean_s}");
    assert!(hasty["timeouts"].as_u64().unwrap() > 0, "{hasty}");
    assert_eq!(
        hasty["timeouts"], hasty["count"],
        "none is answered within its limit: {hasty}"
    );
}

/// Every move of the users is counted and compared with the CBMG.
fn users_walked_the_graph(summary: &Value) {
    let audits = summary["audits"].as_array().unwrap();
    let audit = audits
        .iter()
        .find(|audit| audit["name"] == "The users walked the graph");
    assert_ne!(audit.unwrap()["status"], "fail", "{audit:?}");
}
