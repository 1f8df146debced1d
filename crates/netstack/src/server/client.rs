//! A client that is in: its task, from `Connect` to `Close`.
use std::sync::{Arc, OnceLock};

use arkws::{Cause, CloseCode, CloseFrame, Error, Phase, Stats, Transport};
use arkws::{Payload, Text};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::run::Membership;
use super::{Connection, ServerEvent, ServerListener, Shared};
use crate::departure::{Departing, OpenConnection};
use crate::driver::{End, Handler, drive, linger};
use crate::line::Line;
use crate::outbox::Outbox;
use crate::{BusinessError, CloseResult, limit};

/// The object is told to deliver at least every so many events, so that a fast client does not make it wait for a pause.
const BATCH: u32 = 256;

/// What the object knows of a client. Messages of a broadcast have no token.
pub(super) struct Client {
    pub(super) connection: Connection,
    pub(super) outbox: Outbox<Option<u64>>,
    /// Why the server has closed it: too much waited.
    overflow: OnceLock<String>,
}

impl Client {
    pub(super) fn new(connection: Connection, max_queued: usize, message_cost: usize) -> Client {
        Client {
            connection,
            outbox: Outbox::new(max_queued, message_cost),
            overflow: OnceLock::new(),
        }
    }

    /// Closes a client that takes too little of what is sent to it; the words say so.
    pub(super) fn overflow(&self, queued: usize, limit: usize) -> String {
        let why = format!(
            "is too slow: {queued} bytes wait for it already, the limit is {limit} \
             (the option maxQueuedBytes changes it)"
        );
        let frame = CloseFrame::new(CloseCode::POLICY, "too slow");
        if self.outbox.close(frame, false) {
            let _ = self.overflow.set(why.clone());
        }
        why
    }

    /// Serves an open connection to its end.
    pub(super) async fn serve(
        self: &Arc<Self>,
        line: Line<Transport, Option<u64>>,
        membership: Membership,
        shared: &Shared,
    ) {
        let unfinished = Unfinished {
            client: self,
            line: &line,
            shared,
        };
        let registration = shared.context.network().register(self);
        shared.emit(ServerEvent::Connect(&self.connection));
        let (end, unsure) = shared.listener.attend(shared, self, &line).await;
        std::mem::forget(unfinished);
        // What a defect of ours does to this client, it does to no other, and the program learns of it.
        let usable = !matches!(end, End::Panicked(_));
        let mut ending = Ending::of(end, self.outbox.requested_close());
        if let Some(why) = self.overflow.get() {
            ending.why = why.clone();
            ending.cause = "queue-full";
            ending.is_failure = true;
        }
        drop(registration);
        // Before the events: a client that comes back when it learns of the end finds its seat free.
        membership.end(Gone {
            why: ending.why.clone(),
            cause: ending.cause,
        });
        self.leave(&ending, unsure, shared);
        if usable {
            // The peer is still to be told why, and the program need not wait for that.
            shared.listener.linger(&line).await;
        }
    }

    /// The last events. `unsure` may or may not have reached the client; what waits behind has not.
    pub(super) fn leave(&self, ending: &Ending, unsure: Vec<Option<u64>>, shared: &Shared) {
        self.outbox.end();
        let unsent = unsure.into_iter().chain(self.outbox.unsent());
        let tokens: Vec<u64> = unsent.flatten().collect();
        if !tokens.is_empty() {
            let why = format!("{}: {}", self.connection, ending.why);
            let error = BusinessError::not_sent(why).with_cause(ending.cause);
            shared.emit(ServerEvent::SendFailed(&tokens, error));
        }
        if ending.is_failure {
            let message = format!(
                "Websocket connection lost: {}: {}",
                self.connection, ending.why
            );
            let error = BusinessError::event(message, None, ending.cause);
            shared.emit(ServerEvent::Error(error));
        }
        if let Some(result) = &ending.result {
            shared.emit(ServerEvent::Close(&self.connection, result.clone()));
        }
        shared.flush();
    }
}

/// How a client has left.
#[derive(Debug, Clone)]
pub(super) struct Gone {
    /// For people.
    pub(super) why: String,
    /// For programs.
    pub(super) cause: &'static str,
}

impl OpenConnection for Client {
    fn outbox(&self) -> &dyn Departing {
        &self.outbox
    }
}

/// A client whose task may be dropped with its runtime: its last events come then, too.
struct Unfinished<'a> {
    client: &'a Client,
    line: &'a Line<Transport, Option<u64>>,
    shared: &'a Shared,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        let unsure = self.line.end(&self.client.outbox);
        let why = "the network thread ended".to_owned();
        let ending = Ending::failed(why, "internal");
        self.client.leave(&ending, unsure, self.shared);
    }
}

/// How it ended, in the words of the contract.
#[derive(Debug)]
pub(super) struct Ending {
    /// For people.
    why: String,
    /// For programs.
    cause: &'static str,
    is_failure: bool,
    /// Of the `Close` event; `None`: it was never open.
    result: Option<CloseResult>,
}

impl Ending {
    fn of(end: End, requested: Option<CloseFrame>) -> Ending {
        match (end, requested) {
            (End::Panicked(_), _) => Ending::defect(),
            // However the closing handshake goes, the connection is closed as we asked.
            (_, Some(frame)) => Ending::closed("the server", Some(frame)),
            (End::Closed(frame), None) => Ending::closed("the client", frame),
            (End::Failed(error), None) => Ending::failed(describe(&error), error.cause().as_str()),
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
            cause: "closed",
            is_failure: false,
            result: Some(CloseResult {
                code,
                reason: reason.to_owned(),
            }),
        }
    }

    fn failed(why: String, cause: &'static str) -> Ending {
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
            "internal",
        )
    }

    /// The connection never became open, of which the program had not been told.
    pub(super) fn not_opened(error: &Error) -> Ending {
        Ending {
            why: error.to_string(),
            cause: error.cause().as_str(),
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
        _ => limit::option(error),
    };
    match option {
        Some(option) => limit::named(error, option),
        None => error.to_string(),
    }
}

/// A listener of a type that the compiler knows when it compiles the loop that receives: as for clients.
pub(super) trait Audience: ServerListener {
    /// [`drive`], with the events to this listener.
    fn attend<'a>(
        &'a self,
        shared: &'a Shared,
        client: &'a Client,
        line: &'a Line<Transport, Option<u64>>,
    ) -> BoxFuture<'a, (End, Vec<Option<u64>>)>;
    /// [`linger`].
    fn linger<'a>(&self, line: &'a Line<Transport, Option<u64>>) -> BoxFuture<'a, ()>;
}

impl<L: ServerListener> Audience for L {
    fn attend<'a>(
        &'a self,
        shared: &'a Shared,
        client: &'a Client,
        line: &'a Line<Transport, Option<u64>>,
    ) -> BoxFuture<'a, (End, Vec<Option<u64>>)> {
        async move {
            let mut events = Events {
                shared,
                listener: self,
                connection: &client.connection,
                tokens: Vec::new(),
                waiting: 1,
            };
            drive(line, &client.outbox, &mut events).await
        }
        .boxed()
    }

    fn linger<'a>(&self, line: &'a Line<Transport, Option<u64>>) -> BoxFuture<'a, ()> {
        linger(line).boxed()
    }
}

/// Delivers what one client's connection does.
struct Events<'a, L> {
    shared: &'a Shared,
    listener: &'a L,
    connection: &'a Connection,
    /// Of the last batch that was handed over.
    tokens: Vec<u64>,
    /// Events since the last flush.
    waiting: u32,
}

impl<L: ServerListener> Events<'_, L> {
    fn emit(&mut self, event: ServerEvent<'_>) {
        self.shared.tell(|| self.listener.on_event(event));
        self.waiting += 1;
        if self.waiting >= BATCH {
            self.settle();
        }
    }

    fn settle(&mut self) {
        if std::mem::take(&mut self.waiting) > 0 {
            self.shared.tell(|| self.listener.flush());
        }
    }
}

impl<L: ServerListener> Handler<Option<u64>> for Events<'_, L> {
    const HOLDS_BACK: bool = true;

    fn refuse(&self, text: &str) -> Option<String> {
        self.shared.context.runtime_limits().refuse_text(text)
    }

    fn too_big(&mut self, why: String) {
        let message = format!("Websocket connection lost: {}: {why}", self.connection);
        let error = BusinessError::event(message, None, Cause::TooBig.as_str());
        self.emit(ServerEvent::Error(error));
    }

    fn text(&mut self, text: Text<'_>) -> usize {
        self.emit(ServerEvent::Text(self.connection, text));
        1
    }

    fn binary(&mut self, data: Payload<'_>) -> usize {
        self.emit(ServerEvent::Binary(self.connection, data));
        1
    }

    fn sent(&mut self, tags: &[Option<u64>]) {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.clear();
        tokens.extend(tags.iter().flatten());
        if !tokens.is_empty() {
            self.emit(ServerEvent::Sent(&tokens));
        }
        self.tokens = tokens;
    }

    fn flush(&mut self, _: Stats) {
        self.settle();
    }
}
