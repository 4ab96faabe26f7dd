//! What a page makes a browser fetch along with it, read from its HTML.
//!
//! Only what the HTML itself names: what style sheets and scripts fetch in their turn is not known without running them.

use crate::transport::http1::head;
use crate::transport::url::Url;
use memchr::{memchr, memmem};

/// Resources of one page; a browser would fetch more, a measurement need not.
const MAX_RESOURCES: usize = 500;

/// Elements whose content is text, not markup, or is not loaded where scripts run.
const WITHOUT_MARKUP: &[&[u8]] = &[
    b"script",
    b"style",
    b"textarea",
    b"title",
    b"noscript",
    b"template",
    b"xmp",
    b"iframe",
    b"noembed",
    b"noframes",
];

/// What `rel` of a link must name for the link to be fetched.
const FETCHED_RELATIONS: &[&str] = &["stylesheet", "icon", "preload", "modulepreload"];

/// Whether an answer is a page that can name resources, by its head.
#[must_use]
pub fn is_page(head: &[u8]) -> bool {
    head::field(head, "content-type").is_some_and(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/xhtml+xml")
    })
}

/// The resources that a page names on its own host, in order, each once. `page` is the address that it came from.
#[must_use]
pub fn resources(page: &Url, html: &[u8]) -> Vec<Url> {
    let mut base = page.clone();
    let mut has_base = false;
    let mut found: Vec<Url> = Vec::new();
    for tag in Tags::new(html) {
        if !has_base && tag.is(b"base") {
            if let Some(href) = tag.attribute("href").and_then(|href| page.resolve(&href)) {
                base = href;
                has_base = true;
            }
            continue;
        }
        let Some(url) = tag.resource().and_then(|link| base.resolve(&link)) else {
            continue;
        };
        if url.origin.host == page.origin.host && url != *page && !found.contains(&url) {
            found.push(url);
            if found.len() == MAX_RESOURCES {
                break;
            }
        }
    }
    found
}

/// A start tag.
#[derive(Debug, Clone, Copy)]
struct Tag<'a> {
    name: &'a [u8],
    /// What stands between the name and the closing angle bracket.
    attributes: &'a [u8],
}

impl Tag<'_> {
    fn is(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        while let Some((name, value, after)) = next_attribute(rest) {
            if name.eq_ignore_ascii_case(wanted.as_bytes()) {
                return Some(without_references(&String::from_utf8_lossy(value)));
            }
            rest = after;
        }
        None
    }

    /// The address that the tag makes a browser fetch, as typed.
    fn resource(&self) -> Option<String> {
        let name = self.name.to_ascii_lowercase();
        match name.as_slice() {
            b"img" => self.attribute("src").or_else(|| self.first_of_set()),
            b"script" => {
                let kind = self.attribute("type").unwrap_or_default().to_ascii_lowercase();
                let runs = kind.is_empty() || kind.contains("javascript") || kind == "module";
                let old = self.attribute("nomodule").is_some();
                self.attribute("src").filter(|_| runs && !old)
            }
            b"link" => {
                let relation = self.attribute("rel").unwrap_or_default().to_ascii_lowercase();
                let mut names = relation.split_ascii_whitespace();
                let all: Vec<&str> = names.by_ref().collect();
                let fetched =
                    all.iter().any(|name| FETCHED_RELATIONS.contains(name)) && !all.contains(&"alternate");
                self.attribute("href").filter(|_| fetched)
            }
            b"input" => {
                let image = self
                    .attribute("type")
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("image"));
                self.attribute("src").filter(|_| image)
            }
            b"iframe" | b"frame" | b"embed" => self.attribute("src"),
            b"object" => self.attribute("data"),
            b"video" => self.attribute("poster"),
            _ => None,
        }
    }

    fn first_of_set(&self) -> Option<String> {
        let set = self.attribute("srcset")?;
        let first = set.split_ascii_whitespace().next()?;
        Some(first.trim_end_matches(',').to_owned())
    }
}

/// The start tags of a page, comments and the text of scripts left out.
struct Tags<'a> {
    rest: &'a [u8],
}

impl<'a> Tags<'a> {
    const fn new(html: &'a [u8]) -> Self {
        Self { rest: html }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn skip_behind(&mut self, mark: &[u8]) {
        let end = memmem::find(self.rest, mark).map_or(self.rest.len(), |at| at + mark.len());
        self.skip(end);
    }

    /// Skips to the end tag of an element whose content is not markup.
    fn skip_content(&mut self, name: &[u8]) {
        while let Some(at) = memmem::find(self.rest, b"</") {
            self.skip(at + 2);
            let found = self.rest.get(..name.len()).unwrap_or_default();
            if found.eq_ignore_ascii_case(name) {
                return;
            }
        }
        self.rest = &[];
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = memchr(b'<', self.rest)?;
            self.skip(start + 1);
            if self.rest.starts_with(b"!--") {
                self.skip(1);
                self.skip_behind(b"-->");
                continue;
            }
            let letters = self.rest.iter().take_while(|b| !ends_name(**b)).count();
            if letters == 0 || !self.rest[0].is_ascii_alphabetic() {
                continue;
            }
            let (name, after) = self.rest.split_at(letters);
            let mut behind = after;
            while let Some((_, _, next)) = next_attribute(behind) {
                behind = next;
            }
            let attributes = &after[..after.len() - behind.len()];
            // A tag that the page ends within is none.
            let open = behind
                .iter()
                .position(|b| !(b.is_ascii_whitespace() || *b == b'/'))?;
            self.rest = behind[open..].strip_prefix(b">")?;
            if let Some(known) = WITHOUT_MARKUP
                .iter()
                .find(|known| name.eq_ignore_ascii_case(known))
            {
                self.skip_content(known);
            }
            return Some(Tag { name, attributes });
        }
    }
}

const fn ends_name(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')
}

/// The next attribute of a start tag, its value and what follows; `None` at the end of the tag.
fn next_attribute(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let start = text
        .iter()
        .position(|b| !(b.is_ascii_whitespace() || *b == b'/'))?;
    let text = &text[start..];
    if text[0] == b'>' {
        return None;
    }
    // An equals sign in the first place is part of the name.
    let length = 1 + text[1..]
        .iter()
        .take_while(|b| !ends_name(**b) && **b != b'=')
        .count();
    let (name, rest) = text.split_at(length);
    let trimmed = rest.trim_ascii_start();
    let Some(value) = trimmed.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) else {
        return Some((name, &[], rest));
    };
    match value.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let inner = &value[1..];
            let end = memchr(*quote, inner)?;
            Some((name, &inner[..end], &inner[end + 1..]))
        }
        _ => {
            let end = value
                .iter()
                .take_while(|b| !b.is_ascii_whitespace() && **b != b'>')
                .count();
            let (value, rest) = value.split_at(end);
            Some((name, value, rest))
        }
    }
}

/// The text of an attribute with the character references that stand in addresses put right.
fn without_references(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    const REFERENCES: &[(&str, &str)] = &[
        ("&#38;", "&"),
        ("&#x26;", "&"),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    REFERENCES
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(html: &str) -> Vec<String> {
        let page = Url::parse("http://h:8080/a/page.html?x=1").expect("valid");
        resources(&page, html.as_bytes())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn each_kind_of_resource_is_found_once_and_in_order() {
        let html = r#"<!DOCTYPE html><html><head>
            <link rel="stylesheet" href="/s.css"><LINK HREF='/s.css' REL=StyleSheet>
            <link rel="shortcut icon" href=favicon.ico>
            <link rel=preload href=/font.woff2 as=font>
            <script src="app.js?v=1&amp;w=2"></script><script type=module src=m.mjs></script>
            </head><body>
            <img src="../i.png" alt="a > b"><img srcset="big.jpg 2x, small.jpg 1x">
            <input type=image src=go.gif><iframe src=frame.html>inside</iframe>
            <object data="/o.svg"></object><video poster=/p.jpg src=/film.mp4></video><embed src=/e>
            </body></html>"#;
        let expected = [
            "/s.css",
            "/a/favicon.ico",
            "/font.woff2",
            "/a/app.js?v=1&w=2",
            "/a/m.mjs",
            "/i.png",
            "/a/big.jpg",
            "/a/go.gif",
            "/a/frame.html",
            "/o.svg",
            "/p.jpg",
            "/e",
        ];
        assert_eq!(found(html), expected.map(|path| format!("http://h:8080{path}")));
    }

    #[test]
    fn what_a_browser_does_not_fetch_is_left_out() {
        let html = r#"<!-- <img src=/comment.png> --><!----><img src="data:image/png;base64,AA">
            <script>document.write("<img src=/written.png>")</script>
            <script type="application/json" src=/data.json></script><script nomodule src=/old.js></script>
            <noscript><img src=/noscript.png></noscript><template><img src=/template.png></template>
            <link rel=canonical href=/c><link rel="alternate stylesheet" href=/alt.css><link href=/norel>
            <style>b { background: url(/style.png) }</style><a href=/link><img src="" alt=x><img>
            <img src="http://elsewhere/i.png"><img src="page.html?x=1"><textarea><img src=/t.png></textarea>
            <input type=text src=/x><br/><img src=/last.png"#;
        assert!(found(html).is_empty(), "{:?}", found(html));
        assert_eq!(found("<img src=https://h/other-port.png>").len(), 1);
    }

    #[test]
    fn a_base_changes_where_links_lead() {
        let html = "<base href='/b/'><base href='/c/'><img src=i.png><img src=/j.png>";
        assert_eq!(found(html), ["http://h:8080/b/i.png", "http://h:8080/j.png"]);
    }

    #[test]
    fn their_number_is_bounded() {
        let html: String = (0..MAX_RESOURCES + 9)
            .map(|i| format!("<img src=/{i}>"))
            .collect();
        assert_eq!(found(&html).len(), MAX_RESOURCES);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(html in prop::collection::vec(prop::sample::select(
            b"<>/='\"! -aimgsrcscriptlink&;\n\xff".to_vec()), 0..200)) {
            let page = Url::parse("http://h/").expect("valid");
            prop_assert!(resources(&page, &html).len() <= MAX_RESOURCES);
        }
    }
}
