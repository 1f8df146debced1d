//! The kinds of errors, for programs; and of which kind each error is.
use std::io;

use arkws_proto::CloseCode;
#[cfg(feature = "client")]
use arkws_proto::handshake::HandshakeError;

use crate::error::{Error, SendError};
#[cfg(feature = "tls")]
use crate::tls::tls_error;

/// Defines [`Cause`] and its names, so that no cause can lack one, or be left out of the list.
macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident = $name:literal,)*) => {
        /// The kind of an [`Error`](Error), for programs to branch on. Its
        /// [name](Cause::as_str) is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Cause {
            $($(#[$doc])* $cause,)*
        }

        impl Cause {
            /// All causes.
            pub const ALL: &[Cause] = &[$(Cause::$cause,)*];

            /// The stable name, such as `"dns"`, `"refused"` or `"queue-full"`: lower-case words
            /// with hyphens between them.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Cause::$cause => $name,)*
                }
            }
        }
    };
}

causes! {
    /// The URL, a header or an option cannot be used.
    Invalid = "invalid",
    /// The name does not resolve.
    Dns = "dns",
    /// The host refused the connection.
    Refused = "refused",
    /// The host or network cannot be reached.
    Unreachable = "unreachable",
    /// Something took too long.
    Timeout = "timeout",
    /// TLS failed: certificate, name, version...
    Tls = "tls",
    /// The proxy refused or misbehaved.
    Proxy = "proxy",
    /// The server did not accept the WebSocket handshake.
    Handshake = "handshake",
    /// A redirect was not followed.
    Redirect = "redirect",
    /// The peer broke the protocol.
    Protocol = "protocol",
    /// A message was too big.
    TooBig = "too-big",
    /// The peer did not answer pings.
    Heartbeat = "heartbeat",
    /// The connection was reset or ended without a closing handshake.
    Reset = "reset",
    /// The connection is closing or closed: by a close frame, ours or the peer's.
    Closed = "closed",
    /// Too much waits to be sent already.
    QueueFull = "queue-full",
    /// Anything else of the transport.
    Io = "io",
}

/// What the operating system says of a connection, or of an attempt at one.
impl From<io::ErrorKind> for Cause {
    fn from(kind: io::ErrorKind) -> Cause {
        match kind {
            io::ErrorKind::ConnectionRefused => Cause::Refused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::UnexpectedEof => Cause::Reset,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Cause::Unreachable
            }
            io::ErrorKind::TimedOut => Cause::Timeout,
            _ => Cause::Io,
        }
    }
}

impl Error {
    /// The kind of this error.
    pub fn cause(&self) -> Cause {
        match self {
            Error::Protocol(error) if error.close_code() == CloseCode::TOO_BIG => Cause::TooBig,
            Error::UnfinishedBudget { .. } => Cause::TooBig,
            Error::Protocol(_) => Cause::Protocol,
            Error::Send(error) => error.cause(),
            Error::Unsent(unsent) => unsent.error.cause(),
            Error::Io(error) => error.kind().into(),
            Error::Handshake(error) if error.is_own_mistake() => Cause::Invalid,
            Error::Handshake(_) | Error::Refused { .. } => Cause::Handshake,
            #[cfg(feature = "server")]
            Error::Answered { .. } => Cause::Handshake,
            #[cfg(feature = "tls")]
            Error::Lost(error) if tls_error(error).is_some() => Cause::Tls,
            Error::Lost(_) => Cause::Reset,
            Error::IncompleteMessage => Cause::Closed,
            Error::Url(_) | Error::Request(_) | Error::MissingFeature { .. } => Cause::Invalid,
            Error::Dns { .. } => Cause::Dns,
            #[cfg(feature = "client")]
            Error::Connect(error) => error.kind().into(),
            #[cfg(all(feature = "client", unix))]
            Error::Unix { source, .. } => source.kind().into(),
            #[cfg(feature = "client")]
            Error::Proxy(_) => Cause::Proxy,
            #[cfg(feature = "tls")]
            Error::Tls(error) if error.is_configuration() => Cause::Invalid,
            #[cfg(feature = "tls")]
            Error::Tls(_) => Cause::Tls,
            #[cfg(feature = "client")]
            Error::Redirect(_) => Cause::Redirect,
            Error::NoAnswer { source, .. } => source.kind().into(),
            Error::Timeout { .. } | Error::DialTimeout { .. } => Cause::Timeout,
            Error::Heartbeat { .. } => Cause::Heartbeat,
        }
    }
}

#[cfg(feature = "client")]
impl Error {
    /// Whether another attempt may succeed, or another connection: what failed was the network, a
    /// proxy or a time-out, or the server was too busy (408, 425, 429 or 5xx; RFC 9110, 15.5.9; RFC
    /// 8470, 5.2; RFC 6585, 4). A certificate, a protocol error or another refusal will mostly be
    /// the same next time.
    pub fn is_transient(&self) -> bool {
        match self.cause() {
            Cause::Dns
            | Cause::Refused
            | Cause::Unreachable
            | Cause::Timeout
            | Cause::Proxy
            | Cause::Heartbeat
            | Cause::Reset
            | Cause::Io => true,
            // The connection was lost, or was while it was being secured.
            #[cfg(feature = "tls")]
            Cause::Tls => matches!(
                self,
                Error::Lost(_) | Error::Tls(crate::TlsError::Io { .. })
            ),
            Cause::Handshake => match self {
                Error::Handshake(HandshakeError::Refused(response)) => {
                    matches!(response.status().as_u16(), 408 | 425 | 429 | 500..)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

impl SendError {
    /// The kind of this error.
    pub fn cause(&self) -> Cause {
        match self {
            SendError::Closing => Cause::Closed,
            SendError::Lost(error) => error.cause(),
            SendError::QueueFull { .. } => Cause::QueueFull,
            SendError::ControlTooLong(_) | SendError::UnfinishedMessage => Cause::Invalid,
        }
    }
}
