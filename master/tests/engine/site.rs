//! A server of a few lines that answers as a test wants and remembers what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Number of the connection, from 0, and of the request on it, from 0.
    pub(crate) connection: usize,
    pub(crate) turn: usize,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request, in order.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Bytes(Vec<u8>),
    Pause(Duration),
    Close,
    Reset,
    /// Answers nothing and keeps the connection open until the client goes.
    Hang,
}

pub(crate) fn bytes(text: &str) -> Step {
    Step::Bytes(text.as_bytes().to_vec())
}

/// An answer with that body and a length.
pub(crate) fn page(body: &str) -> Vec<Step> {
    vec![bytes(&format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))]
}

/// A running server; it ends with the test process.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    connections: Arc<AtomicUsize>,
}

impl Site {
    pub(crate) fn start(answer: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, count, answer) = (Arc::clone(&requests), Arc::clone(&connections), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, number, &seen, &*answer));
            }
        });
        Self {
            address,
            requests,
            connections,
        }
    }

    /// Serves every request with the same page.
    pub(crate) fn constant(body: &'static str) -> Self {
        Self::start(move |_| page(body))
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("alive").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(
    stream: TcpStream,
    connection: usize,
    seen: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request) -> Vec<Step>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    for turn in 0.. {
        let request = read_request(&mut reader, connection, turn)?;
        let steps = answer(&request);
        seen.lock().expect("alive").push(request);
        for step in steps {
            match step {
                Step::Bytes(bytes) => writer.write_all(&bytes).ok()?,
                Step::Pause(time) => std::thread::sleep(time),
                Step::Close => return None,
                Step::Reset => {
                    let now = Some(Duration::ZERO);
                    rustix::net::sockopt::set_socket_linger(&writer, now).expect("open");
                    return None;
                }
                Step::Hang => {
                    let mut rest = Vec::new();
                    reader.read_to_end(&mut rest).ok()?;
                    return None;
                }
            }
        }
    }
    None
}

fn read_request(reader: &mut BufReader<TcpStream>, connection: usize, turn: usize) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_ascii_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut fields = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request {
        connection,
        turn,
        method,
        target,
        fields,
        body: String::new(),
    };
    let length = request
        .field("content-length")
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Some(request)
}
