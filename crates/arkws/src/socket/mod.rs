//! An established connection: the driver of [`arkws_proto::Connection`] over a transport.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the public type |
//! | `receive.rs` | the way of every received message |
//! | `read.rs` | from the transport into the read buffer |
//! | `write.rs` | what is queued, to the transport |
//! | `closing.rs` | the closing handshake, and how a connection ends |
//! | `close_request.rs` | closing a connection that another task has |
//! | `timeouts.rs` | waits for whichever comes first of all time-outs |
//! | `stall.rs` | for how long the peer takes nothing |
//! | `probe.rs` | what the peer has taken |
//! | `heartbeat/` | pings to a silent peer |
//! | `unfinished.rs` | messages that are not whole |
//! | `engine.rs` | all of a connection but its transport and its read buffer |
//! | `outbox.rs` | queues messages |
//! | `message_writer.rs`, `message_reader.rs` | one message in pieces, sent and received |
//! | `split.rs` | two halves for two tasks |
//! | `stream_sink.rs` | the socket as a `Stream` and a `Sink` |
//! | `stats.rs` | what is counted |
//! | `pool.rs` | read buffers, shared by the connections of a thread |
//! | `clock.rs` | what time it is, read once per poll |
//! | `timer.rs` | one timer, made when it is first needed |
mod clock;
#[cfg(feature = "server")]
mod close_request;
mod closing;
mod engine;
mod heartbeat;
mod message_reader;
mod message_writer;
mod outbox;
pub(crate) mod pool;
mod probe;
mod read;
mod receive;
mod split;
mod stall;
mod stats;
mod stream_sink;
mod timeouts;
mod timer;
mod unfinished;
mod write;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
#[cfg(feature = "server")]
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use arkws_proto::connection::RecvBuffer;
use arkws_proto::handshake::Negotiated;
use arkws_proto::{CloseFrame, Connection, Role, State};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::log::{self, Span};
use crate::unfinished_budget::Share;
use crate::{Config, Error, Message, MessageRef, Progress, SendError, Unsent};

use clock::Clock;
use closing::TransportState;
use engine::Engine;
use heartbeat::monitor::Monitor;
use probe::Probe;
use timeouts::GivenUp;
use timer::Timer;
use unfinished::MessageTimeout;

#[cfg(feature = "server")]
pub(crate) use close_request::CloseRequest;
pub use message_reader::MessageReader;
pub use message_writer::MessageWriter;
pub use outbox::Outbox;
pub use split::{Receiver, ReuniteError, Sender};
pub use stats::Stats;

/// Neither a sub-protocol nor compression.
static NOTHING_NEGOTIATED: Negotiated = Negotiated {
    protocol: None,
    deflate: None,
};

/// A WebSocket connection over a transport `S`.
///
/// Two APIs, which mix freely:
/// - easy: `Stream<Item = Result<Message, Error>>` and `Sink<Message>`,
///   [`split`](WebSocket::split);
/// - fast: [`recv`](WebSocket::recv) borrows messages from the read buffer,
///   [`feed_text`](WebSocket::feed_text) and its siblings batch messages until
///   [`flush`](WebSocket::flush).
///
/// Pings are answered, and close frames echoed, only while a program receives. So a program that
/// only sends should receive too, on another task if need be ([`split`](WebSocket::split)).
/// Heartbeats run while it receives or flushes.
///
/// # The end of a connection
/// After a [`Message::Close`], and after an error, go on receiving until `None`. What is queued is
/// then written, and the transport is shut down: by a server at once, by a client when the server
/// has done so (RFC 6455, 7.1.1). What the peer still sends is discarded, so that it can read our
/// close frame. All of this takes at most [`Config::close_timeout`]. Dropping the socket ends the
/// transport at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), arkws::Error> {
/// use arkws::{Config, Message, MessageRef, Role, WebSocket};
///
/// let (near, far) = tokio::io::duplex(4096);
/// let config = Config::default;
/// let open = |io, role| WebSocket::from_handshake(io, role, config(), Default::default(), &[]);
/// let mut client = open(near, Role::Client);
/// let mut server = open(far, Role::Server);
///
/// client.send(Message::from("hello")).await?;
/// match server.recv().await.transpose()? {
///     Some(MessageRef::Text(text)) => assert_eq!(text.as_str(), "hello"),
///     other => panic!("unexpected: {other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
pub struct WebSocket<S> {
    // What few connections need is boxed, so that an idle connection takes little memory.
    io: S,
    /// What was read and not consumed. It owns no memory while it is empty and nobody reads.
    input: RecvBuffer,
    engine: Engine,
    transport_state: TransportState,
    /// Why writing failed, until reading has shown whether the peer had closed.
    write_error: Option<io::Error>,
    /// What this connection's incomplete message takes of the budget for such messages.
    share: Share,
    /// How long a message may stay incomplete, if there is a limit.
    message_timeout: Option<Box<MessageTimeout>>,
    /// Why the peer was given up, while we were writing.
    given_up: Option<Box<GivenUp>>,
    timer: Timer,
    heartbeat: Option<Box<Monitor>>,
    /// How the transport is asked what the peer has taken, if it knows.
    probe: Probe<S>,
    /// What the handshake agreed on, if it was anything.
    negotiated: Option<Box<Negotiated>>,
    /// Whoever may ask it to close: a [`Server`](crate::Server).
    #[cfg(feature = "server")]
    close_request: Option<Arc<CloseRequest>>,
    /// Events since the task has last let others run.
    burst: u8,
    /// The program shares what is received.
    shares_received: bool,
    /// The end has been told: `poll_recv` has returned `None`.
    terminated: bool,
    /// The span in which it was made, if there was one: a task in another span may poll
    /// it.
    span: Option<Box<Span>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> WebSocket<S> {
    /// A connection whose opening handshake is complete. `leftover` holds what was read beyond the
    /// handshake.
    pub fn from_handshake(
        io: S,
        role: Role,
        config: Config,
        negotiated: Negotiated,
        leftover: &[u8],
    ) -> Self {
        log::debug!(
            ?role,
            deflate = negotiated.deflate.is_some(),
            "connection open",
        );
        let connection = Connection::new(
            role,
            arkws_proto::Config {
                limits: config.limits.clone(),
                deflate: negotiated.deflate,
                entropy: config.entropy,
            },
        );
        let max_message_size = config.limits.max_message_size;
        let mut engine = Engine::new(connection, &config);
        engine.connection.allow_inflating(read::MOST_INFLATED);
        engine.stats.bytes_received = leftover.len() as u64;
        WebSocket {
            io,
            input: RecvBuffer::filled(leftover.into()),
            engine,
            transport_state: TransportState::Open,
            write_error: None,
            share: Share::new(config.unfinished_budget, max_message_size),
            message_timeout: config
                .message_timeout
                .map(|limit| Box::new(MessageTimeout::new(limit))),
            given_up: None,
            timer: Timer::default(),
            heartbeat: config
                .heartbeat
                .map(|settings| Box::new(Monitor::new(settings, Instant::now()))),
            probe: probe::probe(),
            negotiated: (negotiated != NOTHING_NEGOTIATED).then(|| Box::new(negotiated)),
            #[cfg(feature = "server")]
            close_request: None,
            burst: 0,
            shares_received: false,
            terminated: false,
            span: Some(Span::current())
                .filter(|span| !span.is_disabled())
                .map(Box::new),
        }
    }
}

#[cfg(feature = "server")]
impl<S> WebSocket<S> {
    /// It closes when that is asked for.
    pub(crate) fn with_close_request(self, request: Arc<CloseRequest>) -> WebSocket<S> {
        WebSocket {
            close_request: Some(request),
            ..self
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The next message, borrowed. `Ready(None)`: the closing handshake is complete and the
    /// transport has ended.
    ///
    /// While messages are left from the last read, returns the next without touching the transport.
    /// Otherwise writes what waits (pongs, the close frame, heartbeats, messages that were fed) and
    /// reads.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit; the connection was lost; a time-out. Each is
    /// returned once; after it comes `None`.
    pub fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<MessageRef<'_>, Error>>> {
        let event = ready!(self.poll_event(cx));
        Poll::Ready(self.take_event(event))
    }

    /// The last `len` bytes that were received, without copying: the payload of a message that
    /// [`poll_recv`](Self::poll_recv) has just lent ([`Payload::Borrowed`](crate::Payload)), for a
    /// program that hands it to another thread. Keep it for a short time, as it keeps a block of
    /// 160 KiB. `None`: they are not there any more.
    pub fn share_received(&mut self, len: usize) -> Option<Bytes> {
        self.shares_received = true;
        self.input.share(len)
    }

    /// The next message, borrowed until the next call. `None`: the closing handshake is complete
    /// and the transport has ended.
    ///
    /// # Errors
    /// As [`poll_recv`](Self::poll_recv).
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    #[inline]
    pub fn recv(&mut self) -> impl Future<Output = Option<Result<MessageRef<'_>, Error>>> {
        Recv(Some(self))
    }

    /// As [`recv`](Self::recv), and a place to queue answers while the message is borrowed.
    ///
    /// ```
    /// # async fn echo<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
    /// #     mut socket: arkws::WebSocket<S>,
    /// # ) -> Result<(), arkws::Error> {
    /// use arkws::MessageRef;
    ///
    /// // Each answer is copied once, into the block that leaves in one write.
    /// while let Some(received) = socket.recv_with_outbox().await {
    ///     match received? {
    ///         (MessageRef::Text(text), mut outbox) => outbox.feed_text(&text)?,
    ///         (MessageRef::Binary(data), mut outbox) => outbox.feed_binary(&data)?,
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`poll_recv`](Self::poll_recv).
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub async fn recv_with_outbox(
        &mut self,
    ) -> Option<Result<(MessageRef<'_>, Outbox<'_>), Error>> {
        match poll_fn(|cx| self.poll_event(cx)).await? {
            Ok(()) => {
                let message = self.input.take_event()?;
                Some(Ok((message, Outbox::new(&mut self.engine))))
            }
            Err(error) => Some(Err(*error)),
        }
    }

    /// Waits for room: writes what is queued while it is as much as [`Config::write_buffer`] or
    /// [`Limits::max_queued`](crate::Limits::max_queued), whichever is less. After `Ready(Ok)` the
    /// next message is taken, whatever its size.
    ///
    /// # Errors
    /// No message will be taken any more: the connection was lost, or is closing.
    #[inline]
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.engine.has_room() {
            return Poll::Ready(Ok(()));
        }
        self.poll_room(cx)
    }

    #[inline(never)]
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(ended) = self.engine.ended() {
            return Poll::Ready(Err(ended.into()));
        }
        match self.poll_flush(cx) {
            Poll::Pending if self.engine.has_room() => Poll::Ready(Ok(())),
            result => result,
        }
    }

    /// Waits for room, as [`poll_ready`](Self::poll_ready). While there is room it costs next to
    /// nothing: call it before each `feed_…`, which then takes any message.
    ///
    /// # Errors
    /// As [`poll_ready`](Self::poll_ready).
    ///
    /// # Cancel safety
    /// Safe: what was not written stays queued.
    #[inline]
    pub fn ready(&mut self) -> impl Future<Output = Result<(), Error>> {
        // Not an `async fn`: its states would cost more than the look at the queue.
        poll_fn(|cx| self.poll_ready(cx))
    }

    /// Writes what is queued. `Ready(Ok)`: the operating system has all of it.
    ///
    /// # Errors
    /// The connection was lost; what the peer had sent before can still be received. Or the peer
    /// was given up: it took nothing for [`Config::write_timeout`], or neither took nor sent
    /// anything for as long as the heartbeat allows.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let clock = &mut Clock::default();
        match self.poll_queue(cx, clock) {
            Poll::Pending => self.poll_stalled(cx, clock).map(Err),
            ready => ready,
        }
    }

    /// As [`poll_flush`](Self::poll_flush), but without [`Config::write_timeout`] and the
    /// heartbeat: for threads outside of the runtime, where there are no timers. When it returns
    /// `Pending`, a task of the runtime has to flush or receive.
    ///
    /// # Errors
    /// The connection was lost.
    pub fn poll_flush_untimed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_queue(cx, &mut Clock::default())
    }

    /// Writes what is queued, and gives back the memory that is not needed any more.
    fn poll_queue(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Poll<Result<(), Error>> {
        let result = self.poll_output(cx, clock);
        match result {
            Poll::Ready(_) => self.engine.release_buffers(),
            Poll::Pending => self.release_storage(),
        }
        result.map_err(|error| self.engine.write_failure(error))
    }

    /// Writes what is queued. Waits while the peer does not read, for [`Config::write_timeout`] at
    /// most; the heartbeat runs meanwhile.
    ///
    /// # Errors
    /// As [`poll_flush`](Self::poll_flush).
    ///
    /// # Cancel safety
    /// Safe: what was not written stays queued.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Queues a message and flushes.
    ///
    /// # Errors
    /// The message was not queued: [`Error::into_unsent`] gives it back. Or the connection was lost
    /// before the operating system had the message. Either has the [cause](Error::cause) of the
    /// connection's end.
    ///
    /// # Cancel safety
    /// The message is queued by the first poll and stays queued when the future is dropped.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.feed_message(message)?;
        self.flush().await
    }

    /// Closes: sends what is queued and the close frame, as long as the peer takes some of it.
    /// Discards data that still arrives, and waits for the peer's close frame and for the end of
    /// the transport. Returns the peer's close frame; `None` if that has no body or was received
    /// before.
    ///
    /// # Errors
    /// The peer did not answer within [`Config::close_timeout`]; or as
    /// [`poll_recv`](Self::poll_recv). If the connection had failed before: why.
    ///
    /// # Cancel safety
    /// Safe: the closing handshake goes on with the next call of this function or
    /// [`recv`](Self::recv).
    pub async fn close(&mut self, frame: Option<CloseFrame>) -> Result<Option<CloseFrame>, Error> {
        self.start_close(frame);
        let mut answer = None;
        while let Some(message) = self.recv().await {
            if let MessageRef::Close(frame) = message? {
                answer = frame;
            }
        }
        match self.engine.failure() {
            Some(failure) => Err(failure),
            None => Ok(answer),
        }
    }
}

impl<S> WebSocket<S> {
    /// What [`poll_event`](Self::poll_event) has found.
    #[inline(always)]
    fn take_event(
        &mut self,
        event: Option<Result<(), Box<Error>>>,
    ) -> Option<Result<MessageRef<'_>, Error>> {
        match event? {
            Ok(()) => self.input.take_event().map(Ok),
            Err(error) => Some(Err(*error)),
        }
    }

    /// Queues a text message without flushing.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_text(&mut self, text: &str) -> Result<(), SendError> {
        Outbox::new(&mut self.engine).feed_text(text)
    }

    /// Queues a binary message without flushing.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_binary(&mut self, data: &[u8]) -> Result<(), SendError> {
        Outbox::new(&mut self.engine).feed_binary(data)
    }

    /// Queues an owned message without flushing; large payloads are not copied. A
    /// [`Message::Close`] starts the closing handshake.
    ///
    /// # Errors
    /// Nothing was queued: the message is given back.
    pub fn feed_message(&mut self, message: Message) -> Result<(), Unsent> {
        let closes = message.is_close();
        Outbox::new(&mut self.engine).feed_message(message)?;
        if closes {
            self.look_at_closing();
        }
        Ok(())
    }

    /// Queues a ping of at most 125 bytes without flushing. It leaves before the messages that
    /// wait, but after one of which a part has been written, and after other pings and pongs.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_ping(&mut self, data: &[u8]) -> Result<(), SendError> {
        Outbox::new(&mut self.engine).feed_ping(data)
    }

    /// Queues a close frame behind everything that waits. The closing handshake then runs inside
    /// [`poll_recv`](Self::poll_recv), within [`Config::close_timeout`]. Returns `false` if it had
    /// been started already.
    ///
    /// Messages that still arrive before the peer's close frame are received as before.
    pub fn start_close(&mut self, frame: Option<CloseFrame>) -> bool {
        let started = self.engine.start_close(frame, Instant::now);
        self.look_at_closing();
        started
    }

    /// The connection is closing. What the peer has taken by now is noted: as long as it takes more
    /// of what is on its way, its time starts anew.
    #[cold]
    fn look_at_closing(&mut self) {
        let taken = self.taken();
        if let Some(deadline) = &mut self.engine.close_deadline {
            deadline.taken = taken;
        }
    }

    /// Bytes that wait for the transport.
    pub fn queued(&self) -> usize {
        self.engine.connection.queued()
    }

    /// Whether its incomplete message takes too much of the [budget](crate::UnfinishedBudget), so
    /// that the connection has to be closed. Receiving does that; this is for drivers that do not
    /// always receive.
    pub fn is_over_budget(&self) -> bool {
        self.share.is_over().is_some()
    }

    /// Where the connection is in its life.
    pub fn state(&self) -> State {
        self.engine.connection.state()
    }

    /// The peer's close frame, when it has been received, or passed over by a
    /// [`MessageReader`]. `None`: it has not come, or has no body (RFC 6455, 7.1.5: status 1005).
    pub fn peer_close(&self) -> Option<CloseFrame> {
        self.engine.connection.peer_close().cloned()
    }

    /// Which end we are.
    pub fn role(&self) -> Role {
        self.engine.connection.role()
    }

    /// What the handshake agreed on.
    pub fn negotiated(&self) -> &Negotiated {
        self.negotiated.as_deref().unwrap_or(&NOTHING_NEGOTIATED)
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        self.engine.stats
    }

    /// Asks the transport itself what the peer has taken: see [`Progress`]. Streams that are
    /// recognised there need no call of this.
    #[must_use]
    pub fn with_progress(self) -> WebSocket<S>
    where
        S: Progress,
    {
        WebSocket {
            probe: Some(S::taken),
            ..self
        }
    }

    /// How many of the bytes [sent](Stats::bytes_sent) the peer has taken, as far as the transport
    /// knows: see [`Progress`].
    pub fn taken(&self) -> u64 {
        let sent = self.engine.stats.bytes_sent;
        self.probe.map_or(sent, |probe| probe(&self.io, sent))
    }

    /// Writes to the log in the connection's own span, whoever polls it.
    fn log(&self, write: impl FnOnce()) {
        match &self.span {
            Some(span) => span.in_scope(write),
            None => write(),
        }
    }

    /// The transport.
    pub fn get_ref(&self) -> &S {
        &self.io
    }

    /// The transport, to change its options. Whoever reads from it or writes to it breaks the
    /// connection.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.io
    }

    /// The transport, and the bytes that were read from it and not looked at. For protocols that
    /// go on after a WebSocket: when the last message has been received and [`flush`](Self::flush)
    /// has written what was queued. What still waits to be sent is dropped, and so is what has
    /// arrived of an incomplete message.
    pub fn into_inner(self) -> (S, Bytes) {
        let unread = Bytes::copy_from_slice(self.input.unparsed());
        (self.io, unread)
    }
}

impl<S> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("role", &self.role())
            .field("state", &self.state())
            .field("queued", &self.queued())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// [`WebSocket::recv`]. A type of its own, because it must be inlined: a call would move each
/// message through memory, which costs more than all else that a small one needs.
struct Recv<'s, S>(Option<&'s mut WebSocket<S>>);

impl<'s, S: AsyncRead + AsyncWrite + Unpin> Future for Recv<'s, S> {
    type Output = Option<Result<MessageRef<'s>, Error>>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let socket = self.0.take().expect("not polled after it was ready");
        match socket.poll_event(cx) {
            Poll::Ready(event) => Poll::Ready(socket.take_event(event)),
            Poll::Pending => {
                self.0 = Some(socket);
                Poll::Pending
            }
        }
    }
}
