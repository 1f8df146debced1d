//! WebSockets in services of hyper and over its clients' connections, with hyper itself and with
//! tokio-tungstenite at the other end.
mod client;
mod http2;
mod http2_heartbeat;
mod server;
mod support;
