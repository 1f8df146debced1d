//! The block ciphers of encrypted keys, in CBC mode.
use aes::{Aes128Dec, Aes192Dec, Aes256Dec};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use der::asn1::AnyRef;
use der::{Decode, Tag, Tagged};
use des::TdesEde3;
use zeroize::Zeroizing;

#[derive(Debug, Clone, Copy)]
pub(super) enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    DesEde3,
}

impl Cipher {
    /// In bytes.
    pub(super) fn key_len(self) -> usize {
        match self {
            Cipher::Aes128 => 16,
            Cipher::Aes192 | Cipher::DesEde3 => 24,
            Cipher::Aes256 => 32,
        }
    }

    /// In bytes.
    pub(super) fn iv_len(self) -> usize {
        match self {
            Cipher::Aes128 | Cipher::Aes192 | Cipher::Aes256 => 16,
            Cipher::DesEde3 => 8,
        }
    }

    /// The DER of a key; `None` if something else comes out. `key` and `iv` are of the right
    /// length.
    pub(super) fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let plain = match self {
            Cipher::Aes128 => decrypt::<Decryptor<Aes128Dec>>(key, iv, data),
            Cipher::Aes192 => decrypt::<Decryptor<Aes192Dec>>(key, iv, data),
            Cipher::Aes256 => decrypt::<Decryptor<Aes256Dec>>(key, iv, data),
            Cipher::DesEde3 => decrypt::<Decryptor<TdesEde3>>(key, iv, data),
        }?;
        // Padding alone lets one wrong password in 256 pass; a key is one DER SEQUENCE.
        let is_key = AnyRef::from_der(&plain).is_ok_and(|key| key.tag() == Tag::Sequence);
        is_key.then_some(plain)
    }
}

fn decrypt<D: KeyIvInit + BlockModeDecrypt>(
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let decryptor = D::new_from_slices(key, iv).ok()?;
    let mut plain = Zeroizing::new(data.to_vec());
    let length = decryptor.decrypt_padded::<Pkcs7>(&mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain)
}
