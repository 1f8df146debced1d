//! A transport in memory, and what polls a task.
//!
//! Loom runs all threads of a model on one thread of the operating system, and changes from one to
//! another only where they touch what is loom's. The locks here are not: none is held meanwhile.
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Runs a task to its end; it is polled when it is woken, and never else.
pub(crate) fn run<F: Future>(task: F) -> F::Output {
    let sleep = Arc::new(Sleep(Notify::new()));
    let waker = Waker::from(Arc::clone(&sleep));
    let mut task = pin!(task);
    loop {
        if let Poll::Ready(output) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        sleep.0.wait();
    }
}

struct Sleep(Notify);

impl Wake for Sleep {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// A transport whose peer closes it when it has got `expected` bytes.
#[derive(Debug, Clone)]
pub(crate) struct Transport(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    written: Vec<u8>,
    expected: usize,
    /// The peer takes something.
    open: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Transport {
    pub(crate) fn new(expected: usize, open: bool) -> Transport {
        Transport(Arc::new(Mutex::new(State {
            written: Vec::new(),
            expected,
            open,
            reader: None,
            writer: None,
        })))
    }

    /// The peer takes something from now on.
    pub(crate) fn open(&self) {
        let mut state = self.state();
        state.open = true;
        let writer = state.writer.take();
        drop(state);
        writer.inspect(Waker::wake_by_ref);
    }

    /// What the peer has got.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.state().written.clone()
    }

    /// Whether the peer has got so many messages of one byte, in frames without a mask.
    pub(crate) fn has(&self, messages: u64) -> bool {
        self.state().written.len() as u64 >= 3 * messages
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if state.written.len() >= state.expected {
            return Poll::Ready(Ok(()));
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if !state.open {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.written.extend_from_slice(data);
        let reader = (state.written.len() >= state.expected).then(|| state.reader.take());
        drop(state);
        reader.flatten().inspect(Waker::wake_by_ref);
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
