//! Servers that speak TLS.
use std::sync::{Arc, Mutex};

use arkws::{Acceptance, Acceptor, Identity, PeerInfo, TlsVersion};
use rcgen::{CertificateParams, CertifiedIssuer, DnType, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
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
