//! The byte stream of an app, without its pings and its close frame: these are the server's to
//! answer. A WebSocket would answer a ping by itself, and a goodbye at once, with which it would
//! lose what the server still says.
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use arkws::{Bytes, CloseFrame, Message, Progress, Transport};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

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
    pings: mpsc::Sender<Control>,
    /// Room for the close frame, however many pings wait.
    close: Option<(mpsc::OwnedPermit<Control>, Option<CloseFrame>)>,
    permit: Option<mpsc::OwnedPermit<Control>>,
    release: Arc<Release>,
}

/// The other side of the stream.
pub(super) struct ControlFrames {
    frames: mpsc::Receiver<Control>,
    release: Arc<Release>,
}

#[derive(Default)]
struct Release {
    is_released: AtomicBool,
    reader: AtomicWaker,
}

/// More pings do not wait: of those that come too fast some are not passed on (RFC 6455, 5.5.3).
const WAITING: usize = 16;
const SCRATCH: usize = 16 << 10;

impl AppStream {
    pub(super) fn new(stream: Transport) -> (AppStream, ControlFrames) {
        let (pings, frames) = mpsc::channel(WAITING);
        let release = Arc::new(Release::default());
        let app = AppStream {
            stream,
            scanner: FrameScanner::default(),
            scratch: vec![0; SCRATCH].into(),
            passed: VecDeque::new(),
            held: None,
            permit: pings.clone().try_reserve_owned().ok(),
            pings,
            close: None,
            release: Arc::clone(&release),
        };
        (app, ControlFrames { frames, release })
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
                Scanned::Ping(data) => _ = self.pings.try_send(Control::Ping(data.into())),
                Scanned::Close(frame, raw) => {
                    self.held = Some(raw);
                    self.close = self.permit.take().map(|permit| (permit, frame));
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
        match self.frames.recv().await {
            Some(control) => control,
            None => std::future::pending().await,
        }
    }

    /// One that is there.
    pub(super) fn waiting(&mut self) -> Option<Control> {
        self.frames.try_recv().ok()
    }

    /// The app is being told that the server has closed: its own close frame may be read.
    pub(super) fn releaser(&self) -> impl Fn() + use<> {
        let release = Arc::clone(&self.release);
        move || {
            release.is_released.store(true, Ordering::Release);
            release.reader.wake();
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
                if let Some((permit, frame)) = app.close.take() {
                    permit.send(Control::Close(frame));
                }
                app.release.reader.register(cx.waker());
                if !app.release.is_released.load(Ordering::Acquire) {
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
