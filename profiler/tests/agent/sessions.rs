//! Sessions: watching, sampling, draining, several clients, broken connections, a clean end.

use std::time::Duration;

use autoperf_profiler::client::{Client, ClientError};
use autoperf_profiler::clock;

use crate::stage::{Agent, Load};

#[test]
fn samples_are_taken_by_themselves_and_drained_without_gap() {
    let agent = Agent::start();
    let _load = Load::start("drainload", "single", 5);
    let mut client = agent.client();
    let matched = client.watch(&["drainload".into()]).unwrap();
    assert_eq!(matched[0].processes.len(), 1);
    assert!(matched[0].processes[0].exe.ends_with("/drainload"));
    let taken = client.snapshot().unwrap();
    std::thread::sleep(Duration::from_millis(2_500));
    let drained = client.drain(0).unwrap();
    assert_eq!(drained.lost, 0);
    let numbers: Vec<u64> = drained.readings.iter().map(|reading| reading.sequence).collect();
    assert!(
        numbers.len() >= 3,
        "first reading, snapshot, samples: {numbers:?}"
    );
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert!(drained.readings.contains(&taken));
    assert_eq!(drained.readings[0].groups[0].cpu_ns, 0);
    for pair in drained.readings.windows(2) {
        assert!(pair[0].end_ns <= pair[1].begin_ns && pair[0].begin_ns <= pair[0].end_ns);
        assert!(pair[0].groups[0].cpu_ns <= pair[1].groups[0].cpu_ns);
    }
    let rest = client.drain(numbers.len() as u64 - 1).unwrap();
    assert!(!rest.readings.is_empty() && rest.readings[0].sequence == numbers.len() as u64);
}

#[test]
fn a_reading_is_of_this_machine_and_of_now() {
    let agent = Agent::start();
    let _load = Load::start("nowload", "single", 5);
    let mut client = agent.client();
    client.watch(&["nowload".into()]).unwrap();
    let before = clock::monotonic_ns();
    let reading = client.snapshot().unwrap();
    assert!((before..=clock::monotonic_ns()).contains(&reading.begin_ns));
    let offset = client.clock_offset();
    assert!(
        offset.offset_ns.unsigned_abs() <= offset.error_ns,
        "one machine, one clock: {offset:?}"
    );
    let group = &reading.groups[0];
    assert_eq!((group.processes, group.threads), (1, 1));
    assert!(group.resident_bytes > Some(0) && group.resident_peak_bytes >= group.resident_bytes);
    assert!(group.cores_allowed > 0.0 && group.cores_allowed <= f64::from(reading.host.cores));
    assert!(
        group.detail.open_files >= Some(3),
        "standard input, output and errors: {:?}",
        group.detail.open_files
    );
    std::thread::sleep(Duration::from_millis(1_200));
    let later = &client.snapshot().unwrap().groups[0].detail;
    assert!(later.minor_faults >= group.detail.minor_faults && later.minor_faults.is_some());
    if group.evidence.exits_seen.is_some() {
        assert!(
            later.voluntary_switches > group.detail.voluntary_switches,
            "it sleeps between its requests"
        );
    }
    assert!(client.hello().ticks_per_s > 0 && !client.hello().host.is_empty());
}

#[test]
fn affinity_limits_the_cores() {
    let agent = Agent::start();
    let load = Load::start("pinnedload", "single", 5);
    let pid = rustix::process::Pid::from_raw(load.pid.cast_signed());
    let mut only = rustix::thread::CpuSet::new();
    only.set(0);
    rustix::thread::sched_setaffinity(pid, &only).unwrap();
    let mut client = agent.client();
    client.watch(&["pinnedload".into()]).unwrap();
    assert_eq!(client.snapshot().unwrap().groups[0].cores_allowed, 1.0);
}

#[test]
fn a_name_without_process_is_an_error_with_a_hint() {
    let agent = Agent::start();
    let _load = Load::start("hintedload", "single", 5);
    let mut client = agent.client();
    match client.watch(&["hintedloads".into()]) {
        Err(ClientError::NoSuchProcess { name, nearest, .. }) => {
            assert_eq!(name, "hintedloads");
            assert!(nearest.contains(&"hintedload".to_owned()), "{nearest:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(client.snapshot().is_err(), "nothing is watched");
    assert!(
        client.watch(&["hintedload|x".into()]).is_ok(),
        "the session goes on"
    );
}

#[test]
fn clients_watch_each_their_own() {
    let agent = Agent::start();
    let _one = Load::start("oneload", "single", 5);
    let _other = Load::start("otherload", "single", 5);
    let (mut first, mut second) = (agent.client(), agent.client());
    first.watch(&["oneload".into()]).unwrap();
    second.watch(&["otherload".into(), "oneload".into()]).unwrap();
    let names = |client: &mut Client| -> Vec<String> {
        client
            .snapshot()
            .unwrap()
            .groups
            .into_iter()
            .map(|group| group.name)
            .collect()
    };
    assert_eq!(names(&mut first), ["oneload"]);
    assert_eq!(names(&mut second), ["otherload", "oneload"]);
}

#[test]
fn a_client_that_comes_back_has_lost_nothing() {
    let agent = Agent::start();
    let _load = Load::start("backload", "single", 5);
    let mut client = agent.client();
    client.watch(&["backload".into()]).unwrap();
    let last = client.snapshot().unwrap();
    // The agent may not have noticed that the first connection is gone when the second comes.
    client.reconnect().unwrap();
    let next = client.snapshot().unwrap();
    let drained = client.drain(last.sequence).unwrap();
    assert_eq!(
        drained.readings.first().map(|reading| reading.sequence),
        Some(last.sequence + 1)
    );
    assert_eq!(drained.lost, 0);
    assert!(next.groups[0].cpu_ns >= last.groups[0].cpu_ns);
}

#[test]
fn a_new_agent_at_the_old_address_is_noticed() {
    let agent = Agent::start();
    let _load = Load::start("againload", "single", 5);
    let mut client = agent.client();
    client.watch(&["againload".into()]).unwrap();
    let address = agent.address.clone();
    drop(agent);
    assert!(client.snapshot().is_err());
    assert!(matches!(client.reconnect(), Err(ClientError::Unreachable { .. })));
    let port = address.rsplit(':').next().unwrap();
    let _again = Agent::start_with(&["-d", port]);
    assert_eq!(client.reconnect(), Err(ClientError::Restarted { address }));
    assert!(client.snapshot().unwrap().sequence < 5);
}

#[test]
fn it_ends_cleanly_when_asked() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let mut agent = Agent::start();
        let _client = agent.client();
        let pid = rustix::process::Pid::from_raw(agent.process.0.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        assert_eq!(agent.process.0.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn nobody_there_is_said_with_the_address() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let error = Client::connect(&free, Duration::from_secs(2)).unwrap_err();
    assert!(
        matches!(error, ClientError::Unreachable { .. }) && error.to_string().contains(&free),
        "{error}"
    );
    let error = Client::connect("no.such.host.invalid:1", Duration::from_secs(2)).unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
}
