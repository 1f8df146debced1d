//! Why a client is not let in.
use http::StatusCode;

use super::super::Refusal;

/// Why a client is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// [`ServerLimits::handshakes`](crate::ServerLimits::handshakes), and all
    /// have sent their requests.
    #[error("too many opening handshakes wait for their answers (ServerLimits::handshakes)")]
    Busy,
    /// It was the oldest of too many handshakes.
    #[error(
        "too many opening handshakes are in progress, and this was the oldest \
         (ServerLimits::handshakes)"
    )]
    Replaced,
    /// [`ServerLimits::connections`](crate::ServerLimits::connections).
    #[error(
        "the server is full: it serves {0} connection(s) at a time (ServerLimits::connections)"
    )]
    Connections(usize),
    /// [`ServerLimits::addresses`](crate::ServerLimits::addresses).
    #[error(
        "the server is full: it serves {0} client address(es) at a time (ServerLimits::addresses)"
    )]
    Addresses(usize),
    /// [`ServerLimits::connections_per_address`](crate::ServerLimits::connections_per_address).
    #[error(
        "too many connections: a client address may have {0} at a time \
         (ServerLimits::connections_per_address)"
    )]
    ConnectionsPerAddress(usize),
}

/// The answer to such a client: status 503.
impl From<AdmissionError> for Refusal {
    fn from(error: AdmissionError) -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}
