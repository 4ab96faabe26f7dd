//! Peers that mean harm or nonsense: each is dropped, and the agent serves the next as before.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use autoperf_profiler::client::{Client, ClientError};

use crate::stage::Agent;

fn connect(agent: &Agent) -> TcpStream {
    let stream = TcpStream::connect(&agent.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

/// Reads until the agent closes the connection, which it must.
fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => answer,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => answer,
        Err(error) => panic!("not closed: {error}"),
    }
}

fn still_serves(agent: &Agent) {
    assert!(!agent.client().hello().version.is_empty());
}

#[test]
fn garbage_is_dropped() {
    let agent = Agent::start();
    for bytes in [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        frame(b"not json"),
        frame(b"{\"watch\":{\"groups\":[\"bash\"]}}"),
        frame(b"{\"run\":\"rm\"}"),
        vec![0; 64],
        frame(&[b'['; 60_000]),
    ] {
        let mut stream = connect(&agent);
        // The agent may close before all is written.
        let _ = stream.write_all(&bytes);
        until_closed(&mut stream);
        still_serves(&agent);
    }
}

#[test]
fn a_giant_frame_is_refused_at_its_header() {
    let agent = Agent::start();
    let before = resident_kib(&agent);
    let mut stream = connect(&agent);
    stream.write_all(&u32::MAX.to_be_bytes()).unwrap();
    until_closed(&mut stream);
    still_serves(&agent);
    assert!(resident_kib(&agent) < before + 4096);
}

#[test]
fn another_version_is_told_so() {
    let agent = Agent::start();
    let mut stream = connect(&agent);
    stream
        .write_all(&frame(b"{\"hello\":{\"protocol\":999,\"resume\":null}}"))
        .unwrap();
    let answer = String::from_utf8(until_closed(&mut stream)[4..].to_vec()).unwrap();
    assert_eq!(answer, "{\"failed\":{\"version\":{\"agent\":1}}}");
}

#[test]
fn a_peer_that_trickles_or_is_silent_is_dropped() {
    let agent = Agent::start();
    let mut silent = connect(&agent);
    let mut slow = connect(&agent);
    slow.write_all(&[0, 0]).unwrap();
    let trickle = slow.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        let mut trickle = trickle;
        for _ in 0..60 {
            std::thread::sleep(Duration::from_millis(500));
            if trickle.write_all(&[0]).is_err() {
                return true;
            }
        }
        false
    });
    until_closed(&mut silent);
    until_closed(&mut slow);
    assert!(writer.join().unwrap(), "it could write for half a minute");
    still_serves(&agent);
}

#[test]
fn many_connections_are_refused_in_bounded_memory() {
    let agent = Agent::start();
    let mut client = agent.client();
    let before = resident_kib(&agent);
    for _ in 0..10_000 {
        drop(TcpStream::connect(&agent.address));
    }
    let mut open = Vec::new();
    for _ in 0..300 {
        if let Ok(stream) = TcpStream::connect(&agent.address) {
            open.push(stream);
        }
    }
    assert!(
        client.watch(&["autoperf-profiler".into()]).is_ok(),
        "an old client is served"
    );
    assert!(
        resident_kib(&agent) < before + 8192,
        "{} KiB",
        resident_kib(&agent)
    );
    let refused = Client::connect(&agent.address, Duration::from_secs(5));
    assert!(
        matches!(
            refused,
            Err(ClientError::Refused { .. } | ClientError::Broken { .. })
        ),
        "{refused:?}"
    );
    drop(open);
    let mut left = 200;
    while Client::connect(&agent.address, Duration::from_secs(5)).is_err() && left > 0 {
        std::thread::sleep(Duration::from_millis(50));
        left -= 1;
    }
    still_serves(&agent);
}

#[test]
fn the_agent_is_small() {
    let agent = Agent::start();
    let mut client = agent.client();
    client.watch(&["*".into()]).unwrap();
    for _ in 0..5 {
        client.snapshot().unwrap();
    }
    assert!(
        resident_kib(&agent) < 12 * 1024,
        "{} KiB resident",
        resident_kib(&agent)
    );
}

fn resident_kib(agent: &Agent) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.process.0.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
