//! Answers that no honest server sends, cut at every byte, through the pure reader.

use crate::site::{Request, Site, Step};
use crate::workloads::{chain, config, records, transaction};
use autoperf::load::{Engine, EngineConfig, Script};
use autoperf::transport::http1::{Fault, Item, Limits, ResponseReader};
use autoperf_models::record::Outcome;
use proptest::prelude::*;

mod cases;

const LIMITS: Limits = Limits {
    max_header_bytes: 300,
    max_body_bytes: 64,
};

/// How the reader ends: status, body and bytes left over, or the fault.
type Ending = Result<(u16, Vec<u8>, usize), Fault>;

fn read(answer: &[u8], cuts: &[usize], head_request: bool) -> Ending {
    let mut reader = ResponseReader::new(LIMITS);
    reader.begin(head_request);
    let (mut body, mut from) = (Vec::new(), 0);
    for to in cuts.iter().copied().chain([answer.len()]) {
        let mut input = &answer[from..to];
        from = to;
        loop {
            match reader.next(&mut input)? {
                Item::More => {
                    assert!(input.is_empty());
                    break;
                }
                Item::Head(head) => assert!(head.starts_with(b"HTTP/1.") && head.ends_with(b"\n")),
                Item::Body(piece) => body.extend_from_slice(piece),
                Item::Done => {
                    assert_eq!(reader.body_bytes(), body.len() as u64);
                    return Ok((reader.head().status, body, input.len() + answer.len() - to));
                }
            }
        }
    }
    reader.close()?;
    Ok((reader.head().status, body, 0))
}

fn kind(ending: &Ending) -> &'static str {
    match ending {
        Ok(_) => "ok",
        Err(Fault::Malformed(_)) => "malformed",
        Err(Fault::TooLarge(_)) => "too large",
        Err(Fault::Truncated) => "truncated",
        Err(Fault::NoAnswer) => "no answer",
    }
}

/// Answers and how they must end.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(Vec<u8>, &'static str)> {
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
    let chunked = |rest: &str| format!("{}{rest}", head("Transfer-Encoding: chunked"));
    let mut all: Vec<(String, &str)> = vec![
        (String::new(), "no answer"),
        ("HTTP/1.1 200 OK\r\n\r\n".to_owned(), "ok"),
        (format!("{}abc", head("Content-Length: 3")), "ok"),
        (format!("{}abcGARBAGE", head("Content-Length: 3")), "ok"),
        (format!("{}ab", head("Content-Length: 3")), "truncated"),
        (
            format!("{}abc", head("Content-Length: 3\r\nContent-Length: 3")),
            "ok",
        ),
        (
            format!("{}abc", head("Content-Length: 3\r\nContent-Length: 4")),
            "malformed",
        ),
        (format!("{}abc", head("Content-Length: 3, 3")), "ok"),
        (format!("{}abc", head("Content-Length: +3")), "malformed"),
        (format!("{}abc", head("Content-Length: 0x3")), "malformed"),
        (format!("{}abc", head("Content-Length:")), "malformed"),
        (head("Content-Length: 65"), "too large"),
        (head("Content-Length: 9223372036854775807"), "too large"),
        (head("Content-Length: 99999999999999999999999"), "malformed"),
        (format!("{}{}", head("X: y"), "b".repeat(64)), "ok"),
        (format!("{}{}", head("X: y"), "b".repeat(65)), "too large"),
        (head(&format!("X: {}", "y".repeat(400))), "too large"),
        (head(&"X: y\r\n".repeat(100)), "too large"),
        ("HTTP/1.1 200 OK\r\nX: y".to_owned(), "truncated"),
        ("HTTP/1.1 200".to_owned(), "truncated"),
        ("HTTP".to_owned(), "truncated"),
        ("HTTP/1.1 200 OK\nX: y\n\n".to_owned(), "ok"),
        ("HTTP/1.1  200 OK\r\n\r\n".to_owned(), "malformed"),
        ("HTTP/1.1 20x OK\r\n\r\n".to_owned(), "malformed"),
        ("HTTP/1.1 200OK\r\n\r\n".to_owned(), "malformed"),
        ("HTTP/1.x 200 OK\r\n\r\n".to_owned(), "malformed"),
        ("HTTP/2 200 OK\r\n\r\n".to_owned(), "malformed"),
        ("http/1.1 200 OK\r\n\r\n".to_owned(), "malformed"),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n".to_owned(), "malformed"),
        ("<html>no head at all</html>".to_owned(), "malformed"),
        ("220 mail.example ESMTP\r\n".to_owned(), "malformed"),
        (head("no colon here"), "malformed"),
        (head(": no name"), "malformed"),
        (head("bad name: x"), "malformed"),
        (head("name : x"), "malformed"),
        (head("n\u{e4}me: x"), "malformed"),
        (head("A: b\u{0}c"), "malformed"),
        (head("A: b\rc"), "malformed"),
        (head(" folded: first"), "malformed"),
        (head("A: b\r\n folded"), "ok"),
        (head("A:"), "ok"),
        (head("Connection: close"), "ok"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n".to_owned(), "malformed"),
        (
            format!("HTTP/1.1 100 Continue\r\n\r\n{}abc", head("Content-Length: 3")),
            "ok",
        ),
        ("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), "truncated"),
        ("HTTP/1.1 100 Continue\r\n\r\n".repeat(20), "malformed"),
        (
            "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nabcde".to_owned(),
            "ok",
        ),
        (
            "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "ok",
        ),
    ];
    for (rest, ending) in [
        ("0\r\n\r\n", "ok"),
        ("3\r\nabc\r\n0\r\n\r\n", "ok"),
        ("3;ext=\"a\"\r\nabc\r\n0\r\n\r\n", "ok"),
        ("3\nabc\n0\n\n", "ok"),
        ("03\r\nabc\r\n000\r\nTrailer: x\r\n\r\nmore", "ok"),
        ("3\r\nabc\r\n0\r\n", "truncated"),
        ("3\r\nab", "truncated"),
        ("3\r\nabcd\r\n", "malformed"),
        ("-3\r\nabc\r\n", "malformed"),
        ("\r\nabc\r\n", "malformed"),
        ("x\r\n", "malformed"),
        ("3 \r\nabc\r\n0\r\n\r\n", "ok"),
        ("41\r\n", "truncated"),
        ("FFFFFFFFFFFFFFFFF\r\n", "malformed"),
        ("10000000000000000\r\n", "malformed"),
        ("3\r\nabc0\r\n\r\n", "malformed"),
        ("0\r\n\rX", "malformed"),
    ] {
        all.push((chunked(rest), ending));
    }
    all.push((chunked(&"1\r\na\r\n".repeat(65)), "too large"));
    all.push((chunked(&format!("1;{}\r\n", "e".repeat(400))), "too large"));
    all.push((
        chunked(&format!("0\r\n{}\r\n", "T: x\r\n".repeat(100))),
        "too large",
    ));
    all.push((chunked(&format!("{}1\r\na", "0".repeat(400))), "malformed"));
    let tables = cases::TABLES.iter().copied().flatten();
    let tables = tables.map(|(bytes, ending)| (bytes.to_vec(), *ending));
    all.into_iter()
        .map(|(text, ending)| (text.into_bytes(), ending))
        .chain(tables)
        .collect()
}

#[test]
fn each_hostile_answer_has_its_ending_wherever_it_is_cut() {
    let mut tried = 0;
    for (answer, expected) in cases() {
        let whole = read(&answer, &[], false);
        assert_eq!(kind(&whole), expected, "{:?}", String::from_utf8_lossy(&answer));
        for cut in 0..=answer.len() {
            assert_eq!(
                read(&answer, &[cut], false),
                whole,
                "{:?} at {cut}",
                String::from_utf8_lossy(&answer)
            );
            tried += 1;
        }
        let every: Vec<usize> = (0..answer.len()).collect();
        assert_eq!(
            read(&answer, &every, false),
            whole,
            "{:?}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert!(
        cases().len() >= 200 && tried > 10_000,
        "{} {tried}",
        cases().len()
    );
}

/// The outcome of a transaction whose answer ends so.
fn outcome_of(kind: &str) -> Outcome {
    match kind {
        "ok" => Outcome::Ok,
        "malformed" => Outcome::Malformed,
        "too large" => Outcome::TooLarge,
        _ => Outcome::Reset,
    }
}

#[test]
fn each_hostile_answer_has_its_outcome_over_a_socket() {
    let all = cases();
    let site = Site::start(|request: &Request| {
        let number: usize = request.target[1..].parse().expect("a number");
        vec![Step::Bytes(cases()[number].0.clone()), Step::Close]
    });
    // One user meets them one after the other and goes on whatever happens.
    let session = (0..all.len()).map(|i| transaction("t", &site.url(&format!("/{i}")), 0.0));
    let config = EngineConfig {
        max_header_bytes: LIMITS.max_header_bytes,
        max_body_bytes: LIMITS.max_body_bytes,
        ..config()
    };
    let engine = Engine::start(&chain(session.collect()), Script::Navigation, config).expect("valid");
    engine.set_users(1);
    for record in records(&engine, all.len()).iter().take(all.len()) {
        let (answer, ending) = &all[usize::from(record.transaction)];
        assert_eq!(
            record.outcome,
            outcome_of(ending),
            "{:?} {record:?}",
            String::from_utf8_lossy(answer)
        );
    }
}

#[test]
fn an_honest_answer_cut_short_anywhere_is_never_taken_for_whole() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    ] {
        assert!(read(answer, &[], false).is_ok());
        for end in 0..answer.len() {
            assert!(read(&answer[..end], &[], false).is_err(), "{end}");
        }
    }
}

#[test]
fn the_answer_to_head_has_no_body() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n";
    assert_eq!(read(answer, &[], true), Ok((200, Vec::new(), 0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_it_panic_or_depend_on_the_cuts(
        start in prop::sample::select(vec![
            "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HTTP/1.0 404 x\r\nConnection: keep-alive\r\n",
        ]),
        rest in prop::collection::vec(prop::sample::select(b"\r\n: ;0123456789abcdefAF\tHTTP/.\0\xff-,Content-Length".to_vec()), 0..120),
        mut cuts in prop::collection::vec(0usize..160, 0..6),
    ) {
        let answer = [start.as_bytes(), &rest].concat();
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(answer.len()));
        cuts.sort_unstable();
        let (whole, cut) = (read(&answer, &[], false), read(&answer, &cuts, false));
        prop_assert_eq!(kind(&whole), kind(&cut));
        if whole.is_ok() {
            prop_assert_eq!(whole, cut);
        }
    }

    #[test]
    fn what_a_server_chunks_the_reader_joins(body in prop::collection::vec(any::<u8>(), 0..64), size in 1usize..20) {
        let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for piece in body.chunks(size) {
            answer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            answer.extend_from_slice(piece);
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(b"0\r\n\r\n");
        let every: Vec<usize> = (0..answer.len()).collect();
        prop_assert_eq!(read(&answer, &every, false), Ok((200, body, 0)));
    }
}
