//! TLS: whom the client trusts, what it says when it does not, and who it is.
mod client_certificate;
mod common;
mod connection;
mod own_config;
mod proxy;
mod roots;
mod sessions;
mod trust;
