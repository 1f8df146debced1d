//! Receiving: the way of every message, from what was read to the event that a program takes.
//!
//! - `poll_event`: most messages lie, whole, in the read buffer already;
//! - `poll_transport`: all else, whatever state the transport is in;
//! - `poll_open`: while it is open, in turns: parse what was read, write what is queued, read more.
use std::io;
use std::task::{Context, Poll, ready};

use arkws_proto::ProtocolError;
use arkws_proto::connection::EventKind;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::coop;

use super::WebSocket;
use super::clock::Clock;
use super::closing::{Fatal, TransportState};
use super::engine::Output;
use super::heartbeat::monitor::PongAnswer;
use super::read::{MOST_INFLATED, Read};
use crate::Error;

/// What parsing the read buffer came to. Small, as it is handed from step to step.
type Parsed = Result<Option<EventKind>, Fatal>;

/// Events from the read buffer after which the task asks the scheduler whether it may go on. Reads
/// ask by themselves.
pub(super) const BURST: u8 = 32;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Goes on until an event waits in the read buffer (`Some(Ok)`), or a piece of a message in the
    /// connection for whoever [reads](crate::MessageReader) it; or to the end of the connection
    /// (`None`).
    ///
    /// Out of line, so that what takes the event from the buffer is small enough to be inlined: the
    /// event is then made where it is used, and not moved there through memory.
    #[inline(never)]
    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(), Box<Error>>>> {
        // Most messages are left, whole, from the last read: they take a few instructions and
        // little stack.
        if matches!(self.transport_state, TransportState::Open)
            && !self.input.is_parsed()
            && self.burst < BURST - 1
        {
            self.burst += 1;
            let parsed = self.engine.connection.recv_buffered(&mut self.input);
            if let Ok(Some(EventKind::Text | EventKind::Binary)) = parsed {
                self.engine.stats.messages_received += 1;
                return Poll::Ready(Some(Ok(())));
            }
            return self.poll_transport(cx, Some(parsed));
        }
        self.poll_transport(cx, None)
    }

    /// All that [`poll_event`](Self::poll_event) does but seldom; `parsed` is what it has found so
    /// far.
    #[inline(never)]
    fn poll_transport(
        &mut self,
        cx: &mut Context<'_>,
        parsed: Option<Result<Option<EventKind>, ProtocolError>>,
    ) -> Poll<Option<Result<(), Box<Error>>>> {
        let mut parsed = parsed.map(|parsed| parsed.map_err(Fatal::from));
        let clock = &mut Clock::default();
        loop {
            match &mut self.transport_state {
                TransportState::Open | TransportState::Leaving => {
                    match ready!(self.poll_open(cx, clock, parsed.take())) {
                        Ok(Some(EventKind::Text | EventKind::Binary)) if self.discards() => {
                            drop(self.input.take_event());
                        }
                        Ok(kind) => {
                            if kind == Some(EventKind::Close) {
                                self.closed(cx, clock);
                            }
                            return Poll::Ready(Some(Ok(())));
                        }
                        Err(Fatal::Fail(error)) => {
                            self.engine.failed(error.again());
                            self.finish(Some(error), clock);
                        }
                        Err(Fatal::Abort(error)) => {
                            return Poll::Ready(Some(Err(self.abort(cx, clock, error))));
                        }
                    }
                }
                TransportState::Finishing(_) => {
                    if let Some(error) = ready!(self.poll_finish(cx, clock)) {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                TransportState::Lingering => {
                    ready!(self.poll_linger(cx, clock));
                    self.end(clock);
                }
                TransportState::Ended => {
                    self.terminated = true;
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// Whether messages are discarded: [`TransportState::Leaving`]. Whoever reads one goes on.
    fn discards(&self) -> bool {
        matches!(self.transport_state, TransportState::Leaving)
            && !self.engine.connection.receives_in_pieces()
    }

    /// Receives frames until there is an event; `None`: a piece of a message, for whoever
    /// [reads](crate::MessageReader) it.
    fn poll_open(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
        mut parsed: Option<Parsed>,
    ) -> Poll<Result<Option<EventKind>, Fatal>> {
        // Before it grows further.
        if let Some(limit) = self.share.is_over() {
            return Poll::Ready(Err(self.over_budget(limit, clock)));
        }
        loop {
            if let Some(kind) = ready!(self.poll_parse(cx, clock, parsed))? {
                return Poll::Ready(Ok(Some(kind)));
            }
            self.write_queued(cx, clock)?;
            self.check_close_deadline(cx, clock)?;
            self.charge(cx, clock)?;
            if self.engine.connection.has_piece() {
                return Poll::Ready(Ok(None));
            }
            parsed = ready!(self.poll_input(cx, clock))?;
        }
    }

    /// Parses what was read until there is an event for the program. `None`: nothing is left of it.
    /// `parsed` is what came of it so far.
    #[inline]
    fn poll_parse(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
        mut parsed: Option<Parsed>,
    ) -> Poll<Result<Option<EventKind>, Fatal>> {
        loop {
            if parsed.is_none() && !self.input.is_parsed() {
                ready!(self.poll_yield(cx));
                parsed = Some(self.parse());
            }
            match parsed.take() {
                Some(Ok(Some(kind))) if self.note(kind, clock) => {
                    // What was incomplete is whole, or is counted anew with the next read.
                    self.charge(cx, clock)?;
                    return Poll::Ready(Ok(Some(kind)));
                }
                Some(Ok(Some(_))) => {}
                Some(Err(fatal)) => return Poll::Ready(Err(fatal)),
                Some(Ok(None)) if self.engine.connection.is_paused() => {
                    // As much was inflated as may be at once: other tasks have their turn.
                    self.charge(cx, clock)?;
                    self.engine.connection.allow_inflating(MOST_INFLATED);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Ok(None)) | None => return Poll::Ready(Ok(None)),
            }
        }
    }

    #[inline(always)]
    fn parse(&mut self) -> Parsed {
        let parsed = self.engine.connection.recv_buffered(&mut self.input);
        parsed.map_err(Fatal::from)
    }

    /// Everything that was read is parsed: now pongs and what was fed leave, in one write.
    #[inline]
    fn write_queued(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Result<(), Fatal> {
        if self.engine.output != Output::Broken {
            match self.poll_output(cx, clock) {
                Poll::Ready(Ok(())) => {}
                // The peer may have said why before it went.
                Poll::Ready(Err(error)) => self.write_error = Some(error),
                Poll::Pending => self.check_stall(clock.now()),
            }
        }
        match self.given_up.as_deref() {
            Some(&given_up) => Err(Fatal::abort(given_up.into())),
            None => Ok(()),
        }
    }

    /// Reads more, and waits while there is nothing to read. Returns what came of parsing it, if
    /// that has been done: only bytes that went straight into a large message are parsed here.
    #[inline]
    fn poll_input(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Result<Option<Parsed>, Fatal>> {
        let read = self.poll_read(cx, clock);
        #[cfg(feature = "server")]
        if self.poll_close_request(cx, read.is_pending()).is_ready() && read.is_pending() {
            // The close frame leaves.
            return Poll::Ready(Ok(None));
        }
        match read {
            Poll::Ready(Ok(Read::Buffered)) => {}
            Poll::Ready(Ok(Read::Direct)) => {
                return Poll::Ready(Ok(Some(self.parse())));
            }
            // The beginning of a message waited in the read buffer for its rest, which will not
            // come, or take a while.
            Poll::Ready(Ok(Read::End)) if !self.input.is_parsed() => self.take_incomplete()?,
            Poll::Pending if !self.input.is_parsed() && !self.holds_input() => {
                self.take_incomplete()?;
            }
            Poll::Ready(Ok(Read::End)) => {
                let end = io::Error::new(io::ErrorKind::UnexpectedEof, "the peer ended it");
                return Poll::Ready(Err(self.lost(end)));
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Err(self.lost(error))),
            Poll::Pending => {
                self.idle();
                self.charge_idle(cx, clock)?;
                self.watch_unfinished(clock);
                ready!(self.poll_timeout(cx, clock))?;
            }
        }
        Poll::Ready(Ok(None))
    }

    /// Moves the beginning of a message from the read buffer to memory of its own.
    fn take_incomplete(&mut self) -> Result<(), Fatal> {
        Ok(self.engine.connection.take_incomplete(&mut self.input)?)
    }

    /// Counts an event. `false`: it is not for the program.
    fn note(&mut self, kind: EventKind, clock: &mut Clock) -> bool {
        let stats = &mut self.engine.stats;
        match kind {
            EventKind::Text | EventKind::Binary => stats.messages_received += 1,
            EventKind::Ping => stats.pings_received += 1,
            EventKind::Pong => {
                if let Some(monitor) = &mut self.heartbeat {
                    match monitor.pong(self.input.payload(), clock.now()) {
                        PongAnswer::Last(time) => stats.round_trip = Some(time),
                        PongAnswer::Older => {}
                        PongAnswer::NotOurs => return true,
                    }
                    return false;
                }
            }
            EventKind::Close => {}
        }
        true
    }

    /// Lets other tasks run now and then, however many messages one read has brought.
    fn poll_yield(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.burst = (self.burst + 1) % BURST;
        if self.burst == 0 {
            ready!(coop::poll_proceed(cx)).made_progress();
        }
        Poll::Ready(())
    }
}
