//! Arbitrary configurations of a connection.
use std::time::Duration;

use arkws::Heartbeat;
use arkws_proto::deflate::DeflateParams;
use arkws_proto::{Config, Entropy, Limits, Role};

use crate::input::Input;

/// The same in every run, so that an input that fails fails again.
pub(crate) const ENTROPY: Entropy = Entropy::Seed(0);

/// That of a client that connects, and of a server.
pub(crate) const HEARTBEAT: Heartbeat = Heartbeat::every(Duration::from_secs(30));

/// What a connection may be configured with.
#[derive(Debug, Clone)]
pub(crate) struct AnyConfig {
    deflate: Option<DeflateParams>,
    limits: Limits,
}

/// One of the two ends: a client's for an odd byte.
pub(crate) fn role(input: &mut Input<'_>) -> Role {
    match input.flag() {
        true => Role::Client,
        false => Role::Server,
    }
}

/// The other end.
pub(crate) fn peer(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

impl AnyConfig {
    /// Of eleven bytes. Zeros are the defaults, without compression.
    pub(crate) fn read(input: &mut Input<'_>) -> AnyConfig {
        let flags = input.byte();
        let [windows, level, min_size] = input.array();
        // Negotiated parameters: windows of 8–15 bits.
        let deflate = (flags & 1 != 0).then(|| DeflateParams {
            server_no_context_takeover: flags & 2 != 0,
            client_no_context_takeover: flags & 4 != 0,
            server_max_window_bits: 15 - windows % 8,
            client_max_window_bits: 15 - (windows >> 4) % 8,
            level: level % 10,
            min_size: min_size.into(),
        });
        let defaults = Limits::default();
        let (frame, message, fragments) = (input.u16(), input.u16(), input.u16());
        let _ = input.byte();
        let limits = Limits {
            max_frame_size: at_most(frame, defaults.max_frame_size),
            max_message_size: at_most(message, 1 << 22),
            max_fragments: at_most(fragments, defaults.max_fragments),
            ..defaults
        };
        AnyConfig { deflate, limits }
    }

    /// With its limits.
    pub(crate) fn config(&self) -> Config {
        Config {
            limits: self.limits.clone(),
            ..self.default_limits()
        }
    }

    /// With the default limits.
    pub(crate) fn default_limits(&self) -> Config {
        Config {
            deflate: self.deflate,
            entropy: ENTROPY,
            ..Config::default()
        }
    }
}

/// `limit`, or the default if it is zero.
fn at_most<T: From<u16>>(limit: u16, default: T) -> T {
    match limit {
        0 => default,
        limit => limit.into(),
    }
}
