//! The types of `arkws.h` that concern servers.
use std::ffi::{c_char, c_int, c_void};

use crate::last_error::ErrorView;

/// `arkws_server`: what a program has of a server. Its address names the server.
#[derive(Debug)]
#[repr(C)]
pub struct ServerMemory {
    /// No object is of no size.
    pub(crate) reserved: u64,
}

/// `arkws_accepted`: what is known of a client that has come in.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Accepted {
    /// `ip:port`.
    pub address: *const c_char,
    /// Path and query.
    pub target: *const c_char,
    /// NULL: there is none.
    pub origin: *const c_char,
    /// NULL: none was agreed on.
    pub protocol: *const c_char,
}

/// `arkws_server_callbacks`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ServerCallbacks {
    /// Bytes of the program's struct, which may be of another version.
    pub size: usize,
    /// A client is in.
    pub on_accept:
        Option<unsafe extern "C" fn(*mut c_void, *mut ServerMemory, u64, *const Accepted)>,
    /// A message has come.
    pub on_message: Option<
        unsafe extern "C" fn(*mut c_void, *mut ServerMemory, u64, *const c_char, usize, c_int),
    >,
    /// Something went wrong.
    pub on_error:
        Option<unsafe extern "C" fn(*mut c_void, *mut ServerMemory, u64, *const ErrorView)>,
    /// A client has left.
    pub on_close:
        Option<unsafe extern "C" fn(*mut c_void, *mut ServerMemory, u64, u16, *const c_char)>,
    /// The server has stopped.
    pub on_stop: Option<unsafe extern "C" fn(*mut c_void, *mut ServerMemory)>,
    /// Messages to a client were not sent.
    pub on_unsent:
        Option<unsafe extern "C" fn(*mut c_void, *mut ServerMemory, u64, u64, *const ErrorView)>,
}
