//! The null server as a process of its own, to be pinned to a core: `null_server PORT [BODY_BYTES]`.

use autoperf::load::doctor::null_site::NullSite;
use std::net::SocketAddr;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(8099);
    let body_bytes = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(600);
    autoperf::load::limits::raise_descriptors();
    let site = NullSite::start_at(SocketAddr::from(([127, 0, 0, 1], port)), body_bytes)?;
    println!("{}", site.address());
    site.join();
    Ok(())
}
