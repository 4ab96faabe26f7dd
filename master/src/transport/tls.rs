//! TLS by rustls: certificates checked against the system's roots, sessions resumed as one browser would.

use super::socket;
use super::{Failure, Version};
use rustix::fd::OwnedFd;
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// What certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Whether certificates are checked at all.
    pub verify: bool,
    /// A PEM file with more roots than the system's.
    pub ca_file: Option<PathBuf>,
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            verify: true,
            ca_file: None,
        }
    }
}

/// Settings that all users share.
#[derive(Debug, Clone)]
pub struct TlsClient {
    shared: Arc<ClientConfig>,
}

/// Settings of one session of one user: its memory of earlier handshakes is its own.
pub type TlsSession = Arc<ClientConfig>;

/// Handshakes that a session remembers, by host.
const REMEMBERED_HOSTS: usize = 4;

impl TlsClient {
    /// Reads the roots; the versions of HTTP are what the server may choose from.
    ///
    /// # Errors
    /// The file of roots cannot be read, or holds none.
    pub fn new(trust: &Trust, version: Version) -> io::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let mut config = if trust.verify {
            builder
                .with_root_certificates(roots(trust)?)
                .with_no_client_auth()
        } else {
            let anyone = Arc::new(unchecked::Anyone::new(provider));
            builder
                .dangerous()
                .with_custom_certificate_verifier(anyone)
                .with_no_client_auth()
        };
        let offered: &[&[u8]] = match version {
            Version::Http1 => &[b"http/1.1"],
            Version::Http2 => &[b"h2"],
            Version::Auto => &[b"h2", b"http/1.1"],
        };
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        Ok(Self {
            shared: Arc::new(config),
        })
    }

    /// Settings for a new session, which remembers no handshake yet.
    #[must_use]
    pub fn session(&self) -> TlsSession {
        let mut config = (*self.shared).clone();
        let memory = ClientSessionMemoryCache::new(REMEMBERED_HOSTS);
        config.resumption = Resumption::store(Arc::new(memory));
        Arc::new(config)
    }
}

fn roots(trust: &Trust) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &trust.ca_file {
        let bad =
            |error: rustls::pki_types::pem::Error| io::Error::other(format!("{}: {error}", path.display()));
        for certificate in CertificateDer::pem_file_iter(path).map_err(bad)? {
            roots.add(certificate.map_err(bad)?).map_err(io::Error::other)?;
        }
        if roots.is_empty() {
            return Err(io::Error::other(format!(
                "{}: no certificate in it",
                path.display()
            )));
        }
    }
    // Unreadable or odd system roots are left out, as browsers do; a site that needs them says so by its own failure.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(roots)
}

/// The TLS side of one connection.
#[derive(Debug)]
pub struct TlsState {
    connection: ClientConnection,
}

impl TlsState {
    /// Begins with a host, before the first byte.
    ///
    /// # Errors
    /// The host's name cannot be in a certificate.
    pub fn new(session: &TlsSession, host: &str) -> Result<Self, Failure> {
        let bad = |reason: String| Failure::Handshake(reason);
        let name = ServerName::try_from(host.to_owned()).map_err(|error| bad(error.to_string()))?;
        let mut connection =
            ClientConnection::new(Arc::clone(session), name).map_err(|error| bad(error.to_string()))?;
        connection.set_buffer_limit(None);
        Ok(Self { connection })
    }

    /// Goes on with the handshake; true when it is over.
    ///
    /// # Errors
    /// `Handshake`, or the socket's.
    pub fn handshake(&mut self, socket: &OwnedFd) -> Result<bool, Failure> {
        while self.connection.is_handshaking() {
            self.flush(socket)?;
            if !self.connection.is_handshaking() {
                break;
            }
            match self.fill(socket)? {
                None => return Ok(false),
                Some(0) => {
                    return Err(Failure::Handshake(
                        "the peer closed within the handshake".to_owned(),
                    ));
                }
                Some(_) => {}
            }
        }
        self.flush(socket)?;
        Ok(true)
    }

    /// The protocol that both sides have agreed on (ALPN), once the handshake is over.
    #[must_use]
    pub fn agreed_protocol(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    /// Takes all of the bytes; `flush` brings them to the socket.
    ///
    /// # Errors
    /// `Reset`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.connection
            .writer()
            .write_all(bytes)
            .map_err(|error| Failure::Reset(error.to_string()))
    }

    /// Writes what the socket takes; true when nothing is left.
    ///
    /// # Errors
    /// The socket's.
    pub fn flush(&mut self, socket: &OwnedFd) -> Result<bool, Failure> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut Wire(socket)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(Failure::Reset(error.to_string())),
            }
        }
        Ok(true)
    }

    /// Reads what has arrived, decrypted; `None` if nothing has, 0 at the end of the stream.
    ///
    /// # Errors
    /// `Reset`, or `Answer` if the peer breaks the protocol.
    pub fn read(&mut self, socket: &OwnedFd, buffer: &mut [u8]) -> Result<Option<usize>, Failure> {
        loop {
            match self.connection.reader().read(buffer) {
                Ok(read) => return Ok(Some(read)),
                // Many servers close without saying so in TLS; the framing of HTTP tells whether anything is missing.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Some(0)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Failure::Reset(error.to_string())),
            }
            if self.fill(socket)?.is_none() {
                return Ok(None);
            }
        }
    }

    /// Reads from the socket and processes it; the bytes read, `None` if there are none yet.
    fn fill(&mut self, socket: &OwnedFd) -> Result<Option<usize>, Failure> {
        let read = match self.connection.read_tls(&mut Wire(socket)) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(Failure::Reset(error.to_string())),
        };
        let handshaking = self.connection.is_handshaking();
        if let Err(error) = self.connection.process_new_packets() {
            // The alert that tells the peer why is worth a try.
            let _ = self.flush(socket);
            return Err(if handshaking {
                Failure::Handshake(error.to_string())
            } else {
                Failure::Answer(super::http1::Fault::Malformed("broken TLS"))
            });
        }
        Ok(Some(read))
    }
}

/// A socket as rustls wants it.
struct Wire<'a>(&'a OwnedFd);

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        socket::read(self.0, buffer)
            .map_err(io::Error::other)?
            .ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::write(self.0, bytes)
            .map_err(io::Error::other)?
            .ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

mod unchecked {
    //! Belief in any certificate, for test sites with one of their own making. Signatures are still checked.

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};
    use std::sync::Arc;

    #[derive(Debug)]
    pub(super) struct Anyone(Arc<CryptoProvider>);

    impl Anyone {
        pub(super) const fn new(provider: Arc<CryptoProvider>) -> Self {
            Self(provider)
        }
    }

    impl ServerCertVerifier for Anyone {
        fn verify_server_cert(
            &self,
            _end_entity: &CertificateDer<'_>,
            _intermediates: &[CertificateDer<'_>],
            _name: &ServerName<'_>,
            _ocsp: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(
                message,
                certificate,
                signed,
                &self.0.signature_verification_algorithms,
            )
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(
                message,
                certificate,
                signed,
                &self.0.signature_verification_algorithms,
            )
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}
