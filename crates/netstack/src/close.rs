//! Code and reason of a close: as a program asks for it, and as an event tells of it.
use arkws::{CloseCode, CloseFrame};

/// `WebSocketCloseOptions`: what `close` is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloseOptions {
    /// Code. `None`, or one that no close frame may carry (RFC 6455, 7.4): 1000.
    pub code: Option<u32>,
    /// Reason, of which 123 bytes are sent at most. Default
    /// `CLOSE_NORMAL`; for a client below API level 12, an empty reason.
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

/// `CloseResult`: how a connection was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseResult {
    /// The code. 1005 stands for a close frame without one, 1006 for none at all (RFC 6455, 7.1.5).
    pub code: u16,
    /// The reason; of a connection that was lost, why.
    pub reason: String,
}
