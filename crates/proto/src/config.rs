//! What a connection is made with.
use crate::deflate::DeflateParams;
use crate::{Entropy, Limits};

/// What a connection needs to know from its owner and from its handshake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// What is accepted from the peer.
    pub limits: Limits,
    /// permessage-deflate as negotiated; `None`: no compression.
    pub deflate: Option<DeflateParams>,
    /// Where a client's masking keys come from. Default: [`Entropy::System`].
    pub entropy: Entropy,
}
