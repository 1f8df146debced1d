//! The N-API binding of arkws: for Node.js and, compiled for it, OpenHarmony's ArkTS runtime.
//!
//! It converts; what a call means is decided in `arkws-netstack`, and which listener is called in
//! `npm/core`. Events come from the one network thread of the process through a `queue`, and are
//! made values by `delivery` and `payloads`. The calls of Node-API itself are in `napi`, which
//! knows nothing of arkws.
#![warn(missing_docs)]
#![deny(unsafe_code)]
#![expect(
    unreachable_pub,
    reason = "`napi` is a part of the tests `handles`, too"
)]

mod answer;
#[cfg(feature = "ark")]
#[expect(unsafe_code, reason = "it calls OpenHarmony's runtime")]
mod ark;
mod asker;
mod call;
mod client;
mod contract;
mod delivery;
#[cfg(unix)]
#[expect(unsafe_code, reason = "numbers come from JavaScript")]
mod descriptor;
mod environment;
mod environment_functions;
mod event;
mod event_to_js;
mod exit;
mod failure;
mod handover;
mod header_fields;
mod module;
#[expect(unsafe_code, reason = "it calls Node-API; see its notes on safety")]
mod napi;
mod object_id;
mod operation;
mod options;
mod payloads;
mod program;
mod question;
mod queue;
mod report;
mod script_stream;
mod server;
mod sync;
mod text;

pub use module::init;
