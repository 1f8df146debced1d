//! A descriptor that a loop of the program's can wait for.
use std::ffi::c_int;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// Two ends of a socket: the program waits for one to be readable, the library writes to the other.
#[derive(Debug)]
pub(crate) struct Descriptor {
    waited_for: UnixStream,
    written_to: UnixStream,
}

impl Descriptor {
    /// # Errors
    /// The system has no descriptors left.
    pub(crate) fn new() -> io::Result<Descriptor> {
        let (waited_for, written_to) = UnixStream::pair()?;
        waited_for.set_nonblocking(true)?;
        written_to.set_nonblocking(true)?;
        Ok(Descriptor {
            waited_for,
            written_to,
        })
    }

    /// What is waited for.
    pub(crate) fn number(&self) -> c_int {
        self.waited_for.as_raw_fd()
    }

    /// Makes it readable.
    pub(crate) fn signal(&self) {
        // A full socket is readable already.
        let _ = (&self.written_to).write(&[1]);
    }

    /// Makes it wait for the next signal.
    pub(crate) fn clear(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.waited_for).read(&mut bytes), Ok(read) if read == bytes.len()) {}
    }
}
