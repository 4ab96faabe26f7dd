//! Requests as bytes: compiled once, filled in for each user.

use super::cookies::Jar;
use super::origins::Origins;
use crate::transport::url;
use autoperf_inputs::workload::{Body, Method, Part, Template, Transaction};
use draws::Draws;
use rand_core::Rng;
use std::sync::Arc;

mod draws;

/// A piece of a request.
#[derive(Debug, Clone)]
enum Piece {
    Text(Vec<u8>),
    /// One of these values, by the choice of this number.
    Pick(Arc<[String]>, usize),
    Slot(usize),
}

/// How values are written at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Target,
    Field,
    Form,
    Raw,
}

/// A request before a user's values are filled in.
#[derive(Debug, Clone)]
pub struct RequestPlan {
    method: Method,
    target: Vec<Piece>,
    /// All fields but Host, Cookie, Content-Type and Content-Length.
    fields: Vec<Piece>,
    own_host: Option<String>,
    body: Option<BodyPlan>,
    draws: Draws,
    fixed: Option<Fixed>,
}

#[derive(Debug, Clone)]
struct BodyPlan {
    content_type: String,
    text: Vec<Piece>,
    place: Place,
    /// The body is the query of a link found on the last page.
    from_link: bool,
}

/// A request that is always the same, apart from cookies.
#[derive(Debug, Clone)]
struct Fixed {
    bytes: Vec<u8>,
    cookie_at: usize,
    target: String,
}

/// What a user brings to its requests.
#[derive(Debug, Clone, Copy)]
pub struct Filler<'a> {
    /// Choices of [`RequestPlan::draw`] for this request.
    pub picks: &'a [u32],
    /// Values extracted in the session.
    pub values: &'a [Option<Box<str>>],
}

/// Where a request goes when it is not the plan's own URL: a redirect, or a link of the last page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aim {
    /// Index of the origin.
    pub origin: usize,
    /// Path and query.
    pub target: String,
    /// Whether method and body are replaced by a plain GET.
    pub plain_get: bool,
}

/// What a request depends on besides its user.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Hosts.
    pub origins: &'a Origins,
    /// Wall clock, s since 1970; cookies expire by it.
    pub now_unix_s: i64,
}

/// A value that the session does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissingValue;

/// Fields of every request that does not say otherwise.
const USUAL_FIELDS: [(&str, &str); 3] = [
    ("User-Agent", concat!("autoperf/", env!("CARGO_PKG_VERSION"))),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip"),
];

impl RequestPlan {
    /// Compiles a transaction; `slot` gives the place of an extracted value by its name, `target` is what follows the
    /// host in the URL. A request that never varies is rendered here once.
    #[must_use]
    pub fn new(
        transaction: &Transaction,
        target: &Template,
        host: &str,
        slot: &dyn Fn(&str) -> usize,
    ) -> Self {
        let from_link = |body: &Body| transaction.from_last_page && varies_by_page(&body.text);
        let mut compiler = Compiler {
            slot,
            draws: Draws::default(),
        };
        let mut plan = Self {
            method: transaction.method,
            target: compiler.pieces(target, Place::Target),
            fields: compiler.fields(transaction),
            own_host: transaction
                .headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("host"))
                .and_then(literal),
            body: transaction.body.as_ref().map(|body| BodyPlan {
                content_type: body.content_type.clone(),
                place: if body.content_type.starts_with("application/x-www-form-urlencoded") {
                    Place::Form
                } else {
                    Place::Raw
                },
                text: compiler.pieces(&body.text, Place::Raw),
                from_link: from_link(body),
            }),
            draws: compiler.draws,
            fixed: None,
        };
        plan.fixed = plan.fix(host);
        plan
    }

    /// Chooses the values of one request of a user.
    pub fn draw(&self, rng: &mut impl Rng, user: u32, picks: &mut Vec<u32>) {
        self.draws.draw(rng, user, picks);
    }

    /// Whether the answer has no body whatever its head says.
    #[must_use]
    pub fn is_head(&self, aim: Option<&Aim>) -> bool {
        self.method == Method::Head && !aim.is_some_and(|aim| aim.plain_get)
    }

    /// The request as it stands, if neither the user nor cookies change it.
    #[must_use]
    pub fn whole(&self, jar: &Jar) -> Option<&[u8]> {
        self.fixed
            .as_ref()
            .filter(|_| jar.is_empty())
            .map(|fixed| fixed.bytes.as_slice())
    }

    /// Path and query, if they never vary.
    #[must_use]
    pub fn fixed_target(&self) -> Option<&str> {
        self.fixed.as_ref().map(|fixed| fixed.target.as_str())
    }

    /// Writes path and query of the plan's own URL.
    ///
    /// # Errors
    /// `MissingValue`.
    pub fn write_target(&self, filler: Filler<'_>, out: &mut Vec<u8>) -> Result<(), MissingValue> {
        write_pieces(&self.target, Place::Target, filler, out)
    }

    /// Writes the request for `aim`, which has been taken from `write_target`, a link or a redirect.
    ///
    /// # Errors
    /// `MissingValue`; `out` is then useless.
    pub fn write(
        &self,
        aim: &Aim,
        (jar, around): (&Jar, Surroundings<'_>),
        filler: Filler<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), MissingValue> {
        let body = self.body.as_ref().filter(|_| !aim.plain_get);
        let (target, link_query) = match aim.target.split_once('?') {
            Some((path, query)) if body.is_some_and(|body| body.from_link) => (path, Some(query)),
            _ => (aim.target.as_str(), None),
        };
        let method = if aim.plain_get && self.method != Method::Head {
            Method::Get
        } else {
            self.method
        };
        write_start(
            method,
            target,
            self.own_host
                .as_deref()
                .unwrap_or(around.origins.host_field(aim.origin)),
            out,
        );
        write_pieces(&self.fields, Place::Field, filler, out)?;
        write_cookies(jar, around, (aim.origin, &aim.target), out);
        let Some(body) = body else {
            write_no_body(method, out);
            return Ok(());
        };
        let mut text = Vec::new();
        match link_query {
            Some(query) => text.extend_from_slice(query.as_bytes()),
            None => write_pieces(&body.text, body.place, filler, &mut text)?,
        }
        write_body(&body.content_type, &text, out);
        Ok(())
    }

    fn fix(&self, host: &str) -> Option<Fixed> {
        let target = all_text(&self.target)?;
        let fields = all_text(&self.fields)?;
        let mut bytes = Vec::new();
        let target = String::from_utf8(target).ok()?;
        write_start(
            self.method,
            &target,
            self.own_host.as_deref().unwrap_or(host),
            &mut bytes,
        );
        bytes.extend_from_slice(&fields);
        let cookie_at = bytes.len();
        match &self.body {
            None => write_no_body(self.method, &mut bytes),
            Some(body) if body.from_link => return None,
            Some(body) => write_body(&body.content_type, &all_text(&body.text)?, &mut bytes),
        }
        Some(Fixed {
            bytes,
            cookie_at,
            target,
        })
    }

    /// Writes a request that never varies together with the user's cookies; false if it does vary.
    pub fn write_fixed(
        &self,
        origin: usize,
        (jar, around): (&Jar, Surroundings<'_>),
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(fixed) = &self.fixed else {
            return false;
        };
        let (head, rest) = fixed.bytes.split_at(fixed.cookie_at);
        out.extend_from_slice(head);
        write_cookies(jar, around, (origin, &fixed.target), out);
        out.extend_from_slice(rest);
        true
    }
}

/// Writes the request for a resource as a browser asks for it: a plain GET with the session's cookies.
pub fn write_get(
    (origin, target): (usize, &str),
    condition: &[u8],
    (jar, around): (&Jar, Surroundings<'_>),
    out: &mut Vec<u8>,
) {
    write_start(Method::Get, target, around.origins.host_field(origin), out);
    for (name, value) in USUAL_FIELDS {
        out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    out.extend_from_slice(condition);
    write_cookies(jar, around, (origin, target), out);
    write_no_body(Method::Get, out);
}

fn varies_by_page(template: &Template) -> bool {
    template
        .parts
        .iter()
        .any(|part| matches!(part, Part::FromPage(_)))
}

fn literal((_, template): &(String, Template)) -> Option<String> {
    match &template.parts[..] {
        [Part::Literal(text)] => Some(text.clone()),
        _ => None,
    }
}

fn write_start(method: Method, target: &str, host: &str, out: &mut Vec<u8>) {
    let name: &[u8] = match method {
        Method::Get => b"GET ",
        Method::Post => b"POST ",
        Method::Put => b"PUT ",
        Method::Patch => b"PATCH ",
        Method::Delete => b"DELETE ",
        Method::Head => b"HEAD ",
    };
    out.extend_from_slice(name);
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\nHost: ");
    out.extend_from_slice(host.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn write_cookies(jar: &Jar, around: Surroundings<'_>, (origin, target): (usize, &str), out: &mut Vec<u8>) {
    if jar.is_empty() {
        return;
    }
    let from = out.len();
    out.extend_from_slice(b"Cookie: ");
    if jar.write(around.origins.origin(origin), target, around.now_unix_s, out) {
        out.extend_from_slice(b"\r\n");
    } else {
        out.truncate(from);
    }
}

fn write_no_body(method: Method, out: &mut Vec<u8>) {
    if matches!(method, Method::Post | Method::Put | Method::Patch) {
        out.extend_from_slice(b"Content-Length: 0\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn write_body(content_type: &str, text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"Content-Type: ");
    out.extend_from_slice(content_type.as_bytes());
    out.extend_from_slice(format!("\r\nContent-Length: {}\r\n\r\n", text.len()).as_bytes());
    out.extend_from_slice(text);
}

/// Turns templates into pieces, and gathers what is to be chosen for each request.
struct Compiler<'a> {
    slot: &'a dyn Fn(&str) -> usize,
    draws: Draws,
}

impl Compiler<'_> {
    fn fields(&mut self, transaction: &Transaction) -> Vec<Piece> {
        let given = |name: &str| {
            transaction
                .headers
                .iter()
                .any(|(own, _)| own.eq_ignore_ascii_case(name))
        };
        let mut all = Vec::new();
        for (name, value) in USUAL_FIELDS {
            if !given(name) {
                all.push(Piece::Text(format!("{name}: {value}\r\n").into_bytes()));
            }
        }
        for (name, value) in &transaction.headers {
            let ours = ["host", "content-length", "transfer-encoding"];
            let repeated = transaction.body.is_some() && name.eq_ignore_ascii_case("content-type");
            if repeated || ours.iter().any(|own| name.eq_ignore_ascii_case(own)) {
                continue;
            }
            all.push(Piece::Text(format!("{name}: ").into_bytes()));
            all.extend(self.pieces(value, Place::Field));
            all.push(Piece::Text(b"\r\n".to_vec()));
        }
        all
    }

    fn pieces(&mut self, template: &Template, place: Place) -> Vec<Piece> {
        let piece = |part: &Part| match part {
            Part::Literal(text) => {
                let mut out = Vec::new();
                write_value(text, place, &mut out);
                Piece::Text(out)
            }
            Part::Sequence(source) => Piece::Pick(Arc::clone(&source.values), self.draws.of(source)),
            Part::Extracted(name) => Piece::Slot((self.slot)(name)),
            // Only a link of the last page fills these; the transaction's whole URL comes from there.
            Part::FromPage(_) => Piece::Text(Vec::new()),
        };
        template.parts.iter().map(piece).collect()
    }
}

fn all_text(pieces: &[Piece]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for piece in pieces {
        let Piece::Text(text) = piece else {
            return None;
        };
        out.extend_from_slice(text);
    }
    Some(out)
}

fn write_pieces(
    pieces: &[Piece],
    place: Place,
    filler: Filler<'_>,
    out: &mut Vec<u8>,
) -> Result<(), MissingValue> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Pick(values, number) => {
                let pick = filler.picks.get(*number).ok_or(MissingValue)?;
                // Typed values are taken as typed, so that %20 stays what it is; only what would break the request goes.
                let place = if place == Place::Form {
                    Place::Target
                } else {
                    place
                };
                write_value(values.get(*pick as usize).map_or("", String::as_str), place, out);
            }
            Piece::Slot(slot) => {
                let value = filler
                    .values
                    .get(*slot)
                    .and_then(Option::as_deref)
                    .ok_or(MissingValue)?;
                write_value(value, place, out);
            }
        }
    }
    Ok(())
}

fn write_value(value: &str, place: Place, out: &mut Vec<u8>) {
    match place {
        Place::Target => url::encode_into(value, out),
        Place::Form => url::encode_form_value(value, out),
        Place::Field => out.extend(value.bytes().filter(|b| !matches!(b, b'\r' | b'\n' | 0))),
        Place::Raw => out.extend_from_slice(value.as_bytes()),
    }
}
