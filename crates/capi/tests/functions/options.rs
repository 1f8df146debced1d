//! Options that show in what the other end sees, or in when a connection ends.
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use arkws::Identity;
use arkws::rustls::version::TLS12;
use net_websocket::client_functions::arkws_client_destroy;
use net_websocket::client_option_functions::{
    arkws_client_set_connect_timeout, arkws_client_set_max_fragments,
    arkws_client_set_max_header_bytes, arkws_client_set_max_headers,
    arkws_client_set_max_redirects, arkws_client_set_min_tls, arkws_client_set_skip_verification,
    arkws_client_set_write_timeout,
};
use net_websocket::server_functions::{arkws_server_destroy, arkws_server_port};
use net_websocket::server_option_functions::{
    arkws_server_set_deflate, arkws_server_set_heartbeat, arkws_server_set_max_fragments,
    arkws_server_set_max_header_bytes, arkws_server_set_max_headers,
    arkws_server_set_write_timeout,
};
use rcgen::{CertificateParams, KeyPair};
use socket2::{Domain, Socket, Type};
use tokio_rustls::TlsAcceptor;

use crate::client::{Client, close, connect, send_binary, send_text};
use crate::echo::Echo;
use crate::seen::{Log, Seen, own_client, server_that};
use crate::server::{self, Server, start};

/// A connection to `server` whose request offers compression, and the head of the answer.
fn raw_client(server: Server) -> (TcpStream, String) {
    raw_client_with(server, "")
}

/// The same, with these header fields too.
fn raw_client_with(server: Server, fields: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", arkws_server_port(server))).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n{fields}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let answer = head(&mut stream);
    (stream, answer)
}

/// The head of a request or of an answer.
fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    String::from_utf8(head).unwrap()
}

/// The cause and the words of the error that ends a connection.
#[track_caller]
fn lost(log: &Log) -> (String, String) {
    loop {
        match log.next() {
            Seen::Error(_, _, cause, words) => return (cause, words),
            Seen::Accept { .. } | Seen::Unsent(..) => {}
            seen => panic!("{seen:?}"),
        }
    }
}

#[test]
fn a_server_compresses_if_it_is_to() {
    for accept in [0, 1] {
        let (server, _log) = server_that(|_, _| {});
        assert_eq!(arkws_server_set_deflate(server, accept), 0);
        assert_eq!(start(server), 0);
        let (_stream, head) = raw_client(server);
        let agreed = head.contains("permessage-deflate");
        assert_eq!(agreed, accept != 0, "{head}");
        assert_eq!(arkws_server_destroy(server), 0);
    }
}

#[test]
fn a_server_pings_a_silent_client_and_gives_it_up() {
    let (server, log) = server_that(|_, _| {});
    // In seconds, the least there is.
    assert_eq!(arkws_server_set_heartbeat(server, 1), 0);
    assert_eq!(start(server), 0);
    let (mut stream, _) = raw_client(server);
    let mut first = [0];
    stream.read_exact(&mut first).unwrap();
    // A ping (RFC 6455, 5.5.2), which nobody answers.
    assert_eq!(first, [0x89]);
    let (cause, words) = lost(&log);
    assert_eq!(cause, "heartbeat", "{words}");
    assert!(words.contains("arkws_server_set_heartbeat"), "{words}");
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn who_takes_nothing_is_given_up() {
    let echo = Echo::start();
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_write_timeout(client, 100), 0);
    assert_eq!(connect(client, &format!("{}silent", echo.url())), 0);
    log.open();
    // More than the system takes; it may be over before that.
    let large = vec![0; 4 << 20];
    let sent = (0..8).take_while(|_| send_binary(client, &large) == 0);
    assert!(sent.count() > 0);
    let (cause, words) = lost(&log);
    assert_eq!(cause, "timeout", "{words}");
    assert!(words.contains("arkws_client_set_write_timeout"), "{words}");
    // Not the default.
    assert!(words.contains("100ms"), "{words}");
    assert_eq!(arkws_client_destroy(client), 0);

    let (server, log) = server_that(|_, _| {});
    assert_eq!(arkws_server_set_write_timeout(server, 100), 0);
    assert_eq!(start(server), 0);
    let (_stream, _) = raw_client(server);
    let peer = log.accept();
    let long = "a".repeat(5_000_000);
    let sent = (0..3).take_while(|_| server::send_text(server, peer, &long) == 0);
    assert!(sent.count() > 0);
    let (cause, words) = lost(&log);
    assert_eq!(cause, "timeout", "{words}");
    assert!(words.contains("arkws_server_set_write_timeout"), "{words}");
    assert!(words.contains("100ms"), "{words}");
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_host_that_does_not_answer_is_a_timeout() {
    // Nobody accepts, and no more may wait: the system drops what else comes.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    full.bind(&any.into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let _waits = TcpStream::connect(address).unwrap();
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_connect_timeout(client, 100), 0);
    assert_eq!(connect(client, &format!("ws://{address}/")), 0);
    let (code, cause, words) = log.error();
    assert_eq!((code, cause.as_str()), (1003, "timeout"), "{words}");
    assert!(
        words.contains("arkws_client_set_connect_timeout"),
        "{words}"
    );
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_server_without_the_lowest_version_of_tls_is_refused() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    let key = key.serialize_pem();
    let identity = Identity::from_pem(certificate.as_bytes(), key.as_bytes(), None).unwrap();
    let provider = Arc::new(arkws::rustls::crypto::ring::default_provider());
    let config = arkws::rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(identity.server_config().unwrap().cert_resolver.clone());
    let echo = Echo::start_tls(TlsAcceptor::from(Arc::new(config)));
    let url = format!("wss://{}/", echo.address);
    for (version, opens) in [(12, true), (13, false)] {
        let (client, log) = own_client();
        assert_eq!(arkws_client_set_skip_verification(client, 1), 0);
        assert_eq!(arkws_client_set_min_tls(client, version), 0);
        assert_eq!(connect(client, &url), 0);
        if opens {
            log.open();
            assert_eq!(close(client, 1000), 0);
            log.close();
        } else {
            let (_, cause, words) = log.error();
            assert_eq!(cause, "tls", "{words}");
        }
        assert_eq!(arkws_client_destroy(client), 0);
    }
}

/// A server that gives every request this answer, and tells of each.
fn answering(answer: String) -> (SocketAddr, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            head(&mut stream);
            // The test may be over.
            let _ = asked.send(());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, requests)
}

/// The cause and the words with which a connect to it fails.
#[track_caller]
fn fails(client: Client, log: &Log, address: SocketAddr) -> (String, String) {
    assert_eq!(connect(client, &format!("ws://{address}/")), 0);
    let (_, cause, words) = log.error();
    (cause, words)
}

#[test]
fn redirects_are_followed_as_often_as_is_set() {
    let circle = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
    let (address, requests) = answering(circle.to_owned());
    let (client, log) = own_client();
    for (limit, told) in [(0, "302"), (1, "(arkws_client_set_max_redirects changes")] {
        assert_eq!(arkws_client_set_max_redirects(client, limit), 0);
        let (cause, words) = fails(client, &log, address);
        assert_eq!(cause == "redirect", limit > 0, "{words}");
        assert!(words.contains(told), "{words}");
        assert_eq!(requests.try_iter().count(), limit + 1);
    }
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_client_reads_a_head_as_large_as_is_set() {
    let fields = "X: 0123456789\r\n".repeat(150);
    let (address, _requests) = answering(format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n{fields}\r\n"
    ));
    let (client, log) = own_client();
    // The head has 152 fields, and some 2,300 bytes.
    for (bytes, number, told) in [
        (1 << 14, 10, "10 (arkws_client_set_max_headers changes"),
        (1 << 14, 200, "403"),
        (1000, 200, "(arkws_client_set_max_header_bytes changes"),
        (3000, 200, "403"),
    ] {
        assert_eq!(arkws_client_set_max_header_bytes(client, bytes), 0);
        assert_eq!(arkws_client_set_max_headers(client, number), 0);
        let (cause, words) = fails(client, &log, address);
        assert_eq!(cause, "handshake");
        assert!(words.contains(told), "{told}: {words}");
    }
    assert_eq!(arkws_client_set_max_headers(client, 0), 1100);
    assert_eq!(arkws_client_set_max_header_bytes(client, 0), 1100);
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_server_reads_a_head_as_large_as_is_set() {
    let fields = "X: 0123456789\r\n".repeat(150);
    for (bytes, number, told) in [
        (1 << 14, 10, "10 (arkws_server_set_max_headers changes"),
        (1000, 200, "(arkws_server_set_max_header_bytes changes"),
        (3000, 200, ""),
    ] {
        let (server, log) = server_that(|_, _| {});
        assert_eq!(arkws_server_set_max_header_bytes(server, bytes), 0);
        assert_eq!(arkws_server_set_max_headers(server, number), 0);
        assert_eq!(arkws_server_set_max_headers(server, 0), 1100);
        assert_eq!(arkws_server_set_max_header_bytes(server, 0), 1100);
        assert_eq!(start(server), 0);
        let (_stream, answer) = raw_client_with(server, &fields);
        if told.is_empty() {
            assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        } else {
            assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
            let (_, words) = lost(&log);
            assert!(words.contains(told), "{told}: {words}");
        }
        assert_eq!(arkws_server_destroy(server), 0);
    }
}

#[test]
fn a_message_has_as_many_fragments_as_is_set() {
    let echo = Echo::start();
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_max_fragments(client, 0), 1100);
    for (limit, is_taken) in [(4, true), (3, false)] {
        assert_eq!(arkws_client_set_max_fragments(client, limit), 0);
        assert_eq!(connect(client, &echo.url()), 0);
        log.open();
        assert_eq!(send_text(client, b"fragments"), 0);
        if is_taken {
            log.text("aaa");
            assert_eq!(close(client, 1000), 0);
        } else {
            let (cause, words) = lost(&log);
            assert_eq!(cause, "too-big", "{words}");
            let told = "(arkws_client_set_max_fragments changes";
            assert!(words.contains(told), "{words}");
        }
        log.close();
    }
    assert_eq!(arkws_client_destroy(client), 0);

    let (server, log) = server_that(|_, _| {});
    assert_eq!(arkws_server_set_max_fragments(server, 0), 1100);
    assert_eq!(arkws_server_set_max_fragments(server, 3), 0);
    assert_eq!(start(server), 0);
    let (mut stream, _) = raw_client(server);
    // Masked with 0 (RFC 6455, 5.2): one message of three frames, and the first four of another.
    for first in [0x01, 0x00, 0x80, 0x01, 0x00, 0x00, 0x00] {
        let frame = [first, 0x81, 0, 0, 0, 0, b'a'];
        stream.write_all(&frame).unwrap();
    }
    log.accept();
    log.text("aaa");
    let (cause, words) = lost(&log);
    assert_eq!(cause, "too-big", "{words}");
    let told = "(arkws_server_set_max_fragments changes";
    assert!(words.contains(told), "{words}");
    assert_eq!(arkws_server_destroy(server), 0);
}
