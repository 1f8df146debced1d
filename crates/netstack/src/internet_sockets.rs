//! Whether the system lets this process have internet sockets: on a device that is what the
//! permission comes to, elsewhere a sandbox may deny them.
use std::io::ErrorKind::PermissionDenied;
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::{Domain, Socket, Type};

/// Whether the last question was answered with yes.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Asks the system, by making a socket, as the platform does. It says no with EPERM or EACCES; any
/// other failure, such as too many open files, says nothing about rights.
///
/// # Errors
/// It says no: in which words.
pub(crate) fn ask() -> Result<(), String> {
    let denied = match Socket::new(Domain::IPV4, Type::STREAM, None) {
        Err(error) if error.kind() == PermissionDenied => Some(error),
        Ok(_) | Err(_) => None,
    };
    ALLOWED.store(denied.is_none(), Ordering::Relaxed);
    match denied {
        None => Ok(()),
        Some(error) => Err(format!("create an internet socket: {error}")),
    }
}

/// As [`ask`], but a yes is believed until the next question: no message costs a system call.
///
/// # Errors
/// As [`ask`].
#[inline]
pub(crate) fn ask_unless_allowed() -> Result<(), String> {
    match ALLOWED.load(Ordering::Relaxed) {
        true => Ok(()),
        false => ask(),
    }
}
