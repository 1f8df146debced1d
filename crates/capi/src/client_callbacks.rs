//! The callbacks of a client, of either header.
use std::ffi::{CString, c_char, c_int};
use std::ptr;

use crate::client_types::{ClientCallbacks, Opened};
use crate::event::Event;
use crate::last_error;
use crate::platform_types::{
    OnClose, OnError, OnMessage, OnOpen, WebSocketCloseResult, WebSocketErrorResult,
    WebSocketMemory, WebSocketOpenResult,
};
use crate::user_callbacks::{CallbackTable, UserPointer};

// SAFETY: its fields are a number and functions that may be NULL.
unsafe impl CallbackTable for ClientCallbacks {}

/// What a client calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ClientListener {
    /// Those of `net_websocket.h`.
    Platform(OnOpen, OnMessage, OnError, OnClose),
    /// Those of `arkws.h`.
    Own(ClientCallbacks, UserPointer),
}

/// The address of a client, which its callbacks are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) *mut WebSocketMemory);

// SAFETY: a client's memory stays where it is, and is written by whoever has the client's lock.
unsafe impl Send for ClientAddress {}
// SAFETY: as above.
unsafe impl Sync for ClientAddress {}

/// The string, or NULL.
pub(crate) fn or_null(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

impl ClientListener {
    /// Calls the callback that an event has, if the program gave one.
    pub(crate) fn call(&self, client: ClientAddress, event: Event) {
        match self {
            ClientListener::Platform(on_open, on_message, on_error, on_close) => {
                call_platform(client, event, (*on_open, *on_message, *on_error, *on_close));
            }
            ClientListener::Own(callbacks, user) => call_own(client, event, callbacks, *user),
        }
    }
}

fn call_platform(
    ClientAddress(client): ClientAddress,
    event: Event,
    (on_open, on_message, on_error, on_close): (OnOpen, OnMessage, OnError, OnClose),
) {
    match event {
        Event::Open { status, reason, .. } => {
            let result = WebSocketOpenResult {
                code: status.into(),
                reason: reason.as_ptr(),
            };
            if let Some(on_open) = on_open {
                // SAFETY: the program's function, of the type that the header asks for. The same
                // holds below.
                unsafe { on_open(client, result) };
            }
        }
        Event::Message { mut data, .. } => {
            // No message is nearly as long as that.
            let length = u32::try_from(data.len() - 1).unwrap_or(u32::MAX);
            if let Some(on_message) = on_message {
                // SAFETY: as above.
                unsafe { on_message(client, data.as_mut_ptr().cast(), length) };
            }
        }
        Event::Error { failure, .. } => {
            if let Some(on_error) = on_error {
                last_error::while_told(&failure, |view| {
                    let result = WebSocketErrorResult {
                        error_code: view.code.unsigned_abs(),
                        error_message: view.message,
                    };
                    // SAFETY: as above.
                    unsafe { on_error(client, result) };
                });
            }
        }
        Event::Close { code, reason, .. } => {
            let result = WebSocketCloseResult {
                code: code.into(),
                reason: reason.as_ptr(),
            };
            if let Some(on_close) = on_close {
                // SAFETY: as above.
                unsafe { on_close(client, result) };
            }
        }
        Event::Pong { .. } | Event::Unsent { .. } | Event::Accept { .. } | Event::Stop => {}
    }
}

fn call_own(
    ClientAddress(client): ClientAddress,
    event: Event,
    callbacks: &ClientCallbacks,
    UserPointer(user): UserPointer,
) {
    match event {
        Event::Open {
            status,
            reason,
            protocol,
        } => {
            let opened = Opened {
                status: status.into(),
                reason: reason.as_ptr(),
                protocol: or_null(&protocol),
            };
            if let Some(on_open) = callbacks.on_open {
                // SAFETY: the program's function, of the type that the header asks for. The same
                // holds below.
                unsafe { on_open(user, client, &raw const opened) };
            }
        }
        Event::Message { data, is_text, .. } => {
            if let Some(on_message) = callbacks.on_message {
                let (start, length) = (data.as_ptr().cast(), data.len() - 1);
                // SAFETY: as above.
                unsafe { on_message(user, client, start, length, c_int::from(is_text)) };
            }
        }
        Event::Pong { data, round_trip } => {
            if let Some(on_pong) = callbacks.on_pong {
                let (start, length) = (data.as_ptr().cast(), data.len() - 1);
                let time = u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX);
                // SAFETY: as above.
                unsafe { on_pong(user, client, start, length, time) };
            }
        }
        Event::Error { failure, .. } => {
            if let Some(on_error) = callbacks.on_error {
                last_error::while_told(&failure, |view| {
                    // SAFETY: as above.
                    unsafe { on_error(user, client, &raw const view) };
                });
            }
        }
        Event::Close { code, reason, .. } => {
            if let Some(on_close) = callbacks.on_close {
                // SAFETY: as above.
                unsafe { on_close(user, client, code, reason.as_ptr()) };
            }
        }
        Event::Unsent {
            messages, failure, ..
        } => {
            if let Some(on_unsent) = callbacks.on_unsent {
                last_error::while_told(&failure, |view| {
                    // SAFETY: as above.
                    unsafe { on_unsent(user, client, messages, &raw const view) };
                });
            }
        }
        Event::Accept { .. } | Event::Stop => {}
    }
}
