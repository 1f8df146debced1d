//! How much a connection accepts, and how much it holds.

/// What a connection accepts from its peer, and how much it holds.
///
/// Beyond the first 64 KiB, memory grows with bytes received, never with bytes announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest payload of one frame, in bytes. Default:
    /// [`DEFAULT_MAX_MESSAGE_SIZE`](Self::DEFAULT_MAX_MESSAGE_SIZE).
    pub max_frame_size: u64,
    /// Largest message, in bytes, after decompression (checked while inflating). Default:
    /// [`DEFAULT_MAX_MESSAGE_SIZE`](Self::DEFAULT_MAX_MESSAGE_SIZE).
    pub max_message_size: usize,
    /// Most frames that one message may be split into; 0 is the same as 1. Default:
    /// [`DEFAULT_MAX_FRAGMENTS`](Self::DEFAULT_MAX_FRAGMENTS).
    pub max_fragments: u32,
    /// Largest head of a handshake request or response, in bytes. Default:
    /// [`DEFAULT_MAX_HEADER_BYTES`](Self::DEFAULT_MAX_HEADER_BYTES).
    pub max_header_bytes: usize,
    /// Most header fields in a handshake. Default:
    /// [`DEFAULT_MAX_HEADERS`](Self::DEFAULT_MAX_HEADERS).
    pub max_headers: usize,
    /// While so many bytes of messages wait for the transport, no message is taken. The size of the
    /// message itself does not matter, so that at most this and one message wait. Default:
    /// `usize::MAX`, no limit: drivers stop sending before.
    pub max_queued: usize,
}

impl Limits {
    /// Bytes of the largest message, and of the largest frame: 64 MiB. Our choice: RFC 6455 sets
    /// none (10.4 asks for one).
    pub const DEFAULT_MAX_MESSAGE_SIZE: usize = 64 << 20;
    /// Frames of a message: 1,048,576. Our choice: a message of the largest size in frames of 64
    /// bytes.
    pub const DEFAULT_MAX_FRAGMENTS: u32 = 1 << 20;
    /// Bytes of the largest head of a handshake: 16 KiB. Our choice: HTTP sets none.
    pub const DEFAULT_MAX_HEADER_BYTES: usize = 16 << 10;
    /// Header fields in a handshake: 128. Our choice: HTTP sets none.
    pub const DEFAULT_MAX_HEADERS: usize = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_frame_size: Self::DEFAULT_MAX_MESSAGE_SIZE as u64,
            max_message_size: Self::DEFAULT_MAX_MESSAGE_SIZE,
            max_fragments: Self::DEFAULT_MAX_FRAGMENTS,
            max_header_bytes: Self::DEFAULT_MAX_HEADER_BYTES,
            max_headers: Self::DEFAULT_MAX_HEADERS,
            max_queued: usize::MAX,
        }
    }
}
