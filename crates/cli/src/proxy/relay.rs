//! The messages of an open connection, in both directions.
use std::pin::pin;

use arkws::{CloseCode, CloseFrame, Error, Message, Receiver, Sender, Transport, WebSocket};
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::app_stream::{AppStream, Control, ControlFrames};
use super::event::EventKind;
use super::observers::Observers;
use super::rules::{Matches, Rules};
use crate::record::{Direction, Fate};
use crate::stop::Stop;

/// What a connection lives with.
pub(super) struct Relay<'a> {
    pub(super) connection: u64,
    pub(super) observers: &'a Observers,
    pub(super) rules: &'a Rules,
    pub(super) matches: Matches,
    pub(super) stop: &'a Stop,
}

/// Messages that rules inject into a direction, whose task sends them: more are left out.
const INJECTED: usize = 64;

impl Relay<'_> {
    /// Passes on what each end says, until both are closed or one is lost.
    pub(super) async fn run(
        &self,
        app: WebSocket<AppStream>,
        mut control: ControlFrames,
        target: WebSocket<Transport>,
    ) {
        let (to_app, mut from_app) = app.split();
        let (to_target, mut from_target) = target.split();
        let release = control.releaser();
        let mut to_target = Destination::new(to_target, || {});
        let mut to_app = Destination::new(to_app, release);
        let ended = {
            let control = Some(&mut control);
            let (inject_out, injected_out) = mpsc::channel(INJECTED);
            let (inject_in, injected_in) = mpsc::channel(INJECTED);
            for (direction, message) in self.rules.on_open() {
                _ = match direction {
                    Direction::Out => inject_out.try_send(message),
                    Direction::In => inject_in.try_send(message),
                };
            }
            let outward = OneWay {
                direction: Direction::Out,
                control,
                injected: injected_out,
                inject_back: inject_in,
            };
            let inward = OneWay {
                direction: Direction::In,
                control: None,
                injected: injected_in,
                inject_back: inject_out,
            };
            let outward = self.pass_on(outward, &mut from_app, &mut to_target);
            let inward = self.pass_on(inward, &mut from_target, &mut to_app);
            let (outward, inward) = (pin!(outward), pin!(inward));
            match select(outward, inward).await {
                Either::Left((first, second)) => both(Side::App, first, second).await,
                Either::Right((first, second)) => both(Side::Target, first, second).await,
            }
        };
        let how = ended.as_ref().err();
        let how = how.map_or("the connection is closed", String::as_str);
        self.observers
            .tell(self.connection, EventKind::End(how))
            .await;
        if ended.is_err() {
            // An end that was lost takes the other with it, without a goodbye: as it was.
            let app = drop_gently(to_app.sender, from_app);
            let target = drop_gently(to_target.sender, from_target);
            tokio::join!(app, target);
        }
    }

    /// One direction, until the end that it comes from is closed. While the other end takes
    /// nothing, nothing is read.
    async fn pass_on<S: RelayStream, T: RelayStream>(
        &self,
        mut way: OneWay<'_>,
        from: &mut Receiver<S>,
        to: &mut Destination<T>,
    ) -> Result<(), Error> {
        let (mut is_stopping, mut has_closed) = (false, false);
        loop {
            // However many messages there are, pings are not left behind.
            if let Some(control) = way.control.as_mut().and_then(|it| it.waiting()) {
                has_closed |= matches!(control, Control::Close(_));
                self.message(&way, control.into(), to).await;
            }
            let received = match from.recv().now_or_never() {
                Some(received) => received,
                // Nothing more is sent, and so nothing is waited for there.
                None if is_stopping => from.recv().await,
                None => {
                    let next = async {
                        // Why it cannot be written is told to whoever receives from there.
                        _ = to.sender.flush().await;
                        from.recv().await
                    };
                    let taken_out = async {
                        match &mut way.control {
                            Some(control) => control.next().await,
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        received = next => received,
                        control = taken_out => Some(Ok(control.into())),
                        Some(message) = way.injected.recv() => {
                            self.send(way.direction, message, Fate::Injected, to).await;
                            continue;
                        }
                        () = self.stop.given() => {
                            is_stopping = true;
                            let frame = CloseFrame::new(CloseCode::GOING_AWAY, "the proxy stops");
                            to.close(Some(frame));
                            continue;
                        }
                    }
                }
            };
            match received {
                None => return Ok(()),
                // It was taken out, and is there again.
                Some(Ok(Message::Close(_))) if has_closed => {}
                Some(Ok(message)) => {
                    has_closed |= message.is_close();
                    self.message(&way, message, to).await;
                }
                Some(Err(error)) => {
                    if let Error::Protocol(error) = &error {
                        // What it has done is told to both ends.
                        to.close(Some(CloseFrame::new(error.close_code(), "")));
                    }
                    // What came before goes on.
                    tokio::select! {
                        _ = to.sender.flush() => {}
                        () = self.stop.given() => {}
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Does with a message what the rules say.
    async fn message<T: RelayStream>(
        &self,
        way: &OneWay<'_>,
        message: Message,
        to: &mut Destination<T>,
    ) {
        let direction = way.direction;
        if message.is_close() {
            return self.send(direction, message, Fate::Passed, to).await;
        }
        let outcome = self.rules.apply(&self.matches, direction, &message);
        match outcome.message {
            None => self.tell(direction, &message, Fate::Dropped).await,
            Some(edited) if outcome.is_edited => {
                self.send(direction, edited, Fate::Edited, to).await;
            }
            Some(_) => self.send(direction, message, Fate::Passed, to).await,
        }
        for (where_to, message) in outcome.injected {
            if where_to == direction {
                self.send(direction, message, Fate::Injected, to).await;
            } else if let Err(refused) = way.inject_back.try_send(message) {
                self.tell(where_to, &refused.into_inner(), Fate::Late).await;
            }
        }
    }

    /// Sends a message with this fate, unless it is too late for that.
    async fn send<T: RelayStream>(
        &self,
        direction: Direction,
        message: Message,
        fate: Fate,
        to: &mut Destination<T>,
    ) {
        let is_sent = match &message {
            Message::Close(frame) => {
                to.close(frame.clone());
                true
            }
            message => {
                let has_room = tokio::select! {
                    ready = to.sender.ready() => ready.is_ok(),
                    () = self.stop.given() => false,
                };
                has_room && to.sender.feed_message(message.clone()).is_ok()
            }
        };
        let fate = if is_sent { fate } else { Fate::Late };
        self.tell(direction, &message, fate).await;
    }

    async fn tell(&self, direction: Direction, message: &Message, fate: Fate) {
        let kind = EventKind::Message {
            direction,
            message,
            fate,
        };
        self.observers.tell(self.connection, kind).await;
    }
}

/// A direction.
struct OneWay<'a> {
    direction: Direction,
    /// What was taken out of the stream that it comes from.
    control: Option<&'a mut ControlFrames>,
    /// What is sent in addition.
    injected: mpsc::Receiver<Message>,
    /// The same of the other direction.
    inject_back: mpsc::Sender<Message>,
}

/// What messages are sent to.
struct Destination<T> {
    sender: Sender<T>,
    /// Called when the connection there begins to close.
    on_close: Box<dyn Fn() + Send + Sync>,
}

impl<T: RelayStream> Destination<T> {
    fn new(sender: Sender<T>, on_close: impl Fn() + Send + Sync + 'static) -> Destination<T> {
        let on_close = Box::new(on_close);
        Destination { sender, on_close }
    }

    fn close(&mut self, frame: Option<CloseFrame>) {
        self.sender.start_close(frame);
        (self.on_close)();
    }
}

/// What a connection runs over.
trait RelayStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> RelayStream for S {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    App,
    Target,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::App => "the app",
            Side::Target => "the server",
        }
    }
}

/// What it comes to when this direction has ended first.
///
/// # Errors
/// In words: an end was lost.
async fn both(
    end: Side,
    first: Result<(), Error>,
    second: impl Future<Output = Result<(), Error>>,
) -> Result<(), String> {
    let other = match end {
        Side::App => Side::Target,
        Side::Target => Side::App,
    };
    let lost = |end: Side, error| Err(format!("{}: {error}", end.name()));
    match first {
        // The other end was told, too.
        Ok(()) => second.await.or_else(|error| lost(other, error)),
        Err(error @ Error::Protocol(_)) => {
            _ = second.await;
            lost(end, error)
        }
        Err(error) => lost(end, error),
    }
}

/// Ends a connection without a goodbye, but not before its peer has what was sent: a system drops
/// what is on its way if the peer sends to a socket that is gone.
async fn drop_gently<S: RelayStream>(sender: Sender<S>, receiver: Receiver<S>) {
    let Ok(socket) = sender.reunite(receiver) else {
        return;
    };
    let (mut stream, _) = socket.into_inner();
    _ = timeout(arkws::Config::DEFAULT_CLOSE_TIMEOUT, async {
        if stream.shutdown().await.is_ok() {
            let mut unread = [0; 4096];
            while matches!(stream.read(&mut unread).await, Ok(1..)) {}
        }
    })
    .await;
}
