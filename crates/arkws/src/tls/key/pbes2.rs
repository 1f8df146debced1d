//! Decrypts PKCS#8 keys: PBES2 (RFC 8018, 6.2) with PBKDF2 or scrypt (RFC 7914), and AES or triple
//! DES in CBC mode.
use std::num::NonZeroU32;

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader, SliceReader};
use ring::pbkdf2;
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::problem::{KeyProblem, unsupported};

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const SCRYPT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.4.11");
const HMAC_WITH_SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.7");
const HMAC_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const HMAC_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.10");
const HMAC_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.11");
const DES_EDE3_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");
const AES_128_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2");
const AES_192_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");

/// The most memory that scrypt may be told to use, in bytes; OpenSSL's limit is 32 MiB.
const SCRYPT_MEMORY: u64 = 256 << 20;

/// The most work that scrypt may be told to do (RFC 7914, 6: N · r · p), which takes about ten
/// seconds. With the most memory, `p` may still be 8.
const SCRYPT_WORK: u64 = 1 << 24;

/// The most iterations of PBKDF2, which take some seconds. A key is made with 2,048 by OpenSSL,
/// with at most two millions by anybody who follows the advice of these years.
const PBKDF2_ITERATIONS: u32 = 10_000_000;

/// The key in an `EncryptedPrivateKeyInfo` (RFC 5208, 6).
pub(super) fn decrypt(info: &[u8], password: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let other = |error| unsupported(format_args!("it is not encrypted with PBES2 ({error})"));
    let damaged = |error| unsupported(format_args!("its PBES2 parameters are unknown ({error})"));
    let (scheme, data) = encrypted(info).map_err(other)?;
    if scheme.oid != PBES2 {
        let why = format_args!("it is not encrypted with PBES2 (but {})", scheme.oid);
        return Err(unsupported(why));
    }
    let (derivation, encryption) = scheme
        .parameters(|reader| Ok((Algorithm::read(reader)?, Algorithm::read(reader)?)))
        .map_err(damaged)?;
    let cipher = match encryption.oid {
        AES_128_CBC => Cipher::Aes128,
        AES_192_CBC => Cipher::Aes192,
        AES_256_CBC => Cipher::Aes256,
        DES_EDE3_CBC => Cipher::DesEde3,
        oid => {
            return Err(unsupported(format_args!(
                "its cipher {oid} is not supported"
            )));
        }
    };
    let iv = encryption
        .parameters
        .decode_as::<&OctetStringRef>()
        .map_err(damaged)?;
    if iv.as_bytes().len() != cipher.iv_len() {
        return Err(unfit("its cipher"));
    }
    let mut key = Zeroizing::new([0; 32]);
    let key = &mut key[..cipher.key_len()];
    match derivation.oid {
        PBKDF2 => derivation
            .parameters(Pbkdf2::read)
            .map_err(damaged)?
            .derive(password, key)?,
        SCRYPT => derivation
            .parameters(Scrypt::read)
            .map_err(damaged)?
            .derive(password, key)?,
        oid => {
            let why = format_args!("its key derivation {oid} is not supported");
            return Err(unsupported(why));
        }
    }
    cipher
        .decrypt(key, iv.as_bytes(), data)
        .ok_or(KeyProblem::PasswordWrong)
}

fn encrypted(info: &[u8]) -> der::Result<(Algorithm<'_>, &[u8])> {
    let mut reader = SliceReader::new(info)?;
    let parts = reader.sequence(|reader| {
        let scheme = Algorithm::read(reader)?;
        let data = reader.decode::<&OctetStringRef>()?;
        Ok::<_, der::Error>((scheme, data.as_bytes()))
    })?;
    reader.finish()?;
    Ok(parts)
}

/// `AlgorithmIdentifier` (RFC 5280, 4.1.1.2).
struct Algorithm<'a> {
    oid: ObjectIdentifier,
    parameters: AnyRef<'a>,
}

impl<'a> Algorithm<'a> {
    fn read(reader: &mut SliceReader<'a>) -> der::Result<Algorithm<'a>> {
        reader.sequence(|reader| {
            Ok(Algorithm {
                oid: reader.decode()?,
                parameters: Option::decode(reader)?.unwrap_or(AnyRef::NULL),
            })
        })
    }

    fn parameters<T>(
        &self,
        read: impl FnOnce(&mut SliceReader<'a>) -> der::Result<T>,
    ) -> der::Result<T> {
        self.parameters.sequence(read)
    }
}

/// `PBKDF2-params` (RFC 8018, A.2).
struct Pbkdf2<'a> {
    salt: &'a [u8],
    iterations: u32,
    key_len: Option<u16>,
    /// `None`: the default.
    prf: Option<ObjectIdentifier>,
}

impl<'a> Pbkdf2<'a> {
    fn read(reader: &mut SliceReader<'a>) -> der::Result<Pbkdf2<'a>> {
        Ok(Pbkdf2 {
            salt: reader.decode::<&OctetStringRef>()?.as_bytes(),
            iterations: reader.decode()?,
            key_len: reader.decode()?,
            prf: match reader.is_finished() {
                true => None,
                false => Some(Algorithm::read(reader)?.oid),
            },
        })
    }

    fn derive(&self, password: &[u8], key: &mut [u8]) -> Result<(), KeyProblem> {
        let algorithm = match self.prf.unwrap_or(HMAC_WITH_SHA1) {
            HMAC_WITH_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
            HMAC_WITH_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
            HMAC_WITH_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
            HMAC_WITH_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
            oid => {
                let why = format_args!("its key derivation, PBKDF2 with {oid}, is not supported");
                return Err(unsupported(why));
            }
        };
        let iterations = match NonZeroU32::new(self.iterations) {
            Some(iterations) if self.iterations <= PBKDF2_ITERATIONS => iterations,
            _ => return Err(unfit("PBKDF2")),
        };
        check_len(self.key_len, key)?;
        pbkdf2::derive(algorithm, iterations, self.salt, password, key);
        Ok(())
    }
}

/// `scrypt-params` (RFC 7914, 7.1).
struct Scrypt<'a> {
    salt: &'a [u8],
    cost: u64,
    block_size: u16,
    parallelization: u16,
    key_len: Option<u16>,
}

impl<'a> Scrypt<'a> {
    fn read(reader: &mut SliceReader<'a>) -> der::Result<Scrypt<'a>> {
        Ok(Scrypt {
            salt: reader.decode::<&OctetStringRef>()?.as_bytes(),
            cost: reader.decode()?,
            block_size: reader.decode()?,
            parallelization: reader.decode()?,
            key_len: reader.decode()?,
        })
    }

    fn derive(&self, password: &[u8], key: &mut [u8]) -> Result<(), KeyProblem> {
        let (r, p) = (self.block_size.into(), self.parallelization.into());
        let blocks = self.cost.saturating_add(u64::from(p));
        let memory = blocks.saturating_mul(128 * u64::from(r));
        let work = self.cost.saturating_mul(u64::from(r) * u64::from(p));
        if !self.cost.is_power_of_two() || memory > SCRYPT_MEMORY || work > SCRYPT_WORK {
            return Err(unfit("scrypt"));
        }
        check_len(self.key_len, key)?;
        let log_cost = self.cost.trailing_zeros() as u8;
        let params = scrypt::Params::new(log_cost, r, p).map_err(|_| unfit("scrypt"))?;
        scrypt::scrypt(password, self.salt, &params, key).map_err(|_| unfit("scrypt"))
    }
}

fn check_len(expected: Option<u16>, key: &[u8]) -> Result<(), KeyProblem> {
    match expected {
        Some(len) if usize::from(len) != key.len() => Err(unsupported(format_args!(
            "its cipher takes no key of {len} bytes"
        ))),
        _ => Ok(()),
    }
}

fn unfit(algorithm: &str) -> KeyProblem {
    unsupported(format_args!(
        "the parameters of {algorithm} are out of range"
    ))
}
