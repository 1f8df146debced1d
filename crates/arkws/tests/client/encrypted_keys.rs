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

/// DER of at most 255 bytes.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = u8::try_from(content.len()).unwrap();
    let head = match len {
        0x80.. => &[tag, 0x81, len][..],
        _ => &[tag, len],
    };
    [head, &content].concat()
}

/// A key that no password opens, with this key derivation.
fn encrypted_key(derivation: &[u8]) -> String {
    const SEQUENCE: u8 = 0x30;
    const OCTETS: u8 = 4;
    let pbes2 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
    let aes_256_cbc = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    let cipher = der(SEQUENCE, &[aes_256_cbc, &der(OCTETS, &[&[0; 16]])]);
    let schemes = der(SEQUENCE, &[derivation, &cipher]);
    let scheme = der(SEQUENCE, &[pbes2, &schemes]);
    let info = der(SEQUENCE, &[&scheme, &der(OCTETS, &[&[0; 16]])]);
    pem::encode(&pem::Pem::new("ENCRYPTED PRIVATE KEY", info))
}

/// Four thousand millions of iterations take an hour, which nobody waits for.
#[test]
fn what_would_take_hours_to_decrypt_is_refused() {
    let certificate = std::fs::read(path("ec-cert.pem")).unwrap();
    let pbkdf2 = |iterations: &[u8]| {
        let parameters = der(0x30, &[&der(4, &[b"salt"]), &der(2, &[iterations])]);
        der(
            0x30,
            &[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c", &parameters],
        )
    };
    let scrypt = |cost: &[u8], block_size: &[u8], parallelization: &[u8]| {
        let numbers = [cost, block_size, parallelization].map(|number| der(2, &[number]));
        let [cost, block_size, parallelization] = &numbers;
        let parameters = [&der(4, &[b"salt"]), cost, block_size, parallelization];
        let parameters = der(0x30, &parameters.map(|part| &part[..]));
        der(
            0x30,
            &[b"\x06\x09\x2b\x06\x01\x04\x01\xda\x47\x04\x0b", &parameters],
        )
    };
    for (derivation, words) in [
        (pbkdf2(&[0, 0xFF, 0xFF, 0xFF, 0xFF]), "parameters of PBKDF2"),
        // 10,000,001.
        (pbkdf2(&[0, 0x98, 0x96, 0x81]), "parameters of PBKDF2"),
        // 128 MiB, a thousand times.
        (scrypt(&[2, 0, 0], &[8], &[3, 0xE8]), "parameters of scrypt"),
        (scrypt(&[0x10], &[1], &[0x40, 0]), "wrong"),
        (pbkdf2(&[8, 0]), "wrong"),
    ] {
        let key = encrypted_key(&derivation);

        let error = Identity::from_pem(&certificate, key.as_bytes(), Some("x")).unwrap_err();

        assert!(error.to_string().contains(words), "{error}");
    }
}
