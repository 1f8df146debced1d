//! What can go wrong with a connection, or an attempt at one.
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arkws_proto::ProtocolError;
use arkws_proto::handshake::HandshakeError;

#[cfg(feature = "tls")]
use crate::TlsError;
use crate::{Cause, Message, UrlError};
#[cfg(feature = "client")]
use crate::{ConnectError, ProxyError, RedirectError};

/// Everything that can go wrong with a connection or an attempt at one.
///
/// Its text says what was attempted, on what, and why it failed; programs branch on its
/// [`cause`](Error::cause).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke the protocol, or a limit.
    #[error("{0}")]
    Protocol(#[from] ProtocolError),
    /// Nothing was queued.
    #[error("{0}")]
    Send(#[from] SendError),
    /// A message was not queued: here it is again.
    #[error("{0}")]
    Unsent(#[from] Box<Unsent>),
    /// The transport failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The opening handshake failed.
    #[error("{0}")]
    Handshake(#[from] HandshakeError),
    /// A phase took too long.
    #[error("{phase} took longer than {limit:?}")]
    Timeout {
        /// What took too long.
        phase: Phase,
        /// Its limit.
        limit: Duration,
    },
    /// The peer was silent for longer than the heartbeat allows.
    #[error(
        "no data from the peer within {timeout:?} of a ping that followed {interval:?} of silence (heartbeat)"
    )]
    Heartbeat {
        /// Silence before the ping.
        interval: Duration,
        /// Silence after the ping.
        timeout: Duration,
    },
    /// The incomplete messages of all connections took too much memory, and this one's took most of
    /// it.
    #[error(
        "the incomplete messages of all connections take more than {limit} bytes, and this one's a large part of that \
         (max_unfinished_bytes)"
    )]
    UnfinishedBudget {
        /// The limit for all of them together, in bytes.
        limit: usize,
    },
    /// The peer has closed the connection before the end of a message, which a
    /// [`MessageReader`](crate::MessageReader) was reading.
    #[error("the peer closed the connection before the end of a message")]
    IncompleteMessage,
    /// The connection ended without a closing handshake (RFC 6455, 7.1.5: status 1006).
    #[error("the connection was lost without a closing handshake{}", unless_end(.0))]
    Lost(#[source] io::Error),
    /// We, as the server, refused the client's handshake.
    #[error("the handshake was refused with {status}: {reason}")]
    Refused {
        /// The status that the client was given.
        status: http::StatusCode,
        /// Why.
        reason: String,
    },
    /// The client's request does not ask for a WebSocket, and
    /// [`on_http`](crate::AcceptorBuilder::on_http) has answered it.
    #[cfg(feature = "server")]
    #[error("the request does not ask for a WebSocket; it was answered with {status}")]
    Answered {
        /// The status of the answer.
        status: http::StatusCode,
    },
    /// The URL cannot be connected to.
    #[error("{0}")]
    Url(#[from] UrlError),
    /// A field of a request cannot be sent.
    #[error("the request cannot be sent: {0}")]
    Request(String),
    /// The host's name does not resolve.
    #[error("{host} does not resolve: {source}")]
    Dns {
        /// The host.
        host: String,
        /// As the resolver says it.
        source: io::Error,
    },
    /// This crate was built without what is asked for.
    #[error("{what} needs arkws's feature `{feature}`, which is switched off")]
    MissingFeature {
        /// What is asked for.
        what: String,
        /// The Cargo feature that brings it.
        feature: &'static str,
    },
    /// None of the host's addresses could be connected to.
    #[cfg(feature = "client")]
    #[error("{0}")]
    Connect(#[from] ConnectError),
    /// A Unix socket cannot be connected to.
    #[cfg(all(feature = "client", unix))]
    #[error("{} cannot be connected to: {source}", path.display())]
    Unix {
        /// Where the server listens.
        path: std::path::PathBuf,
        /// As the operating system says it.
        source: io::Error,
    },
    /// There is no tunnel through the proxy.
    #[cfg(feature = "client")]
    #[error("{0}")]
    Proxy(#[from] ProxyError),
    /// TLS failed, or its configuration cannot be used.
    #[cfg(feature = "tls")]
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// A redirect was not followed.
    #[cfg(feature = "client")]
    #[error("{0}")]
    Redirect(#[from] RedirectError),
    /// The server ended the connection before it had answered the request.
    #[error(
        "{target} ended the connection before it answered the WebSocket handshake{}",
        unless_end(source)
    )]
    NoAnswer {
        /// `host:port`.
        target: String,
        /// How.
        source: io::Error,
    },
    /// A phase of an attempt to connect took too long.
    #[error("{target}: {phase} took longer than {limit:?}")]
    DialTimeout {
        /// `host:port`, and through which proxy.
        target: String,
        /// What took too long.
        phase: Phase,
        /// Its limit.
        limit: Duration,
    },
}

/// Why a message was not queued.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// A close frame has been queued, ours or the answer to the peer's: nothing may follow it (RFC
    /// 6455, 5.5.1).
    #[error("the connection is closing: nothing may be sent after the close frame")]
    Closing,
    /// The connection has failed, for this reason.
    #[error("nothing can be sent any more: {0}")]
    Lost(Arc<Error>),
    /// Too many bytes wait already.
    #[error(
        "the output queue is full: {queued} bytes are waiting, the limit is {limit} (Limits::max_queued)"
    )]
    QueueFull {
        /// Bytes that wait.
        queued: usize,
        /// The limit.
        limit: usize,
    },
    /// A ping or pong over 125 bytes (RFC 6455, 5.5).
    #[error("a control frame carries at most 125 bytes, not {0}")]
    ControlTooLong(usize),
    /// A message that was begun with a [`MessageWriter`](crate::MessageWriter) has no end, as the
    /// writer was leaked: no other message may follow (RFC 6455, 5.4).
    #[error("a message that is sent in pieces has not been finished: no other may follow")]
    UnfinishedMessage,
}

/// A message that was not queued, given back.
#[derive(Clone, thiserror::Error)]
#[error("{error}")]
pub struct Unsent {
    /// The message, as it was.
    pub message: Message,
    /// Why it was not queued.
    pub error: SendError,
}

/// Errors are logged: the message is shown as its length in bytes.
impl fmt::Debug for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsent")
            .field("error", &self.error)
            .field("message", &self.message.len())
            .finish()
    }
}

/// For what reads and writes as `tokio::io` has it. The error is the source of the other.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match &error {
            Error::Io(error) | Error::Lost(error) => error.kind(),
            Error::Protocol(_) => io::ErrorKind::InvalidData,
            Error::IncompleteMessage => io::ErrorKind::UnexpectedEof,
            error => match error.cause() {
                Cause::Timeout | Cause::Heartbeat => io::ErrorKind::TimedOut,
                Cause::Closed | Cause::Reset => io::ErrorKind::BrokenPipe,
                _ => io::ErrorKind::Other,
            },
        };
        match error {
            Error::Io(error) => error,
            error => io::Error::new(kind, error),
        }
    }
}

impl From<Unsent> for Error {
    fn from(unsent: Unsent) -> Error {
        Error::Unsent(Box::new(unsent))
    }
}

/// A phase of a connection's life that has a time-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Looking a name up, the server's or a proxy's.
    Lookup,
    /// Connecting TCP.
    Connect,
    /// Talking to a proxy.
    Proxy,
    /// The TLS handshake.
    Tls,
    /// The WebSocket handshake.
    Handshake,
    /// Writing: the peer takes nothing.
    Write,
    /// Receiving the rest of a message.
    Message,
    /// The closing handshake.
    Close,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Lookup => "looking the name up",
            Phase::Connect => "connecting",
            Phase::Proxy => "the proxy",
            Phase::Tls => "the TLS handshake",
            Phase::Handshake => "the WebSocket handshake",
            Phase::Write => "waiting for the peer to take what is sent",
            Phase::Message => "waiting for the rest of a message",
            Phase::Close => "the closing handshake",
        })
    }
}

impl Error {
    /// The message that was not queued, if that is what failed: it is given back.
    pub fn into_unsent(self) -> Option<Message> {
        match self {
            Error::Unsent(unsent) => Some(unsent.message),
            _ => None,
        }
    }

    /// The server of `target` ended the connection before it had answered.
    #[cfg(feature = "client")]
    pub(crate) fn no_answer(target: String, source: io::Error) -> Error {
        #[cfg(feature = "tls")]
        let source = match TlsError::from_io(target.clone(), source) {
            Ok(error) => return Error::Tls(error),
            Err(source) => source,
        };
        Error::NoAnswer { target, source }
    }

    /// A copy of an error that has ended an open connection, for calls that come later.
    pub(crate) fn again(&self) -> Error {
        match self {
            Error::Protocol(error) => Error::Protocol(error.clone()),
            Error::Lost(error) => Error::Lost(io_again(error)),
            Error::Timeout { phase, limit } => Error::Timeout {
                phase: *phase,
                limit: *limit,
            },
            Error::Heartbeat { interval, timeout } => Error::Heartbeat {
                interval: *interval,
                timeout: *timeout,
            },
            Error::UnfinishedBudget { limit } => Error::UnfinishedBudget { limit: *limit },
            other => Error::Lost(io::Error::other(other.to_string())),
        }
    }
}

/// A copy, as far as such an error can be copied.
pub(crate) fn io_again(error: &io::Error) -> io::Error {
    if let Some(code) = error.raw_os_error() {
        return io::Error::from_raw_os_error(code);
    }
    #[cfg(feature = "tls")]
    if let Some(tls) = crate::tls::tls_error(error) {
        return io::Error::new(error.kind(), tls.clone());
    }
    match error.get_ref() {
        None => error.kind().into(),
        Some(_) => io::Error::new(error.kind(), error.to_string()),
    }
}

/// What the operating system says, unless that is only that the stream has ended.
fn unless_end(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => String::new(),
        _ => format!(": {error}"),
    }
}
