//! HTTP/1.1 as bytes in, requests out, and answers as bytes: no socket, no clock.

/// Largest request head, bytes.
const HEAD_LIMIT: usize = 16 * 1024;

/// Largest request body, bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// A request, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query as sent.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether the client wants to keep the connection.
    pub(super) keep_alive: bool,
}

impl Request {
    /// The target without its query.
    pub(super) fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The value of a query parameter, not decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// The first header of this name, in whatever case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The value of a cookie.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split(';');
        pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(n, v)| (n == name).then_some(v))
    }
}

/// What the bytes received so far are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// More must come.
    Incomplete,
    /// A request, and how many bytes it took.
    Complete(Request, usize),
    /// Not acceptable; the status to answer before closing.
    Refused(u16),
}

/// Reads the first request of what has been received.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let Some(head_length) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return if bytes.len() > HEAD_LIMIT {
            Parsed::Refused(431)
        } else {
            Parsed::Incomplete
        };
    };
    if head_length > HEAD_LIMIT {
        return Parsed::Refused(431);
    }
    let Some(mut request) = std::str::from_utf8(&bytes[..head_length])
        .ok()
        .and_then(parse_head)
    else {
        return Parsed::Refused(400);
    };
    if request.header("transfer-encoding").is_some() {
        return Parsed::Refused(501);
    }
    let Ok(body_length) = request.header("content-length").unwrap_or("0").parse::<usize>() else {
        return Parsed::Refused(400);
    };
    if body_length > BODY_LIMIT {
        return Parsed::Refused(413);
    }
    let body_begin = head_length + 4;
    let Some(body) = bytes.get(body_begin..body_begin + body_length) else {
        return Parsed::Incomplete;
    };
    request.body = body.to_vec();
    Parsed::Complete(request, body_begin + body_length)
}

fn parse_head(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() || !target.starts_with('/') || !version.starts_with("HTTP/1.") {
        return None;
    }
    let headers: Vec<_> = lines
        .map(|line| {
            line.split_once(':')
                .map(|(n, v)| (n.to_owned(), v.trim().to_owned()))
        })
        .collect::<Option<_>>()?;
    let connection = header(&headers, "connection")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let keep_alive = if version == "HTTP/1.0" {
        connection == "keep-alive"
    } else {
        connection != "close"
    };
    Some(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body: Vec::new(),
        keep_alive,
    })
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Answer {
    /// A page.
    pub(super) const fn html(body: String) -> Self {
        Self {
            status: 200,
            content_type: "text/html; charset=utf-8",
            headers: Vec::new(),
            body,
        }
    }

    /// A JSON document.
    pub(super) const fn json(body: String) -> Self {
        Self {
            status: 200,
            content_type: "application/json",
            headers: Vec::new(),
            body,
        }
    }

    /// A line that repeats the status.
    pub(super) fn status(status: u16) -> Self {
        let body = format!("{status} {}\n", reason(status));
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            headers: Vec::new(),
            body,
        }
    }

    /// The bytes to send; to a HEAD request without the body.
    pub(super) fn render(&self, keep_alive: bool, head_only: bool) -> Vec<u8> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let mut text = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: {connection}\r\n",
            self.status,
            reason(self.status),
            self.content_type,
            self.body.len(),
        );
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        if !head_only {
            text.push_str(&self.body);
        }
        text.into_bytes()
    }
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(text: &str) -> (Request, usize) {
        match parse(text.as_bytes()) {
            Parsed::Complete(request, length) => (request, length),
            other => panic!("{other:?} of {text:?}"),
        }
    }

    #[test]
    fn a_get_with_query_and_cookies() {
        let text =
            "GET /browse?category=3&page=12 HTTP/1.1\r\nHost: a\r\ncookie: x=1; session=s7\r\n\r\nrest";
        let (request, length) = complete(text);
        assert_eq!(length, text.len() - 4);
        assert_eq!((request.method.as_str(), request.path()), ("GET", "/browse"));
        assert_eq!(request.parameter("page"), Some("12"));
        assert_eq!(request.parameter("pag"), None);
        assert_eq!(request.cookie("session"), Some("s7"));
        assert!(request.keep_alive);
    }

    #[test]
    fn a_post_is_complete_with_the_last_byte_of_its_body() {
        let text = "POST /buy HTTP/1.1\r\nContent-Length: 6\r\nConnection: close\r\n\r\nitem=5";
        for cut in 0..text.len() {
            assert_eq!(
                parse(&text.as_bytes()[..cut]),
                Parsed::Incomplete,
                "after {cut} bytes"
            );
        }
        let (request, _) = complete(text);
        assert_eq!(request.body, b"item=5");
        assert!(!request.keep_alive);
    }

    #[test]
    fn what_cannot_be_served_is_refused_with_its_status() {
        let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(HEAD_LIMIT));
        for (text, status) in [
            ("rubbish\r\n\r\n", 400),
            ("GET http://a/ HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", 413),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
            (long.as_str(), 431),
        ] {
            assert_eq!(parse(text.as_bytes()), Parsed::Refused(status), "{text:.60}");
        }
    }

    #[test]
    fn an_endless_head_is_refused() {
        assert_eq!(parse(&vec![b'a'; HEAD_LIMIT + 1]), Parsed::Refused(431));
    }

    #[test]
    fn an_old_client_keeps_its_connection_only_if_it_says_so() {
        assert!(!complete("GET / HTTP/1.0\r\n\r\n").0.keep_alive);
        assert!(
            complete("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                .0
                .keep_alive
        );
    }

    #[test]
    fn the_answer_to_head_announces_the_length_without_the_body() {
        let answer = Answer::html("<p>hello</p>".to_owned());
        let text = String::from_utf8(answer.render(true, true)).unwrap();
        assert!(
            text.contains("Content-Length: 12\r\n") && text.ends_with("\r\n\r\n"),
            "{text}"
        );
    }
}
