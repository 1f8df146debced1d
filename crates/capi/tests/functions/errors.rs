//! The words of errors: they name what a C program can call.
use std::ffi::{CString, c_int};
use std::io::Write;
use std::path::Path;
use std::ptr;

use net_websocket::client_functions::{
    arkws_client_add_header, arkws_client_clear_headers, arkws_client_destroy,
};
use net_websocket::client_option_functions::{
    arkws_client_set_ca, arkws_client_set_certificate, arkws_client_set_max_queued_bytes,
    arkws_client_set_protocols, arkws_client_set_proxy,
};
use net_websocket::server_functions::{
    arkws_server_destroy, arkws_server_port, arkws_server_start, arkws_server_stop,
};
use net_websocket::server_option_functions::{
    arkws_server_set_certificate, arkws_server_set_limits, arkws_server_set_max_queued_bytes,
    arkws_server_set_message_timeout, arkws_server_set_origins, arkws_server_set_protocols,
};

use crate::client::{Client, connect, send_text};
use crate::seen::{Log, Seen, foreign_word, last_error, own_client, server_that};
use crate::server::{self, Server, start};

/// That the last call has failed with this code, and words with this in them.
#[track_caller]
fn failed(result: c_int, code: c_int, name: &str) {
    assert_eq!(result, code);
    let (_, _, words) = last_error();
    assert!(words.contains(name), "{words}");
}

/// The words of the next error that the server tells, which have this in them.
#[track_caller]
fn told(log: &Log, name: &str) {
    loop {
        match log.next() {
            Seen::Error(_, _, _, words) => {
                assert!(words.contains(name), "{words}");
                return;
            }
            Seen::Accept { .. } | Seen::Close(..) => {}
            seen => panic!("{seen:?}"),
        }
    }
}

fn c_path(path: &Path) -> CString {
    CString::new(path.to_str().unwrap()).unwrap()
}

#[test]
fn foreign_words_are_found() {
    for (words, found) in [
        ("a.pem (caPath): there is none", Some("caPath")),
        ("clientCert.keyPath is none", Some("clientCert.keyPath")),
        ("too many (Limits::max_queued)", Some("Limits::max_queued")),
        (
            "too many (max_unfinished_bytes)",
            Some("max_unfinished_bytes"),
        ),
        (
            "Websocket Unknown Other Error: no",
            Some("Websocket Unknown"),
        ),
        ("WebSocket \"aB\" /tmp/aB (arkws_client_set_ca)", None),
    ] {
        assert_eq!(foreign_word(words), found);
    }
}

#[test]
fn what_a_client_cannot_connect_with_is_named_by_its_function() {
    let (client, _log) = own_client();
    let refused = |code, name: &str| failed(connect(client, "wss://127.0.0.1:9/"), code, name);
    let file = tempfile::NamedTempFile::new().unwrap();
    let (there, missing) = (c_path(file.path()), c"no/such.pem");
    // SAFETY: strings, or NULL.
    unsafe {
        assert_eq!(arkws_client_set_ca(client, missing.as_ptr()), 0);
        refused(1019, "no/such.pem (arkws_client_set_ca)");
        assert_eq!(arkws_client_set_ca(client, ptr::null()), 0);
        for (certificate, key) in [(missing, &*there), (&*there, missing)] {
            let (certificate, key) = (certificate.as_ptr(), key.as_ptr());
            let set = arkws_client_set_certificate(client, certificate, key, ptr::null());
            assert_eq!(set, 0);
            refused(1019, "no/such.pem (arkws_client_set_certificate)");
        }
        let set = arkws_client_set_certificate(client, ptr::null(), ptr::null(), ptr::null());
        assert_eq!(set, 0);

        assert_eq!(arkws_client_set_protocols(client, c"a b".as_ptr()), 0);
        refused(1100, "sub-protocol");
        assert_eq!(arkws_client_set_protocols(client, ptr::null()), 0);
        assert_eq!(
            arkws_client_set_proxy(client, c"http://".as_ptr(), ptr::null()),
            0
        );
        refused(1100, "proxy");
        assert_eq!(arkws_client_set_proxy(client, ptr::null(), ptr::null()), 0);
        for (name, value) in [(c"a b", c"c"), (c"a", c"b\n"), (c"Upgrade", c"c")] {
            assert_eq!(
                arkws_client_add_header(client, name.as_ptr(), value.as_ptr()),
                0
            );
            refused(1100, "header");
            assert_eq!(arkws_client_clear_headers(client), 0);
        }
    }
    failed(connect(client, "http://127.0.0.1/"), 1005, "ws or wss");
    failed(
        connect(client, &format!("ws://{}/", "a".repeat(9000))),
        1005,
        "URL",
    );
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_full_queue_of_a_client_is_named_by_its_function() {
    // A server that never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (client, _log) = own_client();
    assert_eq!(arkws_client_set_max_queued_bytes(client, 1), 0);
    failed(send_text(client, b"early"), 1017, "");
    assert_eq!(
        connect(client, &format!("ws://{}/", listener.local_addr().unwrap())),
        0
    );
    assert_eq!(send_text(client, b"one"), 0);
    failed(
        send_text(client, b"two"),
        1013,
        "(arkws_client_set_max_queued_bytes changes",
    );
    failed(connect(client, "ws://127.0.0.1/"), 1101, "");
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn what_a_server_cannot_start_with_is_named_by_its_function() {
    let (server, _log) = server_that(|_, _| {});
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"no certificate").unwrap();
    let (there, missing) = (c_path(file.path()), c"no/such.pem");
    // SAFETY: strings, or NULL.
    unsafe {
        failed(
            arkws_server_start(server, c"nowhere".as_ptr(), 0),
            1102,
            "the address \"nowhere\"",
        );
        for (certificate, key) in [(missing, &*there), (&*there, missing)] {
            let set = arkws_server_set_certificate(server, certificate.as_ptr(), key.as_ptr());
            assert_eq!(set, 0);
            failed(start(server), 1019, "no/such.pem");
        }
        let (certificate, key) = (there.as_ptr(), there.as_ptr());
        assert_eq!(arkws_server_set_certificate(server, certificate, key), 0);
        failed(
            start(server),
            1100,
            "the certificate (arkws_server_set_certificate) cannot be used",
        );
        let set = arkws_server_set_certificate(server, ptr::null(), ptr::null());
        assert_eq!(set, 0);
        assert_eq!(arkws_server_set_origins(server, c"example.org".as_ptr()), 0);
        failed(
            start(server),
            1100,
            "arkws_server_set_origins: \"example.org\"",
        );
        assert_eq!(arkws_server_set_origins(server, ptr::null()), 0);
        assert_eq!(arkws_server_set_protocols(server, c"a b".as_ptr()), 0);
        failed(start(server), 1100, "arkws_server_set_protocols: \"a b\"");
    }
    failed(arkws_server_stop(server), 1101, "not started");
    assert_eq!(arkws_server_destroy(server), 0);
}

fn url(server: Server) -> String {
    format!("ws://127.0.0.1:{}/", arkws_server_port(server))
}

/// One that has connected.
fn client_of(server: Server) -> (Client, Log) {
    let (client, log) = own_client();
    assert_eq!(connect(client, &url(server)), 0);
    log.open();
    (client, log)
}

#[test]
fn limits_of_a_server_are_named_by_their_functions() {
    for (connections, per_address) in [(1, 0), (0, 1)] {
        let (server, log) = server_that(|_, _| {});
        assert_eq!(arkws_server_set_limits(server, connections, per_address), 0);
        assert_eq!(start(server), 0);
        let (first, _first_log) = client_of(server);
        let (second, second_log) = own_client();
        assert_eq!(connect(second, &url(server)), 0);
        second_log.error();
        told(&log, "(arkws_server_set_limits)");
        assert_eq!(arkws_client_destroy(first), 0);
        assert_eq!(arkws_client_destroy(second), 0);
        assert_eq!(arkws_server_destroy(server), 0);
    }

    let (server, log) = server_that(|_, _| {});
    assert_eq!(arkws_server_set_max_queued_bytes(server, 1), 0);
    assert_eq!(start(server), 0);
    let (client, _client_log) = client_of(server);
    let peer = log.accept();
    let long = "a".repeat(5_000_000);
    // The system takes some of it, and the rest waits.
    let refused = (0..20)
        .map(|_| server::send_text(server, peer, &long))
        .find(|result| *result != 0);
    assert_eq!(refused, Some(1013));
    failed(1013, 1013, "(arkws_server_set_max_queued_bytes changes");
    failed(server::send_text(server, 0, "nobody"), 1103, "");
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn a_message_that_is_never_complete_is_named_by_its_function() {
    let (server, log) = server_that(|_, _| {});
    assert_eq!(arkws_server_set_message_timeout(server, 50), 0);
    assert_eq!(start(server), 0);
    let address = ("127.0.0.1", arkws_server_port(server));
    let mut client = std::net::TcpStream::connect(address).unwrap();
    client
        .write_all(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
              Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        )
        .unwrap();
    log.accept();
    // A frame of text, and more to follow: FIN is not set.
    client.write_all(&[0x01, 0x81, 0, 0, 0, 0, b'a']).unwrap();
    told(&log, "(arkws_server_set_message_timeout changes");
    assert_eq!(arkws_server_destroy(server), 0);
}
