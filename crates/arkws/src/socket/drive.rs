//! The polls of a connection: reading, writing, closing, time-outs.
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arkws_proto::connection::{EventKind, RecvBuffer};
use arkws_proto::frame::MAX_HEADER;
use arkws_proto::{CloseCode, CloseFrame, ProtocolError, Role};
use bytes::Buf;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::{self, unconstrained};
use tokio::time::Instant;
use tokio_util::io::{poll_read_buf, poll_write_buf};

use super::outbox::{Output, UNKNOWN};
use super::timer::Timer;
use super::{WebSocket, pool};
use crate::error::io_again;
use crate::heartbeat::{Action, Monitor};
use crate::{Error, Heartbeat, Phase};

/// Where the transport is in its life (RFC 6455, 7.1.1); [`arkws_proto::State`] is the protocol's.
#[derive(Debug)]
pub(super) enum Stage {
    /// Frames are received.
    Open,
    /// Nothing more is received: the peer has sent its close frame, or the connection failed with this error. What is
    /// queued is written; then a server, or whoever failed the connection, ends the transport.
    Finishing(Option<Box<Error>>),
    /// Both have said all they had to say: waits for the peer to end the transport, and discards what it still sends.
    Lingering,
    /// Nothing is left to do.
    Ended,
}

/// How long a message may stay incomplete.
#[derive(Debug)]
pub(super) struct Patience {
    limit: Duration,
    /// A message that was incomplete when there was nothing to read.
    unfinished: Option<Unfinished>,
}

impl Patience {
    pub(super) fn new(limit: Duration) -> Patience {
        Patience {
            limit,
            unfinished: None,
        }
    }
}

/// What was known of an incomplete message when it had come on last.
#[derive(Debug, Clone, Copy)]
struct Unfinished {
    since: Instant,
    /// Frames and messages that had begun.
    frames: u64,
    bytes_received: u64,
}

/// Why a peer was given up that may still be there.
#[derive(Debug, Clone, Copy)]
pub(super) enum GivenUp {
    /// It took nothing of what waits for it for so long.
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

/// Why frames are not received any more. The error is boxed, so that the way of every message is not that wide.
enum End {
    /// The peer may be told why.
    Fail(Box<Error>),
    /// Nobody is there to be told.
    Abort(Box<Error>),
}

impl End {
    #[cold]
    fn fail(error: Error) -> End {
        End::Fail(Box::new(error))
    }

    #[cold]
    fn abort(error: Error) -> End {
        End::Abort(Box::new(error))
    }
}

/// What came out of a read.
enum Read {
    /// Bytes in the read buffer.
    Buffered,
    /// Bytes of a large message, in its own buffer.
    Direct,
    /// The end of the stream.
    End,
}

/// What parsing the read buffer came to.
type Parsed = Result<Option<EventKind>, ProtocolError>;

/// How much is read at once, in bytes: the largest segment of the kernel, or a message of 64 KiB and its header.
const READ: usize = 66 << 10;

/// A message of more bytes than this, of which the beginning has been read, is read to its end, and the header of the
/// next with it: what would be read beyond is a part of the next, and would have to be moved.
const LARGE: usize = READ / 2;

/// An incomplete message of at least so many bytes stays in its block while the rest does not come: moving it takes as
/// long as receiving it, and the block is at most four times as large, which is what any incomplete message may take.
const HELD: usize = pool::BLOCK / 4;

/// So few bytes are moved to memory of their own size when they are read, so that a program that takes its time over a
/// message does not hold a whole block for it.
const FEW: usize = 4 << 10;

/// The most that is written at once, in bytes: just less than what a kernel puts into one segment for the device or the
/// loopback (64 KiB with its headers). A write of a little more leaves a small segment behind, and the two took twice
/// the time of one.
const MAX_WRITE: usize = 63 << 10;

/// So many bytes are inflated before other tasks have their turn.
pub(super) const MOST_INFLATED: usize = 1 << 20;

/// So many bytes of one long frame are as good as a frame: the peer is not idle.
const AS_A_FRAME: u64 = 64 << 10;

/// Incomplete messages that take less than this do not count: it is not more than a connection takes anyway.
const COUNTED: usize = 4 << 10;

/// A program that looks so much too late at a connection has not read from it.
const LATE: Duration = Duration::from_secs(1);

/// Every so many events from the read buffer the task asks the scheduler whether it may go on. Reads ask by themselves.
const BURST: u8 = 32;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Goes on until an event waits in the read buffer (`Some(Ok)`), or to the end of the connection (`None`).
    ///
    /// Out of line, so that what takes the event from the buffer is small enough to be inlined: the event is then made
    /// where it is used, and not moved there through memory.
    #[inline(never)]
    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(), Box<Error>>>> {
        // Most messages are left, whole, from the last read: they take a few instructions and little stack.
        if matches!(self.stage, Stage::Open) && !self.input.is_parsed() && self.burst < BURST - 1 {
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

    /// All that [`poll_event`](Self::poll_event) does but seldom; `parsed` is what it has found so far.
    #[inline(never)]
    fn poll_transport(
        &mut self,
        cx: &mut Context<'_>,
        mut parsed: Option<Parsed>,
    ) -> Poll<Option<Result<(), Box<Error>>>> {
        loop {
            match &mut self.stage {
                Stage::Open => match ready!(self.poll_open(cx, parsed.take())) {
                    Ok(kind) => {
                        if kind == EventKind::Close {
                            self.closed(cx);
                        }
                        return Poll::Ready(Some(Ok(())));
                    }
                    Err(End::Fail(error)) => {
                        self.engine.failed(error.again());
                        self.finish(Some(error));
                    }
                    Err(End::Abort(error)) => {
                        self.engine.failed(error.again());
                        // Best effort: what waits, and the end of our side.
                        if self.poll_output(cx).is_ready() {
                            let _ = Pin::new(&mut self.io).poll_shutdown(cx);
                        }
                        let _ = self.engine.connection.recv_eof();
                        self.log(|| tracing::debug!(target: "arkws", %error, "connection failed"));
                        self.end();
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                Stage::Finishing(error) => {
                    let failed = error.is_some();
                    let may_linger = ready!(self.poll_finish(cx, failed));
                    let finished = std::mem::replace(&mut self.stage, Stage::Lingering);
                    match may_linger {
                        true => self.engine.restart_deadline(),
                        false => self.end(),
                    }
                    if let Stage::Finishing(Some(error)) = finished {
                        self.log(|| tracing::debug!(target: "arkws", %error, "connection failed"));
                        return Poll::Ready(Some(Err(error)));
                    }
                }
                Stage::Lingering => {
                    ready!(self.poll_linger(cx));
                    self.end();
                }
                Stage::Ended => return Poll::Ready(None),
            }
        }
    }

    /// Receives frames until there is an event.
    fn poll_open(
        &mut self,
        cx: &mut Context<'_>,
        mut parsed: Option<Parsed>,
    ) -> Poll<Result<EventKind, End>> {
        // Before it grows further.
        if let Some(limit) = self.share.is_over() {
            return Poll::Ready(Err(self.over_budget(limit)));
        }
        loop {
            if parsed.is_none() && !self.input.is_parsed() {
                ready!(self.poll_yield(cx));
                parsed = Some(self.engine.connection.recv_buffered(&mut self.input));
            }
            match parsed.take() {
                Some(Ok(Some(kind))) if self.note(kind) => return self.found(cx, kind),
                Some(Ok(Some(_))) => continue,
                Some(Err(error)) => return Poll::Ready(Err(End::fail(error.into()))),
                Some(Ok(None)) if self.engine.connection.is_paused() => {
                    self.charge(cx, false)?;
                    self.engine.connection.allow_inflating(MOST_INFLATED);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Ok(None)) | None => {}
            }

            // Everything that was read is parsed: now pongs and what was fed leave, in one write.
            if self.engine.output != Output::Broken {
                match self.poll_output(cx) {
                    Poll::Ready(Ok(())) => {}
                    // The peer may have said why before it went.
                    Poll::Ready(Err(error)) => self.write_error = Some(error),
                    Poll::Pending => self.check_stall(Instant::now()),
                }
            }
            if let Some(&given_up) = self.given_up.as_deref() {
                return Poll::Ready(Err(End::abort(given_up.into())));
            }
            if let Some(deadline) = &mut self.engine.deadline
                && self.timer.poll(cx, Some(deadline.at)).is_ready()
                && std::mem::replace(&mut deadline.overdue, true)
                && !self.may_close_later()
            {
                return Poll::Ready(Err(self.overdue()));
            }

            self.charge(cx, false)?;
            match self.poll_read(cx) {
                Poll::Ready(Ok(Read::Buffered)) => {}
                // The beginning of a message waited for its rest, and it will take a while.
                Poll::Pending if !self.input.is_parsed() && !self.holds_input() => {
                    parsed = Some(self.engine.connection.recv_rest(&mut self.input));
                }
                Poll::Ready(Ok(Read::End)) if !self.input.is_parsed() => {
                    parsed = Some(self.engine.connection.recv_rest(&mut self.input));
                }
                Poll::Ready(Ok(Read::Direct)) => {
                    match self.engine.connection.recv_direct_buffered(&mut self.input) {
                        Ok(Some(kind)) if self.note(kind) => return self.found(cx, kind),
                        Ok(_) => {}
                        Err(error) => return Poll::Ready(Err(End::fail(error.into()))),
                    }
                }
                Poll::Ready(Ok(Read::End)) => {
                    let end = io::Error::new(io::ErrorKind::UnexpectedEof, "the peer ended it");
                    return Poll::Ready(Err(self.lost(end)));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.lost(error))),
                Poll::Pending => {
                    self.idle();
                    self.charge(cx, true)?;
                    self.watch_unfinished();
                    if let Some(end) = ready!(self.poll_timeout(cx)) {
                        return Poll::Ready(Err(end));
                    }
                }
            }
        }
    }

    /// An event that is for the program: what was incomplete is whole, or is counted anew with the next read.
    fn found(&mut self, cx: &mut Context<'_>, kind: EventKind) -> Poll<Result<EventKind, End>> {
        self.charge(cx, false)?;
        Poll::Ready(Ok(kind))
    }

    /// Counts what an incomplete message takes, and the block that is `kept` for it.
    #[inline]
    fn charge(&mut self, cx: &mut Context<'_>, kept: bool) -> Result<(), End> {
        let mut bytes = self.engine.connection.unfinished_memory();
        if kept && !self.input.is_parsed() {
            bytes += self.input.capacity();
        }
        if bytes < COUNTED {
            bytes = 0;
        }
        match bytes | self.share.bytes() {
            0 => Ok(()),
            _ => self.charge_much(cx, bytes),
        }
    }

    #[inline(never)]
    fn charge_much(&mut self, cx: &mut Context<'_>, bytes: usize) -> Result<(), End> {
        // The next event comes by here, so that what is not owed any more is not counted.
        self.burst = BURST;
        let Some(limit) = self.share.set(bytes, cx.waker()) else {
            return Ok(());
        };
        Err(self.over_budget(limit))
    }

    #[cold]
    fn over_budget(&mut self, limit: usize) -> End {
        let why = "max_unfinished_bytes: incomplete messages take too much memory";
        self.give_message_up(CloseCode::TOO_BIG, why, Error::UnfinishedBudget { limit })
    }

    /// Nothing more is received of a message, nor after it.
    fn give_message_up(&mut self, code: CloseCode, why: &str, error: Error) -> End {
        self.engine.start_close(Some(CloseFrame::new(code, why)));
        let _ = self.engine.connection.recv_eof();
        self.share.clear();
        End::fail(error)
    }

    /// There is nothing to read: is a message incomplete, and since when?
    fn watch_unfinished(&mut self) {
        let Some(patience) = &mut self.patience else {
            return;
        };
        if self.input.is_parsed() && !self.engine.connection.is_unfinished() {
            patience.unfinished = None;
            return;
        }
        let stats = &self.engine.stats;
        let frames = self.engine.connection.frames_begun() + stats.messages_received;
        let bytes_received = stats.bytes_received;
        let as_before = |before: &Unfinished| {
            before.frames == frames && bytes_received - before.bytes_received < AS_A_FRAME
        };
        if !patience.unfinished.as_ref().is_some_and(as_before) {
            patience.unfinished = Some(Unfinished {
                since: Instant::now(),
                frames,
                bytes_received,
            });
        }
    }

    /// When an incomplete message is given up, and its limit.
    fn message_deadline(&self) -> Option<(Instant, Duration)> {
        let Patience { limit, unfinished } = self.patience.as_deref()?;
        Some((unfinished.as_ref()?.since.checked_add(*limit)?, *limit))
    }

    /// Writing is pending: for how long has the peer taken nothing?
    fn check_stall(&mut self, now: Instant) {
        if let Some((deadline, limit)) = self.engine.write_deadline()
            && deadline <= now
            // Otherwise the transport was not asked: this task is to let others run first.
            && coop::has_budget_remaining()
        {
            let taken = self.taken();
            let before = std::mem::replace(&mut self.engine.taken, taken);
            if before == UNKNOWN {
                // The program may not have looked at it for a while.
                if now.duration_since(deadline) > limit / 2 {
                    self.engine.stalled = Some(now);
                }
            } else if before < taken {
                self.engine.stalled = Some(now);
            } else {
                self.give_up(GivenUp::Stalled(limit));
            }
        }
    }

    fn give_up(&mut self, why: GivenUp) {
        self.engine.failed(why.into());
        self.given_up = Some(Box::new(why));
        if self.engine.output != Output::Broken {
            self.engine.break_output();
        }
    }

    /// A flush is pending: waits for the next point in time at which something is to be done. `Ready`: the peer has
    /// been given up.
    #[cold]
    pub(super) fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        loop {
            self.check_stall(Instant::now());
            if let Some(&given_up) = self.given_up.as_deref() {
                return Poll::Ready(given_up.into());
            }
            let stall = self.engine.write_deadline().map(|(at, _)| at);
            let silence = match (&self.stage, &self.heartbeat) {
                (Stage::Open, Some(monitor)) if self.engine.deadline.is_none() => {
                    monitor.deadline()
                }
                _ => None,
            };
            let Some(deadline) = earlier(stall, silence) else {
                return Poll::Pending;
            };
            ready!(self.timer.poll_if_possible(cx, deadline));
            self.check_stall(deadline);
            if silence.is_some_and(|at| at <= deadline) {
                self.beat(cx, deadline);
            }
        }
    }

    /// The heartbeat's time has come while a flush is pending, so that nobody may have received for a while.
    fn beat(&mut self, cx: &mut Context<'_>, deadline: Instant) {
        let now = Instant::now().max(deadline);
        let is_overdue = |it: &Monitor| it.is_overdue(now);
        if self.heartbeat.as_deref().is_some_and(is_overdue)
            && (self.has_progressed(now) || self.hears(cx))
        {
            return;
        }
        let Some(monitor) = &mut self.heartbeat else {
            return;
        };
        match monitor.handle_timeout(now) {
            Some(Action::Ping(payload)) => self.queue_ping(&payload, now),
            Some(Action::GiveUp) => {
                let settings = monitor.settings();
                self.give_up(GivenUp::Silent(settings));
            }
            None => {}
        }
    }

    /// Has something arrived that nobody has received? It is read into the block, as much of it as there is room for,
    /// and counts as life. If there is no room, nobody can know, and that counts as life too.
    fn hears(&mut self, cx: &mut Context<'_>) -> bool {
        if self.input.capacity() < pool::BLOCK {
            let input = std::mem::take(&mut self.input);
            self.input = input.moved_to(pool::take(), pool::BLOCK - READ);
        }
        let room = self.input.room();
        if !room.is_empty() {
            let most = READ.min(room.len());
            let mut room = ReadBuf::new(&mut room[..most]);
            let io = &mut self.io;
            // Now, whether or not this task is to let others run first.
            let read = unconstrained(poll_fn(|cx| Pin::new(&mut *io).poll_read(cx, &mut room)));
            let result = pin!(read).poll(cx);
            let count = room.filled().len();
            match result {
                Poll::Ready(Ok(())) if count > 0 => {
                    self.input.add_filled(count);
                    self.engine.stats.bytes_received += count as u64;
                }
                Poll::Ready(Err(error)) => {
                    self.write_error = Some(error);
                    self.release_storage();
                    return false;
                }
                _ => {
                    self.release_storage();
                    return false;
                }
            }
        }
        if let Some(monitor) = &mut self.heartbeat {
            monitor.received(Instant::now());
        }
        true
    }

    /// The time for the answer to a ping has passed: has the peer taken bytes meanwhile?
    fn has_progressed(&mut self, now: Instant) -> bool {
        let taken = self.taken();
        let monitor = self.heartbeat.as_deref_mut();
        monitor.is_some_and(|monitor| monitor.progressed(taken, now))
    }

    fn queue_ping(&mut self, payload: &[u8], now: Instant) {
        let taken = self.taken();
        let Some(monitor) = &mut self.heartbeat else {
            return;
        };
        let before = self.engine.connection.queued();
        match self.engine.connection.send_ping(payload) {
            Ok(ahead) => {
                let end = self.engine.stats.bytes_sent + ahead as u64;
                monitor.pinged(self.engine.connection.queued() - before, end, taken);
                self.engine.stats.pings_sent += 1;
            }
            Err(error) => {
                tracing::debug!(target: "arkws", %error, "heartbeat: no room for a ping");
                monitor.not_pinged(now);
            }
        }
    }

    /// Reads, from the front of the transport's queue to wherever the bytes belong.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Read>> {
        let most = match self.engine.connection.begun(&self.input) {
            Some(begun) if begun.len > LARGE => begun.len - self.input.waiting() + MAX_HEADER,
            _ => READ,
        };
        let io = Pin::new(&mut self.io);
        let (count, read) = match self.engine.connection.direct_buffer() {
            Some(mut buffer) => (ready!(poll_read_buf(io, cx, &mut buffer))?, Read::Direct),
            None => {
                if self.input.capacity() < pool::BLOCK {
                    self.input = RecvBuffer::reading(pool::take(), pool::BLOCK - READ);
                }
                let room = self.input.room();
                let most = most.min(room.len());
                let mut room = ReadBuf::new(&mut room[..most]);
                ready!(io.poll_read(cx, &mut room))?;
                let count = room.filled().len();
                if count <= FEW && self.input.is_parsed() {
                    let few = RecvBuffer::filled(self.input.room()[..count].into());
                    pool::give_back(std::mem::replace(&mut self.input, few).into_storage());
                } else {
                    self.input.add_filled(count);
                }
                (count, Read::Buffered)
            }
        };
        if count == 0 {
            return Poll::Ready(Ok(Read::End));
        }
        self.engine.stats.bytes_received += count as u64;
        if let Some(monitor) = &mut self.heartbeat {
            monitor.received(Instant::now());
        }
        Poll::Ready(Ok(read))
    }

    /// May the beginning of a message stay in the block, however long it waits? Not that of a text, which fails at its
    /// first bad byte, late or not.
    fn holds_input(&self) -> bool {
        let begun = self.engine.connection.begun(&self.input);
        self.input.waiting() >= HELD && begun.is_some_and(|begun| !begun.text)
    }

    /// Writes all that waits.
    pub(super) fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let before = self.engine.stats.bytes_sent;
        let result = self.poll_write(cx);
        if result.is_pending() || self.engine.stalled.is_some() {
            self.note_stall(before, result.is_pending());
        }
        let result = ready!(result);
        if let Err(error) = &result
            && self.engine.output != Output::Broken
        {
            // Unless the peer is found to have closed, that is how the connection ends.
            self.engine.failed(Error::Lost(io_again(error)));
            self.engine.break_output();
        }
        Poll::Ready(result)
    }

    /// The transport did not take all that waited, now or the last time; `before` that, so many bytes had been sent.
    #[cold]
    fn note_stall(&mut self, before: u64, pending: bool) {
        let now = Instant::now();
        let was_stalled = self.engine.stalled.is_some();
        let progress = !pending || self.engine.stats.bytes_sent != before;
        if let Some(monitor) = &mut self.heartbeat {
            monitor.written(before, self.engine.stats.bytes_sent, now);
        }
        if progress || !was_stalled {
            self.engine.stalled = pending.then_some(now);
            // Where the transport knows no more than that, it need not be asked.
            self.engine.taken = match self.probe {
                Some(_) => UNKNOWN,
                None => self.engine.stats.bytes_sent,
            };
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let engine = &mut self.engine;
        if engine.output == Output::Broken {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        while engine.connection.queued() > 0 {
            let io = Pin::new(&mut self.io);
            let transmit = engine.connection.transmit();
            let len = even_part(transmit.remaining());
            let written = if transmit.chunk().len() >= len {
                // One chunk is the rule, and goes the shorter way through the kernel.
                let written = ready!(io.poll_write(cx, &transmit.chunk()[..len]))?;
                transmit.advance(written);
                written
            } else {
                ready!(poll_write_buf(io, cx, &mut transmit.take(len)))?
            };
            match written {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => engine.written(count),
            }
        }
        if engine.output == Output::Unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            engine.output = Output::Flushed;
        }
        Poll::Ready(Ok(()))
    }

    /// Nothing to read: waits for the next point in time at which something is to be done. `None`: it has been done.
    fn poll_timeout(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        let stall = self.engine.write_deadline().map(|(at, _)| at);
        if let Some(deadline) = self.engine.deadline.as_deref() {
            let first = stall.map_or(deadline.at, |stall| stall.min(deadline.at));
            ready!(self.timer.poll(cx, Some(first)));
            if deadline.at <= first {
                return Poll::Ready(match self.may_close_later() {
                    true => None,
                    false => Some(self.overdue()),
                });
            }
            self.check_stall(first);
            return Poll::Ready(None);
        }
        let silence = self.heartbeat.as_deref().and_then(Monitor::deadline);
        let message = self.message_deadline();
        let first = earlier(silence, message.map(|(at, _)| at));
        let Some(deadline) = earlier(stall, first) else {
            return Poll::Pending;
        };
        ready!(self.timer.poll(cx, Some(deadline)));
        self.check_stall(deadline);
        if let Some((at, limit)) = message
            && at <= deadline
        {
            let now = Instant::now();
            if now > at + LATE {
                // The program did not read meanwhile, and the peer may have been waiting for it.
                if let Some(patience) = &mut self.patience
                    && let Some(unfinished) = &mut patience.unfinished
                {
                    unfinished.since = now;
                }
                return Poll::Ready(None);
            }
            let error = Error::Timeout {
                phase: Phase::Message,
                limit,
            };
            let why = "the rest of a message did not come in time";
            let end = self.give_message_up(CloseCode::POLICY, why, error);
            return Poll::Ready(Some(end));
        }
        let now = Instant::now().max(deadline);
        let is_overdue = |it: &Monitor| it.is_overdue(now);
        if self.heartbeat.as_deref().is_some_and(is_overdue) && self.has_progressed(now) {
            return Poll::Ready(None);
        }
        let Some(monitor) = &mut self.heartbeat else {
            return Poll::Ready(None);
        };
        match monitor.handle_timeout(now) {
            Some(Action::Ping(payload)) => {
                self.queue_ping(&payload, now);
                Poll::Ready(None)
            }
            Some(Action::GiveUp) => {
                let given_up = GivenUp::Silent(monitor.settings());
                self.given_up = Some(Box::new(given_up));
                // The peer may be alive, and its pongs stuck.
                let why = CloseFrame::new(CloseCode::INTERNAL_ERROR, "no answer to a ping");
                self.engine.start_close(Some(why));
                Poll::Ready(Some(End::abort(given_up.into())))
            }
            None => Poll::Ready(None),
        }
    }

    /// Lets other tasks run now and then, however many messages one read has brought.
    fn poll_yield(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.burst = (self.burst + 1) % BURST;
        if self.burst == 0 {
            ready!(coop::poll_proceed(cx)).made_progress();
        }
        Poll::Ready(())
    }

    /// Writes what is queued, then ends our side of the transport if it is for us to do so. `false`: it cannot be done.
    fn poll_finish(&mut self, cx: &mut Context<'_>, failed: bool) -> Poll<bool> {
        self.discard_input();
        match self.poll_output(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(false),
            Poll::Pending => {
                let stall = self.engine.write_deadline().map(|(at, _)| at);
                let deadline = self.engine.deadline.as_ref().map(|deadline| deadline.at);
                ready!(self.timer.poll(cx, earlier(stall, deadline)));
                return Poll::Ready(false);
            }
        }
        if self.poll_deadline(cx).is_ready() {
            return Poll::Ready(false);
        }
        // RFC 6455, 7.1.1: the server closes first, so that the TIME_WAIT state is its.
        if failed || self.role() == Role::Server {
            return Pin::new(&mut self.io)
                .poll_shutdown(cx)
                .map(|result| result.is_ok());
        }
        Poll::Ready(true)
    }

    /// Discards what still arrives, until the peer ends its side: closing a TCP socket with unread bytes would reset
    /// it, and the peer might never read our close frame.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.poll_deadline(cx).is_pending() {
            if self.input.capacity() < pool::BLOCK {
                self.input = RecvBuffer::reading(pool::take(), pool::BLOCK - READ);
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
        // A client's turn; best effort, since the socket is to be dropped next.
        let _ = Pin::new(&mut self.io).poll_shutdown(cx);
        Poll::Ready(())
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.engine.deadline.as_ref().map(|deadline| deadline.at);
        self.timer.poll(cx, deadline)
    }

    /// Counts an event. `false`: it is not for the program.
    fn note(&mut self, kind: EventKind) -> bool {
        let stats = &mut self.engine.stats;
        match kind {
            EventKind::Text | EventKind::Binary => stats.messages_received += 1,
            EventKind::Ping => stats.pings_received += 1,
            EventKind::Pong => {
                if let Some(monitor) = &mut self.heartbeat
                    && let Some(time) = monitor.pong(self.input.payload(), Instant::now())
                {
                    stats.round_trip = Some(time);
                    return false;
                }
            }
            EventKind::Close => {}
        }
        true
    }

    /// The peer's close frame has arrived, and the answer to it is queued.
    fn closed(&mut self, cx: &mut Context<'_>) {
        self.log(|| tracing::debug!(target: "arkws", "close frame received"));
        self.engine.closed();
        self.finish(None);
        // Programs like to drop a socket when they see the close frame: then the answer should be on its way.
        let _ = self.poll_output(cx);
    }

    fn finish(&mut self, error: Option<Box<Error>>) {
        self.stage = Stage::Finishing(error);
        self.share.clear();
        self.engine.restart_deadline();
    }

    /// The stream ended, or could not be read.
    fn lost(&mut self, error: io::Error) -> End {
        let _ = self.engine.connection.recv_eof();
        match self.write_error.take() {
            Some(first) => End::abort(Error::Lost(first)),
            // The peer may have ended its side only, and still read what is queued.
            None if error.kind() == io::ErrorKind::UnexpectedEof => End::fail(Error::Lost(error)),
            None => End::abort(Error::Lost(error)),
        }
    }

    /// The time for the closing handshake has passed. If the peer has taken bytes meanwhile, and there are more on their
    /// way to it, it has that time again.
    fn may_close_later(&mut self) -> bool {
        let (taken, sent) = (self.taken(), self.engine.stats.bytes_sent);
        let before = self.engine.deadline.as_ref().map(|it| it.taken);
        let progressed = before.is_some_and(|before| before < taken) && taken < sent;
        if progressed {
            self.engine.restart_deadline();
            if let Some(deadline) = &mut self.engine.deadline {
                deadline.taken = taken;
            }
        }
        progressed
    }

    /// The peer did not close in time; or it could not be written to, and nothing more came from it.
    fn overdue(&mut self) -> End {
        End::abort(match self.write_error.take() {
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

    /// The connection goes idle: it gives up all memory that it does not need for what is incomplete.
    fn idle(&mut self) {
        self.release_storage();
        self.engine.release_buffers();
        self.engine.connection.allow_inflating(MOST_INFLATED);
    }

    /// Gives the block of the read buffer back, if all of its bytes are consumed.
    pub(super) fn release_storage(&mut self) {
        if self.input.is_parsed() {
            self.discard_input();
        }
    }

    fn discard_input(&mut self) {
        if self.input.capacity() > 0 {
            pool::give_back(std::mem::take(&mut self.input).into_storage());
        }
    }

    /// Writes to the log in the connection's own span, whoever polls it.
    fn log(&self, write: impl FnOnce()) {
        match &self.span {
            Some(span) => span.in_scope(write),
            None => write(),
        }
    }

    fn end(&mut self) {
        self.log(|| tracing::debug!(target: "arkws", "connection ended"));
        self.stage = Stage::Ended;
        self.share.clear();
        // Whoever waits for a flush must not take what is lost for sent.
        if self.engine.connection.queued() > 0 || self.engine.output == Output::Unflushed {
            self.engine.break_output();
        }
        self.timer = Timer::default();
        self.discard_input();
        self.engine.release_buffers();
    }
}

/// The earlier of two points in time, of which there may be none.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// How much of `remaining` bytes to write at once: all of them, or one of equal parts.
fn even_part(remaining: usize) -> usize {
    remaining.div_ceil(remaining.div_ceil(MAX_WRITE))
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use arkws_proto::Role;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use crate::{Config, MessageRef, WebSocket};

    #[tokio::test]
    async fn a_connection_owns_a_write_buffer_only_while_bytes_wait_in_it() {
        let (near, mut far) = tokio::io::duplex(8);
        let config = Config::default();
        let mut socket =
            WebSocket::from_handshake(near, Role::Server, config, Default::default(), &[]);
        assert!(!socket.engine.connection.has_block());

        // More than fits...
        socket.feed_text("hello world").unwrap();
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_flush(&mut cx).is_pending());
        assert!(socket.engine.connection.has_block());
        // ... until there is room, whether somebody flushes or receives.
        far.read_exact(&mut [0; 8]).await.unwrap();
        assert!(socket.poll_recv(&mut cx).is_pending());
        assert!(!socket.engine.connection.has_block());
        socket.feed_text("hello").unwrap();
        far.read_exact(&mut [0; 5]).await.unwrap();
        assert!(socket.poll_flush(&mut cx).is_ready());
        assert!(!socket.engine.connection.has_block());
    }

    #[tokio::test]
    async fn a_connection_owns_a_read_buffer_only_while_bytes_wait_in_it() {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut socket = WebSocket::from_handshake(
            near,
            Role::Client,
            Config::default(),
            Default::default(),
            &[],
        );
        assert_eq!(socket.input.capacity(), 0);

        // Two messages and the beginning of a third in one read.
        far.write_all(b"\x81\x01a\x81\x01b\x81").await.unwrap();
        for _ in 0..2 {
            socket.recv().await.unwrap().unwrap();
            assert_ne!(socket.input.capacity(), 0);
        }
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_recv(&mut cx).is_pending());
        assert_eq!(socket.input.capacity(), 0);

        // The beginning was kept all the same.
        far.write_all(b"\x01c").await.unwrap();
        socket.recv().await.unwrap().unwrap();
    }

    /// A socket, its peer, and 50,000 bytes of a message of 64 KiB on the way.
    async fn receiving_a_part(
        opcode: u8,
    ) -> (
        WebSocket<tokio::io::DuplexStream>,
        tokio::io::DuplexStream,
        Vec<u8>,
    ) {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let socket = WebSocket::from_handshake(
            near,
            Role::Client,
            Config::default(),
            Default::default(),
            &[],
        );
        let mut message = vec![b'a'; 10 + (64 << 10)];
        message[..10].copy_from_slice(&[0x80 | opcode, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        far.write_all(&message[..50_000]).await.unwrap();
        (socket, far, message.split_off(50_000))
    }

    #[tokio::test]
    async fn a_message_that_fills_much_of_its_block_stays_there_until_it_is_whole() {
        let (mut socket, mut far, rest) = receiving_a_part(2).await;
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_recv(&mut cx).is_pending());
        assert_eq!(socket.input.waiting(), 50_000);
        // The rest comes, with the next message.
        far.write_all(&[&rest[..], b"\x82\x01b"].concat())
            .await
            .unwrap();
        for expected in [&[b'a'; 64 << 10][..], b"b"] {
            let message = socket.recv().await.unwrap().unwrap();
            assert!(matches!(message, MessageRef::Binary(data) if *data == *expected));
        }
        // It ends in the midst of a message.
        let (mut socket, far, _) = receiving_a_part(2).await;
        assert!(socket.poll_recv(&mut cx).is_pending());
        drop(far);
        assert!(socket.recv().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_large_text_fails_at_its_first_bad_byte_however_late_the_rest_is() {
        let (mut socket, mut far, _) = receiving_a_part(1).await;
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_recv(&mut cx).is_pending());
        far.write_all(b"\xFF").await.unwrap();
        let error = socket.recv().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("UTF-8"), "{error}");
    }
}
