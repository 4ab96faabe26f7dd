//! Nothing measured is ever lost: Ctrl-C, a lost profiler, a killed run.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::{Demo, Folder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

/// Waits, at most two minutes, until the journal of the run in `run/` holds a text so many times.
fn wait_for(folder: &Folder, text: &str, times: usize, child: &mut Child) {
    for _ in 0..1200 {
        if folder.read("run/journal").matches(text).count() >= times {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "the run ended too early");
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("`{text}` did not appear in the journal");
}

/// The exit code, at most `tenths` tenths of a second from now.
fn code_within(child: &mut Child, tenths: u32) -> Option<i32> {
    for _ in 0..tenths {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill().unwrap();
    panic!("still running");
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn summary(folder: &Folder) -> Value {
    serde_json::from_str(&folder.read("run/summary.json")).unwrap()
}

/// Ports that the demo's own files name.
fn ports(folder: &Folder) -> Vec<u16> {
    let text = folder.read("run/workload/input.xml");
    let web = text
        .split("127.0.0.1:")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .unwrap();
    let profiler = text
        .split("<Port>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .unwrap();
    [web, profiler].iter().map(|port| port.parse().unwrap()).collect()
}

#[test]
fn ctrl_c_within_a_level_keeps_the_finished_ones_and_leaves_nothing_running() {
    let folder = Folder::new("interrupt");
    let mut child = folder.command(&["demo", "--out", "run"]).spawn().unwrap();
    wait_for(&folder, "\"level_end\"", 1, &mut child);
    wait_for(&folder, "\"level_begin\"", 2, &mut child);
    let ports = ports(&folder);
    assert!(
        ports
            .iter()
            .all(|&port| TcpStream::connect(("127.0.0.1", port)).is_ok())
    );
    signal(&child, Signal::INT);
    assert_eq!(code_within(&mut child, 300), Some(130));
    let summary = summary(&folder);
    assert_eq!(summary["verdict"]["code"], "interrupted");
    assert!(!summary["levels"].as_array().unwrap().is_empty());
    assert!(
        ports
            .iter()
            .all(|&port| TcpStream::connect(("127.0.0.1", port)).is_err()),
        "a port is still open"
    );
}

#[test]
fn a_profiler_that_dies_ends_the_run_with_what_was_measured() {
    let folder = Folder::new("lost-profiler");
    let mut demo = Demo::start(&folder).unwrap();
    let mut child = folder.command(&["capacity", "--out", "run"]).spawn().unwrap();
    wait_for(&folder, "\"level_end\"", 1, &mut child);
    demo.profiler.kill().unwrap();
    assert_eq!(code_within(&mut child, 1800), Some(5));
    let summary = summary(&folder);
    assert!(!summary["levels"].as_array().unwrap().is_empty());
    let mut audits = summary["audits"].as_array().unwrap().iter();
    assert!(
        audits
            .any(|audit| audit["status"] == "fail" && audit["detail"].as_str().unwrap().contains("profiler")),
        "the audits must say it"
    );
}

#[test]
fn a_run_that_is_killed_can_be_reported_from_its_journal() {
    let folder = Folder::new("killed");
    let _demo = Demo::start(&folder).unwrap();
    let mut child = folder.command(&["capacity", "--out", "run"]).spawn().unwrap();
    wait_for(&folder, "\"level_end\"", 1, &mut child);
    signal(&child, Signal::KILL);
    child.wait().unwrap();
    assert_eq!(folder.run(&["report", "run"]).status.code(), Some(0));
    let summary = summary(&folder);
    assert_eq!(summary["verdict"]["code"], "inconclusive");
    assert!(!summary["levels"].as_array().unwrap().is_empty());
}
