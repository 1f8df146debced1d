//! An echo through `ohos-netstack-sys`, the published crate that binds the platform's
//! `net_websocket.h`: it finds the six functions in our C library, and they do what it expects.
//!
//! The only argument is the URL of an echo server. `cargo xtask test "c library"` runs it.
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use ohos_netstack_sys::net_websocket::{
    OH_WebSocketClient_AddHeader, OH_WebSocketClient_Close, OH_WebSocketClient_Connect,
    OH_WebSocketClient_Constructor, OH_WebSocketClient_Destroy, OH_WebSocketClient_Send,
};
use ohos_netstack_sys::net_websocket_type::{
    WebSocket, WebSocket_CloseOption, WebSocket_CloseResult, WebSocket_ErrorResult,
    WebSocket_Header, WebSocket_OpenResult,
};

/// What a callback has seen.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Open(u32, String),
    Message(Vec<u8>),
    Error(u32, String),
    Close(u32, String),
}

/// Where callbacks, which carry no data of the program's, put what they see.
static EVENTS: OnceLock<Mutex<Sender<Event>>> = OnceLock::new();

fn tell(event: Event) {
    let events = EVENTS.get().expect("set before the first callback");
    let _ = events.lock().expect("no thread panics").send(event);
}

fn text(string: *const c_char) -> String {
    // SAFETY: strings that the library passes end with a NUL, and are valid for the callback.
    let string = unsafe { CStr::from_ptr(string) };
    string.to_string_lossy().into_owned()
}

unsafe extern "C" fn on_open(_: *mut WebSocket, result: WebSocket_OpenResult) {
    tell(Event::Open(result.code, text(result.reason)));
}

unsafe extern "C" fn on_message(_: *mut WebSocket, data: *mut c_char, length: u32) {
    // SAFETY: `data` has `length` bytes, valid for the callback.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), length as usize) };
    tell(Event::Message(bytes.to_vec()));
}

unsafe extern "C" fn on_error(_: *mut WebSocket, result: WebSocket_ErrorResult) {
    tell(Event::Error(result.errorCode, text(result.errorMessage)));
}

unsafe extern "C" fn on_close(_: *mut WebSocket, result: WebSocket_CloseResult) {
    tell(Event::Close(result.code, text(result.reason)));
}

/// The next event has to come, and to be this one.
fn expect(events: &Receiver<Event>, expected: Event) {
    match events.recv_timeout(Duration::from_secs(60)) {
        Ok(event) => assert_eq!(event, expected),
        Err(error) => panic!("{error} while {expected:?} was waited for"),
    }
}

fn main() {
    let url = std::env::args().nth(1).expect("the URL of an echo server");
    let url = CString::new(url).expect("a URL without NUL");
    let (sender, events) = mpsc::channel();
    assert!(EVENTS.set(Mutex::new(sender)).is_ok());

    // SAFETY: the callbacks have the types that the header declares.
    let client = unsafe {
        OH_WebSocketClient_Constructor(
            Some(on_open),
            Some(on_message),
            Some(on_error),
            Some(on_close),
        )
    };
    assert!(!client.is_null());
    let header = WebSocket_Header {
        fieldName: c"X-Test".as_ptr(),
        fieldValue: c"value".as_ptr(),
        next: ptr::null_mut(),
    };
    // SAFETY: the client is there until it is destroyed, and all strings end with a NUL.
    unsafe {
        assert_eq!(OH_WebSocketClient_AddHeader(client, header), 0);
        let options = (*client).requestOptions;
        assert_eq!(
            CStr::from_ptr((*options.headers).fieldName),
            c"X-Test",
            "the list is where the binding's struct has it"
        );
        assert_eq!(OH_WebSocketClient_Connect(client, url.as_ptr(), options), 0);
    }
    expect(&events, Event::Open(101, "Switching Protocols".to_owned()));

    for message in [&b"hello"[..], b"\xff\0\xfe"] {
        let data = message.as_ptr().cast_mut().cast::<c_char>();
        // SAFETY: `data` has that many bytes, and the library only reads them.
        let sent = unsafe { OH_WebSocketClient_Send(client, data, message.len()) };
        assert_eq!(sent, 0);
        expect(&events, Event::Message(message.to_vec()));
    }

    let option = WebSocket_CloseOption {
        code: 3000,
        reason: c"done".as_ptr(),
    };
    // SAFETY: as above.
    unsafe {
        assert_eq!(OH_WebSocketClient_Close(client, option), 0);
    }
    expect(&events, Event::Close(3000, "done".to_owned()));

    // A server that is not there: the client can be used again, and says what went wrong.
    let nobody = c"ws://127.0.0.1:1/";
    // SAFETY: as above.
    unsafe {
        let options = (*client).requestOptions;
        assert_eq!(
            OH_WebSocketClient_Connect(client, nobody.as_ptr(), options),
            0
        );
    }
    match events.recv_timeout(Duration::from_secs(60)) {
        Ok(Event::Error(1003, message)) => assert!(message.contains("127.0.0.1:1"), "{message}"),
        other => panic!("{other:?} instead of an error"),
    }

    // SAFETY: the client is not used any more.
    let destroyed = unsafe { OH_WebSocketClient_Destroy(client) };
    assert_eq!(destroyed, 1018, "it had no connection any more");
    println!("1 passed, 0 failed");
}
