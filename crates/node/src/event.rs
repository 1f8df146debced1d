//! The rare events, owned, on their way to JavaScript.
//!
//! Each becomes a call of the method `event` of the object of `npm/core` that it concerns, with the
//! name of its [`Operation`](crate::operation::Operation): see [`crate::event_to_js`].
use std::time::Duration;

use arkws_netstack::{
    BusinessError, ClientId, CloseResult, ConnectedClient, PendingHttpRequest, PendingRequest,
    StopId,
};

use bytes::Bytes;

use crate::question::Question;

/// An event of a client or server object that happens once in a while.
pub(crate) enum Event {
    // Of both.
    Error(BusinessError),
    Idle,
    SendFailed {
        /// Of a server's sends, to whom.
        client: Option<ClientId>,
        from: u64,
        through: u64,
        error: BusinessError,
    },
    // Of a client.
    Refused(BusinessError),
    HeaderReceive(Vec<String>),
    Open {
        status: u16,
        message: String,
    },
    OpenInfo {
        status: u16,
        message: String,
        protocol: Option<String>,
    },
    Close(CloseResult),
    /// The peer's; `None`: it had no body.
    CloseFrame(Option<CloseResult>),
    Reconnecting {
        attempt: u32,
        delay: u64,
        cause: BusinessError,
    },
    Reconnected {
        attempts: u32,
    },
    /// Its payload.
    Ping(Vec<u8>),
    Pong {
        data: Vec<u8>,
        /// Up to which ping it answers, and how long the last of them took; `None`: it answers
        /// none.
        answer: Option<(u64, Duration)>,
    },
    PingsLost {
        through: u64,
        error: BusinessError,
    },
    Question(Question),
    // Of a server.
    StreamWrite {
        stream: u64,
        bytes: Bytes,
    },
    StreamRead(u64),
    StreamEnd(u64),
    StreamGone(u64),
    Started(Result<(), BusinessError>),
    Request(PendingRequest),
    HttpRequest(PendingHttpRequest),
    RequestOver(ClientId),
    Connected {
        client: ClientId,
        protocol: Option<String>,
    },
    ClientError {
        client: ConnectedClient,
        error: BusinessError,
    },
    NeverConnected(ClientId),
    Disconnected {
        client: ClientId,
        result: CloseResult,
    },
    HandedOverEnded,
    Stopped(StopId),
}
