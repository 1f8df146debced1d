//! TLS: what was agreed on, the certificates with their dates, and what is wrong.
use std::time::{Duration, SystemTime};

use arkws::rustls::{AlertDescription, CertificateError, Error as RustlsError};
use arkws::{CertificateKey, PeerCertificate, TlsError, TlsVersion, Transport};
use serde_json::{Value, json};

use super::fault::{Fault, Kind};
use super::report::Step;

/// What there is to see of TLS with a server.
#[derive(Debug, Default)]
pub(super) struct Seen {
    version: Option<&'static str>,
    cipher: Option<&'static str>,
    alpn: Option<String>,
    pub(super) chain: Vec<PeerCertificate>,
}

impl Seen {
    pub(super) fn of(transport: &Transport) -> Seen {
        let tls = transport.tls_connection();
        let suite = tls.and_then(|tls| tls.negotiated_cipher_suite());
        let alpn = tls.and_then(|tls| tls.alpn_protocol());
        Seen {
            version: transport.tls_version().map(TlsVersion::as_str),
            cipher: suite.and_then(|suite| suite.suite().as_str()),
            alpn: alpn.map(|protocol| String::from_utf8_lossy(protocol).into_owned()),
            chain: transport.peer_certificates(),
        }
    }

    /// Version, cipher suite and protocol.
    pub(super) fn words(&self) -> String {
        format!(
            "{}, {}, ALPN {}",
            self.version.unwrap_or("unknown version"),
            self.cipher.unwrap_or("unknown cipher"),
            self.alpn.as_deref().unwrap_or("none")
        )
    }

    /// Which of the certificates expires soon, if one does.
    pub(super) fn note(&self, server: &str) -> Option<String> {
        let soon = SystemTime::now() + SOON;
        let end = |one: &PeerCertificate| Some(*one.validity()?.end());
        let (one, end) = self
            .chain
            .iter()
            .filter_map(|one| Some((one, end(one)?)))
            .min_by_key(|(_, end)| *end)?;
        (end < soon).then(|| {
            format!(
                "The certificate \"{}\" of {server} expires at {}: renew it in time.",
                name(one),
                date(end)
            )
        })
    }

    /// The step with all of it.
    pub(super) fn tell(&self, step: Step) -> Step {
        let now = SystemTime::now();
        let shown = self.chain.iter().enumerate();
        let details = shown.map(|(place, one)| certificate_words(place, one, now));
        let data: Vec<Value> = self.chain.iter().map(certificate_data).collect();
        step.details(details)
            .data("version", self.version)
            .data("cipher", self.cipher)
            .data("alpn", self.alpn.clone())
            .data("certificates", data)
    }
}

/// What is left of a certificate when it is spoken of. Certificates of 90 days are mostly renewed
/// with 30 days left.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

fn name(certificate: &PeerCertificate) -> String {
    let name = certificate.common_name();
    name.unwrap_or_else(|| "without a common name".to_owned())
}

fn issuer(certificate: &PeerCertificate) -> String {
    let name = certificate.issuer_common_name();
    name.unwrap_or_else(|| "somebody without a common name".to_owned())
}

fn certificate_words(place: usize, certificate: &PeerCertificate, now: SystemTime) -> String {
    let number = place + 1;
    let Some(validity) = certificate.validity() else {
        return format!("certificate {number} is damaged");
    };
    let signed = match certificate.is_self_issued() {
        true => "self-signed".to_owned(),
        false => format!("signed by \"{}\"", issuer(certificate)),
    };
    let key = certificate.key();
    let key = key.map_or("unknown key".to_owned(), |key| key.to_string());
    let version = match certificate.version() {
        Some(3) | None => String::new(),
        Some(version) => format!(", X.509 version {version}"),
    };
    format!(
        "certificate {number}: \"{}\", {signed}, {key}{version}, {}",
        name(certificate),
        dates(*validity.start(), *validity.end(), now)
    )
}

fn dates(start: SystemTime, end: SystemTime, now: SystemTime) -> String {
    let days = |time: Duration| match time.as_secs() / (24 * 60 * 60) {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    };
    if let Ok(early) = start.duration_since(now) {
        return format!("valid only from {}, in {}", date(start), days(early));
    }
    match end.duration_since(now) {
        Ok(left) => format!("valid until {}, for {}", date(end), days(left)),
        Err(late) => format!("expired at {}, {} ago", date(end), days(late.duration())),
    }
}

/// As HTTP has it; the year 9999 is for ever (RFC 5280, 4.1.2.5).
fn date(time: SystemTime) -> String {
    const END: Duration = Duration::from_secs(253_402_300_799);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since < END => httpdate::fmt_http_date(time),
        _ => "the end of time".to_owned(),
    }
}

fn certificate_data(certificate: &PeerCertificate) -> Value {
    let seconds = |time: &SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_secs()
    };
    let validity = certificate.validity();
    json!({
        "name": certificate.common_name(),
        "issuer": certificate.issuer_common_name(),
        "self_issued": certificate.is_self_issued(),
        "version": certificate.version(),
        "key": certificate.key().map(|key| key.to_string()),
        "not_before": validity.as_ref().map(|validity| seconds(validity.start())),
        "not_after": validity.as_ref().map(|validity| seconds(validity.end())),
    })
}

/// Whether the server may be one without TLS.
pub(super) fn may_be_plain(error: &TlsError) -> bool {
    match error {
        TlsError::Handshake { source, .. } => matches!(source, RustlsError::InvalidMessage(_)),
        TlsError::Io { .. } => true,
        _ => false,
    }
}

/// Whether the server may have ended it because this client has shown no certificate, or not the
/// right one.
pub(super) fn may_want_certificate(error: &TlsError) -> bool {
    match error {
        TlsError::Handshake { source, .. } => matches!(
            source,
            RustlsError::AlertReceived(AlertDescription::HandshakeFailure)
        ),
        TlsError::Io { .. } => true,
        _ => false,
    }
}

/// What is wrong with TLS at `server`, which has shown these certificates.
pub(super) fn fault(error: &TlsError, server: &str, chain: &[PeerCertificate]) -> Fault {
    let source = match error {
        TlsError::Handshake { source, .. } => source,
        TlsError::Alpn { protocol, .. } => return alpn(server, Some(protocol)),
        TlsError::Io { identity, .. } => {
            return Fault::new(
                Kind::Tls,
                format!("{server} ends the connection during the TLS handshake."),
                match identity {
                    true => "Perhaps it does not accept the client certificate: check --cert.",
                    false => {
                        "Perhaps it wants a client certificate (--cert), or its own is not \
                              set up: look into its log."
                    }
                },
            );
        }
        TlsError::SystemRoots(_) => {
            return Fault::new(
                Kind::UnknownAuthority,
                format!("No certificate can be verified: {error}."),
                "Or say whom to trust by --ca.",
            );
        }
        other => {
            return Fault::new(
                Kind::Tls,
                format!("There is no TLS with {server}: {other}."),
                "Look into the server's log.",
            );
        }
    };
    match source {
        RustlsError::InvalidCertificate(why) => certificate(error, why, server, chain),
        RustlsError::AlertReceived(AlertDescription::NoApplicationProtocol)
        | RustlsError::NoApplicationProtocol => alpn(server, None),
        RustlsError::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied,
        ) => client_certificate(server, error),
        RustlsError::InvalidMessage(_) => Fault::new(
            Kind::NoTls,
            format!("{server} does not speak TLS, and wss:// needs it."),
            "Check the port; or is it ws:// that is spoken there?",
        ),
        RustlsError::AlertReceived(
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure,
        )
        | RustlsError::PeerIncompatible(_) => Fault::new(
            Kind::TlsVersion,
            format!("{server} and arkws have no version or cipher of TLS in common: {error}."),
            "Have the server speak TLS 1.2 or 1.3 with the usual ciphers.",
        ),
        _ => Fault::new(
            Kind::Tls,
            format!("There is no TLS with {server}: {error}."),
            "Look into the server's log, and for whoever is between.",
        ),
    }
}

/// The server has refused because of the client's certificate, or of its lack.
pub(super) fn client_certificate(server: &str, why: &dyn std::fmt::Display) -> Fault {
    Fault::new(
        Kind::ClientCertificate,
        format!("{server} does not let this client in: {why}."),
        "Give the certificate that it wants by --cert and --key, with its whole chain.",
    )
}

fn alpn(server: &str, chosen: Option<&str>) -> Fault {
    let what = match chosen {
        Some(chosen) => format!("{server} chooses the protocol {chosen} in TLS (ALPN)"),
        None => format!("{server} does not speak HTTP/1.1, by ALPN in TLS"),
    };
    Fault::new(
        Kind::Alpn,
        format!("{what}; WebSocket needs http/1.1, so that perhaps only HTTP/2 is spoken there."),
        "Allow http/1.1 beside h2 in the server or load balancer that ends TLS.",
    )
}

/// What is wrong with the certificates.
fn certificate(
    error: &TlsError,
    why: &CertificateError,
    server: &str,
    chain: &[PeerCertificate],
) -> Fault {
    use CertificateError::*;
    let now = SystemTime::now();
    let own = chain.first();
    let whose = |place: usize, certificate: &PeerCertificate| match place {
        0 => format!("The certificate of {server}"),
        _ => format!(
            "The intermediate certificate \"{}\" of {server}",
            name(certificate)
        ),
    };
    let find = |is_at_fault: &dyn Fn(&PeerCertificate) -> bool| {
        let mut places = chain.iter().enumerate();
        places.find(|(_, one)| is_at_fault(one))
    };
    let is_over = |one: &PeerCertificate| one.validity().is_some_and(|dates| *dates.end() < now);
    let is_early = |one: &PeerCertificate| one.validity().is_some_and(|dates| *dates.start() > now);
    let is_old = |one: &PeerCertificate| one.version().is_some_and(|version| version != 3);
    let is_short = |one: &PeerCertificate| match one.key() {
        Some(CertificateKey::Rsa { bits }) => bits < 2048,
        _ => false,
    };
    match why {
        NotValidForName | NotValidForNameContext { .. } => {
            return Fault::new(
                Kind::WrongHost,
                format!("The certificate is not for this host: {error}."),
                "Use a name that it is for in the URL, or get a certificate that has this name \
                 as subjectAltName.",
            );
        }
        UnknownIssuer => return unknown_issuer(server, chain),
        _ => {}
    }
    if let Some((place, one)) = find(&is_old) {
        return Fault::new(
            Kind::CertificateVersion,
            format!(
                "{} is of X.509 version {}, which is not accepted.",
                whose(place, one),
                one.version().unwrap_or_default()
            ),
            "Make a new one of version 3, with the host as subjectAltName. (openssl makes \
             version 1 where no extensions are asked for.)",
        );
    }
    if let Some((place, one)) = find(&is_short) {
        let key = one.key().map(|key| key.to_string());
        return Fault::new(
            Kind::KeyTooShort,
            format!(
                "{} has a key that is too short to be safe: {} bits.",
                whose(place, one),
                key.unwrap_or_default()
            ),
            "Make a new key, of RSA with 2048 bits or more or of ECDSA, and a certificate for it.",
        );
    }
    let is_of_dates = matches!(
        why,
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
    );
    if own.is_some_and(PeerCertificate::is_self_issued) && !is_of_dates {
        return Fault::new(
            Kind::SelfSigned,
            format!("The certificate of {server} is self-signed, and nobody here trusts it."),
            "If it is yours, trust it by --ca FILE; for others get one of a known authority.",
        );
    }
    if let Some((place, one)) = find(&is_over) {
        let end = one.validity().map(|validity| date(*validity.end()));
        return Fault::new(
            Kind::CertificateExpired,
            format!(
                "{} has expired: it was valid until {}.",
                whose(place, one),
                end.unwrap_or_default()
            ),
            "Renew it, and have the server load the new one.",
        );
    }
    if let Some((place, one)) = find(&is_early) {
        let start = one.validity().map(|validity| date(*validity.start()));
        return Fault::new(
            Kind::CertificateNotYetValid,
            format!(
                "{} is not valid before {}.",
                whose(place, one),
                start.unwrap_or_default()
            ),
            "Check the clock of this machine, or wait.",
        );
    }
    Fault::new(
        Kind::Certificate,
        format!("The certificate is not accepted: {error}."),
        "Get another one for the server.",
    )
}

/// Nobody leads from what was shown to an authority that is trusted.
fn unknown_issuer(server: &str, chain: &[PeerCertificate]) -> Fault {
    match chain {
        [own] if !own.is_self_issued() => Fault::new(
            Kind::MissingIntermediate,
            format!(
                "{server} sends its own certificate alone and not the one of who has signed it, \
                 \"{}\", which is not trusted by itself: an intermediate certificate is missing.",
                issuer(own)
            ),
            format!(
                "Have the server send the whole chain (fullchain.pem); or, if \"{}\" is an \
                 authority of your own, trust it by --ca FILE.",
                issuer(own)
            ),
        ),
        _ => Fault::new(
            Kind::UnknownAuthority,
            format!(
                "The certificate of {server} is of an authority that nobody here trusts: \"{}\".",
                chain.last().map(issuer).unwrap_or_default()
            ),
            "If it is one of your own, trust it by --ca FILE. If a proxy or virus scanner opens \
             TLS on the way, its authority is the one to trust.",
        ),
    }
}
