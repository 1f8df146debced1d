//! The types of `arkws.h` that concern clients.
use std::ffi::{c_char, c_int, c_void};

use crate::code::Code;
use crate::failure::Failure;
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
    /// Bytes of the program's struct, which may be of another version.
    pub size: usize,
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

/// Writes numbers to where the program wants them, as far as its struct reaches. Its size stays.
///
/// # Errors
/// [`Code::Invalid`]: it is NULL, or its size is none.
///
/// # Safety
/// `stats` is NULL, or a struct of as many bytes as its size says, which can be written.
pub(crate) unsafe fn fill(stats: *mut ClientStats, now: ClientStats) -> Result<(), Failure> {
    const SIZE: usize = std::mem::offset_of!(ClientStats, state);
    if stats.is_null() {
        return Err(Failure::new(
            Code::Invalid,
            "there is no room for the numbers",
        ));
    }
    // SAFETY: the caller's promise.
    let size = unsafe { stats.cast::<usize>().read() };
    if size < SIZE || !(size - SIZE).is_multiple_of(size_of::<u64>()) {
        let why = format!("the size of the numbers is {size}, and not that of arkws_stats");
        return Err(Failure::new(Code::Invalid, why));
    }
    let length = size.min(size_of::<ClientStats>()) - SIZE;
    let from = (&raw const now).cast::<u8>();
    // SAFETY: both have so many bytes behind their sizes; they are numbers without gaps.
    unsafe {
        let to = stats.cast::<u8>().add(SIZE);
        to.copy_from_nonoverlapping(from.add(SIZE), length);
    }
    Ok(())
}
