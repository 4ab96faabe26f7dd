//! A profiler or a site that cannot be reached: one clear message, exit code 5, no load, nothing left.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::stage::{Demo, Folder};
use std::net::TcpListener;

/// A port of 127.0.0.1 on which nothing listens (for the moment).
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn replace(folder: &Folder, from: &str, to: &str) {
    let text = folder.read("input.xml");
    assert!(text.contains(from), "{from} is not in {text}");
    folder.write("input.xml", &text.replace(from, to));
}

#[test]
fn an_unreachable_profiler_is_named_with_its_address() {
    let folder = Folder::new("no-profiler");
    let mut demo = Demo::start(&folder).unwrap();
    demo.profiler.kill().unwrap();
    let output = folder.run(&["capacity", "--out", "run"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(
        stderr.contains(&format!("127.0.0.1:{}", demo.profiler.port)),
        "{stderr}"
    );
    assert!(!folder.path().join("run").exists(), "nothing may be started");
}

#[test]
fn a_process_that_is_not_there_is_an_error_with_its_neighbours() {
    let folder = Folder::new("no-process");
    let _demo = Demo::start(&folder).unwrap();
    replace(
        &folder,
        "<Process>demo-web</Process>",
        "<Process>demo-wep</Process>",
    );
    let output = folder.run(&["capacity", "--out", "run"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(
        stderr.contains("demo-wep") && stderr.contains("demo-web"),
        "{stderr}"
    );
}

#[test]
fn a_site_that_refuses_is_named() {
    let folder = Folder::new("no-site");
    let demo = Demo::start(&folder).unwrap();
    let (used, unused) = (
        format!("127.0.0.1:{}", demo.site.web_port()),
        format!("127.0.0.1:{}", free_port()),
    );
    replace(&folder, &used, &unused);
    let output = folder.run(&["capacity", "--out", "run"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(stderr.contains(&unused), "{stderr}");
    assert!(!folder.path().join("run").exists(), "nothing may be started");
}

#[test]
fn a_site_that_fails_on_the_very_first_request_is_named() {
    let folder = Folder::new("failing-site");
    let _demo = Demo::start(&folder).unwrap();
    for page in ["browse?category=${category}&amp;page=${page}", "search?q=${word}"] {
        replace(&folder, page, "status/500");
    }
    let output = folder.run(&["capacity", "--out", "run"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(5), "{stderr}");
    assert!(
        stderr.contains("500") && stderr.contains("/status/500"),
        "{stderr}"
    );
}
