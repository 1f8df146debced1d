//! Which cryptography TLS has: a provider of the program's own, or that of the features. It is
//! never rustls' process default, which fails here whatever it is asked for.
use std::sync::Arc;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use arkws::{Client, Identity, Roots, TlsConfig};
use futures_util::StreamExt;
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
use rustls::SignatureScheme;
use rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom, ring};
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;

use super::support::{self_signed, serve};

#[tokio::test]
async fn a_provider_of_ones_own_does_for_both_sides() {
    static SERVER: Counted = Counted::new();
    static CLIENT: Counted = Counted::new();
    install_a_useless_default();
    let (server, client) = (self_signed(), self_signed());
    let trusted_by_server = client.cert.pem();
    let trusted_by_client = Roots::Der(vec![server.cert.der().clone()]);
    let server = identity(&server, SERVER.provider())
        .server_config_for_clients_of(trusted_by_server.as_bytes(), true)
        .unwrap();
    let (_server, url) = serve(server).await;

    let config = TlsConfig {
        roots: vec![trusted_by_client],
        identity: Some(identity(&client, CLIENT.provider())),
        provider: Some(CLIENT.provider()),
        ..TlsConfig::default()
    };
    assert_echoes(&url, config).await;

    assert!(SERVER.uses() > 0 && CLIENT.uses() > 0);
    assert_nobody_changed_the_default();
}

/// ring where both are on.
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
#[tokio::test]
async fn that_of_the_features_is_ring_s_or_else_aws_lc_s() {
    install_a_useless_default();
    let own = self_signed();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes(), None).unwrap();
    let mut server = identity.server_config().unwrap();
    let of_server = format!("{:?}", server.crypto_provider().key_provider);
    let offered = Arc::new(Offered {
        chosen: Arc::clone(&server.cert_resolver),
        schemes: Mutex::default(),
    });
    server.cert_resolver = Arc::<Offered>::clone(&offered);
    let (_server, url) = serve(server).await;

    let config = TlsConfig {
        roots: vec![Roots::Pem(certificate.into_bytes())],
        ..TlsConfig::default()
    };
    assert_echoes(&url, config).await;

    let is_ring = cfg!(feature = "ring");
    assert_eq!(of_server, if is_ring { "Ring" } else { "AwsLcRs" });
    // Only AWS-LC has this curve.
    let schemes = offered.schemes.lock().unwrap();
    let has_p521 = schemes.contains(&SignatureScheme::ECDSA_NISTP521_SHA512);
    assert_eq!(has_p521, !is_ring, "{schemes:?}");
    assert_nobody_changed_the_default();
}

/// A provider whose use can be seen.
#[derive(Debug)]
struct Counted(AtomicUsize);

impl Counted {
    const fn new() -> Counted {
        Counted(AtomicUsize::new(0))
    }

    fn provider(&'static self) -> Arc<CryptoProvider> {
        Arc::new(CryptoProvider {
            secure_random: self,
            ..ring::default_provider()
        })
    }

    fn uses(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl SecureRandom for Counted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.0.fetch_add(1, Ordering::Relaxed);
        ring::default_provider().secure_random.fill(bytes)
    }
}

/// No random numbers, and nothing to agree on.
fn install_a_useless_default() {
    #[derive(Debug)]
    struct Exhausted;
    impl SecureRandom for Exhausted {
        fn fill(&self, _: &mut [u8]) -> Result<(), GetRandomFailed> {
            Err(GetRandomFailed)
        }
    }
    let useless = CryptoProvider {
        cipher_suites: Vec::new(),
        kx_groups: Vec::new(),
        secure_random: &Exhausted,
        ..ring::default_provider()
    };
    // An error: another test has.
    let _ = useless.install_default();
    assert_nobody_changed_the_default();
}

fn assert_nobody_changed_the_default() {
    let default = CryptoProvider::get_default().expect("one was installed");
    assert!(default.cipher_suites.is_empty(), "{default:?}");
}

/// Made without arkws' own provider.
fn identity(own: &rcgen::CertifiedKey<rcgen::KeyPair>, provider: Arc<CryptoProvider>) -> Identity {
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let key = CertifiedKey::new(vec![own.cert.der().clone()], key);
    Identity::from_certified_key(key, provider)
}

/// What a client says that it verifies.
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
#[derive(Debug)]
struct Offered {
    chosen: Arc<dyn ResolvesServerCert>,
    schemes: Mutex<Vec<SignatureScheme>>,
}

#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
impl ResolvesServerCert for Offered {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        *self.schemes.lock().unwrap() = hello.signature_schemes().to_vec();
        self.chosen.resolve(hello)
    }
}

async fn assert_echoes(url: &str, config: TlsConfig) {
    let client = Client::builder().tls(config).build().unwrap();
    let (mut socket, _) = client.connect(url).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    assert_eq!(answer, "hello".into());
}
