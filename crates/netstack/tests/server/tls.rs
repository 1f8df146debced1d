//! TLS of the server.
use std::path::PathBuf;
use std::sync::Arc;

use arkws_netstack::{ServerCertificate, ServerConfig};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::support::*;

/// A certificate for `localhost`, its key, and a client that trusts it.
struct Identity {
    folder: tempfile::TempDir,
    client: TlsConnector,
}

impl Identity {
    fn new() -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();

        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Identity {
            folder,
            client: TlsConnector::from(Arc::new(config)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> ServerConfig {
        ServerConfig {
            server_cert: Some(ServerCertificate::files(
                self.path("cert.pem"),
                self.path("key.pem"),
            )),
            ..loopback()
        }
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_speaks_tls() {
    let identity = Identity::new();
    let (mut server, address) = Server::started(identity.config()).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = identity.client.connect(name, stream).await.unwrap();
    let mut client = open(stream, request(address)).await.unwrap();
    let connection = server.connected().await;

    client.send("secret".into()).await.unwrap();
    assert_eq!(server.text().await, (connection.clone(), "secret".into()));
    server
        .object
        .send_binary(vec![5; 1_000_000], &connection)
        .unwrap();
    assert_eq!(
        receive(&mut client).await,
        Received::Binary(vec![5; 1_000_000].into())
    );
    assert!(matches!(server.next().await, Seen::Sent(..)));
    client.close(Some(frame(1000, "done"))).await.unwrap();
    assert_eq!(server.closed().await, (connection, 1000, "done".into()));
}

#[tokio::test]
async fn limits_hold_behind_tls_and_are_told_inside_it() {
    let identity = Identity::new();
    let config = ServerConfig {
        max_connections_for_one_client: Some(0.0),
        ..identity.config()
    };
    let (mut server, address) = Server::started(config).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = identity.client.connect(name, stream).await.unwrap();
    let refused = open(stream, request(address)).await.unwrap_err();
    assert_eq!(refused.status, SERVICE_UNAVAILABLE);
    server.error().await;
}

#[tokio::test]
async fn a_client_without_tls_is_an_error_of_its_own() {
    let identity = Identity::new();
    let (mut server, address) = Server::started(identity.config()).await;
    let mut plain = TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut plain, b"GET / HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("tls"));
    let words = "the TLS handshake failed: the client does not speak TLS";
    assert!(error.message.contains(words), "{error}");
}

#[tokio::test]
async fn a_client_whose_certificate_is_not_trusted_is_refused_in_words_about_it() {
    let identity = Identity::new();
    let other = Identity::new();
    let mut config = identity.config();
    let certificate = config.server_cert.as_mut().unwrap();
    certificate.client_ca = Some(std::fs::read(identity.path("cert.pem")).unwrap());
    certificate.require_client_certificate = true;
    let (mut server, address) = Server::started(config).await;

    let client = arkws::TlsConfig {
        roots: vec![arkws::Roots::Path(identity.path("cert.pem"))],
        identity: Some(
            arkws::Identity::from_files(other.path("cert.pem"), other.path("key.pem"), None)
                .unwrap(),
        ),
        ..arkws::TlsConfig::default()
    };
    let client = arkws::Client::builder().tls(client).build().unwrap();
    let url = format!("wss://localhost:{}/", address.port());
    client.connect(&url).await.unwrap_err();

    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("tls"));
    let words = "was not let in: the TLS handshake failed: the client's certificate is self-signed";
    assert!(error.message.contains(words), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_begin_tls_is_dropped_after_the_handshake_timeout() {
    let identity = Identity::new();
    let (mut server, address) = Server::started(identity.config()).await;
    assert_silence_ends(
        &mut server,
        address,
        "the TLS handshake took longer than 5s",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_handshake_timeout_runs_from_the_tcp_connection_to_the_complete_request() {
    let identity = Identity::new();
    let (mut server, address) = Server::started(identity.config()).await;
    let start = Instant::now();
    let stream = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(seconds(4)).await;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = identity.client.connect(name, stream).await.unwrap();
    let ended = stream.read(&mut [0]).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert!(start.elapsed() < seconds(6), "one limit for both");
    let error = server.error().await;
    assert_eq!(error.cause_name(), Some("timeout"));
    assert!(
        error
            .message
            .contains("the WebSocket handshake took longer than 5s"),
        "{error}"
    );
}

#[tokio::test]
async fn files_that_are_no_certificate_or_key_are_named() {
    let identity = Identity::new();
    std::fs::write(identity.path("empty.pem"), "").unwrap();
    std::fs::write(identity.path("text.pem"), "not PEM").unwrap();
    let other = KeyPair::generate().unwrap().serialize_pem();
    std::fs::write(identity.path("other.pem"), other).unwrap();
    for (certificate, key, culprit) in [
        (
            "empty.pem",
            "key.pem",
            "empty.pem has no usable certificate",
        ),
        ("text.pem", "key.pem", "text.pem has no usable certificate"),
        ("key.pem", "key.pem", "key.pem has no usable certificate"),
        ("cert.pem", "empty.pem", "empty.pem has no private key"),
        ("cert.pem", "cert.pem", "cert.pem has no private key"),
        ("cert.pem", "other.pem", "do not belong together"),
    ] {
        let config = ServerConfig {
            server_cert: Some(ServerCertificate::files(
                identity.path(certificate),
                identity.path(key),
            )),
            ..loopback()
        };
        let mut server = Server::new();
        let error = server.start(config).await.unwrap_err();
        assert_eq!(error.code, 2302999);
        assert!(
            error.message.contains(culprit),
            "{certificate}, {key}: {error}"
        );
        server.idle().await;
    }
}
