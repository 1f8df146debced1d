//! Time-outs: waiting for the next of them, and giving a peer up.
//!
//! | time-out | file |
//! |---|---|
//! | a flush takes long | `stall.rs` |
//! | silence | `heartbeat/` |
//! | incomplete messages | `unfinished.rs` |
//! | the closing handshake | `closing.rs` |
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::WebSocket;
use super::clock::Clock;
use super::closing::{Fatal, TransportState};
use super::engine::Output;
use super::heartbeat::monitor::Monitor;
use super::timer::earlier;
use crate::{Error, Heartbeat, Phase, SendError};

/// Why the peer was given up.
#[derive(Debug, Clone, Copy)]
pub(super) enum GivenUp {
    /// It took nothing of what waits for it for this long.
    Stalled(Duration),
    /// It neither took nor sent anything.
    Silent(Heartbeat),
}

impl From<GivenUp> for Error {
    fn from(given_up: GivenUp) -> Error {
        match given_up {
            GivenUp::Stalled(limit) => Error::Timeout {
                phase: Phase::Write,
                limit,
            },
            GivenUp::Silent(Heartbeat { interval, timeout }) => {
                Error::Heartbeat { interval, timeout }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// There is nothing to read: waits for the next time-out, and handles it.
    pub(super) fn poll_timeout(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Result<(), Fatal>> {
        if self.engine.close_deadline.is_some() {
            return self.poll_close_timeout(cx, clock);
        }
        let stall = self.engine.write_deadline().map(|(at, _)| at);
        let silence = self.heartbeat.as_deref().and_then(Monitor::deadline);
        let message = self.message_deadline();
        let first = earlier(silence, message.map(|(at, _)| at));
        let Some(deadline) = earlier(stall, first) else {
            return Poll::Pending;
        };
        ready!(self.timer.poll(cx, Some(deadline)));
        self.check_stall(deadline);
        Poll::Ready(match message {
            Some((at, limit)) if at <= deadline => self.message_overdue(at, limit, clock),
            _ => self.silence_passed(clock.now().max(deadline)),
        })
    }

    /// A flush is pending: waits for the next time-out. `Ready`: the peer has been given up.
    #[cold]
    pub(super) fn poll_stalled(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Poll<Error> {
        loop {
            self.check_stall(clock.now());
            if self.given_up.is_some() {
                let failure = self.engine.failure();
                return Poll::Ready(failure.unwrap_or_else(|| SendError::Closing.into()));
            }
            let stall = self.engine.write_deadline().map(|(at, _)| at);
            let silence = match (&self.transport_state, &self.heartbeat) {
                (TransportState::Open, Some(monitor)) if self.engine.close_deadline.is_none() => {
                    monitor.deadline()
                }
                _ => None,
            };
            let Some(deadline) = earlier(stall, silence) else {
                return Poll::Pending;
            };
            ready!(self.timer.poll_if_possible(cx, deadline, clock));
            self.check_stall(deadline);
            if silence.is_some_and(|at| at <= deadline) {
                self.beat(cx, clock.now().max(deadline));
            }
        }
    }

    pub(super) fn give_up(&mut self, why: GivenUp, now: Instant) {
        self.engine.failed_to_write(why.into());
        self.given_up = Some(Box::new(why));
        if self.engine.output != Output::Broken {
            self.engine.break_output(now);
        }
    }
}
