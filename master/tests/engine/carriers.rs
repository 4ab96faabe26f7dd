//! One site over every transport: HTTP/1.1 and HTTP/2, each with and without TLS.

use crate::tls::{authority, pem};
use crate::workloads::config;
use autoperf::load::EngineConfig;
use autoperf::transport::Version;
use autoperf::transport::tls::Trust;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

mod http1;
mod http2;

/// What carries requests and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    Http1,
    Http1Tls,
    Http2,
    Http2Tls,
}

impl Carrier {
    pub(crate) const ALL: [Self; 4] = [Self::Http1, Self::Http1Tls, Self::Http2, Self::Http2Tls];

    pub(crate) const fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Http2Tls)
    }

    const fn is_tls(self) -> bool {
        matches!(self, Self::Http1Tls | Self::Http2Tls)
    }
}

/// A request as the site understood it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Number of the connection, from 0.
    pub(crate) connection: usize,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What the site does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Answers with status, fields and body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Answers so, and takes no further request on the connection.
    LastAnswer(Vec<u8>),
    /// Answers with that status before it has read the request's body.
    Early(u16),
    /// Reads no more of the request and says nothing.
    Deaf,
    /// Never answers.
    Silent,
    /// Sends the head and the beginning of the body, then nothing more.
    Half,
    /// Sends the head and the beginning of the body, then closes.
    Cut,
    /// Resets the exchange without an answer.
    Reset,
    /// Closes without an answer.
    Close,
}

pub(crate) fn page(body: &str) -> Act {
    Act::Answer(200, Vec::new(), body.as_bytes().to_vec())
}

type Actor = dyn Fn(&Seen) -> Act + Send + Sync;

/// What all connections of a site share.
struct Stage {
    actor: Box<Actor>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

/// A running site; it ends with the test process.
pub(crate) struct CarriedSite {
    carrier: Carrier,
    address: SocketAddr,
    ca_file: PathBuf,
    stage: Arc<Stage>,
}

impl Drop for CarriedSite {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

impl CarriedSite {
    pub(crate) fn start(carrier: Carrier, actor: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let ca_file =
            std::env::temp_dir().join(format!("autoperf-{}-carried-{number}.pem", std::process::id()));
        let (certificate, mut tls) = authority();
        std::fs::write(&ca_file, pem(&certificate)).expect("temporary folder");
        let protocol: &[u8] = if carrier.is_http2() { b"h2" } else { b"http/1.1" };
        tls.alpn_protocols = vec![protocol.to_vec()];
        let acceptor = carrier.is_tls().then(|| TlsAcceptor::from(Arc::new(tls)));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        listener.set_nonblocking(true).expect("socket");
        let stage = Arc::new(Stage {
            actor: Box::new(actor),
            seen: Mutex::new(Vec::new()),
            connections: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&stage);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("runtime");
            runtime.block_on(accept(listener, acceptor, carrier, shared));
        });
        Self {
            carrier,
            address,
            ca_file,
            stage,
        }
    }

    pub(crate) fn url(&self, target: &str) -> String {
        let scheme = if self.carrier.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}{target}", self.address)
    }

    /// A configuration that speaks what this site does and believes its certificate.
    pub(crate) fn config(&self) -> EngineConfig {
        EngineConfig {
            http: if self.carrier.is_http2() {
                Version::Http2
            } else {
                Version::Http1
            },
            trust: Trust {
                verify: true,
                ca_file: Some(self.ca_file.clone()),
            },
            ..config()
        }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.stage.seen.lock().expect("alive").clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.stage.connections.load(Ordering::SeqCst)
    }
}

impl Stage {
    fn act(&self, request: Seen) -> Act {
        let act = (self.actor)(&request);
        self.seen.lock().expect("alive").push(request);
        act
    }
}

async fn accept(
    listener: std::net::TcpListener,
    acceptor: Option<TlsAcceptor>,
    carrier: Carrier,
    stage: Arc<Stage>,
) {
    let listener = TcpListener::from_std(listener).expect("runtime");
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).expect("socket");
        let number = stage.connections.fetch_add(1, Ordering::SeqCst);
        let (stage, acceptor) = (Arc::clone(&stage), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                None => serve(socket, carrier, number, stage).await,
                Some(acceptor) => {
                    let stream = acceptor.accept(socket).await.ok()?;
                    serve(stream, carrier, number, stage).await
                }
            }
        });
    }
}

/// A byte stream whose connection can be reset.
trait Carried: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn socket(&self) -> &TcpStream;
}

impl Carried for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Carried for tokio_rustls::server::TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn serve<S: Carried>(stream: S, carrier: Carrier, number: usize, stage: Arc<Stage>) -> Option<()> {
    if carrier.is_http2() {
        http2::serve(stream, number, stage).await
    } else {
        http1::serve(stream, number, &stage).await
    }
}
