//! TLS: whom the client trusts, what it says when it does not, and who it is; and whom a server
//! trusts.
mod chains;
mod client_certificate;
mod common;
mod connection;
mod own_config;
mod proxy;
mod roots;
mod sessions;
mod steps;
mod trust;
mod trusted_clients;
