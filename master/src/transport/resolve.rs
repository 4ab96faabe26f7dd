//! Names to addresses, once, before any load: no transaction ever waits for a resolver.

use super::url::Origin;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// Addresses of an origin in the system's order, without repeats; never empty.
///
/// # Errors
/// The resolver's error, or `NotFound` where it knows no address.
pub fn resolve(origin: &Origin) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    if let Ok(address) = origin.host.parse::<IpAddr>() {
        addresses.push(SocketAddr::new(address, origin.port));
    } else {
        for address in (origin.host.as_str(), origin.port).to_socket_addrs()? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_need_no_resolver() {
        let origin = |host: &str| Origin {
            https: false,
            host: host.to_owned(),
            port: 81,
        };
        assert_eq!(
            resolve(&origin("127.0.0.1")).expect("literal"),
            ["127.0.0.1:81".parse().expect("valid")]
        );
        assert_eq!(
            resolve(&origin("::1")).expect("literal"),
            ["[::1]:81".parse().expect("valid")]
        );
        assert!(resolve(&origin("no-such-host.invalid")).is_err());
    }
}
