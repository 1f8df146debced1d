//! How many bytes a socket holds that its peer has not taken yet: `SIOCOUTQ` of Linux, the one
//! ioctl of arkws.
//!
//! A socket accepts megabytes that its peer may never get. Whether the peer lives shows in whether
//! they become less.
#![cfg(unix)]

use std::io;
use std::os::fd::AsFd;

/// The bytes in the send queue of `socket`: of TCP those that the peer's system has not
/// acknowledged, sent or not; of a Unix socket those that the peer has not read, with what the
/// kernel needs to keep them.
///
/// ```
/// use std::io::Write;
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// let (mut near, far) = UnixStream::pair()?;
/// # if cfg!(any(target_os = "linux", target_os = "android")) {
/// assert_eq!(arkws_outq::unsent(&near)?, 0);
/// near.write_all(b"hello")?;
/// assert!(arkws_outq::unsent(&near)? >= 5);
/// # }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// It is no socket, or not one that knows; or the operating system cannot tell, which is
/// [`io::ErrorKind::Unsupported`].
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn unsent(socket: impl AsFd) -> io::Result<u64> {
    use std::os::fd::AsRawFd;

    let mut bytes: libc::c_int = 0;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: `SIOCOUTQ` is `TIOCOUTQ`: it writes one int to where its argument points, which is
    // one; and the descriptor is open, since it is borrowed.
    let result = unsafe { libc::ioctl(descriptor, libc::TIOCOUTQ, &raw mut bytes) };
    match u64::try_from(bytes) {
        Ok(bytes) if result == 0 => Ok(bytes),
        _ => Err(io::Error::last_os_error()),
    }
}

/// As on Linux, if the operating system could tell.
///
/// # Errors
/// Always: [`io::ErrorKind::Unsupported`].
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn unsent(_: impl AsFd) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The example of the crate's README, as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
