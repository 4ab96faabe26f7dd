//! A page with its images, style sheets and scripts, against a site that remembers what it was asked.

use crate::site::{Request, Site, Step, bytes, page};
use crate::workloads::{chain, config, endless, records, start, transaction, window_with};
use autoperf::load::window::ResourceWindow;
use autoperf::load::{Engine, EngineConfig, Script};
use autoperf_inputs::workload::{Check, Part, Transaction};
use autoperf_models::record::Outcome;
use std::collections::BTreeMap;
use std::time::Duration;

fn html(body: &str) -> Vec<Step> {
    answer("Content-Type: text/html; charset=utf-8\r\n", body)
}

fn answer(fields: &str, body: &str) -> Vec<Step> {
    vec![bytes(&format!(
        "HTTP/1.1 200 OK\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))]
}

fn whole(url: &str) -> Transaction {
    Transaction {
        resources: true,
        ..transaction("page", url, 0.0)
    }
}

/// How often each target was asked for.
fn asked(site: &Site) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in site.requests() {
        *counts.entry(request.target).or_default() += 1;
    }
    counts
}

/// What became of resources in all windows, until as many pages as wanted have been served.
fn gathered(engine: &Engine, pages: u64) -> ResourceWindow {
    let (mut all, mut served) = (ResourceWindow::default(), 0);
    while served < pages {
        let window = window_with(engine, |_| true);
        served += window.served();
        all.merge(window.resources);
    }
    all
}

#[test]
fn a_page_ends_with_its_last_resource() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/" => html("<link rel=stylesheet href=s.css><img src=slow.png><script src=/a.js></script>"),
        "/slow.png" => [vec![Step::Pause(Duration::from_millis(30))], page("png")].concat(),
        _ => page("text"),
    });
    let engine = start(&endless(whole(&site.url("/"))));
    engine.set_users(1);
    let done = records(&engine, 5);
    for record in &done {
        assert!(record.outcome.is_ok(), "{record:?}");
        assert!(
            record.last_byte_ns - record.first_byte_ns >= 30_000_000,
            "{record:?}"
        );
        assert!(record.end_ns >= record.last_byte_ns);
        // Three more answers, each with a head.
        assert!(
            record.bytes_received > 200 && record.bytes_sent > 300,
            "{record:?}"
        );
    }
    drop(engine);
    let asked = asked(&site);
    for target in ["/s.css", "/slow.png", "/a.js"] {
        assert!(asked[target] >= 5, "{asked:?}");
    }
    // The page's own connection, and two more for what it names at once.
    assert_eq!(site.connections(), 3);
}

#[test]
fn no_more_than_six_connections_and_all_of_them_kept() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/" => html(&(0..20).map(|i| format!("<img src=/{i}>")).collect::<String>()),
        _ => [vec![Step::Pause(Duration::from_millis(2))], page("x")].concat(),
    });
    let engine = start(&endless(whole(&site.url("/"))));
    engine.set_users(1);
    let done = records(&engine, 4);
    assert!(done.iter().all(|r| r.outcome.is_ok()));
    assert_eq!(site.connections(), 6);
    // Twenty on six connections, two milliseconds each, take no less than four rounds.
    assert!(done.iter().all(|r| r.end_ns - r.start_ns >= 8_000_000));
}

#[test]
fn what_the_session_has_is_not_asked_for_again_until_it_ends() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/" => html("<img src=fresh.png><img src=tagged.png><img src=never.png><img src=fresh.png#again>"),
        "/fresh.png" => answer("Cache-Control: max-age=3600\r\n", "x"),
        "/tagged.png" if request.field("if-none-match") == Some("\"v1\"") => {
            vec![bytes("HTTP/1.1 304 Not Modified\r\n\r\n")]
        }
        "/tagged.png" => answer("ETag: \"v1\"\r\nCache-Control: no-cache\r\n", "x"),
        _ => answer("Cache-Control: no-store\r\n", "x"),
    });
    let five: Vec<_> = (0..5).map(|_| whole(&site.url("/"))).collect();
    let engine = start(&chain(five));
    engine.set_users(1);
    let counts = gathered(&engine, 10);
    let done = records(&engine, 10);
    assert!(done.iter().all(|r| r.outcome.is_ok()));
    drop(engine);
    let asked = asked(&site);
    let pages = asked["/"];
    let sessions = pages.div_ceil(5);
    assert!(asked["/fresh.png"] <= sessions, "{asked:?}");
    assert!(
        asked["/never.png"] + 1 >= pages && asked["/tagged.png"] + 1 >= pages,
        "{asked:?}"
    );
    assert!(
        counts.cached > 0 && counts.unchanged > 0 && counts.fetched > 0,
        "{counts:?}"
    );
    assert_eq!(counts.failed, 0);
    let first: Vec<_> = site
        .requests()
        .into_iter()
        .filter(|request| request.target == "/tagged.png")
        .map(|request| request.field("if-none-match").map(str::to_owned))
        .take(6)
        .collect();
    let tag = Some("\"v1\"".to_owned());
    assert_eq!(first, [None, tag.clone(), tag.clone(), tag.clone(), tag, None]);
}

#[test]
fn failures_are_counted_by_address_and_the_page_still_counts() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/" => html(
            "<img src=gone.png><img src=broken.png><img src=closed.png><img src=good.png><img src=moved.png>",
        ),
        "/gone.png" => vec![bytes("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")],
        "/broken.png" => vec![bytes("no HTTP at all\r\n\r\n"), Step::Close],
        "/closed.png" => vec![Step::Close],
        "/moved.png" => vec![bytes(
            "HTTP/1.1 302 Found\r\nLocation: /there.png\r\nContent-Length: 0\r\n\r\n",
        )],
        _ => page("x"),
    });
    let engine = start(&endless(whole(&site.url("/"))));
    engine.set_users(2);
    let counts = gathered(&engine, 10);
    assert!(
        records(&engine, 10)
            .iter()
            .all(|r| r.outcome.is_ok() && r.status == 200)
    );
    let failed: Vec<_> = counts.failures.keys().cloned().collect();
    let expected = ["/broken.png", "/closed.png", "/gone.png"].map(|target| site.url(target));
    assert_eq!(failed, expected, "{counts:?}");
    assert_eq!(counts.failed, counts.failures.values().sum::<u64>());
    assert!(
        counts.fetched >= 20 && asked(&site)["/there.png"] >= 10,
        "{counts:?}"
    );
}

#[test]
fn cookies_and_links_of_the_page_work_as_without_resources() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/" => answer(
            "Content-Type: text/html\r\nSet-Cookie: a=1\r\n",
            "<img src=i.png><a href='/item/7'>seven</a>",
        ),
        "/i.png" => answer("Set-Cookie: b=2\r\n", "x"),
        _ => page("item"),
    });
    let mut item = transaction("item", &site.url("/item/"), 0.0);
    item.from_last_page = true;
    item.url.parts.push(Part::FromPage(0));
    item.checks = vec![Check::Contains("item".to_owned())];
    let engine = start(&chain(vec![whole(&site.url("/")), item]));
    engine.set_users(1);
    assert!(records(&engine, 4).iter().all(|r| r.outcome.is_ok()));
    drop(engine);
    let story: Vec<_> = site
        .requests()
        .iter()
        .take(4)
        .map(|r| (r.target.clone(), r.field("cookie").unwrap_or("").to_owned()))
        .collect();
    let expected = [("/", ""), ("/i.png", "a=1"), ("/item/7", "a=1; b=2"), ("/", "")];
    assert_eq!(story, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn the_time_limit_holds_for_the_resources_too() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/" => html("<img src=never.png><img src=good.png>"),
        "/never.png" => vec![Step::Hang],
        _ => page("x"),
    });
    let limited = Transaction {
        timeout_s: Some(0.2),
        ..whole(&site.url("/"))
    };
    let engine = start(&endless(limited));
    engine.set_users(1);
    for record in records(&engine, 3) {
        assert_eq!(record.outcome, Outcome::TimeoutBody);
        assert!(record.end_ns - record.start_ns >= 200_000_000);
    }
    let window = window_with(&engine, |w| w.resources.failed > 0);
    assert_eq!(
        window.resources.failures.keys().collect::<Vec<_>>(),
        [&site.url("/never.png")]
    );
}

#[test]
fn only_pages_bring_resources_and_only_where_it_is_asked() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/text" => answer("Content-Type: text/plain\r\n", "<img src=i.png>"),
        "/error" => vec![bytes(
            "HTTP/1.1 500 No\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<img src=i.png>",
        )],
        _ => html("<img src=i.png>"),
    });
    for (one, asks) in [
        (whole(&site.url("/text")), false),
        (whole(&site.url("/error")), false),
        (transaction("plain", &site.url("/"), 0.0), false),
        (whole(&site.url("/")), true),
    ] {
        let engine = start(&endless(one.clone()));
        engine.set_users(1);
        let _ = records(&engine, 3);
        drop(engine);
        assert_eq!(asked(&site).contains_key("/i.png"), asks, "{}", one.name);
    }
    // For all transactions at once.
    let config = EngineConfig {
        resources: true,
        ..config()
    };
    let plain = endless(transaction("plain", &site.url("/"), 0.0));
    let before = asked(&site)["/i.png"];
    let engine = Engine::start(&plain, Script::Navigation, config).expect("valid");
    engine.set_users(1);
    let _ = records(&engine, 3);
    assert!(asked(&site)["/i.png"] > before);
}

#[test]
fn users_that_leave_within_a_page_finish_it() {
    let site = Site::start(|request: &Request| match request.target.as_str() {
        "/" => html("<img src=a.png>"),
        _ => [vec![Step::Pause(Duration::from_millis(20))], page("x")].concat(),
    });
    let engine = start(&endless(whole(&site.url("/"))));
    engine.set_users(4);
    let _ = records(&engine, 4);
    engine.set_users(0);
    let window = window_with(&engine, |w| w.users == 0 && w.generator.connections == 0);
    assert_eq!(window.users, 0);
}
