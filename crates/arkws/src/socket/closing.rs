//! Closing: the closing handshake, and how a connection ends (RFC 6455, 7).
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use arkws_proto::connection::RecvBuffer;
use arkws_proto::{ProtocolError, Role};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::clock::Clock;
use super::engine::{Output, UNKNOWN};
use super::read::READ;
use super::timer::{Timer, earlier};
use super::{WebSocket, pool};
use crate::{Error, Phase, log};

/// Where the transport is in its life (RFC 6455, 7.1.1); [`arkws_proto::State`] is the protocol's.
#[derive(Debug)]
pub(super) enum TransportState {
    /// Frames are received.
    Open,
    /// They are, and messages are discarded: somebody else than the program has started to close.
    #[cfg_attr(not(feature = "server"), expect(dead_code))]
    Leaving,
    /// Nothing more is received: the peer has sent its close frame, or the connection failed with
    /// this error. What is queued is written; then a server, or whoever failed the connection, ends
    /// the transport.
    Finishing(Option<Box<Error>>),
    /// Both ends have sent their close frames: waits for the peer to end the transport, and
    /// discards what it still sends.
    Lingering,
    /// Nothing is left to do.
    Ended,
}

/// An error that ends the connection. It is boxed, so that the result of every receive stays small.
pub(super) enum Fatal {
    /// The peer may be told why, with a close frame.
    Fail(Box<Error>),
    /// Nobody is there to be told.
    Abort(Box<Error>),
}

/// The peer has broken the protocol, and is told so.
impl From<ProtocolError> for Fatal {
    #[cold]
    fn from(error: ProtocolError) -> Fatal {
        Fatal::fail(error.into())
    }
}

impl Fatal {
    #[cold]
    pub(super) fn fail(error: Error) -> Fatal {
        Fatal::Fail(Box::new(error))
    }

    #[cold]
    pub(super) fn abort(error: Error) -> Fatal {
        Fatal::Abort(Box::new(error))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The peer's close frame has arrived, and the answer to it is queued.
    pub(super) fn closed(&mut self, cx: &mut Context<'_>, clock: &mut Clock) {
        self.log(|| log::debug!("close frame received"));
        self.engine.closed();
        self.finish(None, clock);
        // Programs like to drop a socket when they see the close frame: then the answer should be
        // on its way.
        let _ = self.poll_output(cx, clock);
    }

    pub(super) fn finish(&mut self, error: Option<Box<Error>>, clock: &mut Clock) {
        self.transport_state = TransportState::Finishing(error);
        self.share.clear();
        // What the peer has taken is looked at anew, should it not take all at once.
        self.engine.close_deadline = None;
        self.engine.restart_close_deadline(clock.now());
    }

    /// The connection is lost, and nobody is there to be told why.
    #[cold]
    pub(super) fn abort(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
        error: Box<Error>,
    ) -> Box<Error> {
        self.engine.failed(error.again());
        // Best effort: what waits, and the end of our side.
        if self.poll_output(cx, clock).is_ready() {
            let _ = Pin::new(&mut self.io).poll_shutdown(cx);
        }
        let _ = self.engine.connection.recv_eof();
        self.log(|| log::debug!(%error, "connection failed"));
        self.end(clock);
        error
    }

    /// Does our part of the end: writes what is queued, then ends the transport or waits for the
    /// peer to do so. Returns why the connection has failed, if it has.
    pub(super) fn poll_finish(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Option<Box<Error>>> {
        let may_linger = ready!(self.poll_last_write(cx, clock));
        let finished = std::mem::replace(&mut self.transport_state, TransportState::Lingering);
        match may_linger {
            true => {
                self.engine.restart_close_deadline(clock.now());
                self.look_at_closing();
            }
            false => self.end(clock),
        }
        let TransportState::Finishing(error) = finished else {
            return Poll::Ready(None);
        };
        if let Some(error) = &error {
            self.log(|| log::debug!(%error, "connection failed"));
        }
        Poll::Ready(error)
    }

    /// Writes what is queued, then ends our side of the transport if that is our part. `false`:
    /// this failed, and there is nothing to wait for.
    fn poll_last_write(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Poll<bool> {
        self.discard_input();
        match self.poll_output(cx, clock) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(false),
            Poll::Pending => {
                if let Some(deadline) = &self.engine.close_deadline
                    && deadline.taken == UNKNOWN
                {
                    self.look_at_closing();
                }
                // The program may not have looked for a while.
                self.check_stall(clock.now());
                while self.given_up.is_none() {
                    if ready!(self.poll_close_timeout(cx, clock)).is_err() {
                        break;
                    }
                }
                return Poll::Ready(false);
            }
        }
        if self.poll_deadline(cx).is_ready() {
            return Poll::Ready(false);
        }
        // RFC 6455, 7.1.1: the server closes first, so that the TIME_WAIT state is its.
        let failed = matches!(self.transport_state, TransportState::Finishing(Some(_)));
        if failed || self.role() == Role::Server {
            return Pin::new(&mut self.io)
                .poll_shutdown(cx)
                .map(|result| result.is_ok());
        }
        Poll::Ready(true)
    }

    /// Discards what still arrives, until the peer ends its side: closing a TCP socket with unread
    /// bytes would reset it, and the peer might never read our close frame, nor what is on its way
    /// before that.
    pub(super) fn poll_linger(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Poll<()> {
        loop {
            if self.poll_deadline(cx).is_ready() {
                match self.close_overdue(clock) {
                    Ok(()) => continue,
                    Err(_) => break,
                }
            }
            if self.input.capacity() < pool::BLOCK {
                self.discard_input();
                self.input = RecvBuffer::reading(pool::take_to_read(), pool::BLOCK - READ);
            }
            let mut buffer = ReadBuf::new(self.input.room());
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => break,
                Poll::Pending => {
                    self.discard_input();
                    return Poll::Pending;
                }
            }
        }
        // Now a client ends its side. If it cannot: the socket is dropped next anyway.
        let _ = Pin::new(&mut self.io).poll_shutdown(cx);
        Poll::Ready(())
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self
            .engine
            .close_deadline
            .as_ref()
            .map(|deadline| deadline.at);
        self.timer.poll(cx, deadline)
    }

    /// The stream ended, or could not be read.
    pub(super) fn lost(&mut self, error: io::Error) -> Fatal {
        let _ = self.engine.connection.recv_eof();
        match self.write_error.take() {
            Some(first) => Fatal::abort(Error::Lost(first)),
            // The peer may have ended its side only, and still read what is queued.
            None if error.kind() == io::ErrorKind::UnexpectedEof => Fatal::fail(Error::Lost(error)),
            None => Fatal::abort(Error::Lost(error)),
        }
    }

    /// Looks whether the time for the closing handshake has passed. If so, what lies in the
    /// transport is read first, in case the program has not polled for a while.
    #[inline]
    pub(super) fn check_close_deadline(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Result<(), Fatal> {
        if let Some(deadline) = &mut self.engine.close_deadline
            && self.timer.poll(cx, Some(deadline.at)).is_ready()
            && std::mem::replace(&mut deadline.overdue, true)
        {
            return self.close_overdue(clock);
        }
        Ok(())
    }

    /// Waits until the connection that is closing, or a stall, has to be looked at; and does that.
    /// An error: the peer's time has passed.
    pub(super) fn poll_close_timeout(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Result<(), Fatal>> {
        let stall = self.engine.write_deadline().map(|(at, _)| at);
        let close = self.engine.close_deadline.as_ref().map(|it| it.at);
        let first = earlier(stall, close);
        ready!(self.timer.poll(cx, first));
        if first == close {
            return Poll::Ready(self.close_overdue(clock));
        }
        if let Some(stall) = stall {
            self.check_stall(stall);
        }
        Poll::Ready(Ok(()))
    }

    /// The time for the closing handshake has passed. It starts anew if the peer has taken bytes
    /// meanwhile, and more are on their way to it.
    #[cold]
    pub(super) fn close_overdue(&mut self, clock: &mut Clock) -> Result<(), Fatal> {
        let (taken, sent) = (self.taken(), self.engine.stats.bytes_sent);
        let before = self.engine.close_deadline.as_ref().map(|it| it.taken);
        if before.is_some_and(|before| before < taken) && taken < sent {
            self.engine.restart_close_deadline(clock.now());
            if let Some(deadline) = &mut self.engine.close_deadline {
                deadline.taken = taken;
            }
            return Ok(());
        }
        Err(self.not_closed())
    }

    /// The peer did not close in time; or it could not be written to, and nothing more came from
    /// it.
    fn not_closed(&mut self) -> Fatal {
        Fatal::abort(match self.write_error.take() {
            Some(error) => Error::Lost(error),
            None if self.engine.output == Output::Broken => {
                Error::Lost(io::ErrorKind::BrokenPipe.into())
            }
            None => Error::Timeout {
                phase: Phase::Close,
                limit: self.engine.close_timeout(),
            },
        })
    }

    pub(super) fn end(&mut self, clock: &mut Clock) {
        self.log(|| log::debug!("connection ended"));
        self.transport_state = TransportState::Ended;
        self.share.clear();
        // Who waits for a flush must learn that what is queued is lost.
        if self.engine.connection.queued() > 0 || self.engine.output == Output::Unflushed {
            self.engine.break_output(clock.now());
        }
        self.timer = Timer::default();
        self.discard_input();
        self.engine.release_buffers();
    }
}
