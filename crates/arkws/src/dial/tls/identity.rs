//! Who we are: a certificate and its private key, from PEM.
//!
//! | PEM label | form of the key |
//! |---|---|
//! | `PRIVATE KEY` | PKCS#8 (RFC 5208) |
//! | `ENCRYPTED PRIVATE KEY` | PKCS#8, encrypted with PBES2 (RFC 8018) |
//! | `RSA PRIVATE KEY` | PKCS#1 (RFC 8017) |
//! | `EC PRIVATE KEY` | SEC1 (RFC 5915) |
//! | the latter two with `Proc-Type: 4,ENCRYPTED` | OpenSSL's old encryption (RFC 1421's fields, MD5 for the key) |
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use md5::{Digest, Md5};
use pem::Pem;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};

use super::certificate::Certificate;
use super::cipher::Cipher;
use super::{TlsError, pbes2, roots};

/// A certificate with its private key, of a client or of a server. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.0.cert.len())
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads a certificate chain, the own one first, and its key from PEM files; they may be the same file. Blocks
    /// while it reads. `password` is used if the key is encrypted.
    ///
    /// # Errors
    /// A file cannot be read, has no certificate or no key, the key is of an unsupported kind or not the certificate's,
    /// or the password is missing or wrong.
    pub fn from_files(
        certificates: impl AsRef<Path>,
        key: impl AsRef<Path>,
        password: Option<&str>,
    ) -> Result<Identity, TlsError> {
        let read = |path: &Path| {
            fs::read(path).map_err(|source| TlsError::Read {
                path: path.to_owned(),
                source,
            })
        };
        let (certificates, key) = (certificates.as_ref(), key.as_ref());
        let chain = chain(&read(certificates)?, &certificates.display().to_string())?;
        let place = key.display().to_string();
        Identity::new(chain, private_key(&read(key)?, password, &place)?, &place)
    }

    /// As [`from_files`](Self::from_files), from memory.
    ///
    /// # Errors
    /// As [`from_files`](Self::from_files).
    pub fn from_pem(
        certificates: &[u8],
        key: &[u8],
        password: Option<&str>,
    ) -> Result<Identity, TlsError> {
        let place = "the PEM of the key";
        let chain = chain(certificates, "the PEM of the certificate")?;
        Identity::new(chain, private_key(key, password, place)?, place)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        place: &str,
    ) -> Result<Identity, TlsError> {
        let provider = ring::default_provider();
        let Some(certificate) = chain.first().and_then(|der| Certificate::read(der)) else {
            return Err(TlsError::Pem {
                place: "the certificate".to_owned(),
                reason: "what it holds is not X.509".to_owned(),
            });
        };
        let key = match provider.key_provider.load_private_key(key) {
            Ok(key) => key,
            Err(error) => {
                // Its own words are about parsing.
                let complaint = certificate.complaint();
                return Err(TlsError::KeyUnsupported {
                    place: place.to_owned(),
                    reason: match complaint {
                        Some(why) => format!("the certificate {why}"),
                        None => error.to_string(),
                    },
                });
            }
        };
        // Not by rustls, which reads no certificates of X.509 version 1: to show one is enough.
        match key
            .public_key()
            .is_some_and(|of_key| of_key == certificate.public_key)
        {
            true => Ok(Identity(Arc::new(CertifiedKey::new(chain, key)))),
            false => Err(TlsError::KeyMismatch),
        }
    }

    /// TLS for a server that presents this certificate: versions 1.2 and 1.3, any client, HTTP/1.1 on top.
    ///
    /// # Errors
    /// The versions are not supported by the cryptography that this crate was built with.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Configuration)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(self.certified_key())));
        // RFC 7301: a client that prefers HTTP/2 is to speak what carries WebSocket here.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    pub(super) fn certified_key(&self) -> CertifiedKey {
        CertifiedKey::clone(&self.0)
    }
}

fn chain(pem: &[u8], place: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain = roots::certificates(pem, place)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate {
            place: place.to_owned(),
        });
    }
    Ok(chain)
}

fn private_key(
    pem: &[u8],
    password: Option<&str>,
    place: &str,
) -> Result<PrivateKeyDer<'static>, TlsError> {
    let place = || place.to_owned();
    let blocks = pem::parse_many(pem).map_err(|error| TlsError::Pem {
        place: place(),
        reason: error.to_string(),
    })?;
    let Some(block) = blocks
        .into_iter()
        .find(|block| block.tag().ends_with("PRIVATE KEY"))
    else {
        return Err(TlsError::NoKey { place: place() });
    };
    let decrypted = decrypt(&block, password).map_err(|problem| match problem {
        KeyProblem::PasswordMissing => TlsError::KeyPasswordMissing { place: place() },
        KeyProblem::PasswordWrong => TlsError::KeyPasswordWrong { place: place() },
        KeyProblem::Unsupported(reason) => TlsError::KeyUnsupported {
            place: place(),
            reason,
        },
    })?;
    match block.tag() {
        "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => Ok(PrivatePkcs8KeyDer::from(decrypted).into()),
        "RSA PRIVATE KEY" => Ok(PrivatePkcs1KeyDer::from(decrypted).into()),
        "EC PRIVATE KEY" => Ok(PrivateSec1KeyDer::from(decrypted).into()),
        other => Err(TlsError::KeyUnsupported {
            place: place(),
            reason: format!(
                "keys of the form \"{}\" are not supported",
                other.escape_debug()
            ),
        }),
    }
}

pub(super) enum KeyProblem {
    PasswordMissing,
    PasswordWrong,
    Unsupported(String),
}

/// Encryption that is not supported, and what people can do about it.
pub(super) fn unsupported(why: fmt::Arguments<'_>) -> KeyProblem {
    KeyProblem::Unsupported(format!(
        "{why}; `openssl pkcs8 -topk8 -v2 aes-256-cbc` converts it"
    ))
}

/// The DER of a key, decrypted if need be.
fn decrypt(block: &Pem, password: Option<&str>) -> Result<Vec<u8>, KeyProblem> {
    let password = || {
        password
            .map(str::as_bytes)
            .ok_or(KeyProblem::PasswordMissing)
    };
    if block.tag() == "ENCRYPTED PRIVATE KEY" {
        return pbes2::decrypt(block.contents(), password()?);
    }
    match block.headers().get("DEK-Info") {
        Some(dek_info) => decrypt_openssl(dek_info, block.contents(), password()?),
        None => Ok(block.contents().to_vec()),
    }
}

/// `DEK-Info: <cipher>,<initialization vector in hex>` (RFC 1421, 4.6.1.3).
fn decrypt_openssl(dek_info: &str, data: &[u8], password: &[u8]) -> Result<Vec<u8>, KeyProblem> {
    let (cipher, iv) = dek_info.split_once(',').unwrap_or((dek_info, ""));
    let cipher = match cipher.trim() {
        "AES-128-CBC" => Cipher::Aes128,
        "AES-192-CBC" => Cipher::Aes192,
        "AES-256-CBC" => Cipher::Aes256,
        "DES-EDE3-CBC" => Cipher::DesEde3,
        other => {
            let other = other.escape_debug();
            let why = format_args!("its encryption with {other} is not supported");
            return Err(unsupported(why));
        }
    };
    let iv = hex(iv.trim()).filter(|iv| iv.len() == cipher.iv_len());
    let iv = iv.ok_or_else(|| KeyProblem::Unsupported("its DEK-Info is damaged".into()))?;
    let key = openssl_key(password, &iv[..8], cipher.key_len());
    cipher
        .decrypt(&key, &iv, data)
        .ok_or(KeyProblem::PasswordWrong)
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round: MD5 of the block before, the password and the salt, block by block.
fn openssl_key(password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let mut key = Vec::new();
    let mut block = Vec::new();
    while key.len() < length {
        block = Md5::new()
            .chain_update(&block)
            .chain_update(password)
            .chain_update(salt)
            .finalize()
            .to_vec();
        key.extend_from_slice(&block);
    }
    key.truncate(length);
    key
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}
