//! Client certificates and keys in all forms that are not encrypted. `keys/make.sh` made them.
use arkws::{Cause, Error, Identity, TlsError};

pub(super) fn path(name: &str) -> String {
    format!("{}/tests/client/keys/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn load(key: &str, password: Option<&str>) -> Result<Identity, TlsError> {
    let certificate = if key.starts_with("rsa") {
        "rsa-cert.pem"
    } else {
        "ec-cert.pem"
    };
    Identity::from_files(path(certificate), path(key), password)
}

#[test]
fn plain_keys_are_read_with_and_without_a_password() {
    for key in [
        "rsa-pkcs1.pem",
        "rsa-pkcs8.pem",
        "ec-sec1.pem",
        "ec-pkcs8.pem",
    ] {
        load(key, None).expect(key);
        load(key, Some("not needed")).expect(key);
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let error = Identity::from_files(path("ec-cert.pem"), path("rsa-pkcs8.pem"), None).unwrap_err();

    assert!(matches!(error, TlsError::KeyMismatch), "{error}");
}

#[test]
fn an_own_rsa_key_that_is_too_large_to_sign_with_is_named() {
    let key = path("large-rsa-pkcs1.pem");
    let error = Identity::from_files(path("large-rsa-cert.pem"), &key, None).unwrap_err();

    assert!(matches!(error, TlsError::KeyUnsupported { .. }), "{error}");
    let why = "the certificate has an RSA key of 5120 bits, and 2048 to 4096 are accepted";
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn files_that_are_missing_or_empty_of_keys_are_named() {
    let missing = load("rsa-nowhere.pem", None).unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("rsa-nowhere.pem: No such file"),
        "{missing}"
    );

    let no_key = load("rsa-cert.pem", None).unwrap_err();
    assert!(matches!(no_key, TlsError::NoKey { .. }), "{no_key}");

    let no_certificate =
        Identity::from_files(path("rsa-pkcs1.pem"), path("rsa-pkcs1.pem"), None).unwrap_err();
    assert!(
        matches!(no_certificate, TlsError::NoCertificate { .. }),
        "{no_certificate}"
    );

    assert_eq!(Error::from(no_key).cause(), Cause::Invalid);
}

#[test]
fn damaged_pem_is_an_error() {
    let certificate = std::fs::read(path("ec-cert.pem")).unwrap();
    for (key, words) in [
        (
            "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
            "damaged",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "cannot be used",
        ),
        (
            "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n",
            "DSA PRIVATE KEY",
        ),
        ("", "no private key"),
    ] {
        let error = Identity::from_pem(&certificate, key.as_bytes(), Some("x"))
            .unwrap_err()
            .to_string();

        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn the_key_is_not_shown() {
    let shown = format!("{:?}", load("rsa-pkcs1.pem", None).unwrap());

    assert_eq!(shown, "Identity { certificates: 1, .. }");
}

/// Where a line's end is lost, a part of the key stands where its label should.
#[test]
fn damaged_pem_is_not_quoted() {
    let certificate = std::fs::read_to_string(path("ec-cert.pem")).unwrap();
    let key = std::fs::read_to_string(path("ec-sec1.pem")).unwrap();
    let block = |end: &str| format!("-----BEGIN EC PRIVATE KEY-----\nAAAA\n{end}\n");
    for damaged in [
        block("-----END EC PRIVATE KEY-u25ww9\nFie0k=\n-----"),
        block("-----END -----\nu25ww9Fie0k=\n-----END EC PRIVATE KEY-----"),
        block("u25ww9 Fie0k\n\nAAAA\n-----END EC PRIVATE KEY-----"),
        block("?u25ww9Fie0k\n-----END EC PRIVATE KEY-----"),
    ] {
        for (certificate, key) in [(&certificate, &damaged), (&damaged, &key)] {
            let error = Identity::from_pem(certificate.as_bytes(), key.as_bytes(), None);
            let error = error.unwrap_err();

            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("u25ww9") && !shown.contains("Fie0k"),
                "{shown}"
            );
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
