//! The byte stream of an app, without its pings and its close frame: these are the server's to
//! answer. A WebSocket would answer a ping by itself, and a goodbye at once, with which it would
//! lose what the server still says.
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use arkws::{Bytes, CloseFrame, Message, Progress, Transport};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::frame_scanner::{FrameScanner, Scanned};

/// A frame that was taken out.
#[derive(Debug)]
pub(super) enum Control {
    Ping(Bytes),
    /// It is put back when the app may be told that the server has closed, too.
    Close(Option<CloseFrame>),
}

impl From<Control> for Message {
    fn from(control: Control) -> Message {
        match control {
            Control::Ping(data) => Message::Ping(data),
            Control::Close(frame) => Message::Close(frame),
        }
    }
}

/// The stream.
pub(super) struct AppStream {
    stream: Transport,
    scanner: FrameScanner,
    scratch: Box<[u8]>,
    /// What the WebSocket reads next.
    passed: VecDeque<u8>,
    /// The close frame, and what came behind it.
    held: Option<Vec<u8>>,
    /// What it says, until that is told.
    close: Option<Option<CloseFrame>>,
    shared: Arc<Shared>,
}

/// The other side of the stream.
pub(super) struct ControlFrames(Arc<Shared>);

#[derive(Default)]
struct Shared {
    frames: Mutex<VecDeque<Control>>,
    came: Notify,
    is_released: AtomicBool,
    reader: AtomicWaker,
}

impl Shared {
    fn push(&self, control: Control) {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        if frames.len() >= WAITING {
            frames.pop_front();
        }
        frames.push_back(control);
        self.came.notify_one();
    }
}

/// More do not wait: of pings that come too fast the oldest are not passed on (RFC 6455, 5.5.3).
const WAITING: usize = 16;
const SCRATCH: usize = 16 << 10;

impl AppStream {
    pub(super) fn new(stream: Transport) -> (AppStream, ControlFrames) {
        let shared = Arc::new(Shared::default());
        let app = AppStream {
            stream,
            scanner: FrameScanner::default(),
            scratch: vec![0; SCRATCH].into(),
            passed: VecDeque::new(),
            held: None,
            close: None,
            shared: Arc::clone(&shared),
        };
        (app, ControlFrames(shared))
    }

    /// Sorts what has been read.
    fn sort(&mut self, read: usize) {
        let mut bytes = &self.scratch[..read];
        loop {
            if let Some(held) = &mut self.held {
                held.extend_from_slice(bytes);
                return;
            }
            let (skipped, rest) = bytes.split_at(self.scanner.skip(bytes));
            self.passed.extend(skipped);
            let Some((&byte, rest)) = rest.split_first() else {
                return;
            };
            bytes = rest;
            match self.scanner.next(byte) {
                Scanned::Nothing => {}
                Scanned::Pass(passed) => self.passed.extend(passed.as_slice()),
                Scanned::Ping(data) => self.shared.push(Control::Ping(data.into())),
                Scanned::Close(frame, raw) => {
                    self.held = Some(raw);
                    self.close = Some(frame);
                }
            }
        }
    }
}

impl ControlFrames {
    /// The next one.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> Control {
        loop {
            if let Some(control) = self.waiting() {
                return control;
            }
            self.0.came.notified().await;
        }
    }

    /// One that is there.
    pub(super) fn waiting(&mut self) -> Option<Control> {
        let frames = self.0.frames.lock();
        frames.unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// The app is being told that the server has closed: its own close frame may be read.
    pub(super) fn releaser(&self) -> impl Fn() + use<> {
        let shared = Arc::clone(&self.0);
        move || {
            shared.is_released.store(true, Ordering::Release);
            shared.reader.wake();
        }
    }
}

impl AsyncRead for AppStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let app = self.get_mut();
        loop {
            if !app.passed.is_empty() {
                let (first, _) = app.passed.as_slices();
                let len = first.len().min(buffer.remaining());
                buffer.put_slice(&first[..len]);
                app.passed.drain(..len);
                return Poll::Ready(Ok(()));
            }
            if app.held.is_some() {
                // All that came before has been read.
                if let Some(frame) = app.close.take() {
                    app.shared.push(Control::Close(frame));
                }
                app.shared.reader.register(cx.waker());
                if !app.shared.is_released.load(Ordering::Acquire) {
                    return Poll::Pending;
                }
                app.passed.extend(app.held.take().unwrap_or_default());
                app.scanner.pass_all();
                continue;
            }
            let mut scratch = ReadBuf::new(&mut app.scratch);
            ready!(Pin::new(&mut app.stream).poll_read(cx, &mut scratch))?;
            let read = scratch.filled().len();
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
            app.sort(read);
        }
    }
}

impl AsyncWrite for AppStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

impl Progress for AppStream {
    fn taken(&self, accepted: u64) -> u64 {
        self.stream.taken(accepted)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn of_pings_that_come_too_fast_the_last_are_passed_on() {
        let (near, mut far) = tokio::io::duplex(1024);
        let (mut app, mut control) = AppStream::new(Transport::other(near));
        let mut sent = b"GET / HTTP/1.1\r\n\r\n".to_vec();
        for number in 0..20 {
            sent.extend([0x89, 0x81, 0, 0, 0, 0, number]);
        }
        sent.extend(b"\x82\x80\0\0\0\0");
        far.write_all(&sent).await.unwrap();
        let mut passed = [0; 24];
        app.read_exact(&mut passed).await.unwrap();
        assert_eq!(&passed[18..], b"\x82\x80\0\0\0\0");
        for number in 4..20 {
            let Control::Ping(data) = control.next().await else {
                panic!("no ping");
            };
            assert_eq!(&data[..], [number]);
        }
        assert!(control.waiting().is_none());
    }
}
