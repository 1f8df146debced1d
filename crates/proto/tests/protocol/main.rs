//! The protocol engine through its public interface.
mod buffer;
mod bytes;
mod closing;
mod common;
mod direct;
mod entropy;
mod events;
mod limits;
mod must_fail;
mod rfc_examples;
mod sending;
