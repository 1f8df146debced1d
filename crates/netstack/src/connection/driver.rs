//! The task of one open connection: messages out, events in, until it ends.
use std::any::Any;
use std::future::{Future, poll_fn};
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arkws::{CloseCode, CloseFrame, Error, Message, MessageRef, Stats};
use arkws::{Payload, Text};
use bytes::Bytes;
use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Duration, Instant, Sleep, sleep};

use crate::connection::batch::Batch;
use crate::connection::mailbox::Mailbox;
use crate::connection::pings::{PingAnswer, SentPings};
use crate::connection::receive_window::{Amount, ReadPermission};
use crate::connection::shared_socket::{OpenSocket, SharedSocket};
use crate::connection::stall::Stall;

/// A close waits for messages that were sent before it for as long as the peer keeps taking them:
/// after this long without progress they are given up, and the closing handshake begins, which has
/// a time-out of its own.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// After this many messages, or bytes of them, the mailbox is looked at again.
const BURST: Amount = Amount {
    events: 64,
    bytes: 256 << 10,
};

/// Takes what happens on a connection.
pub(crate) trait Handler {
    /// A text message. Returns how many events it became, each of which the program will consume.
    fn text(&mut self, text: Text<'_>) -> usize;
    /// A binary message; as [`text`](Self::text).
    fn binary(&mut self, data: Payload<'_>) -> usize;
    /// Binary messages of at least this many bytes come by [`shared`](Self::shared), unless they are
    /// owned by themselves.
    fn shared_from(&self) -> usize {
        usize::MAX
    }
    /// A binary message, as [`binary`](Self::binary).
    fn shared(&mut self, data: Bytes) -> usize {
        self.binary(Payload::Owned(data.into()))
    }
    /// Why the program cannot be given this text; `None`: it can.
    fn refuse(&self, text: &str) -> Option<String>;
    /// The connection is closed with 1009, for this reason.
    fn too_big(&mut self, why: String);
    /// All sends up to this number that have not failed have been handed to the operating system.
    fn sent(&mut self, through: u64);
    /// The peer's close frame has come. Whether messages are refused from now on, as this
    /// connection will not send them.
    fn closing(&mut self, frame: Option<&CloseFrame>) -> bool {
        let _ = frame;
        true
    }
    /// A ping has come, which is answered.
    fn ping(&mut self, data: &[u8]) {
        let _ = data;
    }
    /// A pong has come; which of the program's pings it answers.
    fn pong(&mut self, data: &[u8], answer: Option<PingAnswer>) {
        let _ = (data, answer);
    }
    /// Whether data is left in the transport while the peer takes nothing: a server does so, a
    /// client does not, or the two would stand still.
    const HOLDS_BACK: bool = false;
    /// Nothing more happens without the network. The counters are those of the connection.
    fn flush(&mut self, stats: Stats);
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum ConnectionEnd {
    /// The peer's close frame came.
    Closed(Option<CloseFrame>),
    /// The connection failed.
    Failed(Error),
    /// A defect of ours or of a binding. The state of the socket is anybody's guess.
    Panicked(Box<dyn Any + Send>),
}

/// Runs an open connection to its end, or to the point where it fails: the peer may then still be
/// told why ([`linger`]). The numbers returned are those of the sends that may or may not have
/// reached the peer; others stay in `mailbox`: that holds also if something panics, so that no send
/// goes unanswered.
pub(crate) async fn drive<S, H>(
    socket: &SharedSocket<S>,
    mailbox: &Mailbox,
    handler: &mut H,
) -> (ConnectionEnd, Range<u64>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler,
{
    let mut driver = Driver {
        mailbox,
        handler,
        arrived: Amount::default(),
        drain: None,
        stall: None,
        closed: None,
        pings: SentPings::default(),
    };
    let poll = |cx: &mut Context<'_>| match &mut *socket.lock() {
        Some(open) => driver.poll(open, cx),
        None => unreachable!("the socket is open"),
    };
    let end = AssertUnwindSafe(poll_fn(poll))
        .catch_unwind()
        .await
        .unwrap_or_else(ConnectionEnd::Panicked);
    (end, socket.end(mailbox))
}

/// Waits until a failed connection has told the peer why: for a few seconds, and for as long as the
/// peer takes what waits before that.
pub(crate) async fn linger<S: AsyncRead + AsyncWrite + Unpin>(socket: &SharedSocket<S>) {
    poll_fn(|cx| {
        let mut socket = socket.lock();
        let Some(open) = &mut *socket else {
            return Poll::Ready(());
        };
        while ready!(open.socket.poll_recv(cx)).is_some() {}
        Poll::Ready(())
    })
    .await;
}

struct Driver<'a, H> {
    mailbox: &'a Mailbox,
    handler: &'a mut H,
    /// Delivered since the mailbox was told.
    arrived: Amount,
    drain: Option<Drain>,
    stall: Option<Stall>,
    /// The peer's close frame has come; the transport has not ended.
    closed: Option<Option<CloseFrame>>,
    pings: SentPings,
}

/// Watches the progress of sending while a close waits for it.
struct Drain {
    bytes_sent: u64,
    /// What the peer had taken when that was looked at last.
    taken: u64,
    timer: Pin<Box<Sleep>>,
}

impl<H: Handler> Driver<'_, H> {
    fn poll<S>(&mut self, open: &mut OpenSocket<S>, cx: &mut Context<'_>) -> Poll<ConnectionEnd>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let (mut reading, draining) = self.poll_send(open, cx);
            if self.mailbox.is_terminated() {
                return self.end(open, ConnectionEnd::Closed(None));
            }
            if let Some(error) = open.take_failure() {
                return self.end(open, ConnectionEnd::Failed(error));
            }
            let is_stalled = self.is_stalled(open, cx);
            if is_stalled && reading == ReadPermission::Deliver {
                reading = ReadPermission::Pause;
            }
            // What is to be closed gives its memory back, whether or not the program reads.
            if reading == ReadPermission::Pause && !open.socket.is_over_budget() {
                if !open.write_pings(cx, self.mailbox) {
                    continue;
                }
                self.settle(open);
                return Poll::Pending;
            }
            while self.arrived.events < BURST.events && self.arrived.bytes < BURST.bytes {
                let (events, length) = match open.socket.poll_recv(cx) {
                    Poll::Ready(Some(Ok(message))) => match message {
                        MessageRef::Text(_) | MessageRef::Binary(_)
                            if reading == ReadPermission::Discard || self.mailbox.is_muted() =>
                        {
                            continue;
                        }
                        MessageRef::Text(text) => {
                            if let Some(why) = self.handler.refuse(&text) {
                                self.too_big(why);
                                break;
                            }
                            let length = text.len();
                            (self.handler.text(text), length)
                        }
                        MessageRef::Binary(Payload::Borrowed(data))
                            if data.len() >= self.handler.shared_from() =>
                        {
                            let length = data.len();
                            let data = open.socket.share_received(length);
                            let data = data.expect("it was lent just now");
                            (self.handler.shared(data), length)
                        }
                        MessageRef::Binary(data) => {
                            let length = data.len();
                            (self.handler.binary(data), length)
                        }
                        MessageRef::Close(frame) => {
                            // A close of the program's own was first, or is too late.
                            if self.handler.closing(frame.as_ref()) {
                                self.mailbox.end();
                            }
                            self.closed = Some(frame);
                            open.finish();
                            continue;
                        }
                        MessageRef::Ping(data) => {
                            self.handler.ping(&data);
                            continue;
                        }
                        MessageRef::Pong(data) => {
                            let answer = self.pings.answer(&data);
                            self.handler.pong(&data, answer);
                            continue;
                        }
                    },
                    Poll::Ready(Some(Err(error))) => {
                        return self.end(open, ConnectionEnd::Failed(error));
                    }
                    Poll::Ready(None) => {
                        let frame = self.closed.take().flatten();
                        return self.end(open, ConnectionEnd::Closed(frame));
                    }
                    Poll::Pending => {
                        if draining && self.poll_stuck(open, cx).is_ready() {
                            self.mailbox.abandon();
                            break;
                        }
                        self.settle(open);
                        return Poll::Pending;
                    }
                };
                self.arrived.events += events as isize;
                self.arrived.bytes += length as isize;
            }
            self.report();
        }
    }

    /// Nothing more can be done now.
    fn settle<S>(&mut self, open: &mut OpenSocket<S>) {
        self.report();
        self.handler.flush(open.socket.stats());
        if open.in_flight().is_empty() {
            // Its memory: idle connections own none.
            *open.in_flight() = Batch::default();
            self.stall = None;
        }
    }

    fn end<S>(&mut self, open: &mut OpenSocket<S>, end: ConnectionEnd) -> Poll<ConnectionEnd> {
        self.settle(open);
        // A peer that has sent its close frame has closed, whatever happened to the transport
        // afterwards.
        Poll::Ready(match self.closed.take() {
            Some(frame) => ConnectionEnd::Closed(frame),
            None => end,
        })
    }

    /// What the program cannot be given ends the connection; nothing behind it is delivered.
    #[cold]
    fn too_big(&mut self, why: String) {
        let frame = CloseFrame::new(CloseCode::TOO_BIG, &why);
        self.handler.too_big(why);
        self.mailbox.close(frame, true);
    }

    /// Tells the mailbox what has been delivered.
    fn report(&mut self) {
        if self.arrived.events > 0 {
            self.mailbox.delivered(std::mem::take(&mut self.arrived));
        }
    }

    /// Hands messages over as long as the transport takes them. Returns what to do with incoming
    /// data, and whether a close waits for messages to be sent.
    fn poll_send<S>(
        &mut self,
        open: &mut OpenSocket<S>,
        cx: &mut Context<'_>,
    ) -> (ReadPermission, bool)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let next = self.mailbox.next(cx.waker(), open.free_batch());
            if next.taken {
                open.feed();
            }
            for ping in next.pings {
                let message = Message::Ping(ping.data.clone().into());
                // Refused only when the connection is ending.
                if open.socket.feed_message(message).is_ok() {
                    self.pings.sent(ping);
                }
            }
            if let Some(frame) = next.close {
                open.socket.start_close(frame);
            }
            if open.poll_flush(cx, self.mailbox).is_ready() {
                if let Some(through) = open.in_flight().last_send() {
                    self.handler.sent(through);
                }
                open.in_flight().clear();
            } else if !next.taken {
                return (next.reading, next.draining && !open.is_broken());
            }
        }
    }

    /// Whether the peer is not to be read from until it takes what waits for it.
    fn is_stalled<S>(&mut self, open: &mut OpenSocket<S>, cx: &mut Context<'_>) -> bool {
        if !H::HOLDS_BACK {
            return false;
        }
        if open.is_broken() || open.in_flight().is_empty() {
            if let Some(stall) = &mut self.stall {
                stall.rest();
            }
            return false;
        }
        let bytes_sent = open.socket.stats().bytes_sent;
        let stall = self.stall.get_or_insert_with(Stall::new);
        stall.poll(bytes_sent, self.mailbox.waiting(), cx)
    }

    /// Ready when nothing has been sent for too long, and the peer has taken nothing of what was.
    fn poll_stuck<S>(&mut self, open: &OpenSocket<S>, cx: &mut Context<'_>) -> Poll<()> {
        let bytes_sent = open.socket.stats().bytes_sent;
        let drain = self.drain.get_or_insert_with(|| Drain {
            bytes_sent,
            taken: open.socket.taken(),
            timer: Box::pin(sleep(DRAIN_TIMEOUT)),
        });
        if drain.bytes_sent != bytes_sent {
            drain.bytes_sent = bytes_sent;
            drain.timer.as_mut().reset(Instant::now() + DRAIN_TIMEOUT);
        }
        loop {
            ready!(drain.timer.as_mut().poll(cx));
            let before = std::mem::replace(&mut drain.taken, open.socket.taken());
            if drain.taken <= before {
                return Poll::Ready(());
            }
            drain.timer.as_mut().reset(Instant::now() + DRAIN_TIMEOUT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::panic::catch_unwind;
    use std::sync::Arc;
    use std::thread::{self, ThreadId};

    use arkws::Negotiated;
    use arkws::{Config, Role, WebSocket};
    use tokio::io::ReadBuf;
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    use super::*;
    use crate::connection::batch::Outgoing;
    use crate::connection::send_queue::SendNumbers;

    /// A transport that receives nothing, and that one thread alone may write to.
    struct Fragile {
        writer: ThreadId,
    }

    impl AsyncRead for Fragile {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Fragile {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            assert_eq!(thread::current().id(), self.writer, "on purpose");
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Says when there is nothing more to do.
    struct Idle(Option<oneshot::Sender<()>>);

    impl Handler for Idle {
        fn text(&mut self, _: Text<'_>) -> usize {
            1
        }
        fn binary(&mut self, _: Payload<'_>) -> usize {
            1
        }
        fn refuse(&self, _: &str) -> Option<String> {
            None
        }
        fn too_big(&mut self, _: String) {}
        fn sent(&mut self, _: u64) {}
        fn flush(&mut self, _: Stats) {
            if let Some(idle) = self.0.take() {
                let _ = idle.send(());
            }
        }
    }

    #[tokio::test]
    async fn a_panic_on_the_thread_that_sends_ends_the_connection_at_once() {
        let fragile = Fragile {
            writer: thread::current().id(),
        };
        let (config, negotiated) = (Config::default(), Negotiated::default());
        let socket = WebSocket::from_handshake(fragile, Role::Client, config, negotiated, &[]);
        let socket = Arc::new(SharedSocket::from(socket));
        let mailbox = Arc::new(Mailbox::new(usize::MAX, 0, SendNumbers::default()));
        let (sender, idle) = oneshot::channel();
        let driving = {
            let (socket, mailbox) = (Arc::clone(&socket), Arc::clone(&mailbox));
            tokio::spawn(async move { drive(&socket, &mailbox, &mut Idle(Some(sender))).await })
        };
        // The driver sleeps.
        idle.await.unwrap();

        let sending = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                let message = Outgoing::Binary(b"payload".as_slice().into());
                mailbox.feed(message).unwrap();
                let send = || socket.try_write_inline(&mailbox, 0, |_| ());
                catch_unwind(AssertUnwindSafe(send)).is_err()
            })
        };
        // Nothing else wakes it.
        let ended = timeout(Duration::from_secs(20), driving).await;
        let (end, in_doubt) = ended.expect("the driver was woken").unwrap();
        assert!(matches!(end, ConnectionEnd::Panicked(_)), "{end:?}");
        // Nobody knows whether it was sent, but it is answered.
        assert_eq!(in_doubt, 1..2);
        assert_eq!(mailbox.bytes(), 0);
        assert!(sending.join().unwrap());
    }
}
