//! How much a connection accepts, and how much it holds.

/// What a connection accepts from its peer, and how much it holds.
///
/// Memory grows with bytes received, never with bytes announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest payload of one frame, in bytes. Default: 64 MiB.
    pub max_frame_size: u64,
    /// Largest message, in bytes, after decompression (checked while inflating). Default: 64 MiB.
    pub max_message_size: usize,
    /// Most frames that one message may be split into; 0 is the same as 1. Default: 1,048,576.
    pub max_fragments: u32,
    /// Largest head of a handshake request or response, in bytes. Default: 16 KiB.
    pub max_header_bytes: usize,
    /// Most header fields in a handshake. Default: 128.
    pub max_headers: usize,
    /// While so many bytes of messages wait for the transport, no message is taken. The size of the
    /// message itself does not matter, so that at most this and one message wait. Default:
    /// `usize::MAX`, no limit: drivers stop sending before.
    pub max_queued: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_frame_size: 64 << 20,
            max_message_size: 64 << 20,
            max_fragments: 1 << 20,
            max_header_bytes: 16 << 10,
            max_headers: 128,
            max_queued: usize::MAX,
        }
    }
}
