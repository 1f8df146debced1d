//! The functions of `arkws.h` that set a client's options; the header documents them.
use std::ffi::{c_char, c_int};
use std::time::Duration;

use arkws_netstack::{ClientCert, Proxy, ProxyServer, RequestOptions, TlsProtocol};

use crate::boundary::{self, status};
use crate::code::Code;
use crate::failure::Failure;
use crate::objects;
use crate::platform_types::WebSocketMemory;
use crate::queue_type::QueueMemory;

/// The longest interval of a heartbeat, in seconds: the platform's.
const MAX_INTERVAL: u32 = 30_000;

/// Sets an option that any value can have.
fn set(client: *mut WebSocketMemory, set: impl FnOnce(&mut RequestOptions)) -> c_int {
    status(|| objects::client(client)?.set_option(set))
}

/// Sets an option that some values cannot have: `value` is `None` for them, and `what` says it.
fn set_checked<Value>(
    client: *mut WebSocketMemory,
    value: Option<Value>,
    what: &str,
    set: impl FnOnce(&mut RequestOptions, Value),
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        let value = value.ok_or_else(|| Failure::new(Code::Invalid, what))?;
        client.set_option(|options| set(options, value))
    })
}

/// A number that is not zero.
fn over_zero<Number: Default + PartialEq>(number: Number) -> Option<Number> {
    (number != Number::default()).then_some(number)
}

fn milliseconds_of(number: u32) -> Duration {
    Duration::from_millis(number.into())
}

/// The authorities to trust.
///
/// # Safety
/// `path` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_set_ca(
    client: *mut WebSocketMemory,
    path: *const c_char,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let path = unsafe { boundary::path("the path of the authorities", path)? };
        client.set_option(|options| options.ca_path = path.map(Into::into))
    })
}

/// The client's certificate and key.
///
/// # Safety
/// Each is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_set_certificate(
    client: *mut WebSocketMemory,
    certificate: *const c_char,
    key: *const c_char,
    password: *const c_char,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise, as below.
        let certificate = unsafe { boundary::path("the path of the certificate", certificate)? };
        // SAFETY: as above.
        let key = unsafe { boundary::path("the path of the key", key)? };
        // SAFETY: as above.
        let password = unsafe { boundary::text("the password of the key", password)? };
        let cert = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(ClientCert {
                cert_path: certificate.into(),
                key_path: key.into(),
                key_password: password.unwrap_or_default().to_owned().into(),
            }),
            _ => {
                let why = "a certificate and its key are given together, or neither is";
                return Err(Failure::new(Code::Invalid, why));
            }
        };
        client.set_option(|options| options.client_cert = cert)
    })
}

/// Whether any certificate of the server is accepted.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_skip_verification(
    client: *mut WebSocketMemory,
    skip: c_int,
) -> c_int {
    set(client, |options| {
        options.skip_server_cert_verification = skip != 0;
    })
}

/// The lowest version of TLS.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_min_tls(client: *mut WebSocketMemory, version: c_int) -> c_int {
    let version = match version {
        12 => Some(TlsProtocol::Tls12),
        13 => Some(TlsProtocol::Tls13),
        _ => None,
    };
    let what = "the lowest version of TLS is 12 or 13";
    set_checked(client, version, what, |options, version| {
        options.min_support_tls_protocol = Some(version);
    })
}

/// The proxy.
///
/// # Safety
/// Both are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_set_proxy(
    client: *mut WebSocketMemory,
    proxy: *const c_char,
    exclusions: *const c_char,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise, as below.
        let proxy = unsafe { boundary::text("the proxy", proxy)? };
        // SAFETY: as above.
        let exclusions = unsafe { boundary::text("the exclusions of the proxy", exclusions)? };
        let proxy = match proxy {
            None => Proxy::System,
            Some("") => Proxy::None,
            Some(host) => Proxy::Server(ProxyServer {
                host: host.to_owned().into(),
                exclusion_list: boundary::list(exclusions.unwrap_or_default()),
                ..ProxyServer::default()
            }),
        };
        client.set_option(|options| options.proxy = proxy)
    })
}

/// The sub-protocols to offer.
///
/// # Safety
/// `protocols` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkws_client_set_protocols(
    client: *mut WebSocketMemory,
    protocols: *const c_char,
) -> c_int {
    status(|| {
        let client = objects::client(client)?;
        // SAFETY: the caller's promise.
        let protocols = unsafe { boundary::text("the sub-protocols", protocols)? };
        client.set_option(|options| options.protocol = protocols.unwrap_or_default().to_owned())
    })
}

/// When to ping, and how long the answer may take.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_heartbeat(
    client: *mut WebSocketMemory,
    interval: u32,
    timeout: u32,
) -> c_int {
    let fits = interval <= MAX_INTERVAL && timeout <= interval;
    let what = "the interval is 30,000 s at most, and the time-out not longer than the interval";
    set_checked(client, fits.then_some(()), what, |options, ()| {
        options.ping_interval = Some(interval.into());
        options.pong_timeout = Some(timeout.into());
    })
}

/// Whether compression is offered.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_deflate(client: *mut WebSocketMemory, offer: c_int) -> c_int {
    set(client, |options| options.per_message_deflate = offer != 0)
}

/// How long it may take to connect.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_connect_timeout(
    client: *mut WebSocketMemory,
    milliseconds: u32,
) -> c_int {
    let what = "the time-out of connecting is over 0";
    set_checked(client, over_zero(milliseconds), what, |options, time| {
        options.connect_timeout = Some(milliseconds_of(time));
    })
}

/// How long handshakes may take.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_handshake_timeout(
    client: *mut WebSocketMemory,
    milliseconds: u32,
) -> c_int {
    let what = "the time-out of the handshake is over 0";
    set_checked(client, over_zero(milliseconds), what, |options, time| {
        options.handshake_timeout = Some(milliseconds_of(time));
    })
}

/// How long the server may take nothing of what waits for it.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_write_timeout(
    client: *mut WebSocketMemory,
    milliseconds: u32,
) -> c_int {
    set(client, |options| {
        options.write_timeout = Some(milliseconds_of(milliseconds));
    })
}

/// The longest message to accept.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_max_message_size(
    client: *mut WebSocketMemory,
    bytes: usize,
) -> c_int {
    let what = "the longest message has more than 0 bytes";
    set_checked(client, over_zero(bytes), what, |options, bytes| {
        options.max_message_size = Some(bytes);
    })
}

/// How many frames a message may come in.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_max_fragments(
    client: *mut WebSocketMemory,
    number: u32,
) -> c_int {
    let what = "the most fragments of a message are more than 0";
    set_checked(client, over_zero(number), what, |options, number| {
        options.max_fragments = Some(number);
    })
}

/// How large the head of an answer may be.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_max_header_bytes(
    client: *mut WebSocketMemory,
    bytes: usize,
) -> c_int {
    let what = "the largest head of an answer has more than 0 bytes";
    set_checked(client, over_zero(bytes), what, |options, bytes| {
        options.max_header_bytes = Some(bytes);
    })
}

/// How many header fields an answer may have.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_max_headers(
    client: *mut WebSocketMemory,
    number: usize,
) -> c_int {
    let what = "the most header fields of an answer are more than 0";
    set_checked(client, over_zero(number), what, |options, number| {
        options.max_headers = Some(number);
    })
}

/// How many redirects are followed.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_max_redirects(
    client: *mut WebSocketMemory,
    number: usize,
) -> c_int {
    set(client, |options| options.max_redirects = Some(number))
}

/// Bytes that may wait to be sent.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_max_queued_bytes(
    client: *mut WebSocketMemory,
    bytes: usize,
) -> c_int {
    set(client, |options| options.max_queued_bytes = Some(bytes))
}

/// Where the callbacks run.
#[unsafe(no_mangle)]
pub extern "C" fn arkws_client_set_queue(
    client: *mut WebSocketMemory,
    queue: *mut QueueMemory,
) -> c_int {
    status(|| objects::client(client)?.set_queue(objects::queue(queue)?))
}
