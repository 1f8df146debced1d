//! The socket of an open connection, and the messages on their way into it.
use std::task::{Context, Poll};

use arkws::{Error, Stats, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::outbox::Outbox;
use crate::parcel::Parcel;
use crate::sync::{Mutex, MutexGuard, PoisonError};

/// What leads to the peer, or nothing while there is no connection.
///
/// The driver holds it while it is polled. While it sleeps, a thread that sends may write by itself: that saves waking
/// another one.
#[derive(Debug)]
pub(crate) struct Line<S, T>(Mutex<Option<Carrier<S, T>>>);

/// An open connection.
#[derive(Debug)]
pub(crate) struct Carrier<S, T> {
    pub(crate) socket: WebSocket<S>,
    /// Messages that the socket has taken but not handed to the operating system.
    in_flight: Parcel<T>,
    /// The outbox still counts them. (A handler may panic when it does not any more.)
    counted: bool,
    state: State,
    /// Why the peer was given up while it was written to, until the driver has seen it.
    failure: Option<Error>,
}

/// What can still be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    All,
    /// What is in flight: the connection is ending.
    InFlight,
    /// The transport takes nothing any more; what the peer sent before can still be read.
    Nothing,
}

impl<S, T> Default for Line<S, T> {
    fn default() -> Self {
        Line(Mutex::new(None))
    }
}

impl<S, T> From<WebSocket<S>> for Line<S, T> {
    fn from(socket: WebSocket<S>) -> Self {
        let line = Line::default();
        line.open(socket);
        line
    }
}

impl<S, T> Line<S, T> {
    /// There is a connection.
    pub(crate) fn open(&self, socket: WebSocket<S>) {
        *self.whatever_happened() = Some(Carrier {
            socket,
            in_flight: Parcel::default(),
            counted: false,
            state: State::All,
            failure: None,
        });
        self.0.clear_poison();
    }

    /// Nothing is sent any more. Returns the messages that may or may not have reached the peer.
    pub(crate) fn end(&self, outbox: &Outbox<T>) -> Vec<T> {
        let mut line = self.whatever_happened();
        let Some(carrier) = &mut *line else {
            return Vec::new();
        };
        carrier.state = State::Nothing;
        if std::mem::take(&mut carrier.counted) {
            outbox.handed_over(&carrier.in_flight);
        }
        std::mem::take(&mut carrier.in_flight).into_tags()
    }

    /// There is no connection any more.
    pub(crate) fn take(&self) -> Option<WebSocket<S>> {
        Some(self.whatever_happened().take()?.socket)
    }

    /// For the driver, while there is a connection.
    ///
    /// # Panics
    /// Somebody else has, while sending: the state of the socket is anybody's guess.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Option<Carrier<S, T>>> {
        self.0.lock().expect("nobody panics while sending")
    }

    fn whatever_happened(&self) -> MutexGuard<'_, Option<Carrier<S, T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, T> Line<S, T> {
    /// Hands messages that wait in `outbox` over on the thread that calls, if the driver sleeps; else, and what the transport does not
    /// take at once, is left to the driver. Returns how many were handed over, of which the driver's handler is told nothing;
    /// `count` is then given the counters of the connection.
    ///
    /// To compress is work for the driver's thread, and so is everything while the sender `may` not.
    pub(crate) fn send_here(
        &self,
        outbox: &Outbox<T>,
        may: impl FnOnce() -> bool,
        count: impl FnOnce(Stats),
    ) -> usize {
        self.try_send_here(outbox, may, count).unwrap_or_else(|| {
            outbox.wake_driver();
            0
        })
    }

    /// `None`: it is for the driver.
    fn try_send_here(
        &self,
        outbox: &Outbox<T>,
        may: impl FnOnce() -> bool,
        count: impl FnOnce(Stats),
    ) -> Option<usize> {
        let mut line = self.0.try_lock().ok()?;
        let carrier = line.as_mut()?;
        // Under the lock: what was told of an earlier connection was told before this one was open.
        if carrier.socket.negotiated().deflate.is_some() || !may() {
            return None;
        }
        let _guard = WakeOnPanic(outbox);
        let mut sent = 0;
        while let Some(waker) = outbox.take(carrier.vacancy()?) {
            carrier.feed();
            if carrier
                .poll_flush_here(&mut Context::from_waker(&waker), outbox)
                .is_pending()
            {
                // The driver watches whether the peer takes anything; and why nothing can be sent any more,
                // reading tells.
                waker.wake();
                break;
            }
            sent += carrier.in_flight.len();
            carrier.in_flight.clear();
            carrier.in_flight.shrink();
        }
        count(carrier.socket.stats());
        Some(sent)
    }
}

/// Has the driver look at the line if the thread that sends panics: the line is then poisoned, and
/// only the driver can end the connection.
struct WakeOnPanic<'a, T>(&'a Outbox<T>);

impl<T> Drop for WakeOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.wake_driver();
        }
    }
}

impl<S, T> Carrier<S, T> {
    /// Where the next messages go, if they can be sent.
    pub(crate) fn vacancy(&mut self) -> Option<&mut Parcel<T>> {
        (self.state == State::All && self.in_flight.is_empty()).then_some(&mut self.in_flight)
    }

    /// The connection is ending: only what is in flight is still sent.
    pub(crate) fn finish(&mut self) {
        if self.state == State::All {
            self.state = State::InFlight;
        }
    }

    /// The transport takes nothing any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.state == State::Nothing
    }

    /// Why the peer was given up, once.
    pub(crate) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// The messages in flight.
    pub(crate) fn in_flight(&mut self) -> &mut Parcel<T> {
        &mut self.in_flight
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, T> Carrier<S, T> {
    /// The [vacancy](Self::vacancy) has been filled.
    pub(crate) fn feed(&mut self) {
        self.counted = true;
        // Refused only when the connection is ending: reading tells how.
        if self.in_flight.feed(&mut self.socket).is_err() {
            self.state = State::Nothing;
        }
    }

    /// Ready when messages were in flight and have been handed to the operating system. They are not in flight any more when they
    /// are cleared.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>, outbox: &Outbox<T>) -> Poll<()> {
        if self.state == State::Nothing || self.in_flight.is_empty() {
            return Poll::Pending;
        }
        let result = self.socket.poll_flush(cx);
        self.flushed(result, outbox)
    }

    /// As [`poll_flush`](Self::poll_flush), for a thread that is not the network's: time is the driver's matter.
    fn poll_flush_here(&mut self, cx: &mut Context<'_>, outbox: &Outbox<T>) -> Poll<()> {
        if self.state == State::Nothing || self.in_flight.is_empty() {
            return Poll::Pending;
        }
        let result = self.socket.poll_flush_untimed(cx);
        self.flushed(result, outbox)
    }

    fn flushed(&mut self, result: Poll<Result<(), Error>>, outbox: &Outbox<T>) -> Poll<()> {
        match result {
            Poll::Ready(Ok(())) => {
                outbox.handed_over(&self.in_flight);
                self.counted = false;
                Poll::Ready(())
            }
            Poll::Ready(Err(error)) => {
                self.state = State::Nothing;
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
