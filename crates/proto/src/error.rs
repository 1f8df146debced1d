use crate::CloseCode;

/// The peer broke the protocol, or a limit: the connection has failed (RFC 6455, 7.1.7).
///
/// Each variant reads like a sentence and names the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// RFC 6455, 5.2: a reserved bit is set that no negotiated extension defines.
    #[error(
        "a frame has the reserved bit RSV{0} set without a negotiated extension (RFC 6455, 5.2)"
    )]
    ReservedBit(u8),
    // ... the owner of this crate adds one variant per rule
}

impl ProtocolError {
    /// The status code with which the connection is failed: 1002, 1007, 1009...
    pub fn close_code(&self) -> CloseCode {
        todo!()
    }
}
