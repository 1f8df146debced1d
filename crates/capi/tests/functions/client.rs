//! Clients of our own header.
use std::ffi::{CString, c_int, c_void};
use std::ptr;

use net_websocket::client_functions::{
    arkws_client_add_header, arkws_client_clear_headers, arkws_client_close, arkws_client_connect,
    arkws_client_create, arkws_client_destroy, arkws_client_ping, arkws_client_send_binary,
    arkws_client_send_text, arkws_client_stats,
};
use net_websocket::client_option_functions::{
    arkws_client_set_ca, arkws_client_set_certificate, arkws_client_set_connect_timeout,
    arkws_client_set_deflate, arkws_client_set_handshake_timeout, arkws_client_set_heartbeat,
    arkws_client_set_max_message_size, arkws_client_set_max_queued_bytes, arkws_client_set_min_tls,
    arkws_client_set_protocols, arkws_client_set_proxy, arkws_client_set_queue,
    arkws_client_set_write_timeout,
};
use net_websocket::client_types::{ClientCallbacks, ClientStats};
use net_websocket::platform_types::WebSocketMemory;

use crate::echo::Echo;
use crate::platform;
use crate::seen::{CALLBACKS, Seen, last_error, own_client};

pub(crate) type Client = *mut WebSocketMemory;

pub(crate) fn connect(client: Client, url: &str) -> c_int {
    let url = CString::new(url).unwrap();
    // SAFETY: the string lives.
    unsafe { arkws_client_connect(client, url.as_ptr()) }
}

pub(crate) fn send_text(client: Client, text: &[u8]) -> c_int {
    // SAFETY: so many bytes.
    unsafe { arkws_client_send_text(client, text.as_ptr().cast(), text.len()) }
}

pub(crate) fn send_binary(client: Client, data: &[u8]) -> c_int {
    // SAFETY: so many bytes.
    unsafe { arkws_client_send_binary(client, data.as_ptr().cast(), data.len()) }
}

fn ping(client: Client, data: &[u8]) -> c_int {
    // SAFETY: so many bytes.
    unsafe { arkws_client_ping(client, data.as_ptr().cast(), data.len()) }
}

pub(crate) fn close(client: Client, code: u16) -> c_int {
    // SAFETY: a string.
    unsafe { arkws_client_close(client, code, c"done".as_ptr()) }
}

fn stats(client: Client) -> ClientStats {
    let mut stats = ClientStats {
        size: size_of::<ClientStats>(),
        ..ClientStats::default()
    };
    // SAFETY: it can be written.
    assert_eq!(unsafe { arkws_client_stats(client, &raw mut stats) }, 0);
    stats
}

#[test]
fn messages_are_of_the_kind_that_is_asked_for_and_may_be_empty() {
    let echo = Echo::start();
    let (client, log) = own_client();
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(send_text(client, b"a\0b"), 0);
    assert_eq!(send_binary(client, b"abc"), 0);
    assert_eq!(send_text(client, b""), 0);
    // SAFETY: no bytes.
    let empty = unsafe { arkws_client_send_binary(client, ptr::null(), 0) };
    assert_eq!(empty, 0);
    log.text("text a\0b");
    log.text("binary [97, 98, 99]");
    log.text("text ");
    log.text("binary []");
    assert_eq!(send_text(client, b"\xff"), 1100);
    assert_eq!(last_error().1, "invalid");
    // SAFETY: NULL.
    let null = unsafe { arkws_client_send_text(client, ptr::null(), 1) };
    assert_eq!(null, 1011);
    assert_eq!(send_binary(client, &vec![0; 5_242_865]), 1012);
    assert_eq!(close(client, 4003), 0);
    assert_eq!(log.close(), (4003, "done".into()));
    assert_eq!(send_text(client, b"late"), 1017);
    assert_eq!(last_error().1, "closed");
    assert_eq!(arkws_client_destroy(client), 0);
    assert_eq!(arkws_client_destroy(client), 1002);
}

#[test]
fn the_platforms_functions_work_on_it_too() {
    let echo = Echo::start();
    let (client, log) = own_client();
    assert_eq!(platform::connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(platform::send(client, b"hello"), 0);
    log.text("text hello");
    assert_eq!(platform::close(client, 1000, ptr::null()), 0);
    log.close();
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_ping_is_answered_and_counted() {
    let echo = Echo::start();
    let (client, log) = own_client();
    assert_eq!(ping(client, b"early"), 1017);
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(ping(client, b"are you there"), 0);
    assert_eq!(log.next(), Seen::Pong(b"are you there".into()));
    assert_eq!(ping(client, &[0; 126]), 1012);
    assert_eq!(send_text(client, b"x"), 0);
    log.text("text x");
    let now = stats(client);
    assert_eq!((now.state, now.messages_received), (1, 1));
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn sub_protocol_compression_and_fields_reach_the_server() {
    let echo = Echo::start();
    let (client, log) = own_client();
    // SAFETY: strings.
    unsafe {
        assert_eq!(
            arkws_client_set_protocols(client, c"chat.v1, chat.v2".as_ptr()),
            0
        );
        assert_eq!(
            arkws_client_add_header(client, c"X-Gone".as_ptr(), c"1".as_ptr()),
            0
        );
        assert_eq!(arkws_client_clear_headers(client), 0);
        assert_eq!(
            arkws_client_add_header(client, c"X-Here".as_ptr(), c"1".as_ptr()),
            0
        );
    }
    assert_eq!(arkws_client_set_deflate(client, 1), 0);
    assert_eq!(connect(client, &echo.url()), 0);
    let Seen::Open { protocol, .. } = log.next() else {
        panic!("no open");
    };
    assert_eq!(protocol.as_deref(), Some("chat.v2"));
    let fields = echo.requests.recv().unwrap();
    assert!(fields.contains_key("x-here") && !fields.contains_key("x-gone"));
    let long = "a".repeat(100_000);
    assert_eq!(send_text(client, long.as_bytes()), 0);
    log.text(&format!("text {long}"));
    assert_eq!(close(client, 1000), 0);
    log.close();
    let (_, on_the_wire) = echo.ends.recv().unwrap();
    assert!(on_the_wire.bytes_received < 10_000, "{on_the_wire:?}");
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_message_over_the_limit_ends_the_connection_with_1012() {
    let echo = Echo::start();
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_max_message_size(client, 10), 0);
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(send_text(client, b"123456789"), 0);
    let (code, cause, words) = log.error();
    assert_eq!((code, cause.as_str()), (1012, "too-big"), "{words}");
    assert!(
        words.contains("(arkws_client_set_max_message_size changes"),
        "{words}"
    );
    assert_eq!(log.close().0, 1006);
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn more_than_may_wait_is_refused() {
    // A server that never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let (client, _log) = own_client();
    assert_eq!(arkws_client_set_max_queued_bytes(client, 1000), 0);
    // Before the platform's send has a connection, too.
    assert_eq!(platform::send(client, &[b'a'; 900]), 0);
    assert_eq!(platform::send(client, &[b'a'; 900]), 1013);
    assert_eq!(last_error().1, "queue-full");
    assert_eq!(connect(client, &url), 0);
    assert_eq!(send_text(client, &[b'a'; 900]), 1013);
    assert_eq!(last_error().1, "queue-full");
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_handshake_that_takes_too_long_is_a_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let (client, log) = own_client();
    assert_eq!(arkws_client_set_handshake_timeout(client, 50), 0);
    assert_eq!(connect(client, &url), 0);
    let (code, cause, words) = log.error();
    assert_eq!((code, cause.as_str()), (1003, "timeout"), "{words}");
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn messages_that_were_taken_and_not_sent_are_told() {
    // A server that never answers, and is gone then.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let (client, log) = own_client();
    assert_eq!(connect(client, &url), 0);
    let (accepted, _) = listener.accept().unwrap();
    for _ in 0..3 {
        assert_eq!(send_text(client, b"lost"), 0);
    }
    drop((listener, accepted));
    let mut told = [log.next(), log.next()];
    told.sort_by_key(|seen| matches!(seen, Seen::Error(..)));
    let Seen::Unsent(0, 3, 1003, cause) = &told[0] else {
        panic!("{told:?}");
    };
    assert!(matches!(&told[1], Seen::Error(0, 1003, same, _) if same == cause));
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_server_that_does_not_answer_pings_is_given_up() {
    let echo = Echo::start();
    let (client, log) = own_client();
    // In seconds, the least there is.
    assert_eq!(arkws_client_set_heartbeat(client, 1, 1), 0);
    assert_eq!(connect(client, &format!("{}silent", echo.url())), 0);
    log.open();
    let (code, cause, words) = log.error();
    assert_eq!((code, cause.as_str()), (1003, "heartbeat"), "{words}");
    assert!(words.contains("arkws_client_set_heartbeat"), "{words}");
    assert_eq!(log.close().0, 1006);
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_proxy_is_asked_unless_the_host_is_excluded() {
    use std::io::{Read, Write};
    let echo = Echo::start();
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = CString::new(format!("http://{}", proxy.local_addr().unwrap())).unwrap();
    let (client, log) = own_client();
    // SAFETY: strings.
    let set = unsafe { arkws_client_set_proxy(client, address.as_ptr(), ptr::null()) };
    assert_eq!(set, 0);
    assert_eq!(connect(client, &echo.url()), 0);
    let (mut asked, _) = proxy.accept().unwrap();
    let mut request = [0; 8];
    asked.read_exact(&mut request).unwrap();
    assert_eq!(&request, b"CONNECT ");
    asked.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap();
    assert_eq!(log.error().1, "proxy");
    // SAFETY: strings.
    let set = unsafe { arkws_client_set_proxy(client, address.as_ptr(), c"a, 127.0.0.1".as_ptr()) };
    assert_eq!(set, 0);
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn a_url_that_is_none_is_told_by_the_result_alone() {
    let (client, log) = own_client();
    for url in ["www.baidu.com", "", "http://127.0.0.1/"] {
        assert_eq!(connect(client, url), 1005);
        let (code, cause, words) = last_error();
        assert_eq!((code, cause.as_str()), (1005, "invalid"), "{words}");
    }
    // SAFETY: NULL, and a string that is not UTF-8.
    unsafe {
        assert_eq!(arkws_client_connect(client, ptr::null()), 1005);
        assert_eq!(arkws_client_connect(client, c"\xff".as_ptr()), 1005);
    }
    let echo = Echo::start();
    assert_eq!(connect(client, &echo.url()), 0);
    assert_eq!(connect(client, &echo.url()), 1101);
    log.open();
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn options_that_cannot_be_are_refused() {
    let (client, _log) = own_client();
    let latin1 = c"\xe9".as_ptr();
    // SAFETY: strings, or NULL.
    unsafe {
        assert_eq!(arkws_client_set_ca(client, latin1), 1100);
        assert_eq!(arkws_client_set_proxy(client, latin1, ptr::null()), 1100);
        assert_eq!(arkws_client_set_protocols(client, latin1), 1100);
        let one = arkws_client_set_certificate(client, c"a".as_ptr(), ptr::null(), ptr::null());
        assert_eq!(one, 1100);
        assert_eq!(arkws_client_add_header(client, ptr::null(), latin1), 1015);
        assert_eq!(arkws_client_stats(client, ptr::null_mut()), 1100);
    }
    assert_eq!(arkws_client_set_min_tls(client, 11), 1100);
    assert_eq!(arkws_client_set_heartbeat(client, 30_001, 1), 1100);
    assert_eq!(arkws_client_set_heartbeat(client, 10, 11), 1100);
    assert_eq!(arkws_client_set_connect_timeout(client, 0), 1100);
    assert_eq!(arkws_client_set_handshake_timeout(client, 0), 1100);
    assert_eq!(arkws_client_set_max_message_size(client, 0), 1100);
    assert_eq!(arkws_client_set_queue(client, ptr::null_mut()), 1001);
    // These may be: for ever.
    assert_eq!(arkws_client_set_write_timeout(client, 0), 0);
    assert_eq!(arkws_client_set_heartbeat(client, 0, 0), 0);
    // A file that is not there shows when it is needed.
    // SAFETY: strings.
    unsafe {
        assert_eq!(arkws_client_set_ca(client, c"no/such.pem".as_ptr()), 0);
        assert_eq!(
            arkws_client_set_ca(ptr::null_mut(), c"no/such.pem".as_ptr()),
            1001
        );
    }
    assert_eq!(connect(client, "wss://127.0.0.1:9/"), 1019);
    assert_eq!(arkws_client_destroy(client), 0);
}

#[test]
fn callbacks_are_read_as_far_as_their_size_says() {
    let create = |size| {
        let callbacks = ClientCallbacks { size, ..CALLBACKS };
        // SAFETY: a struct of the library's type, and of no more bytes than its size.
        unsafe { arkws_client_create(&raw const callbacks, ptr::null_mut::<c_void>()) }
    };
    for size in [0, 1, size_of::<usize>() + 1] {
        assert!(create(size).is_null());
        assert_eq!(last_error().0, 1100);
    }
    // The callbacks would need a user pointer: none of them is called.
    let client = create(size_of::<usize>());
    let echo = Echo::start();
    assert_eq!(connect(client, &echo.url()), 0);
    assert_eq!(send_text(client, b"close"), 0);
    echo.ends.recv().unwrap();
    assert_eq!(arkws_client_destroy(client), 0);
    // SAFETY: NULL: no callbacks.
    let client = unsafe { arkws_client_create(ptr::null(), ptr::null_mut()) };
    assert_eq!(arkws_client_destroy(client), 0);
}
