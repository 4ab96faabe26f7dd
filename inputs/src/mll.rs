//! mll.txt (manual, section 4.3): load levels and how long each is kept, with repeated cycles.
//!
//! `users seconds` per line; `repeat N` to `end N` (the number after `end` may be missing) repeats what stands between, nested
//! as needed. Empty lines and what follows a `#` are skipped (our addition). 0 users is a pause.

use crate::cbmg::words;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::limits::{MAX_DIAGNOSTICS, MAX_LEVELS, MAX_REPEAT_DEPTH, MAX_TIME_S, MAX_USERS};
use crate::number;
use crate::source::{FileName, SourceText, Span, Spanned};
use crate::workload::ManualLevel;

/// Reads the text of a manual load level file and expands its cycles. `name` is what messages call it.
///
/// # Errors
/// Every line that can't be understood, with places.
pub fn parse(text: &str, name: &FileName) -> Result<Vec<ManualLevel>, Diagnostics> {
    let source = SourceText::new(name, text);
    let mut reader = Reader {
        source: &source,
        found: Diagnostics::new(),
        open: Vec::new(),
        levels: Vec::new(),
    };
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let words = words(line, start);
        start += line.len();
        reader.line(&words);
        if reader.found.errors() >= MAX_DIAGNOSTICS || reader.levels.len() > MAX_LEVELS {
            break;
        }
    }
    let Reader {
        mut found,
        open,
        levels,
        ..
    } = reader;
    if let Some(block) = open.last() {
        found.report(
            &source,
            block.span,
            Diagnostic::error("a `repeat` that is never ended").expected(match block.times {
                Some(times) => format!("`end {times}` after its last level"),
                None => "`end` after its last level".to_owned(),
            }),
        );
    }
    if levels.is_empty() && !found.has_errors() {
        found.push(
            Diagnostic::error("no load level")
                .in_file(name.as_str())
                .expected("a line `users seconds`, such as `3 100`"),
        );
    }
    found.into_result(levels)
}

/// An open `repeat`.
struct Block {
    /// `None` where the number is not usable, which has been said; its `end` is still expected.
    times: Option<u64>,
    /// Where its first level stands in the expanded list.
    from: usize,
    span: Span,
}

struct Reader<'a> {
    source: &'a SourceText,
    found: Diagnostics,
    open: Vec<Block>,
    levels: Vec<ManualLevel>,
}

impl Reader<'_> {
    fn line(&mut self, words: &[Spanned<String>]) {
        match words {
            [] => {}
            [first, rest @ ..] if first.value.eq_ignore_ascii_case("repeat") => {
                self.repeat(first, rest);
            }
            [first, rest @ ..] if first.value.eq_ignore_ascii_case("end") => self.end(first, rest),
            [users, duration] => self.level(users, duration),
            [first, ..] => {
                let surplus = words.get(2).unwrap_or(first);
                self.error("not a load level", surplus.span);
            }
        }
    }

    fn error(&mut self, message: impl Into<String>, span: Span) {
        self.found.report(
            self.source,
            span,
            Diagnostic::error(message).expected("`users seconds`, `repeat N` or `end N`"),
        );
    }

    fn level(&mut self, users: &Spanned<String>, duration: &Spanned<String>) {
        let count = users.value.parse::<u32>().ok();
        let Some(users) = count.filter(|u| *u <= MAX_USERS) else {
            let message = format!("`{}` for a number of users", users.value);
            return self.found.report(
                self.source,
                users.span,
                Diagnostic::error(message).expected(format!("a whole number from 0 to {MAX_USERS}")),
            );
        };
        let seconds = number::decimal(&duration.value);
        let Some(duration_s) = seconds.filter(|s| *s > 0.0 && *s <= MAX_TIME_S) else {
            let message = format!("`{}` for a duration", duration.value);
            return self.found.report(
                self.source,
                duration.span,
                Diagnostic::error(message).expected(format!("seconds, above 0 and at most {MAX_TIME_S}")),
            );
        };
        self.levels.push(ManualLevel { users, duration_s });
        self.bounded(duration.span);
    }

    fn bounded(&mut self, span: Span) {
        if self.levels.len() > MAX_LEVELS {
            self.too_many(span);
        }
    }

    fn too_many(&mut self, span: Span) {
        self.found.report(
            self.source,
            span,
            Diagnostic::error(format!("more than {MAX_LEVELS} levels, repeats expanded"))
                .expected("fewer repetitions, or longer levels"),
        );
    }

    fn repeat(&mut self, word: &Spanned<String>, rest: &[Spanned<String>]) {
        let [times] = rest else {
            self.error("`repeat` without one number", word.span);
            return self.open(None, word.span, word.span.end);
        };
        let count = times.value.parse::<u64>().ok().filter(|n| *n >= 1);
        if count.is_none() {
            let message = format!("`{}` for a number of repetitions", times.value);
            self.found.report(
                self.source,
                times.span,
                Diagnostic::error(message).expected("a whole number, 1 or more"),
            );
        }
        self.open(count, word.span, times.span.end);
    }

    fn open(&mut self, times: Option<u64>, word: Span, end: usize) {
        if self.open.len() >= MAX_REPEAT_DEPTH {
            let message = format!("repeats nested more than {MAX_REPEAT_DEPTH} deep");
            return self.error(message, word);
        }
        self.open.push(Block {
            times,
            from: self.levels.len(),
            span: Span::new(word.start, end),
        });
    }

    fn end(&mut self, word: &Spanned<String>, rest: &[Spanned<String>]) {
        let Some(block) = self.open.pop() else {
            return self.error("an `end` without a `repeat`", word.span);
        };
        let Some(times) = block.times else {
            return;
        };
        let said = rest.first().map(|n| n.value.parse::<u64>().ok());
        let same = said.is_none_or(|n| n == Some(times));
        if !same || rest.len() > 1 {
            let span = rest.first().map_or(word.span, |n| n.span);
            self.found.report(
                self.source,
                span,
                Diagnostic::error(format!("an `end` of another number than its `repeat {times}`"))
                    .expected(format!("`end {times}`")),
            );
        }
        let cycle = self.levels.get(block.from..).unwrap_or(&[]).to_vec();
        if cycle.is_empty() {
            self.found
                .push(Diagnostic::error("a `repeat` with no level in it").at(self.source, block.span));
            return;
        }
        let total = usize::try_from(times)
            .ok()
            .and_then(|times| times.checked_mul(cycle.len()))
            .and_then(|n| n.checked_add(block.from))
            .filter(|n| *n <= MAX_LEVELS);
        if total.is_none() {
            return self.too_many(block.span);
        }
        for _ in 1..times {
            self.levels.extend_from_slice(&cycle);
        }
    }
}
