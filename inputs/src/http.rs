//! The rules of HTTP that a typed header or status must keep.

use crate::workload::Method;

/// Content type of a form body, the manual's POST.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The methods by name.
pub(crate) const METHODS: &[(&str, Method)] = &[
    ("get", Method::Get),
    ("post", Method::Post),
    ("put", Method::Put),
    ("patch", Method::Patch),
    ("delete", Method::Delete),
    ("head", Method::Head),
];

/// The method of a name, ignoring case.
pub(crate) fn method(name: &str) -> Option<Method> {
    METHODS
        .iter()
        .find(|m| m.0.eq_ignore_ascii_case(name))
        .map(|m| m.1)
}

/// The lower-case name of a method.
pub(crate) fn method_name(method: Method) -> &'static str {
    METHODS.iter().find(|m| m.1 == method).map_or("get", |m| m.0)
}

/// Headers that follow from the connection and the body, and would break both if typed.
const OWN_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What a header of a request may be called.
pub(crate) const HEADER_FORM: &str = "a header of the application, such as Accept-Language; those of connection, body and cookies are set for you";

/// Checks a header's name (RFC 9110, section 5.1).
pub(crate) fn header_name(name: &str) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > 200 || !name.bytes().all(token) {
        return Err(format!("`{name}` is not a header name"));
    }
    match OWN_HEADERS.iter().find(|h| h.eq_ignore_ascii_case(name)) {
        Some(&"content-type") => Err("the content type is the `type` of the body".to_owned()),
        Some(&"cookie") => Err("each user keeps the cookies of its own session".to_owned()),
        Some(header) => Err(format!("`{header}` is set by the connection")),
        None => Ok(()),
    }
}

/// Checks the literal parts of a header's value: one line of visible characters and blanks.
pub(crate) fn header_value(text: &str) -> Result<(), String> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a header value of several lines".to_owned());
    }
    Ok(())
}

/// Checks the `host` or `host:port` of a URL.
pub(crate) fn authority(text: &str) -> Result<(), String> {
    if text.contains('@') {
        return Err("a user name in the URL".to_owned());
    }
    let (host, port) = match text.rsplit_once(':') {
        // The last colon of `[::1]` belongs to the address.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bracketed = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .map(|h| h.parse::<core::net::Ipv6Addr>().is_ok());
    let good = bracketed.unwrap_or_else(|| {
        !host.is_empty()
            && host.len() <= 253
            && host
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
    });
    if !good {
        return Err(format!("`{host}` is not a host"));
    }
    match port {
        Some(port) if port.parse::<u16>().is_ok_and(|p| p > 0) => Ok(()),
        Some(port) => Err(format!("`{port}` is not a port")),
        None => Ok(()),
    }
}

/// Checks the name or address of a machine.
pub(crate) fn machine(text: &str) -> Result<(), String> {
    let fits = |c: char| c.is_alphanumeric() || ".-_:[]%".contains(c);
    if text.is_empty() || text.len() > 255 || !text.chars().all(fits) {
        return Err(format!("`{text}` for a machine"));
    }
    Ok(())
}

/// Checks a content type: `type/subtype` with parameters.
pub(crate) fn content_type(text: &str) -> Result<(), String> {
    let kind = text.split(';').next().unwrap_or("").trim();
    let token = |t: &str| {
        !t.is_empty()
            && t.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&b))
    };
    let well_formed = kind
        .split_once('/')
        .is_some_and(|(kind, sub)| token(kind) && token(sub));
    if !well_formed || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(format!("`{text}` is not a content type"));
    }
    Ok(())
}

/// Reads status codes and ranges of them: `200, 302`, `200-299`.
pub(crate) fn statuses(text: &str) -> Result<Vec<u16>, String> {
    let mut list: Vec<u16> = Vec::new();
    let mut seen = [false; 600];
    for part in text.split(',').map(str::trim) {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high) = (status(low.trim())?, status(high.trim())?);
        if low > high {
            return Err(format!("`{part}` goes down"));
        }
        for code in low..=high {
            if !std::mem::replace(&mut seen[usize::from(code)], true) {
                list.push(code);
            }
        }
    }
    Ok(list)
}

fn status(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|code| (100..=599).contains(code))
        .ok_or_else(|| format!("`{text}` is not a status code"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_ranges() {
        assert_eq!(statuses("200, 302"), Ok(vec![200, 302]));
        assert_eq!(statuses("200-202,201"), Ok(vec![200, 201, 202]));
        for wrong in ["", "20", "600", "300-200", "ok", "200,"] {
            assert!(statuses(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headers_that_would_break_the_connection_are_refused() {
        assert!(header_name("Accept-Language").is_ok());
        assert!(header_name("Host").is_ok());
        for wrong in ["", "a b", "Content-Length", "connection", "Cookie", "a:b"] {
            assert!(header_name(wrong).is_err(), "{wrong}");
        }
        assert!(header_value("a\r\nb").is_err());
    }

    #[test]
    fn hosts_and_ports() {
        for good in ["10.129.41.154", "a.example:8080", "[::1]", "[::1]:80", "a"] {
            assert_eq!(authority(good), Ok(()), "{good}");
        }
        for wrong in ["", ":80", "a:0", "a:b", "a:70000", "u@h", "[::1", "a b", "[zz]"] {
            assert!(authority(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn content_types() {
        assert!(content_type("application/json; charset=utf-8").is_ok());
        for wrong in ["", "json", "a/", "a/b\n"] {
            assert!(content_type(wrong).is_err(), "{wrong}");
        }
    }
}
