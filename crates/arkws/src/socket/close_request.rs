//! Closing a connection that another task has.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use arkws_proto::CloseFrame;
use tokio::io::{AsyncRead, AsyncWrite};

use super::WebSocket;
use super::closing::TransportState;

/// A connection that is asked to close delivers what has arrived first; but no more than so many
/// reads bring, or a peer that goes on sending would keep it open.
const LAST_READS: u8 = 16;

/// Asks a connection to close, from outside of the task that has it. It closes when that task
/// receives, and has received what had arrived. What arrives later is discarded, since nothing can
/// be answered any more.
#[derive(Debug, Default)]
pub(crate) struct CloseRequest {
    /// Whether there is a frame: looked at before every read.
    made: AtomicBool,
    state: Mutex<CloseRequestState>,
}

#[derive(Debug, Default)]
struct CloseRequestState {
    frame: Option<CloseFrame>,
    /// Since there is one.
    reads: u8,
    /// Of the task that receives.
    waker: Option<Waker>,
}

impl CloseRequest {
    /// The connection is to close with this frame.
    pub(crate) fn close(&self, frame: CloseFrame) {
        let mut request = self.lock();
        request.frame = Some(frame);
        self.made.store(true, Ordering::Relaxed);
        let waker = request.waker.take();
        drop(request);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn is_made(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    /// `idle`: nothing more has arrived.
    fn poll(&self, cx: &mut Context<'_>, idle: bool) -> Poll<CloseFrame> {
        let mut request = self.lock();
        if request.frame.is_some() {
            request.reads += 1;
        }
        if (idle || request.reads > LAST_READS)
            && let Some(frame) = request.frame.take()
        {
            return Poll::Ready(frame);
        }
        match &mut request.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, CloseRequestState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// After each read: starts to close if that was asked for. `idle`: there was nothing to read.
    #[inline(always)]
    pub(super) fn poll_close_request(&mut self, cx: &mut Context<'_>, idle: bool) -> Poll<()> {
        match &self.close_request {
            Some(request) if idle || request.is_made() => self.close_if_asked(cx, idle),
            _ => Poll::Pending,
        }
    }

    #[inline(never)]
    fn close_if_asked(&mut self, cx: &mut Context<'_>, idle: bool) -> Poll<()> {
        let Some(request) = &self.close_request else {
            return Poll::Pending;
        };
        request.poll(cx, idle).map(|frame| {
            self.close_request = None;
            // If the program has started to close, it knows what it does with what still comes.
            if self.start_close(Some(frame)) {
                self.transport_state = TransportState::Leaving;
            }
        })
    }
}
