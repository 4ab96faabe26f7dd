//! The hosts that users may talk to. New ones never appear while load runs, since asking a resolver would stall everyone.

use crate::transport::url::Origin;
use std::net::SocketAddr;

/// Known origins with their addresses; an index names one.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    known: Vec<Known>,
}

#[derive(Debug, Clone)]
struct Known {
    origin: Origin,
    host_field: String,
    addresses: Vec<SocketAddr>,
    preferred: usize,
}

impl Origins {
    /// Adds an origin unless it is known; its index.
    pub fn add(&mut self, origin: Origin, addresses: Vec<SocketAddr>) -> usize {
        self.position(&origin).unwrap_or_else(|| {
            let host_field = origin.host_field();
            self.known.push(Known {
                origin,
                host_field,
                addresses,
                preferred: 0,
            });
            self.known.len() - 1
        })
    }

    /// Whether any of them needs TLS.
    #[must_use]
    pub fn any_https(&self) -> bool {
        self.known.iter().any(|known| known.origin.https)
    }

    /// Whether all of them are on this machine's IPv4 loopback, which can be connected from many addresses.
    #[must_use]
    pub fn only_loopback(&self) -> bool {
        let loopback = |address: &SocketAddr| address.is_ipv4() && address.ip().is_loopback();
        self.known
            .iter()
            .all(|known| known.addresses.iter().all(loopback))
    }

    /// Index of an origin, if it is known.
    #[must_use]
    pub fn position(&self, origin: &Origin) -> Option<usize> {
        self.known.iter().position(|known| known.origin == *origin)
    }

    /// Index of an origin; a known host under another scheme or port is as good as known.
    pub fn find(&mut self, origin: &Origin) -> Option<usize> {
        if let Some(at) = self.position(origin) {
            return Some(at);
        }
        let sibling = self.known.iter().find(|known| known.origin.host == origin.host)?;
        let addresses = sibling
            .addresses
            .iter()
            .map(|a| SocketAddr::new(a.ip(), origin.port))
            .collect();
        Some(self.add(origin.clone(), addresses))
    }

    /// The origin itself.
    #[must_use]
    pub fn origin(&self, at: usize) -> &Origin {
        &self.known[at].origin
    }

    /// Value of the Host field.
    #[must_use]
    pub fn host_field(&self, at: usize) -> &str {
        &self.known[at].host_field
    }

    /// Address for the given attempt, counted from the one that last worked; `None` when all have been tried.
    #[must_use]
    pub fn address(&self, at: usize, attempt: usize) -> Option<SocketAddr> {
        let known = &self.known[at];
        (attempt < known.addresses.len())
            .then(|| known.addresses[(known.preferred + attempt) % known.addresses.len()])
    }

    /// Remembers that an attempt succeeded, so that the next one begins there.
    pub fn prefer(&mut self, at: usize, attempt: usize) {
        let known = &mut self.known[at];
        if attempt > 0 && !known.addresses.is_empty() {
            known.preferred = (known.preferred + attempt) % known.addresses.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_are_known_and_strangers_are_not() {
        let mut origins = Origins::default();
        let origin = |host: &str, port| Origin {
            https: false,
            host: host.to_owned(),
            port,
        };
        let addresses = vec![
            "127.0.0.1:80".parse().expect("valid"),
            "127.0.0.2:80".parse().expect("valid"),
        ];
        let at = origins.add(origin("h", 80), addresses);
        assert_eq!(origins.find(&origin("h", 80)), Some(at));
        let sibling = origins.find(&origin("h", 81)).expect("same host");
        assert_eq!(
            origins.address(sibling, 0),
            Some("127.0.0.1:81".parse().expect("valid"))
        );
        assert_eq!(origins.find(&origin("x", 80)), None);
        origins.prefer(at, 1);
        assert_eq!(
            origins.address(at, 0),
            Some("127.0.0.2:80".parse().expect("valid"))
        );
        assert_eq!(
            origins.address(at, 1),
            Some("127.0.0.1:80".parse().expect("valid"))
        );
        assert_eq!(origins.address(at, 2), None);
        assert_eq!(origins.host_field(at), "h");
    }
}
