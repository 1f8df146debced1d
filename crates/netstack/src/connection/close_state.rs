//! How far the end of a connection has come.
use arkws::CloseFrame;

/// What a close frame carries; `None`: nothing, so that its receiver has 1005 (RFC 6455, 7.1.5).
pub(crate) type CloseBody = Option<CloseFrame>;

/// How far the end of the connection has come, seen from the program.
#[derive(Debug)]
pub(crate) enum CloseState {
    /// Messages are taken.
    Open,
    /// The program has asked for the end; messages that it sent before go first if `drain`.
    Closing { frame: CloseBody, drain: bool },
    /// The connection has ended, or its peer has begun to end it.
    Closed { requested: Option<CloseBody> },
}

impl CloseState {
    /// Messages are taken.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, CloseState::Open)
    }

    /// Messages that still wait are given up.
    #[inline]
    pub(crate) fn gives_up(&self) -> bool {
        match self {
            CloseState::Open | CloseState::Closing { drain: true, .. } => false,
            CloseState::Closing { drain: false, .. } | CloseState::Closed { .. } => true,
        }
    }

    /// Nothing is sent any more.
    pub(crate) fn end(&mut self) {
        let requested = match std::mem::replace(self, CloseState::Open) {
            CloseState::Open => None,
            CloseState::Closing { frame, .. } => Some(frame),
            CloseState::Closed { requested } => requested,
        };
        *self = CloseState::Closed { requested };
    }

    /// The close frame with which the program ended the connection, if it was first.
    pub(crate) fn requested(&self) -> Option<CloseBody> {
        match self {
            CloseState::Open => None,
            CloseState::Closing { frame, .. } => Some(frame.clone()),
            CloseState::Closed { requested } => requested.clone(),
        }
    }
}
