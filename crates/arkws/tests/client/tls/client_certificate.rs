//! Who the client is.
use std::sync::Arc;

use arkws::{Identity, TlsConfig};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

use super::common::{
    Authority, assert_refused, authority, connect, issue, only, params, serve_with, trusting,
};
use crate::{assert_echoes, listen};

#[tokio::test]
async fn a_server_that_requires_a_client_certificate_gets_it() {
    let (servers, clients) = (authority(), authority());
    let credentials = issue(&servers, params(&["localhost"]));
    let identity = |authority: &Authority| {
        let mut params = params(&[]);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let credentials = issue(authority, params);
        let key = credentials.key.serialize_pem();
        Identity::from_pem(credentials.chain_pem().as_bytes(), key.as_bytes(), None).unwrap()
    };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut roots = RootCertStore::empty();
        roots.add(clients.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .unwrap();
        let config = only(version)
            .with_client_cert_verifier(verifier)
            .with_single_cert(credentials.chain.clone(), credentials.private_key())
            .unwrap();
        let server = serve_with(config).await;
        let tls = |identity| TlsConfig {
            identity,
            ..trusting(servers.pem())
        };

        let (mut socket, _) = connect(tls(Some(identity(&clients))), "localhost", server)
            .await
            .unwrap();
        assert_echoes(&mut socket).await;

        let missing = connect(tls(None), "localhost", server).await;
        assert_refused(missing, "the server requires a client certificate");

        let unknown = connect(tls(Some(identity(&authority()))), "localhost", server).await;
        assert_refused(unknown, "the server does not accept the client certificate");
    }
}

#[test]
fn a_damaged_certificate_of_ours_is_not_blamed_on_the_key() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let damaged = pem::encode(&pem::Pem::new("CERTIFICATE", vec![0; 3]));
    let error = Identity::from_pem(damaged.as_bytes(), key.as_bytes(), None).unwrap_err();
    assert!(
        error.to_string().contains("the certificate is damaged"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_ends_the_connection_on_a_client_certificate_is_named() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    let key = credentials.key.serialize_pem();
    let identity = Identity::from_pem(credentials.chain_pem().as_bytes(), key.as_bytes(), None);
    let tls = TlsConfig {
        identity: Some(identity.unwrap()),
        ..trusting(authority.pem())
    };
    // Node.js looks at the client's certificate when the handshake is over, and sends no alert.
    let config = only(&rustls::version::TLS13)
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, server) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(acceptor.accept(stream).await.unwrap());
    });

    let refused = connect(tls, "localhost", server).await;

    assert_refused(refused, "perhaps it does not accept the client certificate");
}
