//! Just enough of Rust's lexical grammar to find paths and items: comments and literals are skipped.

/// A token of interest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier or keyword.
    Word(String),
    /// `::`
    PathSeparator,
    /// Any other character that is not white space.
    Sign(char),
}

/// A token and the line it stands in, from 1.
pub(super) type Placed = (Token, usize);

/// The tokens of a Rust text.
pub(super) fn tokens(text: &str) -> Vec<Placed> {
    let mut rest = Rest { text, line: 1 };
    let mut found = Vec::new();
    while let Some(first) = rest.text.chars().next() {
        let line = rest.line;
        if first.is_whitespace() {
            rest.skip(first.len_utf8());
        } else if rest.text.starts_with("//") {
            rest.skip(rest.text.find('\n').unwrap_or(rest.text.len()));
        } else if rest.text.starts_with("/*") {
            rest.skip(comment_length(rest.text));
        } else if let Some(length) = literal_length(rest.text) {
            rest.skip(length);
        } else if rest.text.starts_with("::") {
            rest.skip(2);
            found.push((Token::PathSeparator, line));
        } else if is_word(first) {
            let length = rest.text.find(|c| !is_word(c)).unwrap_or(rest.text.len());
            found.push((Token::Word(rest.text[..length].to_owned()), line));
            rest.skip(length);
        } else {
            found.push((Token::Sign(first), line));
            rest.skip(first.len_utf8());
        }
    }
    found
}

struct Rest<'a> {
    text: &'a str,
    line: usize,
}

impl Rest<'_> {
    fn skip(&mut self, bytes: usize) {
        let (skipped, rest) = self.text.split_at(bytes);
        self.line += skipped.matches('\n').count();
        self.text = rest;
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// Length of the block comment that the text begins with; they nest.
fn comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of the string, character or lifetime that the text begins with, if it does.
fn literal_length(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c"]
        .into_iter()
        .find(|p| text.starts_with(p))
        .unwrap_or("");
    for start in [prefix, ""] {
        let body = &text[start.len()..];
        let hashes = body.len() - body.trim_start_matches('#').len();
        if start.ends_with('r') && body[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = start.len() + hashes + 1;
            return Some(
                text[begin..]
                    .find(&end)
                    .map_or(text.len(), |at| begin + at + end.len()),
            );
        }
        if !start.ends_with('r') && body.starts_with('"') {
            return Some(start.len() + quoted_length(body, '"'));
        }
    }
    let character = text
        .strip_prefix('b')
        .filter(|rest| rest.starts_with('\''))
        .unwrap_or(text);
    let rest = character.strip_prefix('\'')?;
    let prefix_length = text.len() - character.len();
    let mut characters = rest.chars();
    match (characters.next(), characters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => Some(prefix_length + quoted_length(character, '\'')),
        // A lifetime: its name is no path.
        _ => Some(1 + rest.find(|c| !is_word(c)).unwrap_or(rest.len())),
    }
}

/// Length of a quoted text with backslash escapes, both quotes included.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(String, usize)> {
        tokens(text)
            .into_iter()
            .filter_map(|(token, line)| match token {
                Token::Word(word) => Some((word, line)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn comments_and_literals_hold_no_words() {
        let text = r####"
            a // std::fs
            /* std /* nested */ fs */ b
            "std::\" fs" c r#"tokio " "# d 'x' e '\'' f b"fs" g br##"fs"# "## h b'\n' i 'life j
        "####;
        let found: Vec<_> = words(text).into_iter().map(|(word, _)| word).collect();
        assert_eq!(found.join(" "), "a b c d e f g h i j");
    }

    #[test]
    fn lines_are_counted_through_everything() {
        let text = "a\n/*\n\n*/ b \"\n\n\" c\n// x\nd";
        let found: Vec<_> = words(text).into_iter().map(|(_, line)| line).collect();
        assert_eq!(found, [1, 4, 6, 8]);
    }

    #[test]
    fn words_that_begin_like_a_literal_are_words() {
        assert_eq!(words("brand crate r b fn_r").len(), 5);
    }

    #[test]
    fn unfinished_text_ends() {
        for text in ["\"abc", "/* x", "r#\"x", "'\\", "b'", "'"] {
            tokens(text);
        }
    }
}
