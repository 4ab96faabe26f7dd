//! A small HTTP client on one kept connection, for tests only.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Answer {
    /// The first header of this lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the site listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a time limit");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.try_get(target).expect("an answer")
    }

    pub(crate) fn try_get(&mut self, target: &str) -> io::Result<Answer> {
        self.exchange(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
    }

    pub(crate) fn get_with(&mut self, target: &str, headers: &str) -> Answer {
        self.exchange(&format!(
            "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n"
        ))
        .expect("an answer")
    }

    pub(crate) fn post(&mut self, target: &str, body: &str) -> Answer {
        let length = body.len();
        self.exchange(&format!(
            "POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .expect("an answer")
    }

    fn exchange(&mut self, request: &str) -> io::Result<Answer> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        let status = head[0]
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .expect("a status");
        let headers: Vec<_> = head[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .iter()
            .find(|(name, _)| name == "content-length")
            .map(|(_, length)| length);
        let mut body = vec![0; length.and_then(|length| length.parse().ok()).expect("a length")];
        self.stream.read_exact(&mut body)?;
        Ok(Answer {
            status,
            headers,
            text: String::from_utf8(body).expect("text"),
        })
    }
}

/// Monotonic time, s.
pub(crate) fn monotonic_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
