//! Why a connection failed: one variant per rule that a peer can break.
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
    /// RFC 7692, 6.1: only the first frame of a message says that it is compressed.
    #[error(
        "a continuation frame is marked as compressed: only the first frame of a message may be (RFC 7692, 6.1)"
    )]
    CompressedContinuation,
    /// RFC 7692, 6.1: control frames are never compressed.
    #[error("a control frame is marked as compressed (RFC 7692, 6.1)")]
    CompressedControl,
    /// RFC 6455, 5.2: opcodes 3–7 and 11–15 are reserved.
    #[error("a frame has the reserved opcode {0:#x} (RFC 6455, 5.2)")]
    UnknownOpcode(u8),
    /// RFC 6455, 5.5: control frames must not be fragmented.
    #[error("a control frame is fragmented (RFC 6455, 5.5)")]
    FragmentedControl,
    /// RFC 6455, 5.5: control frames carry at most 125 bytes.
    #[error("a control frame announces a payload of more than 125 bytes (RFC 6455, 5.5)")]
    ControlTooLong,
    /// RFC 6455, 5.1: a client masks all its frames.
    #[error("a frame from the client is not masked (RFC 6455, 5.1)")]
    UnmaskedByClient,
    /// RFC 6455, 5.1: a server masks none of its frames.
    #[error("a frame from the server is masked (RFC 6455, 5.1)")]
    MaskedByServer,
    /// RFC 6455, 5.2: the most significant bit of a 64-bit length must be 0.
    #[error(
        "a frame announces a length with the most significant of its 64 bits set (RFC 6455, 5.2)"
    )]
    LengthOverflow,
    /// RFC 6455, 5.2: the minimal number of bytes must be used to encode the length.
    #[error("a frame encodes the length {0} in more bytes than it needs (RFC 6455, 5.2)")]
    LengthNotMinimal(u64),
    /// RFC 6455, 5.4: a continuation frame continues a fragmented message.
    #[error("a continuation frame arrived, but no fragmented message is open (RFC 6455, 5.4)")]
    UnexpectedContinuation,
    /// RFC 6455, 5.4: the fragments of one message must not be interleaved with another message.
    #[error("a new message began before the last fragment of the one before it (RFC 6455, 5.4)")]
    UnfinishedMessage,
    /// RFC 6455, 8.1: text must be UTF-8.
    #[error("a text message is not valid UTF-8 (RFC 6455, 8.1)")]
    InvalidUtf8,
    /// RFC 6455, 5.5.1: the body of a close frame starts with a 2-byte code.
    #[error("a close frame has a body of one byte, where a status code has two (RFC 6455, 5.5.1)")]
    TruncatedCloseCode,
    /// RFC 6455, 7.4: the status code is reserved or undefined.
    #[error("a close frame has the status code {0}, which must not be sent (RFC 6455, 7.4)")]
    InvalidCloseCode(u16),
    /// RFC 6455, 5.5.1: the reason must be UTF-8.
    #[error("the reason in a close frame is not valid UTF-8 (RFC 6455, 5.5.1)")]
    InvalidCloseReason,
    /// RFC 7692, 7.2.2: the compressed data cannot be inflated.
    #[error("a compressed message is not valid DEFLATE data (RFC 7692, 7.2.2)")]
    InvalidDeflate,
    /// A frame is larger than [`Limits::max_frame_size`](crate::Limits::max_frame_size).
    #[error("a frame announces {len} bytes, the limit is {limit}")]
    FrameTooLarge {
        /// What the header says, in bytes.
        len: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// A message is larger than [`Limits::max_message_size`](crate::Limits::max_message_size),
    /// after decompression; or than whoever takes it
    /// [in pieces](crate::Connection::receive_in_pieces) allows.
    #[error("a message exceeds the limit of {limit} bytes")]
    MessageTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A message has more fragments than [`Limits::max_fragments`](crate::Limits::max_fragments).
    #[error("a message has more than {limit} fragments (Limits::max_fragments)")]
    TooManyFragments {
        /// The limit, in fragments.
        limit: u32,
    },
    /// RFC 6455, 7.1.4: the closing handshake was not completed. The status is 1006 (7.1.5).
    #[error("the connection ended without a close frame (RFC 6455, 7.1.5: status 1006)")]
    UnexpectedEof,
}

impl ProtocolError {
    #[cold]
    pub(crate) fn too_large(limit: u64) -> ProtocolError {
        ProtocolError::MessageTooLarge {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        }
    }
}
