//! A client that is in: its task, from `Connect` to `Close`.
use std::ops::Range;
use std::sync::Arc;
use std::thread::panicking;

use arkws::{CloseFrame, Error, Phase, Transport};

use super::event::ServerEvent;
use super::lifecycle::Lifecycle;
use super::object::ServerObject;
use super::peer::{Gone, Peer};
use super::registry::Registration;
use super::request::RequestHead;
use crate::connection::close_state::CloseBody;
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
        unfinished: UnfinishedPeer<'_>,
        head: Arc<RequestHead>,
        protocol: Option<String>,
    ) {
        // It is dropped before the socket that it borrows from now on.
        let mut unfinished = unfinished;
        let object = unfinished.object;
        let open = object.context.network().register(self);
        object.emit(ServerEvent::Connect {
            client: &self.client,
            head: &head,
            protocol: protocol.as_deref(),
        });
        // Not kept for as long as the connection lives: the program may have done that.
        drop((head, protocol));
        unfinished.socket = Some(&socket);
        let (end, in_doubt) = object.listener.drive(object, self, &socket).await;
        // A defect of ours ends this client only, and the program is told.
        let usable = !matches!(end, ConnectionEnd::Panicked(_));
        let mut ending = match (&end, unfinished.lifecycle.given_up()) {
            (ConnectionEnd::Failed(_), Some(why)) => Ending::given_up(why),
            _ => Ending::of(end, self.mailbox.requested_close()),
        };
        if let Some(why) = self.overflow.get() {
            ending.why = why.clone();
            ending.cause = arkws::Cause::QueueFull.into();
            ending.is_failure = true;
        }
        drop(open);
        // Before the events: a client that connects again at once must find its place free.
        let untold = registration.end(Gone {
            why: ending.why.clone(),
            cause: ending.cause,
        });
        unfinished.finish();
        self.leave(&ending, in_doubt, object);
        drop(untold);
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
            object.emit(ServerEvent::Error {
                client: Some(&self.client),
                error,
            });
        }
        object.emit(match &ending.result {
            Some(result) => ServerEvent::Close(&self.client, result.clone()),
            None => ServerEvent::NeverConnected(&self.client),
        });
        object.flush();
    }
}

/// Raises the last events of a client also if its task is dropped, with its runtime or by a panic:
/// from its registration on, since sends to it are taken from then on.
pub(super) struct UnfinishedPeer<'a> {
    peer: &'a Peer,
    object: &'a ServerObject,
    lifecycle: &'a Lifecycle,
    /// `None`: the program has not been told of the client yet.
    socket: Option<&'a SharedSocket<Transport>>,
}

impl<'a> UnfinishedPeer<'a> {
    /// Of a client that has just been registered.
    pub(super) fn new(
        peer: &'a Peer,
        object: &'a ServerObject,
        lifecycle: &'a Lifecycle,
    ) -> UnfinishedPeer<'a> {
        UnfinishedPeer {
            peer,
            object,
            lifecycle,
            socket: None,
        }
    }

    /// The task raises the last events itself.
    pub(super) fn finish(self) {
        std::mem::forget(self);
    }
}

impl Drop for UnfinishedPeer<'_> {
    fn drop(&mut self) {
        let mut ending = match self.lifecycle.given_up() {
            _ if panicking() => Ending::defect(),
            Some(why) => Ending::given_up(why),
            None => Ending::failed("the network thread ended".to_owned(), Cause::Internal),
        };
        let in_doubt = match self.socket {
            Some(socket) => socket.end(&self.peer.mailbox),
            None => {
                ending.result = None;
                0..0
            }
        };
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
    /// Of the `Close` event; `None`: the program was never told of the client.
    result: Option<CloseResult>,
}

impl Ending {
    fn of(end: ConnectionEnd, requested: Option<CloseBody>) -> Ending {
        match (end, requested) {
            (ConnectionEnd::Panicked(_), _) => Ending::defect(),
            // However the closing handshake goes, the connection is closed as we asked.
            (_, Some(frame)) => Ending::closed("the server", frame),
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

    /// The server has stopped, and the client took too long.
    fn given_up(why: String) -> Ending {
        Ending::failed(why, arkws::Cause::Timeout.into())
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

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::connection::batch::Outgoing;
    use crate::server::event::ServerListener;
    use crate::server::flood::FloodRule;
    use crate::server::identity::{ConnectedClient, Connection, IdCounter};
    use crate::{ApiLevel, Context};

    #[derive(Default)]
    struct Recorder(Mutex<Vec<String>>);

    impl ServerListener for Recorder {
        fn on_event(&self, event: ServerEvent<'_>) {
            self.0.lock().unwrap().push(match event {
                ServerEvent::SendFailed {
                    from,
                    through,
                    error,
                    ..
                } => format!("{from} to {through}: {error}"),
                ServerEvent::Error { error, .. } => error.to_string(),
                ServerEvent::NeverConnected(client) => format!("{} is gone", client.connection),
                other => format!("{other:?}"),
            });
        }
    }

    /// What is told if `task` has taken three sends when it is dropped.
    fn told(task: impl FnOnce(UnfinishedPeer<'_>)) -> Vec<String> {
        let recorder = Arc::new(Recorder::default());
        let object = ServerObject {
            context: Context::new(ApiLevel::NEWEST),
            listener: recorder.clone(),
            muted: AtomicBool::new(false),
            opens_sockets: AtomicBool::new(true),
            clients: IdCounter::default(),
            stops: IdCounter::default(),
            flood: Mutex::new(FloodRule::default()),
        };
        let client = ConnectedClient {
            id: object.clients.next(),
            connection: Connection {
                client_ip: "192.0.2.1".to_owned(),
                client_port: 1,
            },
            forwarded_for: None,
        };
        let peer = Peer::new(client, usize::MAX, 0);
        let lifecycle = Lifecycle::new();
        let unfinished = UnfinishedPeer::new(&peer, &object, &lifecycle);
        for _ in 0..3 {
            peer.mailbox.push(Outgoing::Text("x".into())).unwrap();
        }
        let _ = catch_unwind(AssertUnwindSafe(|| task(unfinished)));
        assert!(peer.mailbox.push(Outgoing::Text("late".into())).is_err());
        std::mem::take(&mut *recorder.0.lock().unwrap())
    }

    #[test]
    fn sends_to_a_client_that_never_opens_fail_whatever_becomes_of_its_task() {
        let told_of = |why: &str| {
            [
                format!("1 to 3: Websocket Unknown Other Error: 192.0.2.1:1: {why} [internal]"),
                format!("Websocket connection lost: 192.0.2.1:1: {why} [internal]"),
                "192.0.2.1:1 is gone".to_owned(),
            ]
        };
        assert_eq!(
            told(|unfinished| drop(unfinished)),
            told_of("the network thread ended")
        );
        let panicked = told(|_unfinished| panic!("on purpose"));
        assert_eq!(panicked, told_of("a defect in arkws: its task panicked"));
    }
}
