//! The functions of both headers, called as C calls them, against a server and clients of `arkws`.
mod client;
mod echo;
mod errors;
mod options;
mod platform;
mod progress;
mod queue;
mod seen;
mod server;
#[path = "../../../netstack/tests/support/slow_peer.rs"]
mod slow_peer;
mod threads;
mod tls;
