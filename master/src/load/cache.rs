//! A session's cache of resources, by the rules that a browser's private cache follows (RFC 9111).
//!
//! Bodies are not kept: a load generator only needs to know whether it would ask the server again, and with what condition.

use super::date::parse_date;
use crate::transport::http1::head;
use std::collections::HashMap;

/// Resources remembered in one session; a browser's cache is larger, a session's walk is not.
const MAX_ENTRIES: usize = 1_000;
/// Without a word from the server a browser takes a resource for fresh for this share of its age ...
const HEURISTIC_DIVISOR: i64 = 10;
/// ... and for no longer than this, s.
const MAX_HEURISTIC_S: i64 = 86_400;

/// What a session has fetched.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    entries: HashMap<Box<str>, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    fresh_until_unix_s: i64,
    etag: Option<Box<str>>,
    last_modified: Option<Box<str>>,
}

/// What a browser does when a page names a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Takes it from its cache.
    Fresh,
    /// Asks whether it has changed, with these fields in the request.
    Stale(Vec<u8>),
    /// Asks for it.
    Unknown,
}

impl Cache {
    /// What to do about a URL now.
    #[must_use]
    pub fn look(&self, url: &str, now_unix_s: i64) -> Lookup {
        let Some(entry) = self.entries.get(url) else {
            return Lookup::Unknown;
        };
        if now_unix_s < entry.fresh_until_unix_s {
            return Lookup::Fresh;
        }
        let mut fields = Vec::new();
        for (name, value) in [
            ("If-None-Match", &entry.etag),
            ("If-Modified-Since", &entry.last_modified),
        ] {
            if let Some(value) = value {
                fields.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        if fields.is_empty() {
            Lookup::Unknown
        } else {
            Lookup::Stale(fields)
        }
    }

    /// Remembers what the answer allows to remember.
    pub fn store(&mut self, url: &str, status: u16, head: &[u8], now_unix_s: i64) {
        let rules = Rules::of(head);
        if status == 304 {
            if let Some(entry) = self.entries.get_mut(url) {
                entry.fresh_until_unix_s =
                    now_unix_s + rules.fresh_s(entry.last_modified.as_deref(), now_unix_s);
            }
            return;
        }
        self.entries.remove(url);
        if status != 200 || rules.no_store || self.entries.len() >= MAX_ENTRIES {
            return;
        }
        let text = |name| {
            head::field(head, name)
                .and_then(|value| std::str::from_utf8(value).ok())
                .map(Box::<str>::from)
        };
        let (etag, last_modified) = (text("etag"), text("last-modified"));
        let fresh_s = rules.fresh_s(last_modified.as_deref(), now_unix_s);
        if fresh_s > 0 || etag.is_some() || last_modified.is_some() {
            self.entries.insert(
                url.into(),
                Entry {
                    fresh_until_unix_s: now_unix_s + fresh_s,
                    etag,
                    last_modified,
                },
            );
        }
    }

    /// Forgets all, as a new session does.
    pub fn clear(&mut self) {
        self.entries = HashMap::new();
    }
}

/// What a head says about keeping its answer.
#[derive(Debug, Default)]
struct Rules {
    no_store: bool,
    no_cache: bool,
    max_age_s: Option<i64>,
    age_s: i64,
    date_unix_s: Option<i64>,
    /// `None` where nothing is said; the past where it is not a date.
    expires_unix_s: Option<i64>,
}

impl Rules {
    fn of(head: &[u8]) -> Self {
        let mut rules = Self::default();
        for (name, value) in head::fields(head) {
            let Ok(value) = std::str::from_utf8(value) else {
                continue;
            };
            match name.to_ascii_lowercase().as_slice() {
                b"cache-control" => rules.take_directives(value),
                b"pragma" => rules.no_cache |= value.eq_ignore_ascii_case("no-cache"),
                b"vary" => rules.no_store |= value.trim() == "*",
                b"age" => rules.age_s = value.parse().unwrap_or(0),
                b"date" => rules.date_unix_s = parse_date(value),
                b"expires" => rules.expires_unix_s = Some(parse_date(value).unwrap_or(0)),
                _ => {}
            }
        }
        rules
    }

    fn take_directives(&mut self, value: &str) {
        for directive in value.split(',') {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" => self.no_store = true,
                "no-cache" => self.no_cache = true,
                // What is no number is taken for stale.
                "max-age" => {
                    let seconds = argument.trim().trim_matches('"').parse().unwrap_or(0);
                    self.max_age_s = Some(seconds);
                }
                _ => {}
            }
        }
    }

    /// How long the answer is fresh from now on, s.
    fn fresh_s(&self, last_modified: Option<&str>, now_unix_s: i64) -> i64 {
        if self.no_cache {
            return 0;
        }
        let date = self.date_unix_s.unwrap_or(now_unix_s);
        let lifetime = if let Some(max_age) = self.max_age_s {
            max_age
        } else if let Some(expires) = self.expires_unix_s {
            expires - date
        } else {
            let changed = last_modified.and_then(parse_date).unwrap_or(date);
            ((date - changed) / HEURISTIC_DIVISOR).min(MAX_HEURISTIC_S)
        };
        // A century is as good as for ever, and keeps the sum in range.
        lifetime.saturating_sub(self.age_s).clamp(0, 3_155_760_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000_000; // 2001-09-09T01:46:40Z

    fn after(fields: &str, later_s: i64) -> Lookup {
        let mut cache = Cache::default();
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        cache.store("u", 200, head.as_bytes(), NOW);
        cache.look("u", NOW + later_s)
    }

    #[test]
    fn freshness_as_the_server_says() {
        for (fields, later_s, expected) in [
            ("", 0, Lookup::Unknown),
            ("Cache-Control: max-age=60\r\n", 59, Lookup::Fresh),
            ("Cache-Control: max-age=60\r\n", 60, Lookup::Unknown),
            (
                "Cache-Control: public, MAX-AGE=\"60\"\r\nAge: 30\r\n",
                29,
                Lookup::Fresh,
            ),
            (
                "Cache-Control: public, max-age=60\r\nAge: 30\r\n",
                30,
                Lookup::Unknown,
            ),
            ("Cache-Control: max-age=60, no-store\r\n", 0, Lookup::Unknown),
            (
                "Cache-Control: max-age=99999999999999\r\n",
                3_000_000_000,
                Lookup::Fresh,
            ),
            (
                "Cache-Control: max-age=x\r\nExpires: Sun, 09 Sep 2001 02:46:40 GMT\r\n",
                0,
                Lookup::Unknown,
            ),
            ("Expires: Sun, 09 Sep 2001 02:46:40 GMT\r\n", 3_599, Lookup::Fresh),
            (
                "Expires: Sun, 09 Sep 2001 02:46:40 GMT\r\n",
                3_600,
                Lookup::Unknown,
            ),
            (
                "Date: Sun, 09 Sep 2001 02:46:40 GMT\r\nExpires: 0\r\n",
                0,
                Lookup::Unknown,
            ),
            ("Vary: *\r\nCache-Control: max-age=60\r\n", 0, Lookup::Unknown),
        ] {
            assert_eq!(after(fields, later_s), expected, "{fields:?} {later_s}");
        }
    }

    #[test]
    fn what_is_stale_is_asked_for_with_its_condition() {
        let etag = "ETag: \"a\"\r\nCache-Control: no-cache\r\n";
        assert_eq!(
            after(etag, 0),
            Lookup::Stale(b"If-None-Match: \"a\"\r\n".to_vec())
        );
        // Unchanged for 1,000 s, so that it is taken for fresh for 100 s.
        let changed = "Last-Modified: Sun, 09 Sep 2001 01:30:00 GMT\r\n";
        assert_eq!(after(changed, 99), Lookup::Fresh);
        let condition = b"If-Modified-Since: Sun, 09 Sep 2001 01:30:00 GMT\r\n".to_vec();
        assert_eq!(after(changed, 100), Lookup::Stale(condition));
    }

    #[test]
    fn unchanged_is_fresh_again_and_errors_are_not_kept() {
        let mut cache = Cache::default();
        let kept = b"HTTP/1.1 200 OK\r\nETag: \"a\"\r\nCache-Control: max-age=10\r\n\r\n";
        cache.store("u", 200, kept, NOW);
        assert!(matches!(cache.look("u", NOW + 10), Lookup::Stale(_)));
        let unchanged = b"HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=10\r\n\r\n";
        cache.store("u", 304, unchanged, NOW + 10);
        assert_eq!(cache.look("u", NOW + 19), Lookup::Fresh);
        cache.store("u", 500, kept, NOW + 20);
        assert_eq!(cache.look("u", NOW + 20), Lookup::Unknown);
        cache.store("v", 304, unchanged, NOW);
        assert_eq!(cache.look("v", NOW), Lookup::Unknown);
    }

    #[test]
    fn it_is_bounded_and_can_be_cleared() {
        let mut cache = Cache::default();
        let kept = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=10\r\n\r\n";
        for i in 0..=MAX_ENTRIES {
            cache.store(&i.to_string(), 200, kept, NOW);
        }
        assert_eq!(cache.look("0", NOW), Lookup::Fresh);
        assert_eq!(cache.look(&MAX_ENTRIES.to_string(), NOW), Lookup::Unknown);
        cache.clear();
        assert_eq!(cache.look("0", NOW), Lookup::Unknown);
    }
}
