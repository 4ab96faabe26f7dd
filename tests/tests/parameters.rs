//! config.properties has its effect on a capacity analysis.

use autoperf_tests::stage::{Demo, Folder};
use serde_json::Value;

#[test]
fn autoperfs_level_plan_follows_the_file() {
    let folder = Folder::new("parameters");
    let _demo = Demo::start(&folder).unwrap();
    folder.write(
        "config.properties",
        "max_seq_var_count=2\ninfinity=2\nthroughput_window_size=4\ninter_throughput_measurement_execution_count=9\n\
         percentage_time_outs_allowed=7\npercentage_error_allowed_in_throughput_observed=20\n",
    );
    let output = folder.run(&[
        "capacity",
        "--strategy",
        "autoperf",
        "--out",
        "run",
        "--seed",
        "2",
        "--response-precision",
        "50%",
        "--max-level-time",
        "15s",
    ]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stdout}\n{stderr}");
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    let mut users: Vec<u64> = summary["levels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|level| level["users"].as_u64().unwrap())
        .collect();
    // On a machine that is too busy the generator may be the limit: such a level is repeated once, then the search ends.
    users.dedup();
    let limited = summary["verdict"]["code"] == "generator_limited";
    assert!(
        users == [1, 2] || limited && users.iter().all(|users| *users <= 2),
        "one by one, and never beyond infinity: {users:?}"
    );
    let begins: Vec<Value> = autoperf_tests::journal::entries(&folder)
        .into_iter()
        .filter(|entry| entry["type"] == "level_begin")
        .collect();
    for begin in &begins {
        assert_eq!(begin["precision"]["max_timeout_share"], 0.07);
        assert_eq!(begin["precision"]["throughput"], 0.2);
        let users = begin["users"].as_u64().unwrap_or_default();
        assert_eq!(begin["precision"]["min_completions"], 4 * 9 * users);
    }
}

#[test]
fn the_start_load_is_the_first_level() {
    let folder = Folder::new("start-load");
    let _demo = Demo::start(&folder).unwrap();
    let input = folder.read("input.xml").replace(
        "<warmup>true</warmup>",
        "<warmup>true</warmup><startload>3</startload>",
    );
    folder.write("input.xml", &input);
    for strategy in ["model-guided", "autoperf", "ladder"] {
        let output = folder.run(&[
            "capacity",
            "--strategy",
            strategy,
            "--out",
            strategy,
            "--seed",
            "2",
            "--max-users",
            "3",
            "--max-level-time",
            "3s",
            "--max-duration",
            "3s",
        ]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 4)), "{stderr}");
        let journal = folder.read(&format!("{strategy}/journal"));
        let entries = journal
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut levels = entries.filter(|entry| entry["type"] == "level_begin");
        assert_eq!(
            levels.next().map(|level| level["users"].clone()),
            Some(3.into()),
            "{strategy}"
        );
    }
}
