//! Texts with `${...}` places, cut into pieces. What a place means is decided when all names are known.

use crate::diagnostic::Diagnostic;
use crate::source::{RawText, SourceText, Span};
use std::ops::Range;

/// A piece of a text, with its place in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Literal(String, Range<usize>),
    /// What stands between `${` and `}`.
    Place(String, Range<usize>),
}

/// Errors in one text after which its rest is not looked at.
const MAX_ERRORS: usize = 10;

/// Longest name of a place.
const MAX_NAME: usize = 200;

/// Cuts a text at its places. `${$}` is a literal `$`, so that `${$}{` can stand for `${`.
pub(crate) fn lex(raw: &RawText, source: &SourceText) -> (Vec<Piece>, Vec<Diagnostic>) {
    let text = raw.value.as_str();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut errors = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${").filter(|_| errors.len() < MAX_ERRORS) {
        let open = at + found;
        literal(&mut pieces, &text[at..open], at);
        let inside = open + 2;
        let end = text[inside..].find(['}', '$', '{']).map(|i| inside + i);
        if text[inside..].starts_with("$}") {
            literal(&mut pieces, "$", open);
            at = inside + 2;
            continue;
        }
        match end.filter(|&end| text[end..].starts_with('}')) {
            Some(end) if end > inside && end - inside <= MAX_NAME => {
                pieces.push(Piece::Place(text[inside..end].to_owned(), open..end + 1));
                at = end + 1;
            }
            Some(end) => {
                let span = raw.span_of(open..end + 1);
                errors.push(
                    Diagnostic::error("a `${}` place without a usable name")
                        .at(source, span)
                        .expected("${name}"),
                );
                at = end + 1;
            }
            None => {
                let span = raw.span_of(open..inside);
                errors.push(
                    Diagnostic::error("`${` that is never closed")
                        .at(source, span)
                        .expected("${name}")
                        .hint("write `${$}{` if the text itself should be `${`"),
                );
                literal(&mut pieces, "${", open);
                at = inside;
            }
        }
    }
    literal(&mut pieces, &text[at..], at);
    (pieces, errors)
}

fn literal(pieces: &mut Vec<Piece>, text: &str, at: usize) {
    if text.is_empty() {
        return;
    }
    if let Some(Piece::Literal(last, range)) = pieces.last_mut() {
        last.push_str(text);
        range.end = at + text.len();
    } else {
        pieces.push(Piece::Literal(text.to_owned(), at..at + text.len()));
    }
}

/// The file names of all `${file#column}` places of a text, with where they stand.
pub(crate) fn value_files(raw: &RawText, source: &SourceText) -> Vec<(String, Span)> {
    lex(raw, source)
        .0
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Place(name, range) => {
                let (file, _) = name.rsplit_once('#')?;
                Some((file.to_owned(), raw.span_of(range)))
            }
            Piece::Literal(..) => None,
        })
        .collect()
}

/// Checks a name that `${...}` is to refer to.
///
/// # Errors
/// A sentence that says why not.
pub(crate) fn place_name(name: &str) -> Result<(), String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "${}#,".contains(c);
    if name.is_empty() || name.len() > MAX_NAME {
        return Err("a name of no or too many characters".to_owned());
    }
    match name.chars().find(|&c| bad(c)) {
        Some(c) => Err(format!(
            "`{name}` can't be written as ${{...}}: it contains `{c}`"
        )),
        None => Ok(()),
    }
}

/// The literal text that [`lex`] reads back as `text`.
pub(crate) fn escaped(text: &str) -> String {
    text.replace("${", "${$}{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileName;
    use proptest::prelude::*;

    fn pieces(text: &str) -> (Vec<Piece>, usize) {
        let source = SourceText::new(&FileName::new("t"), text);
        let (pieces, errors) = lex(&RawText::verbatim(text, 0), &source);
        (pieces, errors.len())
    }

    #[test]
    fn several_places_in_one_url() {
        let (found, errors) = pieces("day.php?date=201${y2}${month}");
        assert_eq!(errors, 0);
        assert_eq!(
            found,
            [
                Piece::Literal("day.php?date=201".into(), 0..16),
                Piece::Place("y2".into(), 16..21),
                Piece::Place("month".into(), 21..29),
            ]
        );
    }

    #[test]
    fn a_dollar_sign_before_a_place_stays() {
        let (found, errors) = pieces("$${a}");
        assert_eq!(errors, 0);
        assert_eq!(
            found,
            [Piece::Literal("$".into(), 0..1), Piece::Place("a".into(), 1..5)]
        );
    }

    #[test]
    fn broken_places_are_errors() {
        for text in ["${", "${a", "${}", "a${b${c}", "${a{b}"] {
            assert_eq!(pieces(text).1, 1, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_escaped_text_reads_back(text in "[a${}#]{0,12}") {
            let (found, errors) = pieces(&escaped(&text));
            prop_assert_eq!(errors, 0);
            let literal: String = found.iter().map(|p| match p {
                Piece::Literal(t, _) => t.as_str(),
                Piece::Place(..) => "PLACE",
            }).collect();
            prop_assert_eq!(literal, text);
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,60}") {
            let _ = pieces(&text);
        }
    }
}
