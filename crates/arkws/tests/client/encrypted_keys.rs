//! Encrypted keys in all forms. `keys/make.sh` made them.
use arkws::{Identity, TlsError};

use super::identity::{load, path};

#[test]
fn encrypted_keys_are_read_with_their_password_only() {
    for key in [
        "rsa-pbes2-aes256.pem",
        "rsa-pbes2-aes128-sha1.pem",
        "rsa-pbes2-aes192-sha512.pem",
        "rsa-pbes2-des3.pem",
        "ec-pbes2-sha384.pem",
        "ec-pbes2-scrypt.pem",
        "rsa-aes128.pem",
        "rsa-aes192.pem",
        "rsa-aes256.pem",
        "rsa-des3.pem",
        "ec-aes256.pem",
    ] {
        load(key, Some("sesame")).expect(key);
        for wrong in ["", "Sesame", "sesame "] {
            let error = load(key, Some(wrong)).expect_err(key);
            assert!(
                matches!(error, TlsError::KeyPasswordWrong { .. }),
                "{key}: {error}"
            );
            assert!(error.to_string().contains(key), "{error}");
        }
        let error = load(key, None).expect_err(key);
        assert!(
            matches!(error, TlsError::KeyPasswordMissing { .. }),
            "{key}: {error}"
        );
    }
}

/// A wrong password now and then leaves something that looks padded: it must not pass for a key.
#[test]
fn no_wrong_password_passes() {
    for attempt in 0..1000 {
        let error =
            load("ec-aes256.pem", Some(&attempt.to_string())).expect_err("a wrong password");
        assert!(
            matches!(
                error,
                TlsError::KeyPasswordWrong { .. } | TlsError::KeyUnsupported { .. }
            ),
            "{error}"
        );
    }
}

#[test]
fn other_encryptions_are_refused_with_advice() {
    for (key, words) in [
        ("rsa-camellia128.pem", "CAMELLIA-128-CBC"),
        ("ec-pbes1.pem", "not encrypted with PBES2"),
        ("ec-pbes2-sha224.pem", "PBKDF2 with 1.2.840.113549.2.8"),
        ("ec-pbes2-camellia.pem", "its cipher 1.2.392.200011"),
    ] {
        let error = load(key, Some("sesame")).expect_err(key).to_string();

        assert!(
            error.contains(words) && error.contains("openssl pkcs8 -topk8"),
            "{error}"
        );
    }
}

#[test]
fn damaged_pem_is_an_error() {
    let certificate = std::fs::read(path("ec-cert.pem")).unwrap();
    for (key, words) in [
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "PBES2",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n\
             AAAA\n-----END EC PRIVATE KEY-----\n",
            "DEK-Info is damaged",
        ),
    ] {
        let error = Identity::from_pem(&certificate, key.as_bytes(), Some("x"))
            .unwrap_err()
            .to_string();

        assert!(error.contains(words), "{error}");
    }
}
