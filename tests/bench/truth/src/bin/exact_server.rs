//! A server that answers each request exactly so long after it has read it: `exact_server PORT SERVICE_US`.
//!
//! It keeps the time of every request from read to written, and tells the quantiles of those since the last time it was
//! asked when `GET /truth` comes. The last stretch before an answer is due it does not sleep, so it wants a core to itself.

use rustix::event::epoll;
use rustix::fd::OwnedFd;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::TcpListener;
use truth::{now_ns, quantile_us, read, wait, watch, write};

const LISTENER: u64 = u64::MAX;
/// So long before an answer is due the server no longer sleeps.
const AWAKE_NS: u64 = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let [port, service_us] = arguments[..] else {
        return Err("exact_server PORT SERVICE_US".into());
    };
    let listener = TcpListener::bind(("127.0.0.1", u16::try_from(port)?))?;
    rustix::net::listen(&listener, 4096)?;
    listener.set_nonblocking(true)?;
    let queue = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(
        &queue,
        &listener,
        epoll::EventData::new_u64(LISTENER),
        epoll::EventFlags::IN,
    )?;
    let mut server = Server {
        queue,
        sockets: Vec::new(),
        due: BinaryHeap::new(),
        service_ns: service_us * 1_000,
        times_ns: Vec::new(),
    };
    let mut keys = Vec::new();
    loop {
        let next_ns = server.due.peek().map_or(u64::MAX, |Reverse((at, _, _))| *at);
        let sleep_ns = next_ns.saturating_sub(now_ns() + AWAKE_NS).min(1_000_000_000);
        wait(&server.queue, sleep_ns, &mut keys);
        server.answer_due();
        for key in keys.drain(..) {
            if key == LISTENER {
                server.accept(&listener)?;
            } else {
                server.take(key as usize);
            }
            server.answer_due();
        }
    }
}

struct Server {
    queue: OwnedFd,
    sockets: Vec<Option<OwnedFd>>,
    /// When which request, read when, on which socket is to be answered.
    due: BinaryHeap<Reverse<(u64, u64, usize)>>,
    service_ns: u64,
    times_ns: Vec<u64>,
}

impl Server {
    fn accept(&mut self, listener: &TcpListener) -> std::io::Result<()> {
        while let Ok((stream, _)) = listener.accept() {
            stream.set_nodelay(true)?;
            let socket = OwnedFd::from(stream);
            watch(&self.queue, &socket, self.sockets.len() as u64)?;
            self.sockets.push(Some(socket));
            self.take(self.sockets.len() - 1);
        }
        Ok(())
    }

    fn take(&mut self, at: usize) {
        let mut buffer = [0; 4096];
        while let Some(socket) = &self.sockets[at] {
            match read(socket, &mut buffer) {
                None => return,
                Some(0) => self.sockets[at] = None,
                Some(bytes) if buffer[..bytes].starts_with(b"GET /truth ") => self.tell(at),
                Some(_) => {
                    let read_ns = now_ns();
                    self.due.push(Reverse((read_ns + self.service_ns, read_ns, at)));
                }
            }
        }
    }

    fn answer_due(&mut self) {
        while let Some(Reverse((due_ns, read_ns, at))) = self.due.peek().copied() {
            if now_ns() < due_ns {
                return;
            }
            self.due.pop();
            if let Some(socket) = &self.sockets[at]
                && write(socket, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")
            {
                self.times_ns.push(now_ns() - read_ns);
            }
        }
    }

    fn tell(&mut self, at: usize) {
        let mut times = std::mem::take(&mut self.times_ns);
        let text = format!(
            "{{\"count\":{},\"p50_us\":{:.1},\"p99_us\":{:.1}}}\n",
            times.len(),
            quantile_us(&mut times, 0.5),
            quantile_us(&mut times, 0.99)
        );
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        if let Some(socket) = &self.sockets[at] {
            let _ = write(socket, answer.as_bytes());
        }
    }
}
