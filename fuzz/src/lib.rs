//! Arbitrary configurations, shared by the targets.
use arbitrary::Arbitrary;
use arkws_proto::deflate::DeflateParams;
use arkws_proto::{Config, Entropy, Limits, Role};

/// The same in every run, so that an input that fails fails again.
pub const ENTROPY: Entropy = Entropy::Seed(0);

/// One of the two ends.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum End {
    Client,
    Server,
}

impl End {
    pub fn role(self) -> Role {
        match self {
            End::Client => Role::Client,
            End::Server => Role::Server,
        }
    }

    pub fn peer(self) -> Role {
        match self {
            End::Client => Role::Server,
            End::Server => Role::Client,
        }
    }
}

/// What a connection may be configured with.
#[derive(Debug, Clone, Arbitrary)]
pub struct AnyConfig {
    deflate: Option<AnyDeflate>,
    max_frame_size: Option<u16>,
    max_message_size: Option<u16>,
    max_fragments: Option<u8>,
}

#[derive(Debug, Clone, Arbitrary)]
struct AnyDeflate {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: u8,
    client_max_window_bits: u8,
    level: u8,
    min_size: u8,
}

impl AnyConfig {
    /// Unlimited where nothing is said.
    pub fn config(&self) -> Config {
        let limits = Limits {
            max_frame_size: self.max_frame_size.map_or(u64::MAX, u64::from),
            max_message_size: self.max_message_size.map_or(1 << 24, usize::from),
            max_fragments: self.max_fragments.map_or(u32::MAX, u32::from),
            ..Limits::default()
        };
        Config {
            limits,
            ..self.default_limits()
        }
    }

    /// As [`config`](Self::config), with the default limits.
    pub fn default_limits(&self) -> Config {
        Config {
            deflate: self.deflate(),
            entropy: ENTROPY,
            ..Config::default()
        }
    }

    /// Negotiated parameters: windows of 8–15 bits.
    fn deflate(&self) -> Option<DeflateParams> {
        self.deflate.as_ref().map(|any| DeflateParams {
            server_no_context_takeover: any.server_no_context_takeover,
            client_no_context_takeover: any.client_no_context_takeover,
            server_max_window_bits: 8 + any.server_max_window_bits % 8,
            client_max_window_bits: 8 + any.client_max_window_bits % 8,
            level: any.level % 10,
            min_size: any.min_size.into(),
        })
    }
}
