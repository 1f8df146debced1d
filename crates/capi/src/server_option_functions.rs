//! The functions of `arkws.h` that set a server's options; the header documents them.
use std::ffi::{c_char, c_int};
use std::time::Duration;

use arkws_netstack::{CustomLimits, ServerCertificate, ServerConfig, ServerLimits};

use crate::boundary::{self, status};
use crate::code::Code;
use crate::failure::Failure;
use crate::objects;
use crate::queue_type::QueueMemory;
use crate::server_types::ServerMemory;

/// Sets an option that any value can have.
fn set(server: *mut ServerMemory, set: impl FnOnce(&mut ServerConfig)) -> c_int {
    status(|| objects::server(server)?.set_option(set))
}

/// Sets an option that cannot be 0; `what` says it.
fn set_over_zero<Number: Default + PartialEq>(
    server: *mut ServerMemory,
    number: Number,
    what: &str,
    set: impl FnOnce(&mut ServerConfig, Number),
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        if number == Number::default() {
            return Err(Failure::new(Code::Invalid, format!("{what} is over 0")));
        }
        server.set_option(|config| set(config, number))
    })
}

fn milliseconds_of(number: u32) -> Duration {
    Duration::from_millis(number.into())
}

/// A limit; 0: there is none.
fn limit(number: usize) -> Option<usize> {
    (number > 0).then_some(number)
}

/// The server's certificate and key.
///
/// # Safety
/// Both are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_set_certificate(
    server: *mut ServerMemory,
    certificate: *const c_char,
    key: *const c_char,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise, as below.
        let certificate = unsafe { boundary::path("the path of the certificate", certificate)? };
        // SAFETY: as above.
        let key = unsafe { boundary::path("the path of the key", key)? };
        let cert = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(ServerCertificate::files(certificate, key)),
            _ => {
                let why = "a certificate and its key are given together, or neither is";
                return Err(Failure::new(Code::Invalid, why));
            }
        };
        server.set_option(|config| config.server_cert = cert)
    })
}

/// The sub-protocols.
///
/// # Safety
/// `protocols` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_set_protocols(
    server: *mut ServerMemory,
    protocols: *const c_char,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise.
        let protocols = unsafe { boundary::text("the sub-protocols", protocols)? };
        server.set_option(|config| config.protocol = protocols.unwrap_or_default().to_owned())
    })
}

/// Whose web pages may connect.
///
/// # Safety
/// `origins` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_server_set_origins(
    server: *mut ServerMemory,
    origins: *const c_char,
) -> c_int {
    status(|| {
        let server = objects::server(server)?;
        // SAFETY: the caller's promise.
        let origins = unsafe { boundary::text("the origins", origins)? };
        server.set_option(|config| config.allowed_origins = origins.map(boundary::list))
    })
}

/// When to ping.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_heartbeat(server: *mut ServerMemory, interval: u32) -> c_int {
    set(server, |config| {
        config.ping_interval = Some(Duration::from_secs(interval.into()));
    })
}

/// Whether compression is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_deflate(server: *mut ServerMemory, accept: c_int) -> c_int {
    set(server, |config| config.per_message_deflate = accept != 0)
}

/// Most connections.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_limits(
    server: *mut ServerMemory,
    connections: usize,
    per_address: usize,
) -> c_int {
    set(server, |config| {
        config.limits = ServerLimits::Custom(CustomLimits {
            connections: limit(connections),
            per_address: limit(per_address),
            ..CustomLimits::default()
        });
    })
}

/// The longest message to accept.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_max_message_size(
    server: *mut ServerMemory,
    bytes: usize,
) -> c_int {
    let what = "the length of the longest message";
    set_over_zero(server, bytes, what, |config, bytes| {
        config.max_message_size = Some(bytes);
    })
}

/// How many frames a message may come in.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_max_fragments(server: *mut ServerMemory, number: u32) -> c_int {
    let what = "the number of a message's fragments";
    set_over_zero(server, number, what, |config, number| {
        config.max_fragments = Some(number);
    })
}

/// How large the head of a request may be.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_max_header_bytes(
    server: *mut ServerMemory,
    bytes: usize,
) -> c_int {
    let what = "the size of a request's head";
    set_over_zero(server, bytes, what, |config, bytes| {
        config.max_header_bytes = Some(bytes);
    })
}

/// How many header fields a request may have.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_max_headers(server: *mut ServerMemory, number: usize) -> c_int {
    let what = "the number of a request's header fields";
    set_over_zero(server, number, what, |config, number| {
        config.max_headers = Some(number);
    })
}

/// How long a client may take for its handshake.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_handshake_timeout(
    server: *mut ServerMemory,
    milliseconds: u32,
) -> c_int {
    let what = "the time-out of the handshake";
    set_over_zero(server, milliseconds, what, |config, milliseconds| {
        config.handshake_timeout = Some(milliseconds_of(milliseconds));
    })
}

/// How long a client may take nothing of what waits for it.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_write_timeout(
    server: *mut ServerMemory,
    milliseconds: u32,
) -> c_int {
    set(server, |config| {
        config.write_timeout = Some(milliseconds_of(milliseconds));
    })
}

/// How long a message may be incomplete.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_message_timeout(
    server: *mut ServerMemory,
    milliseconds: u32,
) -> c_int {
    set(server, |config| {
        config.message_timeout = Some(milliseconds_of(milliseconds));
    })
}

/// Bytes that may wait for one client.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_max_queued_bytes(
    server: *mut ServerMemory,
    bytes: usize,
) -> c_int {
    set(server, |config| config.max_queued_bytes = Some(bytes))
}

/// Where the callbacks run.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_server_set_queue(
    server: *mut ServerMemory,
    queue: *mut QueueMemory,
) -> c_int {
    status(|| objects::server(server)?.set_queue(objects::queue(queue)?))
}
