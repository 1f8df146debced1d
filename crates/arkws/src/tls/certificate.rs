//! Reads fields that webpki does not expose, also from certificates that webpki rejects: version,
//! dates, name and key (RFC 5280, 4.1); and takes certificates out of PEM. Trust depends on them
//! for certificates of versions 1 and 2 alone: on their dates, and on `is_for`.
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use rustls::CertificateError;
use rustls_pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};

use super::certificate_key::CertificateKey;
use super::error::TlsError;
use super::pem::blocks;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Sizes of RSA keys with which ring verifies signatures, in bits.
pub(super) const VERIFIED_RSA: RangeInclusive<usize> = 2048..=8192;

/// Sizes of RSA keys with which ring signs, in bits: those of our own certificates.
pub(super) const OWN_RSA: RangeInclusive<usize> = 2048..=4096;

/// A certificate that can be read.
#[derive(Debug)]
pub(super) struct Certificate<'a> {
    /// 1 to 3, or what a peer makes up.
    pub(super) version: u8,
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) not_before: UnixTime,
    pub(super) not_after: UnixTime,
    pub(super) public_key: SubjectPublicKeyInfoDer<'a>,
}

impl<'a> Certificate<'a> {
    /// `None`: it is damaged.
    pub(super) fn read(certificate: &'a [u8]) -> Option<Certificate<'a>> {
        read(certificate).ok()
    }

    /// # Errors
    /// It is not valid at this time.
    pub(super) fn check_dates(&self, now: UnixTime) -> Result<(), CertificateError> {
        let (not_before, not_after) = (self.not_before, self.not_after);
        match now {
            _ if not_after < not_before => Err(CertificateError::Expired),
            time if time < not_before => {
                Err(CertificateError::NotValidYetContext { time, not_before })
            }
            time if time > not_after => Err(CertificateError::ExpiredContext { time, not_after }),
            _ => Ok(()),
        }
    }

    /// The subject's common name, escaped.
    pub(super) fn name(&self) -> String {
        match common_name(self.subject) {
            Ok(Some(name)) => String::from_utf8_lossy(name).escape_debug().to_string(),
            _ => "without a name".to_owned(),
        }
    }

    /// The subject's common name, as it is.
    pub(super) fn common_name(&self) -> Option<String> {
        lossy(common_name(self.subject))
    }

    /// The issuer's common name, as it is.
    pub(super) fn issuer_common_name(&self) -> Option<String> {
        lossy(common_name(self.issuer))
    }

    /// `None`: what is there cannot be read.
    pub(super) fn key(&self) -> Option<CertificateKey> {
        Some(match public_key(self.public_key.as_ref()).ok()? {
            PublicKey::Rsa(bits) => CertificateKey::Rsa { bits },
            PublicKey::Ec(P256) => CertificateKey::EcdsaP256,
            PublicKey::Ec(P384) => CertificateKey::EcdsaP384,
            PublicKey::Ec(P521) => CertificateKey::EcdsaP521,
            PublicKey::Other(ED25519) => CertificateKey::Ed25519,
            PublicKey::Ec(other) | PublicKey::Other(other) => {
                CertificateKey::Other(other.to_string())
            }
        })
    }

    /// Whether the common name equals the server's name. For certificates without subjectAltName
    /// (RFC 2818, 3.1).
    pub(super) fn is_for(&self, server: &ServerName<'_>) -> bool {
        let Ok(Some(name)) = common_name(self.subject) else {
            return false;
        };
        let Ok(name) = std::str::from_utf8(name) else {
            return false;
        };
        match server {
            ServerName::DnsName(host) => name.eq_ignore_ascii_case(host.as_ref()),
            ServerName::IpAddress(ip) => name.parse() == Ok(IpAddr::from(*ip)),
            _ => false,
        }
    }

    /// Why nothing can be done with its key, if RSA keys of `rsa` bits can be used, and those on
    /// P-521 if `p521` says so.
    pub(super) fn complaint(&self, rsa: RangeInclusive<usize>, p521: bool) -> Option<String> {
        let unsupported = |what: String| {
            let curves = match p521 {
                true => "P-256, P-384 and P-521",
                false => "P-256 and P-384",
            };
            Some(format!(
                "has a key of a kind that is not supported ({what}): RSA, ECDSA on {curves}, and \
                 Ed25519 are"
            ))
        };
        match public_key(self.public_key.as_ref()).ok()? {
            PublicKey::Rsa(bits) if rsa.contains(&bits) => None,
            PublicKey::Rsa(bits) => Some(format!(
                "has an RSA key of {bits} bits, and {} to {} are accepted",
                rsa.start(),
                rsa.end()
            )),
            PublicKey::Ec(P256 | P384) | PublicKey::Other(ED25519) => None,
            PublicKey::Ec(P521) if p521 => None,
            PublicKey::Ec(P521) => unsupported("ECDSA on P-521".to_owned()),
            PublicKey::Ec(curve) => unsupported(format!("ECDSA on the curve {curve}")),
            PublicKey::Other(algorithm) => unsupported(algorithm.to_string()),
        }
    }
}

/// What is no UTF-8 becomes U+FFFD.
fn lossy(name: der::Result<Option<&[u8]>>) -> Option<String> {
    Some(String::from_utf8_lossy(name.ok()??).into_owned())
}

/// The certificates among the PEM blocks of `pem`; none is no error here.
pub(super) fn certificates(
    pem: &[u8],
    place: &str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let blocks = blocks(pem, place)?;
    let certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE");
    certificates
        .map(|block| Ok(CertificateDer::from(block.decode(place)?.to_vec())))
        .collect()
}

enum PublicKey {
    /// Bits of the modulus.
    Rsa(usize),
    /// Its curve.
    Ec(ObjectIdentifier),
    Other(ObjectIdentifier),
}

fn read(certificate: &[u8]) -> der::Result<Certificate<'_>> {
    let mut reader = inside(certificate)?;
    let mut fields = inside(reader.tlv_bytes()?)?;
    let mut version = 1;
    let mut serial = fields.tlv_bytes()?;
    // [0] EXPLICIT, and not there for version 1.
    if serial.first() == Some(&0xa0) {
        let number = inside(serial)?.tlv_bytes()?.last().copied();
        version = number.unwrap_or(0).saturating_add(1);
        serial = fields.tlv_bytes()?;
    }
    let _serial = serial;
    let _signature_algorithm = fields.tlv_bytes()?;
    let issuer = fields.tlv_bytes()?;
    let mut validity = inside(fields.tlv_bytes()?)?;
    let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
    let subject = fields.tlv_bytes()?;
    Ok(Certificate {
        version,
        issuer,
        subject,
        not_before,
        not_after,
        public_key: SubjectPublicKeyInfoDer::from(fields.tlv_bytes()?),
    })
}

/// The contents of one value, whatever its tag.
fn inside(tlv: &[u8]) -> der::Result<SliceReader<'_>> {
    SliceReader::new(AnyRef::from_der(tlv)?.value())
}

/// RFC 5280, 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050 on.
fn time<'a>(reader: &mut SliceReader<'a>) -> der::Result<UnixTime> {
    let value = AnyRef::decode(reader)?;
    let since_epoch = match value.tag() {
        Tag::UtcTime => value.decode_as::<UtcTime>()?.to_unix_duration(),
        _ => value.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(
        since_epoch.as_secs(),
    )))
}

/// A `Name` (RFC 5280, 4.1.2.4) is a sequence of sets of pairs; the last common name is the most
/// specific.
fn common_name(name: &[u8]) -> der::Result<Option<&[u8]>> {
    let mut found = None;
    let mut sets = inside(name)?;
    while !sets.is_finished() {
        let mut set = inside(sets.tlv_bytes()?)?;
        while !set.is_finished() {
            let mut pair = inside(set.tlv_bytes()?)?;
            if ObjectIdentifier::decode(&mut pair)? == COMMON_NAME {
                found = Some(AnyRef::decode(&mut pair)?.value());
            }
        }
    }
    Ok(found)
}

fn public_key(info: &[u8]) -> der::Result<PublicKey> {
    let mut info = inside(info)?;
    let mut algorithm = inside(info.tlv_bytes()?)?;
    let kind = ObjectIdentifier::decode(&mut algorithm)?;
    Ok(match kind {
        // A curve may also be spelt out, which nobody does.
        EC => PublicKey::Ec(ObjectIdentifier::decode(&mut algorithm).unwrap_or(kind)),
        RSA => {
            // A BIT STRING with no unused bits, in which there is the sequence of RFC 8017, A.1.1.
            let bits = AnyRef::decode(&mut info)?.value();
            let mut key = inside(bits.get(1..).unwrap_or_default())?;
            let modulus = AnyRef::decode(&mut key)?.value();
            let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
            let first = modulus.get(zeros).map_or(0, |byte| byte.leading_zeros());
            PublicKey::Rsa((modulus.len() - zeros) * 8 - first as usize)
        }
        other => PublicKey::Other(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS-LC knows P-521, ring does not.
    #[test]
    fn a_key_on_p521_is_wrong_only_where_nobody_verifies_with_it() {
        // RFC 5480, 2: the algorithm EC on secp521r1, and no point.
        let key =
            b"\x30\x15\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\
                    \x03\x01\x00";
        let never = UnixTime::since_unix_epoch(Duration::ZERO);
        let certificate = Certificate {
            version: 3,
            issuer: &[],
            subject: &[],
            not_before: never,
            not_after: never,
            public_key: SubjectPublicKeyInfoDer::from(&key[..]),
        };
        assert_eq!(certificate.complaint(VERIFIED_RSA, true), None);
        let complaint = certificate.complaint(VERIFIED_RSA, false).unwrap();
        assert!(complaint.contains("(ECDSA on P-521)"), "{complaint}");
    }
}
