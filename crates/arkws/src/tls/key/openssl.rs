//! Decrypts keys in OpenSSL's old form: RFC 1421's header fields, and MD5 for the cipher's key.
use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::problem::{KeyProblem, unsupported};

/// `DEK-Info: <cipher>,<initialization vector in hex>` (RFC 1421, 4.6.1.3).
pub(super) fn decrypt(
    dek_info: &str,
    data: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
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
    let key = openssl_key(password, &iv[..8]);
    cipher
        .decrypt(&key[..cipher.key_len()], &iv, data)
        .ok_or(KeyProblem::PasswordWrong)
}

/// OpenSSL's `EVP_BytesToKey` with MD5 and one round: MD5 of the block before, the password and the
/// salt, block by block. Shorter keys are the beginning of longer ones.
fn openssl_key(password: &[u8], salt: &[u8]) -> Zeroizing<[u8; 32]> {
    const BLOCK: usize = 16;
    let mut key = Zeroizing::new([0; 32]);
    for at in (0..key.len()).step_by(BLOCK) {
        let block = Md5::new()
            .chain_update(&key[at.saturating_sub(BLOCK)..at])
            .chain_update(password)
            .chain_update(salt);
        block.finalize_into((&mut key[at..at + BLOCK]).try_into().expect("a block"));
    }
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
