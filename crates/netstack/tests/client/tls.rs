//! The options of `wss`.
use std::path::PathBuf;
use std::sync::Arc;

use arkws_netstack::{BusinessError, ClientCert, RequestOptions, TlsProtocol};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, version};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::connect::without_proxy;
use crate::support::{Client, Seen, Server};

/// The versions of TLS that a server speaks.
#[derive(Clone, Copy)]
enum Versions {
    OnlyTls12,
    All,
}

/// Whether a server insists on a client certificate.
#[derive(Clone, Copy, PartialEq)]
enum ClientAuth {
    None,
    Required,
}

/// A certificate authority, a server it vouches for, and a client it vouches for.
struct World {
    folder: TempDir,
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl World {
    fn new() -> World {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let world = World {
            folder: tempfile::tempdir().unwrap(),
            ca,
        };
        world.write("ca.pem", &world.ca.pem());
        let (cert, key) = world.issue("client.test");
        world.write("client.pem", &cert.pem());
        world.write("client-key.pem", &key.serialize_pem());
        world.write("garbage.pem", "this is no certificate");
        world
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.ca).unwrap(), key)
    }

    /// A server called `name`.
    fn acceptor(&self, name: &str) -> TlsAcceptor {
        self.acceptor_of(name, Versions::All, ClientAuth::None)
    }

    fn acceptor_of(&self, name: &str, versions: Versions, auth: ClientAuth) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (cert, key) = self.issue(name);
        let versions: &[_] = match versions {
            Versions::OnlyTls12 => &[&version::TLS12],
            Versions::All => &[&version::TLS13, &version::TLS12],
        };
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .unwrap();
        let builder = if auth == ClientAuth::Required {
            let mut roots = RootCertStore::empty();
            roots.add(self.ca.der().clone()).unwrap();
            let roots = Arc::new(roots);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = builder
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    fn trusting(&self) -> RequestOptions {
        RequestOptions {
            ca_path: Some(self.path("ca.pem")),
            ..without_proxy()
        }
    }
}

/// Connects to a server behind TLS. Returns the TLS version, or the error.
async fn connect(
    acceptor: TlsAcceptor,
    options: RequestOptions,
) -> Result<Option<&'static str>, BusinessError> {
    let server = Server::start().await;
    let mut client = Client::new();
    let url = format!("wss://localhost:{}/", server.address().port());
    client.socket.connect(&url, options).unwrap();
    let serving = tokio::spawn(async move {
        let stream = acceptor.accept(server.accept_raw().await).await.ok()?;
        let mut socket = arkws::accept(stream).await.ok()?;
        while let Some(Ok(_)) = socket.recv().await {}
        Some(())
    });
    match client.next().await {
        Seen::Headers(_) => {}
        Seen::Error(error) => {
            serving.abort();
            return Err(error);
        }
        other => panic!("unexpected: {other:?}"),
    }
    let version = client.socket.stats().tls_version;
    client.close().unwrap();
    client.rest().await;
    serving.await.unwrap();
    Ok(version)
}

fn assert_fails(
    result: Result<Option<&'static str>, BusinessError>,
    cause: &'static str,
) -> BusinessError {
    let error = result.expect_err("this must not be accepted");
    assert_eq!(
        (error.code, error.cause_name()),
        (200, Some(cause)),
        "{error}"
    );
    error
}

fn assert_tls(result: Result<Option<&'static str>, BusinessError>) -> BusinessError {
    assert_fails(result, "tls")
}

#[tokio::test]
async fn a_server_must_be_vouched_for_by_the_given_authority_and_have_the_right_name() {
    let world = World::new();
    let good = || world.acceptor("localhost");

    assert_eq!(connect(good(), world.trusting()).await, Ok(Some("TLSv1.3")));
    // A directory will do.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(world.path("ca.pem"), folder.path().join("ca.pem")).unwrap();
    let directory = RequestOptions {
        ca_path: Some(folder.path().to_owned()),
        ..without_proxy()
    };
    assert_eq!(connect(good(), directory).await, Ok(Some("TLSv1.3")));

    let wrong_name = world.acceptor("elsewhere.test");
    let error = assert_tls(connect(wrong_name, world.trusting()).await);
    assert!(error.message.contains("localhost"), "{error}");
    let other = World::new();
    assert_tls(connect(good(), other.trusting()).await);
}

#[tokio::test]
async fn skipping_verification_accepts_everything() {
    let world = World::new();
    let options = RequestOptions {
        skip_server_cert_verification: true,
        ..without_proxy()
    };
    let wrong_name = world.acceptor("elsewhere.test");
    assert_eq!(connect(wrong_name, options).await, Ok(Some("TLSv1.3")));
}

#[tokio::test]
async fn the_lowest_version_is_an_option() {
    let world = World::new();
    for (min, accepted) in [
        (None, true),
        (Some(TlsProtocol::Tls10), true),
        (Some(TlsProtocol::Tls12), true),
        (Some(TlsProtocol::Tls13), false),
    ] {
        let options = RequestOptions {
            min_support_tls_protocol: min,
            ..world.trusting()
        };
        let old = world.acceptor_of("localhost", Versions::OnlyTls12, ClientAuth::None);
        let result = connect(old, options).await;
        match accepted {
            true => assert_eq!(result, Ok(Some("TLSv1.2")), "{min:?}"),
            false => drop(assert_tls(result)),
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_servers_that_ask_for_one() {
    let world = World::new();
    let strict = || world.acceptor_of("localhost", Versions::All, ClientAuth::Required);
    let with = RequestOptions {
        client_cert: Some(ClientCert {
            cert_path: world.path("client.pem"),
            key_path: world.path("client-key.pem"),
            key_password: String::new().into(),
        }),
        ..world.trusting()
    };
    assert_eq!(connect(strict(), with).await, Ok(Some("TLSv1.3")));
    assert_tls(connect(strict(), world.trusting()).await);
}

#[tokio::test]
async fn files_that_are_there_but_useless_fail_the_attempt_and_are_named() {
    let world = World::new();
    let garbage = world.path("garbage.pem");
    let ca = RequestOptions {
        ca_path: Some(garbage.clone()),
        ..without_proxy()
    };
    let cert = RequestOptions {
        client_cert: Some(ClientCert {
            cert_path: world.path("client.pem"),
            key_path: garbage.clone(),
            key_password: String::new().into(),
        }),
        ..world.trusting()
    };
    for options in [ca, cert] {
        let acceptor = world.acceptor("localhost");
        let error = assert_fails(connect(acceptor, options).await, "invalid");
        let name = garbage.display().to_string();
        assert!(error.message.contains(&name), "{error}");
    }
}
