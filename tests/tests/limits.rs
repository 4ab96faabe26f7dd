//! A generator that lacks descriptors: said before the run, marked at the level, tried with fewer users, and no answer.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::{Demo, Folder, autoperf};
use autoperf_tests::summary::schema_errors;
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// Descriptors of the generator, of which it needs some for itself.
const DESCRIPTORS: u32 = 60;

/// Runs the command with so few descriptors, and without the right to have more.
fn run(folder: &Folder, arguments: &[&str]) -> Output {
    let unprivileged = Command::new("setpriv")
        .args(["--bounding-set", "-sys_resource", "true"])
        .stderr(Stdio::null())
        .status();
    let mut command = match unprivileged.is_ok_and(|status| status.success()) {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--bounding-set", "-sys_resource", "sh"]);
            command
        }
        // Whoever may not give up the right has not got it.
        false => Command::new("sh"),
    };
    command
        .args(["-c", &format!("ulimit -n {DESCRIPTORS}; exec \"$@\""), "sh"])
        .arg(autoperf())
        .args(arguments)
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command.output().unwrap()
}

/// A ladder of rough and short levels.
const LADDER: &str = "capacity --strategy ladder --max-users 400 --throughput-precision 50% --response-precision 90% \
                      --max-level-time 6s --max-duration 60s --out run --seed 3";

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_search_that_runs_out_of_descriptors_ends_with_at_least() {
    let folder = Folder::new("limits");
    let _demo = Demo::start(&folder).unwrap();
    // Some four of five users have a connection at a time: 90 of them cannot all have one, half of them can.
    let input = folder.read("input.xml");
    folder.write(
        "input.xml",
        &input.replace("<warmup>", "<startload>90</startload><warmup>"),
    );
    let output = run(&folder, &LADDER.split(' ').collect::<Vec<_>>());
    let said = told(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(
        said.contains("note: ") && said.contains("descriptors"),
        "said before any load: {said}"
    );
    let summary: Value = serde_json::from_str(&folder.read("run/summary.json")).unwrap();
    assert_eq!(schema_errors(&summary), [""; 0]);
    assert_eq!(summary["verdict"]["code"], "generator_limited", "{said}");
    let levels = summary["levels"].as_array().unwrap();
    let users: Vec<u64> = levels
        .iter()
        .map(|level| level["users"].as_u64().unwrap())
        .collect();
    assert_eq!(users, [90, 45], "fewer users once, then the end: {said}");
    the_levels_tell_why(levels, &said);
    // A machine that is too busy may spoil the second level too, for another reason.
    let expected = match levels[1]["generator"]["saturated"] == true {
        true => "nothing is known of the site",
        false => "at least 45 users",
    };
    let sentence = summary["verdict"]["sentence"].as_str().unwrap();
    assert!(sentence.contains(expected), "{said}");
    the_answer_rests_on_what_counts(&summary, &said);
}

/// The first level lacked descriptors and says so; every level knows the limit.
fn the_levels_tell_why(levels: &[Value], said: &str) {
    let generator = &levels[0]["generator"];
    assert!(generator["failures"].as_u64().unwrap() > 0, "{generator:#}");
    assert_eq!(
        (&generator["saturated"], &levels[0]["counts"]),
        (&true.into(), &false.into())
    );
    let because = generator["saturated_because"].as_str().unwrap();
    assert!(because.contains("found no descriptor"), "{because}");
    assert!(
        levels
            .iter()
            .all(|level| level["generator"]["descriptor_limit"] == DESCRIPTORS),
        "{levels:#?} {said}"
    );
}

/// Neither the curve nor the audit passes over the generator's trouble.
fn the_answer_rests_on_what_counts(summary: &Value, said: &str) {
    let levels = summary["levels"].as_array().unwrap();
    let counted = levels.iter().filter(|level| level["counts"] == true);
    let highest = counted.filter_map(|level| level["users"].as_u64()).max();
    let highest = highest.unwrap_or(0);
    let curve = summary["curve"].as_array().unwrap();
    assert!(
        curve.iter().all(|row| row["users"].as_u64().unwrap() <= highest),
        "{highest} {said}"
    );
    let audits = summary["audits"].as_array().unwrap();
    let audit = audits
        .iter()
        .find(|audit| audit["name"] == "The generator was not the limit");
    assert_eq!(audit.unwrap()["status"], "fail");
}
