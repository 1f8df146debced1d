//! permessage-deflate (RFC 7692): parameters, and the codec of one connection.

/// What an endpoint is willing to negotiate. Used by both roles: as an offer by the client, as
/// what may be accepted by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeflateConfig {
    /// Ask that the server resets its compressor after each message (7.1.1.1). Default: `false`.
    pub server_no_context_takeover: bool,
    /// Promise (client) or demand (server) that the client does (7.1.1.2). Default: `false`.
    pub client_no_context_takeover: bool,
    /// LZ77 window of the server's compressor, as a power of two, 9–15 (7.1.2.1). Default: 15.
    pub server_max_window_bits: u8,
    /// LZ77 window of the client's compressor, as a power of two, 9–15 (7.1.2.2). Default: 15.
    pub client_max_window_bits: u8,
    /// zlib's level, 0–9. Default: 6... the owner of this file decides from measurements.
    pub level: u8,
    /// Messages shorter than this, in bytes, are sent uncompressed. Default: decided by measurement.
    pub min_size: usize,
}

impl Default for DeflateConfig {
    fn default() -> Self {
        DeflateConfig {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
            level: 6,
            min_size: 64,
        }
    }
}

/// What the handshake agreed on (RFC 7692, 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflateParams {
    /// The server resets its compressor after each message.
    pub server_no_context_takeover: bool,
    /// The client resets its compressor after each message.
    pub client_no_context_takeover: bool,
    /// The server's LZ77 window, 8–15.
    pub server_max_window_bits: u8,
    /// The client's LZ77 window, 8–15.
    pub client_max_window_bits: u8,
    /// zlib level for what we send (local choice, not on the wire).
    pub level: u8,
    /// Smallest message that we compress (local choice, not on the wire).
    pub min_size: usize,
}
