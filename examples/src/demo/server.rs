//! The server loop of a tier: one thread that serves its sockets and, between two looks at them, burns.
//!
//! With one thread the thread's CPU clock is the tier's CPU time, so everything that a transaction costs in system
//! calls and parsing is known exactly and taken off what is burnt for it.

use super::clock;
use super::service::{Action, Connection, Service, UPSTREAM};
use super::worker::{Step, Worker};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, epoll, poll};
use rustix::io::Errno;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};

const LISTENER: u64 = u64::MAX;
const PARENT: u64 = u64::MAX - 1;

/// Largest input that waits for its connection's turn, bytes.
const INPUT_LIMIT: usize = 4 * 1024 * 1024;

struct Socket {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
    close_when_sent: bool,
    watched: epoll::EventFlags,
}

/// A tier at work.
pub(super) struct Server<S> {
    service: S,
    worker: Worker,
    epoll: OwnedFd,
    listener: TcpListener,
    sockets: HashMap<Connection, Socket>,
    next_connection: Connection,
    /// What is to be done later: by the instant, ns, then in the order of asking.
    later: BTreeMap<(u64, u64), Action>,
    delayed: u64,
    parent_gone: bool,
    cpu_mark_ns: u64,
}

impl<S: Service> Server<S> {
    /// A server on this listener whose worker may use `share` of a core.
    pub(super) fn new(service: S, listener: TcpListener, share: f64) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(
            &epoll,
            &listener,
            epoll::EventData::new_u64(LISTENER),
            epoll::EventFlags::IN,
        )?;
        Ok(Self {
            service,
            worker: Worker::new(share),
            epoll,
            listener,
            sockets: HashMap::new(),
            next_connection: UPSTREAM + 1,
            later: BTreeMap::new(),
            delayed: 0,
            parent_gone: false,
            cpu_mark_ns: clock::thread_cpu_ns(),
        })
    }

    /// Takes the connection to the tier behind into the loop.
    pub(super) fn set_upstream(&mut self, stream: TcpStream) -> io::Result<()> {
        self.adopt(UPSTREAM, stream)
    }

    /// Ends the loop as soon as this pipe reports that its other end is gone.
    pub(super) fn end_with(&mut self, pipe: impl AsFd) -> io::Result<()> {
        epoll::add(
            &self.epoll,
            pipe,
            epoll::EventData::new_u64(PARENT),
            epoll::EventFlags::IN,
        )?;
        Ok(())
    }

    /// Serves until the process that started it is gone.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut actions = Vec::new();
        while !self.parent_gone {
            let cpu_ns = clock::thread_cpu_ns();
            self.worker.overhead(cpu_ns - self.cpu_mark_ns);
            self.cpu_mark_ns = cpu_ns;
            match self.worker.step(clock::wall_ns()) {
                Step::Finished { ticket } => self.service.worked(ticket, &mut actions),
                Step::Idle => self.wait(None, &mut actions)?,
                Step::Rest { until_ns } => self.wait(Some(until_ns), &mut actions)?,
                Step::Burn { cpu_ns } => {
                    let spent = clock::burn(cpu_ns);
                    self.worker.burnt(spent);
                    self.cpu_mark_ns += spent;
                    self.look(&mut actions)?;
                }
            }
            self.perform(&mut actions);
        }
        Ok(())
    }

    /// Sleeps until a socket has something to say or an instant has come.
    fn wait(&mut self, until_ns: Option<u64>, actions: &mut Vec<Action>) -> io::Result<()> {
        let due_ns = self.later.first_key_value().map(|((due_ns, _), _)| *due_ns);
        let wake_ns = until_ns.into_iter().chain(due_ns).min();
        let timeout = wake_ns.map(|wake| clock::timespec(wake.saturating_sub(clock::wall_ns())));
        let mut fds = [PollFd::new(&self.epoll, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => self.look(actions),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes in what the sockets have to say, without waiting, and sends what has become due.
    fn look(&mut self, actions: &mut Vec<Action>) -> io::Result<()> {
        let mut events = Vec::with_capacity(64);
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut events),
            Some(&clock::timespec(0)),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in events {
            match event.data.u64() {
                LISTENER => self.accept()?,
                PARENT => self.parent_gone = true,
                connection => self.exchange(connection, event.flags, actions),
            }
        }
        let now_ns = clock::wall_ns();
        while let Some(entry) = self.later.first_entry().filter(|entry| entry.key().0 <= now_ns) {
            actions.push(entry.remove());
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    let connection = self.next_connection;
                    self.next_connection += 1;
                    self.adopt(connection, stream)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionAborted | ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn adopt(&mut self, connection: Connection, stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let watched = epoll::EventFlags::IN;
        epoll::add(
            &self.epoll,
            &stream,
            epoll::EventData::new_u64(connection),
            watched,
        )?;
        let (input, output) = (Vec::new(), Vec::new());
        self.sockets.insert(
            connection,
            Socket {
                stream,
                input,
                output,
                close_when_sent: false,
                watched,
            },
        );
        Ok(())
    }

    fn exchange(&mut self, connection: Connection, flags: epoll::EventFlags, actions: &mut Vec<Action>) {
        if flags.contains(epoll::EventFlags::OUT) {
            self.flush(connection, actions);
        }
        if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR) {
            let Some(socket) = self.sockets.get_mut(&connection) else {
                return;
            };
            match receive(socket) {
                Ok(()) => self.service.received(connection, &mut socket.input, actions),
                Err(_) => self.close(connection, actions),
            }
        }
    }

    /// Carries out the actions, and those that follow from them.
    fn perform(&mut self, actions: &mut Vec<Action>) {
        while !actions.is_empty() {
            for action in std::mem::take(actions) {
                match action {
                    Action::Work { ticket, cpu_ns } => self.worker.push(clock::wall_ns(), ticket, cpu_ns),
                    Action::Close { whom } => self.close(whom, actions),
                    Action::Send { to, bytes, close } => self.send(to, &bytes, close, actions),
                    Action::SendLater {
                        delay_ns,
                        to,
                        bytes,
                        close,
                    } => {
                        self.delayed += 1;
                        let due = (clock::wall_ns() + delay_ns, self.delayed);
                        self.later.insert(due, Action::Send { to, bytes, close });
                    }
                }
            }
        }
    }

    fn send(&mut self, to: Connection, bytes: &[u8], close: bool, actions: &mut Vec<Action>) {
        let Some(socket) = self.sockets.get_mut(&to) else {
            return;
        };
        socket.output.extend_from_slice(bytes);
        socket.close_when_sent |= close;
        self.flush(to, actions);
        if let Some(socket) = self.sockets.get_mut(&to)
            && !socket.input.is_empty()
        {
            self.service.received(to, &mut socket.input, actions);
        }
    }

    fn flush(&mut self, connection: Connection, actions: &mut Vec<Action>) {
        let Some(socket) = self.sockets.get_mut(&connection) else {
            return;
        };
        let sent = transmit(socket);
        let finished = socket.output.is_empty() && socket.close_when_sent;
        let wanted = match socket.output.is_empty() {
            true => epoll::EventFlags::IN,
            false => epoll::EventFlags::IN | epoll::EventFlags::OUT,
        };
        let watching = if socket.watched == wanted {
            Ok(())
        } else {
            socket.watched = wanted;
            epoll::modify(
                &self.epoll,
                &socket.stream,
                epoll::EventData::new_u64(connection),
                wanted,
            )
        };
        if finished || sent.is_err() || watching.is_err() {
            self.close(connection, actions);
        }
    }

    fn close(&mut self, connection: Connection, actions: &mut Vec<Action>) {
        // Dropping the stream closes it, and the kernel takes it off the epoll list.
        if self.sockets.remove(&connection).is_some() {
            self.service.closed(connection, actions);
        }
    }
}

/// Sends what can be sent without waiting.
fn transmit(socket: &mut Socket) -> io::Result<()> {
    let mut done = 0;
    while done < socket.output.len() {
        match socket.stream.write(&socket.output[done..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => done += n,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    socket.output.drain(..done);
    Ok(())
}

/// Takes in what has come.
fn receive(socket: &mut Socket) -> io::Result<()> {
    let mut chunk = [0; 16 * 1024];
    match socket.stream.read(&mut chunk) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(n) if socket.input.len() + n > INPUT_LIMIT => Err(ErrorKind::OutOfMemory.into()),
        Ok(n) => {
            socket.input.extend_from_slice(&chunk[..n]);
            Ok(())
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
        Err(error) => Err(error),
    }
}
