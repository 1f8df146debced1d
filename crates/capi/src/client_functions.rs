//! The functions of `arkws.h` that concern a client's connection; the header documents them.
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use arkws_netstack::MAX_SEND;

use crate::boundary::{self, guard, status};
use crate::client::{BadUrl, Client};
use crate::client_callbacks::{ClientAddress, ClientListener};
use crate::client_types::{self, ClientCallbacks, ClientStats};
use crate::code::Code;
use crate::environment;
use crate::failure::Failure;
use crate::header_list;
use crate::objects::{self, CLIENTS};
use crate::outgoing::Outgoing;
use crate::platform_types::{WebSocketMemory, WebSocketRequestOptions};
use crate::user_callbacks::{self, UserPointer};

/// Most bytes of a ping (RFC 6455, 5.5).
const MAX_PING: usize = 125;

/// Makes a client.
///
/// # Safety
/// `callbacks` is NULL, or a struct of as many bytes as its size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_create(
    callbacks: *const ClientCallbacks,
    user: *mut c_void,
) -> *mut WebSocketMemory {
    let memory = WebSocketMemory {
        on_open: None,
        on_message: None,
        on_error: None,
        on_close: None,
        request_options: WebSocketRequestOptions {
            headers: ptr::null_mut(),
        },
    };
    guard(|| {
        environment::check_process()?;
        // SAFETY: the caller's promise.
        let callbacks = unsafe { user_callbacks::read(callbacks)? };
        let listener = ClientListener::Own(callbacks, UserPointer(user));
        let make = |memory| Client::new(ClientAddress(memory), listener);
        CLIENTS
            .insert(usize::MAX, memory, make)
            .ok_or_else(|| Failure::new(Code::Internal, "there is no room"))
    })
    .unwrap_or(ptr::null_mut())
}

/// Frees a client.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_destroy(client: *mut WebSocketMemory) -> c_int {
    status(|| {
        objects::take_client(client)?.destroy();
        Ok(())
    })
}

/// Adds a field to the request.
///
/// # Safety
/// Both are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_add_header(
    client: *mut WebSocketMemory,
    name: *const c_char,
    value: *const c_char,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let (name, value) = unsafe { header_list::texts(name, value)? };
        client.add_header(name, value)
    })
}

/// Takes all fields away.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_clear_headers(client: *mut WebSocketMemory) -> c_int {
    status(|| objects::client(client)?.clear_headers())
}

/// Starts to connect.
///
/// # Safety
/// `url` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_connect(
    client: *mut WebSocketMemory,
    url: *const c_char,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let url = unsafe { boundary::url(url)? };
        // SAFETY: the client's own list.
        let headers = |own: &header_list::HeaderList| unsafe { header_list::read(own.head()) };
        client.connect(url, headers, BadUrl::Result)
    })
}

/// Sends one message as text.
///
/// # Safety
/// `text` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_send_text(
    client: *mut WebSocketMemory,
    text: *const c_char,
    length: usize,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let text = unsafe { boundary::bytes(text.cast(), length, MAX_SEND)? };
        client.send(Outgoing::Text(boundary::utf8(text)?))
    })
}

/// Sends one message as binary.
///
/// # Safety
/// `data` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_send_binary(
    client: *mut WebSocketMemory,
    data: *const c_void,
    length: usize,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let data = unsafe { boundary::bytes(data, length, MAX_SEND)? };
        client.send(Outgoing::Binary(data))
    })
}

/// Sends a ping.
///
/// # Safety
/// `data` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_ping(
    client: *mut WebSocketMemory,
    data: *const c_void,
    length: usize,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        client.ping(unsafe { boundary::bytes(data, length, MAX_PING)? })
    })
}

/// Closes the connection, or gives the attempt at one up.
///
/// # Safety
/// `reason` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_close(
    client: *mut WebSocketMemory,
    code: u16,
    reason: *const c_char,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let reason = unsafe { boundary::reason(reason) };
        client.close(code.into(), reason.as_deref().unwrap_or_default())?;
        Ok(())
    })
}

/// Counters and the state of a client.
///
/// # Safety
/// `stats` is NULL, or a struct of as many bytes as its size says, which can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_stats(
    client: *mut WebSocketMemory,
    stats: *mut ClientStats,
) -> c_int {
    status(|| {
        let now = objects::client(client)?.stats()?;
        // SAFETY: the caller's promise.
        unsafe { client_types::fill(stats, now) }
    })
}
