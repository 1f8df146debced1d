//! Why a listening socket has no connection to give.
use std::io;

/// Whether an error of `accept` concerns one client alone, whose connection broke before it was
/// accepted: the next call may succeed at once. Behind any other, such as too many open
/// descriptors, a server that asks again without a pause does nothing else.
///
/// (Linux passes errors of the new connection on: accept(2).)
pub fn accept_error_is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}
