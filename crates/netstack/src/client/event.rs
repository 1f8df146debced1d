//! What a client object tells its binding.
use std::time::Duration;

use arkws::{CloseFrame, Payload, Text};
use bytes::Bytes;

use crate::{BusinessError, CloseResult, Headers};

/// An event of a client object, in the contract's order.
#[derive(Debug)]
pub enum Event<'a> {
    /// `headerReceive`.
    HeaderReceive(&'a Headers),
    /// `open`, then `openInfo` (which also has the protocol).
    Open {
        /// 101.
        status: u16,
        /// The reason phrase.
        message: &'a str,
        /// The negotiated sub-protocol.
        protocol: Option<&'a str>,
    },
    /// `message` with a string; before API level 12 a piece of one, of at most 4096 bytes.
    Text(Text<'a>),
    /// `message` with an ArrayBuffer; before API level 12 a piece of one, of at most 4096 bytes.
    Binary(Payload<'a>),
    /// `dataEnd`: the message before is complete.
    DataEnd,
    /// `error`: code 200, with `data` and `cause`.
    Error(BusinessError),
    /// `close`.
    Close(CloseResult),
    /// All sends up to this one that have not failed have been handed to the operating system.
    Sent {
        /// Its number: what [`send_text`](crate::WebSocket::send_text) returned.
        through: u64,
    },
    /// These sends have failed. Another event tells why the connection ended, so a binding does not
    /// let these rejections be "unhandled".
    SendFailed {
        /// The number of the first.
        from: u64,
        /// The number of the last.
        through: u64,
        /// Why.
        error: BusinessError,
    },
    /// An attempt to reconnect will be made.
    Reconnecting {
        /// 1, 2, ...
        attempt: u32,
        /// In milliseconds.
        delay: u64,
        /// Why the connection was lost, or the last attempt failed.
        cause: BusinessError,
    },
    /// The connection is up again (after its `Open`).
    Reconnected {
        /// How many attempts it took.
        attempts: u32,
    },
    /// A ping of the server's has come, and is answered. Only while the program
    /// [observes pings](crate::WebSocket::observe_pings).
    Ping(&'a [u8]),
    /// A pong has come: one that answers pings of the program's, or, while the program
    /// [observes pings](crate::WebSocket::observe_pings), any.
    Pong {
        /// Its payload.
        data: &'a [u8],
        /// All pings of the object up to the one of this number are answered, and how long the last
        /// of them took, from when it left. `None`: it answers none.
        answer: Option<(u64, Duration)>,
    },
    /// The connection has ended: pings up to this one that have not been answered will not be.
    PingsLost {
        /// Its number: what [`ping`](crate::WebSocket::ping) returned.
        through: u64,
        /// Why.
        error: BusinessError,
    },
    /// One `connect` is over: nothing more will come of it. Follows, once, every `connect` that
    /// returned `Ok`, and every one that failed but raises an `error` event. A binding counts them,
    /// and lets the process end at 0.
    Idle,
}

/// Takes the events of one client object.
///
/// Called on the network thread, in order, never two at once for one object, and never from inside
/// a call of the object's methods. It must not block. Borrowed data is valid during the call only.
pub trait Listener: Send + Sync + 'static {
    /// Something happened.
    fn on_event(&self, event: Event<'_>);
    /// A whole message with a string, or its last piece: [`Event::Text`] and [`Event::DataEnd`] in
    /// one call, for a binding that can use that.
    fn on_text(&self, text: Text<'_>) {
        self.on_event(Event::Text(text));
        self.on_event(Event::DataEnd);
    }
    /// The same with an ArrayBuffer; as [`on_text`](Self::on_text).
    fn on_binary(&self, data: Payload<'_>) {
        self.on_event(Event::Binary(data));
        self.on_event(Event::DataEnd);
    }
    /// Whole binary messages of at least this many bytes come by [`on_shared`](Self::on_shared), if
    /// that takes no copy: for a binding that hands them to another thread. Default: none do.
    fn shared_from(&self) -> usize {
        usize::MAX
    }
    /// As [`on_binary`](Self::on_binary). `data` keeps a block of 160 KiB: have it for a short time.
    fn on_shared(&self, data: Bytes) {
        self.on_binary(Payload::Owned(data.into()));
    }
    /// The [`Event::Error`] and [`Event::Idle`] of a `connect` that has failed with
    /// [`event_follows`](BusinessError::event_follows), in one call: for a binding that must tell
    /// them from the events of an earlier `connect`, which may come before and after them.
    fn on_refused(&self, error: BusinessError) {
        self.on_event(Event::Error(error));
        self.on_event(Event::Idle);
    }
    /// The peer's close frame has come, behind all of its messages; `None`: one without a body. The
    /// [`Event::Close`] that follows tells the code of who was first, this object or the peer: for
    /// a binding whose program is to have the peer's.
    fn on_close_frame(&self, frame: Option<&CloseFrame>) {
        let _ = frame;
    }
    /// No more events come before something happens on the network: a binding that collects events
    /// delivers them now, with one wake-up for all.
    fn flush(&self) {}
}
