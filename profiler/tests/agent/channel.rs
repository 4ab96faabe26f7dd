//! The ways to an agent: encrypted over the network, and through the standard input and output of a process.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use autoperf_profiler::client::{Client, ClientError};
use autoperf_profiler::wire::key::Key;

use crate::stage::{Agent, Load, command};

const PATIENCE: Duration = Duration::from_secs(20);

fn key_file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let status = command()
        .args(["key", "new"])
        .arg(&path)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    path
}

#[test]
fn those_with_the_key_are_served_and_no_others() {
    let (right, wrong) = (key_file("right"), key_file("wrong"));
    let agent = Agent::start_with(&["--key", right.to_str().unwrap()]);
    let _load = Load::start("keyload", "single", 5);
    let connect =
        |path: &PathBuf| Client::connect_secured(&agent.address, PATIENCE, &Key::read(path).unwrap());
    assert!(matches!(connect(&wrong), Err(ClientError::Refused { .. })));
    assert!(
        Client::connect(&agent.address, PATIENCE).is_err(),
        "without encryption"
    );
    let mut client = connect(&right).unwrap();
    client.watch(&["keyload".into()]).unwrap();
    client.snapshot().unwrap();
    client.reconnect().unwrap();
    assert_eq!(client.snapshot().unwrap().groups[0].processes, 1);
    assert!(client.drain(0).unwrap().readings.len() >= 3);
    for path in [right, wrong] {
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_client_with_a_key_is_refused_by_an_agent_without() {
    let agent = Agent::start();
    let refused = Client::connect_secured(&agent.address, PATIENCE, &Key::random().unwrap());
    assert!(matches!(refused, Err(ClientError::Refused { .. })), "{refused:?}");
    assert!(Client::connect(&agent.address, PATIENCE).is_ok());
}

#[test]
fn an_agent_does_not_take_a_key_that_others_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let path = key_file("open");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = command().args(["-d", "0", "--key"]).arg(&path).output().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("chmod 600"));
}

#[test]
fn an_agent_on_standard_input_and_output_samples_and_ends_with_its_client() {
    let _load = Load::start("stdioload", "single", 5);
    let mut agent = command();
    agent.arg("--stdio");
    let mut client = Client::start(agent, "the agent of this test", PATIENCE).unwrap();
    client.watch(&["stdioload".into()]).unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(
        client.drain(0).unwrap().readings.len() >= 2,
        "it samples by itself"
    );
    let pid = client.agent_process().unwrap();
    drop(client);
    assert!(
        !std::path::Path::new(&format!("/proc/{pid}")).exists(),
        "it has ended and nobody waits for it"
    );
}

#[test]
fn a_process_that_is_no_agent_is_noticed() {
    let client = Client::start(std::process::Command::new("true"), "true", PATIENCE);
    assert!(
        matches!(
            client,
            Err(ClientError::Refused { .. } | ClientError::Broken { .. })
        ),
        "{client:?}"
    );
    let nothing = Client::start(
        std::process::Command::new("/no/such/program"),
        "nothing",
        PATIENCE,
    );
    assert!(
        matches!(nothing, Err(ClientError::Unreachable { .. })),
        "{nothing:?}"
    );
}

#[test]
fn scrapers_are_shown_the_last_sample() {
    use std::io::{BufRead, BufReader, Read, Write};
    let _load = Load::start("scrapedload", "single", 10);
    let mut agent = command();
    agent
        .args([
            "-d",
            "0",
            "--metrics",
            "127.0.0.1:0",
            "--watch",
            "scrapedload,nosuchprocess",
        ])
        .stdout(Stdio::piped());
    let mut agent = crate::stage::Running(agent.spawn().unwrap());
    let mut lines = BufReader::new(agent.0.stdout.take().unwrap()).lines();
    let line = lines
        .find_map(|line| {
            line.unwrap()
                .split_once("http://")
                .map(|(_, rest)| rest.to_owned())
        })
        .unwrap();
    let address = line.split('/').next().unwrap();
    let scrape = |request: &str| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    std::thread::sleep(Duration::from_millis(2_500));
    let answer = scrape("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("autoperf_group_processes{group=\"scrapedload\"} 1\n"),
        "{answer}"
    );
    assert!(
        answer.contains("autoperf_group_processes{group=\"nosuchprocess\"} 0\n"),
        "{answer}"
    );
    assert!(scrape("POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
}

#[test]
fn a_capture_holds_this_machine() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("capture-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let status = command()
        .arg("capture")
        .arg(&folder)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let own = folder.join(format!("proc/{}", std::process::id()));
    assert!(
        own.join("stat").exists() && folder.join("proc/stat").exists() && folder.join("facts.json").exists()
    );
    let again = command().arg("capture").arg(&folder).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(again.status.code(), Some(1), "nothing is overwritten");
}
