//! `wss` with a TLS configuration of rustls's: here one that trusts a single authority, speaks TLS
//! 1.3 alone, and writes its keys for Wireshark to the file that `SSLKEYLOGFILE` names. The server
//! is on loopback, and both certificates are made on the spot.
//!
//! ```sh
//! cargo run --example custom_tls
//! ```
use std::error::Error;
use std::sync::Arc;

use arkws::rustls::{self, ClientConfig, KeyLogFile, RootCertStore};
use arkws::{Client, Identity, Message, Proxy, TlsConfig, Transport};
use futures_util::StreamExt;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await.map(drop)
}

/// What the client received.
async fn run() -> Result<Vec<Message>, Box<dyn Error>> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    // The server.
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(vec!["localhost".to_owned()])?;
    let certificate = params.signed_by(&key, &authority)?.pem();
    let key = key.serialize_pem();
    let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes(), None)?;
    let acceptor = TlsAcceptor::from(Arc::new(identity.server_config()?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("wss://localhost:{}/", listener.local_addr()?.port());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let mut socket = arkws::accept(Transport::from(acceptor.accept(stream).await?)).await?;
        socket.send(Message::from("hello")).await?;
        socket.close(None).await?;
        Ok::<_, arkws::Error>(())
    });

    // The client.
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A balancer may route by it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.key_log = Arc::new(KeyLogFile::new());
    let client = Client::builder()
        .tls(TlsConfig {
            rustls: Some(Arc::new(config)),
            ..TlsConfig::default()
        })
        .proxy(Proxy::None)
        .build()?;

    let (mut socket, _response) = client.connect(url).await?;
    println!("connected by {:?}", socket.get_ref().tls_version());
    let mut received = Vec::new();
    while let Some(message) = socket.next().await.transpose()? {
        println!("received {message:?}");
        received.push(message);
    }
    Ok(received)
}

#[cfg(test)]
#[tokio::test]
async fn the_message_comes_over_tls() {
    let received = run().await.unwrap();
    assert_eq!(received, [Message::from("hello"), Message::Close(None)]);
}
