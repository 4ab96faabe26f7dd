//! A source file: where it is, which module it is, what paths it names.

use super::tokens::{Placed, Token, tokens};
use std::fs;
use std::io;
use std::path::Path;

/// A Rust source file of the workspace.
#[derive(Debug, Clone)]
pub struct Source {
    /// Place relative to the workspace, with `/`.
    pub place: String,
    /// Its text.
    pub text: String,
    tokens: Vec<Placed>,
}

/// A path that a file names, made absolute: `super::x` in `load/wheel.rs` is `crate::load::x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathUse {
    /// The segments, beginning with `crate` or the name of a crate or of something in scope.
    pub segments: Vec<String>,
    /// Line, from 1.
    pub line: usize,
    /// Whether it stands in an inline module `tests`.
    pub in_tests: bool,
}

impl Source {
    /// A source file of this place and text.
    #[must_use]
    pub fn new(place: &str, text: &str) -> Self {
        Self {
            place: place.to_owned(),
            text: text.to_owned(),
            tokens: tokens(text),
        }
    }

    /// All Rust files below a folder of the workspace, build results left out.
    ///
    /// # Errors
    /// Where a folder or file cannot be read.
    pub fn all_below(workspace: &Path, folder: &str) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(workspace.join(&folder))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let place = format!("{folder}/{name}");
                if entry.file_type()?.is_dir() {
                    if name != "target" {
                        folders.push(place);
                    }
                } else if place.ends_with(".rs") {
                    found.push(Self::new(&place, &fs::read_to_string(entry.path())?));
                }
            }
        }
        found.sort_by(|a, b| a.place.cmp(&b.place));
        Ok(found)
    }

    /// Number of lines.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.text.lines().count()
    }

    /// Whether the whole file serves tests or benches.
    #[must_use]
    pub fn is_test_file(&self) -> bool {
        let (folders, name) = self.place.rsplit_once('/').unwrap_or(("", &self.place));
        name == "tests.rs" || folders.split('/').skip(1).any(|f| f == "tests" || f == "benches")
    }

    /// The names that follow a keyword, such as all traits (`trait`) or inline and declared modules (`mod`).
    #[must_use]
    pub fn names_after(&self, keyword: &str) -> Vec<(&str, usize)> {
        let pairs = self.tokens.windows(2);
        pairs
            .filter_map(|pair| match (&pair[0], &pair[1]) {
                ((Token::Word(word), line), (Token::Word(name), _)) if word == keyword => {
                    Some((name.as_str(), *line))
                }
                _ => None,
            })
            .collect()
    }

    /// The module that the file is: `crate`, then its folders below `src`.
    fn module(&self) -> Vec<String> {
        let inner = self.place.split_once("/src/").map_or("", |(_, inner)| inner);
        let inner = inner.trim_end_matches(".rs");
        let segments = inner.split('/').filter(|s| !matches!(*s, "" | "lib" | "main"));
        std::iter::once("crate")
            .chain(segments)
            .map(str::to_owned)
            .collect()
    }

    /// All paths of at least two segments and all imports, groups spread out.
    #[must_use]
    pub fn paths(&self) -> Vec<PathUse> {
        let mut reader = Reader {
            tokens: &self.tokens,
            at: 0,
            module: self.module(),
            inline: Vec::new(),
            found: Vec::new(),
        };
        reader.read();
        reader.found
    }
}

struct Reader<'a> {
    tokens: &'a [Placed],
    at: usize,
    module: Vec<String>,
    /// Open braces: the name of the inline module that one opens, or nothing.
    inline: Vec<Option<String>>,
    found: Vec<PathUse>,
}

impl<'a> Reader<'a> {
    fn token(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    fn word(&self, ahead: usize) -> Option<&'a str> {
        match self.token(ahead) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn read(&mut self) {
        while let Some((token, line)) = self.tokens.get(self.at) {
            match token {
                Token::Word(word) if word == "mod" && self.token(2) == Some(&Token::Sign('{')) => {
                    self.inline.push(self.word(1).map(str::to_owned));
                    self.at += 3;
                }
                Token::Word(word) if word == "use" && self.token(1) != Some(&Token::Sign('<')) => {
                    self.at += 1;
                    self.read_use(&[], *line);
                }
                Token::Word(_) | Token::PathSeparator => self.read_path(*line),
                Token::Sign('{') => {
                    self.inline.push(None);
                    self.at += 1;
                }
                Token::Sign('}') => {
                    self.inline.pop();
                    self.at += 1;
                }
                Token::Sign(_) => self.at += 1,
            }
        }
    }

    /// A path in code: words joined by `::`.
    fn read_path(&mut self, line: usize) {
        if self.token(0) == Some(&Token::PathSeparator) {
            self.at += 1;
        }
        let mut segments = Vec::new();
        while let Some(word) = self.word(0) {
            segments.push(word.to_owned());
            self.at += 1;
            if self.token(0) != Some(&Token::PathSeparator) {
                break;
            }
            self.at += 1;
        }
        if segments.len() > 1 {
            self.note(segments, line);
        }
    }

    /// A tree of an import, from behind `use` or within a group.
    fn read_use(&mut self, prefix: &[String], line: usize) {
        let mut segments = prefix.to_vec();
        while let Some((token, _)) = self.tokens.get(self.at) {
            match token {
                Token::Word(word) if word == "as" => self.at += 2,
                Token::Word(word) => {
                    segments.push(word.clone());
                    self.at += 1;
                }
                Token::PathSeparator => self.at += 1,
                Token::Sign('*') => {
                    segments.push("*".to_owned());
                    self.at += 1;
                }
                Token::Sign('{') => {
                    self.at += 1;
                    while !matches!(self.token(0), None | Some(Token::Sign('}'))) {
                        self.read_use(&segments, self.tokens[self.at].1.max(line));
                        if self.token(0) == Some(&Token::Sign(',')) {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                Token::Sign(_) => break,
            }
        }
        if segments.len() > prefix.len() {
            self.note(segments, line);
        }
    }

    fn note(&mut self, segments: Vec<String>, line: usize) {
        let inline: Vec<&String> = self.inline.iter().flatten().collect();
        let in_tests = inline.iter().any(|name| *name == "tests");
        let here: Vec<String> = self.module.iter().chain(inline).cloned().collect();
        self.found.push(PathUse {
            segments: absolute(segments, here),
            line,
            in_tests,
        });
    }
}

/// Replaces a leading `self`, or any number of leading `super`, by the module meant.
fn absolute(segments: Vec<String>, here: Vec<String>) -> Vec<String> {
    let relative = segments
        .iter()
        .take_while(|s| *s == "self" || *s == "super")
        .count();
    if relative == 0 {
        return segments;
    }
    let up = segments[..relative].iter().filter(|s| *s == "super").count();
    let mut base = here;
    base.truncate(base.len().saturating_sub(up).max(1));
    base.extend_from_slice(&segments[relative..]);
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(place: &str, text: &str) -> Vec<String> {
        Source::new(place, text)
            .paths()
            .into_iter()
            .map(|p| p.segments.join("::"))
            .collect()
    }

    #[test]
    fn groups_renamings_and_globs_are_spread_out() {
        let text = "use std::{fs, io::{self as i, Read}, time::*};\npub use super::record as r;";
        assert_eq!(
            paths("master/src/load/wheel.rs", text),
            [
                "std::fs",
                "std::io::self",
                "std::io::Read",
                "std::time::*",
                "crate::load::record"
            ]
        );
    }

    #[test]
    fn relative_paths_are_resolved_from_the_module_they_stand_in() {
        let text = "fn f() { super::g(); }\nmod tests { use super::*; use super::super::journal::J; }\nfn h() { self::x::y() }";
        let found = Source::new("master/src/load.rs", text).paths();
        let names: Vec<_> = found
            .iter()
            .map(|p| (p.segments.join("::"), p.in_tests))
            .collect();
        let expected = [
            ("crate::g", false),
            ("crate::load::*", true),
            ("crate::journal::J", true),
            ("crate::load::x::y", false),
        ];
        assert_eq!(names, expected.map(|(name, tests)| (name.to_owned(), tests)));
    }

    #[test]
    fn paths_in_code_are_found_with_their_lines() {
        let text = "fn f() {\n  ::std::fs::read(\"x\");\n  a.b(Vec::<u8>::new, io::Read)\n}";
        let found = Source::new("a/src/lib.rs", text).paths();
        let names: Vec<_> = found.iter().map(|p| (p.segments.join("::"), p.line)).collect();
        assert_eq!(
            names,
            [("std::fs::read".to_owned(), 2), ("io::Read".to_owned(), 3)]
        );
    }

    #[test]
    fn names_after_a_keyword() {
        let source = Source::new(
            "a/src/lib.rs",
            "// trait No {}\npub trait Probe: Send {}\nmod x;\nmod y {}",
        );
        assert_eq!(source.names_after("trait"), [("Probe", 2)]);
        assert_eq!(source.names_after("mod"), [("x", 3), ("y", 4)]);
    }

    #[test]
    fn test_files_are_known_by_their_place() {
        for (place, expected) in [
            ("models/src/laws.rs", false),
            ("models/src/laws/tests.rs", true),
            ("models/tests/laws.rs", true),
            ("models/benches/mva.rs", true),
            ("tests/src/lib.rs", false),
            ("tests/tests/architecture.rs", true),
        ] {
            assert_eq!(Source::new(place, "").is_test_file(), expected, "{place}");
        }
    }
}
