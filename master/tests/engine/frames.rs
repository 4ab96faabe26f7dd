//! What a server of HTTP/2 may send, honest or not, frame by frame and cut at every byte, through the pure streams.

use autoperf::transport::Failure;
use autoperf::transport::connection::Keep;
use autoperf::transport::http1::{Fault, Limits, head};
use autoperf::transport::http2::{Http2, State};

const LIMITS: Limits = Limits {
    max_header_bytes: 300,
    max_body_bytes: 64,
};
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;
/// `:status: 200` in HPACK.
const STATUS_200: u8 = 0x88;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A field in HPACK without any table.
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        bytes.push(u8::try_from(text.len()).expect("short"));
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn ok_head(flags: u8, stream: u32, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = vec![STATUS_200];
    for (name, value) in fields {
        block.extend(field(name, value));
    }
    frame(HEADERS, flags | END_HEADERS, stream, &block)
}

fn greeting() -> Vec<u8> {
    [frame(SETTINGS, 0, 0, &[]), frame(SETTINGS, ACK, 0, &[])].concat()
}

/// How an exchange on stream 1 ends when the server sends that and closes.
fn ending(bytes: &[u8], cut: usize) -> (&'static str, u16, Vec<u8>) {
    let mut http2 = Http2::new(LIMITS, false).expect("begins");
    let keep = Keep {
        head: true,
        body: true,
    };
    http2.submit([REQUEST], keep);
    let mut out = Vec::new();
    for piece in [&bytes[..cut], &bytes[cut..]] {
        if !piece.is_empty() {
            http2.feed(piece);
            http2.take_outgoing(&mut out);
        }
    }
    http2.close();
    assert_eq!(http2.state(), State::Over);
    let part = http2.part(0).expect("one was asked for");
    let kind = match part.failure {
        None => "ok",
        Some(Failure::Reset(_)) => "reset",
        Some(Failure::Answer(Fault::TooLarge(_))) => "too large",
        Some(Failure::Answer(_)) => "malformed",
        Some(other) => panic!("{other:?}"),
    };
    (kind, part.head.status, part.body_bytes.to_vec())
}

/// Frames behind the greeting, how the exchange ends, and with which status.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str, u16)> {
    let page = ok_head(0, 1, &[]);
    let four = |number: u32| number.to_be_bytes();
    let goaway = |last: u32| frame(GOAWAY, 0, 0, &[four(last), four(0)].concat());
    vec![
        ("nothing", vec![], "reset", 0),
        ("head alone", ok_head(END_STREAM, 1, &[]), "ok", 200),
        (
            "page",
            [page.clone(), frame(DATA, END_STREAM, 1, b"abc")].concat(),
            "ok",
            200,
        ),
        (
            "page in pieces",
            [
                page.clone(),
                frame(DATA, 0, 1, b"a"),
                frame(DATA, 0, 1, b""),
                frame(DATA, END_STREAM, 1, b"bc"),
            ]
            .concat(),
            "ok",
            200,
        ),
        (
            "padded",
            [page.clone(), frame(DATA, END_STREAM | 8, 1, b"\x03abc\0\0\0")].concat(),
            "ok",
            200,
        ),
        (
            "trailers",
            [
                page.clone(),
                frame(DATA, 0, 1, b"abc"),
                frame(HEADERS, END_HEADERS | END_STREAM, 1, &field("t", "x")),
            ]
            .concat(),
            "ok",
            200,
        ),
        (
            "continuation",
            [
                frame(HEADERS, END_STREAM, 1, &[STATUS_200]),
                frame(CONTINUATION, END_HEADERS, 1, &field("a", "b")),
            ]
            .concat(),
            "ok",
            200,
        ),
        (
            "interim",
            [
                frame(HEADERS, END_HEADERS, 1, &field(":status", "103")),
                ok_head(END_STREAM, 1, &[]),
            ]
            .concat(),
            "ok",
            200,
        ),
        (
            "an unknown kind of frame",
            [frame(99, 0, 0, b"x"), ok_head(END_STREAM, 1, &[])].concat(),
            "ok",
            200,
        ),
        (
            "going away after the answer",
            [goaway(1), ok_head(END_STREAM, 1, &[])].concat(),
            "ok",
            200,
        ),
        ("going away before it", goaway(0), "reset", 0),
        ("reset at once", frame(RST_STREAM, 0, 1, &four(8)), "reset", 0),
        (
            "reset within the body",
            [
                page.clone(),
                frame(DATA, 0, 1, b"a"),
                frame(RST_STREAM, 0, 1, &four(2)),
            ]
            .concat(),
            "reset",
            200,
        ),
        (
            "closed within the body",
            [page.clone(), frame(DATA, 0, 1, b"a")].concat(),
            "reset",
            200,
        ),
        (
            "closed within a frame",
            page[..page.len() - 1].to_vec(),
            "reset",
            0,
        ),
        (
            "shorter than it said",
            [
                ok_head(0, 1, &[("content-length", "9")]),
                frame(DATA, END_STREAM, 1, b"abc"),
            ]
            .concat(),
            "malformed",
            200,
        ),
        (
            "longer than it said",
            [
                ok_head(0, 1, &[("content-length", "1")]),
                frame(DATA, END_STREAM, 1, b"abc"),
            ]
            .concat(),
            "malformed",
            200,
        ),
        (
            "a length that is none",
            ok_head(END_STREAM, 1, &[("content-length", "x")]),
            "malformed",
            0,
        ),
        (
            "a body beyond the limit",
            [page.clone(), frame(DATA, END_STREAM, 1, &[b'x'; 65])].concat(),
            "too large",
            200,
        ),
        (
            "an announced one",
            ok_head(0, 1, &[("content-length", "65")]),
            "too large",
            200,
        ),
        (
            "a head beyond the limit",
            ok_head(
                END_STREAM,
                1,
                &[
                    ("a", &"x".repeat(100)),
                    ("b", &"x".repeat(100)),
                    ("c", &"x".repeat(100)),
                ],
            ),
            "too large",
            200,
        ),
        (
            "no status",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &field("a", "b")),
            "malformed",
            0,
        ),
        (
            "upper case",
            ok_head(END_STREAM, 1, &[("Bad", "x")]),
            "malformed",
            0,
        ),
        (
            "a field of HTTP/1.1",
            ok_head(END_STREAM, 1, &[("connection", "close")]),
            "malformed",
            0,
        ),
        ("data before the head", frame(DATA, 0, 1, b"abc"), "malformed", 0),
        ("data for nobody", frame(DATA, 0, 7, b"abc"), "malformed", 0),
        (
            "broken HPACK",
            frame(HEADERS, END_HEADERS, 1, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            "malformed",
            0,
        ),
        (
            "a push that was forbidden",
            frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82]),
            "malformed",
            0,
        ),
        (
            "a window that overflows",
            frame(WINDOW_UPDATE, 0, 0, &four(0x7fff_ffff)),
            "malformed",
            0,
        ),
        (
            "a window of nothing",
            frame(WINDOW_UPDATE, 0, 0, &four(0)),
            "malformed",
            0,
        ),
        (
            "a ping of the wrong length",
            frame(PING, 0, 0, b"1234"),
            "malformed",
            0,
        ),
        (
            "a frame that is too long",
            frame(DATA, 0, 1, &[0; 20_000]),
            "malformed",
            0,
        ),
        (
            "a continuation of nothing",
            frame(CONTINUATION, END_HEADERS, 1, &[STATUS_200]),
            "malformed",
            0,
        ),
    ]
}

#[test]
fn each_answer_has_its_ending_wherever_it_is_cut() {
    for (name, frames, kind, status) in cases() {
        let bytes = [greeting(), frames].concat();
        let whole = ending(&bytes, bytes.len());
        assert_eq!((whole.0, whole.1), (kind, status), "{name}");
        for cut in (0..bytes.len()).take(400) {
            assert_eq!(ending(&bytes, cut), whole, "{name} cut at {cut}");
        }
    }
}

#[test]
fn a_server_that_speaks_something_else_is_malformed() {
    for text in [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail ESMTP ready\r\n",
    ] {
        assert_eq!(ending(text.as_bytes(), 5).0, "malformed", "{text}");
    }
}

#[test]
fn the_head_can_be_read_as_that_of_http1() {
    let mut http2 = Http2::new(LIMITS, false).expect("begins");
    let keep = Keep {
        head: true,
        body: false,
    };
    http2.submit([REQUEST], keep);
    http2.feed(&greeting());
    http2.feed(&ok_head(0, 1, &[("set-cookie", "a=b"), ("x", "y")]));
    http2.feed(&frame(DATA, END_STREAM, 1, b"abc"));
    let part = http2.part(0).expect("one");
    assert!(part.failure.is_none() && part.head.sets_cookie && part.body_bytes.is_empty());
    assert_eq!(head::field(part.head_bytes, "Set-Cookie"), Some(&b"a=b"[..]));
    assert!(http2.is_usable());
}

#[test]
fn more_requests_than_the_server_takes_wait_for_each_other() {
    let mut http2 = Http2::new(LIMITS, false).expect("begins");
    // Settings: at most one stream at a time (0x3).
    http2.feed(&frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]));
    let mut out = Vec::new();
    http2.take_outgoing(&mut out);
    http2.submit([REQUEST, REQUEST, REQUEST], Keep::default());
    let mut asked = Vec::new();
    for stream in [1, 3, 5] {
        out.clear();
        http2.take_outgoing(&mut out);
        asked.push(
            out.windows(9)
                .filter(|w| w[3] == HEADERS && w[5..8] == [0; 3] && w[..2] == [0; 2])
                .count(),
        );
        assert_eq!(http2.state(), State::Pending);
        http2.feed(&ok_head(END_STREAM, stream, &[]));
    }
    assert_eq!((asked, http2.state()), (vec![1, 1, 1], State::Over));
    assert!((0..3).all(|at| http2.part(at).is_some_and(|part| part.failure.is_none())));
    assert!(http2.is_usable());
}

#[test]
fn a_ping_is_answered_while_nothing_goes_on() {
    let mut http2 = Http2::new(LIMITS, false).expect("begins");
    http2.feed(&greeting());
    let mut out = Vec::new();
    http2.take_outgoing(&mut out);
    out.clear();
    http2.feed(&frame(PING, 0, 0, b"12345678"));
    http2.take_outgoing(&mut out);
    assert_eq!(out, frame(PING, ACK, 0, b"12345678"));
    http2.feed(&frame(GOAWAY, 0, 0, &[0; 8]));
    assert!(!http2.is_usable());
}

/// Frames of a kind on a stream in what was sent.
fn sent(mut bytes: &[u8], kind: u8, stream: u32) -> Vec<&[u8]> {
    let mut found = Vec::new();
    if let Some(rest) = bytes.strip_prefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
        bytes = rest;
    }
    while let Some((head, rest)) = bytes.split_at_checked(9) {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (payload, rest) = rest.split_at_checked(length).expect("whole frames");
        if head[3] == kind && head[5..9] == stream.to_be_bytes() {
            found.push(payload);
        }
        bytes = rest;
    }
    found
}

/// RFC 9113 section 5.4.2: a stream that nobody waits for any more is reset, and what still comes for it harms nobody.
#[test]
fn what_is_given_up_is_cancelled_and_the_connection_goes_on() {
    for begun in [false, true] {
        let mut http2 = Http2::new(LIMITS, false).expect("begins");
        let keep = Keep {
            head: true,
            body: true,
        };
        http2.submit([REQUEST], keep);
        http2.feed(&greeting());
        if begun {
            http2.feed(&[ok_head(0, 1, &[]), frame(DATA, 0, 1, b"ab")].concat());
        }
        let mut out = Vec::new();
        http2.take_outgoing(&mut out);
        assert_eq!(sent(&out, RST_STREAM, 1), [&[0_u8; 0]; 0]);
        out.clear();
        http2.cancel();
        assert!(http2.is_usable() && http2.state() == State::Over);
        http2.take_outgoing(&mut out);
        assert_eq!(sent(&out, RST_STREAM, 1), [8_u32.to_be_bytes()], "CANCEL");
        http2.forget();
        http2.submit([REQUEST], keep);
        out.clear();
        http2.take_outgoing(&mut out);
        assert_eq!(sent(&out, HEADERS, 3).len(), 1);
        let late = if begun {
            frame(DATA, END_STREAM, 1, b"c")
        } else {
            ok_head(END_STREAM, 1, &[])
        };
        http2.feed(&[late, ok_head(0, 3, &[]), frame(DATA, END_STREAM, 3, b"xyz")].concat());
        let part = http2.part(0).expect("one was asked for");
        assert!(part.failure.is_none(), "{:?}", part.failure);
        assert_eq!((part.head.status, part.body_bytes), (200, &b"xyz"[..]));
        assert!(http2.is_usable());
    }
}

/// A head of so many fields of about 100 bytes, cut into frames.
fn long_head(fields: usize) -> Vec<u8> {
    let block = [vec![STATUS_200], field("a", &"x".repeat(100)).repeat(fields)].concat();
    let mut pieces = block.chunks(1_000);
    let mut bytes = frame(HEADERS, END_STREAM, 1, pieces.next().unwrap_or_default());
    for piece in pieces {
        bytes.extend(frame(CONTINUATION, 0, 1, piece));
    }
    bytes.extend(frame(CONTINUATION, END_HEADERS, 1, &[]));
    bytes
}

/// The limit is 300 bytes. h2 hands on a head of up to 16 times that, calls a longer one a breach of the protocol, and ends the
/// connection with one that is longer still, long before it has filled the memory.
#[test]
fn a_head_that_is_too_long_is_too_large_however_long_it_is() {
    for fields in [4, 30, 40, 60, 100, 200, 5_000] {
        let bytes = [greeting(), long_head(fields)].concat();
        let whole = ending(&bytes, bytes.len());
        assert_eq!(whole.0, "too large", "{fields}");
        for cut in (0..bytes.len().min(6_000)).step_by(97) {
            assert_eq!(ending(&bytes, cut), whole, "{fields} fields cut at {cut}");
        }
    }
}
