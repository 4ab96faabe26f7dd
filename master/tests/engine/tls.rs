//! HTTPS: certificates, resumption within a session, phases, long bodies.

use crate::site::{Request, Site, bytes};
use crate::workloads::{chain, config, endless, records, text, transaction};
use autoperf::load::{Engine, EngineConfig, Script, SingleUser};
use autoperf::transport::tls::Trust;
use autoperf_inputs::workload::{Body, Check, Method, Transaction};
use autoperf_models::record::Outcome;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// An https server with a certificate of its own for 127.0.0.1, and what it saw.
struct Secure {
    address: SocketAddr,
    ca_file: PathBuf,
    handshakes: Arc<Mutex<Vec<HandshakeKind>>>,
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

impl Secure {
    /// Answers so many requests on a connection, each with that many bytes, then closes it.
    fn start(name: &str, requests: usize, body_bytes: usize) -> Self {
        let (certificate, config) = authority();
        let ca_file = std::env::temp_dir().join(format!("autoperf-{}-{name}.pem", std::process::id()));
        std::fs::write(&ca_file, pem(&certificate)).expect("temporary folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        let handshakes = Arc::new(Mutex::new(Vec::new()));
        let (config, seen) = (Arc::new(config), Arc::clone(&handshakes));
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, seen) = (Arc::clone(&config), Arc::clone(&seen));
                std::thread::spawn(move || serve(socket, config, &seen, (requests, body_bytes)));
            }
        });
        Self {
            address,
            ca_file,
            handshakes,
        }
    }

    fn config(&self) -> EngineConfig {
        let trust = Trust {
            verify: true,
            ca_file: Some(self.ca_file.clone()),
        };
        EngineConfig { trust, ..config() }
    }

    fn url(&self) -> String {
        format!("https://{}/", self.address)
    }
}

fn serve(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    seen: &Mutex<Vec<HandshakeKind>>,
    (requests, body_bytes): (usize, usize),
) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    let connection = ServerConnection::new(config).ok()?;
    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
    for turn in 0..requests {
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok().filter(|n| *n > 0)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        if turn == 0 {
            seen.lock()
                .expect("alive")
                .extend(stream.get_ref().conn.handshake_kind());
        }
        let head = format!("HTTP/1.1 200 OK\r\nX-Got: {length}\r\nContent-Length: {body_bytes}\r\n\r\n");
        let answer = [head.into_bytes(), vec![b'x'; body_bytes]].concat();
        stream.get_mut().write_all(&answer).ok()?;
        stream.get_mut().flush().ok()?;
    }
    stream.get_mut().conn.send_close_notify();
    stream.get_mut().flush().ok()
}

/// A certificate for 127.0.0.1 that nobody else has signed, and how a server uses it.
pub(crate) fn authority() -> (Vec<u8>, ServerConfig) {
    let key = KeyPair::generate().expect("key");
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .and_then(|parameters| parameters.self_signed(&key))
        .expect("certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("matching");
    (certificate.der().to_vec(), config)
}

pub(crate) fn pem(der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in der.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let sign = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() {
                char::from(sign)
            } else {
                '='
            });
        }
    }
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("ascii"))
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

fn run(transaction: Transaction, config: EngineConfig) -> Vec<autoperf_models::record::Record> {
    let engine = Engine::start(&endless(transaction), Script::Navigation, config).expect("valid");
    engine.set_users(2);
    records(&engine, 10)
}

#[test]
fn a_believed_site_is_served_and_its_handshake_timed() {
    let site = Secure::start("believed", usize::MAX, 10);
    let done = run(transaction("t", &site.url(), 0.0), site.config());
    assert!(done.iter().all(|r| r.outcome.is_ok()), "{:?}", done[0]);
    let connecting: Vec<_> = done.iter().filter(|r| r.connect_start_ns > 0).collect();
    assert_eq!(connecting.len(), 2);
    for r in connecting {
        assert!(
            r.connect_end_ns < r.tls_end_ns && r.tls_end_ns <= r.send_start_ns,
            "{r:?}"
        );
    }
    assert!(
        done.iter()
            .filter(|r| r.connect_start_ns == 0)
            .all(|r| r.tls_end_ns == 0)
    );
}

#[test]
fn a_session_resumes_and_the_next_one_starts_afresh() {
    let site = Secure::start("resumes", 1, 10);
    let all = (0..3).map(|_| transaction("t", &site.url(), 0.005)).collect();
    let engine = Engine::start(&chain(all), Script::Navigation, site.config()).expect("valid");
    engine.set_users(1);
    let done = records(&engine, 9);
    assert!(done.iter().all(|r| r.outcome.is_ok()), "{done:?}");
    let kinds = site.handshakes.lock().expect("alive").clone();
    use HandshakeKind::{Full, Resumed};
    assert_eq!(
        kinds[..9],
        [
            Full, Resumed, Resumed, Full, Resumed, Resumed, Full, Resumed, Resumed
        ]
    );
}

#[test]
fn a_stranger_is_refused_unless_told_otherwise() {
    let site = Secure::start("stranger", usize::MAX, 10);
    let refused = run(transaction("t", &site.url(), 0.0), config());
    assert!(
        refused
            .iter()
            .all(|r| r.outcome == Outcome::Refused && r.bytes_sent == 0)
    );
    let careless = EngineConfig {
        trust: Trust {
            verify: false,
            ca_file: None,
        },
        ..config()
    };
    assert!(
        run(transaction("t", &site.url(), 0.0), careless)
            .iter()
            .all(|r| r.outcome.is_ok())
    );
    let attempt = SingleUser::new(&endless(transaction("t", &site.url(), 0.0)), 1)
        .expect("valid")
        .step()
        .expect("one");
    assert!(
        attempt.error.as_deref().is_some_and(|e| e.starts_with("TLS: ")),
        "{:?}",
        attempt.error
    );
}

#[test]
fn a_plain_server_behind_https_is_refused() {
    let site = Site::start(|_: &Request| vec![bytes("HTTP/1.1 400 Bad Request\r\n\r\n")]);
    let url = site.url("/").replace("http:", "https:");
    let done = run(
        Transaction {
            timeout_s: Some(0.3),
            ..transaction("t", &url, 0.0)
        },
        config(),
    );
    assert!(
        done.iter()
            .all(|r| matches!(r.outcome, Outcome::Refused | Outcome::TimeoutConnect)),
        "{:?}",
        done[0]
    );
}

#[test]
fn long_bodies_pass_both_ways() {
    let site = Secure::start("long", usize::MAX, 3_000_000);
    let mut long = transaction("t", &site.url(), 0.0);
    long.method = Method::Post;
    long.body = Some(Body {
        content_type: "text/plain".to_owned(),
        text: text(&"y".repeat(5_000_000)),
    });
    long.checks = vec![Check::Matches("^x{1000}".to_owned())];
    let done = run(long, site.config());
    assert!(
        done.iter()
            .all(|r| r.outcome.is_ok() && r.bytes_received > 3_000_000 && r.bytes_sent > 5_000_000)
    );
}

#[test]
fn a_redirect_to_https_of_the_same_host_is_followed() {
    let secure = Secure::start("redirect", usize::MAX, 10);
    let target = secure.url();
    let site = Site::start(move |_: &Request| {
        vec![bytes(&format!(
            "HTTP/1.1 301 Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
        ))]
    });
    let following = Transaction {
        follow_redirects: true,
        ..transaction("t", &site.url("/"), 0.0)
    };
    let done = run(following, secure.config());
    assert!(
        done.iter().all(|r| r.outcome.is_ok() && r.status == 200),
        "{:?}",
        done[0]
    );
    assert_eq!(site.connections(), 2);
}

#[test]
fn a_missing_file_of_roots_is_an_error_before_any_load() {
    let trust = Trust {
        verify: true,
        ca_file: Some(PathBuf::from("/no/such/file.pem")),
    };
    let https = endless(transaction("t", "https://127.0.0.1:1/", 0.0));
    let wrong = Engine::start(&https, Script::Navigation, EngineConfig { trust, ..config() });
    assert!(
        wrong
            .expect_err("no roots")
            .to_string()
            .contains("/no/such/file.pem")
    );
}
