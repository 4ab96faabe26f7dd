//! Links of the last page that fit a URL with `${0}` places (`inputype="parse"`).

use crate::transport::url::Url;
use memchr::memmem;

/// A URL with places that stand for any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagePattern {
    /// Literal texts before, between and behind the places; one more than places.
    literals: Vec<String>,
}

/// Links looked at on one page; more would only cost time.
const MAX_LINKS: usize = 20_000;

impl PagePattern {
    /// From the literal texts around the places; there is one more literal than places.
    #[must_use]
    pub fn new(literals: Vec<String>) -> Self {
        Self { literals }
    }

    /// All links of the page, resolved against its address, that fit; each as often as it stands there.
    #[must_use]
    pub fn find(&self, page: &Url, body: &[u8]) -> Vec<Url> {
        links(body)
            .take(MAX_LINKS)
            .filter_map(|link| self.fit(page, link))
            .collect()
    }

    fn fit(&self, page: &Url, link: &[u8]) -> Option<Url> {
        let text = std::str::from_utf8(link).ok()?;
        let plain = text.replace("&amp;", "&").replace("&#38;", "&");
        let url = page.resolve(&plain)?;
        self.matches(&url.to_string()).then_some(url)
    }

    /// Whether a text is the literals in their order with anything in the places.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = &self.literals[..] else {
            return self.literals.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for literal in middle {
            let Some(at) = memmem::find(rest.as_bytes(), literal.as_bytes()) else {
                return false;
            };
            rest = &rest[at + literal.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

/// Stretches of a page that can be an address: whatever stands between quotes, white space and angle brackets.
fn links(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let stops =
        |byte: &u8| matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'(' | b')') || byte.is_ascii_whitespace();
    body.split(stops).filter_map(|piece| {
        // An attribute without quotes: href=day.php?date=1
        let bare = [&b"href="[..], b"src=", b"action="]
            .iter()
            .find_map(|name| strip_prefix_any_case(piece, name));
        let piece = bare.unwrap_or(piece);
        (!piece.is_empty() && piece.len() < 4096).then_some(piece)
    })
}

fn strip_prefix_any_case<'a>(piece: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = piece.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PagePattern {
        PagePattern::new(text.split("{}").map(str::to_owned).collect())
    }

    fn found(pattern_text: &str, body: &str) -> Vec<String> {
        let page = Url::parse("http://site/webcal/month.php?m=1").expect("valid");
        pattern(pattern_text)
            .find(&page, body.as_bytes())
            .iter()
            .map(|u| u.target.clone())
            .collect()
    }

    #[test]
    fn finds_absolute_rooted_and_relative_links() {
        let body = r#"<a href="day.php?date=1">x</a> <A HREF='/webcal/day.php?date=2&amp;v=3'>
            <a href=day.php?date=3>z</a> http://site/webcal/day.php?date=4 <a href="/other/day.php?date=5">
            <a href="http://elsewhere/webcal/day.php?date=6"> <a href="week.php?date=7">"#;
        assert_eq!(
            found("http://site/webcal/day.php?date={}", body),
            [
                "/webcal/day.php?date=1",
                "/webcal/day.php?date=2&v=3",
                "/webcal/day.php?date=3",
                "/webcal/day.php?date=4"
            ]
        );
    }

    #[test]
    fn several_places_and_a_tail() {
        let body = r#"<a href="/e?id=1&k=a&end"><a href="/e?id=2&end"><a href="/e?id=3&k=&end">"#;
        assert_eq!(
            found("http://site/e?id={}&k={}&end", body),
            ["/e?id=1&k=a&end", "/e?id=3&k=&end"]
        );
    }

    #[test]
    fn no_page_has_no_links() {
        assert!(found("http://site/{}", "").is_empty());
    }

    #[test]
    fn the_tail_may_not_overlap_the_text_before_it() {
        assert!(!pattern("ab{}ba").matches("aba"));
        assert!(pattern("ab{}ba").matches("abba"));
        assert!(pattern("a{}b{}b").matches("a-b-b"));
        assert!(!pattern("a{}b{}b").matches("a-b"));
    }
}
