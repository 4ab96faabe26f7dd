//! One user by itself: the first look at a site.

use crate::site::{Request, Site, Step, bytes, page};
use crate::workloads::{chain, endless, transaction};
use autoperf::load::{SingleUser, try_once};
use autoperf_inputs::workload::{Extraction, Extractor, Part};
use autoperf_models::record::Outcome;
use std::time::Duration;

#[test]
fn walks_one_session_and_shows_everything() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/a" => vec![bytes(
            "HTTP/1.1 200 OK\r\nSet-Cookie: s=1\r\nX-T: v7\r\nContent-Length: 1\r\n\r\nA",
        )],
        "/v7" => page("B"),
        _ => vec![bytes("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")],
    });
    let mut first = transaction("first", &site.url("/a"), 9.0);
    first.extractions = vec![Extraction {
        name: "t".to_owned(),
        from: Extractor::Header("x-t".to_owned()),
    }];
    let mut second = transaction("second", &site.url("/"), 9.0);
    second.url.parts.push(Part::Extracted("t".to_owned()));
    let third = transaction("third", &site.url("/c"), 9.0);
    let mut user = SingleUser::new(&chain(vec![first, second, third]), 1).expect("valid");
    let a = user.step().expect("first");
    assert_eq!(
        (a.transaction.as_str(), a.status, a.body.as_slice()),
        ("first", 200, &b"A"[..])
    );
    assert!(a.head.contains("Set-Cookie: s=1") && a.request.starts_with(b"GET /a HTTP/1.1\r\n"));
    assert_eq!(a.extracted, [("t".to_owned(), "v7".to_owned())]);
    assert!(a.error.is_none() && a.record.outcome.is_ok() && a.record.connect_start_ns > 0);
    let b = user.step().expect("second");
    assert_eq!((b.url, b.body), (site.url("/v7"), b"B".to_vec()));
    assert_eq!(b.record.connect_start_ns, 0);
    assert!(String::from_utf8_lossy(&b.request).contains("Cookie: s=1\r\n"));
    let c = user.step().expect("third");
    assert_eq!(
        (c.status, c.record.outcome, c.error),
        (500, Outcome::HttpError, None)
    );
    assert!(user.step().is_none());
}

#[test]
fn says_why_there_is_no_answer() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/hang" => vec![Step::Hang],
        _ => vec![bytes("nonsense\r\n\r\n"), Step::Close],
    });
    let attempt = |url: &str, timeout| {
        let mut t = transaction("t", url, 0.0);
        t.timeout_s = None;
        try_once(&endless(t), 0, timeout).expect("valid")
    };
    let soon = Duration::from_millis(50);
    let hung = attempt(&site.url("/hang"), soon);
    assert_eq!(hung.record.outcome, Outcome::TimeoutFirstByte);
    assert_eq!(
        hung.error.as_deref(),
        Some("the time limit passed while waiting for the answer")
    );
    let broken = attempt(&site.url("/x"), Duration::from_secs(10));
    assert_eq!(broken.record.outcome, Outcome::Malformed);
    assert!(broken.error.expect("told").contains("the answer is not HTTP"));
    let refused = attempt("http://127.0.0.1:1/", Duration::from_secs(10));
    assert_eq!(
        (refused.record.outcome, refused.url.as_str()),
        (Outcome::Refused, "http://127.0.0.1:1/")
    );
    assert!(refused.error.expect("told").contains("cannot connect"));
}
