//! Which clients a server of ours lets in, and what it says of the others.
use std::io;
use std::sync::Arc;

use arkws::TlsError;
use rcgen::{
    BasicConstraints, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::common::{
    Credentials, authority, authority_params, connect, issue, params, pem_of_all, self_signed,
    trusting, version1,
};
use crate::listen;

static VERSIONS: [&SupportedProtocolVersion; 2] =
    [&rustls::version::TLS12, &rustls::version::TLS13];

fn words(error: io::Error) -> String {
    TlsError::from_accept(error).unwrap().to_string()
}

/// A server that lets in only clients of `authorities`, and speaks to one who shows this, or
/// nothing: what it says, or that the client is in.
async fn verdict(
    authorities: &[CertificateDer<'static>],
    shown: Option<&Credentials>,
    version: &'static SupportedProtocolVersion,
) -> Result<(), String> {
    let servers = authority();
    let ours = issue(&servers, params(&["localhost"]));
    let config = ours
        .identity()
        .server_config_for_clients_of(pem_of_all(authorities).as_bytes(), true)
        .unwrap();
    let (listener, address) = listen().await;
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(servers.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some(shown) => {
            let key = provider.key_provider.load_private_key(shown.private_key());
            let key = CertifiedKey::new(shown.chain.clone(), key.unwrap());
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
        }
    };
    let client = async {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        if let Ok(mut stream) = connector.connect(name, stream).await {
            // In TLS 1.3 it does not know yet whether it is in.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.map_err(words)?;
        stream.shutdown().await.unwrap();
        Ok(())
    };
    tokio::join!(client, server).1
}

async fn assert_let_in(authorities: &[CertificateDer<'static>], shown: &Credentials) {
    for version in VERSIONS {
        let verdict = verdict(authorities, Some(shown), version).await;
        assert_eq!(verdict, Ok(()), "{version:?}");
    }
}

async fn assert_refused(
    authorities: &[CertificateDer<'static>],
    shown: Option<&Credentials>,
    words: &str,
) {
    for version in VERSIONS {
        let said = verdict(authorities, shown, version).await.unwrap_err();
        assert!(said.contains(words), "\"{words}\" is not in \"{said}\"");
    }
}

/// Of X.509 version 1, of its own making.
fn of_version1(params: rcgen::CertificateParams) -> Credentials {
    let mut credentials = self_signed(params);
    credentials.chain[0] = version1(&credentials.chain[0], &credentials.key);
    credentials
}

#[tokio::test]
async fn a_client_of_version_1_is_let_in_if_this_very_certificate_is_trusted() {
    let credentials = of_version1(params(&[]));
    assert_let_in(&credentials.chain, &credentials).await;

    let stranger = authority().der().clone();
    assert_refused(
        &[stranger],
        Some(&credentials),
        "the client's certificate is of X.509 version 1, which is accepted only if this very",
    )
    .await;

    let mut expired = params(&[]);
    expired.not_after = date_time_ymd(2020, 2, 29);
    let credentials = of_version1(expired);
    assert_refused(
        &credentials.chain,
        Some(&credentials),
        "the client's certificate has expired: it was valid until Sat, 29 Feb 2020 00:00:00 GMT",
    )
    .await;
}

#[tokio::test]
async fn whoever_shows_a_trusted_certificate_has_to_have_its_key() {
    for credentials in [self_signed(params(&[])), of_version1(params(&[]))] {
        let thief = Credentials {
            chain: credentials.chain.clone(),
            key: KeyPair::generate().unwrap(),
        };
        let words = "or the client does not have its key";
        assert_refused(&credentials.chain, Some(&thief), words).await;
    }
}

#[tokio::test]
async fn an_authority_of_version_1_has_its_clients() {
    let root = authority();
    let anchor = version1(root.der(), root.key());
    assert_let_in(&[anchor], &issue(&root, params(&[]))).await;
}

/// As OpenSSL and Node.js have it.
#[tokio::test]
async fn a_self_signed_client_can_be_trusted_itself() {
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(BasicConstraints::Unconstrained),
    ] {
        let mut params = params(&[]);
        params.is_ca = is_ca;
        let credentials = self_signed(params);
        assert_let_in(&credentials.chain, &credentials).await;
        assert_refused(
            &[authority().der().clone()],
            Some(&credentials),
            "the client's certificate is self-signed, and not among the trusted ones",
        )
        .await;
    }
}

#[tokio::test]
async fn a_client_is_refused_in_words_about_a_client() {
    let root = authority();
    let trusted = [root.der().clone()];
    let client = |change: fn(&mut rcgen::CertificateParams)| {
        let mut params = params(&[]);
        change(&mut params);
        issue(&root, params)
    };
    for (shown, words) in [
        (
            None,
            "the TLS handshake failed: the client has shown no certificate, and has to",
        ),
        (
            Some(issue(&authority(), params(&[]))),
            "the client's certificate was not issued by a trusted authority (unknown issuer), or \
             the client does not send",
        ),
        (
            Some(client(|it| it.not_after = date_time_ymd(2020, 2, 29))),
            "the client's certificate has expired: it was valid until Sat, 29 Feb 2020",
        ),
        (
            Some(client(|it| {
                it.not_before = date_time_ymd(2999, 12, 31);
                it.not_after = date_time_ymd(3000, 1, 1);
            })),
            "the client's certificate is not valid yet: it will be from Tue, 31 Dec 2999",
        ),
        (
            Some(client(|it| {
                it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            })),
            "the client's certificate is not meant for clients",
        ),
    ] {
        assert_refused(&trusted, shown.as_ref(), words).await;
    }
}

#[tokio::test]
async fn an_intermediate_out_of_time_is_named() {
    let root = authority();
    let mut between = authority_params("Between");
    between.not_after = date_time_ymd(2020, 2, 29);
    let key = KeyPair::generate().unwrap();
    let between = CertifiedIssuer::signed_by(between, key, &root).unwrap();
    let mut credentials = issue(&between, params(&[]));
    credentials.chain.push(between.der().clone());
    assert_refused(
        &[root.der().clone()],
        Some(&credentials),
        "the intermediate certificate \"Between\" has expired: it was valid until Sat, 29 Feb 2020",
    )
    .await;
}

#[tokio::test]
async fn a_client_that_speaks_no_tls_or_does_not_trust_the_server_is_told_apart() {
    let ours = self_signed(params(&["localhost"]));
    let acceptor = TlsAcceptor::from(Arc::new(ours.identity().server_config().unwrap()));
    let (listener, address) = listen().await;

    let plain = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    let accept = async {
        let (stream, _) = listener.accept().await.unwrap();
        words(acceptor.accept(stream).await.unwrap_err())
    };
    let said = tokio::join!(plain, accept).1;
    assert!(said.contains("the client does not speak TLS"), "{said}");

    let stranger = trusting(authority().pem());
    let accept = async {
        let (stream, _) = listener.accept().await.unwrap();
        words(acceptor.accept(stream).await.unwrap_err())
    };
    let (refused, said) = tokio::join!(connect(stranger, "localhost", address), accept);
    assert!(refused.is_err());
    assert!(
        said.contains("the client does not accept the server's certificate"),
        "{said}"
    );
}
