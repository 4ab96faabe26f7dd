//! A user's cookies (RFC 6265 section 5), small enough to keep one jar for each of many thousand users.

use super::date::parse_date;
use crate::transport::url::Origin;

/// Cookies of one session.
#[derive(Debug, Clone, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

#[derive(Debug, Clone)]
struct Cookie {
    name: Box<str>,
    value: Box<str>,
    domain: Box<str>,
    /// Whether subdomains get it as well.
    subdomains: bool,
    path: Box<str>,
    secure: bool,
    expires_unix_s: Option<i64>,
}

/// More cookies than a browser keeps for one site are not kept, whatever a server sends.
const MAX_COOKIES: usize = 180;
/// Longest name and value together that browsers accept.
const MAX_COOKIE_BYTES: usize = 4096;

impl Jar {
    /// Forgets all cookies, as at the start of a session.
    pub fn clear(&mut self) {
        self.cookies = Vec::new();
    }

    /// Whether there are no cookies.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// Takes the value of one Set-Cookie field that came from this address.
    pub fn store(&mut self, origin: &Origin, target: &str, set_cookie: &str, now_unix_s: i64) {
        let Some(cookie) = Cookie::parse(origin, target, set_cookie, now_unix_s) else {
            return;
        };
        let expired = cookie.expires_unix_s.is_some_and(|at| at <= now_unix_s);
        let same = |c: &Cookie| c.name == cookie.name && c.domain == cookie.domain && c.path == cookie.path;
        if let Some(at) = self.cookies.iter().position(same) {
            if expired {
                self.cookies.remove(at);
            } else {
                self.cookies[at] = cookie;
            }
        } else if !expired && self.cookies.len() < MAX_COOKIES {
            self.cookies.push(cookie);
        }
    }

    /// Writes `name=value; name=value` for a request to this address; whether there was any.
    pub fn write(&self, origin: &Origin, target: &str, now_unix_s: i64, out: &mut Vec<u8>) -> bool {
        let path = target.split('?').next().unwrap_or(target);
        let mut fitting: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|c| c.fits(origin, path) && !c.is_expired(now_unix_s))
            .collect();
        // RFC 6265 section 5.4: longer paths first; the sort is stable, so earlier cookies come first among equals.
        fitting.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        for (i, cookie) in fitting.iter().enumerate() {
            if i > 0 {
                out.extend_from_slice(b"; ");
            }
            out.extend_from_slice(cookie.name.as_bytes());
            out.push(b'=');
            out.extend_from_slice(cookie.value.as_bytes());
        }
        !fitting.is_empty()
    }
}

impl Cookie {
    fn parse(origin: &Origin, target: &str, text: &str, now_unix_s: i64) -> Option<Self> {
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let valid = |s: &str| s.bytes().all(|b| b >= 0x20 && b != 0x7f);
        if name.is_empty() || name.len() + value.len() > MAX_COOKIE_BYTES || !valid(name) || !valid(value) {
            return None;
        }
        let mut cookie = Self {
            name: name.into(),
            value: value.into(),
            domain: origin.host.as_str().into(),
            subdomains: false,
            path: default_path(target).into(),
            secure: false,
            expires_unix_s: None,
        };
        let mut max_age = None;
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "domain" if !value.is_empty() => {
                    let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
                    if !domain_matches(&origin.host, &domain) {
                        return None;
                    }
                    cookie.domain = domain.into();
                    cookie.subdomains = true;
                }
                "path" if value.starts_with('/') => cookie.path = value.into(),
                "secure" => cookie.secure = true,
                "max-age" => max_age = value.parse::<i64>().ok(),
                "expires" => cookie.expires_unix_s = parse_date(value),
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            cookie.expires_unix_s = Some(now_unix_s.saturating_add(seconds.max(0)));
        }
        Some(cookie)
    }

    fn fits(&self, origin: &Origin, path: &str) -> bool {
        let host = if self.subdomains {
            domain_matches(&origin.host, &self.domain)
        } else {
            *origin.host == *self.domain
        };
        host && path_matches(path, &self.path) && (origin.https || !self.secure)
    }

    fn is_expired(&self, now_unix_s: i64) -> bool {
        self.expires_unix_s.is_some_and(|at| at <= now_unix_s)
    }
}

fn domain_matches(host: &str, domain: &str) -> bool {
    if host == domain {
        return true;
    }
    let is_name = host.parse::<std::net::IpAddr>().is_err();
    // A cookie for a whole top-level domain would reach strangers.
    is_name && domain.contains('.') && host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

fn default_path(target: &str) -> &str {
    let path = target.split('?').next().unwrap_or(target);
    match path.rfind('/') {
        Some(at) if at > 0 => &path[..at],
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(host: &str, https: bool) -> Origin {
        Origin {
            https,
            host: host.to_owned(),
            port: 80,
        }
    }

    fn sent(jar: &Jar, origin: &Origin, target: &str) -> String {
        let mut out = Vec::new();
        jar.write(origin, target, 1_000, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn stores_replaces_and_deletes() {
        let (mut jar, site) = (Jar::default(), origin("h", false));
        jar.store(&site, "/a/b", "x=1; Path=/", 1_000);
        jar.store(&site, "/a/b", "y = 2 ; HttpOnly", 1_000);
        assert_eq!(sent(&jar, &site, "/a/c?q"), "y=2; x=1");
        assert_eq!(sent(&jar, &site, "/"), "x=1");
        jar.store(&site, "/", "x=3; Path=/; SameSite=Lax", 1_000);
        assert_eq!(sent(&jar, &site, "/"), "x=3");
        jar.store(
            &site,
            "/",
            "x=; Path=/; Expires=Thu, 01-Jan-1970 00:00:01 GMT",
            1_000,
        );
        assert_eq!(sent(&jar, &site, "/"), "");
        jar.store(&site, "/a/b", "y=; Max-Age=0", 1_000);
        assert!(jar.is_empty());
    }

    #[test]
    fn domain_path_and_secure_rules() {
        let (mut jar, site) = (Jar::default(), origin("www.shop.example", true));
        jar.store(&site, "/", "d=1; Domain=.shop.example", 0);
        jar.store(&site, "/", "s=1; Secure", 0);
        jar.store(&site, "/", "no=1; Domain=other.example", 0);
        jar.store(&site, "/", "tld=1; Domain=example", 0);
        jar.store(&site, "/", "p=1; Path=/foo", 0);
        assert_eq!(sent(&jar, &site, "/foobar"), "d=1; s=1");
        assert_eq!(sent(&jar, &site, "/foo/x"), "p=1; d=1; s=1");
        assert_eq!(sent(&jar, &origin("api.shop.example", false), "/"), "d=1");
        assert_eq!(sent(&jar, &origin("www.shop.example", false), "/"), "d=1");
        assert_eq!(sent(&jar, &origin("notshop.example", false), "/"), "");
    }

    #[test]
    fn an_expired_cookie_is_not_sent() {
        let (mut jar, site) = (Jar::default(), origin("h", false));
        jar.store(
            &site,
            "/",
            "a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            985,
        );
        assert_eq!(sent(&jar, &site, "/"), "");
        jar.store(&site, "/", "a=1; Max-Age=10", 995);
        assert_eq!(sent(&jar, &site, "/"), "a=1");
    }

    #[test]
    fn a_flood_is_bounded() {
        let (mut jar, site) = (Jar::default(), origin("h", false));
        for i in 0..1_000 {
            jar.store(&site, "/", &format!("n{i}=v"), 0);
        }
        assert_eq!(jar.cookies.len(), MAX_COOKIES);
        jar.store(&site, "/", &format!("big={}", "x".repeat(5_000)), 0);
        jar.store(&site, "/", "bad=a\u{1}b", 0);
        assert!(!sent(&jar, &site, "/").contains("b"));
    }
}
