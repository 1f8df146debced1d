//! Closing status codes and close frames (RFC 6455, 5.5.1 and 7.4).
use std::fmt;

use crate::frame::MAX_CONTROL_PAYLOAD;
use crate::{ProtocolError, Utf8Bytes};

/// A status code that may appear on the wire in a close frame: 1000–1003, 1007–1014, 3000–4999.
///
/// Reserved codes (1004, 1005, 1006, 1015) and unassigned ones cannot be expressed.
///
/// ```
/// use arkws_proto::CloseCode;
///
/// assert_eq!(CloseCode::try_from(1001), Ok(CloseCode::GOING_AWAY));
/// assert_eq!(u16::from(CloseCode::GOING_AWAY), 1001);
/// assert!(CloseCode::try_from(1006).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// 1001: the endpoint is going away.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// 1002: protocol error.
    pub const PROTOCOL_ERROR: CloseCode = CloseCode(1002);
    /// 1003: a type of data that cannot be accepted.
    pub const UNSUPPORTED: CloseCode = CloseCode(1003);
    /// 1007: data inconsistent with its type, such as text that is not UTF-8.
    pub const INVALID_DATA: CloseCode = CloseCode(1007);
    /// 1008: a message violates the endpoint's policy.
    pub const POLICY: CloseCode = CloseCode(1008);
    /// 1009: a message is too big.
    pub const TOO_BIG: CloseCode = CloseCode(1009);
    /// 1010: the server did not negotiate a required extension.
    pub const MANDATORY_EXTENSION: CloseCode = CloseCode(1010);
    /// 1011: the server met an unexpected condition.
    pub const INTERNAL_ERROR: CloseCode = CloseCode(1011);

    /// The status code with this number; `None`: it must not stand in a close frame.
    pub const fn new(code: u16) -> Option<CloseCode> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(CloseCode(code)),
            _ => None,
        }
    }

    /// The number on the wire.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl ProtocolError {
    /// The status code that tells the peer why the connection failed: 1002, 1007 or 1009. After
    /// [`UnexpectedEof`](Self::UnexpectedEof) nobody is there to be told, and no close frame is
    /// queued.
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::InvalidUtf8 | Self::InvalidCloseReason | Self::InvalidDeflate => {
                CloseCode::INVALID_DATA
            }
            Self::FrameTooLarge { .. }
            | Self::MessageTooLarge { .. }
            | Self::TooManyFragments { .. } => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

/// The body of a close frame: a code and a reason of at most 123 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    code: CloseCode,
    reason: Utf8Bytes,
}

impl CloseFrame {
    /// RFC 6455, 5.5: a control frame carries at most 125 bytes, two of which are the code.
    pub const MAX_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

    /// A close frame; a longer reason is cut at a character boundary.
    pub fn new(code: CloseCode, reason: &str) -> CloseFrame {
        let mut end = reason.len().min(Self::MAX_REASON);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        CloseFrame {
            code,
            reason: Utf8Bytes::from(&reason[..end]),
        }
    }

    /// Reads the body of a close frame; `None`: it is empty (RFC 6455, 7.1.5: status 1005).
    ///
    /// # Errors
    /// A body of one byte, a code that must not be sent, a reason that is not UTF-8 (RFC 6455,
    /// 5.5.1 and 7.4).
    pub fn decode(body: &[u8]) -> Result<Option<CloseFrame>, ProtocolError> {
        let Some((code, reason)) = body.split_first_chunk() else {
            return if body.is_empty() {
                Ok(None)
            } else {
                Err(ProtocolError::TruncatedCloseCode)
            };
        };
        let code = u16::from_be_bytes(*code);
        let code = CloseCode::new(code).ok_or(ProtocolError::InvalidCloseCode(code))?;
        let reason = std::str::from_utf8(reason).map_err(|_| ProtocolError::InvalidCloseReason)?;
        Ok(Some(CloseFrame {
            code,
            reason: reason.into(),
        }))
    }

    /// Writes the body to the front of `out`; returns its length.
    pub fn encode(&self, out: &mut [u8; MAX_CONTROL_PAYLOAD]) -> usize {
        let end = 2 + self.reason.len();
        out[..2].copy_from_slice(&self.code.get().to_be_bytes());
        out[2..end].copy_from_slice(self.reason.as_bytes());
        end
    }

    /// The status code.
    pub fn code(&self) -> CloseCode {
        self.code
    }

    /// The reason; may be empty.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A number that must not stand in a close frame: see [`CloseCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} must not stand in a close frame (RFC 6455, 7.4)")]
pub struct InvalidCloseCode(pub u16);

/// As [`CloseCode::new`].
impl TryFrom<u16> for CloseCode {
    type Error = InvalidCloseCode;

    fn try_from(code: u16) -> Result<CloseCode, InvalidCloseCode> {
        CloseCode::new(code).ok_or(InvalidCloseCode(code))
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> u16 {
        code.get()
    }
}

/// A close frame without a reason.
impl From<CloseCode> for CloseFrame {
    fn from(code: CloseCode) -> CloseFrame {
        CloseFrame::new(code, "")
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The code, and the reason if there is one: `1001`, `1001: going home`. The reason is the peer's,
/// so that control characters and the like are escaped, as a log or a terminal wants it.
impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            "" => self.code.fmt(f),
            reason => write!(f, "{}: {}", self.code, reason.escape_debug()),
        }
    }
}
