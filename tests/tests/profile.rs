//! `-p` and `-m -p`: single transactions, one after the other, each with what it costs every process.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_examples::demo::{LAW, ServiceLaw};
use autoperf_tests::journal;
use autoperf_tests::stage::{Demo, Folder};
use autoperf_tests::summary::schema_errors;
use serde_json::Value;

/// Puts a profile block into the demo's input.xml.
fn with_profile(folder: &Folder, block: &str) {
    let input = folder.read("input.xml");
    let input = input.replace(
        "</autoperf>",
        &format!("<Profile>\n{block}\n</Profile>\n</autoperf>"),
    );
    folder.write("input.xml", &input);
}

fn summary(folder: &Folder) -> Value {
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    assert_eq!(schema_errors(&summary), [""; 0]);
    summary
}

/// Transactions of a name that the journal's windows hold.
fn journalled(folder: &Folder, name: &str) -> u64 {
    let index = LAW.iter().position(|law| law.name == name).unwrap();
    journal::served(folder)[index]
}

/// The demand of every process lies near that of the law for the transaction.
fn assert_demands(folder: &Folder, level: &Value, law: &ServiceLaw, tolerance: f64) {
    if !journal::site_was_alone(folder) {
        return;
    }
    for (process, truth_ms) in [("demo-web", law.web_ms), ("demo-storage", law.storage_ms)] {
        let rows = level["processes"].as_array().unwrap();
        let row = rows.iter().find(|row| row["process"] == process).unwrap();
        let demand_ms = row["service_demand_s"]["value"].as_f64().unwrap() * 1e3;
        let error = demand_ms / truth_ms - 1.0;
        assert!(
            error.abs() < tolerance,
            "{} costs {truth_ms} ms of {process}, not {demand_ms} ms\n{level:#}",
            law.name
        );
    }
}

#[test]
fn each_transaction_is_profiled_until_its_demands_are_known() {
    let folder = Folder::new("profile");
    let demo = Demo::start(&folder).unwrap();
    with_profile(
        &folder,
        "<usetransactions><name>Buy</name><requires>Search</requires></usetransactions>\n\
         <usetransactions><name>Browse</name></usetransactions>\n\
         <numusers>2</numusers><profilethinktime>20</profilethinktime><executioncount></executioncount>",
    );
    let output = folder.run(&["-p", "-fi", "input.xml", "--out", "run", "--seed", "3"]);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    let summary = summary(&folder);
    assert_eq!(
        (summary["mode"].as_str(), summary["verdict"]["code"].as_str()),
        (Some("profile"), Some("profiled"))
    );
    let levels = summary["levels"].as_array().unwrap();
    let named: Vec<&str> = levels
        .iter()
        .map(|level| level["transaction"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["Buy", "Browse"], "in the order of the profile block");
    for (level, law) in levels.iter().zip([&LAW[2], &LAW[0]]) {
        assert_eq!(
            (level["users"].as_u64(), level["ended_by"].as_str()),
            (Some(2), Some("precise"))
        );
        assert_demands(&folder, level, law, 0.1);
        let rows = level["by_transaction"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "what is required is not measured");
        assert_eq!(rows[0]["name"], law.name);
    }
    // Search was required by each of two users once, and once for the first look.
    assert_eq!(demo.served(Some("Search")).unwrap(), 3);
    assert_eq!(journalled(&folder, "Search"), 0);
    let (site, ours) = (
        demo.served(Some("Browse")).unwrap(),
        journalled(&folder, "Browse"),
    );
    assert!(
        ours >= 100 && ours < site && site <= ours + 1 + 200,
        "{ours} of {site}"
    );
    let text = folder.read("run/summary.txt");
    for line in [
        "Transaction Name : Buy",
        "Transaction Name : Browse",
        "Load Level : 2",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(
        stdout.contains("Buy costs") && stdout.contains("of demo-storage"),
        "{stdout}"
    );
}

#[test]
fn an_execution_count_is_carried_out_to_the_last() {
    let folder = Folder::new("profile-count");
    let demo = Demo::start(&folder).unwrap();
    with_profile(
        &folder,
        "<usetransactions><name>Search</name><requires>Browse</requires></usetransactions>\n\
         <numusers>3</numusers><profilethinktime>10</profilethinktime><executioncount>40</executioncount>",
    );
    let output = folder.run(&["profile", "--out", "run", "--seed", "3"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert_eq!(summary(&folder)["levels"][0]["ended_by"], "execution_count");
    assert_eq!(journalled(&folder, "Search"), 3 * 40, "each user, all executions");
    assert_eq!(
        demo.served(Some("Search")).unwrap(),
        3 * 40 + 1,
        "and one for the first look"
    );
    assert_eq!(demo.served(Some("Browse")).unwrap(), 3 + 1, "each user once");
}

#[test]
fn a_schedule_is_run_with_each_transaction() {
    let folder = Folder::new("profile-manual");
    let _demo = Demo::start(&folder).unwrap();
    with_profile(
        &folder,
        "<usetransactions><name>Browse</name></usetransactions>\n<usetransactions><name>Search</name></usetransactions>\n\
         <numusers>9</numusers><profilethinktime>50</profilethinktime><executioncount>7</executioncount>",
    );
    folder.write("mll.txt", "1 2\n4 3\n");
    let output = folder.run(&["-m", "-p", "-fm", "mll.txt", "--out", "run", "--seed", "3"]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stdout}");
    let summary = summary(&folder);
    assert_eq!(summary["mode"], "manual-profile");
    let levels = summary["levels"].as_array().unwrap();
    let rows: Vec<(&str, u64)> = levels
        .iter()
        .map(|level| {
            (
                level["transaction"].as_str().unwrap(),
                level["users"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(rows, [("Browse", 1), ("Browse", 4), ("Search", 1), ("Search", 4)]);
    assert_demands(&folder, &levels[1], &LAW[0], 0.15);
    assert_demands(&folder, &levels[3], &LAW[1], 0.15);
    assert!(stdout.contains("was run with each of 2 transactions"), "{stdout}");
}

#[test]
fn what_is_required_must_be_served() {
    let folder = Folder::new("profile-requires");
    let demo = Demo::start(&folder).unwrap();
    let input = folder
        .read("input.xml")
        .replace("/search?q=${word}", "/status/404?q=${word}");
    folder.write("input.xml", &input);
    with_profile(
        &folder,
        "<usetransactions><name>Buy</name><requires>Search</requires></usetransactions>",
    );
    let output = folder.run(&["profile", "--out", "run"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains("404") && stderr.contains("requires"), "{stderr}");
    assert_eq!(demo.served(Some("Buy")).unwrap(), 0);
    assert!(!folder.path().join("run").exists(), "a run was begun");
}
