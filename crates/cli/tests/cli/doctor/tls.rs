//! TLS and certificates.
use std::sync::Arc;
use std::time::Duration;

use arkws::Identity;
use arkws::rustls::ServerConfig;
use arkws::rustls::crypto::ring::{default_provider, sign::any_supported_type};
use arkws::rustls::pki_types::pem::PemObject;
use arkws::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use arkws::rustls::server::{ClientHello, ResolvesServerCert};
use arkws::rustls::sign::CertifiedKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::doctor;
use crate::servers::{echo, echo_all, runtime};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn authority(name: &str) -> Authority {
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(authority_params(name), key).expect("an authority")
}

/// A file for `--ca`.
fn file(pem: &str) -> NamedTempFile {
    let file = NamedTempFile::new().expect("a file");
    std::fs::write(&file, pem).expect("it is written");
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().expect("UTF-8")
}

fn params(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new([host.to_owned()]).expect("a name");
    params
        .distinguished_name
        .push(DnType::CommonName, "a test server");
    params
}

/// An echo server, by the URL of `localhost`.
fn serve(config: ServerConfig) -> String {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = runtime()
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    runtime().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let stream = arkws::Transport::from(stream);
                if let Ok(socket) = arkws::accept(stream).await {
                    echo_all(socket).await;
                }
            });
        }
    });
    format!("wss://localhost:{port}/")
}

/// A configuration that shows these certificates, whatever they are worth.
fn showing(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> ServerConfig {
    #[derive(Debug)]
    struct Shown(Arc<CertifiedKey>);
    impl ResolvesServerCert for Shown {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            Some(Arc::clone(&self.0))
        }
    }
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let key = any_supported_type(&key).expect("a key");
    let shown = Shown(Arc::new(CertifiedKey::new(chain, key)));
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown))
}

/// A server with a certificate of this authority.
fn issued(authority: &Authority, params: CertificateParams) -> String {
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    serve(showing(vec![certificate.der().clone()], &key))
}

#[test]
fn version_cipher_protocol_and_certificates_are_shown() {
    let root = authority("Root");
    let key = KeyPair::generate().expect("a key");
    let certificate = params("localhost")
        .signed_by(&key, &root)
        .expect("a certificate");
    let mut config = showing(vec![certificate.der().clone(), root.der().clone()], &key);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let (url, ca) = (serve(config), file(&root.pem()));

    let found = doctor(&["--ca", path(&ca), &url]);
    found.is_good();
    assert_eq!(found.0["notes"], serde_json::json!([]));
    let step = found.step("tls");
    assert_eq!(step["version"], "TLSv1.3");
    assert_eq!(step["alpn"], "http/1.1");
    assert!(
        step["cipher"]
            .as_str()
            .expect("a suite")
            .starts_with("TLS13_")
    );
    let [own, above] = &step["certificates"].as_array().expect("certificates")[..] else {
        panic!("{step:#}");
    };
    assert_eq!(
        (&own["name"], &own["issuer"]),
        (&"a test server".into(), &"Root".into())
    );
    assert_eq!(
        (&own["key"], &own["version"]),
        (&"ECDSA P-256".into(), &3.into())
    );
    assert_eq!(above["self_issued"], true);
    let words = step["details"][0].as_str().expect("words");
    assert!(
        words.contains("signed by \"Root\", ECDSA P-256, valid until "),
        "{words}"
    );

    let found = doctor(&["--insecure", &url]);
    found.is_good();
    let words = found.step("tls")["words"]
        .as_str()
        .expect("words")
        .to_owned();
    assert!(words.contains("not verified (--insecure)"), "{words}");
}

#[test]
fn certificates_out_of_their_time() {
    let root = authority("Root");
    let ca = file(&root.pem());
    let mut expired = params("localhost");
    expired.not_after = date_time_ymd(2020, 2, 29);
    let found = doctor(&["--ca", path(&ca), &issued(&root, expired)]);
    found.is(
        "certificate-expired",
        "tls",
        &[
            "The certificate of localhost:",
            "valid until Sat, 29 Feb 2020",
            "Renew it",
        ],
    );
    let words = found.step("tls")["details"][1].as_str().expect("words");
    assert!(
        words.contains("expired at Sat, 29 Feb 2020 00:00:00 GMT, "),
        "{words}"
    );

    let mut early = params("localhost");
    early.not_before = date_time_ymd(2999, 12, 31);
    early.not_after = date_time_ymd(3000, 12, 31);
    doctor(&["--ca", path(&ca), &issued(&root, early)]).is(
        "certificate-not-yet-valid",
        "tls",
        &["not valid before Tue, 31 Dec 2999", "clock"],
    );

    let mut between = authority_params("Between");
    between.not_after = date_time_ymd(2020, 2, 29);
    let between = KeyPair::generate().map(|key| CertifiedIssuer::signed_by(between, key, &root));
    let between = between.expect("a key").expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let own = params("localhost")
        .signed_by(&key, &between)
        .expect("a certificate");
    let chain = vec![own.der().clone(), between.der().clone()];
    doctor(&["--ca", path(&ca), &serve(showing(chain, &key))]).is(
        "certificate-expired",
        "tls",
        &["The intermediate certificate \"Between\""],
    );
}

#[test]
fn a_certificate_that_soon_expires_is_spoken_of() {
    let root = authority("Root");
    let ca = file(&root.pem());
    let mut soon = params("localhost");
    soon.not_after = (std::time::SystemTime::now() + Duration::from_secs(5 * 24 * 3600)).into();
    let found = doctor(&["--ca", path(&ca), &issued(&root, soon)]);
    found.is_good();
    let note = found.0["notes"][0].as_str().expect("a note");
    assert!(note.contains("\"a test server\" of localhost:"), "{note}");
    assert!(note.contains("renew it in time"), "{note}");
}

#[test]
fn a_certificate_for_another_host() {
    let root = authority("Root");
    let ca = file(&root.pem());
    let found = doctor(&["--ca", path(&ca), &issued(&root, params("other.test"))]);
    found.is(
        "wrong-host",
        "tls",
        &["is for other.test, not for localhost", "subjectAltName"],
    );
}

#[test]
fn certificates_that_nobody_trusts() {
    let (root, stranger) = (authority("Root"), authority("Stranger"));
    let ca = file(&root.pem());
    let key = KeyPair::generate().expect("a key");
    let own = params("localhost")
        .self_signed(&key)
        .expect("a certificate");
    let url = serve(showing(vec![own.der().clone()], &key));
    doctor(&["--ca", path(&ca), &url]).is("self-signed", "tls", &["trust it by --ca FILE"]);

    let own = params("localhost")
        .signed_by(&key, &stranger)
        .expect("a certificate");
    let url = serve(showing(
        vec![own.der().clone(), stranger.der().clone()],
        &key,
    ));
    doctor(&["--ca", path(&ca), &url]).is(
        "unknown-authority",
        "tls",
        &["nobody here trusts: \"Stranger\""],
    );

    let between = KeyPair::generate().expect("a key");
    let between = CertifiedIssuer::signed_by(authority_params("Between"), between, &root);
    let between = between.expect("an authority");
    let url = issued(&between, params("localhost"));
    doctor(&["--ca", path(&ca), &url]).is(
        "missing-intermediate",
        "tls",
        &[
            "\"Between\"",
            "an intermediate certificate is missing",
            "fullchain.pem",
        ],
    );
}

/// The certificate alone is of RSA with 1024 bits: nobody here would sign with such a key.
#[test]
fn a_key_that_is_too_short() {
    let pem = include_bytes!("short_key.pem");
    let certificate = CertificateDer::from_pem_slice(pem).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let url = serve(showing(vec![certificate], &key));
    let ca = file(&String::from_utf8_lossy(pem));
    doctor(&["--ca", path(&ca), &url]).is(
        "key-too-short",
        "tls",
        &["too short to be safe: RSA 1024", "2048"],
    );
}

#[test]
fn a_certificate_of_version_1() {
    let root = authority("Root");
    let ca = file(&root.pem());
    let key = KeyPair::generate().expect("a key");
    let mut der = params("localhost")
        .self_signed(&key)
        .expect("a certificate")
        .der()
        .to_vec();
    let version = [0xa0, 3, 2, 1];
    let place = der
        .windows(4)
        .position(|bytes| bytes == version)
        .expect("a version");
    der[place + 4] = 0;
    let url = serve(showing(vec![der.into()], &key));
    doctor(&["--ca", path(&ca), &url]).is(
        "certificate-version",
        "tls",
        &["is of X.509 version 1", "Make a new one of version 3"],
    );
}

/// The names in a certificate make no line that looks like the doctor's.
#[test]
fn hostile_names_stay_in_their_line() {
    let mut hostile = params("localhost");
    let name = "a\nok       http         101\u{1b}[2J";
    hostile.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let own = hostile.self_signed(&key).expect("a certificate");
    let url = serve(showing(vec![own.der().clone()], &key));
    let ran = crate::command::run(&["doctor", &url], b"").with(1);
    let said = ran.text();
    assert!(
        said.contains("\"a\\nok       http         101\\u{1b}[2J\""),
        "{said}"
    );
    assert!(!said.contains("\nok       http"), "{said}");
}

#[test]
fn only_http_2_is_spoken() {
    let root = authority("Root");
    let ca = file(&root.pem());
    let key = KeyPair::generate().expect("a key");
    let own = params("localhost")
        .signed_by(&key, &root)
        .expect("a certificate");
    let mut config = showing(vec![own.der().clone()], &key);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let found = doctor(&["--ca", path(&ca), &serve(config)]);
    found.is("alpn", "tls", &["only HTTP/2", "Allow http/1.1 beside h2"]);
}

#[test]
fn a_client_certificate_is_wanted() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let identity = Identity::from_pem(cert.as_bytes(), key.as_bytes(), None).expect("a pair");
    let config = identity.server_config_for_clients_of(cert.as_bytes(), true);
    let url = serve(config.expect("a configuration"));
    let ca = file(&cert);
    let found = doctor(&["--ca", path(&ca), &url]);
    found.is(
        "client-certificate",
        "http",
        &["requires a client certificate", "--cert"],
    );
    // What is wrong with its own comes first.
    doctor(&[&url]).is("self-signed", "tls", &["trust it by --ca FILE"]);
}

#[test]
fn the_wrong_scheme_for_the_port() {
    let server = echo();
    let port = server
        .url
        .rsplit(':')
        .next()
        .expect("a port")
        .trim_end_matches('/')
        .to_owned();
    let found = doctor(&[&format!("wss://localhost:{port}/path?token=1")]);
    found.is(
        "no-tls",
        "tls",
        &[
            "speaks plain HTTP and no TLS",
            &format!("Use ws://localhost:{port}/path, "),
        ],
    );

    let key = KeyPair::generate().expect("a key");
    let own = params("localhost")
        .self_signed(&key)
        .expect("a certificate");
    let url = serve(showing(vec![own.der().clone()], &key));
    let found = doctor(&[&url.replace("wss", "ws")]);
    found.is(
        "needs-tls",
        "http",
        &["speaks TLS, and ws:// does not", &format!("Use {url}.")],
    );
}

#[test]
fn neither_tls_nor_http() {
    let url = super::http::banner("220 mail.test ESMTP\r\n");
    let found = doctor(&[&url.replace("ws:", "wss:")]);
    found.is("no-tls", "tls", &["does not speak TLS", "Check the port"]);
}
