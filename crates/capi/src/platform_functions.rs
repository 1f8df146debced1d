//! The functions of `net_websocket.h`, which documents them.
use std::ffi::{c_char, c_int};
use std::ptr;

use arkws_netstack::ReadyState;

use crate::boundary::{self, guard, status};
use crate::client::{BadUrl, Client};
use crate::client_callbacks::{ClientAddress, ClientListener};
use crate::code::Code;
use crate::environment;
use crate::failure::Failure;
use crate::header_list;
use crate::objects::{self, CLIENTS};
use crate::outgoing::Outgoing;
use crate::platform_types::{
    OnClose, OnError, OnMessage, OnOpen, WebSocketCloseOption, WebSocketHeader, WebSocketMemory,
    WebSocketRequestOptions,
};

/// Most clients at a time: the platform's limit.
const MAX_CLIENTS: usize = 100;

/// Longest message that [`OH_WebSocketClient_Send`] sends, in bytes: the platform's limit.
const MAX_MESSAGE: usize = 4 << 20;

/// Makes a client; NULL: there are 100 already.
#[unsafe(no_mangle)]
pub extern "C" fn OH_WebSocketClient_Constructor(
    on_open: OnOpen,
    on_message: OnMessage,
    on_error: OnError,
    on_close: OnClose,
) -> *mut WebSocketMemory {
    let memory = WebSocketMemory {
        on_open,
        on_message,
        on_error,
        on_close,
        request_options: WebSocketRequestOptions {
            headers: ptr::null_mut(),
        },
    };
    guard(|| {
        environment::check_process()?;
        let listener = ClientListener::Platform(on_open, on_message, on_error, on_close);
        let make = |memory| Client::new(ClientAddress(memory), listener);
        CLIENTS.insert(MAX_CLIENTS, memory, make).ok_or_else(|| {
            let why = format!("there are {MAX_CLIENTS} clients already: destroy one first");
            Failure::new(Code::WrongState, why)
        })
    })
    .unwrap_or(ptr::null_mut())
}

/// Adds a field to the client's request options.
///
/// # Safety
/// The texts of `header` are NULL, or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OH_WebSocketClient_AddHeader(
    client: *mut WebSocketMemory,
    header: WebSocketHeader,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let (name, value) = unsafe { header_list::texts(header.field_name, header.field_value)? };
        client.add_header(name, value)
    })
}

/// Starts to connect.
///
/// # Safety
/// `url` is NULL or ends with a NUL; `options.headers` is NULL or a list as the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OH_WebSocketClient_Connect(
    client: *mut WebSocketMemory,
    url: *const c_char,
    options: WebSocketRequestOptions,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let url = unsafe { boundary::url(url)? };
        // SAFETY: the caller's promise; fields of the client's own do not change meanwhile.
        let headers = |_: &_| unsafe { header_list::read(options.headers) };
        let connected = client.connect(url, headers, BadUrl::Event);
        connected.map_err(|failure| match failure.code {
            // The platform has no code for it but this one.
            Code::WrongState | Code::System => Failure {
                code: Code::NotStarted,
                ..failure
            },
            _ => failure,
        })
    })
}

/// Sends one message: text if it is valid UTF-8 without a NUL, else binary.
///
/// # Safety
/// `data` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OH_WebSocketClient_Send(
    client: *mut WebSocketMemory,
    data: *mut c_char,
    length: usize,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        if data.is_null() {
            return Err(Failure::new(
                Code::DataNull,
                "the data of the message is NULL",
            ));
        }
        // SAFETY: the caller's promise.
        let bytes = unsafe { boundary::bytes(data.cast(), length, MAX_MESSAGE)? };
        match bytes {
            [] => Ok(()),
            bytes => client.send_or_hold(Outgoing::guessed(bytes)),
        }
    })
}

/// Closes the connection.
///
/// # Safety
/// The reason is NULL, or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OH_WebSocketClient_Close(
    client: *mut WebSocketMemory,
    options: WebSocketCloseOption,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let reason = unsafe { boundary::reason(options.reason) };
        let (code, reason) = match (options.code, &reason) {
            (0, _) | (_, None) => (0, ""),
            (code, Some(reason)) => (code, &**reason),
        };
        match client.close(code, reason)? {
            ReadyState::Open => Ok(()),
            _ => {
                let why = "the connection is not open yet: the attempt at it is given up";
                Err(Failure::new(Code::NoConnection, why))
            }
        }
    })
}

/// Closes the connection and frees the client.
#[unsafe(no_mangle)]
pub extern "C" fn OH_WebSocketClient_Destroy(client: *mut WebSocketMemory) -> c_int {
    status(|| match objects::take_client(client)?.destroy() {
        true => Ok(()),
        false => {
            let why = "the client had no connection; it is destroyed";
            Err(Failure::new(Code::DestroyedWithoutConnection, why))
        }
    })
}
