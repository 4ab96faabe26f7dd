//! Where ssh goes.

use std::fmt;
use std::str::FromStr;

/// A host, and who one is there: `ssh://[user@]host[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

impl Target {
    /// The host's name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Options of ssh for the rest.
    pub(super) fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if let Some(port) = self.port {
            options.extend(["-p".into(), port.to_string()]);
        }
        if let Some(user) = &self.user {
            options.extend(["-l".into(), user.clone()]);
        }
        options
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ssh://")?;
        if let Some(user) = &self.user {
            write!(formatter, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(formatter, "[{}]", self.host)?;
        } else {
            formatter.write_str(&self.host)?;
        }
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |reason: &str| format!("`{text}` {reason}; expected ssh://[user@]host[:port]");
        let rest = text
            .strip_prefix("ssh://")
            .ok_or_else(|| wrong("does not begin with ssh://"))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, rest),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(inner) => {
                let (host, after) = inner
                    .split_once(']')
                    .ok_or_else(|| wrong("lacks a closing bracket"))?;
                match after.strip_prefix(':') {
                    Some(port) => (host, Some(port)),
                    None if after.is_empty() => (host, None),
                    None => return Err(wrong("has something after the bracket")),
                }
            }
            None => place
                .rsplit_once(':')
                .map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port = port
            .map(|port| {
                port.parse()
                    .map_err(|_| wrong("has a port that is no number from 0 to 65535"))
            })
            .transpose()?;
        // Whatever ssh or a shell could take for something else than a name is none.
        let plain = |word: &str, more: &str| {
            !word.is_empty()
                && !word.starts_with('-')
                && word
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || more.contains(letter))
        };
        if !plain(host, "-._:%") {
            return Err(wrong("has no valid host"));
        }
        if user.as_deref().is_some_and(|user| !plain(user, "-._")) {
            return Err(wrong("has no valid user"));
        }
        Ok(Self {
            user,
            host: host.to_owned(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_alike() {
        for (text, host, options) in [
            ("ssh://web1", "web1", ""),
            ("ssh://ann@web1.example:2222", "web1.example", "-p 2222 -l ann"),
            ("ssh://[fe80::1%eth0]:22", "fe80::1%eth0", "-p 22"),
            ("ssh://root@[::1]", "::1", "-l root"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.to_string(), text);
            assert_eq!(target.host(), host);
            assert_eq!(target.options().join(" "), options);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_form() {
        for text in [
            "web1",
            "ssh://",
            "ssh://-oProxyCommand=x",
            "ssh://a b",
            "ssh://-l@host",
            "ssh://host:70000",
            "ssh://[::1",
            "ssh://[::1]x",
            "ssh://host;reboot",
            "ssh://a@",
            "ssh://@host",
        ] {
            let error = text.parse::<Target>().unwrap_err();
            assert!(error.contains("expected ssh://"), "{text}: {error}");
        }
    }
}
