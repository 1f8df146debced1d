//! TLS: whom the client trusts, what it says when it does not, and who it is.
mod client_certificate;
mod common;
mod connection;
mod roots;
mod trust;
