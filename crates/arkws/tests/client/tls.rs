//! TLS: whom the client trusts, what it says when it does not, and who it is.
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arkws::{
    Cause, Error, Identity, Proxy, ProxyServer, Roots, TlsConfig, TlsError, TlsVersion, Transport,
    WebSocket,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::{assert_echoes, builder, echo, failure, listen, read_head};

type Authority = CertifiedIssuer<'static, KeyPair>;
type Connected = Result<(WebSocket<Transport>, arkws::ClientResponse), Error>;

/// A certificate chain and its key.
struct Credentials {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Credentials {
    fn chain_pem(&self) -> String {
        let blocks: Vec<_> = self
            .chain
            .iter()
            .map(|der| pem::Pem::new("CERTIFICATE", der.to_vec()))
            .collect();
        pem::encode_many(&blocks)
    }

    fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}

fn authority_called(name: &str) -> Authority {
    CertifiedIssuer::self_signed(authority_params(name), KeyPair::generate().unwrap()).unwrap()
}

/// Each has a name of its own.
fn authority() -> Authority {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    authority_called(&format!(
        "Test CA {}",
        COUNT.fetch_add(1, Ordering::Relaxed)
    ))
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "a test server");
    params
}

fn issue(authority: &Authority, params: CertificateParams) -> Credentials {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    Credentials {
        chain: vec![certificate.der().clone()],
        key,
    }
}

fn self_signed(params: CertificateParams) -> Credentials {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Credentials {
        chain: vec![certificate.der().clone()],
        key,
    }
}

fn trusting(pem: impl Into<String>) -> TlsConfig {
    TlsConfig {
        roots: vec![Roots::Pem(pem.into().into_bytes())],
        ..TlsConfig::default()
    }
}

/// For tests in which no certificate is ever looked at.
fn careless() -> TlsConfig {
    TlsConfig {
        dangerous_accept_any_certificate: true,
        ..TlsConfig::default()
    }
}

fn versions() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
}

fn only(
    version: &'static rustls::SupportedProtocolVersion,
) -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
}

/// An echo server over TLS.
async fn serve_with(config: ServerConfig) -> SocketAddr {
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

async fn serve(credentials: &Credentials) -> SocketAddr {
    let config = versions()
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    serve_with(config).await
}

async fn connect(tls: TlsConfig, host: &str, server: SocketAddr) -> Connected {
    let client = builder().tls(tls).build().unwrap();
    client
        .connect(&format!("wss://{host}:{}/", server.port()))
        .await
}

/// The connection fails in TLS, with these words.
fn assert_refused(connected: Connected, words: &str) {
    let error = failure(connected);
    assert_eq!(error.cause(), Cause::Tls, "{error}");
    assert!(
        error.to_string().contains(words),
        "\"{words}\" is not in \"{error}\""
    );
}

#[tokio::test]
async fn a_server_of_a_trusted_authority_is_trusted() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["localhost"]))).await;

    let (mut socket, _) = connect(trusting(authority.pem()), "localhost", server)
        .await
        .unwrap();

    assert_eq!(socket.get_ref().tls_version(), Some(TlsVersion::Tls13));
    assert_echoes(&mut socket).await;
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn one_client_makes_many_connections() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["localhost"]))).await;
    let client = builder().tls(trusting(authority.pem())).build().unwrap();

    for _ in 0..3 {
        let client = client.clone();
        let (mut socket, _) = client
            .connect(&format!("wss://localhost:{}/", server.port()))
            .await
            .unwrap();
        assert_echoes(&mut socket).await;
    }
}

#[tokio::test]
async fn an_address_is_verified_like_a_name() {
    let authority = authority();
    let with_address = serve(&issue(&authority, params(&["127.0.0.1"]))).await;
    let without = serve(&issue(&authority, params(&["localhost"]))).await;

    let (mut socket, _) = connect(trusting(authority.pem()), "127.0.0.1", with_address)
        .await
        .unwrap();
    assert_echoes(&mut socket).await;

    let refused = connect(trusting(authority.pem()), "127.0.0.1", without).await;
    assert_refused(
        refused,
        "the server's certificate is for localhost, not for 127.0.0.1",
    );
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused_by_its_names() {
    let authority = authority();
    let server = serve(&issue(
        &authority,
        params(&["a.example", "*.b.example", "10.0.0.1"]),
    ))
    .await;
    let anonymous = serve(&issue(&authority, params(&[]))).await;
    let many: Vec<String> = (0..100)
        .map(|number| format!("host{number}.example"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let crowded = serve(&issue(&authority, params(&many))).await;

    for (server, words) in [
        (
            server,
            "is for a.example, *.b.example, 10.0.0.1, not for localhost",
        ),
        (
            anonymous,
            "is for nobody (it has no subjectAltName), not for localhost",
        ),
        (
            crowded,
            "is for host0.example, host1.example, host2.example, host3.example and 96 more, not for localhost",
        ),
    ] {
        assert_refused(
            connect(trusting(authority.pem()), "localhost", server).await,
            words,
        );
    }
}

#[tokio::test]
async fn certificates_out_of_time_are_refused_with_the_date() {
    let authority = authority();
    let mut expired = params(&["localhost"]);
    expired.not_before = date_time_ymd(2019, 1, 1);
    expired.not_after = date_time_ymd(2020, 2, 29);
    let mut future = params(&["localhost"]);
    future.not_before = date_time_ymd(2999, 12, 31);
    future.not_after = date_time_ymd(3000, 1, 1);

    let server = serve(&issue(&authority, expired)).await;
    let refused = connect(trusting(authority.pem()), "localhost", server).await;
    assert_refused(
        refused,
        "has expired: it was valid until Sat, 29 Feb 2020 00:00:00 GMT",
    );

    let server = serve(&issue(&authority, future)).await;
    let refused = connect(trusting(authority.pem()), "localhost", server).await;
    assert_refused(
        refused,
        "is not valid yet: it will be from Tue, 31 Dec 2999 00:00:00 GMT",
    );
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let server = serve(&issue(&authority(), params(&["localhost"]))).await;

    let refused = connect(trusting(authority().pem()), "localhost", server).await;

    let port = server.port();
    assert_refused(
        refused,
        &format!(
            "TLS with localhost:{port} failed: the server's certificate was not issued by a trusted authority"
        ),
    );
}

#[tokio::test]
async fn another_authority_of_the_same_name_is_refused() {
    let server = serve(&issue(&authority_called("Same"), params(&["localhost"]))).await;

    let refused = connect(
        trusting(authority_called("Same").pem()),
        "localhost",
        server,
    )
    .await;

    assert_refused(
        refused,
        "was not made by the trusted authority that it names",
    );
}

#[tokio::test]
async fn self_signed_certificates_are_refused_as_such() {
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(BasicConstraints::Unconstrained),
    ] {
        let mut params = params(&["localhost"]);
        params.is_ca = is_ca;
        let server = serve(&self_signed(params)).await;

        let refused = connect(trusting(authority().pem()), "localhost", server).await;

        assert_refused(refused, "is self-signed, and not among the trusted ones");
    }
}

/// As OpenSSL, curl and Node.js have it.
#[tokio::test]
async fn a_self_signed_certificate_can_be_trusted_itself() {
    for is_ca in [
        IsCa::NoCa,
        IsCa::ExplicitNoCa,
        IsCa::Ca(BasicConstraints::Unconstrained),
    ] {
        let mut params = params(&["localhost"]);
        params.is_ca = is_ca;
        let credentials = self_signed(params);
        let server = serve(&credentials).await;

        let (mut socket, _) = connect(trusting(credentials.chain_pem()), "localhost", server)
            .await
            .expect("trusted");
        assert_echoes(&mut socket).await;

        let refused = connect(trusting(credentials.chain_pem()), "127.0.0.1", server).await;
        assert_refused(refused, "is for localhost, not for 127.0.0.1");
    }
}

#[tokio::test]
async fn a_trusted_certificate_that_has_expired_is_refused() {
    let mut params = params(&["localhost"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_after = date_time_ymd(2020, 1, 1);
    let credentials = self_signed(params);
    let server = serve(&credentials).await;

    assert_refused(
        connect(trusting(credentials.chain_pem()), "localhost", server).await,
        "has expired",
    );
}

#[tokio::test]
async fn intermediates_must_be_sent_by_the_server() {
    let root = authority();
    let key = KeyPair::generate().unwrap();
    let intermediate =
        CertifiedIssuer::signed_by(authority_params("Intermediate"), key, &root).unwrap();
    let mut credentials = issue(&intermediate, params(&["localhost"]));

    let server = serve(&credentials).await;
    assert_refused(
        connect(trusting(root.pem()), "localhost", server).await,
        "does not send the intermediate",
    );

    credentials.chain.push(intermediate.der().clone());
    let server = serve(&credentials).await;
    let (mut socket, _) = connect(trusting(root.pem()), "localhost", server)
        .await
        .unwrap();
    assert_echoes(&mut socket).await;
}

#[tokio::test]
async fn a_certificate_for_clients_is_refused_as_a_servers() {
    let authority = authority();
    let mut params = params(&["localhost"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let server = serve(&issue(&authority, params)).await;

    assert_refused(
        connect(trusting(authority.pem()), "localhost", server).await,
        "is not meant for servers",
    );
}

#[tokio::test]
async fn the_dangerous_switch_accepts_every_certificate() {
    let mut expired = params(&["other.example"]);
    expired.not_after = date_time_ymd(2020, 1, 1);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let credentials = self_signed(expired.clone());
        let config = only(version)
            .with_no_client_auth()
            .with_single_cert(credentials.chain.clone(), credentials.private_key())
            .unwrap();
        let server = serve_with(config).await;

        let (mut socket, _) = connect(careless(), "localhost", server).await.unwrap();

        assert_echoes(&mut socket).await;
    }
}

#[tokio::test]
async fn the_lowest_version_is_kept() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    let config = only(&rustls::version::TLS12)
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    let server = serve_with(config).await;

    let (mut socket, _) = connect(trusting(authority.pem()), "localhost", server)
        .await
        .unwrap();
    assert_eq!(
        socket.get_ref().tls_version().map(TlsVersion::as_str),
        Some("TLSv1.2")
    );
    assert_echoes(&mut socket).await;

    let strict = TlsConfig {
        min_version: TlsVersion::Tls13,
        ..trusting(authority.pem())
    };
    let refused = connect(strict, "localhost", server).await;
    assert_refused(
        refused,
        "the server speaks none of the accepted versions of TLS",
    );
}

#[tokio::test]
async fn trusted_certificates_come_from_a_file_or_a_directory() {
    let (one, other) = (authority(), authority());
    let servers = [
        serve(&issue(&one, params(&["localhost"]))).await,
        serve(&issue(&other, params(&["localhost"]))).await,
    ];
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let bundle = file(
        "bundle.txt",
        format!("# both\n{}\n{}", one.pem(), other.pem()),
    );
    let single = file("one.pem", one.pem());
    file("README", "not a certificate".into());
    std::fs::create_dir(directory.path().join("sub")).unwrap();
    let at = |path: &std::path::Path| TlsConfig {
        roots: vec![Roots::Path(path.to_owned())],
        ..TlsConfig::default()
    };

    for server in servers {
        connect(at(&bundle), "localhost", server)
            .await
            .expect("in the bundle");
        connect(at(directory.path()), "localhost", server)
            .await
            .expect("in the directory");
    }
    connect(at(&single), "localhost", servers[0])
        .await
        .expect("in the file");
    assert_refused(
        connect(at(&single), "localhost", servers[1]).await,
        "unknown issuer",
    );
    let together = TlsConfig {
        roots: vec![Roots::Path(single), Roots::Pem(other.pem().into_bytes())],
        ..TlsConfig::default()
    };
    connect(together, "localhost", servers[1])
        .await
        .expect("in either place");
}

#[tokio::test]
async fn places_without_certificates_are_named_before_any_connection() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (roots, words) in [
        (
            Roots::Path(directory.path().join("missing.pem")),
            "missing.pem: No such file",
        ),
        (Roots::Path(empty), "empty.pem has no usable certificate"),
        (Roots::Pem(garbage.into()), "has no usable certificate"),
        (
            Roots::Pem(b"-----BEGIN CERTIFICATE-----\n??\n-----END CERTIFICATE-----\n".to_vec()),
            "is damaged",
        ),
    ] {
        let error = builder()
            .tls(TlsConfig {
                roots: vec![roots],
                ..TlsConfig::default()
            })
            .build()
            .unwrap_err();

        assert_eq!(error.cause(), Cause::Invalid, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn who_trusts_nobody_connects_to_nobody() {
    let server = serve(&issue(&authority(), params(&["localhost"]))).await;

    let error = failure(
        connect(
            TlsConfig {
                roots: Vec::new(),
                ..TlsConfig::default()
            },
            "localhost",
            server,
        )
        .await,
    );

    assert_eq!(error.cause(), Cause::Invalid, "{error}");
}

#[tokio::test]
async fn the_systems_authorities_do_not_know_a_test() {
    let server = serve(&issue(&authority(), params(&["localhost"]))).await;

    let error = failure(connect(TlsConfig::default(), "localhost", server).await);

    // A minimal system has none at all, and says so.
    assert_eq!(error.cause(), Cause::Tls);
    assert!(
        matches!(error, Error::Tls(TlsError::SystemRoots(_)))
            || error.to_string().contains("unknown issuer"),
        "{error}"
    );
}

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

/// A certificate whose version is written as this byte.
fn pem_of(credentials: &Credentials, number: u8) -> String {
    let mut der = credentials.chain[0].to_vec();
    let version = [0xa0, 3, 2, 1];
    let at = der.windows(4).position(|bytes| bytes == version).unwrap();
    der[at + 4] = number;
    pem::encode(&pem::Pem::new("CERTIFICATE", der))
}

fn version_of(credentials: &Credentials, number: u8) -> Identity {
    let (pem, key) = (pem_of(credentials, number), credentials.key.serialize_pem());
    Identity::from_pem(pem.as_bytes(), key.as_bytes(), None).unwrap()
}

#[tokio::test]
async fn a_certificate_of_another_version_is_named_by_its_own() {
    let tls = trusting(authority().pem());
    for (number, words) in [
        (0, "is of X.509 version 1, which is accepted only if"),
        (1, "is of X.509 version 2, which is accepted only if"),
        (
            7,
            "the server's certificate is of X.509 version 8, which nobody knows",
        ),
        (u8::MAX, "the server's certificate is damaged"),
    ] {
        let identity = version_of(&self_signed(params(&["localhost"])), number);
        let server = serve_with(identity.server_config().unwrap()).await;
        assert_refused(connect(tls.clone(), "localhost", server).await, words);
    }
}

/// What a terminal or a reader of lines obeys, as far as a certificate can hold it.
#[tokio::test]
async fn the_names_in_a_certificate_are_escaped() {
    const HOSTILE: &str = "\u{1b}[2J\r\n\u{7}\u{9b}31m\u{202e}\u{2028}";
    let mut params = params(&["\u{1b}[2J\r\n\u{7}.example"]);
    params.distinguished_name.push(DnType::CommonName, HOSTILE);
    let credentials = self_signed(params);
    let trusted = trusting(credentials.chain_pem());
    for number in [0, 2] {
        let identity = version_of(&credentials, number);
        let server = serve_with(identity.server_config().unwrap()).await;
        for tls in [trusted.clone(), trusting(authority().pem())] {
            let error = failure(connect(tls, "localhost", server).await);
            let words = error.to_string();
            assert_eq!(error.cause(), Cause::Tls, "{words:?}");
            let obeyed = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}');
            assert!(!words.contains(obeyed), "{words:?}");
        }
    }
}

/// RFC 7301: some balancers end a connection that asks for nothing.
#[tokio::test]
async fn http_1_1_is_asked_for() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    let speaking = |protocol: &str| {
        let mut config = versions()
            .with_no_client_auth()
            .with_single_cert(credentials.chain.clone(), credentials.private_key())
            .unwrap();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        config
    };
    let server = serve_with(speaking("http/1.1")).await;
    let tls = trusting(authority.pem());
    let (mut socket, _) = connect(tls.clone(), "localhost", server).await.unwrap();
    assert_echoes(&mut socket).await;

    // rustls, as a server, refuses a client that asks for something else, and lets one that asks
    // for nothing pass.
    let server = serve_with(speaking("h2")).await;
    assert_refused(
        connect(tls, "localhost", server).await,
        "does not speak HTTP/1.1",
    );
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
async fn a_server_without_tls_is_recognized() {
    let server = crate::echo_server().await;

    assert_refused(
        connect(careless(), "localhost", server).await,
        "does not answer with TLS",
    );
}

#[tokio::test]
async fn a_server_that_ends_the_connection_during_tls_is_named() {
    let (listener, server) = listen().await;
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });

    let refused = connect(careless(), "localhost", server).await;

    assert_refused(
        refused,
        "the server ended the connection during the handshake",
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

#[tokio::test]
async fn a_server_with_tls_is_no_server_for_ws() {
    let server = serve(&issue(&authority(), params(&["localhost"]))).await;

    let error = failure(
        builder()
            .build()
            .unwrap()
            .connect(&format!("ws://localhost:{}/", server.port()))
            .await,
    );

    assert_eq!(error.cause(), Cause::Handshake, "{error}");
}

#[tokio::test]
async fn tls_runs_through_a_tunnel() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["server.invalid"]))).await;
    let (listener, proxy) = listen().await;
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let head = read_head(&mut client).await;
        assert!(
            head.starts_with("CONNECT server.invalid:443 "),
            "the proxy resolves the name: {head}"
        );
        let mut server = TcpStream::connect(server).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut client, b"HTTP/1.0 200 OK\r\n\r\n")
            .await
            .unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });

    let proxy = Proxy::Server(ProxyServer::parse(&proxy.to_string(), None).unwrap());
    let client = builder()
        .proxy(proxy)
        .tls(trusting(authority.pem()))
        .build()
        .unwrap();
    let (mut socket, _) = client.connect("wss://server.invalid/").await.unwrap();

    assert_echoes(&mut socket).await;
}

#[tokio::test]
async fn a_redirect_from_wss_to_ws_is_not_followed() {
    let authority = authority();
    let credentials = issue(&authority, params(&["localhost"]));
    let config = versions()
        .with_no_client_auth()
        .with_single_cert(credentials.chain.clone(), credentials.private_key())
        .unwrap();
    let (listener, server) = listen().await;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        read_head(&mut stream).await;
        let answer = b"HTTP/1.1 301 Moved\r\nLocation: http://localhost/\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer)
            .await
            .unwrap();
        tokio::io::AsyncWriteExt::shutdown(&mut stream)
            .await
            .unwrap();
    });

    let error = failure(connect(trusting(authority.pem()), "localhost", server).await);

    assert_eq!(error.cause(), Cause::Redirect);
    assert!(
        error.to_string().contains("would give up encryption"),
        "{error}"
    );
}
