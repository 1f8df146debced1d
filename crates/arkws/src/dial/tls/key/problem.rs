//! What can be wrong with an encrypted key.
use std::fmt;

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
