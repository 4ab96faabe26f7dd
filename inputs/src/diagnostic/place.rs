//! A place in a file with the line it stands in, ready to be shown.

use crate::limits::{SHOWN_BEFORE, SHOWN_LINE, SHOWN_MESSAGE};
use crate::source::{SourceText, Span};
use std::fmt;

/// A place in a file, with the line to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// Line, from 1; 0 if the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 if the whole file is meant.
    pub column: usize,
    /// The line's text (a part of it, if it is very long), control characters replaced.
    pub text: String,
    /// Characters of `text` before the marked ones.
    pub mark_from: usize,
    /// Number of marked characters, at least 1.
    pub mark_length: usize,
}

impl Place {
    pub(crate) fn whole_file(file: String) -> Self {
        Self {
            file,
            line: 0,
            column: 0,
            text: String::new(),
            mark_from: 0,
            mark_length: 0,
        }
    }

    pub(crate) fn new(source: &SourceText, span: Span) -> Self {
        let text = source.text();
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let line_text = text[line_start..line_end].trim_end_matches('\r');
        let before_mark = text[line_start..start].chars().count();
        let marked = text[start..end.min(line_end)]
            .trim_end_matches('\r')
            .chars()
            .count();
        let skipped = if before_mark > SHOWN_LINE - SHOWN_BEFORE {
            before_mark - SHOWN_BEFORE
        } else {
            0
        };
        let mut shown: String = line_text.chars().skip(skipped).take(SHOWN_LINE).collect();
        let cut = line_text.chars().count() > skipped + SHOWN_LINE;
        let prefix = if skipped > 0 { "..." } else { "" };
        shown = format!("{prefix}{}", harmless(&shown));
        let mark_from = prefix.len() + before_mark - skipped;
        let room = shown.chars().count().saturating_sub(mark_from);
        if cut {
            shown.push_str("...");
        }
        Self {
            file: source.name().to_string(),
            line: before.matches('\n').count() + 1,
            column: before_mark + 1,
            text: shown,
            mark_from,
            mark_length: marked.min(room).max(1),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = harmless(&self.file);
        if self.line == 0 {
            return write!(f, " --> {file}");
        }
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let mark = format!("{}{}", " ".repeat(self.mark_from), "^".repeat(self.mark_length));
        let line = self.text.trim_end();
        writeln!(f, "{gutter}--> {file}:{}:{}", self.line, self.column)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{}", format!("{number} | {line}").trim_end())?;
        write!(f, "{gutter} | {mark}")
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One character per character, so that marks stay aligned: tabs become blanks, what could steer a terminal a dot.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() || is_invisible(c) => '\u{b7}',
            c => c,
        })
        .collect()
}

/// A message made harmless and cut where it quotes too much.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MESSAGE) {
        Some((end, _)) => format!("{}...", harmless(&text[..end])),
        None => harmless(text),
    }
}

/// Characters that reorder or hide text on a terminal.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileName;

    fn place(text: &str, start: usize, end: usize) -> Place {
        Place::new(&SourceText::new(&FileName::new("f"), text), Span::new(start, end))
    }

    #[test]
    fn line_and_column_count_characters_from_one() {
        let p = place("ab\nçdé\n", 6, 8);
        assert_eq!((p.line, p.column, p.text.as_str()), (2, 3, "çdé"));
        assert_eq!((p.mark_from, p.mark_length), (2, 1));
    }

    #[test]
    fn a_mark_never_leaves_its_line() {
        let p = place("ab\ncd", 1, 5);
        assert_eq!((p.line, p.column, p.mark_length), (1, 2, 1));
        let end = place("ab\n", 3, 3);
        assert_eq!((end.line, end.column, end.mark_length), (2, 1, 1));
        let beyond = place("ab", 90, 99);
        assert_eq!((beyond.line, beyond.column), (1, 3));
    }

    #[test]
    fn a_long_line_is_shown_around_the_place() {
        let text = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        let p = place(&text, 5000, 5001);
        assert_eq!(p.column, 5001);
        assert!(p.text.chars().count() <= SHOWN_LINE + 6);
        assert_eq!(p.text.chars().nth(p.mark_from), Some('X'));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let p = place("a\u{1b}[31mb", 0, 1);
        assert_eq!(p.text, "a\u{b7}[31mb");
    }
}
