//! The error of every call and event, with the contract's codes.

/// An error as the contract knows it: a code and a message, sometimes with data.
///
/// [`message`](Self::message) begins with the contract's text for the code and goes on with what
/// was attempted, on what, and why it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BusinessError {
    /// One of the constants of this type.
    pub code: i32,
    /// For people.
    pub message: String,
    /// For the `error` event: the HTTP status of a refused handshake, else `"0"`.
    pub data: Option<String>,
    /// For the `error` event: the stable name of an [`arkws::Cause`].
    pub cause: Option<&'static str>,
}

impl BusinessError {
    /// Parameter error.
    pub const PARAMETER: i32 = 401;
    /// Permission denied.
    pub const PERMISSION: i32 = 201;
    /// The code of every `error` event.
    pub const EVENT: i32 = 200;
    /// connect: the request could not be created; send: not connected.
    pub const FAILED: i32 = -1;
    /// Websocket url error.
    pub const URL: i32 = 2302001;
    /// Websocket certificate file does not exist.
    pub const CERTIFICATE_FILE: i32 = 2302002;
    /// Websocket connection already exist.
    pub const ALREADY_CONNECTED: i32 = 2302003;
    /// Can't listen to the given NIC.
    pub const NIC: i32 = 2302004;
    /// Can't listen to the given Port.
    pub const PORT: i32 = 2302005;
    /// websocket connection does not exist.
    pub const NO_CONNECTION: i32 = 2302006;
    /// Websocket port already occupied.
    pub const PORT_OCCUPIED: i32 = 2302007;
    /// It is not allowed to access this domain.
    pub const DOMAIN: i32 = 2302998;
    /// Websocket Unknown Other Error.
    pub const OTHER: i32 = 2302999;

    /// The contract's text for `code`, followed by `: detail` unless that is empty.
    pub fn new(code: i32, detail: impl AsRef<str>) -> BusinessError {
        let _ = (code, detail.as_ref());
        todo!()
    }
}
