//! What a server object tells, and whom.
use std::sync::Arc;

use arkws::{Payload, Text};
use bytes::Bytes;

use super::http_request::PendingHttpRequest;
use super::identity::{ClientId, ConnectedClient, StopId};
use super::listen_on::ListenAddress;
use super::request::{PendingRequest, RequestHead};
use crate::{BusinessError, CloseResult};

/// An event of a server object.
///
/// In the order of one connection: `Connect`, then `Text` and `Binary`, then `SendFailed` if
/// messages to it were lost, `Error` if it failed, `Close`. A client that was not let in is an
/// `Error` only. One that was let in and lost before its `Connect` is `NeverConnected`, after
/// `SendFailed`, and after `Error` unless it has just left: what the program has
/// [accepted](PendingRequest::accept) becomes either `Connect` or `NeverConnected`.
#[derive(Debug)]
pub enum ServerEvent<'a> {
    /// The oldest unanswered `start` has an answer.
    Started(Result<ListenAddress, BusinessError>),
    /// arkws: may this client come in?
    Request(PendingRequest),
    /// arkws: a client asks for something else than a WebSocket.
    HttpRequest(PendingHttpRequest),
    /// arkws: the request of this [`client`](PendingRequest::client) needs no answer any more: the
    /// client has gone, the time-out has passed, or the server was stopped.
    RequestOver(ClientId),
    /// `connect`.
    Connect {
        /// Who has connected.
        client: &'a ConnectedClient,
        /// arkws: what it has sent. Whoever wants to know it later keeps it.
        head: &'a Arc<RequestHead>,
        /// arkws: the sub-protocol that was agreed on.
        protocol: Option<&'a str>,
    },
    /// `messageReceive` with a string.
    Text(&'a ConnectedClient, Text<'a>),
    /// `messageReceive` with an ArrayBuffer.
    Binary(&'a ConnectedClient, Payload<'a>),
    /// `close`.
    Close(&'a ConnectedClient, CloseResult),
    /// arkws: a client that calls have found, since it was let in, or that the program has
    /// accepted, has gone before its `Connect`: no event of it follows.
    NeverConnected(&'a ConnectedClient),
    /// `error`: a client's connection was lost, a client was not let in, or the server cannot
    /// accept connections; the message says which and why. Of clients that were not let in there
    /// are 100 such events a second at most.
    Error {
        /// Which client; it may be one that was not let in.
        client: Option<&'a ConnectedClient>,
        /// What happened.
        error: BusinessError,
    },
    /// All sends to a client up to this one have been handed to the operating system, except those
    /// that have failed. Broadcasts are not answered.
    Sent {
        /// To whom.
        client: &'a ConnectedClient,
        /// Its number: what [`send_text`](super::WebSocketServer::send_text) returned.
        through: u64,
    },
    /// These sends to a client have failed, since it has left. The first ones may have reached it.
    SendFailed {
        /// To whom.
        client: &'a ConnectedClient,
        /// The number of the first.
        from: u64,
        /// The number of the last.
        through: u64,
        /// Why.
        error: BusinessError,
    },
    /// arkws: a connection that was [handed over](super::WebSocketServer::hand_over) is over. Comes
    /// once for each, after all other events of its client, if it had any: a binding counts them,
    /// and lets the process end when there is none left.
    HandedOverEnded,
    /// arkws: the answer to the [`stop_with`](super::WebSocketServer::stop_with) that returned this
    /// id: all its clients have had their `Close` events.
    Stopped(StopId),
    /// One `start` is over: nothing more will come of it, and none of its sockets is left. Follows,
    /// once, every `start` that returned `Ok`: after a `Started(Err)`, or after `stop` and its
    /// clients' `Close` events. A binding counts them, and lets the process end at 0.
    Idle,
}

/// Takes the events of one server object; rules as for [`Listener`](crate::Listener).
pub trait ServerListener: Send + Sync + 'static {
    /// Something happened.
    fn on_event(&self, event: ServerEvent<'_>);
    /// As of [`Listener`](crate::Listener::shared_from).
    fn shared_from(&self) -> usize {
        usize::MAX
    }
    /// As [`ServerEvent::Binary`]; see [`Listener`](crate::Listener::on_shared).
    fn on_shared(&self, client: &ConnectedClient, data: Bytes) {
        self.on_event(ServerEvent::Binary(client, Payload::Owned(data.into())));
    }
    /// A batch is complete.
    fn flush(&self) {}
}
