//! Messages that are not whole: how much memory they take, and how long they may wait for their
//! rest.
use std::task::Context;
use std::time::Duration;

use arkws_proto::{CloseCode, CloseFrame};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::WebSocket;
use super::clock::Clock;
use super::closing::Fatal;
use super::receive::BURST;
use crate::{Error, Phase};

/// How long a message may stay incomplete.
#[derive(Debug)]
pub(super) struct MessageTimeout {
    limit: Duration,
    /// The message that was incomplete when there was last nothing to read.
    unfinished: Option<Unfinished>,
}

impl MessageTimeout {
    pub(super) fn new(limit: Duration) -> MessageTimeout {
        MessageTimeout {
            limit,
            unfinished: None,
        }
    }
}

/// How far an incomplete message had come, and when.
#[derive(Debug, Clone, Copy)]
struct Unfinished {
    since: Instant,
    /// Frames that had begun on this connection, those of whole messages included.
    frames: u64,
    bytes_received: u64,
}

/// Bytes of one long frame that count as much as a new frame: a peer that sends them is not idle.
const AS_A_FRAME: u64 = 64 << 10;

/// Incomplete messages that take less memory than this, in bytes, are not counted: a connection
/// takes as much anyway.
const COUNTED: usize = 4 << 10;

/// If a time-out is noticed this much too late, the program has not read from the connection
/// meanwhile.
const LATE: Duration = Duration::from_secs(1);

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Counts what an incomplete message takes.
    #[inline]
    pub(super) fn charge(&mut self, cx: &mut Context<'_>, clock: &mut Clock) -> Result<(), Fatal> {
        let bytes = self.engine.connection.unfinished_memory();
        self.charge_bytes(cx, clock, bytes)
    }

    /// As [`charge`](Self::charge), while there is nothing to read: the block that is kept for the
    /// beginning of a message counts too.
    pub(super) fn charge_idle(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Result<(), Fatal> {
        let mut bytes = self.engine.connection.unfinished_memory();
        if !self.input.is_parsed() {
            bytes += self.input.capacity();
        }
        self.charge_bytes(cx, clock, bytes)
    }

    #[inline]
    fn charge_bytes(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
        mut bytes: usize,
    ) -> Result<(), Fatal> {
        if bytes < COUNTED {
            bytes = 0;
        }
        match bytes | self.share.bytes() {
            0 => Ok(()),
            _ => self.charge_much(cx, clock, bytes),
        }
    }

    #[inline(never)]
    fn charge_much(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
        bytes: usize,
    ) -> Result<(), Fatal> {
        // The next event has to come by here too, so that this is not counted for longer than it is
        // true.
        self.burst = BURST;
        let Some(limit) = self.share.set(bytes, cx.waker()) else {
            return Ok(());
        };
        Err(self.over_budget(limit, clock))
    }

    #[cold]
    pub(super) fn over_budget(&mut self, limit: usize, clock: &mut Clock) -> Fatal {
        let why = "max_unfinished_bytes: incomplete messages take too much memory";
        self.give_message_up(
            CloseCode::TOO_BIG,
            why,
            Error::UnfinishedBudget { limit },
            clock.now(),
        )
    }

    /// Closes with `code`. Nothing more is received of the message, nor after it.
    pub(super) fn give_message_up(
        &mut self,
        code: CloseCode,
        why: &str,
        error: Error,
        now: Instant,
    ) -> Fatal {
        self.engine
            .start_close(Some(CloseFrame::new(code, why)), || now);
        let _ = self.engine.connection.recv_eof();
        self.share.clear();
        Fatal::fail(error)
    }

    /// There is nothing to read: notes whether a message is incomplete, and since when.
    pub(super) fn watch_unfinished(&mut self, clock: &mut Clock) {
        let Some(message_timeout) = &mut self.message_timeout else {
            return;
        };
        let connection = &self.engine.connection;
        let is_whole = self.input.is_parsed() && !connection.is_unfinished();
        // Of a message that is read in pieces, what has come is the program's already.
        if is_whole || connection.receives_in_pieces() {
            message_timeout.unfinished = None;
            return;
        }
        let stats = &self.engine.stats;
        let frames = connection.frames_begun() + stats.messages_received;
        let bytes_received = stats.bytes_received;
        let as_before = |before: &Unfinished| {
            before.frames == frames && bytes_received - before.bytes_received < AS_A_FRAME
        };
        if !message_timeout.unfinished.as_ref().is_some_and(as_before) {
            message_timeout.unfinished = Some(Unfinished {
                since: clock.now(),
                frames,
                bytes_received,
            });
        }
    }

    /// When an incomplete message is given up, and the time-out for its rest.
    pub(super) fn message_deadline(&self) -> Option<(Instant, Duration)> {
        let MessageTimeout { limit, unfinished } = self.message_timeout.as_deref()?;
        Some((unfinished.as_ref()?.since.checked_add(*limit)?, *limit))
    }

    /// The rest of a message did not come in time: it was due at `at`.
    #[cold]
    pub(super) fn message_overdue(
        &mut self,
        at: Instant,
        limit: Duration,
        clock: &mut Clock,
    ) -> Result<(), Fatal> {
        let now = clock.now();
        if now > at + LATE {
            // The program did not read meanwhile, and the peer may have been waiting for it.
            if let Some(message_timeout) = &mut self.message_timeout
                && let Some(unfinished) = &mut message_timeout.unfinished
            {
                unfinished.since = now;
            }
            return Ok(());
        }
        let error = Error::Timeout {
            phase: Phase::Message,
            limit,
        };
        let why = "the rest of a message did not come in time";
        Err(self.give_message_up(CloseCode::POLICY, why, error, now))
    }
}
