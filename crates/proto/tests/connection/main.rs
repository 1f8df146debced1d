//! The connection through its public interface.
mod common;
mod rfc_examples;
