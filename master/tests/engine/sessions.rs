//! Sessions: cookies, connections, order, think times, repeatability.

use crate::site::{Request, Site, bytes};
use crate::workloads::{chain, config, endless, records, start, transaction, workload};
use autoperf::load::{Engine, EngineConfig, ProfileStep, Script};
use autoperf_inputs::workload::Workload;
use autoperf_models::distribution::Distribution;
use std::collections::BTreeMap;

#[test]
fn every_session_has_its_own_connection_and_cookies() {
    let site = Site::start(|request: &Request| {
        let body = "hello";
        vec![bytes(&format!(
            "HTTP/1.1 200 OK\r\nSet-Cookie: c{}={}; Path=/\r\nContent-Length: 5\r\n\r\n{body}",
            request.turn, request.connection
        ))]
    });
    let steps = ["/a", "/b", "/c"]
        .map(|t| transaction(t, &site.url(t), 0.001))
        .into();
    let engine = start(&chain(steps));
    engine.set_users(3);
    let done = records(&engine, 60);
    let end = engine.stop();
    assert!(done.iter().all(|r| r.outcome.is_ok()));
    assert!(end.sessions >= 20 && end.transitions[1][1] >= 20 - 3, "{end:?}");
    assert_eq!(
        end.transitions[1][0] + end.transitions[1][2] + end.transitions[1][3],
        0
    );
    for request in site.requests() {
        let (c, expected) = (request.connection, ["/a", "/b", "/c"][request.turn]);
        assert_eq!(request.target, expected, "a session is a connection: {request:?}");
        let cookies = ["".to_owned(), format!("c0={c}"), format!("c0={c}; c1={c}")];
        assert_eq!(request.field("cookie").unwrap_or(""), cookies[request.turn]);
        assert_eq!(request.field("host"), Some(site.address.to_string().as_str()));
    }
}

#[test]
fn a_connection_is_kept_within_a_session() {
    let site = Site::constant("page");
    let engine = start(&endless(transaction("t", &site.url("/"), 0.0)));
    engine.set_users(2);
    let done = records(&engine, 500);
    assert_eq!(site.connections(), 2);
    assert_eq!(done.iter().filter(|r| r.connect_start_ns > 0).count(), 2);
    assert!(done.iter().all(|r| r.outcome.is_ok() && r.status == 200));
}

#[test]
fn the_think_time_is_waited_before_every_transaction_also_the_first_of_a_session() {
    let site = Site::constant("page");
    let steps = vec![
        transaction("a", &site.url("/a"), 0.020),
        transaction("b", &site.url("/b"), 0.005),
    ];
    let engine = start(&chain(steps));
    engine.set_users(1);
    let done = records(&engine, 20);
    for pair in done.windows(2) {
        let think_ns = if pair[1].transaction == 0 {
            20_000_000
        } else {
            5_000_000
        };
        assert_eq!(pair[1].scheduled_ns, pair[0].end_ns + think_ns);
        assert!(pair[1].start_ns >= pair[1].scheduled_ns, "never early: {pair:?}");
    }
    assert!(done[0].scheduled_ns < 20_000_000 + done[0].start_ns);
}

#[test]
fn instants_are_in_order() {
    let site = Site::constant("page");
    let steps = vec![
        transaction("a", &site.url("/a"), 0.001),
        transaction("b", &site.url("/b"), 0.001),
    ];
    let engine = start(&chain(steps));
    engine.set_users(4);
    for r in records(&engine, 100) {
        assert!(
            r.scheduled_ns <= r.start_ns && r.start_ns <= r.send_start_ns.max(r.connect_start_ns),
            "{r:?}"
        );
        assert!(
            r.send_start_ns <= r.send_end_ns && r.send_end_ns <= r.first_byte_ns,
            "{r:?}"
        );
        assert!(
            r.first_byte_ns <= r.last_byte_ns && r.last_byte_ns <= r.end_ns,
            "{r:?}"
        );
        assert_eq!(r.connect_start_ns > 0, r.transaction == 0, "{r:?}");
        // A response time holds nothing of what writing the request down has cost.
        let began_ns = [r.send_start_ns, r.connect_start_ns][usize::from(r.connect_start_ns > 0)];
        assert_eq!(r.start_ns, began_ns, "{r:?}");
        assert!(
            r.connect_start_ns <= r.connect_end_ns && r.connect_end_ns <= r.send_start_ns,
            "{r:?}"
        );
        assert!(
            r.bytes_sent > 40
                && r.bytes_received as usize == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage".len()
        );
    }
}

fn branching(site: &Site) -> Workload {
    let mut all: Vec<_> = ["/a", "/b", "/c"]
        .map(|t| transaction(t, &site.url(t), 0.0))
        .into();
    for t in &mut all {
        t.think_time_s = Distribution::Exponential { mean: 0.0005 };
    }
    workload(
        all,
        vec![vec![0.4, 0.2, 0.1], vec![0.3, 0.3, 0.3], vec![0.3, 0.4, 0.3]],
    )
}

fn walks(site: &Site, seed: u64, shards: usize) -> BTreeMap<u32, Vec<u16>> {
    let config = EngineConfig {
        seed,
        shards: Some(shards),
        ..config()
    };
    let engine = Engine::start(&branching(site), Script::Navigation, config).expect("valid");
    engine.set_users(4);
    let mut walks = BTreeMap::<u32, Vec<u16>>::new();
    while walks.len() < 4 || walks.values().any(|walk| walk.len() < 50) {
        for record in records(&engine, 1) {
            walks.entry(record.user).or_default().push(record.transaction);
        }
    }
    walks.values_mut().for_each(|walk| walk.truncate(50));
    walks
}

#[test]
fn the_same_seed_walks_the_same_way_on_any_number_of_threads() {
    let site = Site::constant("page");
    let first = walks(&site, 5, 1);
    assert_eq!(first, walks(&site, 5, 2));
    assert_ne!(first, walks(&site, 6, 1));
    assert_ne!(first[&0], first[&1]);
}

#[test]
fn observed_moves_fit_the_graph() {
    let site = Site::constant("page");
    let engine = start(&branching(&site));
    engine.set_users(8);
    let done = records(&engine, 4_000);
    let end = engine.stop();
    let moves: u64 = end.transitions.iter().flatten().sum();
    assert!(moves as usize >= done.len());
    let rows = [[0.4, 0.2, 0.1, 0.3], [0.3, 0.3, 0.3, 0.1], [0.3, 0.4, 0.3, 0.0]];
    for (row, observed) in rows.iter().zip(&end.transitions[1..]) {
        let total = observed.iter().sum::<u64>() as f64;
        let fitting = row.iter().zip(observed).filter(|(p, _)| **p > 0.0);
        let chi: f64 = fitting
            .map(|(p, n)| (*n as f64 - p * total).powi(2) / (p * total))
            .sum();
        assert!(
            chi < 16.3,
            "three degrees of freedom, one in a thousand: {observed:?}"
        );
    }
    assert_eq!(end.transitions[3][3], 0);
}

#[test]
fn profiling_prepares_unmeasured_and_ends() {
    let site = Site::constant("page");
    let all: Vec<_> = ["/login", "/view"]
        .map(|t| transaction(t, &site.url(t), 5.0))
        .into();
    let step = ProfileStep {
        requires: vec![0],
        transaction: 1,
        count: Some(7),
        think_time_s: 0.0,
    };
    let engine = Engine::start(&chain(all), Script::Sequence(vec![step]), config()).expect("valid");
    engine.set_users(3);
    let end = crate::workloads::window_with(&engine, |w| w.finished_users == 3);
    assert_eq!(end.users, 3);
    let done = engine.take_records();
    assert_eq!(
        (done.len(), done.iter().filter(|r| r.transaction == 1).count()),
        (21, 21)
    );
    let requests = site.requests();
    assert_eq!(requests.len(), 24);
    assert!(requests.iter().all(|r| (r.turn == 0) == (r.target == "/login")));
    engine.set_users(0);
    crate::workloads::window_with(&engine, |w| w.users == 0 && w.finished_users == 0);
    assert_eq!(engine.stop().abandoned, 0);
}

#[test]
fn users_of_two_sites_keep_a_connection_to_each() {
    let (one, two) = (Site::constant("1"), Site::constant("2"));
    let all = vec![
        transaction("1", &one.url("/"), 0.0),
        transaction("2", &two.url("/"), 0.0),
    ];
    let engine = start(&workload(all, vec![vec![0.0, 1.0], vec![1.0, 0.0]]));
    engine.set_users(1);
    let done = records(&engine, 100);
    assert!(done.iter().all(|r| r.outcome.is_ok()));
    assert_eq!((one.connections(), two.connections()), (1, 1));
}
