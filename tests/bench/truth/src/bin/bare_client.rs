//! The smallest client that can measure response times: `bare_client PORT CONNECTIONS SECONDS [THINK_S]` prints one line of
//! JSON. It parses nothing: an answer is complete when as many bytes have come as the first one had.

use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use truth::{cpu_s, now_ns, quantile_us, read, wait, watch, write};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bare\r\nAccept: */*\r\n\r\n";
/// Measuring begins so long after the first request.
const WARM_NS: u64 = 300_000_000;

struct User {
    socket: OwnedFd,
    asked_ns: u64,
    received: usize,
}

/// Connections from one source address; a single one has some 28,000 ports, and finding a free one takes long near the end.
const PER_SOURCE: usize = 8_000;

/// The connection of that number, from 127.0.0.1 or a further address of loopback.
fn open(key: usize, port: u16) -> Result<TcpStream, Box<dyn std::error::Error>> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    let source = u8::try_from(1 + key / PER_SOURCE)?;
    if source > 1 {
        bind(&socket, &SocketAddr::from((Ipv4Addr::new(127, 0, 0, source), 0)))?;
    }
    connect(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    Ok(TcpStream::from(socket))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, connections, seconds, rest @ ..] = &arguments[..] else {
        return Err("bare_client PORT CONNECTIONS SECONDS [THINK_S]".into());
    };
    let think_s: f64 = rest.first().map_or(Ok(0.0), |text| text.parse())?;
    let (port, connections, seconds): (u16, usize, f64) =
        (port.parse()?, connections.parse()?, seconds.parse()?);
    let queue = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let (mut users, mut length) = (Vec::new(), 0);
    for key in 0..connections {
        let mut stream = open(key, port)?;
        stream.set_nodelay(true)?;
        if key == 0 {
            stream.write_all(REQUEST)?;
            length = stream.read(&mut [0; 65_536])?;
        }
        let socket = OwnedFd::from(stream);
        watch(&queue, &socket, key as u64)?;
        users.push(User {
            socket,
            asked_ns: 0,
            received: 0,
        });
    }
    let start_ns = now_ns();
    let think_ns = (think_s * 1e9) as u64;
    // Whoever thinks, by the moment it has done so. All begin at different moments of their first think time.
    let mut thinking: BinaryHeap<Reverse<(u64, usize)>> = (0..connections)
        .map(|key| Reverse((start_ns + think_ns * key as u64 / connections as u64, key)))
        .collect();
    let warm_ns = start_ns + WARM_NS + 2 * think_ns;
    let end_ns = warm_ns + (seconds * 1e9) as u64;
    let (mut keys, mut buffer) = (Vec::new(), [0; 65_536]);
    let (mut times_ns, mut cpu_at_start) = (Vec::new(), None);
    loop {
        let now = now_ns();
        if now >= end_ns {
            break;
        }
        if now >= warm_ns && cpu_at_start.is_none() {
            cpu_at_start = Some(cpu_s());
        }
        while let Some(Reverse((at, key))) = thinking.peek().copied() {
            if now_ns() < at {
                break;
            }
            thinking.pop();
            users[key].asked_ns = now_ns();
            write(&users[key].socket, REQUEST);
        }
        let next_ns = thinking.peek().map_or(end_ns, |Reverse((at, _))| *at);
        wait(&queue, next_ns.min(end_ns).saturating_sub(now_ns()), &mut keys);
        for key in keys.drain(..).map(|key| key as usize) {
            let user = &mut users[key];
            while let Some(bytes) = read(&user.socket, &mut buffer) {
                if bytes == 0 {
                    return Err("the server has closed".into());
                }
                user.received += bytes;
                if user.received >= length {
                    let now = now_ns();
                    user.received = 0;
                    if now >= warm_ns {
                        times_ns.push(now - user.asked_ns);
                    }
                    if think_ns > 0 {
                        thinking.push(Reverse((now + think_ns, key)));
                    } else {
                        user.asked_ns = now_ns();
                        write(&user.socket, REQUEST);
                    }
                }
                if bytes < buffer.len() {
                    break;
                }
            }
        }
    }
    let cpu_s = cpu_s() - cpu_at_start.unwrap_or(0.0);
    let count = times_ns.len();
    println!(
        "{{\"count\":{count},\"rate\":{:.1},\"per_cpu_s\":{:.0},\"response_p50_us\":{:.1},\"response_p99_us\":{:.1}}}",
        count as f64 / seconds,
        count as f64 / cpu_s.max(1e-9),
        quantile_us(&mut times_ns, 0.5),
        quantile_us(&mut times_ns, 0.99)
    );
    Ok(())
}
