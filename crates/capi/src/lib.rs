//! The C library of arkws.
//!
//! It has the platform's six functions, `OH_WebSocketClient_*` of `net_websocket.h`, and those of
//! `arkws.h`, our own header: options, explicit sends, a server, and events for the caller's own
//! loop. The headers in `include/` document each function; this crate converts what C hands over,
//! and `arkws-netstack` decides what a call means.
//!
//! | file | what it holds |
//! |---|---|
//! | `*_functions.rs` | the functions of the headers: `platform_functions.rs` is the first one |
//! | `*_types.rs`, `queue_type.rs`, `code.rs` | their types and results |
//! | `boundary.rs` | no panic leaves; strings and bytes of C's are read |
//! | `failure.rs`, `last_error.rs`, `option_names.rs` | why something failed, and its words |
//! | `objects.rs`, `slot_table.rs` | which objects there are, by the addresses that C has |
//! | `client.rs`, `server.rs` | the objects |
//! | `client_events.rs`, `server_events.rs` | hear what happens on the network thread |
//! | `inbox.rs`, `event_queue.rs`, `descriptor.rs` | how that gets to who runs callbacks |
//! | `callback_gate.rs` | no callback runs once its object is destroyed |
//! | `*_callbacks.rs` | callbacks |
//! | `header_list.rs`, `outgoing.rs`, `event.rs`, `c_text.rs` | fields, messages, events, texts |
//! | `environment.rs` | what all objects share; the end of the process; SIGPIPE |
#![warn(missing_docs)]
// A loop waits for descriptors, which are those of Unix.
#![cfg(unix)]

mod boundary;
mod c_text;
mod callback_gate;
mod client;
mod client_callbacks;
mod client_events;
pub mod client_functions;
pub mod client_option_functions;
pub mod client_types;
pub mod code;
mod descriptor;
mod environment;
pub mod error_functions;
mod event;
mod event_queue;
mod failure;
mod header_list;
mod inbox;
pub mod last_error;
mod objects;
mod option_names;
mod outgoing;
pub mod platform_functions;
pub mod platform_types;
pub mod queue_functions;
pub mod queue_type;
mod server;
mod server_callbacks;
mod server_events;
pub mod server_functions;
pub mod server_option_functions;
pub mod server_types;
mod slot_table;
mod user_callbacks;
