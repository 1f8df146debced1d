//! An established connection, through the public API.
mod back_pressure;
mod cancel;
mod closing;
mod common;
mod conversions;
mod cut;
mod deterministic;
mod ended;
mod forward;
mod heartbeat;
mod inner;
#[cfg(feature = "tracing")]
mod logging;
mod messages;
mod pieces;
mod progress;
mod shown;
mod split;
mod stalled;
mod tls;
mod unfinished;
