//! Any bytes as PEM: certificates, private keys, encrypted ones too.
use arkws::{Client, Identity, Proxy, Roots, TlsConfig};

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::input::Input;
use crate::url::assert_one_line;

/// What the saved keys are encrypted with.
const PASSWORD: &str = "sesame";

/// The certificate of the saved RSA keys.
const CERTIFICATE: &[u8] = include_bytes!("../../crates/arkws/tests/client/keys/rsa-cert.pem");

/// What DER may be: base64 hides it from the fuzzer. Beyond the list the input is PEM already.
const LABELS: [&str; 5] = [
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "CERTIFICATE",
];

/// What is no key is an error of one line, which has not the password in it.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let [choice, label] = input.array();
    let wrapped;
    let pem = match LABELS.get(usize::from(label)) {
        None => input.rest(),
        Some(label) => {
            wrapped = wrap(label, input.rest());
            wrapped.as_bytes()
        }
    };
    let password = (choice & 1 == 0).then_some(PASSWORD);
    let error = match choice >> 1 & 3 {
        0 => Identity::from_pem(CERTIFICATE, pem, password)
            .err()
            .map(|error| error.to_string()),
        1 => Identity::from_pem(pem, pem, password)
            .err()
            .map(|error| error.to_string()),
        _ => {
            let tls = TlsConfig {
                roots: vec![Roots::Pem(pem.to_vec())],
                ..TlsConfig::default()
            };
            let built = Client::builder().proxy(Proxy::None).tls(tls).build();
            built.err().map(|error| error.to_string())
        }
    };
    if let Some(error) = error {
        assert!(!error.contains(PASSWORD), "{error}");
        assert_one_line(&error);
    }
}

fn wrap(label: &str, der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
}
