//! A client that is in: its task, from `Connect` to `Close`.
use std::ops::Range;
use std::sync::Arc;

use arkws::{CloseFrame, Error, Phase, Transport};

use super::event::ServerEvent;
use super::object::ServerObject;
use super::peer::{Gone, Peer};
use super::registry::Registration;
use crate::connection::driver::ConnectionEnd;
use crate::connection::send_queue::joined;
use crate::connection::shared_socket::SharedSocket;
use crate::{BusinessError, Cause, CloseResult, option_hint};

impl Peer {
    /// Serves an open connection to its end.
    pub(super) async fn serve(
        self: &Arc<Self>,
        socket: SharedSocket<Transport>,
        registration: Registration,
        object: &ServerObject,
    ) {
        let unfinished = UnfinishedPeer {
            peer: self,
            socket: &socket,
            object,
        };
        let open = object.context.network().register(self);
        object.emit(ServerEvent::Connect(&self.client));
        let (end, in_doubt) = object.listener.drive(object, self, &socket).await;
        std::mem::forget(unfinished);
        // A defect of ours ends this client only, and the program is told.
        let usable = !matches!(end, ConnectionEnd::Panicked(_));
        let mut ending = Ending::of(end, self.mailbox.requested_close());
        if let Some(why) = self.overflow.get() {
            ending.why = why.clone();
            ending.cause = arkws::Cause::QueueFull.into();
            ending.is_failure = true;
        }
        drop(open);
        // Before the events: a client that connects again at once must find its place free.
        registration.end(Gone {
            why: ending.why.clone(),
            cause: ending.cause,
        });
        self.leave(&ending, in_doubt, object);
        if usable {
            // The peer is told why. The program has its events already.
            object.listener.linger(&socket).await;
        }
    }

    /// Raises the last events. The sends `in_doubt` may or may not have reached the client; those
    /// that still wait have not.
    pub(super) fn leave(&self, ending: &Ending, in_doubt: Range<u64>, object: &ServerObject) {
        self.mailbox.end();
        let sends = joined(in_doubt, self.mailbox.unsent());
        if !sends.is_empty() {
            let why = format!("{}: {}", self.client.connection, ending.why);
            object.emit(ServerEvent::SendFailed {
                client: &self.client,
                from: sends.start,
                through: sends.end - 1,
                error: BusinessError::not_sent(why).with_cause(ending.cause),
            });
        }
        if ending.is_failure {
            let why = format!("{}: {}", self.client.connection, ending.why);
            let error = BusinessError::connection_lost(why, ending.cause);
            object.emit(ServerEvent::Error(error));
        }
        if let Some(result) = &ending.result {
            object.emit(ServerEvent::Close(&self.client, result.clone()));
        }
        object.flush();
    }
}

/// Raises the last events also if the client's task is dropped with its runtime.
struct UnfinishedPeer<'a> {
    peer: &'a Peer,
    socket: &'a SharedSocket<Transport>,
    object: &'a ServerObject,
}

impl Drop for UnfinishedPeer<'_> {
    fn drop(&mut self) {
        let in_doubt = self.socket.end(&self.peer.mailbox);
        let why = "the network thread ended".to_owned();
        let ending = Ending::failed(why, Cause::Internal);
        self.peer.leave(&ending, in_doubt, self.object);
    }
}

/// How it ended, in the words of the contract.
#[derive(Debug)]
pub(super) struct Ending {
    /// For people.
    why: String,
    /// For programs.
    cause: Cause,
    is_failure: bool,
    /// Of the `Close` event; `None`: it was never open.
    result: Option<CloseResult>,
}

impl Ending {
    fn of(end: ConnectionEnd, requested: Option<CloseFrame>) -> Ending {
        match (end, requested) {
            (ConnectionEnd::Panicked(_), _) => Ending::defect(),
            // However the closing handshake goes, the connection is closed as we asked.
            (_, Some(frame)) => Ending::closed("the server", Some(frame)),
            (ConnectionEnd::Closed(frame), None) => Ending::closed("the client", frame),
            (ConnectionEnd::Failed(error), None) => {
                Ending::failed(describe(&error), error.cause().into())
            }
        }
    }

    fn closed(by: &str, frame: Option<CloseFrame>) -> Ending {
        // RFC 6455, 7.1.5: 1005 stands for a close frame without a code.
        let (code, reason) = frame
            .as_ref()
            .map_or((1005, ""), |frame| (frame.code().get(), frame.reason()));
        let separator = if reason.is_empty() { "" } else { ": " };
        Ending {
            why: format!("{by} closed the connection with {code}{separator}{reason}"),
            cause: arkws::Cause::Closed.into(),
            is_failure: false,
            result: Some(CloseResult {
                code,
                reason: reason.to_owned(),
            }),
        }
    }

    fn failed(why: String, cause: Cause) -> Ending {
        Ending {
            result: Some(CloseResult {
                // RFC 6455, 7.1.5: the connection was lost.
                code: 1006,
                reason: why.clone(),
            }),
            why,
            cause,
            is_failure: true,
        }
    }

    fn defect() -> Ending {
        Ending::failed(
            "a defect in arkws: its task panicked".to_owned(),
            Cause::Internal,
        )
    }

    /// The connection never opened, and the program was never told of the client.
    pub(super) fn not_opened(error: &Error) -> Ending {
        Ending {
            why: error.to_string(),
            cause: error.cause().into(),
            is_failure: false,
            result: None,
        }
    }
}

/// The error's words, and which option has to do with it.
pub(super) fn describe(error: &Error) -> String {
    let option = match error {
        Error::Heartbeat { .. } => Some("pingInterval"),
        Error::UnfinishedBudget { .. } => Some("maxUnfinishedBytes"),
        Error::Timeout {
            phase: Phase::Tls | Phase::Handshake,
            ..
        } => Some("handshakeTimeout"),
        _ => option_hint::option(error),
    };
    match option {
        Some(option) => option_hint::named(error, option),
        None => error.to_string(),
    }
}
