//! All of a connection but its transport and its read buffer.
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arkws_proto::{CloseFrame, Connection, State};
use bytes::Buf;
use tokio::time::Instant;

use super::clock::Clock;
use super::pool;
use super::stats::Stats;
use crate::{Config, Error, SendError};

/// The protocol's state, and what the driver knows besides.
pub(super) struct Engine {
    pub(super) connection: Connection,
    pub(super) stats: Stats,
    pub(super) output: Output,
    /// When the closing handshake has to be over; set once the connection is closing.
    pub(super) close_deadline: Option<Box<CloseDeadline>>,
    /// Since when bytes have been waiting of which the transport takes none.
    pub(super) stalled: Option<Instant>,
    /// How many bytes the peer had taken when that was last looked at during a
    /// [stall](Self::stalled); [`UNKNOWN`] before.
    pub(super) taken: u64,
    /// Why the connection has failed: what is sent later is refused for this reason.
    failure: Option<Arc<Error>>,
    close_timeout: Duration,
    write_timeout: Option<Duration>,
    write_buffer: usize,
}

/// Not looked at yet: see [`Engine::taken`] and [`CloseDeadline::taken`].
pub(super) const UNKNOWN: u64 = u64::MAX;

/// How long a stall lasts before the first look at what the peer has taken. Most stalls are
/// shorter.
const FIRST_LOOK: Duration = Duration::from_millis(100);

/// Whether the transport takes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// All bytes have been written through to the operating system.
    Flushed,
    /// The transport took bytes, but may hold them back.
    Unflushed,
    /// Writing failed. What the peer sent before can still be read.
    Broken,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct CloseDeadline {
    pub(super) at: Instant,
    /// It has passed, and what lies in the transport is being read: a program that did not poll for
    /// a while must not mistake its own slowness for the peer's.
    pub(super) overdue: bool,
    /// How many bytes the peer had taken when that was last looked at; [`UNKNOWN`] before.
    pub(super) taken: u64,
}

impl Engine {
    pub(super) fn new(connection: Connection, config: &Config) -> Engine {
        Engine {
            connection,
            stats: Stats::default(),
            output: Output::Flushed,
            close_deadline: None,
            stalled: None,
            taken: UNKNOWN,
            failure: None,
            close_timeout: config.close_timeout,
            write_timeout: config.write_timeout,
            write_buffer: config.write_buffer,
        }
    }

    pub(super) fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// When a stall has to be looked at next, and the time-out for writing.
    pub(super) fn write_deadline(&self) -> Option<(Instant, Duration)> {
        let limit = self.write_timeout?;
        let wait = match self.taken {
            UNKNOWN => FIRST_LOOK.min(limit / 8),
            _ => limit,
        };
        Some((self.stalled?.checked_add(wait)?, limit))
    }

    /// Whether more may be queued before something is written. Then the next message is taken,
    /// whatever its size.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.connection.queued() < self.write_buffer
            && self.output != Output::Broken
            && self.connection.is_ready()
    }

    /// Why no message is taken any more, if none is.
    #[cold]
    pub(super) fn ended(&self) -> Option<SendError> {
        let ended = self.output == Output::Broken || self.connection.state() != State::Open;
        ended.then(|| self.refused(arkws_proto::SendError::Closing))
    }

    /// Queues a close frame, if none has been queued; `now` is asked for only then.
    pub(super) fn start_close(
        &mut self,
        frame: Option<CloseFrame>,
        now: impl FnOnce() -> Instant,
    ) -> bool {
        let started = self.connection.send_close(frame);
        if started {
            self.restart_close_deadline(now());
        }
        started
    }

    /// The time for the closing handshake starts now.
    pub(super) fn restart_close_deadline(&mut self, now: Instant) {
        let taken = self.close_deadline.as_ref().map_or(UNKNOWN, |it| it.taken);
        let at = now.checked_add(self.close_timeout);
        self.close_deadline = at.map(|at| {
            Box::new(CloseDeadline {
                at,
                overdue: false,
                taken,
            })
        });
    }

    /// Bytes have been written.
    #[inline]
    pub(super) fn written(&mut self, bytes: usize, clock: &mut Clock) {
        self.stats.bytes_sent += bytes as u64;
        self.output = Output::Unflushed;
        // As long as the peer takes what is queued before the close frame, its time starts anew.
        if self.close_deadline.is_some() {
            self.restart_close_deadline(clock.now());
        }
    }

    /// The connection, with a block to encode messages into.
    #[inline]
    pub(super) fn with_block(&mut self) -> &mut Connection {
        if !self.connection.has_block() {
            self.connection.lend_block(pool::take());
        }
        &mut self.connection
    }

    /// Gives up all memory that is not needed for what is incomplete.
    #[inline]
    pub(super) fn release_buffers(&mut self) {
        if let Some(block) = self.connection.reclaim_block() {
            pool::give_back(block);
        }
        self.connection.release_buffers();
    }

    /// The connection has failed, for this reason.
    #[cold]
    pub(super) fn failed(&mut self, error: Error) {
        self.failure = Some(Arc::new(error));
    }

    /// Nothing can be written any more, for this reason. That is why the connection has failed,
    /// unless reading has shown before how it ends.
    #[cold]
    pub(super) fn failed_to_write(&mut self, error: Error) {
        if matches!(self.connection.state(), State::Open | State::CloseSent) {
            self.failed(error);
        }
    }

    /// The peer has closed: whatever failed before, this is how the connection has ended.
    pub(super) fn closed(&mut self) {
        self.failure = None;
    }

    /// Why the connection has failed, if it has.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.as_ref().map(|error| error.again())
    }

    /// Why nothing more was written, when the transport said this.
    #[cold]
    pub(super) fn write_failure(&self, error: io::Error) -> Error {
        match (self.failure(), self.connection.state()) {
            (Some(failure), _) => failure,
            (None, State::Closed) => SendError::Closing.into(),
            (None, _) => Error::Lost(error),
        }
    }

    /// Why a message was refused.
    #[cold]
    pub(super) fn refused(&self, refusal: arkws_proto::SendError) -> SendError {
        match (refusal, &self.failure) {
            (arkws_proto::SendError::Closing, Some(failure)) => {
                SendError::Lost(Arc::clone(failure))
            }
            (arkws_proto::SendError::Closing, None) => SendError::Closing,
            (arkws_proto::SendError::QueueFull { queued, limit }, _) => {
                SendError::QueueFull { queued, limit }
            }
            (arkws_proto::SendError::ControlTooLong(len), _) => SendError::ControlTooLong(len),
            (arkws_proto::SendError::FragmentedMessageOpen, _) => SendError::UnfinishedMessage,
        }
    }

    /// Nothing can be written any more: what waits is dropped.
    pub(super) fn break_output(&mut self, now: Instant) {
        self.output = Output::Broken;
        self.stalled = None;
        while self.connection.queued() > 0 {
            let transmit = self.connection.transmit();
            transmit.advance(transmit.remaining());
        }
        self.restart_close_deadline(now);
    }
}
