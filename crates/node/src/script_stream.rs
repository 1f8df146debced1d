//! A connection whose bytes JavaScript carries: where TLS is that of Node.js, or where sockets have
//! no numbers.
//!
//! In each direction one chunk is on its way at most: JavaScript gives the next when it is asked
//! for it, and gets the next when it has said that the last one is written.
use std::io;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use arkws_netstack::Progress;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::event::Event;
use crate::object_id::ObjectId;
use crate::queue::Queue;

/// Bytes that may wait for JavaScript beside those that it writes.
const ROOM: usize = 64 << 10;

/// The native end, which a connection runs over.
pub(crate) struct ScriptStream {
    link: Arc<ScriptLink>,
}

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
    /// What JavaScript writes.
    in_transit: Bytes,
    /// The socket that JavaScript writes to in the end: how much it holds, the system tells. It is
    /// open only while that of JavaScript is: otherwise the peer would not hear of its end.
    #[cfg(unix)]
    socket: Option<OwnedFd>,
    /// The process ends: what is written stays here until JavaScript takes all of it at once.
    is_leaving: bool,
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
    fn next_chunk(&mut self) -> Option<Bytes> {
        if !self.in_transit.is_empty() || self.outgoing.is_empty() || self.is_leaving {
            return None;
        }
        self.in_transit = self.outgoing.split().freeze();
        Some(self.in_transit.clone())
    }
}

impl ScriptLink {
    pub(crate) fn new(
        object: ObjectId,
        number: u64,
        queue: Arc<Queue>,
        #[cfg(unix)] socket: Option<OwnedFd>,
    ) -> (ScriptStream, Arc<ScriptLink>) {
        let link = Arc::new(ScriptLink {
            object,
            number,
            queue,
            state: Mutex::new(LinkState {
                #[cfg(unix)]
                socket,
                ..LinkState::default()
            }),
        });
        let stream = ScriptStream {
            link: Arc::clone(&link),
        };
        (stream, link)
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
        state.in_transit = Bytes::new();
        let chunk = state.next_chunk();
        let writer = state.writer.take();
        drop(state);
        self.send(chunk);
        wake(writer);
    }

    /// The process ends: all that is written from now on is taken.
    pub(crate) fn leave(&self) {
        let mut state = self.lock();
        state.is_leaving = true;
        wake(state.writer.take());
    }

    /// After [`leave`](Self::leave): what JavaScript was given to write, and has not said that it
    /// is written, and what is to follow.
    pub(crate) fn take_unwritten(&self) -> (Bytes, Bytes) {
        let mut state = self.lock();
        // The program may go on: some emit `exit` themselves.
        state.is_leaving = false;
        let in_transit = std::mem::take(&mut state.in_transit);
        (in_transit, state.outgoing.split().freeze())
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
        #[cfg(unix)]
        drop(state.socket.take());
        wake(state.reader.take());
        wake(state.writer.take());
    }

    fn send(&self, chunk: Option<Bytes>) {
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
        let mut state = self.link.lock();
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
            self.link.emit(Event::StreamRead(self.link.number));
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
        let mut state = self.link.lock();
        if state.is_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = ROOM.saturating_sub(state.outgoing.len());
        let length = if state.is_leaving {
            buf.len()
        } else {
            buf.len().min(room)
        };
        if length == 0 && !buf.is_empty() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.outgoing.extend_from_slice(&buf[..length]);
        let is_full = state.outgoing.len() == ROOM;
        let chunk = if is_full { state.next_chunk() } else { None };
        drop(state);
        self.link.send(chunk);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.link.lock();
        if state.is_gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let chunk = state.next_chunk();
        if state.in_transit.is_empty() || state.is_leaving {
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(cx.waker().clone());
        drop(state);
        self.link.send(chunk);
        Poll::Pending
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        if !std::mem::replace(&mut self.link.lock().is_shut, true) {
            self.link.emit(Event::StreamEnd(self.link.number));
        }
        Poll::Ready(Ok(()))
    }
}

/// The peer's system has taken what JavaScript has written and no socket holds, for all that is
/// known.
impl Progress for ScriptStream {
    fn taken(&self, accepted: u64) -> u64 {
        let state = self.link.lock();
        let accepted =
            accepted.saturating_sub((state.outgoing.len() + state.in_transit.len()) as u64);
        #[cfg(unix)]
        if let Some(socket) = &state.socket {
            return socket.taken(accepted);
        }
        accepted
    }
}

impl Drop for ScriptStream {
    fn drop(&mut self) {
        self.link.emit(Event::StreamGone(self.link.number));
    }
}
