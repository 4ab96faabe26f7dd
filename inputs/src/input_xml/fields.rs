//! Single values out of tags: each reader says what it wanted when it is not there.

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::MAX_TIME_S;
use crate::number;
use crate::source::{RawText, SourceText, Span, Spanned};
use crate::xml::{Attribute, Element};
use std::ops::RangeInclusive;

/// The text that is read and what was found in it.
pub(super) struct Fields<'a> {
    pub(super) source: &'a SourceText,
    pub(super) found: &'a mut Diagnostics,
}

impl Fields<'_> {
    pub(super) fn push(&mut self, diagnostic: Diagnostic, span: Span) {
        self.found.report(self.source, span, diagnostic);
    }

    pub(super) fn error(&mut self, message: impl Into<String>, span: Span) {
        self.push(Diagnostic::error(message), span);
    }

    pub(super) fn boolean(&mut self, text: &RawText, what: &str) -> Option<bool> {
        if text.value.eq_ignore_ascii_case("true") {
            return Some(true);
        }
        if text.value.eq_ignore_ascii_case("false") {
            return Some(false);
        }
        self.push(
            Diagnostic::error(format!("`{}` for {what}", text.value)).expected("true or false"),
            text.span(),
        );
        None
    }

    pub(super) fn count(&mut self, text: &RawText, what: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let digits = text.value.bytes().all(|b| b.is_ascii_digit());
        let value = text.value.parse::<u64>().ok().filter(|_| digits);
        if let Some(value) = value.filter(|v| range.contains(v)) {
            return Some(value);
        }
        self.push(
            Diagnostic::error(format!("`{}` for a {what}", text.value)).expected(format!(
                "a whole number from {} to {}",
                range.start(),
                range.end()
            )),
            text.span(),
        );
        None
    }

    /// A time typed in milliseconds, as seconds.
    pub(super) fn time_s(&mut self, text: &str, what: &str, span: Span) -> Option<f64> {
        let value = number::thousandth(text).filter(|s| (0.0..=MAX_TIME_S).contains(s));
        if value.is_none() {
            self.push(
                Diagnostic::error(format!("`{text}` for a {what}"))
                    .expected("milliseconds, 0 or more, such as 1500")
                    .maybe_hint(unit_hint(text)),
                span,
            );
        }
        value
    }

    /// An attribute's value without outer blanks; an empty one is an error.
    pub(super) fn attribute<'e>(&mut self, element: &'e Element, name: &str) -> Option<RawText> {
        let attribute: &'e Attribute = element.attribute(name)?;
        let value = attribute.value.trimmed();
        if value.value.is_empty() {
            self.error(format!("an empty `{}`", attribute.name), attribute.name_span);
            return None;
        }
        Some(value)
    }

    /// An attribute that must be there.
    pub(super) fn required_attribute(&mut self, element: &Element, name: &str) -> Option<RawText> {
        if element.attribute(name).is_none() {
            self.push(
                Diagnostic::error(format!("`<{}>` without `{name}`", element.name))
                    .expected(format!("`<{} {name}=\"...\">`", element.name)),
                element.open,
            );
        }
        self.attribute(element, name)
    }

    /// A tag's text that must be there.
    pub(super) fn required_text(&mut self, parent: &Element, name: &str) -> Option<RawText> {
        let text = parent.child_text(name);
        if text.is_none() {
            let span = parent.child(name).map_or(parent.open, |c| c.open);
            self.push(
                Diagnostic::error(format!("`<{}>` without `<{name}>`", parent.name))
                    .expected(format!("`<{name}>...</{name}>` inside `<{}>`", parent.name)),
                span,
            );
        }
        text
    }
}

pub(super) fn spanned(text: RawText) -> Spanned<String> {
    let span = text.span();
    Spanned::new(text.value, span)
}

fn unit_hint(text: &str) -> Option<String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(unit.trim(), "ms" | "s" | "sec" | "min" | "m")
        .then(|| "the unit is always milliseconds; write the number alone".to_owned())
}
