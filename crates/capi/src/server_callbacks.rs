//! The callbacks of a server.
use std::ffi::c_int;

use crate::client_callbacks::or_null;
use crate::event::Event;
use crate::last_error;
use crate::server_types::{Accepted, ServerCallbacks, ServerMemory};
use crate::user_callbacks::{CallbackTable, UserPointer};

// SAFETY: its fields are a number and functions that may be NULL.
unsafe impl CallbackTable for ServerCallbacks {}

/// The address of a server, which its callbacks are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerAddress(pub(crate) *mut ServerMemory);

// SAFETY: a server's memory stays where it is, and nobody writes it.
unsafe impl Send for ServerAddress {}
// SAFETY: as above.
unsafe impl Sync for ServerAddress {}

/// Calls the callback that an event has, if the program gave one.
pub(crate) fn call(
    ServerAddress(server): ServerAddress,
    callbacks: &ServerCallbacks,
    UserPointer(user): UserPointer,
    event: Event,
) {
    match event {
        Event::Accept {
            peer,
            address,
            target,
            origin,
            protocol,
        } => {
            let accepted = Accepted {
                address: address.as_ptr(),
                target: target.as_ptr(),
                origin: or_null(&origin),
                protocol: or_null(&protocol),
            };
            if let Some(on_accept) = callbacks.on_accept {
                // SAFETY: the program's function, of the type that the header asks for. The same
                // holds below.
                unsafe { on_accept(user, server, peer, &raw const accepted) };
            }
        }
        Event::Message {
            peer,
            data,
            is_text,
        } => {
            if let Some(on_message) = callbacks.on_message {
                let (start, length) = (data.as_ptr().cast(), data.len() - 1);
                // SAFETY: as above.
                unsafe { on_message(user, server, peer, start, length, c_int::from(is_text)) };
            }
        }
        Event::Error { peer, failure } => {
            if let Some(on_error) = callbacks.on_error {
                last_error::while_told(&failure, |view| {
                    // SAFETY: as above.
                    unsafe { on_error(user, server, peer, &raw const view) };
                });
            }
        }
        Event::Unsent {
            peer,
            messages,
            failure,
        } => {
            if let Some(on_unsent) = callbacks.on_unsent {
                last_error::while_told(&failure, |view| {
                    // SAFETY: as above.
                    unsafe { on_unsent(user, server, peer, messages, &raw const view) };
                });
            }
        }
        Event::Close { peer, code, reason } => {
            if let Some(on_close) = callbacks.on_close {
                // SAFETY: as above.
                unsafe { on_close(user, server, peer, code, reason.as_ptr()) };
            }
        }
        Event::Stop => {
            if let Some(on_stop) = callbacks.on_stop {
                // SAFETY: as above.
                unsafe { on_stop(user, server) };
            }
        }
        Event::Open { .. } | Event::Pong { .. } => {}
    }
}
