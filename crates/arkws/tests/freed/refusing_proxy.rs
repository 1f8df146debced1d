//! A proxy that lets nobody through.
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

/// The port of one that refuses whatever it is asked, and keeps nothing of it.
pub(crate) fn refusing_proxy() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let (mut request, mut length) = ([0; 1024], 0);
        while !request[..length].ends_with(b"\r\n\r\n") {
            length += client.read(&mut request[length..]).expect("a request");
        }
        client
            .write_all(b"HTTP/1.1 407 No\r\n\r\n")
            .expect("to answer");
    });
    port
}
