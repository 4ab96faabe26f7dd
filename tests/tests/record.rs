//! `--record`: every transaction is written down, as the files ask for, and a file that cannot take it holds nobody up.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::journal;
use autoperf_tests::stage::{Demo, Folder};
use autoperf_tests::summary::schema_errors;
use serde_json::Value;
use std::os::unix::fs::symlink;

/// Transactions of each level, by the journal's windows.
fn journalled(folder: &Folder) -> Vec<usize> {
    let mut levels: Vec<usize> = Vec::new();
    for entry in journal::entries(folder) {
        match (entry["type"].as_str(), levels.last_mut()) {
            (Some("level_begin"), _) => levels.push(0),
            (Some("second"), Some(last)) => {
                let bins = entry["bins"].as_array().unwrap().iter();
                let ended = |bin: &Value| (2..5).filter_map(|place| bin[place].as_u64()).sum::<u64>();
                *last += bins
                    .map(|bin| usize::try_from(ended(bin)).unwrap())
                    .sum::<usize>();
            }
            _ => {}
        }
    }
    levels
}

#[test]
fn every_transaction_stands_in_every_file_that_takes_it() {
    let folder = Folder::new("record");
    let _demo = Demo::start(&folder).unwrap();
    folder.write("mll.txt", "3 3\n5 3\n");
    // A file is asked for where a person would: in the project's own settings.
    folder.write(
        "autoperf.toml",
        "record = [\"csv\", \"all.jsonl\", \"full.csv\"]\n",
    );
    symlink("/dev/full", folder.path().join("full.csv")).unwrap();
    let output = folder.run(&["capacity", "--manual", "mll.txt", "--out", "run"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stderr}");
    assert!(
        stderr.contains("full.csv is given up after 0 transactions: No space left on device"),
        "{stderr}"
    );
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    assert_eq!(schema_errors(&summary), [""; 0]);
    let records = summary["records"].as_array().unwrap();
    let written: Vec<u64> = records
        .iter()
        .map(|record| record["written"].as_u64().unwrap())
        .collect();
    assert_eq!((written[0], written[2]), (written[1], 0), "{records:?}");
    let csv = folder.read("run/transactions.csv");
    let jsonl = folder.read("all.jsonl");
    let rows: Vec<Value> = jsonl
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((csv.lines().count() - 1) as u64, written[0]);
    assert_eq!(rows.len() as u64, written[0]);
    let of_level = |level: u64| rows.iter().filter(|row| row["level"] == level).count();
    assert_eq!(journalled(&folder), [of_level(1), of_level(2)]);
    assert!(rows.iter().all(|row| row["run"] == "run"), "{}", rows[0]);
    // Phases follow each other.
    for row in rows.iter().filter(|row| row["outcome"] == "ok") {
        let at = |name: &str| row[name].as_f64();
        let order = [
            "start_unix_s",
            "send_start_unix_s",
            "send_end_unix_s",
            "first_byte_unix_s",
            "last_byte_unix_s",
            "end_unix_s",
        ];
        let instants: Vec<f64> = order.iter().filter_map(|name| at(name)).collect();
        assert!(instants.len() == order.len() && instants.is_sorted(), "{row}");
    }
    // The same run again would write over what is there.
    let again = folder.run(&["capacity", "--manual", "mll.txt", "--out", "again"]);
    let stderr = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("all.jsonl: the file is there already"),
        "{stderr}"
    );
    assert_eq!(folder.read("all.jsonl"), jsonl);
}

#[test]
fn a_form_that_does_not_exist_is_an_error_of_usage() {
    let folder = Folder::new("record-form");
    let output = folder.run(&["capacity", "http://127.0.0.1:9/", "--record", "all.parquet"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("expected csv or jsonl, or a file that ends in .csv or .jsonl"),
        "{stderr}"
    );
}
