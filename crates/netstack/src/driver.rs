//! The task of one open connection: orders in, events out, until it ends.
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use arkws::{CloseFrame, Error, Message, MessageRef, Phase, WebSocket};
use arkws_proto::{Payload, Text};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Duration, Instant, Sleep, sleep};

use crate::outbox::{Outbox, Reading, size};

/// A close waits for messages that were sent before it for as long as the peer keeps taking them: this long without
/// progress ends the connection.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// After this many messages the orders of the program are looked at again.
const BURST: usize = 64;

/// Takes what happens on a connection.
pub(crate) trait Handler<T> {
    /// A text message.
    fn text(&mut self, text: Text<'_>);
    /// A binary message.
    fn binary(&mut self, data: Payload<'_>);
    /// These messages have been handed to the operating system.
    fn sent(&mut self, tags: &[T]);
    /// Nothing more happens without the network.
    fn flush(&mut self);
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The peer's close frame came.
    Closed(Option<CloseFrame>),
    /// The connection failed.
    Failed(Error),
}

/// Runs an open connection to its end. Returns how it ended, and the messages that were not sent.
pub(crate) async fn drive<S, T, H>(
    socket: &mut WebSocket<S>,
    outbox: &Outbox<T>,
    handler: &mut H,
) -> (End, Vec<T>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler<T>,
{
    let mut driver = Driver {
        socket,
        outbox,
        handler,
        batch: Vec::new(),
        in_flight: InFlight::default(),
        broken: false,
        drain: None,
        end: None,
    };
    let end = poll_fn(|cx| driver.poll(cx)).await;
    outbox.end();
    let mut unsent = driver.in_flight.tags;
    unsent.append(&mut outbox.unsent());
    (end, unsent)
}

struct Driver<'a, S, T, H> {
    socket: &'a mut WebSocket<S>,
    outbox: &'a Outbox<T>,
    handler: &'a mut H,
    batch: Vec<(Message, T)>,
    in_flight: InFlight<T>,
    /// The transport takes nothing any more; what the peer sent before can still be read.
    broken: bool,
    drain: Option<Drain>,
    end: Option<End>,
}

/// Messages that the socket has taken but not handed to the operating system.
struct InFlight<T> {
    tags: Vec<T>,
    bytes: usize,
}

impl<T> Default for InFlight<T> {
    fn default() -> Self {
        InFlight {
            tags: Vec::new(),
            bytes: 0,
        }
    }
}

/// Watches the progress of sending while a close waits for it.
struct Drain {
    bytes_sent: u64,
    timer: Pin<Box<Sleep>>,
}

impl<S, T, H> Driver<'_, S, T, H>
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Handler<T>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let (reading, draining) = self.poll_send(cx);
            if reading == Reading::Pause {
                self.handler.flush();
                return Poll::Pending;
            }
            for _ in 0..BURST {
                let length = match self.socket.poll_recv(cx) {
                    Poll::Ready(Some(Ok(message))) => match message {
                        MessageRef::Text(_) | MessageRef::Binary(_)
                            if reading == Reading::Discard =>
                        {
                            continue;
                        }
                        MessageRef::Text(text) => {
                            let length = text.as_str().len();
                            self.handler.text(text);
                            length
                        }
                        MessageRef::Binary(data) => {
                            let length = data.len();
                            self.handler.binary(data);
                            length
                        }
                        MessageRef::Close(frame) => {
                            // From here on sends fail at once; a close of the program's own was first, or is too late.
                            self.outbox.end();
                            self.end.get_or_insert(End::Closed(frame));
                            continue;
                        }
                        _ => continue,
                    },
                    Poll::Ready(Some(Err(error))) => {
                        self.outbox.end();
                        self.end.get_or_insert(End::Failed(error));
                        continue;
                    }
                    Poll::Ready(None) => {
                        return Poll::Ready(self.end.take().unwrap_or(End::Closed(None)));
                    }
                    Poll::Pending => {
                        if draining && self.poll_stuck(cx).is_ready() {
                            return Poll::Ready(End::Failed(Error::Timeout {
                                phase: Phase::Close,
                                limit: DRAIN_TIMEOUT,
                            }));
                        }
                        self.handler.flush();
                        return Poll::Pending;
                    }
                };
                if !self.outbox.delivered(length) {
                    break;
                }
            }
        }
    }

    /// Hands messages over as long as the transport takes them. Returns what to do with incoming data, and whether a close waits for
    /// messages to be sent.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> (Reading, bool) {
        loop {
            let idle = self.in_flight.tags.is_empty() && !self.broken;
            let next = self
                .outbox
                .next(cx.waker(), idle.then_some(&mut self.batch));
            for (message, tag) in self.batch.drain(..) {
                self.in_flight.bytes += size(&message);
                self.in_flight.tags.push(tag);
                // Refused only when the connection is ending: reading tells how.
                self.broken |= self.socket.feed_message(message).is_err();
            }
            if let Some(frame) = next.close {
                self.socket.start_close(Some(frame));
            }
            if self.broken || self.in_flight.tags.is_empty() {
                return (next.reading, next.draining && !self.broken);
            }
            match self.socket.poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    self.outbox.handed_over(self.in_flight.bytes);
                    self.handler.sent(&self.in_flight.tags);
                    self.in_flight.bytes = 0;
                    self.in_flight.tags.clear();
                }
                Poll::Ready(Err(_)) => self.broken = true,
                Poll::Pending => return (next.reading, next.draining),
            }
        }
    }

    /// Ready when nothing has been sent for too long.
    fn poll_stuck(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let bytes_sent = self.socket.stats().bytes_sent;
        let drain = self.drain.get_or_insert_with(|| Drain {
            bytes_sent,
            timer: Box::pin(sleep(DRAIN_TIMEOUT)),
        });
        if drain.bytes_sent != bytes_sent {
            drain.bytes_sent = bytes_sent;
            drain.timer.as_mut().reset(Instant::now() + DRAIN_TIMEOUT);
        }
        drain.timer.as_mut().poll(cx)
    }
}
