//! Records what the site has received, so that a test can compare it with what was meant to be sent.

use super::http::Request;
use std::fmt::Write;

/// How many requests are kept; later ones are only counted.
const LIMIT: usize = 10_000;

/// The requests received so far, as JSON objects.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    entries: Vec<String>,
    dropped: u64,
}

impl Recorder {
    /// Keeps a request; `connection` tells requests of one connection from others.
    pub(super) fn record(&mut self, connection: u64, request: &Request) {
        if self.entries.len() >= LIMIT {
            self.dropped += 1;
            return;
        }
        let headers: Vec<_> = request
            .headers
            .iter()
            .map(|(n, v)| format!("[{},{}]", quoted(n), quoted(v)))
            .collect();
        let cookie = request.header("cookie").map_or_else(|| "null".to_owned(), quoted);
        self.entries.push(format!(
            "{{\"connection\":{connection},\"method\":{},\"path\":{},\"target\":{},\"headers\":[{}],\"cookie\":{cookie},\"body\":{}}}",
            quoted(&request.method),
            quoted(request.path()),
            quoted(&request.target),
            headers.join(","),
            quoted(&String::from_utf8_lossy(&request.body)),
        ));
    }

    /// The newest record.
    pub(super) fn last(&self) -> &str {
        self.entries.last().map_or("null", String::as_str)
    }

    /// All records, oldest first.
    pub(super) fn to_json(&self) -> String {
        format!(
            "{{\"dropped\":{},\"requests\":[{}]}}",
            self.dropped,
            self.entries.join(",\n")
        )
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> Request {
        Request {
            method: "POST".to_owned(),
            target: "/echo?a=1".to_owned(),
            headers: vec![("Cookie".to_owned(), "s=\"1\"".to_owned())],
            body: body.as_bytes().to_vec(),
            keep_alive: true,
        }
    }

    #[test]
    fn a_record_is_the_request_in_json() {
        let mut recorder = Recorder::default();
        recorder.record(3, &request("x=1\n\u{1}ü"));
        assert_eq!(
            recorder.last(),
            "{\"connection\":3,\"method\":\"POST\",\"path\":\"/echo\",\"target\":\"/echo?a=1\",\
             \"headers\":[[\"Cookie\",\"s=\\\"1\\\"\"]],\"cookie\":\"s=\\\"1\\\"\",\"body\":\"x=1\\u000a\\u0001ü\"}"
        );
    }

    #[test]
    fn beyond_the_limit_requests_are_counted_only() {
        let mut recorder = Recorder::default();
        (0..LIMIT + 5).for_each(|_| recorder.record(1, &request("")));
        assert!(recorder.to_json().starts_with("{\"dropped\":5,"));
        recorder.clear();
        assert_eq!(recorder.to_json(), "{\"dropped\":0,\"requests\":[]}");
    }
}
