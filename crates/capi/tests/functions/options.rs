//! Options that show in what the other end sees, or in when a connection ends.
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use arkws::Identity;
use arkws::rustls::version::TLS12;
use net_websocket::client_functions::arkws_client_destroy;
use net_websocket::client_option_functions::{
    arkws_client_set_connect_timeout, arkws_client_set_min_tls, arkws_client_set_skip_verification,
    arkws_client_set_write_timeout,
};
use net_websocket::server_functions::{arkws_server_destroy, arkws_server_port};
use net_websocket::server_option_functions::{
    arkws_server_set_deflate, arkws_server_set_heartbeat, arkws_server_set_write_timeout,
};
use rcgen::{CertificateParams, KeyPair};
use socket2::{Domain, Socket, Type};
use tokio_rustls::TlsAcceptor;

use crate::client::{close, connect, send_binary};
use crate::echo::Echo;
use crate::seen::{Log, Seen, own_client, server_that};
use crate::server::{self, Server, start};

/// A connection to `server` whose request offers compression, and the head of the answer.
fn raw_client(server: Server) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", arkws_server_port(server))).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream
        .write_all(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
              Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        )
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    (stream, String::from_utf8(head).unwrap())
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
