//! Where a connection is in its life (RFC 6455, 7.1).
use super::Connection;
use crate::ProtocolError;

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
    Closed,
    Failed(Box<ProtocolError>),
}

impl Connection {
    /// Where the connection is in its life.
    pub fn state(&self) -> State {
        match self.life {
            Life::Open => State::Open,
            Life::CloseSent => State::CloseSent,
            Life::Closed => State::Closed,
            Life::Failed(_) => State::Failed,
        }
    }
}
