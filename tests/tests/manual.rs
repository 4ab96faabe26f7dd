//! `-m -c`: users follow the schedule in time; every row is a level with its figures.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_examples::demo::{Tier, truth};
use autoperf_tests::journal;
use autoperf_tests::stage::{Demo, Folder};
use autoperf_tests::summary::schema_errors;
use serde_json::Value;

#[test]
fn a_schedule_is_followed_and_every_row_is_a_level() {
    let folder = Folder::new("manual");
    let demo = Demo::start(&folder).unwrap();
    folder.write("mll.txt", "2 2\nrepeat 2\n6 2.5\n0 0.5\nend 2\n3 2\n");
    let output = folder.run(&["-m", "-c", "-fi", "input.xml", "--out", "run", "--seed", "5"]);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stdout}\n{stderr}");
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    assert_eq!(schema_errors(&summary), [""; 0]);
    assert_eq!(summary["mode"], "manual-capacity");
    let saturated = summary["verdict"]["code"] == "generator_limited";
    assert!(
        saturated || summary["verdict"]["code"] == "as_scheduled",
        "{stdout}"
    );
    assert!(
        stdout.contains("The schedule of 6 levels (0 to 6 users, 10 s) was run"),
        "{stdout}"
    );

    let levels = summary["levels"].as_array().unwrap();
    let rows: Vec<(u64, &str)> = levels
        .iter()
        .map(|level| {
            (
                level["users"].as_u64().unwrap(),
                level["ended_by"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(rows, [2, 6, 0, 6, 0, 3].map(|users| (users, "schedule")));
    let windows = journal::windows(&folder);
    assert_eq!(
        windows,
        [20, 25, 5, 25, 5, 20],
        "each row lasts as long as it says, by the engine's clock"
    );

    what_the_site_served_is_in_the_levels(&folder, &demo);
    if journal::site_was_alone(&folder) {
        demands_are_those_of_the_law(levels);
    }
    assert!(
        !summary["curve"].as_array().unwrap().is_empty(),
        "a curve over the distinct levels"
    );
    assert!(folder.read("run/summary.txt").contains("Load Level : 6"));
    assert_eq!(folder.run(&["report", "run"]).status.code(), Some(0));
}

/// But for the first look, and for what was on its way when all users left.
fn what_the_site_served_is_in_the_levels(folder: &Folder, demo: &Demo) {
    let (site, ours) = (
        demo.served(None).unwrap(),
        journal::served(folder).iter().sum::<u64>(),
    );
    assert!(
        ours > 60 && ours < site && site <= ours + 1 + 6 + 6 + 3,
        "{ours} of {site}"
    );
}

fn demands_are_those_of_the_law(levels: &[Value]) {
    let busiest = levels
        .iter()
        .max_by_key(|level| level["transactions"].as_u64())
        .unwrap();
    for tier in Tier::ALL {
        let rows = busiest["processes"].as_array().unwrap();
        let row = rows.iter().find(|row| row["process"] == tier.process_name());
        let demand_s = row.unwrap()["service_demand_s"]["value"].as_f64().unwrap();
        let error = demand_s / truth().demand_s(tier) - 1.0;
        // Some thirty transactions of a mix: their share of each kind varies.
        assert!(
            error.abs() < 0.4,
            "{}: {demand_s} s\n{busiest:#}",
            tier.process_name()
        );
    }
}

#[test]
fn failures_are_said_and_the_schedule_goes_on() {
    let folder = Folder::new("manual-failing");
    let demo = Demo::start(&folder).unwrap();
    let input = folder
        .read("input.xml")
        .replace("/search?q=${word}", "/status/404?q=${word}");
    folder.write("input.xml", &input);
    folder.write("levels.txt", "3 2\n");
    let output = folder.run(&[
        "capacity",
        "--manual",
        "levels.txt",
        "--out",
        "run",
        "--seed",
        "5",
    ]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{stdout}");
    assert!(stdout.contains("of the transactions failed"), "{stdout}");
    drop(demo);
}

#[test]
fn a_schedule_without_its_file_is_a_usage_error() {
    let folder = Folder::new("manual-missing");
    folder.write(
        "cbmg.txt",
        "Entry Home Exit\nEntry 0 1 0\nHome 0 0.5 0.5\nExit 0 0 0\n",
    );
    folder.write(
        "input.xml",
        "<autoperf><Load><transaction><name>Home</name><url>http://127.0.0.1:1/</url></transaction></Load></autoperf>",
    );
    for arguments in [
        &["-m", "-c"][..],
        &["capacity", "--manual"],
        &["capacity", "--manual", "mine.txt"],
    ] {
        let output = folder.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        let named = if arguments.len() == 3 {
            "mine.txt"
        } else {
            "mll.txt"
        };
        assert!(stderr.contains(named), "{stderr}");
    }
}
