//! The socket of an open connection, and the messages on their way into it.
use std::ops::Range;
use std::task::{Context, Poll};

use arkws::{Error, Stats, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection::batch::Batch;
use crate::connection::mailbox::Mailbox;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// What leads to the peer, or nothing while there is no connection.
///
/// The driver holds it while it is polled. While it sleeps, a thread that sends may write by
/// itself: that saves waking another one.
#[derive(Debug)]
pub(crate) struct SharedSocket<S>(Mutex<Option<OpenSocket<S>>>);

/// An open connection.
#[derive(Debug)]
pub(crate) struct OpenSocket<S> {
    pub(crate) socket: WebSocket<S>,
    /// Messages that the socket has taken but not handed to the operating system.
    in_flight: Batch,
    /// The mailbox still counts them. (A handler may panic when it does not any more.)
    counted: bool,
    sendable: Sendable,
    /// Why the peer was given up while it was written to, until the driver has seen it.
    failure: Option<Error>,
}

/// What can still be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sendable {
    All,
    /// What is in flight: the connection is ending.
    InFlight,
    /// The transport takes nothing any more; what the peer sent before can still be read.
    Nothing,
}

impl<S> Default for SharedSocket<S> {
    fn default() -> Self {
        SharedSocket(Mutex::new(None))
    }
}

impl<S> From<WebSocket<S>> for SharedSocket<S> {
    fn from(socket: WebSocket<S>) -> Self {
        let shared = SharedSocket::default();
        shared.open(socket);
        shared
    }
}

impl<S> SharedSocket<S> {
    /// There is a connection.
    pub(crate) fn open(&self, socket: WebSocket<S>) {
        *self.lock_even_if_poisoned() = Some(OpenSocket {
            socket,
            in_flight: Batch::default(),
            counted: false,
            sendable: Sendable::All,
            failure: None,
        });
        self.0.clear_poison();
    }

    /// Nothing is sent any more. Returns the numbers of the sends that may or may not have reached
    /// the peer.
    pub(crate) fn end(&self, mailbox: &Mailbox) -> Range<u64> {
        let mut socket = self.lock_even_if_poisoned();
        let Some(open) = &mut *socket else {
            return 0..0;
        };
        open.sendable = Sendable::Nothing;
        if std::mem::take(&mut open.counted) {
            mailbox.handed_over(&open.in_flight);
        }
        let in_doubt = std::mem::take(&mut open.in_flight).sends();
        mailbox.failed(&in_doubt);
        in_doubt
    }

    /// There is no connection any more.
    pub(crate) fn take(&self) -> Option<WebSocket<S>> {
        Some(self.lock_even_if_poisoned().take()?.socket)
    }

    /// For the driver, while there is a connection.
    ///
    /// # Panics
    /// Somebody else has, while sending: the state of the socket is anybody's guess.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<OpenSocket<S>>> {
        self.0.lock().expect("nobody panics while sending")
    }

    fn lock_even_if_poisoned(&self) -> MutexGuard<'_, Option<OpenSocket<S>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> SharedSocket<S> {
    /// Hands messages that wait in `mailbox` over on the thread that calls, if the driver sleeps;
    /// else, and what the transport does not take at once, is left to the driver. Returns the
    /// number of the last send that was handed over, 0 if none was; the driver's handler is told
    /// nothing of these. `count` is given the counters of the connection.
    ///
    /// To compress is work for the driver's thread, and so is what waits behind a failure that its
    /// sender does not know of: it knows the answers to its first `answered` sends.
    pub(crate) fn try_write_inline(
        &self,
        mailbox: &Mailbox,
        answered: u64,
        count: impl FnOnce(Stats),
    ) -> u64 {
        self.write_inline(mailbox, answered, count)
            .unwrap_or_else(|| {
                mailbox.wake_driver();
                0
            })
    }

    /// `None`: it is for the driver.
    fn write_inline(
        &self,
        mailbox: &Mailbox,
        answered: u64,
        count: impl FnOnce(Stats),
    ) -> Option<u64> {
        let mut socket = self.0.try_lock().ok()?;
        let open = socket.as_mut()?;
        if open.socket.negotiated().deflate.is_some() {
            return None;
        }
        open.free_batch()?;
        let _guard = WakeOnPanic(mailbox);
        let mut through = 0;
        // The socket's lock is held: a failure of an earlier connection was noted before this one
        // was open.
        while let Some(free) = open.free_batch()
            && let Some(waker) = mailbox.take(free, answered)
        {
            open.feed();
            if open
                .poll_flush_inline(&mut Context::from_waker(&waker), mailbox)
                .is_pending()
            {
                // The driver watches whether the peer takes anything; and why nothing can be sent
                // any more, reading tells.
                waker.wake();
                break;
            }
            through = open.in_flight.last_send().unwrap_or(through);
            open.in_flight.clear();
            open.in_flight.shrink();
        }
        count(open.socket.stats());
        Some(through)
    }
}

/// Has the driver look at the socket if the thread that sends panics: its lock is then poisoned,
/// and only the driver can end the connection.
struct WakeOnPanic<'a>(&'a Mailbox);

impl Drop for WakeOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.wake_driver();
        }
    }
}

impl<S> OpenSocket<S> {
    /// Where the next messages go, if they can be sent.
    pub(crate) fn free_batch(&mut self) -> Option<&mut Batch> {
        (self.sendable == Sendable::All && self.in_flight.is_empty()).then_some(&mut self.in_flight)
    }

    /// The connection is ending: only what is in flight is still sent.
    pub(crate) fn finish(&mut self) {
        if self.sendable == Sendable::All {
            self.sendable = Sendable::InFlight;
        }
    }

    /// The transport takes nothing any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.sendable == Sendable::Nothing
    }

    /// Why the peer was given up, once.
    pub(crate) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// The messages in flight.
    pub(crate) fn in_flight(&mut self) -> &mut Batch {
        &mut self.in_flight
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> OpenSocket<S> {
    /// The [free batch](Self::free_batch) has been filled.
    pub(crate) fn feed(&mut self) {
        self.counted = true;
        // Refused only when the connection is ending: reading tells how.
        if self.in_flight.feed(&mut self.socket).is_err() {
            self.sendable = Sendable::Nothing;
        }
    }

    /// Ready when messages were in flight and have been handed to the operating system. They are
    /// not in flight any more when they are cleared.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>, mailbox: &Mailbox) -> Poll<()> {
        if self.sendable == Sendable::Nothing || self.in_flight.is_empty() {
            return Poll::Pending;
        }
        let result = self.socket.poll_flush(cx);
        self.flushed(result, mailbox)
    }

    /// While nothing is received, and no messages are in flight: writes the pings that wait.
    /// `false`: nothing can be sent any more.
    pub(crate) fn write_pings(&mut self, cx: &mut Context<'_>, mailbox: &Mailbox) -> bool {
        if self.sendable == Sendable::Nothing || !self.in_flight.is_empty() {
            return true;
        }
        match self.socket.poll_flush(cx) {
            Poll::Ready(Err(error)) => {
                let _ = self.flushed(Poll::Ready(Err(error)), mailbox);
                false
            }
            Poll::Ready(Ok(())) | Poll::Pending => true,
        }
    }

    /// As [`poll_flush`](Self::poll_flush), for a thread that is not the network's: time is the
    /// driver's matter.
    fn poll_flush_inline(&mut self, cx: &mut Context<'_>, mailbox: &Mailbox) -> Poll<()> {
        if self.sendable == Sendable::Nothing || self.in_flight.is_empty() {
            return Poll::Pending;
        }
        let result = self.socket.poll_flush_untimed(cx);
        self.flushed(result, mailbox)
    }

    fn flushed(&mut self, result: Poll<Result<(), Error>>, mailbox: &Mailbox) -> Poll<()> {
        match result {
            Poll::Ready(Ok(())) => {
                mailbox.handed_over(&self.in_flight);
                self.counted = false;
                Poll::Ready(())
            }
            Poll::Ready(Err(error)) => {
                self.sendable = Sendable::Nothing;
                // Why the transport failed, reading tells; the peer may have said it.
                if !matches!(error, Error::Lost(_)) {
                    self.failure = Some(error);
                }
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
