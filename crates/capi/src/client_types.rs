//! The types of `arkws.h` that concern clients.
use std::ffi::{c_char, c_int, c_void};

use crate::last_error::ErrorView;
use crate::platform_types::WebSocketMemory;

/// `arkws_opened`: the answer that opened a connection.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Opened {
    /// The HTTP status: 101.
    pub status: i32,
    /// Its words.
    pub reason: *const c_char,
    /// The sub-protocol that was agreed on; NULL: none.
    pub protocol: *const c_char,
}

/// `arkws_client_callbacks`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ClientCallbacks {
    /// Bytes of the program's struct, which may be of another version.
    pub size: usize,
    /// The connection is open.
    pub on_open: Option<unsafe extern "C" fn(*mut c_void, *mut WebSocketMemory, *const Opened)>,
    /// A message has come.
    pub on_message: Option<
        unsafe extern "C" fn(*mut c_void, *mut WebSocketMemory, *const c_char, usize, c_int),
    >,
    /// A ping was answered.
    pub on_pong:
        Option<unsafe extern "C" fn(*mut c_void, *mut WebSocketMemory, *const c_char, usize, u64)>,
    /// Something went wrong.
    pub on_error: Option<unsafe extern "C" fn(*mut c_void, *mut WebSocketMemory, *const ErrorView)>,
    /// The connection has ended.
    pub on_close:
        Option<unsafe extern "C" fn(*mut c_void, *mut WebSocketMemory, u16, *const c_char)>,
    /// Messages were not sent.
    pub on_unsent:
        Option<unsafe extern "C" fn(*mut c_void, *mut WebSocketMemory, u64, *const ErrorView)>,
}

/// `arkws_stats`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
#[expect(missing_docs, reason = "arkws.h says what they are")]
pub struct ClientStats {
    pub state: u64,
    pub messages_sent: u64,
    pub messages_received: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub pings_sent: u64,
    pub pings_received: u64,
    pub buffered_amount: u64,
    pub round_trip_us: u64,
}
