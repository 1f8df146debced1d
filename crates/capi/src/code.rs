//! What the functions return: the values of `WebSocket_ErrCode` and `arkws_code`.
use std::ffi::c_int;

/// A result other than success. The headers say what each means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    /// `WEBSOCKET_CLIENT_NULL`.
    Null = 1001,
    /// `WEBSOCKET_CLIENT_NOT_CREATED`.
    NotCreated = 1002,
    /// `WEBSOCKET_CONNECTION_ERROR`.
    Connection = 1003,
    /// `WEBSOCKET_CONNECTION_PARSE_URL_ERROR`.
    Url = 1005,
    /// `WEBSOCKET_CONNECTION_NO_MEMORY`, which the platform returns for whatever else keeps an
    /// attempt from being started.
    NotStarted = 1006,
    /// `WEBSOCKET_SEND_DATA_NULL`.
    DataNull = 1011,
    /// `WEBSOCKET_DATA_LENGTH_EXCEEDED`.
    TooLong = 1012,
    /// `WEBSOCKET_QUEUE_LENGTH_EXCEEDED`.
    QueueFull = 1013,
    /// `WEBSOCKET_NO_HEADER_CONTEXT`.
    NoHeader = 1015,
    /// `WEBSOCKET_HEADER_EXCEEDED`.
    TooManyHeaders = 1016,
    /// `WEBSOCKET_NO_CONNECTION`.
    NoConnection = 1017,
    /// `WEBSOCKET_NO_CONNECTION_CONTEXT`.
    DestroyedWithoutConnection = 1018,
    /// `ARKWS_FILE_NOT_FOUND`.
    FileNotFound = 1019,
    /// `ARKWS_PERMISSION_DENIED`.
    PermissionDenied = 1020,
    /// `ARKWS_HOST_NOT_ALLOWED`.
    HostNotAllowed = 1021,
    /// `ARKWS_INVALID`.
    Invalid = 1100,
    /// `ARKWS_WRONG_STATE`.
    WrongState = 1101,
    /// `ARKWS_CANNOT_LISTEN`.
    CannotListen = 1102,
    /// `ARKWS_NO_SUCH_PEER`.
    NoSuchPeer = 1103,
    /// `ARKWS_SYSTEM`.
    System = 1104,
    /// `ARKWS_INTERNAL`.
    Internal = 1199,
}

impl Code {
    /// `ARKWS_OK`, `WEBSOCKET_OK`.
    pub const OK: c_int = 0;

    /// The number that C has.
    pub fn number(self) -> c_int {
        self as c_int
    }
}
