//! The record of every transaction beside a whole run: what back-pressure takes from it is counted at its level and spoils
//! nothing else.

use crate::workloads::{endless, transaction};
use autoperf::agents::ways::Ways;
use autoperf::campaign::Display;
use autoperf::campaign::state::Progress;
use autoperf::journal;
use autoperf::load::EngineConfig;
use autoperf::load::doctor::null_site::NullSite;
use autoperf::record::RecordOptions;
use autoperf::run::{Request, carry_out};
use autoperf::summary::Level;
use autoperf_inputs::Mode;
use autoperf_inputs::workload::ManualLevel;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Silent;

impl Display for Silent {
    fn progress(&mut self, _: &Progress) {}
    fn level(&mut self, _: &Level) {}
    fn note(&mut self, _: &str) {}
}

/// A scheduled run of two users who think 5 ms, two seconds at each of two levels.
fn request(site: &NullSite, directory: &Path, sinks: Vec<PathBuf>, most_waiting: usize) -> Request {
    let mut workload = endless(transaction("Home", &format!("http://{}/", site.address()), 0.005));
    let level = |users| ManualLevel {
        users,
        duration_s: 2.0,
    };
    workload.manual_levels = vec![level(1), level(2)];
    Request {
        workload,
        mode: Mode::ManualCapacity,
        ways: Ways::default(),
        search: autoperf::journal::entry::SearchOptions::default(),
        open: None,
        directory: directory.to_owned(),
        seed: 1,
        engine: EngineConfig::default(),
        record: RecordOptions { sinks, most_waiting },
        command: Vec::new(),
        inputs: std::collections::BTreeMap::default(),
        interrupt: std::sync::Arc::default(),
    }
}

/// Transactions of each level by its windows, and those of them that the record lacks.
fn counts(directory: &Path) -> Vec<(u64, u64)> {
    let log = journal::read(directory).expect("a journal");
    let of_level = |level: &journal::log::LevelLog| {
        let ended = |second: &journal::entry::Second| -> u64 {
            let transactions = second.transactions.iter();
            transactions
                .map(|one| one.served + one.failures.values().sum::<u64>())
                .sum()
        };
        let missing =
            |second: &journal::entry::Second| second.generator.as_ref().map_or(0, |part| part.unrecorded);
        let seconds = || level.seconds.iter();
        (seconds().map(ended).sum(), seconds().map(missing).sum())
    };
    log.levels.iter().map(of_level).collect()
}

/// Rows of each of two levels.
fn rows(directory: &Path) -> [u64; 2] {
    let text = std::fs::read_to_string(directory.join("transactions.csv")).expect("a record");
    let of_level = |level: &str| {
        text.lines()
            .filter(|row| row.split(',').nth(1) == Some(level))
            .count()
    };
    [of_level("1") as u64, of_level("2") as u64]
}

#[test]
fn a_stuck_record_is_marked_level_by_level_and_spoils_no_figure() {
    let site = NullSite::start(100).expect("a socket");
    let folder = std::env::temp_dir().join(format!("autoperf-engine-record-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let pipe = folder.join("stuck.jsonl");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    // Room for one window or two: what comes later is missing.
    let request = request(&site, &folder.join("run"), vec![pipe, "csv".into()], 60);
    let directory = request.directory.clone();
    let finished = carry_out(request, &mut Silent).expect("the run goes on");
    assert_eq!(finished.summary.verdict.code, "as_scheduled");
    let counted = counts(&directory);
    assert_eq!(counted.len(), 2);
    let levels = &finished.summary.levels;
    for (level, (ended, missing)) in levels.iter().zip(&counted) {
        assert!(*ended > 0 && missing <= ended, "{missing} of {ended}");
        assert_eq!(level.generator.unrecorded, *missing);
        assert_eq!(level.generator.failures, 0);
    }
    let sum = |of: fn(&(u64, u64)) -> u64| counted.iter().map(of).sum::<u64>();
    assert!(sum(|level| level.0) <= sum(|level| level.1) + 60, "{counted:?}");
    assert!(
        counted[1].1 > 0,
        "the pipe was full before the second level ended: {counted:?}"
    );
    let audits = &finished.summary.audits;
    let found = audits
        .iter()
        .find(|audit| audit.name == "The record of every transaction is whole");
    let audit = found.expect("a record was asked for");
    assert_eq!(audit.status, "warn");
    assert!(
        audit.detail.contains("the level with 2 users is not whole") && audit.detail.contains("stuck.jsonl"),
        "{audit:?}"
    );
    // Each file tells apart what it has from what it lacks, and together that is everything.
    let [stuck, sound] = &finished.summary.records[..] else {
        panic!("{:?}", finished.summary.records);
    };
    assert_eq!(stuck.written, 0);
    assert!(stuck.failure.is_some() && sound.failure.is_none());
    let in_rows = rows(&directory).iter().sum::<u64>();
    assert!(
        in_rows <= sound.written && in_rows + sound.missing >= sum(|level| level.0),
        "{sound:?}"
    );
    assert!(stuck.missing >= sum(|level| level.0), "{stuck:?}");
    let _ = std::fs::remove_dir_all(&folder);
}

/// Without back-pressure each level's rows are exactly the transactions of its windows.
#[test]
fn a_whole_record_has_what_the_figures_are_made_of() {
    let site = NullSite::start(100).expect("a socket");
    let folder = std::env::temp_dir().join(format!("autoperf-engine-whole-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let request = request(&site, &folder, vec!["csv".into()], 100_000);
    let finished = carry_out(request, &mut Silent).expect("the run goes on");
    let counted = counts(&folder);
    assert_eq!(counted.iter().map(|(_, missing)| *missing).sum::<u64>(), 0);
    assert_eq!(rows(&folder), [counted[0].0, counted[1].0]);
    let [file] = &finished.summary.records[..] else {
        panic!("{:?}", finished.summary.records);
    };
    assert_eq!((file.missing, &file.failure), (0, &None));
    let _ = std::fs::remove_dir_all(&folder);
}
