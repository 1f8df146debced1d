//! The types of `net_websocket_type.h`: names and layout are the platform's.
use std::ffi::c_char;

/// `WebSocket_CloseResult`: how a connection ended.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct WebSocketCloseResult {
    /// The close code.
    pub code: u32,
    /// Its reason; never NULL.
    pub reason: *const c_char,
}

/// `WebSocket_CloseOption`: how a connection shall end.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct WebSocketCloseOption {
    /// The close code; 0: 1000, without a reason.
    pub code: u32,
    /// Its reason; NULL: 1000, without a reason.
    pub reason: *const c_char,
}

/// `WebSocket_ErrorResult`: what went wrong.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct WebSocketErrorResult {
    /// A [`Code`](crate::code::Code).
    pub error_code: u32,
    /// For people; never NULL.
    pub error_message: *const c_char,
}

/// `WebSocket_OpenResult`: the server's answer.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct WebSocketOpenResult {
    /// The HTTP status: 101.
    pub code: u32,
    /// Its words; never NULL.
    pub reason: *const c_char,
}

/// `WebSocket_Header`: a field of the request, and the one after it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct WebSocketHeader {
    /// The name.
    pub field_name: *const c_char,
    /// The value.
    pub field_value: *const c_char,
    /// NULL: the last.
    pub next: *mut WebSocketHeader,
}

/// `WebSocket_RequestOptions`: the fields of a request.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct WebSocketRequestOptions {
    /// NULL: none.
    pub headers: *mut WebSocketHeader,
}

/// `WebSocket_OnOpenCallback`.
pub type OnOpen = Option<unsafe extern "C" fn(*mut WebSocketMemory, WebSocketOpenResult)>;
/// `WebSocket_OnMessageCallback`.
pub type OnMessage = Option<unsafe extern "C" fn(*mut WebSocketMemory, *mut c_char, u32)>;
/// `WebSocket_OnErrorCallback`.
pub type OnError = Option<unsafe extern "C" fn(*mut WebSocketMemory, WebSocketErrorResult)>;
/// `WebSocket_OnCloseCallback`.
pub type OnClose = Option<unsafe extern "C" fn(*mut WebSocketMemory, WebSocketCloseResult)>;

/// `struct WebSocket`: what a program has of a client. Its address names the client.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct WebSocketMemory {
    /// The connection is open.
    pub on_open: OnOpen,
    /// A message has come.
    pub on_message: OnMessage,
    /// Something went wrong.
    pub on_error: OnError,
    /// The connection has ended.
    pub on_close: OnClose,
    /// The fields that were added.
    pub request_options: WebSocketRequestOptions,
}

// SAFETY: it is a value of C's; the library does not follow its pointers, but for the list that it
// has made itself.
unsafe impl Send for WebSocketMemory {}
