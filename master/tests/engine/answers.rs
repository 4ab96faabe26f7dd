//! Answers in every framing, and what becomes of their connections.

use crate::site::{Request, Site, Step, bytes, page};
use crate::workloads::{chain, endless, records, start, transaction};
use autoperf_inputs::workload::{Check, Method};
use autoperf_models::record::Outcome;
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::time::Duration;

#[test]
fn all_framings_are_understood() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/length" => page("exactly"),
        "/chunked" => vec![
            bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nexa"),
            bytes("ct\r\n2\r\nly\r\n0\r\n\r\n"),
        ],
        "/head" => vec![bytes("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")],
        "/none" => vec![bytes("HTTP/1.1 204 No Content\r\n\r\n")],
        "/early" => vec![
            bytes("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
            page("exactly").remove(0),
        ],
        _ => vec![bytes("HTTP/1.0 200 OK\r\n\r\nexac"), bytes("tly"), Step::Close],
    });
    let mut all: Vec<_> = ["/length", "/chunked", "/head", "/none", "/early", "/close"]
        .map(|t| transaction(t, &site.url(t), 0.0))
        .into();
    for (i, t) in all.iter_mut().enumerate() {
        if i == 2 {
            t.method = Method::Head;
        } else if i != 3 {
            t.checks = vec![Check::Matches("^exactly$".to_owned())];
        }
    }
    let engine = start(&chain(all));
    engine.set_users(2);
    let done = records(&engine, 60);
    assert!(
        done.iter().all(|r| r.outcome.is_ok()),
        "{:?}",
        done.iter().find(|r| !r.outcome.is_ok())
    );
    assert!(
        done.iter()
            .filter(|r| r.connect_start_ns > 0)
            .all(|r| r.transaction == 0)
    );
}

#[test]
fn a_compressed_body_is_unpacked_for_checks() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"a long welcome").expect("memory");
    let packed = encoder.finish().expect("memory");
    let site = Site::start(move |request: &Request| {
        assert_eq!(request.field("accept-encoding"), Some("gzip"));
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            packed.len()
        );
        vec![Step::Bytes([head.as_bytes(), &packed].concat())]
    });
    let mut checked = transaction("t", &site.url("/"), 0.0);
    checked.checks = vec![Check::Contains("long welcome".to_owned())];
    let engine = start(&endless(checked));
    engine.set_users(1);
    assert!(records(&engine, 5).iter().all(|r| r.outcome.is_ok()));
}

#[test]
fn a_server_that_closes_after_each_answer_without_a_word_is_met_again_silently() {
    let site = Site::start(|_: &Request| [page("x"), vec![Step::Close]].concat());
    // With and without time to notice the close before the next request.
    for think_time_s in [0.0, 0.02] {
        let engine = start(&endless(transaction("t", &site.url("/"), think_time_s)));
        engine.set_users(3);
        assert!(
            records(&engine, 30)
                .iter()
                .all(|r| r.outcome.is_ok() && r.status == 200)
        );
    }
}

#[test]
fn connection_close_is_obeyed() {
    let site = Site::start(|request: &Request| {
        assert_eq!(request.turn, 0, "the connection was to be closed");
        vec![bytes(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        )]
    });
    let engine = start(&endless(transaction("t", &site.url("/"), 0.0)));
    engine.set_users(2);
    let done = records(&engine, 20);
    assert!(done.iter().all(|r| r.outcome.is_ok() && r.connect_start_ns > 0));
}

#[test]
fn garbage_behind_an_answer_costs_the_connection_but_not_the_answer() {
    let site = Site::start(|_: &Request| {
        vec![bytes(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 500 no\r\n",
        )]
    });
    let engine = start(&endless(transaction("t", &site.url("/"), 0.001)));
    engine.set_users(1);
    let done = records(&engine, 10);
    assert!(done.iter().all(|r| r.outcome.is_ok() && r.connect_start_ns > 0));
}

#[test]
fn an_early_answer_to_a_long_request_counts() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Refuses before it has read the body, and keeps reading so that no reset destroys the answer.
            stream
                .write_all(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                .expect("open");
            std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
        }
    });
    let mut long = transaction("t", &format!("http://{address}/"), 0.0);
    long.method = Method::Post;
    long.body = Some(autoperf_inputs::workload::Body {
        content_type: "text/plain".to_owned(),
        text: crate::workloads::text(&"x".repeat(8_000_000)),
    });
    let engine = start(&endless(long));
    engine.set_users(1);
    let done = records(&engine, 3);
    assert!(
        done.iter()
            .all(|r| r.outcome == Outcome::HttpError && r.status == 413),
        "{done:?}"
    );
}

#[test]
fn a_slow_body_has_its_phases() {
    let site = Site::start(|_: &Request| {
        vec![
            Step::Pause(Duration::from_millis(20)),
            bytes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"),
            Step::Pause(Duration::from_millis(30)),
            bytes("cd"),
        ]
    });
    let engine = start(&endless(transaction("t", &site.url("/"), 0.0)));
    engine.set_users(1);
    for record in records(&engine, 5) {
        assert!(
            record.first_byte_ns - record.send_end_ns >= 15_000_000,
            "{record:?}"
        );
        assert!(
            record.last_byte_ns - record.first_byte_ns >= 15_000_000,
            "{record:?}"
        );
    }
}
