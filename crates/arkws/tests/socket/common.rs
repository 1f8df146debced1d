//! Both ends of a connection, or one end and a hand-made peer.
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use arkws::{Config, Message, Negotiated, Role, WebSocket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8A;

pub(crate) const ROLES: [Role; 2] = [Role::Client, Role::Server];

pub(crate) fn open<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    io: S,
    role: Role,
    config: Config,
) -> WebSocket<S> {
    WebSocket::from_handshake(io, role, config, Negotiated::default(), &[])
}

/// A client and a server with this many bytes between them.
pub(crate) fn pair(buffer: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (near, far) = tokio::io::duplex(buffer);
    let config = Config::default();
    (
        open(near, Role::Client, config.clone()),
        open(far, Role::Server, config),
    )
}

/// A socket, and the bytes at the other end.
pub(crate) fn raw(role: Role, config: Config) -> (WebSocket<DuplexStream>, DuplexStream) {
    let (near, far) = tokio::io::duplex(1 << 20);
    (open(near, role, config), far)
}

pub(crate) async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let (client, server) = tokio::join!(client, listener.accept());
    (client.unwrap(), server.unwrap().0)
}

/// A frame to an end of this role, shorter than 126 bytes. The masking key is 0, so that the
/// payload shows.
pub(crate) fn frame(to: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126);
    let mut frame = vec![first, payload.len() as u8];
    if to == Role::Server {
        frame[1] |= 0x80;
        frame.extend_from_slice(&[0; 4]);
    }
    frame.extend_from_slice(payload);
    frame
}

/// Reads one frame shorter than 126 bytes: its first byte and its unmasked payload.
pub(crate) async fn read_frame<S: AsyncRead + Unpin>(io: &mut S) -> (u8, Vec<u8>) {
    let first = io.read_u8().await.unwrap();
    let second = io.read_u8().await.unwrap();
    let mut key = [0; 4];
    if second & 0x80 != 0 {
        io.read_exact(&mut key).await.unwrap();
    }
    let mut payload = vec![0; usize::from(second & 0x7F)];
    io.read_exact(&mut payload).await.unwrap();
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[at % 4];
    }
    (first, payload)
}

/// Everything up to the end of the stream.
pub(crate) async fn read_rest<S: AsyncRead + Unpin>(io: &mut S) -> Vec<u8> {
    let mut rest = Vec::new();
    io.read_to_end(&mut rest).await.unwrap();
    rest
}

/// The next message, owned.
pub(crate) async fn next<S>(socket: &mut WebSocket<S>) -> Option<Result<Message, arkws::Error>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    socket
        .recv()
        .await
        .map(|message| message.map(Message::from))
}

/// A transport that counts, and whose writing can be made to fail.
pub(crate) struct Spy<S> {
    pub(crate) io: S,
    pub(crate) seen: Arc<Seen>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) polls: AtomicUsize,
    pub(crate) reads: AtomicUsize,
    pub(crate) writes: AtomicUsize,
    pub(crate) cannot_write: AtomicBool,
}

impl<S> Spy<S> {
    pub(crate) fn new(io: S) -> (Spy<S>, Arc<Seen>) {
        let seen = Arc::new(Seen::default());
        let spy = Spy {
            io,
            seen: Arc::clone(&seen),
        };
        (spy, seen)
    }
}

impl Seen {
    pub(crate) fn count(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::Relaxed)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Spy<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.seen.polls.fetch_add(1, Ordering::Relaxed);
        let result = Pin::new(&mut self.io).poll_read(cx, buffer);
        if result.is_ready() {
            self.seen.reads.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Spy<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.seen.cannot_write.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        if result.is_ready() {
            self.seen.writes.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
