//! A connection whose bytes JavaScript carries: where TLS is that of Node.js, or where sockets have
//! no numbers.
//!
//! In each direction one chunk is on its way at most: JavaScript gives the next when it is asked
//! for it, and gets the next when it has said that the last one is written.
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use arkws_netstack::Progress;
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::event::Event;
use crate::object_id::ObjectId;
use crate::queue::Queue;

/// Bytes that may wait for JavaScript beside those that it writes.
const ROOM: usize = 64 << 10;

/// The native end, which a connection runs over.
pub(crate) struct ScriptStream(Arc<ScriptLink>);

/// What both ends share.
pub(crate) struct ScriptLink {
    /// The server object that the connection was handed to, and the number of the stream.
    object: ObjectId,
    number: u64,
    queue: Arc<Queue>,
    state: Mutex<LinkState>,
}

#[derive(Default)]
struct LinkState {
    incoming: BytesMut,
    outgoing: BytesMut,
    /// Bytes that JavaScript writes.
    in_transit: usize,
    /// The peer sends nothing more.
    is_ended: bool,
    /// JavaScript was told that nothing more comes.
    is_shut: bool,
    /// The stream of JavaScript is no more.
    is_gone: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl LinkState {
    /// The bytes that JavaScript is to write next, if it writes none.
    fn next_chunk(&mut self) -> Option<Vec<u8>> {
        if self.in_transit > 0 || self.outgoing.is_empty() {
            return None;
        }
        self.in_transit = self.outgoing.len();
        Some(self.outgoing.split().to_vec())
    }
}

impl ScriptLink {
    pub(crate) fn new(
        object: ObjectId,
        number: u64,
        queue: Arc<Queue>,
    ) -> (ScriptStream, Arc<ScriptLink>) {
        let link = Arc::new(ScriptLink {
            object,
            number,
            queue,
            state: Mutex::default(),
        });
        (ScriptStream(Arc::clone(&link)), link)
    }

    /// The peer has sent these.
    pub(crate) fn push(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.incoming.extend_from_slice(bytes);
        wake(state.reader.take());
    }

    /// JavaScript has written the last chunk.
    pub(crate) fn written(&self) {
        let mut state = self.lock();
        state.in_transit = 0;
        let chunk = state.next_chunk();
        let writer = state.writer.take();
        drop(state);
        self.send(chunk);
        wake(writer);
    }

    /// The peer sends nothing more.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.is_ended = true;
        wake(state.reader.take());
    }

    /// The stream is no more.
    pub(crate) fn lose(&self) {
        let mut state = self.lock();
        state.is_gone = true;
        wake(state.reader.take());
        wake(state.writer.take());
    }

    fn send(&self, chunk: Option<Vec<u8>>) {
        if let Some(bytes) = chunk {
            let stream = self.number;
            self.emit(Event::StreamWrite { stream, bytes });
        }
    }

    fn emit(&self, event: Event) {
        self.queue.event(self.object, event);
        self.queue.flush();
    }

    fn lock(&self) -> MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl AsyncRead for ScriptStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if state.incoming.is_empty() {
            if state.is_ended {
                return Poll::Ready(Ok(()));
            }
            if state.is_gone {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let length = buf.remaining().min(state.incoming.len());
        buf.put_slice(&state.incoming.split_to(length));
        let wants_more = state.incoming.is_empty() && !state.is_ended && !state.is_gone;
        drop(state);
        if wants_more {
            self.0.emit(Event::StreamRead(self.0.number));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ScriptStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        if state.is_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let length = buf.len().min(ROOM.saturating_sub(state.outgoing.len()));
        if length == 0 && !buf.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.outgoing.extend_from_slice(&buf[..length]);
        let is_full = state.outgoing.len() == ROOM;
        let chunk = if is_full { state.next_chunk() } else { None };
        drop(state);
        self.0.send(chunk);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        if state.is_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let chunk = state.next_chunk();
        if state.in_transit == 0 {
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(cx.waker().clone());
        drop(state);
        self.0.send(chunk);
        Poll::Pending
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        if !std::mem::replace(&mut self.0.lock().is_shut, true) {
            self.0.emit(Event::StreamEnd(self.0.number));
        }
        Poll::Ready(Ok(()))
    }
}

/// The peer's system has taken what JavaScript has written, for all that is known.
impl Progress for ScriptStream {
    fn taken(&self, accepted: u64) -> u64 {
        let state = self.0.lock();
        accepted.saturating_sub((state.outgoing.len() + state.in_transit) as u64)
    }
}

impl Drop for ScriptStream {
    fn drop(&mut self) {
        self.0.emit(Event::StreamGone(self.0.number));
    }
}
