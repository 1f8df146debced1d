//! The functions of both headers, called as C calls them, against a server and clients of `arkws`.
mod client;
mod echo;
mod errors;
mod options;
mod platform;
mod queue;
mod seen;
mod server;
mod threads;
mod tls;
