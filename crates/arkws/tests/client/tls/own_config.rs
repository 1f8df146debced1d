//! A configuration of rustls that the program has made.
use std::sync::{Arc, Mutex};

use arkws::TlsConfig;
use rustls::{ClientConfig, KeyLog, RootCertStore};

use super::common::serve_with;
use super::common::{
    Authority, assert_refused, authority, connect, issue, params, serve, versions,
};
use crate::assert_echoes;

fn trusting_only(authority: &Authority) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn with(config: ClientConfig) -> TlsConfig {
    TlsConfig {
        // What else is here does not count.
        roots: vec![arkws::Roots::Path("/missing".into())],
        rustls: Some(Arc::new(config)),
        ..TlsConfig::default()
    }
}

#[derive(Debug, Default)]
struct Labels(Mutex<Vec<String>>);

impl KeyLog for Labels {
    fn log(&self, label: &str, _: &[u8], _: &[u8]) {
        self.0.lock().unwrap().push(label.to_owned());
    }
}

#[tokio::test]
async fn it_is_used_as_it_is() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["localhost"]))).await;
    let labels = Arc::new(Labels::default());
    let mut config = trusting_only(&authority);
    config.key_log = Arc::<Labels>::clone(&labels);

    let (mut socket, _) = connect(with(config), "localhost", server).await.unwrap();

    assert_echoes(&mut socket).await;
    let labels = labels.0.lock().unwrap().join(" ");
    assert!(labels.contains("CLIENT_TRAFFIC_SECRET_0"), "{labels}");

    let other = trusting_only(&super::common::authority());
    let refused = connect(with(other), "localhost", server).await;
    assert_refused(refused, "certificate");
}

#[tokio::test]
async fn the_name_of_the_server_may_be_another_beside_it() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["name.test"]))).await;

    let named = TlsConfig {
        server_name: Some("name.test".to_owned()),
        ..with(trusting_only(&authority))
    };
    connect(named, "localhost", server).await.unwrap();
}

#[tokio::test]
async fn a_server_that_chooses_another_protocol_of_those_that_it_offers_is_refused() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    let mut speaking = versions()
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    speaking.alpn_protocols = vec![b"h2".to_vec()];
    let server = serve_with(speaking).await;
    let mut config = trusting_only(&authority);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

    let refused = connect(with(config), "localhost", server).await;

    assert_refused(refused, "chose the protocol h2");
}
