//! The web tier's protocol, fed with bytes.

use super::*;

/// Receives a text and returns the actions.
fn receive(web: &mut Web, from: Connection, text: &str) -> Vec<Action> {
    let mut actions = Vec::new();
    web.received(from, &mut text.as_bytes().to_vec(), &mut actions);
    actions
}

fn get(web: &mut Web, from: Connection, target: &str) -> Vec<Action> {
    receive(web, from, &format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"))
}

/// The only action, an answer; as text.
fn sent(actions: &[Action]) -> (Connection, String, bool) {
    let [Action::Send { to, bytes, close }] = actions else {
        panic!("{actions:?}")
    };
    (*to, String::from_utf8(bytes.clone()).unwrap(), *close)
}

fn storage_reply(web: &mut Web, ticket: u64) -> Vec<Action> {
    let mut input = [
        &(8 + 9_u32).to_be_bytes()[..],
        &ticket.to_be_bytes(),
        b"lamp|1.50",
    ]
    .concat();
    let mut actions = Vec::new();
    web.received(UPSTREAM, &mut input, &mut actions);
    assert!(input.is_empty());
    actions
}

#[test]
fn a_transaction_visits_the_worker_then_the_storage_then_the_user() {
    let mut web = Web::default();
    let actions = get(&mut web, 4, "/browse?category=1&page=2");
    assert_eq!(
        actions,
        [Action::Work {
            ticket: 1,
            cpu_ns: 3_000_000
        }]
    );
    let mut actions = Vec::new();
    web.worked(1, &mut actions);
    assert_eq!(
        actions,
        [Action::Send {
            to: UPSTREAM,
            bytes: query(1, Kind::Browse),
            close: false
        }]
    );
    let (to, text, close) = sent(&storage_reply(&mut web, 1));
    assert_eq!((to, close), (4, false));
    assert!(
        text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("<td>lamp</td><td>1.50</td>"),
        "{text}"
    );
    assert!(text.contains("Set-Cookie: session=s1;"), "{text}");
    let (_, served, _) = sent(&get(&mut web, 4, "/served"));
    assert!(
        served.ends_with("{\"sessions\":1,\"served\":{\"Browse\":1,\"Search\":0,\"Buy\":0}}\n"),
        "{served}"
    );
}

#[test]
fn a_user_with_a_session_gets_no_second_one() {
    let mut web = Web::default();
    let text = "POST /buy HTTP/1.1\r\nCookie: session=s9\r\nContent-Length: 6\r\n\r\nitem=1";
    assert_eq!(
        receive(&mut web, 4, text),
        [Action::Work {
            ticket: 1,
            cpu_ns: 6_000_000
        }]
    );
    let (_, text, _) = sent(&storage_reply(&mut web, 1));
    assert!(!text.contains("Set-Cookie"), "{text}");
}

#[test]
fn a_second_request_on_a_connection_waits_for_the_first_answer() {
    let mut web = Web::default();
    let mut input = b"GET /browse HTTP/1.1\r\n\r\nGET /search HTTP/1.1\r\n\r\n".to_vec();
    let mut actions = Vec::new();
    web.received(4, &mut input, &mut actions);
    web.received(4, &mut input, &mut actions);
    assert_eq!(actions.len(), 1, "{actions:?}");
    storage_reply(&mut web, 1);
    web.received(4, &mut input, &mut actions);
    assert_eq!(
        actions[1..],
        [Action::Work {
            ticket: 2,
            cpu_ns: 4_000_000
        }]
    );
    assert!(input.is_empty());
}

#[test]
fn losing_the_storage_answers_502_now_and_later() {
    let mut web = Web::default();
    get(&mut web, 4, "/browse");
    let mut actions = Vec::new();
    web.closed(UPSTREAM, &mut actions);
    assert!(sent(&actions).1.starts_with("HTTP/1.1 502 "));
    get(&mut web, 4, "/search");
    actions.clear();
    web.worked(2, &mut actions);
    assert!(sent(&actions).1.starts_with("HTTP/1.1 502 "));
}

#[test]
fn pages_for_tests_answer_without_the_worker() {
    let mut web = Web::default();
    for (target, status) in [
        ("/", "200"),
        ("/status/500", "500"),
        ("/status/200", "200"),
        ("/status/9", "404"),
        ("/nowhere", "404"),
        ("/buy", "405"),
        ("/redirect?to=/x", "302"),
    ] {
        let (_, text, close) = sent(&get(&mut web, 4, target));
        assert!(
            text.starts_with(&format!("HTTP/1.1 {status} ")) && !close,
            "{target}: {text}"
        );
    }
    assert!(
        sent(&get(&mut web, 4, "/redirect?to=/x"))
            .1
            .contains("\r\nLocation: /x\r\n")
    );
    assert!(
        sent(&get(&mut web, 4, "/large?bytes=5"))
            .1
            .ends_with("\r\n\r\nxxxxx")
    );
    assert_eq!(get(&mut web, 4, "/hangup"), [Action::Close { whom: 4 }]);
    let slow = get(&mut web, 4, "/slow?ms=25");
    assert!(
        matches!(
            &slow[..],
            [Action::SendLater {
                delay_ns: 25_000_000,
                to: 4,
                close: false,
                ..
            }]
        ),
        "{slow:?}"
    );
}

#[test]
fn what_echo_received_is_in_the_record() {
    let mut web = Web::default();
    let text = "PUT /echo?a=1 HTTP/1.1\r\nX-Test: yes\r\nContent-Length: 2\r\n\r\nhi";
    let (_, echoed, _) = sent(&receive(&mut web, 4, text));
    let (_, record, _) = sent(&get(&mut web, 5, "/record?clear=1"));
    let body = echoed.split("\r\n\r\n").nth(1).unwrap();
    assert!(
        body.contains("[\"X-Test\",\"yes\"]") && body.contains("\"body\":\"hi\""),
        "{body}"
    );
    assert!(record.contains(body), "{record}");
    assert!(sent(&get(&mut web, 5, "/record")).1.contains("\"requests\":[]"));
}

#[test]
fn a_bad_request_is_answered_and_the_connection_closed() {
    let (to, text, close) = sent(&receive(&mut Web::default(), 4, "what?\r\n\r\n"));
    assert!(to == 4 && close && text.starts_with("HTTP/1.1 400 "), "{text}");
}
