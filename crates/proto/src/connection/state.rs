//! Where a connection is in its life (RFC 6455, 7.1).
use super::Connection;
use crate::{CloseFrame, ProtocolError};

/// The life of a connection (RFC 6455, 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Data may flow in both directions.
    Open,
    /// Our close frame is queued or sent; the peer's has not arrived.
    CloseSent,
    /// Both close frames exist; when the queue is empty the transport can end. A server ends it
    /// first (RFC 6455, 7.1.1).
    Closed,
    /// The peer broke the protocol: flush, then end the transport.
    Failed,
}

/// [`State`], with what must be remembered of it.
pub(super) enum Life {
    Open,
    CloseSent,
    /// With the peer's close frame.
    Closed(Option<Box<CloseFrame>>),
    Failed(Box<ProtocolError>),
}

impl Connection {
    /// Where the connection is in its life.
    pub fn state(&self) -> State {
        match self.life {
            Life::Open => State::Open,
            Life::CloseSent => State::CloseSent,
            Life::Closed(_) => State::Closed,
            Life::Failed(_) => State::Failed,
        }
    }

    /// The peer's close frame, when it has come. `None`: it has not, or has no body (RFC 6455,
    /// 7.1.5: status 1005).
    pub fn peer_close(&self) -> Option<&CloseFrame> {
        match &self.life {
            Life::Closed(frame) => frame.as_deref(),
            _ => None,
        }
    }
}
