//! What can be wrong with an encrypted key.
#[cfg(feature = "encrypted-keys")]
use std::fmt;

pub(super) enum KeyProblem {
    #[cfg(feature = "encrypted-keys")]
    PasswordMissing,
    #[cfg(feature = "encrypted-keys")]
    PasswordWrong,
    Unsupported(String),
}

/// Encryption that is not supported, and what people can do about it.
#[cfg(feature = "encrypted-keys")]
pub(super) fn unsupported(why: fmt::Arguments<'_>) -> KeyProblem {
    KeyProblem::Unsupported(format!(
        "{why}; `openssl pkcs8 -topk8 -v2 aes-256-cbc` converts it"
    ))
}
