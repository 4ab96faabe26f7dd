//! Text to tree. Document types are refused, so that no entity can be declared, and depth and number of tags are bounded.

use super::{Attribute, Element};
use crate::diagnostic::Diagnostic;
use crate::limits::{MAX_DEPTH, MAX_ELEMENTS};
use crate::source::{RawText, SourceText, Span};
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader};

/// The top-level tags of a text, or the first thing that makes it unreadable as XML.
pub(crate) fn read(source: &SourceText) -> Result<Vec<Element>, Diagnostic> {
    let mut reader = Reader::from_str(source.text());
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut builder = Builder {
        source,
        open: Vec::new(),
        top: Vec::new(),
        elements: 0,
    };
    loop {
        let start = position(reader.buffer_position());
        let event = reader
            .read_event()
            .map_err(|e| builder.unreadable(&e, position(reader.error_position())))?;
        let span = Span::new(start, position(reader.buffer_position()));
        match event {
            Event::Start(tag) => builder.open(&tag, span)?,
            Event::Empty(tag) => {
                builder.open(&tag, span)?;
                builder.close_last();
            }
            Event::End(_) => builder.close(span)?,
            Event::Text(_) => builder.characters(span)?,
            Event::CData(_) => builder.raw(inner_of_cdata(span), true)?,
            Event::GeneralRef(_) => builder.reference(span)?,
            Event::DocType(_) => return Err(builder.doctype(span)),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return builder.finish(),
        }
    }
}

fn position(p: u64) -> usize {
    usize::try_from(p).unwrap_or(usize::MAX)
}

struct Builder<'a> {
    source: &'a SourceText,
    open: Vec<Element>,
    top: Vec<Element>,
    elements: usize,
}

impl Builder<'_> {
    fn error(&self, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::error(message).at(self.source, span)
    }

    fn open(&mut self, tag: &BytesStart<'_>, span: Span) -> Result<(), Diagnostic> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(self.error(format!("more than {MAX_ELEMENTS} tags"), span));
        }
        if self.open.len() >= MAX_DEPTH {
            let message = format!("tags nested more than {MAX_DEPTH} deep");
            return Err(self
                .error(message, span)
                .hint("look for a tag that was never closed"));
        }
        let name = tag.name().0.to_owned();
        let name_span = Span::new(span.start + 1, span.start + 1 + name.len());
        if !is_name(&name) {
            return Err(self
                .error(format!("`{name}` is not a name for a tag"), name_span)
                .hint("write `<` in a text as `&lt;`"));
        }
        let attributes = self.attributes(tag, span)?;
        self.open.push(Element {
            name,
            name_span,
            open: span,
            attributes,
            children: Vec::new(),
            text: RawText::empty_at(span.end),
        });
        Ok(())
    }

    fn attributes(&self, tag: &BytesStart<'_>, span: Span) -> Result<Vec<Attribute>, Diagnostic> {
        let whole: &str = tag;
        // The tag's text is a slice of the source behind its `<`; offsets inside it are offsets there.
        let offset_of = |part: &str| {
            let inside = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
            span.start + 1 + inside.min(whole.len())
        };
        let mut list = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| self.bad_attribute(&e, span))?;
            let name = attribute.key.0;
            let start = offset_of(name);
            let value_start = offset_of(&attribute.value);
            let value = self.attribute_value(&attribute.value, value_start)?;
            list.push(Attribute {
                name: name.to_owned(),
                name_span: Span::new(start, start + name.len()),
                value,
            });
        }
        Ok(list)
    }

    fn bad_attribute(&self, error: &AttrError, tag: Span) -> Diagnostic {
        let (at, message, hint) = match error {
            AttrError::ExpectedEq(at) => (at, "an attribute without `=`", "write `name=\"value\"`"),
            AttrError::ExpectedValue(at) => (at, "an attribute without a value", "write `name=\"value\"`"),
            AttrError::UnquotedValue(at) => {
                (at, "an attribute value without quotes", "write `name=\"value\"`")
            }
            AttrError::ExpectedQuote(at, _) => (
                at,
                "an attribute value that is not closed",
                "add the closing quote",
            ),
            AttrError::Duplicated(at, _) => (at, "the same attribute twice in one tag", "keep one of them"),
        };
        let at = tag.start + 1 + at;
        self.error(message, Span::new(at, (at + 1).min(tag.end)))
            .hint(hint)
    }

    /// Resolves references; line ends and tabs become blanks, as XML 1.0 section 3.3.3 has it.
    fn attribute_value(&self, raw: &str, start: usize) -> Result<RawText, Diagnostic> {
        let mut value = RawText::empty_at(start);
        let mut at = 0;
        while let Some(c) = raw[at..].chars().next() {
            let from = start + at;
            let length = match c {
                '&' => raw[at..].find(';').map_or(raw.len() - at, |end| end + 1),
                c => c.len_utf8(),
            };
            let span = Span::new(from, from + length);
            match c {
                '&' => value.push(&self.resolve(span)?.to_string(), span.start, span.end),
                '<' => {
                    return Err(self
                        .error("`<` in an attribute value", span)
                        .hint("a closing quote is missing, or write `&lt;`"));
                }
                '\t' | '\n' | '\r' => value.push(" ", span.start, span.end),
                c => {
                    self.allowed(c, span)?;
                    value.push(&raw[at..at + length], span.start, span.end);
                }
            }
            at += length;
        }
        Ok(value)
    }

    /// The character that `&...;` stands for: only XML's own five names and character numbers exist here.
    fn resolve(&self, span: Span) -> Result<char, Diagnostic> {
        let written = self.source.slice(span);
        let name = written.strip_prefix('&').and_then(|r| r.strip_suffix(';'));
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok();
        let resolved = name.and_then(|name| match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match name.strip_prefix('#')?.strip_prefix('x') {
                Some(hex) => number(hex, 16).and_then(char::from_u32),
                None => number(&name[1..], 10).and_then(char::from_u32),
            },
        });
        match resolved {
            Some(c) => self.allowed(c, span).map(|()| c),
            None => Err(self.unknown_reference(span)),
        }
    }

    fn unknown_reference(&self, span: Span) -> Diagnostic {
        let text = self.source.text();
        // An unfinished reference runs on to the next `;` or tag: mark no more of it than its `&`.
        let end = if self.source.slice(span).ends_with(';') && span.end - span.start <= 32 {
            span.end
        } else {
            (span.start + 1).min(text.len())
        };
        let span = Span::new(span.start, end);
        self.error("`&` that starts no known reference", span)
            .expected("&amp; &lt; &gt; &quot; &apos; or a character number such as &#38;")
            .hint("write every `&` of a URL as `&amp;`")
    }

    fn allowed(&self, c: char, span: Span) -> Result<(), Diagnostic> {
        let bad = (c.is_control() && !matches!(c, '\t' | '\n' | '\r') && c < '\u{7f}')
            || matches!(c, '\u{fffe}' | '\u{ffff}');
        if bad {
            let message = format!("the character U+{:04X}, which XML does not allow", c as u32);
            return Err(self.error(message, span).hint("remove it"));
        }
        Ok(())
    }

    fn characters(&mut self, span: Span) -> Result<(), Diagnostic> {
        let text = self.source.slice(span);
        if self.open.is_empty() {
            let stray = text.trim_start();
            if stray.is_empty() {
                return Ok(());
            }
            let start = span.end - stray.len();
            let span = Span::new(start, start + stray.trim_end().len());
            return Err(self
                .error("text outside of every tag", span)
                .hint("a tag before it is closed too early, or never opened"));
        }
        self.raw(span, false)
    }

    /// Character data as it stands; `\r\n` becomes `\n` (XML 1.0 section 2.11).
    fn raw(&mut self, span: Span, kept: bool) -> Result<(), Diagnostic> {
        let source = self.source.clone();
        let text = source.slice(span);
        for (i, c) in text.char_indices() {
            self.allowed(c, Span::new(span.start + i, span.start + i + c.len_utf8()))?;
        }
        let Some(element) = self.open.last_mut() else {
            return Err(self.error("text outside of every tag", span));
        };
        let push = if kept { RawText::push_kept } else { RawText::push };
        let mut at = span.start;
        for line in text.split_inclusive("\r\n") {
            let end = at + line.len();
            match line.strip_suffix("\r\n") {
                Some(body) => {
                    push(&mut element.text, body, at, end - 2);
                    push(&mut element.text, "\n", end - 2, end);
                }
                None => push(&mut element.text, line, at, end),
            }
            at = end;
        }
        Ok(())
    }

    fn reference(&mut self, span: Span) -> Result<(), Diagnostic> {
        let c = self.resolve(span)?;
        let Some(element) = self.open.last_mut() else {
            return Err(self.error("text outside of every tag", span));
        };
        element.text.push_kept(&c.to_string(), span.start, span.end);
        Ok(())
    }

    fn close_last(&mut self) {
        if let Some(element) = self.open.pop() {
            let siblings = self.open.last_mut().map(|parent| &mut parent.children);
            siblings.unwrap_or(&mut self.top).push(element);
        }
    }

    fn close(&mut self, span: Span) -> Result<(), Diagnostic> {
        let written = self.source.slice(span);
        let name = written.trim_start_matches("</").trim_end_matches('>').trim();
        let Some(open) = self.open.last() else {
            return Err(self
                .error(format!("`</{}>` closes nothing", first_word(name)), span)
                .hint("remove it, or add the opening tag"));
        };
        if open.name == name {
            self.close_last();
            return Ok(());
        }
        let expected = format!("`</{}>`", open.name);
        let word = first_word(name);
        let from = Span::new(span.start, span.start + 2 + word.len());
        let line = self.source.line(open.open.start);
        let error = if name.contains('<') {
            self.error(format!("the closing tag `</{word}` lacks its `>`"), from)
        } else if open.name.eq_ignore_ascii_case(name) {
            self.error(
                format!("`</{name}>` closes `<{}>` in other letters", open.name),
                span,
            )
        } else {
            self.error(format!("`</{word}>` where `<{}>` is open", open.name), span)
        };
        Err(error.expected(format!("{expected}, opened in line {line}")))
    }

    fn doctype(&self, span: Span) -> Diagnostic {
        self.error(
            "a document type declaration",
            Span::new(span.start, span.start + 9),
        )
        .expected("no `<!DOCTYPE`: entities are never expanded")
        .hint("remove it")
    }

    fn unreadable(&self, error: &Error, at: usize) -> Diagnostic {
        let message = match error {
            Error::Syntax(e) => e.to_string(),
            Error::IllFormed(quick_xml::errors::IllFormedError::UnclosedReference) => {
                return self.unknown_reference(Span::new(at, at + 1));
            }
            Error::IllFormed(e) => e.to_string(),
            e => e.to_string(),
        };
        self.error(message, Span::new(at, at + 1))
            .expected("well-formed XML")
    }

    fn finish(self) -> Result<Vec<Element>, Diagnostic> {
        if let Some(open) = self.open.last() {
            return Err(self
                .error(format!("`<{}>` is never closed", open.name), open.open)
                .expected(format!("`</{}>` before the end of the file", open.name)));
        }
        if self.top.is_empty() {
            let end = self.source.text().len();
            return Err(self
                .error("no tag in the file", Span::new(end, end))
                .expected("a `<Load>` block with its transactions"));
        }
        Ok(self.top)
    }
}

/// What stands between `<![CDATA[` and `]]>`.
fn inner_of_cdata(span: Span) -> Span {
    let start = span.start + 9;
    Span::new(start, span.end.saturating_sub(3).max(start))
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| c.is_whitespace() || c == '<' || c == '>')
        .next()
        .unwrap_or("")
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileName;

    fn source(text: &str) -> SourceText {
        SourceText::new(&FileName::new("t.xml"), text)
    }

    fn error(text: &str) -> String {
        read(&source(text)).expect_err("must be refused").to_string()
    }

    #[test]
    fn places_are_those_of_the_source() {
        let source = source("<a>\n <b x='1' yy = \"p&amp;q\">u&amp;v<!-- c --><![CDATA[<w>]]></b></a>");
        let top = read(&source).expect("well-formed");
        let b = &top[0].children[0];
        assert_eq!(source.slice(b.name_span), "b");
        assert_eq!(b.text.value, "u&v<w>");
        assert_eq!(source.slice(b.text.span_of(3..6)), "<w>");
        assert_eq!(source.slice(b.text.span_of(2..3)), "v");
        assert_eq!(source.slice(b.attributes[1].name_span), "yy");
        assert_eq!(b.attributes[1].value.value, "p&q");
        assert_eq!(source.slice(b.attributes[1].value.span()), "p&amp;q");
        assert_eq!(source.slice(b.open), "<b x='1' yy = \"p&amp;q\">");
    }

    #[test]
    fn malformed_texts_are_refused_at_their_place() {
        for (text, at, part) in [
            ("<a><b></a>", "1:7", "`</a>` where `<b>` is open"),
            ("<a>\n<b>", "2:1", "`<b>` is never closed"),
            ("<a>x & y</a>", "1:6", "starts no known reference"),
            ("<a>&nbsp;</a>", "1:4", "starts no known reference"),
            ("<a>&#0;</a>", "1:4", "U+0000"),
            ("<a x=1/>", "1:6", "without quotes"),
            ("<a x='1' x='2'/>", "1:10", "same attribute twice"),
            ("<a></a>zz", "1:8", "outside of every tag"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "1:1", "document type"),
            ("<a></A>", "1:4", "in other letters"),
            ("<a>b</a\n<c>d</c></a>", "1:5", "lacks its `>`"),
            ("</a>", "1:1", "closes nothing"),
            ("", "1:1", "no tag in the file"),
            ("<a x='<'/>", "1:7", "`<` in an attribute"),
            ("<1/>", "1:2", "not a name"),
        ] {
            let found = error(text);
            assert!(found.contains(&format!("t.xml:{at}\n")), "{text}: {found}");
            assert!(found.contains(part), "{text}: {found}");
        }
    }

    #[test]
    fn depth_and_number_of_tags_are_bounded() {
        assert!(error(&"<a>".repeat(1000)).contains("nested more than"));
        let many = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        assert!(error(&many).contains("more than"));
    }
}
