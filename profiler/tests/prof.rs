//! The agent as AutoPerf's manual (section 5.1) starts it: `prof -d PORT`.

#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_profiler::client::Client;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn prof(port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prof"));
    command.args(["-d", &port.to_string()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts an agent on a port of its own; another program may be faster to take a free one, so there are several tries.
fn started() -> (Running, u16) {
    for _ in 0..10 {
        let port = free_port();
        let mut child = Running(prof(port).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(child.0.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        if line.trim_end().ends_with(&format!(":{port}")) {
            return (child, port);
        }
        assert_eq!(line, "", "it listens on another port than {port}");
    }
    panic!("no port is free");
}

#[test]
fn it_listens_on_the_port_that_is_named() {
    let (_one, first) = started();
    let (_two, second) = started();
    assert_ne!(first, second);
    for port in [first, second] {
        let connected = Client::connect(&format!("127.0.0.1:{port}"), Duration::from_secs(10));
        assert!(connected.is_ok(), "{port}");
    }
}

#[test]
fn a_port_that_is_in_use_is_an_error_that_names_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let output = prof(port).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && stderr.contains(&port.to_string()),
        "{stderr}"
    );
}
