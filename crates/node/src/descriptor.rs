//! Descriptors of the program's, which are numbers in JavaScript.
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

/// Another descriptor of the same file or socket, which is ours.
///
/// # Errors
/// The number is none of an open descriptor, or the system has no more.
pub(crate) fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the number is not -1, and is borrowed for one call of the system, which JavaScript
    // waits for: what is open then stays open. A number of nothing is an error of that call, which
    // does nothing else with it.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    borrowed.try_clone_to_owned()
}
