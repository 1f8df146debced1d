//! Which failures may be different next time.
use arkws::{Error, TlsError};

/// Whether waiting may help. A certificate, a protocol error or a refusal will mostly be the same
/// next time; 5xx and the statuses that ask for patience (RFC 9110, 15.5.9; RFC 8470, 5.2; RFC
/// 6585, 4) will not.
pub(super) fn is_transient(error: &Error, status: Option<u16>) -> bool {
    match error.cause() {
        arkws::Cause::Dns
        | arkws::Cause::Refused
        | arkws::Cause::Unreachable
        | arkws::Cause::Timeout
        | arkws::Cause::Proxy
        | arkws::Cause::Heartbeat
        | arkws::Cause::Reset
        | arkws::Cause::Io => true,
        // The connection was lost, or was while it was being secured.
        arkws::Cause::Tls => matches!(error, Error::Lost(_) | Error::Tls(TlsError::Io { .. })),
        arkws::Cause::Handshake => matches!(status, Some(408 | 425 | 429 | 500..)),
        _ => false,
    }
}

/// RFC 6455, 7.4.1, and the registry's 1012 to 1014: the server goes away, has trouble, restarts,
/// or asks to try again later.
pub(super) fn invites_back(code: u16) -> bool {
    matches!(code, 1001 | 1011..=1014)
}
