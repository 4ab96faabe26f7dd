//! What a user can live through, told once and run over every transport.

use crate::carriers::{Act, CarriedSite, Carrier, Seen, page};
use crate::workloads::{chain, endless, records, text, transaction, window_with};
use autoperf::load::{Engine, EngineConfig, Script, SingleUser};
use autoperf::transport::Version;
use autoperf_inputs::workload::{Body, Check, Extraction, Extractor, Method, Part, Transaction, Workload};
use autoperf_models::record::{Outcome, Record};

/// Sites of the same behaviour, one for each transport.
fn sites(actor: fn(&Seen) -> Act) -> impl Iterator<Item = (Carrier, CarriedSite)> {
    Carrier::ALL
        .into_iter()
        .map(move |carrier| (carrier, CarriedSite::start(carrier, actor)))
}

fn engine(workload: &Workload, config: EngineConfig, users: u32) -> Engine {
    let engine = Engine::start(workload, Script::Navigation, config).expect("valid workload");
    engine.set_users(users);
    engine
}

/// Some transactions of two users that do nothing else.
fn run(transaction: Transaction, config: EngineConfig) -> Vec<Record> {
    records(&engine(&endless(transaction), config, 2), 6)
}

fn assert_all(found: &[Record], carrier: Carrier, outcome: Outcome, status: u16) {
    assert!(
        found.iter().all(|r| (r.outcome, r.status) == (outcome, status)),
        "{carrier:?} {outcome:?}: {found:?}"
    );
}

fn posting(url: &str, body: &str) -> Transaction {
    let mut posting = transaction("t", url, 0.0);
    posting.method = Method::Post;
    posting.body = Some(Body {
        content_type: "text/plain".to_owned(),
        text: text(body),
    });
    posting
}

#[test]
fn a_page_is_got_with_all_its_phases_on_one_connection_for_each_user() {
    for (carrier, site) in sites(|_| page("welcome")) {
        let mut checked = transaction("t", &site.url("/a?b=c"), 0.0);
        checked.checks = vec![Check::Matches("^welcome$".to_owned())];
        let done = records(&engine(&endless(checked), site.config(), 3), 60);
        assert_all(&done, carrier, Outcome::Ok, 200);
        for record in &done {
            let first = record.connect_start_ns > 0;
            let order = [
                record.start_ns,
                record.send_start_ns,
                record.send_end_ns,
                record.first_byte_ns,
                record.last_byte_ns,
                record.end_ns,
            ];
            assert!(order.is_sorted(), "{carrier:?} {record:?}");
            assert_eq!(first, record.connect_end_ns > 0, "{carrier:?} {record:?}");
            let secure = matches!(carrier, Carrier::Http1Tls | Carrier::Http2Tls);
            assert_eq!(first && secure, record.tls_end_ns > 0, "{carrier:?} {record:?}");
            assert!(record.bytes_sent > 20 && record.bytes_received > 10);
        }
        assert_eq!(site.connections(), 3, "{carrier:?}");
        let seen = site.seen();
        assert!(seen.iter().all(|s| s.method == "GET" && s.target == "/a?b=c"));
    }
}

#[test]
fn requests_arrive_as_they_were_meant() {
    for (carrier, site) in sites(|seen| page(&seen.method)) {
        let mut all: Vec<Transaction> = Vec::new();
        for method in [
            Method::Get,
            Method::Post,
            Method::Put,
            Method::Patch,
            Method::Delete,
            Method::Head,
        ] {
            let mut one = transaction("t", &site.url("/x"), 0.0);
            one.method = method;
            one.headers = vec![("X-Own".to_owned(), text("1 2"))];
            if matches!(method, Method::Put | Method::Patch) {
                one.body = posting("", "a=b").body;
            }
            all.push(one);
        }
        let done = records(&engine(&chain(all), site.config(), 1), 6);
        assert_all(&done, carrier, Outcome::Ok, 200);
        let seen = site.seen();
        let told: Vec<_> = seen[..6]
            .iter()
            .map(|s| (s.method.as_str(), s.body.as_slice()))
            .collect();
        let expected: [(&str, &[u8]); 6] = [
            ("GET", b""),
            ("POST", b""),
            ("PUT", b"a=b"),
            ("PATCH", b"a=b"),
            ("DELETE", b""),
            ("HEAD", b""),
        ];
        assert_eq!(told, expected, "{carrier:?}");
        assert!(seen.iter().all(|s| s.fields["x-own"] == "1 2"), "{carrier:?}");
    }
}

#[test]
fn long_bodies_pass_both_ways() {
    for (carrier, site) in sites(|seen| page(&"x".repeat(seen.body.len() / 2))) {
        let mut long = posting(&site.url("/"), &"y".repeat(5_000_000));
        long.checks = vec![Check::Matches("^x{1000}".to_owned())];
        let done = run(long, site.config());
        assert_all(&done, carrier, Outcome::Ok, 200);
        assert!(
            done.iter()
                .all(|r| r.bytes_sent > 5_000_000 && r.bytes_received > 2_500_000),
            "{carrier:?}"
        );
    }
}

#[test]
fn answers_without_a_body() {
    for (carrier, site) in sites(|seen| match seen.target.as_str() {
        "/none" => Act::Answer(204, Vec::new(), Vec::new()),
        "/same" => Act::Answer(304, Vec::new(), Vec::new()),
        _ => page(""),
    }) {
        for (target, status) in [("/none", 204), ("/same", 304), ("/empty", 200)] {
            assert_all(
                &run(transaction("t", &site.url(target), 0.0), site.config()),
                carrier,
                Outcome::Ok,
                status,
            );
        }
        let mut head = transaction("t", &site.url("/"), 0.0);
        head.method = Method::Head;
        assert_all(&run(head, site.config()), carrier, Outcome::Ok, 200);
    }
}

#[test]
fn errors_of_the_site_keep_their_status() {
    for (carrier, site) in sites(|seen| {
        let status = seen.target[1..].parse().unwrap_or(200);
        Act::Answer(status, Vec::new(), b"sorry".to_vec())
    }) {
        for status in [400, 404, 500, 503] {
            let found = run(
                transaction("t", &site.url(&format!("/{status}")), 0.0),
                site.config(),
            );
            assert_all(&found, carrier, Outcome::HttpError, status);
            assert!(
                found.iter().filter(|r| r.connect_start_ns > 0).count() <= 2,
                "{carrier:?}"
            );
        }
        let mut checked = transaction("t", &site.url("/200"), 0.0);
        checked.checks = vec![Check::Contains("welcome".to_owned())];
        assert_all(&run(checked, site.config()), carrier, Outcome::CheckFailed, 200);
    }
}

#[test]
fn a_reset_a_close_and_a_cut_answer_are_resets() {
    for (carrier, site) in sites(|seen| match seen.target.as_str() {
        "/reset" => Act::Reset,
        "/close" => Act::Close,
        _ => Act::Cut,
    }) {
        for (target, status) in [("/reset", 0), ("/close", 0), ("/cut", 200)] {
            let found = run(transaction("t", &site.url(target), 0.0), site.config());
            assert_all(&found, carrier, Outcome::Reset, status);
        }
    }
}

#[test]
fn a_connection_that_the_server_gives_up_is_replaced_without_a_failure() {
    for (carrier, site) in sites(|_| Act::LastAnswer(b"bye".to_vec())) {
        let done = records(
            &engine(
                &endless(transaction("t", &site.url("/"), 0.001)),
                site.config(),
                2,
            ),
            10,
        );
        assert_all(&done, carrier, Outcome::Ok, 200);
        assert!(site.connections() >= 10, "{carrier:?}: {}", site.connections());
    }
}

#[test]
fn time_limits_by_phase() {
    for (carrier, site) in sites(|seen| match seen.target.as_str() {
        "/deaf" => Act::Deaf,
        "/silent" => Act::Silent,
        _ => Act::Half,
    }) {
        let limited = |transaction: Transaction| Transaction {
            timeout_s: Some(0.3),
            ..transaction
        };
        for (asked, outcome, status) in [
            (
                transaction("t", &site.url("/silent"), 0.0),
                Outcome::TimeoutFirstByte,
                0,
            ),
            (
                transaction("t", &site.url("/half"), 0.0),
                Outcome::TimeoutBody,
                200,
            ),
            (
                posting(&site.url("/deaf"), &"x".repeat(20_000_000)),
                Outcome::TimeoutSend,
                0,
            ),
        ] {
            let engine = engine(&endless(limited(asked)), site.config(), 1);
            let found = records(&engine, 2);
            assert_all(&found, carrier, outcome, status);
            assert!(found.iter().all(|r| r.end_ns - r.start_ns >= 300_000_000));
            // Over HTTP/2 the stream alone is given up, unless the server does not even take that.
            let opened = found.iter().filter(|r| r.connect_start_ns > 0).count();
            match (carrier.is_http2(), outcome) {
                (false, _) => assert_eq!(
                    opened,
                    found.len(),
                    "{carrier:?}: a timed-out connection is dropped"
                ),
                (true, Outcome::TimeoutSend) => {}
                (true, _) => assert_eq!(opened, 1, "{carrier:?} {outcome:?}: {found:?}"),
            }
            let window = window_with(&engine, |w| w.transactions[0].timeouts() > 0);
            assert_eq!(window.transactions[0].served, 0);
        }
    }
}

/// Two transactions in turn without an end of the session, and so without a new connection where none is lost.
fn in_turn(one: Transaction, other: Transaction) -> Workload {
    crate::workloads::workload(vec![one, other], vec![vec![0.0, 1.0], vec![1.0, 0.0]])
}

#[test]
fn a_stream_that_fails_over_http2_leaves_the_connection_to_the_next() {
    for (target, outcome, status) in [
        ("/silent", Outcome::TimeoutFirstByte, 0),
        ("/half", Outcome::TimeoutBody, 200),
        ("/long", Outcome::TooLarge, 200),
        ("/reset", Outcome::Reset, 0),
    ] {
        for (carrier, site) in sites(|seen| match seen.target.as_str() {
            "/silent" => Act::Silent,
            "/half" => Act::Half,
            "/long" => page(&"x".repeat(50_000)),
            "/reset" => Act::Reset,
            _ => page("welcome"),
        })
        .filter(|(carrier, _)| carrier.is_http2())
        {
            let mut failing = transaction("failing", &site.url(target), 0.0);
            if matches!(outcome, Outcome::TimeoutFirstByte | Outcome::TimeoutBody) {
                failing.timeout_s = Some(0.3);
            }
            let config = EngineConfig {
                max_body_bytes: 10_000,
                ..site.config()
            };
            let next = transaction("next", &site.url("/"), 0.0);
            let done = records(&engine(&in_turn(failing, next), config, 1), 8);
            let ended: Vec<_> = done[..8].iter().map(|r| (r.outcome, r.status)).collect();
            let expected = [(outcome, status), (Outcome::Ok, 200)];
            assert_eq!(ended, expected.repeat(4), "{carrier:?} {target}");
            assert_eq!(site.connections(), 1, "{carrier:?} {target}");
            // Nothing is asked for twice.
            let seen = site.seen();
            let asked = seen.iter().filter(|seen| seen.target == target).count();
            assert!(asked <= seen.len() - asked + 1, "{carrier:?} {target}: {asked}");
        }
    }
}

#[test]
fn an_early_answer_to_a_long_request_counts() {
    for (carrier, site) in sites(|_| Act::Early(413)) {
        let found = run(posting(&site.url("/"), &"x".repeat(8_000_000)), site.config());
        assert_all(&found, carrier, Outcome::HttpError, 413);
    }
}

#[test]
fn too_large_a_head_or_body_ends_the_transaction() {
    for (carrier, site) in sites(|seen| match seen.target.as_str() {
        "/head" => Act::Answer(200, vec![("x", "y".repeat(60_000))], Vec::new()),
        _ => page(&"x".repeat(5_000)),
    }) {
        let small = || EngineConfig {
            max_header_bytes: 4_000,
            max_body_bytes: 1_000,
            ..site.config()
        };
        for target in ["/head", "/body"] {
            let found = run(transaction("t", &site.url(target), 0.0), small());
            assert!(
                found.iter().all(|r| r.outcome == Outcome::TooLarge),
                "{carrier:?} {target}: {found:?}"
            );
        }
    }
}

#[test]
fn cookies_redirects_and_extracted_values_go_with_the_session() {
    for (carrier, site) in sites(|seen| match seen.target.as_str() {
        "/login" => Act::Answer(
            302,
            vec![
                ("set-cookie", "a=1".to_owned()),
                ("set-cookie", "b=2; Path=/".to_owned()),
                ("location", "/home".to_owned()),
            ],
            Vec::new(),
        ),
        "/home" => Act::Answer(200, vec![("x-token", "42".to_owned())], b"id=7".to_vec()),
        _ => page("ok"),
    }) {
        let mut login = posting(&site.url("/login"), "user=x");
        login.follow_redirects = true;
        login.extractions = vec![Extraction {
            name: "token".to_owned(),
            from: Extractor::Header("X-Token".to_owned()),
        }];
        let mut next = transaction("next", &site.url("/next?t="), 0.0);
        next.url.parts.push(Part::Extracted("token".to_owned()));
        let done = records(&engine(&chain(vec![login, next]), site.config(), 1), 4);
        assert_all(&done, carrier, Outcome::Ok, 200);
        let seen = site.seen();
        let story: Vec<_> = seen[..4]
            .iter()
            .map(|s| {
                let cookie = s.fields.get("cookie").map_or("", String::as_str);
                (s.method.as_str(), s.target.as_str(), cookie)
            })
            .collect();
        let expected = [
            ("POST", "/login", ""),
            ("GET", "/home", "a=1; b=2"),
            ("GET", "/next?t=42", "a=1; b=2"),
            ("POST", "/login", ""),
        ];
        assert_eq!(story, expected, "{carrier:?}");
        // A session ends with its connection.
        assert_eq!((seen[2].connection, seen[3].connection), (0, 1), "{carrier:?}");
    }
}

#[test]
fn many_users_share_nothing() {
    for (carrier, site) in sites(|seen| page(seen.fields.get("cookie").map_or("", |cookie| cookie))) {
        let done = records(
            &engine(&endless(transaction("t", &site.url("/"), 0.0)), site.config(), 40),
            400,
        );
        assert_all(&done, carrier, Outcome::Ok, 200);
        assert_eq!(site.connections(), 40, "{carrier:?}");
        let users: std::collections::BTreeSet<u32> = done.iter().map(|r| r.user).collect();
        assert!(users.len() > 1, "{carrier:?}");
    }
}

#[test]
fn a_single_user_shows_what_it_got() {
    for (carrier, site) in sites(|_| Act::Answer(200, vec![("x-a", "b".to_owned())], b"text".to_vec())) {
        let workload = endless(transaction("t", &site.url("/"), 0.0));
        let mut user = SingleUser::with_script(&workload, Script::Navigation, &site.config()).expect("valid");
        for _ in 0..2 {
            let attempt = user.step().expect("endless");
            assert_eq!(
                (attempt.status, attempt.body.as_slice()),
                (200, &b"text"[..]),
                "{carrier:?}"
            );
            assert!(
                attempt.head.to_ascii_lowercase().contains("x-a: b"),
                "{carrier:?}: {}",
                attempt.head
            );
        }
        assert_eq!(site.connections(), 1, "{carrier:?}");
    }
}

#[test]
fn a_single_user_shows_the_resources_too() {
    for (carrier, site) in sites(|seen| match seen.target.as_str() {
        "/" => {
            let kind = vec![("content-type", "text/html".to_owned())];
            Act::Answer(200, kind, b"<img src=a><img src=b><img src=c>".to_vec())
        }
        "/a" => Act::Answer(302, vec![("location", "/d".to_owned())], Vec::new()),
        "/b" => Act::Answer(404, Vec::new(), Vec::new()),
        "/c" => Act::Close,
        _ => page("x"),
    }) {
        let config = EngineConfig {
            resources: true,
            ..site.config()
        };
        let workload = endless(transaction("t", &site.url("/"), 0.0));
        let mut user = SingleUser::in_session(&workload, &config).expect("valid");
        let attempt = user.step().expect("endless");
        let shown: Vec<_> = attempt
            .resources
            .iter()
            .map(|r| (r.url.as_str(), r.status, r.error.is_some()))
            .collect();
        let url = |target| site.url(target);
        let (a, b, c, d) = (url("/a"), url("/b"), url("/c"), url("/d"));
        let expected = [
            (&*a, 302, false),
            (&*d, 200, false),
            (&*b, 404, false),
            (&*c, 0, true),
        ];
        assert_eq!(shown, expected, "{carrier:?}");
        assert!(attempt.record.outcome.is_ok() && attempt.record.last_byte_ns <= attempt.record.end_ns);
    }
}

#[test]
fn the_version_is_agreed_on_or_refused() {
    // Whoever leaves the choice to the server gets what the server speaks.
    for (carrier, site) in sites(|_| page("x")) {
        let automatic = EngineConfig {
            http: Version::Auto,
            ..site.config()
        };
        let found = run(transaction("t", &site.url("/"), 0.0), automatic);
        match carrier {
            // Without TLS nothing can be agreed on, and HTTP/1.1 is not what this one speaks.
            Carrier::Http2 => assert!(found.iter().all(|r| !r.outcome.is_ok()), "{found:?}"),
            _ => assert_all(&found, carrier, Outcome::Ok, 200),
        }
    }
    for (served, asked, outcome) in [
        (Carrier::Http1Tls, Version::Http2, Outcome::Refused),
        (Carrier::Http2Tls, Version::Http1, Outcome::Refused),
        (Carrier::Http1, Version::Http2, Outcome::Malformed),
    ] {
        let site = CarriedSite::start(served, |_| page("x"));
        let config = EngineConfig {
            http: asked,
            ..site.config()
        };
        let found = run(transaction("t", &site.url("/"), 0.0), config);
        assert!(
            found
                .iter()
                .all(|r| matches!(r.outcome, o if o == outcome || o == Outcome::Reset)),
            "{served:?} {asked:?}: {found:?}"
        );
    }
}

#[test]
fn a_page_brings_its_resources_over_every_transport() {
    for (carrier, site) in sites(|seen| match seen.target.as_str() {
        "/" => {
            let html: String = (0..30).map(|i| format!("<img src={i}.png>")).collect();
            let kind = vec![("content-type", "text/html".to_owned())];
            Act::Answer(200, kind, format!("{html}<img src=kept.css>").into_bytes())
        }
        "/7.png" => Act::Answer(404, Vec::new(), Vec::new()),
        "/8.png" => Act::Answer(302, vec![("location", "/moved.png".to_owned())], Vec::new()),
        "/9.png" => Act::Reset,
        "/kept.css" => Act::Answer(
            200,
            vec![("cache-control", "max-age=600".to_owned())],
            b"b".to_vec(),
        ),
        _ => page(&"x".repeat(1_000)),
    }) {
        let mut whole = transaction("t", &site.url("/"), 0.0);
        whole.resources = true;
        let engine = engine(&endless(whole), site.config(), 1);
        let done = records(&engine, 5);
        assert_all(&done, carrier, Outcome::Ok, 200);
        assert!(
            done.iter().all(|r| r.bytes_received > 28_000),
            "{carrier:?} {done:?}"
        );
        drop(engine);
        let seen = site.seen();
        let asked = |target: &str| seen.iter().filter(|s| s.target == target).count();
        assert!(
            asked("/0.png") >= 5 && asked("/29.png") >= 5 && asked("/moved.png") >= 5,
            "{carrier:?}"
        );
        assert_eq!(asked("/kept.css"), 1, "{carrier:?}");
        if carrier.is_http2() {
            assert_eq!(site.connections(), 1, "all are streams of one connection");
        } else {
            // Each reset costs a connection or two.
            assert!(site.connections() >= 6, "{carrier:?}");
        }
    }
}
