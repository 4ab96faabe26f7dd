//! A server that answers everything with the same page at the least possible cost, so that the generator is the limit.

use memchr::memmem::Finder;
use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, accept_with, bind, getsockname, listen,
    recv, send, socket_with, sockopt,
};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A running null server; dropping it ends it.
#[derive(Debug)]
pub struct NullSite {
    address: SocketAddr,
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

const STOP: u64 = u64::MAX;
const LISTEN: u64 = u64::MAX - 1;
const EVENTS: usize = 256;

impl NullSite {
    /// Starts on loopback, at any free port.
    ///
    /// # Errors
    /// The system's.
    pub fn start(body_bytes: usize) -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), body_bytes)
    }

    /// Starts at that address.
    ///
    /// # Errors
    /// The system's.
    pub fn start_at(address: SocketAddr, body_bytes: usize) -> io::Result<Self> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let family = if address.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let listener = socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_socket_reuseaddr(&listener, true)?;
        bind(&listener, &address)?;
        listen(&listener, 4096)?;
        let address = SocketAddr::try_from(getsockname(&listener)?)?;
        let stop = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let server = Server::new(listener, &stop, body_bytes)?;
        let thread = std::thread::Builder::new()
            .name("null-site".to_owned())
            .spawn(move || server.run())?;
        Ok(Self {
            address,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it ends, which it does not by itself.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for NullSite {
    fn drop(&mut self) {
        let _ = rustix::io::write(&*self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Server {
    epoll: OwnedFd,
    listener: OwnedFd,
    _stop: Arc<OwnedFd>,
    connections: Vec<Option<Peer>>,
    free: Vec<usize>,
    answer: Vec<u8>,
    end: Finder<'static>,
    buffer: Vec<u8>,
}

struct Peer {
    socket: OwnedFd,
    /// Answers, or the rest of one, that the socket would not take.
    owed: Vec<u8>,
}

impl Server {
    fn new(listener: OwnedFd, stop: &Arc<OwnedFd>, body_bytes: usize) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(
            &epoll,
            stop.as_fd(),
            epoll::EventData::new_u64(STOP),
            epoll::EventFlags::IN,
        )?;
        epoll::add(
            &epoll,
            &listener,
            epoll::EventData::new_u64(LISTEN),
            epoll::EventFlags::IN,
        )?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nServer: null\r\nContent-Type: text/html\r\nContent-Length: {body_bytes}\r\n\r\n"
        );
        let answer = [head.into_bytes(), vec![b'x'; body_bytes]].concat();
        let end = Finder::new("\r\n\r\n");
        Ok(Self {
            epoll,
            listener,
            _stop: Arc::clone(stop),
            connections: Vec::new(),
            free: Vec::new(),
            answer,
            end,
            buffer: vec![0; 64 * 1024],
        })
    }

    fn run(mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return,
            }
            for event in &events {
                match event.data.u64() {
                    STOP => return,
                    LISTEN => self.accept(),
                    index => self.serve(index as usize),
                }
            }
        }
    }

    fn accept(&mut self) {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        while let Ok(socket) = accept_with(&self.listener, flags) {
            let _ = sockopt::set_tcp_nodelay(&socket, true);
            let index = self.free.pop().unwrap_or(self.connections.len());
            if index == self.connections.len() {
                self.connections.push(None);
            }
            let wanted = epoll::EventFlags::IN
                | epoll::EventFlags::OUT
                | epoll::EventFlags::RDHUP
                | epoll::EventFlags::ET;
            if epoll::add(
                &self.epoll,
                &socket,
                epoll::EventData::new_u64(index as u64),
                wanted,
            )
            .is_ok()
            {
                self.connections[index] = Some(Peer {
                    socket,
                    owed: Vec::new(),
                });
            }
        }
    }

    fn serve(&mut self, index: usize) {
        let Some(peer) = self.connections.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        let open = loop {
            match recv(&peer.socket, &mut self.buffer[..], RecvFlags::empty()) {
                Ok((0, _)) => break false,
                Ok((received, _)) => {
                    // Requests of load generators have no body; each empty line ends one.
                    let requests = self.end.find_iter(&self.buffer[..received]).count();
                    for _ in 0..requests {
                        peer.owed.extend_from_slice(&self.answer);
                    }
                    if received < self.buffer.len() {
                        break true;
                    }
                }
                Err(Errno::AGAIN | Errno::INTR) => break true,
                Err(_) => break false,
            }
        };
        if !open || !peer.pay() {
            self.connections[index] = None;
            self.free.push(index);
        }
    }
}

impl Peer {
    fn pay(&mut self) -> bool {
        while !self.owed.is_empty() {
            match send(&self.socket, &self.owed, SendFlags::NOSIGNAL) {
                Ok(sent) => {
                    self.owed.drain(..sent);
                }
                Err(Errno::AGAIN | Errno::INTR) => return true,
                Err(_) => return false,
            }
        }
        true
    }
}
