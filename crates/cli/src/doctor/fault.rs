//! What can be wrong, by kinds that programs tell apart and in sentences for people.
use serde::Serialize;

/// The kind of a fault. Its name in JSON is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    // The name.
    NoSuchName,
    NoAddress,
    NoNameServer,
    NameServer,
    Lookup,
    // The network.
    Refused,
    Filtered,
    Unreachable,
    DeadAddress,
    UnixSocket,
    // The proxy.
    ProxyUnreachable,
    ProxyAuthentication,
    ProxyRefused,
    Proxy,
    // TLS.
    CertificateExpired,
    CertificateNotYetValid,
    WrongHost,
    SelfSigned,
    MissingIntermediate,
    UnknownAuthority,
    KeyTooShort,
    CertificateVersion,
    Certificate,
    ClientCertificate,
    Alpn,
    NoTls,
    TlsVersion,
    Tls,
    // HTTP.
    NeedsTls,
    Redirect,
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    TooManyRequests,
    Unavailable,
    NotWebsocket,
    Status,
    BadAccept,
    BadAnswer,
    NotHttp,
    NoAnswer,
    Subprotocol,
    Extensions,
    // The connection.
    Protocol,
    NoPong,
    Closed,
    Lost,
    IdleCut,
    NoClose,
    Other,
}

/// Something that is wrong: one sentence says what and where, another what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fault {
    pub(super) kind: Kind,
    pub(super) what: String,
    pub(super) advice: String,
}

impl Fault {
    pub(super) fn new(kind: Kind, what: impl Into<String>, advice: impl Into<String>) -> Fault {
        Fault {
            kind,
            what: what.into(),
            advice: advice.into(),
        }
    }
}
