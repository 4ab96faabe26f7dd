//! Requests as the server sees them: places, forms, links of the last page, redirects.

use crate::site::{Request, Site, bytes, page};
use crate::workloads::{chain, config, endless, records, start, text, transaction};
use autoperf::load::{Engine, EngineConfig, Script};
use autoperf_inputs::workload::{Body, Extraction, Extractor, Method, Part, Source, Template, Transaction};
use autoperf_models::record::Outcome;
use std::collections::BTreeMap;

fn source(name: &str, values: &[&str], unique: bool) -> Part {
    let values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
    Part::Sequence(Source {
        name: name.to_owned(),
        values: values.into(),
        unique,
    })
}

fn template(parts: Vec<Part>) -> Template {
    Template { parts }
}

fn literal(text: &str) -> Part {
    Part::Literal(text.to_owned())
}

#[test]
fn sequences_are_drawn_evenly_and_encoded_where_needed() {
    let site = Site::constant("x");
    let url = template(vec![
        literal(&site.url("/day?y=20")),
        source("a", &["0", "1", "2"], false),
        source("b", &["5", "6 7"], false),
        literal("&end#fragment"),
    ]);
    let engine = start(&endless(Transaction {
        url,
        ..transaction("t", "", 0.0)
    }));
    engine.set_users(2);
    records(&engine, 600);
    drop(engine);
    let mut counts = BTreeMap::<String, u32>::new();
    for request in site.requests().into_iter().take(600) {
        *counts.entry(request.target).or_default() += 1;
    }
    assert_eq!(counts.len(), 6, "{counts:?}");
    assert!(
        counts
            .keys()
            .all(|k| k.starts_with("/day?y=20") && k.ends_with("&end"))
    );
    assert!(counts.contains_key("/day?y=2026%207&end"));
    assert!(counts.values().all(|n| (60..145).contains(n)), "{counts:?}");
}

#[test]
fn unique_values_belong_to_one_user_each() {
    let site = Site::constant("x");
    let url = template(vec![
        literal(&site.url("/u/")),
        source("id", &["a", "b", "c", "d"], true),
    ]);
    let config = EngineConfig {
        shards: Some(2),
        ..config()
    };
    let workload = endless(Transaction {
        url,
        ..transaction("t", "", 0.001)
    });
    let engine = Engine::start(&workload, Script::Navigation, config).expect("valid");
    engine.set_users(4);
    records(&engine, 200);
    drop(engine);
    let mut by_connection = BTreeMap::<usize, Vec<String>>::new();
    for request in site.requests() {
        by_connection
            .entry(request.connection)
            .or_default()
            .push(request.target);
    }
    assert_eq!(by_connection.len(), 4);
    let mut owned: Vec<String> = by_connection
        .into_values()
        .map(|mut targets| {
            targets.dedup();
            assert_eq!(targets.len(), 1, "{targets:?}");
            targets.remove(0)
        })
        .collect();
    owned.sort();
    assert_eq!(owned, ["/u/a", "/u/b", "/u/c", "/u/d"]);
}

#[test]
fn a_form_carries_what_was_extracted() {
    let site = Site::start(|request: &Request| {
        if request.method == "GET" {
            page("<input name=\"csrf\" value=\"a+b/c=\">")
        } else {
            page("ok")
        }
    });
    let mut get = transaction("get", &site.url("/login"), 0.0);
    let from = Extractor::Regex("name=\"csrf\" value=\"([^\"]*)\"".to_owned());
    get.extractions = vec![Extraction {
        name: "csrf".to_owned(),
        from,
    }];
    let mut post = transaction("post", &site.url("/login"), 0.0);
    post.method = Method::Post;
    post.headers = vec![
        (
            "X-Token".to_owned(),
            template(vec![literal("t="), Part::Extracted("csrf".to_owned())]),
        ),
        ("User-Agent".to_owned(), text("special")),
    ];
    post.body = Some(Body {
        content_type: "application/x-www-form-urlencoded".to_owned(),
        text: template(vec![
            literal("user=a%20b&pw="),
            source("pw", &["x%21"], false),
            literal("&csrf="),
            Part::Extracted("csrf".to_owned()),
        ]),
    });
    let engine = start(&chain(vec![get, post]));
    engine.set_users(1);
    assert!(records(&engine, 10).iter().all(|r| r.outcome.is_ok()));
    drop(engine);
    for request in site.requests().iter().filter(|r| r.method == "POST") {
        assert_eq!(request.body, "user=a%20b&pw=x%21&csrf=a%2Bb%2Fc%3D");
        assert_eq!(
            request.field("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        assert_eq!(request.field("x-token"), Some("t=a+b/c="));
        assert_eq!(request.field("user-agent"), Some("special"));
        assert_eq!(
            request
                .fields
                .iter()
                .filter(|(n, _)| n.eq_ignore_ascii_case("user-agent"))
                .count(),
            1
        );
    }
}

fn linked(site: &Site) -> Transaction {
    let url = template(vec![literal(&site.url("/cal/day.php?date=")), Part::FromPage(0)]);
    Transaction {
        url,
        from_last_page: true,
        ..transaction("day", "", 0.0)
    }
}

#[test]
fn a_link_is_taken_from_the_last_page() {
    let site = Site::start(|request: &Request| {
        if request.target.starts_with("/cal/month") {
            page(
                "<a href=\"day.php?date=1&amp;x=y\"> <a href='/cal/day.php?date=2'> <a href=\"/cal/week.php?date=3\">",
            )
        } else {
            page("no links")
        }
    });
    let month = transaction("month", &site.url("/cal/month.php"), 0.0);
    let engine = start(&chain(vec![month.clone(), linked(&site)]));
    engine.set_users(2);
    assert!(records(&engine, 100).iter().all(|r| r.outcome.is_ok()));
    drop(engine);
    let mut targets: Vec<String> = site
        .requests()
        .into_iter()
        .map(|r| r.target)
        .filter(|t| t.contains("day.php"))
        .collect();
    targets.sort();
    targets.dedup();
    assert_eq!(targets, ["/cal/day.php?date=1&x=y", "/cal/day.php?date=2"]);
    // A page without such a link leaves nothing to ask for.
    let engine = start(&chain(vec![month, linked(&site), linked(&site)]));
    engine.set_users(1);
    let failed: Vec<_> = records(&engine, 12)
        .into_iter()
        .filter(|r| r.transaction == 2)
        .collect();
    assert!(
        !failed.is_empty()
            && failed
                .iter()
                .all(|r| r.outcome == Outcome::CheckFailed && r.bytes_sent == 0)
    );
}

#[test]
fn redirects_are_followed_when_asked() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/start" => vec![bytes(
            "HTTP/1.1 302 Found\r\nLocation: deeper/?a\r\nSet-Cookie: s=1; Path=/\r\nContent-Length: 2\r\n\r\nhi",
        )],
        "/deeper/?a" => vec![bytes(
            "HTTP/1.1 307 Again\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n",
        )],
        "/loop" => vec![bytes(
            "HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n",
        )],
        "/away" => vec![bytes(
            "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",
        )],
        _ => page("end"),
    });
    let following = |target: &str| {
        let mut t = transaction(target, &site.url(target), 0.0);
        t.follow_redirects = true;
        t
    };
    let mut posting = following("/start");
    posting.method = Method::Post;
    posting.body = Some(Body {
        content_type: "text/plain".to_owned(),
        text: text("body"),
    });
    let engine = start(&endless(posting));
    engine.set_users(1);
    let done = records(&engine, 3);
    assert!(
        done.iter().all(|r| r.outcome.is_ok() && r.status == 200),
        "{done:?}"
    );
    drop(engine);
    let seen: Vec<_> = site
        .requests()
        .into_iter()
        .take(3)
        .map(|r| (r.method, r.target, r.body))
        .collect();
    let expected = [
        ("POST", "/start", "body"),
        ("GET", "/deeper/?a", ""),
        ("GET", "/end", ""),
    ];
    assert_eq!(
        seen,
        expected.map(|(m, t, b)| (m.to_owned(), t.to_owned(), b.to_owned()))
    );
    assert!(site.requests()[1].field("cookie") == Some("s=1") && site.connections() == 1);
    for target in ["/loop", "/away"] {
        let engine = start(&endless(following(target)));
        engine.set_users(1);
        assert!(
            records(&engine, 2)
                .iter()
                .all(|r| r.outcome == Outcome::CheckFailed && r.status == 302)
        );
    }
}
