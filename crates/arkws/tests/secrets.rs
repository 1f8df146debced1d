//! Keys and passwords are wiped before their memory is freed.
//!
//! A program of its own: its allocator looks at all that is freed.
use arkws::{Client, Error, Identity, Proxy, ProxyError, ProxyServer};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

mod freed;

use freed::assert_wiped;
use freed::refusing_proxy::refusing_proxy;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client/keys");
const RSA: &str = include_str!("client/keys/rsa-pkcs8.pem");
const EC: &str = include_str!("client/keys/ec-pkcs8.pem");
const PASSWORD: &str = "sesame";

fn load(kind: &str, key: &str, password: Option<&str>) {
    let certificate = format!("{KEYS}/{kind}-cert.pem");
    Identity::from_files(certificate, format!("{KEYS}/{key}"), password).expect(key);
}

/// The base64 of a key, a line of it.
fn line(pem: &'static str) -> &'static [u8] {
    pem.lines().nth(2).expect("lines").as_bytes()
}

/// The whole of a key's DER. Nothing of it is ever freed: other tests look for the same secrets.
fn decoded(pem: &'static str) -> &'static [u8] {
    let mut text = String::with_capacity(pem.len());
    text.extend(pem.lines().filter(|line| !line.starts_with('-')));
    let der = vec![0; text.len()].leak();
    let length = BASE64_STANDARD.decode_slice(text.leak(), der);
    &der[..length.expect("base64")]
}

/// The last bytes of a key's DER, which are of its private half in PKCS#8 and PKCS#1.
fn der(pem: &'static str) -> &'static [u8] {
    let der = decoded(pem);
    &der[der.len() - 24..]
}

/// The middle of an EC key, where in all forms the private number is.
fn ec_number() -> &'static [u8] {
    let der = decoded(EC);
    // RFC 5915: an OCTET STRING of 32 bytes, behind the version.
    let header = [2, 1, 1, 4, 32];
    let at = der
        .windows(5)
        .position(|bytes| bytes == header)
        .expect("its header");
    &der[at..at + 37]
}

#[test]
fn keys_are_wiped_as_text_and_as_der() {
    let secrets = [line(RSA), der(RSA)];
    assert_wiped(&secrets, || load("rsa", "rsa-pkcs8.pem", None));
    assert_wiped(&secrets[1..], || load("rsa", "rsa-pkcs1.pem", None));
    assert_wiped(&[line(EC), ec_number()], || {
        load("ec", "ec-pkcs8.pem", None)
    });
}

#[test]
fn decrypted_keys_are_wiped() {
    let secrets = [der(RSA), ec_number()];
    for (kind, key) in [
        ("rsa", "rsa-pbes2-aes256.pem"),
        ("rsa", "rsa-pbes2-aes128-sha1.pem"),
        ("rsa", "rsa-pbes2-des3.pem"),
        ("rsa", "rsa-aes128.pem"),
        ("rsa", "rsa-des3.pem"),
        ("ec", "ec-pbes2-sha384.pem"),
        ("ec", "ec-pbes2-scrypt.pem"),
    ] {
        assert_wiped(&secrets, || load(kind, key, Some(PASSWORD)));
    }
}

/// What comes of a wrong password is no key, and the text of the key is wiped all the same.
#[test]
fn a_key_that_cannot_be_used_is_wiped() {
    let key = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/client/keys/ec-pkcs8.pem"
    );
    assert_wiped(&[line(EC), ec_number()], || {
        let certificate = format!("{KEYS}/rsa-cert.pem");
        Identity::from_files(certificate, key, None).expect_err("a key of another certificate");
    });
}

#[test]
fn passwords_of_keys_are_not_copied() {
    assert_wiped(&[PASSWORD.as_bytes()], || {
        load("rsa", "rsa-pbes2-aes256.pem", Some(PASSWORD));
        load("rsa", "rsa-aes256.pem", Some(PASSWORD));
        load("ec", "ec-pbes2-scrypt.pem", Some(PASSWORD));
    });
}

#[test]
fn credentials_of_proxies_are_wiped() {
    let port = refusing_proxy();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let base64 = BASE64_STANDARD
        .encode("somebody:p@ssword-of-the-proxy")
        .leak();
    let secrets: [&[u8]; 2] = [b"p@ssword-of-the-proxy", base64.as_bytes()];
    assert_wiped(&secrets, || {
        let address = "http://somebody:p%40ssword-of-the-proxy@127.0.0.1";
        let server = ProxyServer::parse(address, Some(port)).expect("an address");
        let client = Client::builder()
            .proxy(Proxy::Server(server))
            .build()
            .expect("a client");
        let refused = runtime
            .block_on(client.connect("ws://example.org"))
            .map(drop);
        assert!(matches!(
            refused,
            Err(Error::Proxy(ProxyError::Authentication {
                offered: true,
                ..
            }))
        ));
    });
}
