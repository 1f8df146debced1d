//! permessage-deflate (RFC 7692): parameters, and the codec of one connection, which is there with
//! the feature `deflate` only.
#[cfg(not(feature = "deflate"))]
mod absent;
#[cfg(feature = "deflate")]
mod codec;

use crate::Role;

#[cfg(not(feature = "deflate"))]
pub(crate) use absent::{NoDeflater as Deflater, NoInflater as Inflater};
#[cfg(feature = "deflate")]
pub(crate) use codec::{Deflater, Inflater};

/// What an endpoint is willing to negotiate. Used by both roles: as an offer by the client, as
/// what may be accepted by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeflateConfig {
    /// The server is to reset its compressor after each message (7.1.1.1). Default: `false`.
    pub server_no_context_takeover: bool,
    /// The client is to reset its compressor after each message: it promises that, or the server
    /// demands it (7.1.1.2). Default: `false`.
    pub client_no_context_takeover: bool,
    /// LZ77 window of the server's compressor, as a power of two, 8–15 (7.1.2.1). Default: 15.
    ///
    /// zlib cannot compress with 8: if we are the server, our messages go uncompressed then.
    pub server_max_window_bits: u8,
    /// LZ77 window of the client's compressor, as a power of two, 8–15 (7.1.2.2). Default: 15.
    ///
    /// zlib cannot compress with 8: if we are the client, our messages go uncompressed then.
    pub client_max_window_bits: u8,
    /// zlib's level, 0–9: a higher one makes messages smaller, and takes longer. Default: 4. A
    /// level of 1 pays where the network is faster than some 100 Mbit/s, one of 6 where it is
    /// slower than some 10 Mbit/s.
    pub level: u8,
    /// Messages shorter than this, in bytes, are sent uncompressed: compressing them saves too
    /// little for the time that it takes. Default: 128.
    pub min_size: usize,
}

impl Default for DeflateConfig {
    fn default() -> Self {
        DeflateConfig {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
            level: 4,
            min_size: 128,
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
    /// [`DeflateConfig::level`] of our own end: it is not negotiated.
    pub level: u8,
    /// [`DeflateConfig::min_size`] of our own end: it is not negotiated.
    pub min_size: usize,
}

impl DeflateParams {
    /// Window and context takeover of the compressor at the `role` end.
    #[cfg_attr(not(feature = "deflate"), expect(dead_code))]
    fn compressor(&self, role: Role) -> (u8, bool) {
        match role {
            Role::Client => (
                self.client_max_window_bits,
                !self.client_no_context_takeover,
            ),
            Role::Server => (
                self.server_max_window_bits,
                !self.server_no_context_takeover,
            ),
        }
    }
}
