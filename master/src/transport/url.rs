//! Addresses of the web, as far as a client needs them: origin, request target, resolution of links (RFC 3986 section 5).

use std::fmt;

/// Scheme, host and port: where a connection leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Whether TLS is used.
    pub https: bool,
    /// Host name or address in lower case; IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Origin {
    /// Value of the Host field: the port only where it is not the scheme's own.
    #[must_use]
    pub fn host_field(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let usual = if self.https { 443 } else { 80 };
        if self.port == usual {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host_field())
    }
}

/// An absolute http or https URL without its fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Where it leads.
    pub origin: Origin,
    /// Path and query as sent in the request line; starts with `/`.
    pub target: String,
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.target)
    }
}

impl Url {
    /// Reads an absolute URL; `None` if it is not one, or neither http nor https.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (origin, rest) = split_origin(text)?;
        let rest = rest.split('#').next().unwrap_or(rest);
        let target = if rest.starts_with('/') {
            rest.to_owned()
        } else {
            format!("/{rest}")
        };
        Some(Self {
            origin,
            target: encode(&target),
        })
    }

    /// The URL that a link on this page leads to; `None` for other schemes and empty links.
    #[must_use]
    pub fn resolve(&self, link: &str) -> Option<Self> {
        let link = link.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control());
        let link = link.split('#').next().unwrap_or(link);
        if link.is_empty() {
            return None;
        }
        if let Some(rest) = link.strip_prefix("//") {
            let scheme = if self.origin.https { "https" } else { "http" };
            return Self::parse(&format!("{scheme}://{rest}"));
        }
        if has_scheme(link) {
            return Self::parse(link);
        }
        let path = self.target.split('?').next().unwrap_or("/");
        let target = if link.starts_with('?') {
            format!("{path}{link}")
        } else {
            let folder = &path[..=path.rfind('/').unwrap_or(0)];
            let (link_path, link_query) = link
                .split_once('?')
                .map_or((link, None), |(path, query)| (path, Some(query)));
            let joined = if link_path.starts_with('/') {
                link_path.to_owned()
            } else {
                format!("{folder}{link_path}")
            };
            let plain = remove_dots(&joined);
            link_query.map_or(plain.clone(), |query| format!("{plain}?{query}"))
        };
        Some(Self {
            origin: self.origin.clone(),
            target: encode(&target),
        })
    }
}

/// Splits an absolute URL into its origin and what follows (path, query, fragment as typed).
#[must_use]
pub fn split_origin(text: &str) -> Option<(Origin, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let https = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    // A password in a URL is not sent: whoever needs it says so in a header.
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let usual = if https { 443 } else { 80 };
    let (host, port) = if let Some(inner) = host_port.strip_prefix('[') {
        let (host, after) = inner.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, after.strip_prefix(':').unwrap_or(after))
    } else {
        host_port.split_once(':').unwrap_or((host_port, ""))
    };
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':') || !c.is_ascii();
    if host.is_empty() || !host.chars().all(valid) {
        return None;
    }
    let port = if port.is_empty() {
        usual
    } else {
        port.parse().ok().filter(|p| *p > 0)?
    };
    Some((
        Origin {
            https,
            host: host.to_ascii_lowercase(),
            port,
        },
        rest,
    ))
}

/// Whether a byte may stand in a request line as it is.
#[must_use]
pub const fn is_url_byte(byte: u8) -> bool {
    !matches!(byte, 0..=0x20 | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x7f..)
}

/// Percent-encodes what may not stand in a request line; everything else, `%` included, stays as typed.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    encode_into(text, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// `encode` into a buffer.
pub fn encode_into(text: &str, out: &mut Vec<u8>) {
    for &byte in text.as_bytes() {
        if is_url_byte(byte) {
            out.push(byte);
        } else {
            push_percent(byte, out);
        }
    }
}

/// Encodes a value for an HTML form (application/x-www-form-urlencoded).
pub fn encode_form_value(text: &str, out: &mut Vec<u8>) {
    for &byte in text.as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => push_percent(byte, out),
        }
    }
}

fn push_percent(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
}

fn has_scheme(link: &str) -> bool {
    link.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

fn remove_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        Url::parse(text).map_or("-".to_owned(), |u| u.to_string())
    }

    #[test]
    fn absolute_urls() {
        assert_eq!(url("http://Example.org"), "http://example.org/");
        assert_eq!(url("HTTP://h:80/a b?c=ä#f"), "http://h/a%20b?c=%C3%A4");
        assert_eq!(url("https://u:p@h:8443?x"), "https://h:8443/?x");
        assert_eq!(url("http://[::1]:8080/x"), "http://[::1]:8080/x");
        for wrong in [
            "ftp://h/",
            "http://",
            "http:///x",
            "http://h:0/",
            "http://h:x/",
            "http://[zz]/",
            "h/x",
            "http://a b/",
        ] {
            assert_eq!(url(wrong), "-", "{wrong}");
        }
    }

    #[test]
    fn links_resolve_as_in_rfc_3986_section_5_4() {
        let base = Url::parse("http://a/b/c/d;p?q").expect("valid");
        for (link, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y#s", "http://a/b/c/g?y"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../../g", "http://a/g"),
            (".", "http://a/b/c/"),
            ("http://x:1/y", "http://x:1/y"),
            ("g?a=http://z", "http://a/b/c/g?a=http://z"),
        ] {
            assert_eq!(
                base.resolve(link).map(|u| u.to_string()).as_deref(),
                Some(expected),
                "{link}"
            );
        }
        assert_eq!(base.resolve("mailto:a@b"), None);
        assert_eq!(base.resolve("#top"), None);
    }

    #[test]
    fn form_values() {
        let mut out = Vec::new();
        encode_form_value("a+b=c &é", &mut out);
        assert_eq!(out, b"a%2Bb%3Dc+%26%C3%A9");
    }
}
