//! `--rate`: transactions begin by the clock, whatever the site makes of them, and the verdict says whether it kept up.

use autoperf_examples::demo::truth;
use autoperf_tests::journal;
use autoperf_tests::stage::{Demo, Folder};
use autoperf_tests::summary::schema_errors;
use serde_json::Value;

fn run(folder: &Folder, rate: f64, more: &[&str]) -> (Option<i32>, String, Value) {
    let rate = rate.to_string();
    let mut arguments = vec!["capacity", "--rate", &rate, "--out", "run", "--seed", "7"];
    arguments.extend(more);
    let output = folder.run(&arguments);
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap_or_default();
    assert_eq!(schema_errors(&summary), [""; 0], "{told}");
    assert_eq!(summary["mode"], "open", "{told}");
    (output.status.code(), told, summary)
}

#[test]
fn a_rate_below_the_limit_is_held_and_every_arrival_is_on_record() {
    let folder = Folder::new("open-held");
    let demo = Demo::start(&folder).unwrap();
    let rate = 0.3 * truth().max_throughput_per_s;
    let before = demo.served(None).unwrap();
    let (code, told, summary) = run(&folder, rate, &["--arrivals", "constant", "--duration", "6s"]);
    // On a machine that is too busy the right answer is that the generator was late.
    match summary["verdict"]["code"].as_str() {
        Some("rate_held") => assert_eq!(code, Some(0), "{told}"),
        Some("generator_limited") => assert_eq!(code, Some(4), "{told}"),
        other => panic!("{other:?}\n{told}"),
    }
    let level = &summary["levels"][0];
    let open = &level["open"];
    assert_eq!(
        (&level["ended_by"], &open["arrivals"]),
        (&"duration".into(), &"constant".into())
    );
    assert_eq!(open["unstarted"], 0, "{told}");
    // What has begun is served in the end; the look at the site and what was under way at both ends lie between.
    let ours = journal::served(&folder).iter().sum::<u64>();
    let site = demo.served(None).unwrap() - before;
    let users_most = open["users_most"].as_u64().unwrap();
    assert!(
        ours > 0 && ours <= site && site <= ours + users_most + rate.ceil() as u64 + 2,
        "{ours} of {site}, {users_most}"
    );
    // A response cannot be longer from its actual start than from the intended one.
    let seconds = |path: &Value| path.as_f64().unwrap();
    let (intended, started) = (&level["response_time_s"], &open["response_from_start_s"]);
    assert!(seconds(&started["mean"]) <= seconds(&intended["mean"]["value"]) + 1e-6);
    assert!(seconds(&started["p99"]) <= seconds(&intended["p99"]) + 1e-6);
    let text = folder.read("run/summary.txt");
    assert!(
        text.contains("Arrivals : ") && text.contains("Response Time from the actual start : "),
        "{text}"
    );
    assert!(folder.read("run/report.html").contains("constant arrivals"));
    assert!(
        level["processes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| !row["service_demand_s"].is_null())
    );
    let before = folder.read("run/summary.json");
    assert_eq!(folder.run(&["report", "run"]).status.code(), Some(0));
    assert_eq!(
        before,
        folder.read("run/summary.json"),
        "the journal alone gives the same answer"
    );
}

#[test]
fn a_rate_beyond_the_limit_is_not_held_and_what_could_not_begin_is_said() {
    let folder = Folder::new("open-not-held");
    let _demo = Demo::start(&folder).unwrap();
    let rate = 3.0 * truth().max_throughput_per_s;
    let (code, told, summary) = run(&folder, rate, &["--duration", "6s", "--max-users", "20"]);
    let open = &summary["levels"][0]["open"];
    assert_eq!(
        (&open["users_limit"], &open["users_most"]),
        (&20.into(), &20.into()),
        "{told}"
    );
    let unstarted = open["unstarted"].as_u64().unwrap();
    assert!(unstarted > 0, "{told}");
    match summary["verdict"]["code"].as_str() {
        Some("rate_not_held") => assert_eq!(code, Some(3), "{told}"),
        Some("generator_limited") => assert_eq!(code, Some(4), "{told}"),
        other => panic!("{other:?}\n{told}"),
    }
    let said = format!("{unstarted} arrivals found all 20 users busy");
    assert!(told.contains(&said), "{told}");
}

#[test]
fn without_a_duration_the_stop_rule_ends_the_run() {
    let folder = Folder::new("open-rule");
    let _demo = Demo::start(&folder).unwrap();
    let rate = 0.4 * truth().max_throughput_per_s;
    let (_, told, summary) = run(
        &folder,
        rate,
        &[
            "--throughput-precision",
            "20%",
            "--response-precision",
            "50%",
            "--max-level-time",
            "20s",
        ],
    );
    let ended_by = summary["levels"][0]["ended_by"].as_str().unwrap();
    assert!(matches!(ended_by, "precise" | "time_limit"), "{told}");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let folder = Folder::new("open-wrong");
    for (arguments, said) in [
        (&["--rate", "0"][..], "transactions a second"),
        (&["--rate", "ten"], "transactions a second"),
        (&["--rate", "5", "--manual"], "cannot be used with"),
        (&["--rate", "5", "--slo", "p95=1s"], "cannot be used with"),
        (&["--rate", "5", "--arrivals", "uniform"], "poisson"),
        (&["--arrivals", "constant"], "--rate"),
        (&["--duration", "5s"], "--rate"),
        (&["--rate", "5", "--duration", "5"], "no unit"),
    ] {
        let mut all = vec!["capacity"];
        all.extend(arguments);
        let output = folder.run(&all);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(said), "{arguments:?}: {told}");
    }
}
