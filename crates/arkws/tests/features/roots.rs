//! Whom clients trust by the features: the system's authorities, or else Mozilla's.
use std::process::Command;

use arkws::{Client, Identity, Roots, Server, TlsConfig};

use super::support::{self_signed, serve};

/// A server whose certificate no authority has signed; its URL, and the certificate's PEM.
async fn unknown_server() -> (Server, String, String) {
    let own = self_signed();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes(), None).unwrap();
    let (server, url) = serve(identity.server_config().unwrap()).await;
    (server, url, certificate)
}

#[tokio::test]
async fn no_authority_vouches_for_a_self_signed_server() {
    let (_server, url, _) = unknown_server().await;
    let of_system = match cfg!(feature = "native-roots") {
        true => "self-signed",
        false => "feature `native-roots`",
    };
    for (roots, words) in [
        (Roots::System, of_system),
        #[cfg(feature = "webpki-roots")]
        (Roots::WebPki, "self-signed"),
    ] {
        let config = TlsConfig {
            roots: vec![roots],
            ..TlsConfig::default()
        };
        let client = Client::builder().tls(config).build().unwrap();

        let error = client.connect(&url).await.unwrap_err();

        assert!(error.to_string().contains(words), "{error}");
    }
}

/// Only the system's have what `SSL_CERT_FILE` names. They are the default also where Mozilla's
/// are there, too.
#[tokio::test(flavor = "multi_thread")]
async fn the_default_is_the_system_s_or_else_mozilla_s() {
    let (_server, url, certificate) = unknown_server().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    std::fs::write(&file, certificate).unwrap();

    // A process of its own: the environment belongs to all tests of this one.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--ignored", "--exact", "roots::connects", "--nocapture"])
        .env("SSL_CERT_FILE", &file)
        .env("TEST_URL", url);
    let child = tokio::task::spawn_blocking(move || child.output());
    let output = child.await.unwrap().unwrap();

    let output = String::from_utf8(output.stdout).unwrap();
    let expected = match cfg!(feature = "native-roots") {
        true => "connected;",
        false => "self-signed",
    };
    assert!(output.contains(expected), "{output}");
}

#[tokio::test]
#[ignore = "run by the_default_is_the_system_s_or_else_mozilla_s"]
async fn connects() {
    let url = std::env::var("TEST_URL").unwrap();
    match arkws::connect(url).await {
        Ok(_) => println!("connected;"),
        Err(error) => println!("{error};"),
    }
}
