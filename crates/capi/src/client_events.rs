//! From the events of `arkws-netstack` to those of a client's callbacks.
use std::sync::Arc;

use arkws_netstack::{self as netstack, BusinessError, Listener, Payload, Text};

use crate::c_text::{c_text, with_nul};
use crate::event::Event;
use crate::failure::Failure;
use crate::inbox::Inbox;
use crate::option_names::Side;

/// Called on the network thread.
pub(crate) struct ClientEvents(pub(crate) Arc<Inbox>);

impl ClientEvents {
    fn message(&self, bytes: &[u8], is_text: bool) {
        self.0.collect(Event::Message {
            peer: 0,
            data: with_nul(bytes),
            is_text,
        });
    }
}

impl Listener for ClientEvents {
    fn on_event(&self, event: netstack::Event<'_>) {
        self.0.collect(match event {
            netstack::Event::Open {
                status,
                message,
                protocol,
            } => Event::Open {
                status,
                reason: c_text(message),
                protocol: protocol.map(c_text),
            },
            netstack::Event::Error(error) => Event::Error {
                peer: 0,
                failure: Failure::of_event(Side::Client, error),
            },
            netstack::Event::Close(close) => Event::Close {
                peer: 0,
                code: close.code,
                reason: c_text(&close.reason),
            },
            netstack::Event::SendFailed {
                from,
                through,
                error,
            } => Event::Unsent {
                peer: 0,
                messages: through - from + 1,
                failure: Failure::of_event(Side::Client, error),
            },
            netstack::Event::Pong {
                data,
                answer: Some((_, round_trip)),
            } => Event::Pong {
                data: with_nul(data),
                round_trip,
            },
            netstack::Event::Text(text) => return self.message(text.as_bytes(), true),
            netstack::Event::Binary(data) => return self.message(&data, false),
            // C has no callbacks for these.
            netstack::Event::HeaderReceive(_)
            | netstack::Event::DataEnd
            | netstack::Event::Sent { .. }
            | netstack::Event::Reconnecting { .. }
            | netstack::Event::Reconnected { .. }
            | netstack::Event::Ping(_)
            | netstack::Event::Pong { .. }
            | netstack::Event::PingsLost { .. }
            | netstack::Event::Idle => return,
        });
    }

    fn on_text(&self, text: Text<'_>) {
        self.message(text.as_bytes(), true);
    }

    fn on_binary(&self, data: Payload<'_>) {
        self.message(&data, false);
    }

    /// The call that failed tells of it, or puts the event in by itself.
    fn on_refused(&self, _: BusinessError) {}

    fn flush(&self) {
        self.0.flush();
    }
}
