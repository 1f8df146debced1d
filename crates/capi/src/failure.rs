//! Why a call or a connection failed: for `arkws_last_error`, and for error callbacks.
use arkws_netstack::{BusinessError, Cause, ConnectionCause};

use crate::code::Code;
use crate::option_names::{self, Side};

/// A result that is none of success, and what `arkws_error` says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// Of a refused handshake; else 0.
    pub(crate) http_status: u16,
    /// The stable name of the cause.
    pub(crate) cause: &'static str,
    pub(crate) message: String,
}

impl Failure {
    /// A mistake in a call's arguments, or at this time.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Failure {
        Failure {
            code,
            http_status: 0,
            cause: match code {
                Code::Internal => Cause::Internal.as_str(),
                Code::QueueFull => ConnectionCause::QueueFull.as_str(),
                Code::NoConnection => ConnectionCause::Closed.as_str(),
                Code::System => ConnectionCause::Io.as_str(),
                _ => ConnectionCause::Invalid.as_str(),
            },
            message: message.into(),
        }
    }

    /// An address that is no live object's.
    pub(crate) fn not_created(what: &str) -> Failure {
        let why = format!("the {what} is none of this library's, or was destroyed");
        Failure::new(Code::NotCreated, why)
    }

    /// What a connection, or an attempt at one, ended with.
    pub(crate) fn of_event(side: Side, error: BusinessError) -> Failure {
        let code = match error.cause {
            Some(Cause::Connection(ConnectionCause::TooBig)) => Code::TooLong,
            _ => Code::Connection,
        };
        Failure::of(side, code, error)
    }

    /// Why `connect` has not begun.
    pub(crate) fn of_connect(error: BusinessError) -> Failure {
        let code = match (error.code, error.cause) {
            (_, Some(Cause::System)) => Code::System,
            (BusinessError::URL, _) => Code::Url,
            (BusinessError::PARAMETER, _) => Code::Invalid,
            (BusinessError::ALREADY_CONNECTED, _) => Code::WrongState,
            (other, _) => general(other).unwrap_or(Code::NotStarted),
        };
        Failure::of(Side::Client, code, error)
    }

    /// Why a message or a ping was not sent, or a connection not closed.
    pub(crate) fn of_send(side: Side, error: BusinessError) -> Failure {
        let code = match (error.code, error.cause) {
            (_, Some(Cause::Connection(ConnectionCause::QueueFull))) => Code::QueueFull,
            // A message or a ping: all else was checked before.
            (BusinessError::PARAMETER, _) => Code::TooLong,
            (BusinessError::NO_CONNECTION, _) => Code::NoSuchPeer,
            (other, _) => general(other).unwrap_or(Code::NoConnection),
        };
        Failure::of(side, code, error)
    }

    /// Why a server does not listen, or is not there for a call.
    pub(crate) fn of_server(error: BusinessError) -> Failure {
        let code = match (error.code, error.cause) {
            (_, Some(Cause::System | Cause::Internal)) => Code::System,
            (BusinessError::NIC | BusinessError::PORT | BusinessError::PORT_OCCUPIED, _) => {
                Code::CannotListen
            }
            (BusinessError::PARAMETER, _) => Code::Invalid,
            (other, _) => general(other).unwrap_or(Code::Invalid),
        };
        Failure::of(Side::Server, code, error)
    }

    fn of(side: Side, code: Code, error: BusinessError) -> Failure {
        let status = error.data.as_deref().and_then(|data| data.parse().ok());
        let failure = Failure::new(code, option_names::in_c(side, error.detail()));
        Failure {
            http_status: status.unwrap_or(0),
            cause: error.cause.map_or(failure.cause, Cause::as_str),
            ..failure
        }
    }
}

/// The codes that mean the same in every call.
fn general(code: i32) -> Option<Code> {
    match code {
        BusinessError::PERMISSION => Some(Code::PermissionDenied),
        BusinessError::DOMAIN => Some(Code::HostNotAllowed),
        BusinessError::CERTIFICATE_FILE => Some(Code::FileNotFound),
        _ => None,
    }
}
