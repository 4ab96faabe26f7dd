//! Requests and heads of answers between the form of HTTP/1.1, which the rest of the program writes and reads, and the
//! fields of HTTP/2.

use crate::transport::http1::head::{self, Framing, Head};
use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};

/// Fields that belong to a connection of HTTP/1.1 and may not appear in HTTP/2 (RFC 9113 section 8.2.2).
const OF_THE_CONNECTION: &[&str] = &[
    "connection",
    "host",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// A request written for HTTP/1.1 as HTTP/2 says it, with its body; `None` if it cannot be said there.
pub(super) fn translate(bytes: &[u8], https: bool) -> Option<(Request<()>, Bytes)> {
    let end = head::end(bytes, 0)?;
    let (text, body) = bytes.split_at(end);
    let line = text.split(|b| *b == b'\n').next()?.trim_ascii_end();
    let mut words = line.split(|b| *b == b' ');
    let (method, target) = (words.next()?, words.next()?);
    let scheme = if https { Scheme::HTTPS } else { Scheme::HTTP };
    let uri = Uri::builder()
        .scheme(scheme)
        .authority(Authority::try_from(head::field(text, "host")?).ok()?)
        .path_and_query(PathAndQuery::try_from(target).ok()?)
        .build()
        .ok()?;
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(method).ok()?;
    *request.uri_mut() = uri;
    for (name, value) in head::fields(text) {
        let name = HeaderName::from_bytes(name).ok()?;
        if !OF_THE_CONNECTION.contains(&name.as_str()) {
            request
                .headers_mut()
                .append(name, HeaderValue::from_bytes(value).ok()?);
        }
    }
    Some((request, Bytes::copy_from_slice(body)))
}

/// What the client must know of a head.
pub(super) fn head_of(status: StatusCode, fields: &HeaderMap) -> Head {
    let coding = fields.get(http::header::CONTENT_ENCODING);
    let is_gzip = |coding: &HeaderValue| {
        let coding = coding.as_bytes();
        coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
    };
    Head {
        status: status.as_u16(),
        framing: Framing::UntilClose,
        keep_alive: true,
        sets_cookie: fields.contains_key(http::header::SET_COOKIE),
        has_location: fields.contains_key(http::header::LOCATION),
        gzip: coding.is_some_and(is_gzip),
    }
}

/// A head in the form of HTTP/1.1, for whoever looks for fields in it.
pub(super) fn write_head(status: StatusCode, fields: &HeaderMap, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/2 ");
    out.extend_from_slice(status.as_str().as_bytes());
    for (name, value) in fields {
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
    }
    out.extend_from_slice(b"\r\n\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_all_but_what_belongs_to_the_connection() {
        let bytes = b"POST /a?b=%20 HTTP/1.1\r\nHost: h:8080\r\nConnection: close\r\nCookie: a=b\r\n\
                      Content-Length: 4\r\nX: 1\r\nX: 2\r\n\r\nbody";
        let (request, body) = translate(bytes, true).expect("valid");
        assert_eq!(request.uri(), "https://h:8080/a?b=%20");
        assert_eq!(request.method(), Method::POST);
        let fields: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_str().expect("text")))
            .collect();
        assert_eq!(fields, ["cookie=a=b", "content-length=4", "x=1", "x=2"]);
        assert_eq!(body, "body");
    }

    #[test]
    fn what_is_no_request_is_none() {
        for text in [
            "",
            "GET / HTTP/1.1\r\n\r\n",
            "GET\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        ] {
            assert!(translate(text.as_bytes(), false).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_head_is_written_as_http1_and_found_again() {
        let mut fields = HeaderMap::new();
        fields.append("set-cookie", HeaderValue::from_static("a=b"));
        fields.append("set-cookie", HeaderValue::from_static("c=d"));
        fields.append("content-encoding", HeaderValue::from_static("GZIP"));
        let known = head_of(StatusCode::OK, &fields);
        assert!(known.sets_cookie && known.gzip && !known.has_location && known.status == 200);
        let mut out = Vec::new();
        write_head(StatusCode::OK, &fields, &mut out);
        assert_eq!(head::fields(&out).count(), 3);
        assert_eq!(head::field(&out, "Content-Encoding"), Some(&b"GZIP"[..]));
    }
}
