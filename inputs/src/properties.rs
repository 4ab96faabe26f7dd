//! config.properties (manual, section 4.2), in the syntax of Java's property files: `name=value`, `name: value` or
//! `name value`; `#` and `!` begin comments, `\` at the end of a line continues it, `\uXXXX` and `\t \n \r \f` are escapes.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::MAX_DIAGNOSTICS;
use crate::parameters::{self, PARAMETERS};
use crate::source::{FileName, RawText, SourceText, Span};
use crate::suggest::did_you_mean;
use crate::workload::Parameters;
use std::collections::BTreeMap;

/// Reads the text of a config.properties. `name` is what messages call the file.
///
/// # Errors
/// Unknown parameters, values outside of a parameter's range, parameters given twice, broken escapes; with places.
pub fn parse(text: &str, name: &FileName) -> Result<Parameters, Diagnostics> {
    let read = read(&SourceText::new(name, text));
    read.found.into_result(read.parameters)
}

/// What a text says, with the places of the values that name files.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) source: SourceText,
    pub(crate) parameters: Parameters,
    pub(crate) places: BTreeMap<String, Span>,
    pub(crate) found: Diagnostics,
}

pub(crate) fn read(source: &SourceText) -> Read {
    let mut found = Diagnostics::new();
    let mut parameters = Parameters::default();
    let mut places = BTreeMap::new();
    let mut lines = Lines::new(source);
    while let Some(line) = lines.next() {
        if found.errors() >= MAX_DIAGNOSTICS {
            break;
        }
        let (key, value) = split(&line, source, &mut found);
        if key.value.is_empty() && value.value.is_empty() {
            continue;
        }
        match take(&key, &value, &mut parameters) {
            Ok(()) => {
                places.insert(key.value.clone(), value.span());
            }
            Err((error, Side::Name)) => found.report(source, key.span(), error),
            Err((error, Side::Value)) => found.report(source, value.span(), error),
        }
    }
    found.sort();
    Read {
        source: source.clone(),
        parameters,
        places,
        found,
    }
}

/// Which side of a pair an error is about.
#[derive(Debug, Clone, Copy)]
enum Side {
    Name,
    Value,
}

/// Checks one pair and keeps it.
fn take(key: &RawText, value: &RawText, parameters: &mut Parameters) -> Result<(), (Diagnostic, Side)> {
    let name = key.value.as_str();
    let Some(parameter) = parameters::by_name(name) else {
        let names = PARAMETERS.iter().map(|p| p.name);
        let hint = did_you_mean(name, names);
        let error = Diagnostic::error(format!("unknown parameter `{name}`"))
            .expected("a parameter of the table in docs/parameters.md")
            .maybe_hint(hint);
        return Err((error, Side::Name));
    };
    let text = value.value.trim();
    if text.is_empty() {
        // As with empty tags of input.xml: the default is meant.
        return Ok(());
    }
    if !parameter.admits(text) {
        let error = Diagnostic::error(format!("`{text}` for {name}"))
            .expected(parameter.range_text())
            .hint(format!("the default is {}", parameter.default_text()));
        return Err((error, Side::Value));
    }
    let before = parameters.values.insert(name.to_owned(), text.to_owned());
    if before.is_some() {
        let error = Diagnostic::error(format!("{name} for the second time"))
            .expected("each parameter once")
            .hint("remove one of them");
        return Err((error, Side::Name));
    }
    Ok(())
}

/// Logical lines: continuations joined, comments and empty lines left out, each byte with its place.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    fn new(source: &'a SourceText) -> Self {
        Self {
            text: source.text(),
            at: 0,
        }
    }

    /// One natural line without its end, and where it starts.
    fn natural(&mut self) -> Option<(&'a str, usize)> {
        let rest = self.text.get(self.at..).filter(|r| !r.is_empty())?;
        let start = self.at;
        let line = rest.split_inclusive('\n').next().unwrap_or(rest);
        self.at += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        Some((line.strip_suffix('\r').unwrap_or(line), start))
    }

    fn next(&mut self) -> Option<RawText> {
        loop {
            let (line, start) = self.natural()?;
            let body = line.trim_start();
            if body.is_empty() || body.starts_with(['#', '!']) {
                continue;
            }
            let mut logical = RawText::empty_at(start + line.len() - body.len());
            let mut body = body;
            let mut from = start + line.len() - body.len();
            while continues(body) {
                logical.push(&body[..body.len() - 1], from, from + body.len() - 1);
                let Some((next, next_start)) = self.natural() else {
                    return Some(logical);
                };
                body = next.trim_start();
                from = next_start + next.len() - body.len();
            }
            logical.push(body, from, from + body.len());
            return Some(logical);
        }
    }
}

/// An odd number of backslashes at the end continues the line.
fn continues(line: &str) -> bool {
    (line.len() - line.trim_end_matches('\\').len()) % 2 == 1
}

/// Key and value of a logical line, escapes resolved.
fn split(line: &RawText, source: &SourceText, found: &mut Diagnostics) -> (RawText, RawText) {
    let text = line.value.as_str();
    let mut end = text.len();
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        if !escaped && (c == '=' || c == ':' || c.is_whitespace()) {
            end = i;
            break;
        }
        escaped = c == '\\' && !escaped;
    }
    let rest = text[end..].trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    let value_at = text.len() - rest.len();
    let mut unescape = |from: usize, to: usize| unescaped(line, from..to, source, found);
    (unescape(0, end), unescape(value_at, text.len()))
}

fn unescaped(
    line: &RawText,
    range: std::ops::Range<usize>,
    source: &SourceText,
    found: &mut Diagnostics,
) -> RawText {
    let text = line.value.get(range.clone()).unwrap_or("");
    let mut out = RawText::empty_at(line.span_of(range.start..range.start).start);
    let mut characters = text.char_indices();
    while let Some((i, c)) = characters.next() {
        let place = |length: usize| -> Span { line.span_of(range.start + i..range.start + i + length) };
        if c != '\\' {
            let span = place(c.len_utf8());
            out.push(&text[i..i + c.len_utf8()], span.start, span.end);
            continue;
        }
        let (resolved, length) = match characters.next() {
            Some((at, 'u')) => {
                let digits = text.get(at + 1..at + 5);
                let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
                for _ in 0..code.map_or(0, |_| 4) {
                    characters.next();
                }
                (code.and_then(char::from_u32), if code.is_some() { 6 } else { 2 })
            }
            Some((_, 't')) => (Some('\t'), 2),
            Some((_, 'n')) => (Some('\n'), 2),
            Some((_, 'r')) => (Some('\r'), 2),
            Some((_, 'f')) => (Some('\u{c}'), 2),
            Some((_, other)) => (Some(other), 1 + other.len_utf8()),
            None => (None, 1),
        };
        let span = place(length);
        match resolved {
            Some(c) => out.push(&c.to_string(), span.start, span.end),
            None => found.report(
                source,
                span,
                Diagnostic::error("an escape that means no character")
                    .expected("\\u and four hexadecimal digits"),
            ),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let parameters = parse(text, &FileName::new("config.properties")).expect("good");
        parameters.values.into_iter().collect()
    }

    fn errors(text: &str) -> String {
        parse(text, &FileName::new("config.properties"))
            .expect_err("bad")
            .to_string()
    }

    #[test]
    fn all_forms_of_a_pair_are_read() {
        for text in [
            "infinity=7",
            "infinity = 7\r\n",
            "  infinity: 7",
            "infinity 7",
            "# c\n! d\n\ninfinity=\\\n  7",
            "inf\\u0069nity=7",
        ] {
            assert_eq!(values(text), [("infinity".into(), "7".into())], "{text}");
        }
        assert_eq!(values("infinity=\nmaster_port"), []);
    }

    #[test]
    fn unknown_names_get_a_suggestion() {
        let text = errors("a=1\n\nthroughput_windw_size = 5\n");
        assert!(text.contains("config.properties:1:1"), "{text}");
        assert!(text.contains("config.properties:3:1"), "{text}");
        assert!(text.contains("did you mean `throughput_window_size`?"), "{text}");
    }

    #[test]
    fn values_are_checked_where_they_stand() {
        let text = errors("infinity=7\ninfinity=8\nmaster_port = 70000\nmax_seq_var_threshold=x");
        for place in [":2:1", ":3:15", ":4:23"] {
            assert!(text.contains(place), "{place} in {text}");
        }
        assert!(errors("infinity=\\uZZ").contains("escape"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,80}", junk in "[a\\\\u0=:# \n\r]{0,40}") {
            let _ = parse(&text, &FileName::new("p"));
            let _ = parse(&junk, &FileName::new("p"));
        }
    }
}
