//! Code and reason of a close, as a program asks for it and as it is told.
use arkws::{CloseCode, CloseFrame};

/// `WebSocketCloseOptions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloseOptions {
    /// Code; `None`: 1000.
    pub code: Option<u32>,
    /// Reason; `None` or empty: the level's default.
    pub reason: Option<String>,
}

impl CloseOptions {
    /// RFC 6455, 7.4.1: the message is too big to process.
    pub const TOO_BIG: u32 = 1009;

    /// The close frame to send. A code that no frame may carry is replaced by 1000, and a reason
    /// that is too long is cut.
    pub(crate) fn frame(&self, default_reason: &str) -> CloseFrame {
        let code = self
            .code
            .and_then(|code| u16::try_from(code).ok())
            .and_then(CloseCode::new)
            .unwrap_or(CloseCode::NORMAL);
        let reason = self.reason.as_deref().filter(|reason| !reason.is_empty());
        CloseFrame::new(code, reason.unwrap_or(default_reason))
    }
}

/// `CloseResult`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseResult {
    /// The code.
    pub code: u16,
    /// The reason.
    pub reason: String,
}
