//! The functions of `arkws.h` that concern a server and its clients; the header documents them.
use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use arkws_netstack::MAX_SEND;

use crate::boundary::{self, guard, status};
use crate::code::Code;
use crate::environment;
use crate::event::PeerNumber;
use crate::failure::Failure;
use crate::objects::{self, SERVERS};
use crate::outgoing::Outgoing;
use crate::server::Server;
use crate::server_callbacks::ServerAddress;
use crate::server_types::{ServerCallbacks, ServerMemory};
use crate::user_callbacks::{self, UserPointer};

/// The reason of a close without one: the platform's.
const DEFAULT_REASON: &str = "CLOSE_NORMAL";

/// Makes a server.
///
/// # Safety
/// `callbacks` is NULL, or a struct of as many bytes as its size says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_create(
    callbacks: *const ServerCallbacks,
    user: *mut c_void,
) -> *mut ServerMemory {
    guard(|| {
        environment::check_process()?;
        // SAFETY: the caller's promise.
        let callbacks = unsafe { user_callbacks::read(callbacks)? };
        let make = |memory| Server::new(ServerAddress(memory), callbacks, UserPointer(user));
        SERVERS
            .insert(usize::MAX, ServerMemory { reserved: 0 }, make)
            .ok_or_else(|| Failure::new(Code::Internal, "there is no room"))
    })
    .unwrap_or(ptr::null_mut())
}

/// Stops a server and frees it.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_destroy(server: *mut ServerMemory) -> c_int {
    status(|| {
        objects::take_server(server)?.destroy();
        Ok(())
    })
}

/// Listens.
///
/// # Safety
/// `address` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_start(
    server: *mut ServerMemory,
    address: *const c_char,
    port: u16,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise.
        let address = unsafe { boundary::text("the address", address)? };
        server.start(address.unwrap_or_default(), port)
    })
}

/// The port that is listened on; 0: none is.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_port(server: *mut ServerMemory) -> u16 {
    guard(|| Ok(objects::server(server)?.port()))
        .ok()
        .flatten()
        .unwrap_or(0)
}

/// Listens no more, and closes all clients.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_stop(server: *mut ServerMemory) -> c_int {
    status(|| objects::server(server)?.stop())
}

/// Sends one message as text to a client.
///
/// # Safety
/// `text` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_send_text(
    server: *mut ServerMemory,
    peer: PeerNumber,
    text: *const c_char,
    length: usize,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise.
        let text = unsafe { boundary::bytes(text.cast(), length, MAX_SEND)? };
        server.send(peer, Outgoing::Text(boundary::utf8(text)?))
    })
}

/// Sends one message as binary to a client.
///
/// # Safety
/// `data` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_send_binary(
    server: *mut ServerMemory,
    peer: PeerNumber,
    data: *const c_void,
    length: usize,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise.
        let data = unsafe { boundary::bytes(data, length, MAX_SEND)? };
        server.send(peer, Outgoing::Binary(data))
    })
}

/// Sends one message as text to all clients.
///
/// # Safety
/// `text` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_broadcast_text(
    server: *mut ServerMemory,
    text: *const c_char,
    length: usize,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise.
        let text = unsafe { boundary::bytes(text.cast(), length, MAX_SEND)? };
        server.broadcast(Outgoing::Text(boundary::utf8(text)?))
    })
}

/// Sends one message as binary to all clients.
///
/// # Safety
/// `data` is NULL or has `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_broadcast_binary(
    server: *mut ServerMemory,
    data: *const c_void,
    length: usize,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise.
        let data = unsafe { boundary::bytes(data, length, MAX_SEND)? };
        server.broadcast(Outgoing::Binary(data))
    })
}

/// Writes the address of a client.
///
/// # Safety
/// `buffer` is NULL, or `size` bytes of it can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_peer_address(
    server: *mut ServerMemory,
    peer: PeerNumber,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    status(|| {
        let address = objects::server(server)?.peer_address(peer)?;
        if buffer.is_null() || size <= address.len() {
            let why = format!("{address} does not fit into {size} bytes, with a NUL");
            return Err(Failure::new(Code::Invalid, why));
        }
        // SAFETY: the caller's promise: the address and a NUL fit.
        unsafe {
            buffer
                .cast::<u8>()
                .copy_from_nonoverlapping(address.as_ptr(), address.len());
            buffer.add(address.len()).write(0);
        }
        Ok(())
    })
}

/// Closes one client.
///
/// # Safety
/// `reason` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_close(
    server: *mut ServerMemory,
    peer: PeerNumber,
    code: u16,
    reason: *const c_char,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise.
        let reason = unsafe { boundary::reason(reason) };
        server.close(peer, code, reason.as_deref().unwrap_or(DEFAULT_REASON))
    })
}
