//! Every law of think times from the file to the engine: what users wait is what the law says.

use crate::workloads::{config, records};
use autoperf::load::doctor::null_site::NullSite;
use autoperf::load::{Engine, Script};
use autoperf_inputs::{FolderRequest, Mode, inspect_folder};
use autoperf_models::record::Record;

/// As typed, with the mean and the variance in seconds that follow from it.
const LAWS: [(&str, &str, f64, f64); 7] = [
    ("constant", "0.05", 0.05, 0.0),
    (
        "uniform",
        "{ law = \"uniform\", low_s = 0.02, high_s = 0.08 }",
        0.05,
        0.0003,
    ),
    (
        "exponential",
        "{ law = \"exponential\", mean_s = 0.05 }",
        0.05,
        0.0025,
    ),
    (
        "erlang",
        "{ law = \"erlang\", mean_s = 0.05, stages = 4 }",
        0.05,
        0.000_625,
    ),
    (
        "hyperexponential",
        "{ law = \"hyperexponential\", mean_s = 0.05, cv = 1.5 }",
        0.05,
        0.005_625,
    ),
    (
        "lognormal",
        "{ law = \"lognormal\", mean_s = 0.05, cv = 0.8 }",
        0.05,
        0.0016,
    ),
    (
        "empirical",
        "{ law = \"empirical\", values_s = [0.01, 0.03, 0.11] }",
        0.05,
        0.005_6 / 3.0,
    ),
];

const USERS: u32 = 140;
/// Think times looked at of every user: always the same ones, so that the figures depend on the seed alone.
const EACH: usize = 50;

/// Each session keeps to one law, drawn at its begin.
fn workload_toml(url: &str) -> String {
    let names = LAWS.map(|law| law.0);
    let entry: Vec<String> = names.map(|name| format!("{name} = {}", 1.0 / 7.0)).into();
    let rows: String = names
        .iter()
        .map(|name| format!("    {{ from = \"{name}\", to = {{ {name} = 0.9, Exit = 0.1 }} }},\n"))
        .collect();
    let transactions: String = LAWS
        .iter()
        .map(|(name, typed, ..)| {
            format!("[[transactions]]\nname = \"{name}\"\nurl = \"{url}\"\nthink_time_s = {typed}\n")
        })
        .collect();
    format!(
        "navigation = [\n    {{ from = \"Entry\", to = {{ {} }} }},\n{rows}]\n{transactions}",
        entry.join(", ")
    )
}

/// Think times of a user before transactions of that law.
fn waited_s(records: &[Record], law: usize) -> impl Iterator<Item = f64> {
    let pairs = records.windows(2).take(EACH);
    pairs
        .filter(move |pair| usize::from(pair[1].transaction) == law)
        .map(|pair| (pair[1].scheduled_ns - pair[0].end_ns) as f64 * 1e-9)
}

#[test]
fn users_wait_by_the_law_that_was_typed() {
    let site = NullSite::start(100).expect("a socket");
    let folder = std::env::temp_dir().join(format!("autoperf-think-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("workload.toml");
    std::fs::write(&file, workload_toml(&format!("http://{}/", site.address()))).expect("a file");
    let inspection = inspect_folder(&FolderRequest {
        input_xml: file,
        cbmg: None,
        manual: None,
        properties: None,
        mode: Mode::Capacity,
        allow_outside: false,
    });
    let _ = std::fs::remove_dir_all(&folder);
    let told = inspection.diagnostics.to_string();
    let workload = inspection.workload.unwrap_or_else(|| panic!("{told}"));

    let engine = Engine::start(&workload, Script::Navigation, config()).expect("valid");
    engine.set_users(USERS);
    let mut all: Vec<Vec<Record>> = vec![Vec::new(); USERS as usize];
    while all.iter().any(|one| one.len() <= EACH) {
        for record in records(&engine, 1) {
            all[record.user as usize].push(record);
        }
    }
    for (law, (name, _, mean_s, variance_s2)) in LAWS.iter().enumerate() {
        let waited: Vec<f64> = all.iter().flat_map(|one| waited_s(one, law)).collect();
        let count = waited.len() as f64;
        assert!(count >= 500.0, "{name}: {count} think times");
        let mean = waited.iter().sum::<f64>() / count;
        let variance = waited.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / count;
        // Four standard errors; the same think times every time, by the seed.
        let error = 4.0 * (variance_s2 / count).sqrt() + 1e-6;
        assert!(
            (mean - mean_s).abs() < error,
            "{name}: mean {mean} s of {mean_s} s, n = {count}"
        );
        let spread = 0.3 * variance_s2 + 1e-9;
        assert!(
            (variance - variance_s2).abs() < spread,
            "{name}: variance {variance} s^2 of {variance_s2} s^2, n = {count}"
        );
    }
}
