//! What happens when local ports run out: in a network name space of its own, where there are only a hundred.

use crate::workloads::{config, endless, records, transaction, window_with};
use autoperf::agents::ways::Ways;
use autoperf::campaign::Display;
use autoperf::campaign::state::Progress;
use autoperf::cli::capacity::standard_search;
use autoperf::cli::exit::Exit;
use autoperf::journal::entry::SearchOptions;
use autoperf::load::doctor::null_site::NullSite;
use autoperf::load::{Engine, EngineConfig, Saturation, Script, Window, generator_saturated};
use autoperf::record::RecordOptions;
use autoperf::run::{Request, carry_out};
use autoperf::summary::Level;
use autoperf_inputs::Mode;
use autoperf_models::record::Outcome;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::Duration;

/// Set within the name space.
const APART: &str = "AUTOPERF_TEST_APART";
/// An address of that name space that is not a loopback one (RFC 5737).
const ADDRESS: [u8; 4] = [192, 0, 2, 1];
/// What makes the name space as this needs it, before it runs its arguments.
const PREPARE: &str = "ip link set lo up && ip address add 192.0.2.1/32 dev lo && \
                       echo 40000 40099 > /proc/sys/net/ipv4/ip_local_port_range && exec \"$@\"";

/// Runs a program in a name space made so.
fn within(way: &[&str], program: &str, arguments: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new("unshare");
    command
        .args(way)
        .args(["sh", "-c", PREPARE, "sh", program])
        .args(arguments);
    command.env(APART, "yes").output()
}

/// Whether this is the name space with few ports. Outside, the test of that name is run in one, where that is permitted: as root,
/// or in a user name space.
fn is_apart(test: &str) -> bool {
    if std::env::var_os(APART).is_some() {
        return true;
    }
    let ways: [&[&str]; 2] = [&["--net"], &["--user", "--map-root-user", "--net"]];
    let works = |way: &[&str]| within(way, "true", &[]).is_ok_and(|output| output.status.success());
    let Some(way) = ways.into_iter().find(|way| works(way)) else {
        eprintln!("skipped: no network name space can be made here (unshare --net, ip)");
        return false;
    };
    let own = std::env::current_exe().expect("this program");
    let name = format!("ports::{test}");
    let own = own.to_str().expect("a path in UTF-8");
    let output = within(way, own, &["--exact", &name, "--nocapture"]).expect("it ran a moment ago");
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    false
}

/// An engine whose users each keep a connection and think 50 ms.
fn engine(address: SocketAddr) -> Engine {
    let workload = endless(transaction("t", &format!("http://{address}/"), 0.05));
    Engine::start(&workload, Script::Navigation, config()).expect("valid")
}

/// Windows of so much time with that many users.
fn windows(engine: &Engine, users: u32, count: usize) -> Vec<Window> {
    let mut all = vec![window_with(engine, |window| window.users == users)];
    while all.len() < count {
        all.extend(engine.next_window(Duration::from_millis(200)));
    }
    all
}

/// Addresses from which connections lead to that port, as the kernel tells them.
fn sources(port: u16) -> BTreeSet<String> {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the kernel tells");
    let lines = table
        .lines()
        .skip(1)
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let remote = format!(":{port:04X}");
    // Local and remote address, then the state; 01 is an established connection.
    lines
        .filter(|words| words[2].ends_with(&remote) && words[3] == "01")
        .filter_map(|words| Some(words[1].split_once(':')?.0.to_owned()))
        .collect()
}

#[test]
fn loopback_has_further_source_addresses() {
    if !is_apart("loopback_has_further_source_addresses") {
        return;
    }
    let site = NullSite::start(100).expect("a socket");
    let engine = engine(site.address());
    engine.set_users(250);
    window_with(&engine, |window| window.generator.connections == 250);
    let seen = windows(&engine, 250, 5);
    assert!(seen.iter().all(|window| window.generator.ports_exhausted == 0));
    assert!(seen.iter().all(|window| window.generator.local_ports == 100));
    assert!(records(&engine, 500).iter().all(|record| record.outcome.is_ok()));
    let found = sources(site.address().port());
    assert!(found.len() >= 3, "250 connections of at most 100 each: {found:?}");
}

#[test]
fn elsewhere_the_generator_says_that_it_was_the_limit() {
    if !is_apart("elsewhere_the_generator_says_that_it_was_the_limit") {
        return;
    }
    let site = NullSite::start_at(SocketAddr::from((ADDRESS, 0)), 100).expect("a socket");
    let engine = engine(site.address());
    let warned = engine.room().shortfall(250, 1);
    assert!(warned.is_some_and(|text| text.contains("only 100 local ports")));
    engine.set_users(250);
    let seen = windows(&engine, 250, 10);
    let exhausted: u64 = seen.iter().map(|window| window.generator.ports_exhausted).sum();
    assert!(exhausted > 0, "{seen:?}");
    let judged = generator_saturated(&seen);
    assert!(
        matches!(judged, Some(Saturation::Failures { ports, resources: 0, .. }) if ports > 0),
        "{judged:?}"
    );
    // Those who have a connection are served, the others are nobody's fault but the generator's.
    let done = records(&engine, 1_000);
    let outcomes = |wanted: Outcome| done.iter().filter(|record| record.outcome == wanted).count();
    assert!(outcomes(Outcome::Ok) > 0 && outcomes(Outcome::Generator) > 0);
    assert_eq!(outcomes(Outcome::Ok) + outcomes(Outcome::Generator), done.len());
    let connections = seen.iter().map(|window| window.generator.connections).max();
    assert!(connections.is_some_and(|most| most <= 100), "{connections:?}");
}

struct Noting(Vec<String>);

impl Display for Noting {
    fn progress(&mut self, _: &Progress) {}
    fn level(&mut self, _: &Level) {}
    fn note(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

#[test]
fn a_capacity_that_ports_cut_off_is_none() {
    if !is_apart("a_capacity_that_ports_cut_off_is_none") {
        return;
    }
    let site = NullSite::start_at(SocketAddr::from((ADDRESS, 0)), 100).expect("a socket");
    let workload = endless(transaction("t", &format!("http://{}/", site.address()), 0.2));
    let directory = std::env::temp_dir().join(format!("autoperf-ports-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    let search = SearchOptions {
        start_load: Some(250),
        max_users: Some(400),
        max_duration_s: Some(40.0),
        ..standard_search(&workload)
    };
    let request = Request {
        workload,
        mode: Mode::Capacity,
        ways: Ways::default(),
        search,
        open: None,
        directory: directory.clone(),
        seed: 1,
        engine: EngineConfig::default(),
        record: RecordOptions::default(),
        command: Vec::new(),
        inputs: std::collections::BTreeMap::default(),
        interrupt: std::sync::Arc::default(),
    };
    let mut display = Noting(Vec::new());
    let finished = carry_out(request, &mut display).expect("the run ends in order");
    let _ = std::fs::remove_dir_all(&directory);
    assert!(
        display.0.iter().any(|note| note.contains("only 100 local ports")),
        "{:?}",
        display.0
    );
    let summary = finished.summary;
    let why = |level: &Level| level.generator.saturated_because.clone();
    let told: Vec<String> = summary.levels.iter().filter_map(why).collect();
    assert!(
        told.iter().any(|why| why.contains("found no local port")),
        "{told:?}"
    );
    let audit = summary
        .audits
        .iter()
        .find(|audit| audit.name == "The generator was not the limit");
    assert!(audit.is_some_and(|audit| audit.status == "fail"), "{audit:?}");
    assert_eq!(
        Exit::of(&finished.how, &summary.verdict.code),
        Exit::Inconclusive,
        "{:?}",
        summary.verdict
    );
    assert!(
        ["generator_limited", "at_least"].contains(&summary.verdict.code.as_str()),
        "{:?}",
        summary.verdict
    );
}
