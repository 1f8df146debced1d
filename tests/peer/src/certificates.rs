//! `peer certificates`: an authority for `localhost` and 127.0.0.1, and servers that it should and
//! should not be trusted for.
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// The names that a good certificate is for.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Writes `NAME.pem` and `NAME.key` for each server, and `ca.pem`.
pub(crate) fn make(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let (ca, ca_pem) = authority("arkws test authority")?;
    fs::write(directory.join("ca.pem"), ca_pem)?;
    let (stranger, _) = authority("an authority that nobody trusts")?;

    let valid = CertificateParams::new(NAMES.map(String::from))?;
    let mut expired = valid.clone();
    expired.not_before = date_time_ymd(2020, 1, 1);
    expired.not_after = date_time_ymd(2021, 1, 1);
    let mut not_yet_valid = valid.clone();
    not_yet_valid.not_before = date_time_ymd(2999, 1, 1);
    not_yet_valid.not_after = date_time_ymd(2999, 12, 31);
    let wrong_name = CertificateParams::new(vec!["somewhere-else.example".into()])?;

    write(directory, "valid", &valid, Some(&ca))?;
    write(directory, "expired", &expired, Some(&ca))?;
    write(directory, "not-yet-valid", &not_yet_valid, Some(&ca))?;
    write(directory, "wrong-name", &wrong_name, Some(&ca))?;
    write(directory, "unknown-authority", &valid, Some(&stranger))?;
    write(directory, "self-signed", &valid, None)
}

fn authority(name: &str) -> Result<(Issuer<'static, KeyPair>, String)> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn write(
    directory: &Path,
    name: &str,
    params: &CertificateParams,
    issuer: Option<&Issuer<'_, KeyPair>>,
) -> Result<()> {
    let key = KeyPair::generate()?;
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer)?,
        None => params.self_signed(&key)?,
    };
    let path = directory.join(name);
    fs::write(path.with_extension("pem"), certificate.pem())?;
    fs::write(path.with_extension("key"), key.serialize_pem())?;
    Ok(())
}
