//! Patterns over answers, parsed before any load is generated.

use crate::workload::{Extractor, css_parts};

/// Bound on a compiled regular expression, bytes; the same in the load engine.
pub const REGEX_SIZE_LIMIT: usize = 1 << 20;

/// What a regular expression looks like.
pub(crate) const REGEX_FORM: &str = "a regular expression in the syntax of the Rust crate regex: id=([0-9]+)";

/// What the text of an extractor looks like.
pub(crate) const fn form(extractor: &Extractor) -> &'static str {
    match extractor {
        Extractor::Regex(_) => REGEX_FORM,
        Extractor::JsonPath(_) => "a JSON path (RFC 9535): $.order.id",
        Extractor::Css(_) => "a CSS selector, perhaps with an attribute: input[name=token]@value",
        Extractor::Header(_) => "the name of a header of the answer: Location",
    }
}

/// Compiles a regular expression within [`REGEX_SIZE_LIMIT`].
///
/// # Errors
/// The reason in one line.
pub(crate) fn regex(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("an empty expression matches everything".to_owned());
    }
    match regex::bytes::RegexBuilder::new(text)
        .size_limit(REGEX_SIZE_LIMIT)
        .build()
    {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => Err("too large when compiled".to_owned()),
        Err(error) => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or("not valid");
            Err(last.trim_start_matches("error: ").trim().to_owned())
        }
    }
}

/// Parses a JSON path (RFC 9535).
///
/// # Errors
/// The reason in one line.
pub(crate) fn json_path(text: &str) -> Result<(), String> {
    match serde_json_path::JsonPath::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(one_line(&error.to_string())),
    }
}

/// Parses a CSS selector, perhaps with `@attribute` at its end.
///
/// # Errors
/// The reason in one line.
pub(crate) fn css(text: &str) -> Result<(), String> {
    let (selector, attribute) = css_parts(text);
    if attribute.is_some_and(|a| a.is_empty() || a.contains(char::is_whitespace)) {
        return Err("no attribute name after `@`".to_owned());
    }
    match scraper::Selector::parse(selector) {
        Ok(_) => Ok(()),
        Err(error) => Err(one_line(&error.to_string())),
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// A header's name as one takes it from an answer.
pub(crate) fn header(text: &str) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.is_empty() || !text.bytes().all(token) {
        return Err(format!("`{text}` is not a header name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usable_patterns_pass() {
        assert_eq!(regex(r#"name="t" value="([^"]+)""#), Ok(()));
        assert_eq!(json_path("$.a[?(@.b == 'x]')].c"), Ok(()));
        assert_eq!(css("form[action=\"a@b\"] > input.t@value"), Ok(()));
        assert_eq!(css("h1"), Ok(()));
    }

    #[test]
    fn unusable_patterns_are_explained() {
        assert!(regex("(").is_err_and(|e| e.contains("unclosed group")));
        assert!(regex("").is_err());
        assert!(regex(r"\pL{1000}{1000}").is_err_and(|e| e.contains("too large")));
        assert!(json_path("a.b").is_err());
        assert!(json_path("$[").is_err());
        assert!(css("a[").is_err());
        assert!(css("@value").is_err());
        assert!(css("a@").is_err());
        assert!(css("a]").is_err());
        assert!(css("a > > b").is_err());
    }
}
