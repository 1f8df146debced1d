//! Servers that speak TLS.
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arkws::{Acceptance, Acceptor, Identity, PeerInfo, ServerBuilder, TlsVersion};
use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, advance};
use tokio_rustls::TlsConnector;

use crate::{LONG, bind, closed};

/// PEM of a certificate for `name` and its key, and the latter's DER.
fn issue(name: &str, issuer: &CertifiedIssuer<'_, KeyPair>) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.signed_by(&key, issuer).unwrap(), key)
}

#[tokio::test]
async fn what_tls_has_told_is_known_and_the_server_says_goodbye() {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let (certificate, key) = issue("localhost", &authority);
    let identity = Identity::from_pem(
        certificate.pem().as_bytes(),
        key.serialize_pem().as_bytes(),
        None,
    )
    .unwrap();
    let mut config = identity
        .server_config_for_clients_of(authority.pem().as_bytes(), true)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];

    let seen = Arc::new(Mutex::new(None::<PeerInfo>));
    let sees = Arc::clone(&seen);
    let acceptor = Acceptor::builder()
        .on_request(move |request| {
            *sees.lock().unwrap() = Some(request.peer().clone());
            async { Ok(Acceptance::new()) }
        })
        .build();
    let server = bind()
        .await
        .acceptor(acceptor)
        .tls(config)
        .serve(crate::echo);

    let (certificate, key) = issue("a client", &authority);
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = TcpStream::connect(server.local_addr().unwrap())
        .await
        .unwrap();
    let near = stream.local_addr().unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
        .unwrap();
    let (client, _) = tokio_tungstenite::client_async("wss://localhost/", stream)
        .await
        .unwrap();

    let peer = seen.lock().unwrap().clone().unwrap();
    assert_eq!(peer.address, Some(near));
    let tls = peer.tls.unwrap();
    assert_eq!(tls.server_name.as_deref(), Some("localhost"));
    assert_eq!(tls.alpn.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(tls.version, Some(TlsVersion::Tls13));
    let shown = tls.client_certificate.unwrap();
    assert_eq!(shown.common_name().as_deref(), Some("a client"));

    let (cut_off, goodbye) = tokio::join!(server.shutdown(LONG), closed(client));
    assert_eq!(cut_off, 0);
    assert_eq!(u16::from(goodbye.code), 1001);
}

/// A server of TLS with this time-out for handshakes, and a client of its name, "localhost".
fn speaking_tls(builder: ServerBuilder, limit: Duration) -> (arkws::Server, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_pem();
    let identity = Identity::from_pem(made.cert.pem().as_bytes(), key.as_bytes(), None).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = builder
        .acceptor(Acceptor::builder().handshake_timeout(limit).build())
        .tls(identity.server_config().unwrap())
        .serve(crate::echo);
    (server, TlsConnector::from(Arc::new(client)))
}

/// Begins TLS after some time, and then sends nothing. How long until the server ends it, on a
/// clock that is paused.
async fn late_and_silent<S>(connector: TlsConnector, stream: S, late: Duration) -> Duration
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let start = Instant::now();
    // While a blocking task runs, the clock stands still: TLS takes no time.
    let (frozen, until_dropped) = mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || until_dropped.recv());
    // The server accepts it.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    advance(late).await;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    drop(frozen);
    let mut rest = Vec::new();
    // It says no goodbye.
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn tls_and_the_request_have_one_time_limit_together() {
    let limit = Duration::from_secs(10);
    let late = Duration::from_secs(6);
    let (server, connector) = speaking_tls(bind().await, limit);
    let stream = TcpStream::connect(server.local_addr().unwrap())
        .await
        .unwrap();
    assert_eq!(late_and_silent(connector, stream, late).await, limit);
    drop(server);
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn on_a_unix_socket_too() {
    let limit = Duration::from_secs(10);
    let late = Duration::from_secs(6);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let (server, connector) = speaking_tls(arkws::Server::bind_unix(&path).unwrap(), limit);
    let stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    assert_eq!(late_and_silent(connector, stream, late).await, limit);
    drop(server);
}
