//! What a connection is made with.
use crate::deflate::DeflateParams;
use crate::{Entropy, Limits};

/// Settings of a connection: its owner's, and what its handshake has agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "rand", derive(Default))]
pub struct Config {
    /// What is accepted from the peer.
    pub limits: Limits,
    /// permessage-deflate as negotiated; `None`: no compression. Without the feature `deflate`
    /// there is none, whatever stands here.
    pub deflate: Option<DeflateParams>,
    /// Where a client's masking keys come from. Default: `Entropy::System`.
    pub entropy: Entropy,
}
