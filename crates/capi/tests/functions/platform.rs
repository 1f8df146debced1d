//! The platform's six functions.
use std::ffi::{CString, c_char, c_int};
use std::ptr;
use std::sync::mpsc;

use net_websocket::platform_functions::{
    OH_WebSocketClient_AddHeader, OH_WebSocketClient_Close, OH_WebSocketClient_Connect,
    OH_WebSocketClient_Constructor, OH_WebSocketClient_Destroy, OH_WebSocketClient_Send,
};
use net_websocket::platform_types::{
    WebSocketCloseOption, WebSocketHeader, WebSocketMemory, WebSocketRequestOptions,
};

use crate::echo::Echo;
use crate::seen::{Seen, last_error, platform_client, platform_client_that};

/// As a program connects: with the client's own fields.
pub(crate) fn connect(client: *mut WebSocketMemory, url: &str) -> c_int {
    let url = CString::new(url).unwrap();
    // SAFETY: the client lives, and the string does.
    unsafe { OH_WebSocketClient_Connect(client, url.as_ptr(), (*client).request_options) }
}

pub(crate) fn send(client: *mut WebSocketMemory, data: &[u8]) -> c_int {
    // SAFETY: so many bytes, which the library does not write.
    unsafe { OH_WebSocketClient_Send(client, data.as_ptr().cast_mut().cast(), data.len()) }
}

pub(crate) fn close(client: *mut WebSocketMemory, code: u32, reason: *const c_char) -> c_int {
    // SAFETY: NULL, or a string of the test's.
    unsafe { OH_WebSocketClient_Close(client, WebSocketCloseOption { code, reason }) }
}

fn add_header(client: *mut WebSocketMemory, name: *const c_char, value: *const c_char) -> c_int {
    let header = WebSocketHeader {
        field_name: name,
        field_value: value,
        next: ptr::null_mut(),
    };
    // SAFETY: strings of the test's, or NULL.
    unsafe { OH_WebSocketClient_AddHeader(client, header) }
}

const NO_OPTIONS: WebSocketRequestOptions = WebSocketRequestOptions {
    headers: ptr::null_mut(),
};

#[test]
fn a_conversation_has_its_callbacks_in_order_and_from_one_thread() {
    let echo = Echo::start();
    let (client, log) = platform_client();
    assert_eq!(connect(client, &echo.url()), 0);
    let (thread, open) = log.next_with_thread();
    let expected = Seen::Open {
        status: 101,
        reason: "Switching Protocols".into(),
        protocol: None,
    };
    assert_eq!(open, expected);
    for number in 0..100 {
        assert_eq!(send(client, format!("message {number}").as_bytes()), 0);
    }
    for number in 0..100 {
        let (same, seen) = log.next_with_thread();
        let text = format!("text message {number}").into_bytes();
        assert_eq!((same, seen), (thread, Seen::Message(0, text, None)));
    }
    assert_eq!(close(client, 4000, c"bye".as_ptr()), 0);
    let closed = Seen::Close(0, 4000, "bye".into());
    assert_eq!(log.next_with_thread(), (thread, closed));
    // It is closed already.
    assert_eq!(OH_WebSocketClient_Destroy(client), 1018);
    assert_eq!(OH_WebSocketClient_Destroy(client), 1002);
    assert_ne!(thread, std::thread::current().id());
}

#[test]
fn text_is_what_is_utf8_without_nul_and_nothing_is_sent_of_no_bytes() {
    let echo = Echo::start();
    let (client, log) = platform_client();
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(send(client, "3 €".as_bytes()), 0);
    assert_eq!(send(client, b""), 0);
    assert_eq!(send(client, b"a\0b"), 0);
    assert_eq!(send(client, b"\xff"), 0);
    // Nothing beyond the length is read: neither a NUL nor what does not fit it.
    assert_eq!(send(client, &b"ab\xff"[..2]), 0);
    log.text("text 3 €");
    log.text("binary [97, 0, 98]");
    log.text("binary [255]");
    log.text("text ab");
    assert_eq!(OH_WebSocketClient_Destroy(client), 0);
}

#[test]
fn the_servers_close_is_told_and_the_client_connects_again_from_inside_it() {
    let echo = Echo::start();
    let url = echo.url();
    let (client, log) = platform_client_that(move |client, seen| {
        if matches!(seen, Seen::Close(..)) {
            assert_eq!(connect(client, &url), 0);
        }
    });
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    for _ in 0..3 {
        assert_eq!(send(client, b"close"), 0);
        assert_eq!(log.close(), (4001, "as you wish".into()));
        log.open();
    }
    assert_eq!(send(client, b"still here"), 0);
    log.text("text still here");
    assert_eq!(OH_WebSocketClient_Destroy(client), 0);
}

#[test]
fn what_is_sent_without_a_connection_waits_for_the_next() {
    let echo = Echo::start();
    let (client, log) = platform_client();
    assert_eq!(send(client, b"one"), 0);
    assert_eq!(send(client, b"\0"), 0);
    assert_eq!(connect(client, &echo.url()), 0);
    assert_eq!(send(client, b"two"), 0);
    log.open();
    log.text("text one");
    log.text("binary [0]");
    log.text("text two");
    assert_eq!(close(client, 0, ptr::null()), 0);
    assert_eq!(log.close(), (1000, String::new()));
    assert_eq!(send(client, b"three"), 0);
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    log.text("text three");
    assert_eq!(OH_WebSocketClient_Destroy(client), 0);
}

#[test]
fn header_fields_are_copied_and_sent_and_the_last_of_a_name_counts() {
    let echo = Echo::start();
    let (client, log) = platform_client();
    let mut name = CString::new("X-Token").unwrap().into_bytes_with_nul();
    let mut value = CString::new("one").unwrap().into_bytes_with_nul();
    assert_eq!(
        add_header(client, name.as_ptr().cast(), value.as_ptr().cast()),
        0
    );
    // The program's strings may change at once.
    name.fill(b'!');
    value.fill(b'!');
    assert_eq!(add_header(client, c"x-more".as_ptr(), c"2".as_ptr()), 0);
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    let fields = echo.requests.recv().unwrap();
    assert_eq!(
        (&fields["x-token"], &fields["x-more"]),
        (&"one".try_into().unwrap(), &"2".try_into().unwrap())
    );
    assert_eq!(close(client, 1000, c"".as_ptr()), 0);
    log.close();
    // Also in a list of the program's own.
    let mut second = WebSocketHeader {
        field_name: c"x-TOKEN".as_ptr(),
        field_value: c"three".as_ptr(),
        next: ptr::null_mut(),
    };
    let mut first = WebSocketHeader {
        field_name: c"X-Token".as_ptr(),
        field_value: c"two".as_ptr(),
        next: &raw mut second,
    };
    let options = WebSocketRequestOptions {
        headers: &raw mut first,
    };
    let url = CString::new(echo.url()).unwrap();
    // SAFETY: all of it lives.
    let connected = unsafe { OH_WebSocketClient_Connect(client, url.as_ptr(), options) };
    assert_eq!(connected, 0);
    log.open();
    let fields = echo.requests.recv().unwrap();
    let values: Vec<_> = fields.get_all("x-token").iter().collect();
    assert_eq!(values, ["three"]);
    assert!(!fields.contains_key("x-more"));
    assert_eq!(OH_WebSocketClient_Destroy(client), 0);
}

#[test]
fn null_is_an_error_everywhere() {
    let (client, _log) = platform_client();
    let (nobody, null) = (ptr::null_mut(), ptr::null());
    assert_eq!(add_header(nobody, null, null), 1001);
    assert_eq!(add_header(client, null, c"".as_ptr()), 1015);
    assert_eq!(add_header(client, c"a".as_ptr(), null), 1015);
    // SAFETY: NULL.
    unsafe {
        assert_eq!(OH_WebSocketClient_Connect(nobody, null, NO_OPTIONS), 1001);
        assert_eq!(OH_WebSocketClient_Connect(client, null, NO_OPTIONS), 1005);
        for length in [0, 1, usize::MAX] {
            assert_eq!(
                OH_WebSocketClient_Send(nobody, ptr::null_mut(), length),
                1001
            );
            assert_eq!(
                OH_WebSocketClient_Send(client, ptr::null_mut(), length),
                1011
            );
        }
        let mut byte = 0;
        assert_eq!(
            OH_WebSocketClient_Send(client, &raw mut byte, usize::MAX),
            1012
        );
    }
    assert_eq!(close(nobody, 0, null), 1001);
    assert_eq!(OH_WebSocketClient_Destroy(nobody), 1001);
    assert_eq!(OH_WebSocketClient_Destroy(client), 1018);
    let (code, cause, words) = last_error();
    assert_eq!((code, cause.as_str()), (1018, "invalid"));
    assert_eq!(words, "the client had no connection; it is destroyed");
}

#[test]
fn callbacks_may_be_null() {
    let echo = Echo::start();
    let client = OH_WebSocketClient_Constructor(None, None, None, None);
    assert_eq!(connect(client, &echo.url()), 0);
    assert_eq!(send(client, b"close"), 0);
    echo.ends.recv().unwrap();
    OH_WebSocketClient_Destroy(client);
}

#[test]
fn an_address_that_is_no_clients_is_refused_by_every_function() {
    let mut foreign = WebSocketMemory {
        on_open: None,
        on_message: None,
        on_error: None,
        on_close: None,
        request_options: NO_OPTIONS,
    };
    for nobody in [&raw mut foreign, ptr::without_provenance_mut(1)] {
        assert_eq!(add_header(nobody, c"a".as_ptr(), c"b".as_ptr()), 1002);
        // SAFETY: a string.
        let connected = unsafe {
            OH_WebSocketClient_Connect(nobody, c"ws://127.0.0.1:9/".as_ptr(), NO_OPTIONS)
        };
        assert_eq!(connected, 1002);
        assert_eq!(send(nobody, b"a"), 1002);
        assert_eq!(close(nobody, 1000, ptr::null()), 1002);
        assert_eq!(OH_WebSocketClient_Destroy(nobody), 1002);
    }
}

#[test]
fn a_url_that_is_none_is_told_by_on_error_alone() {
    let (client, log) = platform_client();
    for url in ["www.baidu.com", "", "http://127.0.0.1/"] {
        assert_eq!(connect(client, url), 0);
        let (code, cause, words) = log.error();
        assert_eq!((code, cause.as_str()), (1003, "invalid"), "{words}");
    }
    assert_eq!(OH_WebSocketClient_Destroy(client), 1018);
    assert!(log.is_empty());
}

#[test]
fn a_url_that_is_not_utf8_is_refused() {
    let (client, log) = platform_client();
    // What is no text could be another URL as text.
    let url = c"ws://127.0.0.1:9/\xff".as_ptr();
    // SAFETY: a string.
    let connected = unsafe { OH_WebSocketClient_Connect(client, url, NO_OPTIONS) };
    assert_eq!(connected, 1005);
    assert_eq!(OH_WebSocketClient_Destroy(client), 1018);
    assert!(log.is_empty());
}

#[test]
fn a_refused_connection_is_told_by_on_error_with_cause_and_words() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (client, log) = platform_client();
    assert_eq!(connect(client, &format!("ws://{address}/")), 0);
    let (code, cause, words) = log.error();
    assert_eq!((code, cause.as_str()), (1003, "refused"));
    assert!(words.contains(&address.to_string()), "{words}");
    assert_eq!(close(client, 1000, ptr::null()), 1017);
    assert_eq!(OH_WebSocketClient_Destroy(client), 1018);
}

#[test]
fn a_second_connect_is_refused_and_the_connection_stays() {
    let echo = Echo::start();
    let (client, log) = platform_client();
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(connect(client, &echo.url()), 1006);
    assert_eq!(send(client, b"here"), 0);
    log.text("text here");
    assert_eq!(OH_WebSocketClient_Destroy(client), 0);
}

#[test]
fn a_field_that_http_does_not_allow_is_refused_by_connect() {
    let (client, _log) = platform_client();
    assert_eq!(add_header(client, c"a b".as_ptr(), c"c".as_ptr()), 0);
    assert_eq!(connect(client, "ws://127.0.0.1:9/"), 1100);
    let (_, _, words) = last_error();
    assert!(words.contains("\"a b\""), "{words}");
    assert_eq!(OH_WebSocketClient_Destroy(client), 1018);
}

#[test]
fn closing_before_it_is_open_gives_the_attempt_up() {
    // A server that never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (client, log) = platform_client();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    assert_eq!(connect(client, &url), 0);
    let _accepted = listener.accept().unwrap();
    assert_eq!(close(client, 4002, c"never mind".as_ptr()), 1017);
    assert!(matches!(log.next(), Seen::Close(..)));
    let echo = Echo::start();
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(OH_WebSocketClient_Destroy(client), 0);
}

#[test]
fn destroy_closes_and_no_callback_follows() {
    let echo = Echo::start();
    let (client, log) = platform_client();
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    assert_eq!(send(client, b"last words"), 0);
    assert_eq!(OH_WebSocketClient_Destroy(client), 0);
    let (frame, stats) = echo.ends.recv().unwrap();
    assert_eq!(frame.unwrap().code().get(), 1001);
    // What was sent before has come.
    assert_eq!(stats.messages_received, 1);
    assert_eq!(send(client, b"too late"), 1002);
    // Its answer may have come before.
    while let Some(seen) = log.try_next() {
        assert!(matches!(seen, Seen::Message(..)), "{seen:?}");
    }
}

#[test]
fn a_client_is_destroyed_from_inside_its_callback() {
    let echo = Echo::start();
    let (destroyed, is_destroyed) = mpsc::channel();
    let (client, log) = platform_client_that(move |client, seen| {
        if matches!(seen, Seen::Message(..)) {
            destroyed.send(OH_WebSocketClient_Destroy(client)).unwrap();
            assert_eq!(send(client, b"too late"), 1002);
        }
    });
    assert_eq!(connect(client, &echo.url()), 0);
    log.open();
    send(client, b"one");
    send(client, b"two");
    assert_eq!(is_destroyed.recv().unwrap(), 0);
    log.text("text one");
    echo.ends.recv().unwrap();
    assert!(log.is_empty());
}

#[test]
fn destroy_waits_for_the_callback_that_runs() {
    let echo = Echo::start();
    let (entered, has_entered) = mpsc::channel();
    let (leave, may_leave) = mpsc::channel::<()>();
    let may_leave = std::sync::Mutex::new(may_leave);
    let (client, log) = platform_client_that(move |_, seen| {
        if matches!(seen, Seen::Message(..)) {
            entered.send(()).unwrap();
            may_leave.lock().unwrap().recv().unwrap();
        }
    });
    assert_eq!(connect(client, &echo.url()), 0);
    send(client, b"one");
    has_entered.recv().unwrap();
    let address = client.expose_provenance();
    let destroying = std::thread::spawn(move || {
        OH_WebSocketClient_Destroy(ptr::with_exposed_provenance_mut(address))
    });
    leave.send(()).unwrap();
    assert_eq!(destroying.join().unwrap(), 0);
    log.open();
    // The callback had ended by then.
    log.text("text one");
}
