//! A request and who sends it, as the functions of an acceptor see them.
use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use arkws_proto::handshake::ServerRequest;
use http::Extensions;

#[cfg(feature = "tls")]
use crate::{PeerCertificate, TlsVersion};

/// What is known of a client before it asks for anything.
///
/// ```
/// # async fn run(listener: tokio::net::TcpListener) -> std::io::Result<()> {
/// use arkws::PeerInfo;
///
/// let (stream, address) = listener.accept().await?;
/// let mut peer = PeerInfo::from(address);
/// peer.extensions.insert("what the program knows of it");
/// # drop(stream);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PeerInfo {
    /// Its address; `None`: it has none, as it came over a Unix socket, or it was not given.
    pub address: Option<SocketAddr>,
    /// What TLS has told; `None`: there is no TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<TlsInfo>,
    /// What the program adds: before the handshake, or in it
    /// ([`Acceptance::extensions`](super::Acceptance::extensions)).
    pub extensions: Extensions,
}

impl From<SocketAddr> for PeerInfo {
    fn from(address: SocketAddr) -> PeerInfo {
        PeerInfo {
            address: Some(address),
            ..PeerInfo::default()
        }
    }
}

/// What a client has told in its TLS handshake.
#[cfg(feature = "tls")]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The host that it asks for (SNI, RFC 6066, 3).
    pub server_name: Option<String>,
    /// The application protocol that was agreed on (ALPN, RFC 7301): `b"http/1.1"`, for example.
    pub alpn: Option<Vec<u8>>,
    /// The certificate that it has shown, and that was verified. A server has asked for one if its
    /// configuration says so:
    /// [`server_config_for_clients_of`](crate::Identity::server_config_for_clients_of).
    pub client_certificate: Option<PeerCertificate>,
    /// The version.
    pub version: Option<TlsVersion>,
}

/// Of the connection in `tokio_rustls::server::TlsStream::get_ref().1`.
#[cfg(feature = "tls")]
impl From<&rustls::ServerConnection> for TlsInfo {
    fn from(connection: &rustls::ServerConnection) -> TlsInfo {
        let certificates = connection.peer_certificates().unwrap_or_default();
        TlsInfo {
            server_name: connection.server_name().map(str::to_owned),
            alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
            client_certificate: certificates.first().map(|der| PeerCertificate::new(der)),
            version: crate::tls::version(connection),
        }
    }
}

/// A request and who sends it. It has the fields of `R`, a [`ServerRequest`] or an
/// [`HttpRequest`](crate::HttpRequest). Cheap to clone.
pub struct IncomingRequest<R = ServerRequest>(Arc<Incoming<R>>);

#[derive(Clone)]
struct Incoming<R> {
    request: R,
    peer: PeerInfo,
}

impl<R> IncomingRequest<R> {
    pub(super) fn new(request: R, peer: PeerInfo) -> IncomingRequest<R> {
        IncomingRequest(Arc::new(Incoming { request, peer }))
    }

    /// Who sends it.
    pub fn peer(&self) -> &PeerInfo {
        &self.0.peer
    }

    /// What the program has added: [`PeerInfo::extensions`].
    pub fn extensions(&self) -> &Extensions {
        &self.0.peer.extensions
    }
}

impl<R: Clone> IncomingRequest<R> {
    pub(super) fn extend(&mut self, extensions: Extensions) {
        if !extensions.is_empty() {
            // It is copied if the program keeps a clone, which does not change any more.
            let incoming = Arc::make_mut(&mut self.0);
            incoming.peer.extensions.extend(extensions);
        }
    }
}

impl<R> Clone for IncomingRequest<R> {
    fn clone(&self) -> IncomingRequest<R> {
        IncomingRequest(Arc::clone(&self.0))
    }
}

impl<R> Deref for IncomingRequest<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.0.request
    }
}

impl<R: fmt::Debug> fmt::Debug for IncomingRequest<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingRequest")
            .field("request", &self.0.request)
            .field("peer", &self.0.peer)
            .finish()
    }
}
