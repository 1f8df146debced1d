//! A connection in two halves, for two tasks.
//!
//! A transport remembers one waker for reading and one for writing, but both tasks may wait for
//! either: the receiver writes pongs, and TLS reads in order to write. So the transport is given
//! one waker that wakes both halves.
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use arkws_proto::{CloseFrame, State};
use futures_core::stream::{FusedStream, Stream};
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite};

use super::stats::Stats;
use super::stream_sink::{ready_or_closing, sent_or_closing};
use super::{Outbox, WebSocket};
use crate::{Error, Message, SendError, Unsent};

/// The sending half of a [`WebSocket`]: see [`WebSocket::split`].
///
/// Pongs, heartbeats and the closing handshake are the [`Receiver`]'s: keep it polled.
pub struct Sender<S> {
    shared: Arc<Shared<S>>,
    waker: Waker,
}

/// The receiving half of a [`WebSocket`]: see [`WebSocket::split`].
pub struct Receiver<S> {
    shared: Arc<Shared<S>>,
    waker: Waker,
}

struct Shared<S> {
    /// Held for the length of one poll, which never blocks.
    socket: Mutex<WebSocket<S>>,
    wakers: Arc<Wakers>,
}

/// The wakers of the two halves.
#[derive(Default)]
struct Wakers {
    sender: Slot,
    receiver: Slot,
}

#[derive(Default)]
struct Slot(Mutex<Option<Waker>>);

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Splits the connection into a half that sends and one that receives, for two tasks.
    pub fn split(self) -> (Sender<S>, Receiver<S>) {
        let wakers = Arc::new(Wakers::default());
        let waker = Waker::from(Arc::clone(&wakers));
        let shared = Arc::new(Shared {
            socket: Mutex::new(self),
            wakers,
        });
        let sender = Sender {
            shared: Arc::clone(&shared),
            waker: waker.clone(),
        };
        (sender, Receiver { shared, waker })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sender<S> {
    /// As [`WebSocket::poll_ready`].
    ///
    /// # Errors
    /// As [`WebSocket::poll_ready`].
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(cx, WebSocket::poll_ready)
    }

    /// Waits for room: [`WebSocket::ready`].
    ///
    /// # Errors
    /// As [`WebSocket::poll_ready`].
    ///
    /// # Cancel safety
    /// Safe: what was not written stays queued.
    pub async fn ready(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_ready(cx)).await
    }

    /// As [`WebSocket::poll_flush`].
    ///
    /// # Errors
    /// As [`WebSocket::poll_flush`].
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(cx, WebSocket::poll_flush)
    }

    /// As [`WebSocket::poll_flush_untimed`].
    ///
    /// # Errors
    /// As [`WebSocket::poll_flush_untimed`].
    pub fn poll_flush_untimed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll(cx, WebSocket::poll_flush_untimed)
    }

    /// Writes what is queued.
    ///
    /// # Errors
    /// As [`WebSocket::poll_flush`].
    ///
    /// # Cancel safety
    /// Safe: what was not written stays queued.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Queues a message and flushes.
    ///
    /// # Errors
    /// As [`WebSocket::send`].
    ///
    /// # Cancel safety
    /// The message is queued by the first poll and stays queued when the future is dropped.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        self.feed_message(message)?;
        self.flush().await
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut WebSocket<S>, &mut Context<'_>) -> Poll<Result<(), Error>>,
    ) -> Poll<Result<(), Error>> {
        self.shared.wakers.sender.register(cx.waker());
        let result = poll(
            &mut self.shared.lock(),
            &mut Context::from_waker(&self.waker),
        );
        if matches!(result, Poll::Ready(Err(_))) {
            // The peer may have been given up, and then the receiver has nothing to wait for.
            self.shared.wakers.receiver.wake();
        }
        result
    }
}

impl<S> Sender<S> {
    /// Queues a text message without flushing: [`WebSocket::feed_text`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_text(&mut self, text: &str) -> Result<(), SendError> {
        self.shared.lock().feed_text(text)
    }

    /// Queues a binary message without flushing: [`WebSocket::feed_binary`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_binary(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.shared.lock().feed_binary(data)
    }

    /// Queues a message without flushing: [`WebSocket::feed_message`].
    ///
    /// # Errors
    /// Nothing was queued: the message is given back.
    pub fn feed_message(&mut self, message: Message) -> Result<(), Unsent> {
        let closes = message.is_close();
        self.shared.lock().feed_message(message)?;
        if closes {
            self.shared.wakers.receiver.wake();
        }
        Ok(())
    }

    /// Queues a ping without flushing: [`WebSocket::feed_ping`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_ping(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.shared.lock().feed_ping(data)
    }

    /// Queues as much as `feed` does, without flushing. The lock of the connection is taken once,
    /// which is what each call of the other functions costs.
    ///
    /// ```
    /// # use arkws::{SendError, Sender};
    /// # fn feed<S>(sender: &mut Sender<S>, lines: &[String]) -> Result<(), SendError> {
    /// sender.feed_with(|outbox| lines.iter().try_for_each(|line| outbox.feed_text(line)))
    /// # }
    /// ```
    pub fn feed_with<R>(&mut self, feed: impl FnOnce(&mut Outbox<'_>) -> R) -> R {
        let mut socket = self.shared.lock();
        let before = socket.state();
        let fed = feed(&mut Outbox::new(&mut socket.engine));
        if socket.state() != before {
            socket.look_at_closing();
            drop(socket);
            self.shared.wakers.receiver.wake();
        }
        fed
    }

    /// Queues a close frame: [`WebSocket::start_close`]. The [`Receiver`] completes the closing
    /// handshake; if it waits on another task, it is woken.
    pub fn start_close(&mut self, frame: Option<CloseFrame>) -> bool {
        let started = self.shared.lock().start_close(frame);
        if started {
            self.shared.wakers.receiver.wake();
        }
        started
    }

    /// Bytes that wait for the transport.
    pub fn queued(&self) -> usize {
        self.shared.lock().queued()
    }

    /// Where the connection is in its life.
    pub fn state(&self) -> State {
        self.shared.lock().state()
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        self.shared.lock().stats()
    }

    /// How many of the bytes sent the peer has taken: [`WebSocket::taken`].
    pub fn taken(&self) -> u64 {
        self.shared.lock().taken()
    }

    /// Puts the halves together again.
    ///
    /// # Errors
    /// They are not of the same connection; they are given back.
    pub fn reunite(self, receiver: Receiver<S>) -> Result<WebSocket<S>, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.shared, &receiver.shared) {
            return Err(ReuniteError(self, receiver));
        }
        drop(receiver);
        let shared = Arc::into_inner(self.shared).expect("there are two halves");
        Ok(shared
            .socket
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receiver<S> {
    /// The next message, owned: [`WebSocket::poll_recv`].
    ///
    /// # Errors
    /// As [`WebSocket::poll_recv`].
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        self.poll(cx, |socket, cx| {
            let message = ready!(socket.poll_recv(cx));
            Poll::Ready(message.map(|message| message.map(Message::from)))
        })
    }

    /// Receives with `receive`.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        receive: impl FnOnce(&mut WebSocket<S>, &mut Context<'_>) -> Poll<Option<Result<T, Error>>>,
    ) -> Poll<Option<Result<T, Error>>> {
        self.shared.wakers.receiver.register(cx.waker());
        let mut socket = self.shared.lock();
        let received = ready!(receive(&mut socket, &mut Context::from_waker(&self.waker)));
        if !matches!(received, Some(Ok(_))) {
            // The connection is over, and the sender has nothing to wait for.
            drop(socket);
            self.shared.wakers.sender.wake();
        }
        Poll::Ready(received)
    }

    /// The next message. `None`: the closing handshake is complete and the transport has ended.
    ///
    /// # Errors
    /// As [`WebSocket::poll_recv`].
    ///
    /// # Cancel safety
    /// Safe: nothing is lost when the future is dropped.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }
}

impl<S> Receiver<S> {
    /// What is left of the message that is being read is discarded.
    pub(super) fn abandon_pieces(&mut self) {
        self.shared.lock().abandon_pieces();
    }

    /// The peer's close frame: [`WebSocket::peer_close`].
    pub fn peer_close(&self) -> Option<CloseFrame> {
        self.shared.lock().peer_close()
    }

    /// Where the connection is in its life.
    pub fn state(&self) -> State {
        self.shared.lock().state()
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        self.shared.lock().stats()
    }
}

impl<S> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, WebSocket<S>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.sender.wake();
        self.receiver.wake();
    }
}

impl Slot {
    fn register(&self, waker: &Waker) {
        let mut slot = self.lock();
        match &mut *slot {
            Some(registered) => registered.clone_from(waker),
            None => *slot = Some(waker.clone()),
        }
    }

    fn wake(&self) {
        let waker = self.lock().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for Receiver<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_recv(cx)
    }
}

/// Terminated when it has returned `None`.
impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for Receiver<S> {
    fn is_terminated(&self) -> bool {
        self.shared.lock().is_terminated()
    }
}

/// As the `Sink` of a [`WebSocket`].
impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for Sender<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready_or_closing(Sender::poll_ready(self.get_mut(), cx))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        sent_or_closing(self.get_mut().feed_message(message))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Sender::poll_flush(self.get_mut(), cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let sender = self.get_mut();
        sender.start_close(None);
        Sender::poll_flush(sender, cx)
    }
}

impl<S> fmt::Debug for Sender<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&*self.shared.lock()).finish()
    }
}

impl<S> fmt::Debug for Receiver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver")
            .field(&*self.shared.lock())
            .finish()
    }
}

/// The halves are not of the same connection.
#[derive(thiserror::Error)]
#[error("these halves are not of the same connection")]
pub struct ReuniteError<S>(pub Sender<S>, pub Receiver<S>);

impl<S> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReuniteError")
            .field(&self.0)
            .field(&self.1)
            .finish()
    }
}
