//! The null server as a process of its own, to be pinned to a core: `null_server PORT [BODY_BYTES [ADDRESS]]`.

use autoperf::load::doctor::null_site::NullSite;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(8099);
    let body_bytes = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(600);
    let address = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    autoperf::load::limits::raise_descriptors();
    let site = NullSite::start_at(SocketAddr::new(address, port), body_bytes)?;
    println!("{}", site.address());
    site.join();
    Ok(())
}
