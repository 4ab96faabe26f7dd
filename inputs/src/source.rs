//! A text with a name, and positions in it: what every message about a file points at.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Name of a file as messages show it; never opened by a parser.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(String);

impl FileName {
    /// A name to be shown in messages.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes of a source text, by offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Spanned<T> {
    pub(crate) fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// A file's text together with its name; cheap to clone, so that a draft can keep the text its spans refer to.
#[derive(Debug, Clone)]
pub(crate) struct SourceText(Arc<(FileName, String)>);

impl SourceText {
    pub(crate) fn new(name: &FileName, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self(Arc::new((name.clone(), text.to_owned())))
    }

    pub(crate) fn name(&self) -> &FileName {
        &self.0.0
    }

    pub(crate) fn text(&self) -> &str {
        &self.0.1
    }

    /// The line, from 1, in which a place stands.
    pub(crate) fn line(&self, at: usize) -> usize {
        let before = self.text().as_bytes().get(..at).unwrap_or_default();
        before.iter().filter(|&&b| b == b'\n').count() + 1
    }

    /// The written text of a span; empty if the span is not one of this text.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text().get(span.start..span.end).unwrap_or("")
    }
}

/// From `at` of a value on, it runs in parallel with `start..end` of the source.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    at: usize,
    start: usize,
    end: usize,
}

/// A text taken out of a source with its escapes resolved, that still knows where each byte was written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RawText {
    pub(crate) value: String,
    pieces: Vec<Run>,
    /// Set where parts can't be told apart: the place of all of it.
    whole: Option<Span>,
    /// Bytes of `value` that came from references or CDATA: trimming stops there, since someone meant them.
    kept: Option<(usize, usize)>,
    end: usize,
}

impl RawText {
    /// A text that stands in the source as it is.
    pub(crate) fn verbatim(text: &str, start: usize) -> Self {
        Self {
            value: text.to_owned(),
            pieces: vec![Run {
                at: 0,
                start,
                end: start + text.len(),
            }],
            whole: None,
            kept: None,
            end: start + text.len(),
        }
    }

    /// A text of which only the whole place is known.
    pub(crate) fn opaque(text: &str, span: Span) -> Self {
        Self {
            value: text.to_owned(),
            pieces: Vec::new(),
            whole: Some(span),
            kept: None,
            end: span.end,
        }
    }

    /// Appends text written at `start..end` of the source; `text` may be shorter or longer than that.
    pub(crate) fn push(&mut self, text: &str, start: usize, end: usize) {
        let length = self.value.len();
        match self.pieces.last_mut() {
            Some(run)
                if run.end == start
                    && length - run.at == run.end - run.start
                    && text.len() == end - start =>
            {
                run.end = end;
            }
            _ => self.pieces.push(Run {
                at: length,
                start,
                end,
            }),
        }
        self.value.push_str(text);
        self.end = end;
    }

    /// Like [`Self::push`], for text whose blanks are meant.
    pub(crate) fn push_kept(&mut self, text: &str, start: usize, end: usize) {
        let from = self.kept.map_or(self.value.len(), |(from, _)| from);
        self.push(text, start, end);
        self.kept = Some((from, self.value.len()));
    }

    /// An empty text written at a place.
    pub(crate) fn empty_at(at: usize) -> Self {
        Self {
            value: String::new(),
            pieces: vec![Run {
                at: 0,
                start: at,
                end: at,
            }],
            whole: None,
            kept: None,
            end: at,
        }
    }

    /// The run that the byte at `at` of the value belongs to.
    fn run(&self, at: usize) -> Option<(Run, usize)> {
        let next = self.pieces.partition_point(|run| run.at <= at);
        let run = *self.pieces.get(next.checked_sub(1)?)?;
        let value_end = self.pieces.get(next).map_or(self.value.len(), |r| r.at);
        Some((run, value_end))
    }

    /// Where a part of the value was written.
    pub(crate) fn span_of(&self, range: Range<usize>) -> Span {
        if let Some(whole) = self.whole {
            return whole;
        }
        let start = self.run(range.start).map_or(self.end, |(run, _)| {
            (run.start + (range.start - run.at)).min(run.end)
        });
        let last = range.end.min(self.value.len()).checked_sub(1);
        let end = last
            .and_then(|at| self.run(at))
            .map_or(start, |(run, value_end)| {
                if range.end >= value_end {
                    run.end
                } else {
                    (run.start + (range.end - run.at)).min(run.end)
                }
            });
        Span::new(start, end.max(start))
    }

    /// Where the whole value was written.
    pub(crate) fn span(&self) -> Span {
        self.span_of(0..self.value.len())
    }

    /// The same text without white space at its ends, as far as that was typed as such.
    pub(crate) fn trimmed(&self) -> Self {
        let value = self.value.as_str();
        let mut from = value.len() - value.trim_start().len();
        let mut to = value.trim_end().len();
        if let Some((kept_from, kept_to)) = self.kept {
            from = from.min(kept_from);
            to = to.max(kept_to);
        }
        let to = to.max(from);
        let span = self.span_of(from..to);
        let first = self.run(from).map_or(span.end, |(run, _)| run.end);
        let mut pieces = vec![Run {
            at: 0,
            start: span.start,
            end: first.min(span.end),
        }];
        let later = self.pieces.iter().filter(|r| r.at > from && r.at < to);
        pieces.extend(later.map(|r| Run {
            at: r.at - from,
            end: r.end.min(span.end),
            ..*r
        }));
        Self {
            value: value[from..to].to_owned(),
            pieces,
            whole: self.whole,
            kept: self
                .kept
                .map(|(kept_from, kept_to)| (kept_from - from, kept_to - from)),
            end: span.end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolved_entity_keeps_the_places_of_what_follows() {
        // source: "a&amp;b" at 10
        let mut text = RawText::default();
        text.push("a", 10, 11);
        text.push("&", 11, 16);
        text.push("b", 16, 17);
        assert_eq!(text.value, "a&b");
        assert_eq!(text.span_of(1..2), Span::new(11, 16));
        assert_eq!(text.span_of(2..3), Span::new(16, 17));
        assert_eq!(text.span(), Span::new(10, 17));
    }

    #[test]
    fn trimming_moves_the_start() {
        let text = RawText::verbatim("  ab ", 5).trimmed();
        assert_eq!(text.value, "ab");
        assert_eq!(text.span(), Span::new(7, 9));
        let nothing = RawText::verbatim("  ", 5).trimmed();
        assert_eq!(nothing.value, "");
    }

    #[test]
    fn blanks_from_references_are_kept() {
        let mut text = RawText::default();
        text.push("\n ", 0, 2);
        text.push_kept(" ", 2, 7);
        text.push("b \n", 7, 10);
        let trimmed = text.trimmed();
        assert_eq!(trimmed.value, " b");
        assert_eq!(trimmed.span(), Span::new(2, 8));
    }

    #[test]
    fn an_opaque_text_answers_with_its_whole_place() {
        let text = RawText::opaque("a b", Span::new(3, 12));
        assert_eq!(text.span_of(1..2), Span::new(3, 12));
    }
}
