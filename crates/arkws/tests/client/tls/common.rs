//! Authorities, certificates, and servers that have them.
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arkws::{Cause, Error, Identity, Roots, TlsConfig, Transport, WebSocket};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SigningKey,
};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::{builder, echo, failure, listen};

pub(super) type Authority = CertifiedIssuer<'static, KeyPair>;

pub(super) type Connected = Result<(WebSocket<Transport>, arkws::ClientResponse), Error>;

/// A certificate chain and its key.
pub(super) struct Credentials {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: KeyPair,
}

impl Credentials {
    pub(super) fn chain_pem(&self) -> String {
        pem_of_all(&self.chain)
    }

    pub(super) fn identity(&self) -> Identity {
        let (chain, key) = (self.chain_pem(), self.key.serialize_pem());
        Identity::from_pem(chain.as_bytes(), key.as_bytes(), None).unwrap()
    }

    pub(super) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

pub(super) fn pem_of_all(certificates: &[CertificateDer<'static>]) -> String {
    let blocks = certificates
        .iter()
        .map(|der| pem::Pem::new("CERTIFICATE", der.to_vec()));
    pem::encode_many(&blocks.collect::<Vec<_>>())
}

pub(super) fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}

pub(super) fn authority_called(name: &str) -> Authority {
    CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate().unwrap()).unwrap()
}

/// Each has a name of its own.
pub(super) fn authority() -> Authority {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    authority_called(&format!(
        "Test CA {}",
        COUNT.fetch_add(1, Ordering::Relaxed)
    ))
}

pub(super) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "a test server");
    params
}

pub(super) fn issue(authority: &Authority, params: CertificateParams) -> Credentials {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    Credentials {
        chain: vec![certificate.der().clone()],
        key,
    }
}

pub(super) fn self_signed(params: CertificateParams) -> Credentials {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Credentials {
        chain: vec![certificate.der().clone()],
        key,
    }
}

pub(super) fn trusting(pem: impl Into<String>) -> TlsConfig {
    TlsConfig {
        roots: vec![Roots::Pem(pem.into().into_bytes())],
        ..TlsConfig::default()
    }
}

/// For tests in which no certificate is ever looked at.
pub(super) fn careless() -> TlsConfig {
    TlsConfig {
        dangerous_accept_any_certificate: true,
        ..TlsConfig::default()
    }
}

pub(super) fn versions() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
}

pub(super) fn only(
    version: &'static rustls::SupportedProtocolVersion,
) -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
}

/// An echo server over TLS.
pub(super) async fn serve_with(config: ServerConfig) -> SocketAddr {
    let (listener, address) = listen().await;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    echo(stream).await;
                }
            });
        }
    });
    address
}

pub(super) async fn serve(credentials: &Credentials) -> SocketAddr {
    let config = versions()
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    serve_with(config).await
}

pub(super) async fn connect(tls: TlsConfig, host: &str, server: SocketAddr) -> Connected {
    let client = builder().tls(tls).build().unwrap();
    client
        .connect(&format!("wss://{host}:{}/", server.port()))
        .await
}

/// The connection fails in TLS, with these words.
pub(super) fn assert_refused(connected: Connected, words: &str) {
    let error = failure(connected);
    assert_eq!(error.cause(), Cause::Tls, "{error}");
    assert!(
        error.to_string().contains(words),
        "\"{words}\" is not in \"{error}\""
    );
}

/// A certificate whose version is written as this byte.
pub(super) fn pem_of(credentials: &Credentials, number: u8) -> String {
    let mut der = credentials.chain[0].to_vec();
    let version = [0xa0, 3, 2, 1];
    let at = der.windows(4).position(|bytes| bytes == version).unwrap();
    der[at + 4] = number;
    pem::encode(&pem::Pem::new("CERTIFICATE", der))
}

pub(super) fn version_of(credentials: &Credentials, number: u8) -> Identity {
    let (pem, key) = (pem_of(credentials, number), credentials.key.serialize_pem());
    Identity::from_pem(pem.as_bytes(), key.as_bytes(), None).unwrap()
}

/// The certificate as `signer` makes it in X.509 version 1, which has no extensions (X.509, 7.2).
pub(super) fn version1(
    certificate: &CertificateDer<'_>,
    signer: &KeyPair,
) -> CertificateDer<'static> {
    let [tbs, algorithm, _signature] = values(contents(certificate).0)[..] else {
        panic!("three values: RFC 5280, 4.1");
    };
    // From the serial number to the public key: the version stands before, extensions behind.
    let fields = &values(contents(tbs).0)[1..7];
    let tbs = value(0x30, &fields.concat());
    let signature = [&[0][..], &signer.sign(&tbs).unwrap()].concat();
    value(0x30, &[&tbs, algorithm, &value(0x03, &signature)].concat()).into()
}

/// What is in the first value of DER, and what is behind it.
fn contents(der: &[u8]) -> (&[u8], &[u8]) {
    let (head, length) = match der[1] {
        short @ ..=0x7f => (2, short.into()),
        0x81 => (3, der[2].into()),
        _ => (4, u16::from_be_bytes([der[2], der[3]]).into()),
    };
    der[head..].split_at(length)
}

fn values(mut der: &[u8]) -> Vec<&[u8]> {
    let mut values = Vec::new();
    while !der.is_empty() {
        let (_, rest) = contents(der);
        values.push(&der[..der.len() - rest.len()]);
        der = rest;
    }
    values
}

fn value(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let head = match length {
        [0, short @ ..=0x7f] => vec![tag, short],
        [0, length] => vec![tag, 0x81, length],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [&head, contents].concat()
}
