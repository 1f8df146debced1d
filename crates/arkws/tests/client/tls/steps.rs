//! Connecting in steps, and what can be seen between them.
use std::time::SystemTime;

use arkws::{CertificateKey, Error, Proxy, ProxyServer, TlsVersion, WebSocketUrl};
use rcgen::date_time_ymd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::common::{authority_called, careless, issue, params, self_signed, serve, trusting};
use super::common::{serve_with, version_of};
use crate::{assert_echoes, builder, canned, listen};

#[tokio::test]
async fn each_step_has_the_stream_of_the_one_before() {
    let authority = authority_called("An authority");
    let mut params = params(&["localhost"]);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2090, 1, 1);
    let mut credentials = issue(&authority, params);
    credentials.chain.push(authority.der().clone());
    let server = serve(&credentials).await;
    let client = builder().tls(trusting(authority.pem())).build().unwrap();
    let url = WebSocketUrl::parse(&format!("wss://localhost:{}/", server.port())).unwrap();

    let stream = client.dial(&url).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), server);
    assert_eq!(stream.tls_version(), None);
    assert!(stream.tls_connection().is_none());
    assert_eq!(stream.peer_certificates(), []);

    let stream = client.secure(&url, stream).await.unwrap();
    assert_eq!(stream.tls_version(), Some(TlsVersion::Tls13));
    let tls = stream.tls_connection().unwrap();
    assert!(tls.negotiated_cipher_suite().is_some());
    let [own, above] = &stream.peer_certificates()[..] else {
        panic!("two were sent");
    };
    assert_eq!(own.common_name().as_deref(), Some("a test server"));
    assert_eq!(own.issuer_common_name().as_deref(), Some("An authority"));
    assert_eq!((own.is_self_issued(), own.version()), (false, Some(3)));
    assert_eq!(own.key(), Some(CertificateKey::EcdsaP256));
    let valid = own.validity().unwrap();
    assert!(valid.contains(&SystemTime::now()));
    let year = 365 * 24 * 60 * 60;
    let length = valid.end().duration_since(*valid.start()).unwrap();
    assert_eq!(length.as_secs() / year, 70);
    assert_eq!(above.common_name().as_deref(), Some("An authority"));
    assert!(above.is_self_issued());

    let (mut socket, _) = client.connect_over(url.as_str(), stream).await.unwrap();
    assert_echoes(&mut socket).await;
}

/// Who looks at a certificate need not tell its server anything.
#[tokio::test]
async fn a_server_that_is_not_trusted_hears_nothing_but_tls() {
    let (listener, server) = listen().await;
    let identity = version_of(&self_signed(params(&["localhost"])), 0);
    let acceptor =
        tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(identity.server_config().unwrap()));
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        let mut stream = acceptor.accept(stream).await.unwrap();
        _ = stream.read_to_end(&mut heard).await;
        heard
    });
    let client = builder().tls(careless()).build().unwrap();
    let url = WebSocketUrl::parse(&format!("wss://localhost:{}/", server.port())).unwrap();

    let stream = client.dial(&url).await.unwrap();
    let stream = client.secure(&url, stream).await.unwrap();
    assert_eq!(stream.peer_certificates()[0].version(), Some(1));
    drop(stream);

    assert_eq!(heard.await.unwrap(), b"");
}

#[tokio::test]
async fn a_step_fails_as_the_whole_does() {
    let client = builder().build().unwrap();
    let url = WebSocketUrl::parse("ws://127.0.0.1:1/").unwrap();
    let error = client.dial(&url).await.unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error}");

    // Nobody speaks TLS there.
    let (listener, server) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        crate::finish(stream).await;
    });
    let plain = WebSocketUrl::parse(&format!("ws://{server}/")).unwrap();
    let stream = client.dial(&plain).await.unwrap();
    let stream = client.secure(&plain, stream).await.unwrap();
    assert_eq!(stream.tls_version(), None);
    let secure = WebSocketUrl::parse("wss://localhost/").unwrap();
    let error = client.secure(&secure, stream).await.unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error}");

    let (proxy, _) = canned(|_| "HTTP/1.1 407 Who are you?\r\n\r\n".to_owned()).await;
    let proxy = ProxyServer::parse(&proxy.to_string(), None).unwrap();
    let client = builder().proxy(Proxy::Server(proxy)).build().unwrap();
    let error = client.dial(&plain).await.unwrap_err();
    assert!(matches!(error, Error::Proxy(_)), "{error}");
}

/// Each kind of key is called what it is called elsewhere.
#[tokio::test]
async fn keys_have_their_names() {
    let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    for (key, name) in [(ed25519, "Ed25519"), (p384, "ECDSA P-384")] {
        let certificate = params(&["localhost"]).self_signed(&key).unwrap();
        let (pem, key) = (certificate.pem(), key.serialize_pem());
        let identity = arkws::Identity::from_pem(pem.as_bytes(), key.as_bytes(), None).unwrap();
        let server = serve_with(identity.server_config().unwrap()).await;
        let client = builder().tls(trusting(pem)).build().unwrap();
        let url = WebSocketUrl::parse(&format!("wss://localhost:{}/", server.port())).unwrap();
        let stream = client.dial(&url).await.unwrap();
        let stream = client.secure(&url, stream).await.unwrap();
        let shown = stream.peer_certificate().unwrap();
        assert_eq!(shown.key().unwrap().to_string(), name);
    }
    assert_eq!(CertificateKey::Rsa { bits: 2048 }.to_string(), "RSA 2048");
}
