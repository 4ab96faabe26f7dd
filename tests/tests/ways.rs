//! The ways to a profiler: started by ssh, encrypted with a key, over a link that breaks and comes back.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use autoperf_tests::journal;
use autoperf_tests::stage::{Demo, Folder, Profiler, autoperf};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::Duration;

/// Users and seconds of the only level.
const SCHEDULE: &str = "4 8\n";

fn capacity(folder: &Folder, options: &[&str]) -> Output {
    let mut arguments = vec!["capacity", "--manual", "mll.txt", "--out", "run"];
    arguments.extend(options);
    folder.run(&arguments)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn summary(folder: &Folder) -> Value {
    serde_json::from_str(&folder.read("run/summary.json")).unwrap()
}

fn replace(folder: &Folder, from: &str, to: &str) {
    let text = folder.read("input.xml");
    assert!(text.contains(from), "{from}: {text}");
    folder.write("input.xml", &text.replace(from, to));
}

#[test]
fn a_profiler_that_ssh_starts_serves_the_run_and_ends_with_it() {
    let folder = Folder::new("through-ssh");
    let _demo = Demo::start(&folder).unwrap();
    folder.write("mll.txt", SCHEDULE);
    // Stands for ssh, of which a profiler's own test has a real one: runs what it is to run on the host on this machine.
    folder.write(
        "to-host",
        "#!/bin/sh\nfor last; do :; done\nexec sh -c \"$last\"\n",
    );
    let to_host = folder.path().join("to-host");
    std::fs::set_permissions(&to_host, std::fs::Permissions::from_mode(0o755)).unwrap();
    let unknown = capacity(&folder, &["--agent", "ssh://elsewhere"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("one of 127.0.0.1"),
        "{}",
        stderr(&unknown)
    );
    let ssh = to_host.display().to_string();
    let output = capacity(
        &folder,
        &["--agent", "127.0.0.1=ssh://web.example", "--ssh", &ssh],
    );
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", stderr(&output));
    let summary = summary(&folder);
    let told = summary["run"]["agents"].to_string();
    assert!(told.contains("started by ssh://web.example"), "{told}");
    let processes = summary["levels"][0]["processes"].as_array().unwrap();
    assert_eq!(processes.len(), 2);
    for process in processes {
        assert!(
            process["service_demand_s"]["value"].as_f64() > Some(0.0),
            "{process}"
        );
    }
}

#[test]
fn who_has_the_key_is_served_and_nobody_else() {
    let folder = Folder::new("key");
    let demo = Demo::start(&folder).unwrap();
    folder.write("mll.txt", SCHEDULE);
    for name in ["right", "wrong"] {
        let made = folder.run(&["key", "new", name]);
        assert_eq!(made.status.code(), Some(0));
        let mode = std::fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = folder.run(&["key", "new", "right"]);
    assert_eq!(again.status.code(), Some(1), "a key is not overwritten");
    let key = folder.path().join("right").display().to_string();
    let secured = Profiler::start_with(&["--key", &key]).unwrap();
    replace(
        &folder,
        &format!("<Port>{}</Port>", demo.profiler.port),
        &format!("<Port>{}</Port>", secured.port),
    );
    for options in [&[][..], &["--agent-key", "wrong"]] {
        let refused = capacity(&folder, options);
        assert_eq!(refused.status.code(), Some(5), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("key"), "{}", stderr(&refused));
    }
    let output = capacity(&folder, &["--agent-key", "right"]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", stderr(&output));
    assert!(
        summary(&folder)["run"]["agents"]
            .to_string()
            .contains("encrypted")
    );
}

/// A network name space with a link to this one's; both are gone with it.
struct Elsewhere {
    name: String,
    /// The link's end on this side.
    link: String,
    /// The address on the other side.
    address: String,
}

fn ip(arguments: &str) -> Result<(), String> {
    let output = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("ip {arguments}: {}", stderr(&output)))
    }
}

impl Elsewhere {
    /// `number` tells those of this test apart; the addresses are of the range that is set aside for benchmarks.
    fn new(number: u32) -> Result<Self, String> {
        let id = std::process::id();
        let net = format!("198.18.{}", id % 200 + number);
        let elsewhere = Self {
            name: format!("autoperf-{id}-{number}"),
            link: format!("ap{number}x{}", id % 100_000_000),
            address: format!("{net}.2"),
        };
        let Self { name, link, .. } = &elsewhere;
        ip(&format!("netns add {name}"))?;
        ip(&format!("link add {link} type veth peer name there netns {name}"))?;
        ip(&format!("addr add {net}.1/30 dev {link}"))?;
        ip(&format!("link set {link} up"))?;
        ip(&format!("-n {name} addr add {net}.2/30 dev there"))?;
        ip(&format!("-n {name} link set there up"))?;
        Ok(elsewhere)
    }

    fn agent(&self, key: &str) -> Profiler {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(autoperf());
        command.args(["profiler", "--listen", &self.address, "-d", "0", "--key", key]);
        Profiler::start_by(command).unwrap()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = ip(&format!("link del {}", self.link));
        let _ = ip(&format!("netns del {}", self.name));
    }
}

/// Sequence numbers of the readings of an agent, in the order of the journal.
fn sequences(folder: &Folder, node: &str) -> Vec<u64> {
    let entries = journal::entries(folder);
    let readings = entries
        .iter()
        .filter(|entry| entry["type"] == "reading" && entry["node"] == node);
    readings
        .filter_map(|entry| entry["reading"]["sequence"].as_u64())
        .collect()
}

/// Two agents in network name spaces of their own; the link to one is down in the middle of the level for longer than a client
/// waits for an answer.
#[test]
fn a_link_that_breaks_within_a_level_loses_no_reading() {
    let folder = Folder::new("link");
    let demo = Demo::start(&folder).unwrap();
    let (steady, broken) = match (Elsewhere::new(1), Elsewhere::new(2)) {
        (Ok(steady), Ok(broken)) => (steady, broken),
        (Err(reason), _) | (_, Err(reason)) => {
            eprintln!("not tested, no network name spaces here: {reason}");
            return;
        }
    };
    folder.write("mll.txt", "4 50\n");
    assert!(folder.run(&["key", "new", "key"]).status.success());
    let key = folder.path().join("key").display().to_string();
    let agents = [steady.agent(&key), broken.agent(&key)];
    // The first tier's agent is the one, the second tier's the other.
    let node = "<Node>127.0.0.1</Node>".to_owned();
    let port = format!("<Port>{}</Port>", demo.profiler.port);
    let mut text = folder.read("input.xml");
    for (elsewhere, agent) in [&steady, &broken].into_iter().zip(&agents) {
        text = text
            .replacen(&node, &format!("<Node>{}</Node>", elsewhere.address), 1)
            .replacen(&port, &format!("<Port>{}</Port>", agent.port), 1);
    }
    folder.write("input.xml", &text);
    let mut run = folder
        .command(&[
            "capacity",
            "--manual",
            "mll.txt",
            "--out",
            "run",
            "--agent-key",
            "key",
        ])
        .spawn()
        .unwrap();
    let said = |text: &str| folder.read("run/journal").contains(text);
    wait_for(|| sequences(&folder, &broken.address).len() > 5);
    ip(&format!("link set {} down", broken.link)).unwrap();
    wait_for(|| said("does not answer"));
    ip(&format!("link set {} up", broken.link)).unwrap();
    wait_for(|| run.try_wait().unwrap().is_some());
    assert!(said("has gone on counting meanwhile"), "the agent is back");
    for elsewhere in [&steady, &broken] {
        let sequences = sequences(&folder, &elsewhere.address);
        let expected: Vec<u64> = (1..).take(sequences.len()).collect();
        assert_eq!(sequences, expected, "each once and in order");
    }
    let summary = summary(&folder);
    let hosts = summary["levels"][0]["hosts"].as_array().unwrap();
    assert_eq!(hosts.len(), 2);
    let audits = summary["audits"].to_string();
    assert!(audits.contains("does not answer"), "the break is told: {audits}");
}

/// Waits, at most three minutes.
fn wait_for(mut condition: impl FnMut() -> bool) {
    for _ in 0..1800 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("it has not happened");
}
