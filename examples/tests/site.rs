//! The demo site as running processes: what it promises is measured from outside.

#![expect(clippy::expect_used, reason = "a helper of a test may stop the test")]

#[path = "site/client.rs"]
mod client;

use autoperf_examples::demo::{Kind, LAW, Launch, Site, Tier, truth, write_workload};
use client::Client;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

fn start() -> Site {
    let launch = Launch {
        program: env!("CARGO_BIN_EXE_autoperf-demo-site").into(),
        arguments: Vec::new(),
    };
    Site::start(&launch, 0).expect("the site starts")
}

/// CPU time of a process of one thread, s.
fn cpu_s(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).expect("the process lives");
    let nanoseconds: u64 = text
        .split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .expect("a figure");
    nanoseconds as f64 / 1e9
}

/// Whether a process exists and is not merely waited for.
fn lives(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits, a bounded number of times, until both processes are gone.
fn are_gone(pids: [u32; 2]) -> bool {
    (0..200).any(|_| {
        sleep(Duration::from_millis(50));
        pids.iter().all(|pid| !lives(*pid))
    })
}

fn transact(client: &mut Client, kind: Kind) {
    let answer = match kind {
        Kind::Browse => client.get("/browse?category=1&page=1"),
        Kind::Search => client.get("/search?q=lamp"),
        Kind::Buy => client.post("/buy", "item=1&quantity=2"),
    };
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[test]
fn each_kind_of_transaction_costs_the_law_in_both_tiers() {
    let site = start();
    let mut client = Client::connect(site.web_port());
    for kind in Kind::ALL {
        let requests = 60;
        let before = Tier::ALL.map(|tier| cpu_s(site.pid(tier)));
        (0..requests).for_each(|_| transact(&mut client, kind));
        for (tier, before) in Tier::ALL.into_iter().zip(before) {
            let measured_s = (cpu_s(site.pid(tier)) - before) / f64::from(requests);
            let law_s = kind.cpu(tier).as_secs_f64();
            let gap = measured_s / law_s - 1.0;
            println!(
                "{kind:?} in {tier:?}: {:.4} ms, law {:.1} ms",
                measured_s * 1e3,
                law_s * 1e3
            );
            assert!(
                gap.abs() < 0.03,
                "{kind:?} in {tier:?}: {measured_s} s, law {law_s} s"
            );
        }
    }
}

#[test]
fn the_law_holds_for_many_users_with_short_sessions() {
    let site = start();
    let before = Tier::ALL.map(|tier| cpu_s(site.pid(tier)));
    let (users, sessions, kinds) = (12, 4, Kind::ALL);
    std::thread::scope(|scope| {
        for _ in 0..users {
            scope.spawn(|| {
                for _ in 0..sessions {
                    let mut client = Client::connect(site.web_port());
                    kinds.into_iter().for_each(|kind| transact(&mut client, kind));
                }
            });
        }
    });
    for (tier, before) in Tier::ALL.into_iter().zip(before) {
        let measured_s = (cpu_s(site.pid(tier)) - before) / f64::from(users * sessions);
        let law_s: f64 = kinds.iter().map(|kind| kind.cpu(tier).as_secs_f64()).sum();
        println!("{tier:?}: {:.4} ms, law {:.1} ms", measured_s * 1e3, law_s * 1e3);
        assert!(
            (measured_s / law_s - 1.0).abs() < 0.03,
            "{tier:?}: {measured_s} s, law {law_s} s"
        );
    }
}

#[test]
fn no_load_makes_the_site_faster_than_its_law() {
    let site = start();
    let begin_s = client::monotonic_s();
    let per_user = 12_u32;
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let mut client = Client::connect(site.web_port());
                (0..per_user).for_each(|_| transact(&mut client, Kind::Buy));
            });
        }
    });
    let lasted_s = client::monotonic_s() - begin_s;
    let fastest_s = f64::from(10 * per_user) * LAW[Kind::Buy as usize].web_ms / 1e3 / 0.5;
    println!("{lasted_s:.3} s, the law says {fastest_s:.3} s");
    assert!(
        lasted_s >= 0.99 * fastest_s,
        "{lasted_s} s, at least {fastest_s} s by the law"
    );
}

#[test]
fn connections_are_kept_and_sessions_known_by_their_cookie() {
    let site = start();
    let mut client = Client::connect(site.web_port());
    let first = client.get("/browse?category=1&page=1");
    let cookie = first.header("set-cookie").expect("a session begins");
    assert!(cookie.starts_with("session=s1;"), "{cookie}");
    let second = client.get_with("/search?q=rug", "Cookie: session=s1\r\n");
    assert_eq!(second.header("set-cookie"), None);
    client.get("/echo?n=1");
    client.get("/echo?n=2");
    Client::connect(site.web_port()).get("/echo?n=3");
    let record = client.get("/record").text;
    let connections: Vec<_> = record
        .matches("\"connection\":")
        .zip(record.split("\"connection\":").skip(1))
        .collect();
    assert_eq!(connections.len(), 3, "{record}");
    let distinct: BTreeSet<_> = connections
        .iter()
        .map(|(_, rest)| rest.split(',').next().unwrap_or(""))
        .collect();
    assert_eq!(distinct.len(), 2, "two connections: {record}");
    let served = client.get("/served").text;
    assert!(
        served.contains("\"sessions\":1,\"served\":{\"Browse\":1,\"Search\":1,\"Buy\":0}"),
        "{served}"
    );
}

#[test]
fn what_was_posted_is_recorded() {
    let site = start();
    let mut client = Client::connect(site.web_port());
    client.post("/echo?x=1", "item=5&note=a%20b");
    let record = client.get("/record").text;
    assert!(
        record.contains("\"method\":\"POST\",\"path\":\"/echo\",\"target\":\"/echo?x=1\""),
        "{record}"
    );
    assert!(record.contains("\"body\":\"item=5&note=a%20b\""), "{record}");
}

#[test]
fn slow_failing_large_and_vanishing_answers_are_to_be_had() {
    let site = start();
    let mut client = Client::connect(site.web_port());
    let begin_s = client::monotonic_s();
    assert_eq!(client.get("/slow?ms=120").status, 200);
    assert!(client::monotonic_s() - begin_s >= 0.12);
    assert_eq!(client.get("/status/500").status, 500);
    assert_eq!(
        client.get("/redirect?to=/browse").header("location"),
        Some("/browse")
    );
    assert_eq!(client.get("/large?bytes=3000000").text.len(), 3_000_000);
    assert!(client.try_get("/hangup").is_err());
}

#[test]
fn the_processes_bear_their_names_and_are_sessions_of_their_own() {
    let site = start();
    for tier in Tier::ALL {
        let comm = std::fs::read_to_string(format!("/proc/{}/comm", site.pid(tier))).expect("lives");
        let command_line = std::fs::read(format!("/proc/{}/cmdline", site.pid(tier))).expect("lives");
        assert_eq!(comm.trim_end(), tier.process_name());
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", site.pid(tier))).expect("lives");
        let session = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(3));
        assert_eq!(
            session,
            Some(site.pid(tier).to_string().as_str()),
            "out of reach of Ctrl-C"
        );
        assert_eq!(
            command_line.split(|b| *b == 0).next(),
            Some(tier.process_name().as_bytes())
        );
    }
}

#[test]
fn dropping_the_site_ends_its_processes() {
    let site = start();
    let pids = Tier::ALL.map(|tier| site.pid(tier));
    let port = site.web_port();
    drop(site);
    assert!(pids.iter().all(|pid| !lives(*pid)));
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_tier_that_is_asked_to_end_ends() {
    let mut site = start();
    let web = i32::try_from(site.pid(Tier::Web))
        .ok()
        .and_then(Pid::from_raw)
        .expect("a pid");
    kill_process(web, Signal::TERM).expect("it is ours");
    let status = site.wait().expect("it ends");
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
}

#[test]
fn a_killed_storage_tier_shows_as_502() {
    let mut site = start();
    let mut client = Client::connect(site.web_port());
    transact(&mut client, Kind::Browse);
    site.kill(Tier::Storage).expect("it ends");
    assert_eq!(client.get("/browse").status, 502);
}

#[test]
fn the_tiers_end_when_the_process_that_started_them_is_killed() {
    let mut parent = Command::new(env!("CARGO_BIN_EXE_autoperf-demo-site"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let lines: Vec<String> = BufReader::new(parent.stdout.take().expect("a pipe"))
        .lines()
        .take(4)
        .collect::<Result<_, _>>()
        .expect("text");
    let pids = [0, 1].map(|line: usize| {
        let rest = lines[line].split("(pid ").nth(1).expect("a pid");
        rest.split(')')
            .next()
            .and_then(|pid| pid.parse().ok())
            .expect("a number")
    });
    let port = lines[0]
        .trim_end()
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    // All is said that will be said; from now on the site must serve until its parent dies.
    transact(&mut Client::connect(port), Kind::Search);
    sleep(Duration::from_millis(100));
    assert!(pids.iter().all(|pid| lives(*pid)), "{lines:?}");
    parent.kill().expect("it can be killed");
    parent.wait().expect("it ends");
    assert!(are_gone(pids), "{lines:?}");
}

#[test]
fn a_program_that_is_no_tier_is_an_error_that_names_it() {
    let launch = Launch {
        program: "/bin/true".into(),
        arguments: Vec::new(),
    };
    let error = Site::start(&launch, 0).expect_err("true is no site");
    assert!(error.to_string().contains("/bin/true as demo-storage"), "{error}");
}

#[test]
fn workload_files_are_written_where_asked() {
    let folder = std::env::temp_dir().join(format!("autoperf-demo-workload-{}", std::process::id()));
    write_workload(&folder, 8080, 22221).expect("the folder can be written");
    let input = std::fs::read_to_string(folder.join("input.xml")).expect("written");
    let graph = std::fs::read_to_string(folder.join("cbmg.txt")).expect("written");
    std::fs::remove_dir_all(&folder).expect("it can be removed");
    assert!(input.contains("<thinktime>400</thinktime>"), "{input}");
    assert!(graph.starts_with("Entry Browse Search Buy Exit\n"), "{graph}");
    assert!(truth().think_time_s > 0.39);
}
