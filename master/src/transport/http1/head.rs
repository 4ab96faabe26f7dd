//! The head of an answer: status line and header fields (RFC 9112 sections 3 to 5), tolerant where browsers are.

use super::Fault;
use memchr::memchr;

/// How the end of the body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunked transfer coding.
    Chunked,
    /// Until the peer closes.
    UntilClose,
}

/// What the client must know of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Status code, 100 to 999.
    pub status: u16,
    /// How the end of the body is found.
    pub framing: Framing,
    /// Whether the connection may be used again afterwards.
    pub keep_alive: bool,
    /// Whether there is a Set-Cookie field.
    pub sets_cookie: bool,
    /// Whether there is a Location field.
    pub has_location: bool,
    /// Whether the body is compressed with gzip.
    pub gzip: bool,
}

impl Head {
    /// No answer yet.
    pub const EMPTY: Self = Self {
        status: 0,
        framing: Framing::Empty,
        keep_alive: false,
        sets_cookie: false,
        has_location: false,
        gzip: false,
    };
}

/// Position behind the empty line that ends a head; looks no earlier than the line that `from` is in.
#[must_use]
pub fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.saturating_sub(2);
    while let Some(found) = memchr(b'\n', bytes.get(at..)?) {
        let next = at + found + 1;
        match bytes.get(next..) {
            Some([b'\n', ..]) => return Some(next + 1),
            Some([b'\r', b'\n', ..]) => return Some(next + 2),
            _ => at = next,
        }
    }
    None
}

/// Fails as soon as the first bytes cannot become a status line.
///
/// # Errors
/// `Malformed`.
pub fn check_start(bytes: &[u8]) -> Result<(), Fault> {
    const START: &[u8] = b"HTTP/1.";
    let known = bytes.len().min(START.len());
    if bytes[..known] == START[..known] {
        Ok(())
    } else {
        Err(Fault::Malformed("no status line"))
    }
}

/// Parses a head at the start of `bytes`; `None` while its end is missing, else what it says and its length.
///
/// # Errors
/// `Malformed`.
pub fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Fault> {
    check_start(bytes)?;
    let Some((line, mut at)) = next_line(bytes, 0) else {
        return Ok(None);
    };
    let (status, minor) = status_line(line)?;
    let mut fields = Fields {
        keep_alive: minor >= 1,
        ..Fields::default()
    };
    loop {
        let Some((line, next)) = next_line(bytes, at) else {
            return Ok(None);
        };
        at = next;
        if line.is_empty() {
            break;
        }
        fields.add(line)?;
    }
    Ok(Some((fields.into_head(status), at)))
}

/// The fields of a head as sent, without the status line.
pub fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = next_line(head, 0).map_or(head.len(), |(_, next)| next);
    std::iter::from_fn(move || {
        loop {
            let (line, next) = next_line(head, at)?;
            at = next;
            if line.is_empty() {
                return None;
            }
            if let Some(colon) = memchr(b':', line) {
                return Some((&line[..colon], line[colon + 1..].trim_ascii()));
            }
        }
    })
}

/// The first field of that name, in any case of letters.
#[must_use]
pub fn field<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    fields(head)
        .find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value)
}

fn next_line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..)?;
    let newline = memchr(b'\n', rest)?;
    let line = &rest[..newline];
    Some((line.strip_suffix(b"\r").unwrap_or(line), at + newline + 1))
}

fn status_line(line: &[u8]) -> Result<(u16, u8), Fault> {
    const WRONG: Fault = Fault::Malformed("status line");
    let [
        b'H',
        b'T',
        b'T',
        b'P',
        b'/',
        b'1',
        b'.',
        minor,
        b' ',
        a,
        b,
        c,
        rest @ ..,
    ] = line
    else {
        return Err(WRONG);
    };
    let digits = [minor, a, b, c].iter().all(|d| d.is_ascii_digit());
    if !digits || *a == b'0' || !matches!(rest, [] | [b' ', ..]) {
        return Err(WRONG);
    }
    let value = |d: &u8| u16::from(*d - b'0');
    Ok((value(a) * 100 + value(b) * 10 + value(c), minor - b'0'))
}

#[derive(Default)]
struct Fields {
    keep_alive: bool,
    length: Option<u64>,
    transfer_encoding: bool,
    chunked_last: bool,
    sets_cookie: bool,
    has_location: bool,
    gzip: bool,
    any: bool,
}

impl Fields {
    fn add(&mut self, line: &[u8]) -> Result<(), Fault> {
        if matches!(line[0], b' ' | b'\t') {
            // A folded line continues a value; none of the fields that matter here is ever folded.
            return if self.any {
                Ok(())
            } else {
                Err(Fault::Malformed("header field"))
            };
        }
        let colon = memchr(b':', line).ok_or(Fault::Malformed("header field without colon"))?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.is_empty() || !name.iter().all(|b| TOKEN[usize::from(*b)]) {
            return Err(Fault::Malformed("name of a header field"));
        }
        if value
            .iter()
            .fold(false, |bad, b| bad | (*b < 0x20 && *b != b'\t'))
        {
            return Err(Fault::Malformed("control character in a header field"));
        }
        self.any = true;
        self.take(name, value)
    }

    fn take(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        match name.len() {
            14 if is(b"content-length") => self.length = Some(content_length(value, self.length)?),
            17 if is(b"transfer-encoding") => {
                self.transfer_encoding = true;
                self.chunked_last = last_coding(value).eq_ignore_ascii_case(b"chunked");
            }
            10 if is(b"connection") => {
                for option in value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
                    if option.eq_ignore_ascii_case(b"close") {
                        self.keep_alive = false;
                    } else if option.eq_ignore_ascii_case(b"keep-alive") {
                        self.keep_alive = true;
                    }
                }
            }
            10 if is(b"set-cookie") => self.sets_cookie = true,
            8 if is(b"location") => self.has_location = true,
            16 if is(b"content-encoding") => {
                self.gzip = value.eq_ignore_ascii_case(b"gzip") || value.eq_ignore_ascii_case(b"x-gzip");
            }
            _ => {}
        }
        Ok(())
    }

    fn into_head(self, status: u16) -> Head {
        // RFC 9112 section 6.3: the transfer coding wins over a length, and both together are not to be trusted further.
        let framing = match (self.transfer_encoding, self.chunked_last, self.length) {
            (true, true, _) => Framing::Chunked,
            (false, _, Some(length)) => Framing::Length(length),
            _ => Framing::UntilClose,
        };
        Head {
            status,
            framing,
            keep_alive: self.keep_alive && !(self.transfer_encoding && self.length.is_some()),
            sets_cookie: self.sets_cookie,
            has_location: self.has_location,
            gzip: self.gzip,
        }
    }
}

fn last_coding(value: &[u8]) -> &[u8] {
    value.rsplit(|b| *b == b',').next().unwrap_or(value).trim_ascii()
}

/// A repeated length is fine if it says the same (RFC 9110 section 8.6).
fn content_length(value: &[u8], earlier: Option<u64>) -> Result<u64, Fault> {
    const WRONG: Fault = Fault::Malformed("content-length");
    let mut agreed = earlier;
    for item in value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
        if item.is_empty() || item.len() > 19 || !item.iter().all(u8::is_ascii_digit) {
            return Err(WRONG);
        }
        let length = item.iter().fold(0_u64, |sum, d| sum * 10 + u64::from(d - b'0'));
        if agreed.is_some_and(|other| other != length) {
            return Err(WRONG);
        }
        agreed = Some(length);
    }
    agreed.ok_or(WRONG)
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < 128 {
        let byte = at as u8;
        table[at] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Result<Head, Fault> {
        parse(text.as_bytes()).map(|found| found.expect("complete").0)
    }

    #[test]
    fn reads_what_matters() {
        let text = "HTTP/1.1 302 Found\r\nLOCATION: /a\r\nset-cookie: a=b\r\nContent-Encoding: gzip\r\n\
                    Content-Length: 12\r\n\r\nrest";
        let (head, length) = parse(text.as_bytes()).expect("valid").expect("complete");
        assert_eq!(length, text.len() - 4);
        assert_eq!(head.status, 302);
        assert_eq!(head.framing, Framing::Length(12));
        assert!(head.keep_alive && head.sets_cookie && head.has_location && head.gzip);
        assert_eq!(field(text.as_bytes(), "location"), Some(&b"/a"[..]));
        assert_eq!(fields(text.as_bytes()).count(), 4);
    }

    #[test]
    fn keep_alive_by_version_and_option() {
        assert!(
            !head("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
                .expect("valid")
                .keep_alive
        );
        assert!(
            head("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n")
                .expect("valid")
                .keep_alive
        );
        assert!(
            !head("HTTP/1.1 200 OK\r\nConnection: x, close\r\n\r\n")
                .expect("valid")
                .keep_alive
        );
    }

    #[test]
    fn transfer_coding_wins_and_ends_trust() {
        let both = head("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
            .expect("valid");
        assert_eq!((both.framing, both.keep_alive), (Framing::Chunked, false));
        let unknown = head("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n").expect("valid");
        assert_eq!(unknown.framing, Framing::UntilClose);
    }

    #[test]
    fn bare_newlines_and_missing_reason_are_tolerated() {
        assert_eq!(head("HTTP/1.1 204\nServer: x\n\n").expect("valid").status, 204);
    }

    #[test]
    fn nonsense_is_malformed() {
        for text in [
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n",
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\nname : v\r\n\r\n",
            "HTTP/1.1 200 OK\r\n: v\r\n\r\n",
            "HTTP/1.1 200 OK\r\n folded: v\r\n\r\n",
            "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        ] {
            assert!(
                matches!(parse(text.as_bytes()), Err(Fault::Malformed(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_end_is_found_across_a_split_line_end() {
        let text = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody";
        for split in 1..text.len() - 5 {
            assert_eq!(end(&text[..split], 0), None, "{split}");
        }
        for from in 0..text.len() - 4 {
            assert_eq!(end(text, from), Some(text.len() - 4), "{from}");
        }
    }
}
