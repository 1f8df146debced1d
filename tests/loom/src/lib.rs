//! What the threads of arkws share, compiled with [loom]'s locks and atomics: each model runs under
//! every order in which its threads may run, and with every value that an atomic may then have.
//!
//! The files are those of the crates, as they are. tokio has no sockets when it is compiled with
//! `cfg(loom)`, so that is not set: only what the files take from their crate's `sync` is loom's.
#![forbid(unsafe_code)]

mod models;
mod sync;
mod transport;

#[allow(dead_code, reason = "used in its crate")]
#[path = "../../../crates/netstack/src/connection/mod.rs"]
mod connection;

#[path = "../../../crates/node/src/text/latin1.rs"]
mod latin1;
#[allow(dead_code, reason = "used in its crate")]
#[path = "../../../crates/node/src/object_id.rs"]
mod object_id;
#[allow(dead_code, reason = "used in its crate")]
#[path = "../../../crates/node/src/queue/mod.rs"]
mod queue;

/// Where the queue finds it.
mod text {
    pub(crate) use crate::latin1;
}

/// In place of the events that JavaScript gets, which have nothing to do with threads.
mod event {
    /// No model has any.
    pub(crate) enum Event {}
}

pub use models::*;
