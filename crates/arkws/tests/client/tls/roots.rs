//! Where the certificates that a client trusts come from.
use std::sync::Arc;

use arkws::{Cause, Error, Roots, TlsConfig, TlsError};

use super::common::{assert_refused, authority, connect, issue, params, serve};
use crate::{builder, failure};

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
async fn trusted_certificates_may_be_der_or_a_store() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["localhost"]))).await;
    let der = authority.der().clone();
    let mut store = rustls::RootCertStore::empty();
    store.add(der.clone()).unwrap();
    for roots in [Roots::Der(vec![der]), Roots::Store(Arc::new(store))] {
        let trusting = |roots| TlsConfig {
            roots,
            ..TlsConfig::default()
        };
        let trusted = connect(trusting(vec![roots]), "localhost", server).await;
        trusted.expect("trusted");
    }
    let empty = Roots::Der(vec![b"nothing".to_vec().into()]);
    let error = builder().tls(TlsConfig {
        roots: vec![empty],
        ..TlsConfig::default()
    });
    let error = error.build().unwrap_err();
    assert_eq!(error.cause(), Cause::Invalid);
    assert!(error.to_string().contains("in DER is damaged"), "{error}");
}

#[tokio::test]
async fn files_are_read_once() {
    let authority = authority();
    let server = serve(&issue(&authority, params(&["localhost"]))).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    let tls = TlsConfig {
        roots: vec![Roots::Path(path)],
        ..TlsConfig::default()
    };
    let client = builder().tls(tls).build().unwrap();
    directory.close().unwrap();

    for _ in 0..2 {
        let url = format!("wss://localhost:{}/", server.port());
        client.connect(url).await.unwrap();
    }
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
