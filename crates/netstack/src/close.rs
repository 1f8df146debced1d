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
    /// RFC 6455, 7.4.1: the program, or what it used the connection for, is gone.
    pub const GOING_AWAY: u32 = 1001;
    /// RFC 6455, 7.4.1: the message is too big to process.
    pub const TOO_BIG: u32 = 1009;

    /// Those of a language whose numbers are all floating-point ones. A code that is no whole
    /// number from 0 on is as good as one that no close frame may carry.
    pub fn new(code: Option<f64>, reason: Option<String>) -> CloseOptions {
        const NONE: u32 = 0;
        let whole = |number: f64| Some(number as u32).filter(|code| f64::from(*code) == number);
        CloseOptions {
            code: code.map(|number| whole(number).unwrap_or(NONE)),
            reason,
        }
    }

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

/// RFC 6455, 7.4.1, and the registry's 1012 to 1014: the server goes away, has trouble, restarts,
/// or asks to try again later.
pub(crate) fn invites_back(code: u16) -> bool {
    matches!(code, 1001 | 1011..=1014)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_no_code_is_sent_as_1000() {
        let sent = |code| CloseOptions::new(code, None).frame("").code().get();
        for code in [
            -1.0,
            -64_535.0,
            0.5,
            1001.5,
            66_537.0,
            4_294_968_297.0,
            1e300,
            f64::NAN,
        ] {
            assert_eq!(sent(Some(code)), 1000, "{code}");
        }
        assert_eq!(sent(None), 1000);
        assert_eq!(sent(Some(1001.0)), 1001);
        assert_eq!(sent(Some(4999.0)), 4999);
    }
}
