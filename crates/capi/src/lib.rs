//! The C library of arkws.
//!
//! It has the platform's six functions, `OH_WebSocketClient_*` of `net_websocket.h`, and those of
//! `arkws.h`, our own header: options, explicit sends, a server, and events for the caller's own
//! loop. The headers in `include/` document each function; this crate converts what C hands over,
//! and `arkws-netstack` decides what a call means.
#![warn(missing_docs)]
#![deny(unsafe_code)]
