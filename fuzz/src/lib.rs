//! Any bytes to what reads those of others: the bodies of the fuzz targets, which panic if what
//! must hold does not. The small corpus of each is a test (`tests/corpus.rs`).
#![deny(unsafe_code)]

mod client;
mod config;
mod deflate;
mod frame;
mod handshake;
mod http_request;
mod input;
mod keys;
mod peer;
mod proxies;
mod recv;
mod request;
mod retry_after;
mod roundtrip;
mod runtime;
mod server;
mod session;
mod text;
mod tungstenite;
mod url;
mod zlib;

// Files of netstack, as they are, which no other crate can call.
#[path = "../../crates/netstack/src/server/forwarded.rs"]
mod forwarded;
#[allow(unreachable_pub, reason = "what its crate shows")]
#[path = "../../crates/netstack/src/server/trusted_proxies.rs"]
mod trusted_proxies;

/// Where they find it.
use arkws_netstack::BusinessError;

/// Something that reads the bytes of others.
pub struct Target {
    /// As on the command line.
    pub name: &'static str,
    /// Reads them.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    target("client", client::run),
    target("deflate", deflate::run),
    target("frame", frame::run),
    target("handshake", handshake::run),
    target("http_request", http_request::run),
    target("keys", keys::run),
    target("proxies", proxies::run),
    target("recv", recv::run),
    target("request", request::run),
    target("retry_after", retry_after::run),
    target("roundtrip", roundtrip::run),
    target("server", server::run),
    target("session", session::run),
    target("text", text::run),
    target("tungstenite", tungstenite::run),
    target("url", url::run),
];

const fn target(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run }
}
