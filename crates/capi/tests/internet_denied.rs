//! A sandbox that denies internet sockets: the codes of both headers. A test binary of its own:
//! what the system has said is remembered by the process.
#![cfg(target_os = "linux")]
use std::ffi::CStr;
use std::ptr;

use net_websocket::client_functions::{
    arkws_client_close, arkws_client_connect, arkws_client_create, arkws_client_destroy,
    arkws_client_send_text,
};
use net_websocket::platform_functions::{
    OH_WebSocketClient_Connect, OH_WebSocketClient_Constructor, OH_WebSocketClient_Destroy,
};
use net_websocket::platform_types::WebSocketRequestOptions;
use net_websocket::server_functions::{
    arkws_server_create, arkws_server_destroy, arkws_server_start,
};

use sandbox::deny_internet_sockets;

#[path = "../../netstack/tests/support/sandbox.rs"]
mod sandbox;

/// `ARKWS_PERMISSION_DENIED`.
const DENIED: i32 = 1020;

const URL: &CStr = c"ws://127.0.0.1:1";

#[test]
fn where_the_system_denies_internet_sockets_the_code_says_so() {
    for errno in [libc::EPERM, libc::EACCES] {
        // A thread of its own for each sandbox: no way leads out of one.
        let test = move || {
            deny_internet_sockets(errno).unwrap();
            every_call_is_denied();
        };
        if let Err(panic) = std::thread::spawn(test).join() {
            std::panic::resume_unwind(panic);
        }
    }
}

fn every_call_is_denied() {
    let client = OH_WebSocketClient_Constructor(None, None, None, None);
    let options = WebSocketRequestOptions {
        headers: ptr::null_mut(),
    };
    // SAFETY: a string that lives, and no fields.
    let code = unsafe { OH_WebSocketClient_Connect(client, URL.as_ptr(), options) };
    assert_eq!(code, DENIED);
    OH_WebSocketClient_Destroy(client);

    // SAFETY: NULL: no callbacks.
    let client = unsafe { arkws_client_create(ptr::null(), ptr::null_mut()) };
    // SAFETY: strings that live, and their lengths.
    unsafe {
        assert_eq!(arkws_client_connect(client, URL.as_ptr()), DENIED);
        assert_eq!(arkws_client_send_text(client, c"x".as_ptr(), 1), DENIED);
        assert_eq!(arkws_client_close(client, 1000, ptr::null()), DENIED);
    }
    arkws_client_destroy(client);

    // SAFETY: NULL: no callbacks, and every address.
    unsafe {
        let server = arkws_server_create(ptr::null(), ptr::null_mut());
        assert_eq!(arkws_server_start(server, ptr::null(), 0), DENIED);
        arkws_server_destroy(server);
    }
}
