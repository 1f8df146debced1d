//! Private keys in PEM. Encrypted ones need the feature `encrypted-keys`.
//!
//! | PEM label | form of the key |
//! |---|---|
//! | `PRIVATE KEY` | PKCS#8 (RFC 5208) |
//! | `ENCRYPTED PRIVATE KEY` | PKCS#8, encrypted with PBES2 (RFC 8018) |
//! | `RSA PRIVATE KEY` | PKCS#1 (RFC 8017) |
//! | `EC PRIVATE KEY` | SEC1 (RFC 5915) |
//! | all but PBES2, with `DEK-Info` | OpenSSL's old encryption (RFC 1421's fields, MD5 for the key) |
#[cfg(feature = "encrypted-keys")]
mod cipher;
#[cfg(feature = "encrypted-keys")]
mod openssl;
#[cfg(feature = "encrypted-keys")]
mod pbes2;
mod problem;

use pem::Pem;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use super::error::TlsError;

use problem::KeyProblem;

/// The first private key in `pem`; `place` is what errors call it.
pub(super) fn private_key(
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
        #[cfg(feature = "encrypted-keys")]
        KeyProblem::PasswordMissing => TlsError::KeyPasswordMissing { place: place() },
        #[cfg(feature = "encrypted-keys")]
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

/// The DER of a key, decrypted if need be.
#[cfg(feature = "encrypted-keys")]
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
        Some(dek_info) => openssl::decrypt(dek_info, block.contents(), password()?),
        None => Ok(block.contents().to_vec()),
    }
}

#[cfg(not(feature = "encrypted-keys"))]
fn decrypt(block: &Pem, _: Option<&str>) -> Result<Vec<u8>, KeyProblem> {
    if block.tag() == "ENCRYPTED PRIVATE KEY" || block.headers().get("DEK-Info").is_some() {
        let why = "it is encrypted, and to decrypt it needs arkws's feature `encrypted-keys`";
        return Err(KeyProblem::Unsupported(why.to_owned()));
    }
    Ok(block.contents().to_vec())
}
