//! Servers.
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;

use net_websocket::client_functions::arkws_client_destroy;
use net_websocket::server_functions::{
    arkws_server_broadcast_binary, arkws_server_broadcast_text, arkws_server_close,
    arkws_server_destroy, arkws_server_peer_address, arkws_server_port, arkws_server_send_binary,
    arkws_server_send_text, arkws_server_start, arkws_server_stop,
};
use net_websocket::server_option_functions::{
    arkws_server_set_certificate, arkws_server_set_handshake_timeout, arkws_server_set_limits,
    arkws_server_set_max_message_size, arkws_server_set_message_timeout, arkws_server_set_origins,
    arkws_server_set_protocols, arkws_server_set_write_timeout,
};
use net_websocket::server_types::ServerMemory;

use crate::client::{close as close_client, connect, send_binary, send_text as send_to_server};
use crate::seen::{Log, Seen, last_error, own_client, server_that};

pub(crate) type Server = *mut ServerMemory;

pub(crate) fn start(server: Server) -> c_int {
    // SAFETY: a string.
    unsafe { arkws_server_start(server, c"127.0.0.1".as_ptr(), 0) }
}

fn url(server: Server, target: &str) -> String {
    format!("ws://127.0.0.1:{}{target}", arkws_server_port(server))
}

pub(crate) fn send_text(server: Server, peer: u64, text: &str) -> c_int {
    // SAFETY: so many bytes.
    unsafe { arkws_server_send_text(server, peer, text.as_ptr().cast(), text.len()) }
}

fn close(server: Server, peer: u64, code: u16, reason: *const c_char) -> c_int {
    // SAFETY: a string, or NULL.
    unsafe { arkws_server_close(server, peer, code, reason) }
}

fn started() -> (Server, Log) {
    let (server, log) = server_that(|_, _| {});
    assert_eq!(start(server), 0);
    (server, log)
}

#[test]
fn a_conversation() {
    let (server, log) = server_that(|_, _| {});
    // SAFETY: a string.
    let set = unsafe { arkws_server_set_protocols(server, c"chat".as_ptr()) };
    assert_eq!(set, 0);
    assert_eq!(start(server), 0);
    let (client, client_log) = own_client();
    assert_eq!(connect(client, &url(server, "/room?x=1")), 0);
    client_log.open();
    let (thread, seen) = log.next_with_thread();
    let Seen::Accept {
        peer,
        address,
        target,
        origin,
        protocol,
    } = seen
    else {
        panic!("{seen:?}");
    };
    assert!(peer > 0 && address.starts_with("127.0.0.1:"), "{address}");
    assert_eq!((target.as_str(), protocol), ("/room?x=1", None));
    // The client's Origin is the server, without a port, as on the platform.
    assert_eq!(origin.as_deref(), Some("http://127.0.0.1"));

    let mut buffer = [1; 64];
    // SAFETY: so many bytes.
    let told = unsafe { arkws_server_peer_address(server, peer, buffer.as_mut_ptr(), 64) };
    assert_eq!(told, 0);
    // SAFETY: it ends with a NUL.
    let told = unsafe { CStr::from_ptr(buffer.as_ptr()) };
    assert_eq!(told.to_str().unwrap(), address);
    // SAFETY: so many bytes.
    let small =
        unsafe { arkws_server_peer_address(server, peer, buffer.as_mut_ptr(), address.len()) };
    assert_eq!(small, 1100);

    assert_eq!(send_to_server(client, b"hello"), 0);
    assert_eq!(send_binary(client, b"a\0b"), 0);
    let text = Seen::Message(peer, b"hello".into(), Some(true));
    let binary = Seen::Message(peer, b"a\0b".into(), Some(false));
    assert_eq!(log.next_with_thread(), (thread, text));
    assert_eq!(log.next_with_thread(), (thread, binary));
    assert_eq!(send_text(server, peer, "welcome"), 0);
    client_log.text("welcome");
    // SAFETY: so many bytes.
    let sent = unsafe { arkws_server_send_binary(server, peer, c"".as_ptr().cast(), 1) };
    assert_eq!(sent, 0);
    assert_eq!(client_log.next(), Seen::Message(0, vec![0], Some(false)));
    assert_eq!(close_client(client, 4001), 0);
    assert_eq!(log.next(), Seen::Close(peer, 4001, "done".into()));
    assert_eq!(send_text(server, peer, "late"), 1103);
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_server_destroy(server), 0);
    assert_eq!(arkws_server_destroy(server), 1002);
}

#[test]
fn a_broadcast_reaches_everybody_and_one_client_is_closed() {
    let (server, log) = started();
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let (client, client_log) = own_client();
            assert_eq!(connect(client, &url(server, "/")), 0);
            client_log.open();
            (client, client_log, log.accept())
        })
        .collect();
    // SAFETY: so many bytes.
    unsafe {
        assert_eq!(arkws_server_broadcast_text(server, c"all".as_ptr(), 3), 0);
        assert_eq!(arkws_server_broadcast_binary(server, ptr::null(), 0), 0);
        assert_eq!(
            arkws_server_broadcast_text(server, c"\xff".as_ptr(), 1),
            1100
        );
    }
    for (_, client_log, _) in &clients {
        client_log.text("all");
        assert_eq!(client_log.next(), Seen::Message(0, Vec::new(), Some(false)));
    }
    let (_, client_log, peer) = &clients[1];
    assert_eq!(close(server, *peer, 4005, c"enough".as_ptr()), 0);
    assert_eq!(client_log.close(), (4005, "enough".into()));
    assert_eq!(log.next(), Seen::Close(*peer, 4005, "enough".into()));
    assert_eq!(close(server, *peer, 4005, ptr::null()), 1103);
    for (client, ..) in clients {
        assert_eq!(arkws_client_destroy(client), 0);
    }
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn a_stop_closes_everybody_and_the_server_starts_again() {
    let (server, log) = started();
    for _ in 0..2 {
        let (client, client_log) = own_client();
        assert_eq!(connect(client, &url(server, "/")), 0);
        client_log.open();
        let peer = log.accept();
        assert_eq!(arkws_server_stop(server), 0);
        assert_eq!(arkws_server_stop(server), 1101);
        assert_eq!(client_log.close().0, 1001);
        assert!(matches!(log.next(), Seen::Close(told, 1001, _) if told == peer));
        assert_eq!(log.next(), Seen::Stop);
        assert_eq!(arkws_server_port(server), 0);
        // SAFETY: so many bytes.
        let broadcast = unsafe { arkws_server_broadcast_text(server, c"all".as_ptr(), 3) };
        assert_eq!(broadcast, 1101);
        assert_eq!(start(server), 0);
        assert_eq!(arkws_client_destroy(client), 0);
    }
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn what_cannot_be_listened_on_is_told_by_the_result() {
    let (server, log) = started();
    assert_eq!(start(server), 1101);
    let port = arkws_server_port(server);
    let (other, other_log) = server_that(|_, _| {});
    // SAFETY: strings.
    unsafe {
        assert_eq!(arkws_server_start(other, c"127.0.0.1".as_ptr(), port), 1102);
        let (code, _, words) = last_error();
        assert_eq!(code, 1102);
        assert!(words.contains(&port.to_string()), "{words}");
        assert_eq!(arkws_server_start(other, c"nowhere".as_ptr(), 0), 1102);
        assert_eq!(arkws_server_start(other, c"\xff".as_ptr(), 0), 1100);
        let missing = c"no/such.pem".as_ptr();
        assert_eq!(arkws_server_set_certificate(other, missing, missing), 0);
        assert_eq!(arkws_server_start(other, c"127.0.0.1".as_ptr(), 0), 1019);
        assert_eq!(
            arkws_server_set_certificate(other, missing, ptr::null()),
            1100
        );
        assert_eq!(
            arkws_server_set_certificate(other, c"".as_ptr(), missing),
            1100
        );
        assert_eq!(
            arkws_server_set_certificate(other, ptr::null(), ptr::null()),
            0
        );
    }
    assert_eq!(start(other), 0);
    assert_eq!(arkws_server_stop(other), 0);
    // The starts that failed have no `on_stop`.
    assert_eq!(other_log.next(), Seen::Stop);
    assert!(other_log.is_empty() && log.is_empty());
    assert_eq!(arkws_server_destroy(other), 0);
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn origins_and_limits_keep_clients_out() {
    let (server, log) = server_that(|_, _| {});
    // SAFETY: strings.
    let set = unsafe { arkws_server_set_origins(server, c"https://example.org".as_ptr()) };
    assert_eq!(set, 0);
    assert_eq!(start(server), 0);
    let (client, client_log) = own_client();
    assert_eq!(connect(client, &url(server, "/")), 0);
    assert_eq!(client_log.error().1, "handshake");
    assert!(matches!(log.next(), Seen::Error(0, 1003, ..)));
    assert_eq!(arkws_server_stop(server), 0);
    assert_eq!(log.next(), Seen::Stop);

    // SAFETY: NULL.
    assert_eq!(unsafe { arkws_server_set_origins(server, ptr::null()) }, 0);
    assert_eq!(arkws_server_set_limits(server, 1, 0), 0);
    assert_eq!(arkws_server_set_max_message_size(server, 0), 1100);
    assert_eq!(arkws_server_set_max_message_size(server, 4), 0);
    assert_eq!(start(server), 0);
    assert_eq!(connect(client, &url(server, "/")), 0);
    client_log.open();
    let peer = log.accept();
    let (second, second_log) = own_client();
    assert_eq!(connect(second, &url(server, "/")), 0);
    assert_eq!(second_log.error().1, "handshake");
    assert!(matches!(log.next(), Seen::Error(0, _, cause, _) if cause == "limit"));
    assert_eq!(send_to_server(client, b"12345"), 0);
    assert!(matches!(log.next(), Seen::Error(told, 1012, ..) if told == peer));
    assert!(matches!(log.next(), Seen::Close(told, 1006, _) if told == peer));
    for client in [client, second] {
        assert_eq!(arkws_client_destroy(client), 0);
    }
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    let (server, log) = server_that(|_, _| {});
    assert_eq!(arkws_server_set_handshake_timeout(server, 0), 1100);
    assert_eq!(arkws_server_set_handshake_timeout(server, 50), 0);
    assert_eq!(arkws_server_set_write_timeout(server, 0), 0);
    assert_eq!(arkws_server_set_message_timeout(server, 50), 0);
    assert_eq!(start(server), 0);
    let silent = std::net::TcpStream::connect(("127.0.0.1", arkws_server_port(server))).unwrap();
    let Seen::Error(0, 1003, cause, words) = log.next() else {
        panic!("no error");
    };
    assert_eq!(cause, "timeout", "{words}");
    assert!(
        words.contains("(arkws_server_set_handshake_timeout changes"),
        "{words}"
    );
    drop(silent);
    assert_eq!(arkws_server_destroy(server), 0);
}

#[test]
fn a_server_answers_and_is_destroyed_from_inside_its_callbacks() {
    let (server, log) = server_that(|server, seen| match seen {
        Seen::Message(peer, text, _) if text == b"end" => {
            assert_eq!(arkws_server_destroy(server), 0);
            assert_eq!(send_text(server, *peer, "late"), 1002);
        }
        Seen::Message(peer, ..) => assert_eq!(send_text(server, *peer, "thanks"), 0),
        _ => {}
    });
    assert_eq!(start(server), 0);
    let (client, client_log) = own_client();
    assert_eq!(connect(client, &url(server, "/")), 0);
    client_log.open();
    log.accept();
    assert_eq!(send_to_server(client, b"one"), 0);
    log.text("one");
    client_log.text("thanks");
    assert_eq!(send_to_server(client, b"end"), 0);
    log.text("end");
    assert_eq!(client_log.close().0, 1001);
    assert!(log.is_empty());
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn null_and_strangers_are_refused() {
    let nobody = ptr::null_mut();
    let stranger: Server = ptr::without_provenance_mut(8);
    for (server, code) in [(nobody, 1001), (stranger, 1002)] {
        assert_eq!(start(server), code);
        assert_eq!(arkws_server_port(server), 0);
        assert_eq!(last_error().0, code);
        assert_eq!(arkws_server_stop(server), code);
        assert_eq!(send_text(server, 1, "a"), code);
        assert_eq!(close(server, 1, 1000, ptr::null()), code);
        assert_eq!(arkws_server_destroy(server), code);
    }
    let (server, _log) = started();
    assert_eq!(send_text(server, 0, "a"), 1103);
    assert_eq!(send_text(server, u64::MAX, "a"), 1103);
    let long = CString::new("a").unwrap();
    // SAFETY: it is not read.
    let sent = unsafe { arkws_server_send_text(server, 1, ptr::null(), 1) };
    assert_eq!(sent, 1011);
    // SAFETY: so many bytes.
    let sent = unsafe { arkws_server_send_text(server, 1, long.as_ptr(), 1) };
    assert_eq!(sent, 1103);
    assert_eq!(arkws_server_destroy(server), 0);
}
