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

use std::mem;

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use zeroize::Zeroizing;

use super::error::TlsError;
use super::pem::{Block, blocks};

use problem::KeyProblem;

/// The first private key in `pem`; `place` is what errors call it. Whoever gets it sees to it that
/// it is wiped: rustls does.
pub(super) fn private_key(
    pem: &[u8],
    password: Option<&str>,
    place: &str,
) -> Result<PrivateKeyDer<'static>, TlsError> {
    let blocks = blocks(pem, place)?;
    let mut keys = blocks.iter();
    let Some(block) = keys.find(|block| block.label.ends_with("PRIVATE KEY")) else {
        let place = place.to_owned();
        return Err(TlsError::NoKey { place });
    };
    let contents = block.decode(place)?;
    let place = || place.to_owned();
    let mut decrypted = decrypt(block, contents, password).map_err(|problem| match problem {
        #[cfg(feature = "encrypted-keys")]
        KeyProblem::PasswordMissing => TlsError::KeyPasswordMissing { place: place() },
        #[cfg(feature = "encrypted-keys")]
        KeyProblem::PasswordWrong => TlsError::KeyPasswordWrong { place: place() },
        KeyProblem::Unsupported(reason) => TlsError::KeyUnsupported {
            place: place(),
            reason,
        },
    })?;
    let mut der = || mem::take(&mut *decrypted);
    match block.label {
        "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY" => Ok(PrivatePkcs8KeyDer::from(der()).into()),
        "RSA PRIVATE KEY" => Ok(PrivatePkcs1KeyDer::from(der()).into()),
        "EC PRIVATE KEY" => Ok(PrivateSec1KeyDer::from(der()).into()),
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
fn decrypt(
    block: &Block<'_>,
    contents: Zeroizing<Vec<u8>>,
    password: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let password = || {
        password
            .map(str::as_bytes)
            .ok_or(KeyProblem::PasswordMissing)
    };
    if block.label == "ENCRYPTED PRIVATE KEY" {
        return pbes2::decrypt(&contents, password()?);
    }
    match block.header("DEK-Info") {
        Some(dek_info) => openssl::decrypt(dek_info, &contents, password()?),
        None => Ok(contents),
    }
}

#[cfg(not(feature = "encrypted-keys"))]
fn decrypt(
    block: &Block<'_>,
    contents: Zeroizing<Vec<u8>>,
    _: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    if block.label == "ENCRYPTED PRIVATE KEY" || block.header("DEK-Info").is_some() {
        let why = "it is encrypted, and to decrypt it needs arkws's feature `encrypted-keys`";
        return Err(KeyProblem::Unsupported(why.to_owned()));
    }
    Ok(contents)
}
