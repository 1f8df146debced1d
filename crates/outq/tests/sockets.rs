//! Real sockets, whose peers read or do not.
#![cfg(any(target_os = "linux", target_os = "android"))]

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use arkws_outq::unsent;

/// Writes until the kernel takes no more: so many bytes.
fn fill(near: &mut impl Write) -> u64 {
    let mut written = 0;
    loop {
        match near.write(&[7; 10_000]) {
            Ok(count) => written += count as u64,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                return written;
            }
        }
    }
}

/// Waits until so little is left.
fn falls_to(near: &impl AsFd, most: u64) {
    let start = Instant::now();
    while unsent(near).unwrap() > most {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::yield_now();
    }
}

#[test]
fn tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    near.set_nonblocking(true).unwrap();
    assert_eq!(unsent(&near).unwrap(), 0);

    // What the peer's system has taken is not counted, though nobody has read it.
    near.write_all(b"hello").unwrap();
    falls_to(&near, 0);

    let written = fill(&mut near) + 5;
    let left = unsent(&near).unwrap();
    assert!(left > 0 && left < written, "{left} of {written}");
    far.read_exact(&mut vec![0; written as usize]).unwrap();
    falls_to(&near, 0);
}

#[test]
fn unix() {
    let (mut near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    assert_eq!(unsent(&near).unwrap(), 0);
    let written = fill(&mut near);
    let left = unsent(&near).unwrap();
    assert!(left >= written, "{left} of {written}");
    far.read_exact(&mut vec![0; written as usize]).unwrap();
    falls_to(&near, 0);
}

#[test]
fn what_is_no_socket_is_an_error() {
    let file = std::fs::File::open("/proc/self/status").unwrap();
    let error = unsent(&file).unwrap_err();
    assert!(error.raw_os_error().is_some(), "{error}");
}
