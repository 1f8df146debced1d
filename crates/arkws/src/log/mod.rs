//! Logging through the crate `tracing`, which the feature of that name brings. Without it nothing
//! is logged, and the macros are empty.
#[cfg(not(feature = "tracing"))]
pub(crate) mod absent;

#[cfg(all(not(feature = "tracing"), feature = "client"))]
pub(crate) use absent::NoInstrument as Instrument;
#[cfg(all(not(feature = "tracing"), feature = "tls"))]
pub(crate) use absent::event as warning;
#[cfg(not(feature = "tracing"))]
pub(crate) use absent::{NoSpan as Span, event as debug};
#[cfg(all(feature = "tracing", feature = "client"))]
pub(crate) use tracing::Instrument;
#[cfg(feature = "tracing")]
pub(crate) use tracing::Span;

/// An event at debug level.
#[cfg(feature = "tracing")]
macro_rules! debug {
    ($($event:tt)*) => { ::tracing::debug!(target: "arkws", $($event)*) };
}

/// A warning.
#[cfg(all(feature = "tracing", feature = "tls"))]
macro_rules! warning {
    ($($event:tt)*) => { ::tracing::warn!(target: "arkws", $($event)*) };
}

#[cfg(feature = "tracing")]
pub(crate) use debug;
#[cfg(all(feature = "tracing", feature = "tls"))]
pub(crate) use warning;

/// The span of an attempt to connect to `host:port`.
#[cfg(all(feature = "tracing", feature = "client"))]
pub(crate) fn connecting(to: String) -> Span {
    tracing::debug_span!(target: "arkws", "connect", to)
}

#[cfg(all(not(feature = "tracing"), feature = "client"))]
pub(crate) fn connecting(_to: String) -> Span {
    Span
}
