//! The client object, `webSocket.WebSocket`.
use std::sync::Arc;
use std::time::Duration;

use crate::{BusinessError, CloseOptions, Context, Listener, RequestOptions};

/// `webSocket.WebSocket`: one object that may connect many times, once at a time.
///
/// Every method returns at once and may be called on any thread; results that come later are events.
/// A dropped object closes its connection properly (1001... the binding's collector) without events.
#[derive(Debug)]
pub struct WebSocket {}

impl WebSocket {
    /// `createWebSocket()`.
    pub fn new(context: Context, listener: Arc<dyn Listener>) -> WebSocket {
        let _ = (context, listener);
        todo!()
    }

    /// `connect`: `Ok` when the request has been created; what follows are events. A failure here that is not 401 or 201
    /// also raises an `error` event, later.
    ///
    /// # Errors
    /// 201, 2302998, 401, 2302002, 2302003, 2302001, -1, in the order of behaviour.md B 1.3.1.
    pub fn connect(&self, url: &str, options: RequestOptions) -> Result<(), BusinessError> {
        let _ = (url, options);
        todo!()
    }

    /// `send` of a string. `Ok`: it will be answered, in order, by [`Event::Sent`](crate::Event::Sent) or
    /// [`Event::SendFailed`](crate::Event::SendFailed).
    ///
    /// # Errors
    /// 201; 401 over 5,242,864 bytes; -1 if there is no connection.
    pub fn send_text(&self, text: String) -> Result<(), BusinessError> {
        let _ = text;
        todo!()
    }

    /// `send` of an ArrayBuffer; see [`send_text`](Self::send_text).
    ///
    /// # Errors
    /// As [`send_text`](Self::send_text).
    pub fn send_binary(&self, data: Vec<u8>) -> Result<(), BusinessError> {
        let _ = data;
        todo!()
    }

    /// `close`: `Ok` when the close has been requested.
    ///
    /// # Errors
    /// 201; 2302999 if there is no connection or it is closing.
    pub fn close(&self, options: CloseOptions) -> Result<(), BusinessError> {
        let _ = options;
        todo!()
    }

    /// The binding has passed this many `Text` and `Binary` events on to the program, with this many bytes in all.
    /// While too much is outstanding the connection is not read from: back-pressure.
    pub fn consumed(&self, events: usize, bytes: usize) {
        let _ = (events, bytes);
        todo!()
    }

    /// arkws: the state, numbered as in the browsers' API.
    pub fn ready_state(&self) -> ReadyState {
        todo!()
    }

    /// arkws: bytes of messages that were sent but not yet handed to the operating system.
    pub fn buffered_amount(&self) -> usize {
        todo!()
    }

    /// arkws: counters and facts of the current or last connection.
    pub fn stats(&self) -> Stats {
        todo!()
    }
}

/// The life of a client object's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadyState {
    /// Connecting, or waiting to reconnect.
    Connecting = 0,
    /// Open.
    Open = 1,
    /// Closing.
    Closing = 2,
    /// Closed, or never connected.
    Closed = 3,
}

/// Counters and facts of a connection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// Messages received.
    pub messages_received: u64,
    /// Messages handed to the operating system.
    pub messages_sent: u64,
    /// Bytes read from the transport.
    pub bytes_received: u64,
    /// Bytes written to the transport.
    pub bytes_sent: u64,
    /// Heartbeat pings sent.
    pub pings_sent: u64,
    /// Pings received.
    pub pings_received: u64,
    /// Last round trip of a heartbeat.
    pub round_trip: Option<Duration>,
    /// Negotiated sub-protocol.
    pub protocol: Option<String>,
    /// Negotiated extensions, as on the wire.
    pub extensions: Option<String>,
    /// `"TLSv1.3"`...
    pub tls_version: Option<&'static str>,
    /// `ip:port` of the peer (of the proxy, if there is one).
    pub remote_address: Option<String>,
}
