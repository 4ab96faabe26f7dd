//! Everything that can go wrong has its own outcome, and the user goes on.

use crate::site::{Request, Site, Step, bytes, page};
use crate::workloads::{config, endless, records, start, text, transaction, window_with};
use autoperf::load::{Engine, EngineConfig, Script};
use autoperf_inputs::workload::{Body, Check, Extraction, Extractor, Method, Part, Template, Transaction};
use autoperf_models::record::Outcome;
use std::net::TcpListener;

fn outcome_of(transaction: Transaction) -> Vec<(Outcome, u16)> {
    outcome_with(transaction, config())
}

fn outcome_with(transaction: Transaction, config: EngineConfig) -> Vec<(Outcome, u16)> {
    let engine = Engine::start(&endless(transaction), Script::Navigation, config).expect("valid");
    engine.set_users(2);
    records(&engine, 6)
        .iter()
        .map(|r| (r.outcome, r.status))
        .collect()
}

#[test]
fn outcomes_of_answers() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/404" => vec![bytes("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")],
        "/reset" => vec![Step::Reset],
        "/close" => vec![Step::Close],
        "/cut" => vec![
            bytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
            Step::Close,
        ],
        "/ssh" => vec![bytes("SSH-2.0-OpenSSH_9.2\r\n"), Step::Hang],
        "/head" => vec![bytes(&format!(
            "HTTP/1.1 200 OK\r\nX: {}\r\n\r\n",
            "y".repeat(200_000)
        ))],
        "/body" => page(&"x".repeat(5_000)),
        "/302" => vec![bytes(
            "HTTP/1.1 302 Found\r\nLocation: /404\r\nContent-Length: 0\r\n\r\n",
        )],
        _ => page("fine"),
    });
    let get = |target: &str| transaction(target, &site.url(target), 0.0);
    let small = EngineConfig {
        max_body_bytes: 1_000,
        ..config()
    };
    let all = |found: Vec<(Outcome, u16)>, outcome, status| {
        assert!(
            found.iter().all(|f| *f == (outcome, status)),
            "{outcome:?}: {found:?}"
        );
    };
    all(outcome_of(get("/")), Outcome::Ok, 200);
    all(outcome_of(get("/404")), Outcome::HttpError, 404);
    all(outcome_of(get("/302")), Outcome::Ok, 302);
    all(outcome_of(get("/reset")), Outcome::Reset, 0);
    all(outcome_of(get("/close")), Outcome::Reset, 0);
    all(outcome_of(get("/cut")), Outcome::Reset, 200);
    all(outcome_of(get("/ssh")), Outcome::Malformed, 0);
    all(outcome_of(get("/head")), Outcome::TooLarge, 0);
    all(outcome_with(get("/body"), small), Outcome::TooLarge, 0);
    let mut checked = get("/");
    checked.checks = vec![Check::Contains("absent".to_owned())];
    all(outcome_of(checked), Outcome::CheckFailed, 200);
    let mut extracting = get("/");
    extracting.extractions = vec![Extraction {
        name: "t".to_owned(),
        from: Extractor::Header("X-Token".to_owned()),
    }];
    all(outcome_of(extracting), Outcome::CheckFailed, 200);
    let mut missing = get("/");
    missing.url.parts.push(Part::Extracted("nothing".to_owned()));
    all(outcome_of(missing), Outcome::CheckFailed, 0);
}

#[test]
fn a_refused_connection_is_told_from_everything_else_and_not_hammered() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let url = format!("http://{}/", closed.local_addr().expect("bound"));
    drop(closed);
    let engine = start(&endless(transaction("t", &url, 0.0)));
    engine.set_users(1);
    let done = records(&engine, 5);
    assert!(
        done.iter()
            .all(|r| r.outcome == Outcome::Refused && r.status == 0 && r.bytes_sent == 0)
    );
    assert!(
        done.windows(2)
            .all(|pair| pair[1].start_ns - pair[0].end_ns >= 10_000_000)
    );
}

#[test]
fn time_limits_by_phase() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/silent" => vec![Step::Hang],
        _ => vec![
            bytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
            Step::Hang,
        ],
    });
    let limited = |url: &str| Transaction {
        timeout_s: Some(0.05),
        ..transaction("t", url, 0.0)
    };
    for (target, outcome) in [
        ("/silent", Outcome::TimeoutFirstByte),
        ("/half", Outcome::TimeoutBody),
    ] {
        let engine = start(&endless(limited(&site.url(target))));
        engine.set_users(2);
        for record in records(&engine, 6) {
            assert_eq!(record.outcome, outcome);
            assert!(record.outcome.is_timeout() && record.end_ns - record.start_ns >= 50_000_000);
            assert!(record.connect_start_ns > 0, "a timed-out connection is dropped");
        }
        let window = window_with(&engine, |w| w.transactions[0].timeouts() > 0);
        assert_eq!(window.transactions[0].served, 0);
    }
}

#[test]
fn the_time_limit_while_sending() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let never_read: Vec<_> = listener.incoming().flatten().take(3).collect();
        std::thread::sleep(std::time::Duration::from_secs(60));
        drop(never_read);
    });
    let mut long = Transaction {
        timeout_s: Some(0.1),
        ..transaction("t", &format!("http://{address}/"), 0.0)
    };
    long.method = Method::Post;
    long.body = Some(Body {
        content_type: "text/plain".to_owned(),
        text: text(&"x".repeat(20_000_000)),
    });
    let engine = start(&endless(long));
    engine.set_users(1);
    let record = records(&engine, 1)[0];
    assert_eq!(record.outcome, Outcome::TimeoutSend);
    assert!(
        record.send_end_ns == 0 && record.bytes_sent > 0 && record.bytes_sent < 20_000_000,
        "{record:?}"
    );
}

#[test]
fn the_time_limit_while_connecting() {
    // A queue of one pending connection that nobody accepts: further attempts get no answer at all.
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).expect("socket");
    bind(&listener, &std::net::SocketAddr::from(([127, 0, 0, 1], 0))).expect("loopback");
    listen(&listener, 0).expect("bound");
    let address = std::net::SocketAddr::try_from(getsockname(&listener).expect("bound")).expect("inet");
    let filling: Vec<_> = (0..3)
        .map(|_| std::net::TcpStream::connect_timeout(&address, std::time::Duration::from_millis(100)))
        .collect();
    let url = format!("http://{address}/");
    let engine = start(&endless(Transaction {
        timeout_s: Some(0.1),
        ..transaction("t", &url, 0.0)
    }));
    engine.set_users(1);
    assert_eq!(records(&engine, 2)[1].outcome, Outcome::TimeoutConnect);
    drop(filling);
}

#[test]
fn a_workload_that_cannot_run_is_refused_before_any_load() {
    let start = |transaction: Transaction| Engine::start(&endless(transaction), Script::Navigation, config());
    let varying = Template {
        parts: vec![
            Part::Literal("http://".to_owned()),
            Part::Extracted("h".to_owned()),
        ],
    };
    for url in [text("ftp://h/"), text("/no-host"), varying, Template::default()] {
        assert!(
            start(Transaction {
                url,
                ..transaction("t", "", 0.0)
            })
            .is_err()
        );
    }
    let mut wrong = transaction("t", "http://127.0.0.1:1/", 0.0);
    wrong.checks = vec![Check::Matches("(".to_owned())];
    let message = start(wrong).expect_err("bad expression").to_string();
    assert!(message.starts_with("transaction t: (:"), "{message}");
    assert!(start(transaction("t", "http://no-such-host.invalid/", 0.0)).is_err());
}
