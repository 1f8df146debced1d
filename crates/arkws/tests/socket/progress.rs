//! A peer that takes bytes lives, however slowly, and whatever lies in buffers on the way to it.
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use arkws::{BytesMut, Cause, Config, Error, Heartbeat, Message, Phase};
use arkws::{Progress, Role, WebSocket};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, ReadHalf, WriteHalf,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::common::{BINARY, CLOSE, PING, PONG, ROLES, TEXT, frame, next, open, read_frame, tcp};

const SHORT: Duration = Duration::from_millis(400);
const MESSAGE: usize = 16 << 20;
/// Bytes a second: what a kernel holds, some 4 MB, takes longer than both times of the heartbeat.
const RATE: usize = 4_000_000;

fn config() -> Config {
    Config {
        heartbeat: Some(Heartbeat {
            interval: SHORT,
            timeout: SHORT,
        }),
        ..Config::default()
    }
}

/// What lies between a stream and the wire: as in a kernel, it takes more when a third of it is
/// free.
#[derive(Default)]
struct Buffer {
    bytes: BytesMut,
    capacity: usize,
    is_full: bool,
    taken: u64,
    writer: Option<Waker>,
}

impl Buffer {
    /// There is room.
    fn wake(&mut self) {
        self.is_full = false;
        if let Some(waker) = self.writer.take() {
            waker.wake();
        }
    }
}

/// A stream with a buffer that is emptied as a test says.
struct Link {
    buffer: Arc<Mutex<Buffer>>,
    back: ReadHalf<DuplexStream>,
}

/// What empties the buffer of a [`Link`].
struct Wire {
    buffer: Arc<Mutex<Buffer>>,
    forth: WriteHalf<DuplexStream>,
}

/// The stream, its wire, and the peer's end.
fn link(capacity: usize) -> (Link, Wire, DuplexStream) {
    let (near, far) = tokio::io::duplex(64 << 20);
    let (back, forth) = tokio::io::split(near);
    let buffer = Arc::new(Mutex::new(Buffer {
        capacity,
        ..Buffer::default()
    }));
    let link = Link {
        buffer: Arc::clone(&buffer),
        back,
    };
    (link, Wire { buffer, forth }, far)
}

impl Wire {
    /// The peer takes this many bytes.
    async fn take(&mut self, count: usize) {
        let taken = {
            let mut buffer = self.buffer.lock().unwrap();
            let count = count.min(buffer.bytes.len());
            buffer.taken += count as u64;
            let taken = buffer.bytes.split_to(count);
            if buffer.bytes.len() * 3 <= buffer.capacity * 2 {
                buffer.wake();
            }
            taken
        };
        self.forth.write_all(&taken).await.unwrap();
    }

    /// The buffer becomes larger, as a kernel's does.
    fn grow(&self, by: usize) {
        let mut buffer = self.buffer.lock().unwrap();
        buffer.capacity += by;
        buffer.wake();
    }

    /// The peer takes bytes at this rate, for ever.
    async fn drain(mut self, rate: usize) {
        const STEP: Duration = Duration::from_millis(10);
        loop {
            sleep(STEP).await;
            self.take(rate / 100).await;
        }
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.back).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut buffer = self.buffer.lock().unwrap();
        let count = bytes
            .len()
            .min(buffer.capacity.saturating_sub(buffer.bytes.len()));
        if buffer.is_full || count == 0 {
            buffer.is_full = true;
            buffer.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        buffer.bytes.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Progress for Link {
    fn taken(&self, accepted: u64) -> u64 {
        let taken = self.buffer.lock().unwrap().taken;
        assert!(taken <= accepted);
        taken
    }
}

/// Sends a large message, by this way or the other, to a peer that thanks for it; and waits for
/// that, and for more pongs.
async fn upload<S>(socket: &mut WebSocket<S>, flushes: bool)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let message = Message::from(vec![7; MESSAGE]);
    match flushes {
        true => socket.send(message).await.unwrap(),
        false => socket.feed_message(message).unwrap(),
    }
    let thanks = next(socket).await.unwrap().unwrap();
    assert_eq!(thanks.as_text(), Some("thanks"));
    // Silence: it is asked whether it lives, and answers.
    let pings = socket.stats().pings_sent;
    while socket.stats().pings_sent < pings + 2 {
        let silence = tokio::time::timeout(SHORT / 4, next(socket)).await;
        assert!(silence.is_err(), "{silence:?}");
    }
    assert!(socket.stats().round_trip.is_some());
}

/// Receives and thanks.
async fn thank<S>(mut socket: WebSocket<S>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let message = next(&mut socket).await.unwrap().unwrap();
    assert_eq!(message.len(), MESSAGE);
    socket.send(Message::from("thanks")).await.unwrap();
    while next(&mut socket).await.is_some() {}
}

fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_message_to_a_slow_peer_arrives_and_then_a_pong() {
    for role in ROLES {
        for flushes in [true, false] {
            let (link, wire, far) = link(4 << 20);
            let mut socket = open(link, role, config()).with_progress();
            let drain = tokio::spawn(wire.drain(RATE));
            let peer = tokio::spawn(thank(open(far, other(role), Config::default())));
            let start = Instant::now();
            upload(&mut socket, flushes).await;
            assert!(start.elapsed() > Duration::from_secs(4), "not slow");
            drain.abort();
            peer.abort();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_does_not_look_alive_while_buffers_fill() {
    for flushes in [true, false] {
        let (link, wire, _far) = link(1000);
        let no_limit = Config {
            write_timeout: None,
            ..config()
        };
        let mut socket = open(link, Role::Server, no_limit).with_progress();
        // The ping leaves between them.
        socket.feed_binary(&[7; 2_000]).unwrap();
        socket.feed_binary(&[7; 1_000_000]).unwrap();
        let fills = tokio::spawn(async move {
            loop {
                sleep(SHORT / 2).await;
                wire.grow(1000);
            }
        });
        let start = Instant::now();
        let error = match flushes {
            true => socket.flush().await.unwrap_err(),
            false => next(&mut socket).await.unwrap().unwrap_err(),
        };
        assert_eq!(error.cause(), Cause::Heartbeat, "{error}");
        // The ping could leave only when the buffer had grown.
        assert!(start.elapsed() <= SHORT * 3, "{:?}", start.elapsed());
        fills.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_taken_all_and_says_nothing_has_its_time_once() {
    let (link, wire, _far) = link(4 << 20);
    let mut socket = open(link, Role::Server, config()).with_progress();
    let drain = tokio::spawn(wire.drain(RATE));
    let start = Instant::now();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Heartbeat, "{error}");
    assert_eq!(start.elapsed(), SHORT * 2);
    drain.abort();
}

const LIMIT: Duration = Duration::from_secs(2);

fn write_limit() -> Config {
    Config {
        write_timeout: Some(LIMIT),
        ..Config::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_empties_a_large_buffer_slowly_takes_something() {
    for flushes in [true, false] {
        // There is room for more only after 13 seconds.
        let (link, wire, far) = link(4 << 20);
        let mut socket = open(link, Role::Client, write_limit()).with_progress();
        let drain = tokio::spawn(wire.drain(100_000));
        let peer = tokio::spawn(async move {
            let mut far = open(far, Role::Server, Config::default());
            assert_eq!(next(&mut far).await.unwrap().unwrap().len(), 6 << 20);
            far.send(Message::from("thanks")).await.unwrap();
            far
        });
        let message = Message::from(vec![7; 6 << 20]);
        let start = Instant::now();
        match flushes {
            true => socket.send(message).await.unwrap(),
            false => socket.feed_message(message).unwrap(),
        }
        let thanks = next(&mut socket).await.unwrap().unwrap();
        assert_eq!(thanks.as_text(), Some("thanks"));
        assert!(start.elapsed() > Duration::from_secs(60));
        drain.abort();
        peer.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_stops_to_is_given_up_after_the_limit() {
    for flushes in [true, false] {
        for taken in [0, 1000] {
            let (link, mut wire, _far) = link(1 << 20);
            let mut socket = open(link, Role::Client, write_limit()).with_progress();
            socket.feed_binary(&[7; 2 << 20]).unwrap();
            let take = tokio::spawn(async move {
                sleep(LIMIT / 2).await;
                wire.take(taken).await;
                wire
            });
            let start = Instant::now();
            let error = match flushes {
                true => socket.flush().await.unwrap_err(),
                false => next(&mut socket).await.unwrap().unwrap_err(),
            };
            let phase = |error: &Error| {
                matches!(
                    error,
                    Error::Timeout {
                        phase: Phase::Write,
                        ..
                    }
                )
            };
            assert!(phase(&error), "{error}");
            // It is looked at when the limit has passed.
            let periods = if taken > 0 { 2 } else { 1 };
            assert_eq!(start.elapsed(), LIMIT * periods);
            take.await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_to_which_bytes_are_still_on_their_way_has_time_to_close() {
    for role in ROLES {
        // All of it is accepted at once, and arrives within ten seconds.
        let (link, wire, far) = link(4 << 20);
        let mut socket = open(link, role, Config::default()).with_progress();
        let drain = tokio::spawn(wire.drain(200_000));
        let peer = tokio::spawn(async move {
            let mut far = open(far, other(role), Config::default());
            while far.recv().await.is_some() {}
        });
        socket.feed_binary(&[7; 2_000_000]).unwrap();
        let start = Instant::now();
        assert_eq!(socket.close(None).await.unwrap(), None);
        assert!(start.elapsed() > Duration::from_secs(9));
        drain.abort();
        peer.abort();
    }
    // Given one that takes nothing, or takes all and says nothing.
    for rate in [0, RATE] {
        let (link, wire, _far) = link(4 << 20);
        let mut socket = open(link, Role::Server, Config::default()).with_progress();
        let drain = tokio::spawn(wire.drain(rate));
        socket.feed_binary(&[7; 2_000_000]).unwrap();
        let start = Instant::now();
        let error = socket.close(None).await.unwrap_err();
        assert_eq!(error.cause(), Cause::Timeout);
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        drain.abort();
    }
}

/// What ends a connection for which bytes wait: the peer closes, or breaks the protocol.
const LAST: [&[u8]; 2] = [&[], b"reserved opcode"];

/// The peer's last frame.
fn last_frame(to: Role, last: &[u8]) -> Vec<u8> {
    let first = if last.is_empty() { CLOSE } else { 0x83 };
    frame(to, first, last)
}

/// Receives to the end: of a peer that closes, or that breaks the protocol.
async fn receive_end<S>(socket: &mut WebSocket<S>, last: &[u8])
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match next(socket).await.unwrap() {
        Ok(message) => assert!(last.is_empty() && message.is_close(), "{message:?}"),
        Err(error) => assert!(
            !last.is_empty() && error.cause() == Cause::Protocol,
            "{error}"
        ),
    }
    assert!(next(socket).await.is_none());
}

/// Receives a message of this length, and the close frame behind it.
async fn receive_all<S>(socket: &mut WebSocket<S>, len: usize)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    assert_eq!(next(socket).await.unwrap().unwrap().len(), len);
    assert!(next(socket).await.unwrap().unwrap().is_close());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_has_ended_the_connection_gets_what_is_queued_however_slowly_it_takes_it() {
    const LEN: usize = 6 << 20;
    for (role, last) in ROLES
        .into_iter()
        .flat_map(|role| LAST.map(|last| (role, last)))
    {
        // There is room for more only after 13 seconds: longer than it may take to close.
        let (link, wire, mut far) = link(4 << 20);
        let mut socket = open(link, role, Config::default()).with_progress();
        socket.feed_message(Message::from(vec![7; LEN])).unwrap();
        far.write_all(&last_frame(role, last)).await.unwrap();
        let drain = tokio::spawn(wire.drain(100_000));
        let peer = async {
            let mut far = open(far, other(role), Config::default());
            receive_all(&mut far, LEN).await;
        };
        let start = Instant::now();
        let both = async { tokio::join!(receive_end(&mut socket, last), peer) };
        let all = tokio::time::timeout(Duration::from_secs(120), both).await;
        all.expect("all of it arrives");
        assert!(start.elapsed() > Duration::from_secs(60));
        drain.abort();

        // One that takes nothing is not waited for.
        let (link, _wire, mut far) = self::link(4 << 20);
        let mut socket = open(link, role, Config::default()).with_progress();
        socket.feed_message(Message::from(vec![7; LEN])).unwrap();
        far.write_all(&last_frame(role, last)).await.unwrap();
        let start = Instant::now();
        receive_end(&mut socket, last).await;
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_is_not_given_up_while_the_last_bytes_are_on_their_way() {
    const LEN: usize = 2_000_000;
    for (role, last) in ROLES
        .into_iter()
        .flat_map(|role| LAST.map(|last| (role, last)))
    {
        // All of it is accepted at once, and arrives within ten seconds. Then the peer ends it.
        let (link, wire, mut far) = link(4 << 20);
        let mut socket = open(link, role, Config::default()).with_progress();
        socket.feed_message(Message::from(vec![7; LEN])).unwrap();
        far.write_all(&last_frame(role, last)).await.unwrap();
        let drain = tokio::spawn(wire.drain(200_000));
        let peer = async {
            let mut far = open(far, other(role), Config::default());
            receive_all(&mut far, LEN).await;
        };
        let start = Instant::now();
        let end = async {
            receive_end(&mut socket, last).await;
            start.elapsed()
        };
        let (elapsed, ()) = tokio::join!(end, peer);
        assert!(elapsed > Duration::from_secs(9), "{role:?}: {elapsed:?}");
        drain.abort();

        // One that takes nothing, or takes all and does not end it, has its time once.
        for rate in [0, RATE] {
            let (link, wire, mut far) = self::link(4 << 20);
            let mut socket = open(link, role, Config::default()).with_progress();
            socket.feed_message(Message::from(vec![7; LEN])).unwrap();
            far.write_all(&last_frame(role, last)).await.unwrap();
            let drain = tokio::spawn(wire.drain(rate));
            let start = Instant::now();
            receive_end(&mut socket, last).await;
            assert_eq!(start.elapsed(), Duration::from_secs(5));
            drain.abort();
        }
    }
}

#[tokio::test]
async fn a_peer_that_pauses_after_it_has_ended_the_connection_gets_what_is_queued() {
    /// Many times as long as it takes until it is looked at what the peer has taken.
    const PAUSE: Duration = Duration::from_millis(500);

    async fn receive_late<S>(mut far: S, role: Role, last: &[u8])
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        far.write_all(&last_frame(role, last)).await.unwrap();
        far.flush().await.unwrap();
        sleep(PAUSE).await;
        let mut far = open(far, other(role), Config::default());
        receive_all(&mut far, MESSAGE).await;
    }

    async fn over<S, F>((near, far): (S, F), role: Role, last: &[u8], closes: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
        F: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let mut socket = open(near, role, Config::default());
        socket
            .feed_message(Message::from(vec![7; MESSAGE]))
            .unwrap();
        if closes {
            socket.start_close(None);
        }
        tokio::join!(
            receive_end(&mut socket, last),
            receive_late(far, role, last)
        );
    }

    async fn over_halves((near, far): (TcpStream, TcpStream), role: Role, last: &[u8]) {
        let (mut sender, mut receiver) = open(near, role, Config::default()).split();
        let send = async { sender.send(Message::from(vec![7; MESSAGE])).await.unwrap() };
        let receive = async { while receiver.recv().await.is_some() {} };
        tokio::join!(send, receive, receive_late(far, role, last));
    }

    for (role, last) in ROLES
        .into_iter()
        .flat_map(|role| LAST.map(|last| (role, last)))
    {
        let tls = crate::tls::streams(tcp().await).await;
        let tls = match role {
            Role::Client => tls,
            Role::Server => (tls.1, tls.0),
        };
        tokio::join!(
            over(tcp().await, role, last, false),
            over(tcp().await, role, last, true),
            over(tls, role, last, false),
            over_halves(tcp().await, role, last),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_ping_goes_ahead_of_the_messages_that_wait() {
    let (near, mut far) = tokio::io::duplex(1000);
    let mut socket = open(near, Role::Server, config());
    for _ in 0..100 {
        socket.feed_binary(&[7; 100]).unwrap();
    }
    let peer = async {
        // Of the tenth message a part has left.
        sleep(SHORT + SHORT / 2).await;
        for _ in 0..10 {
            assert_eq!(read_frame(&mut far).await, (BINARY, vec![7; 100]));
        }
        let (first, ping) = read_frame(&mut far).await;
        assert_eq!(first, PING);
        far.write_all(&frame(Role::Server, PONG, &ping))
            .await
            .unwrap();
        far.write_all(&frame(Role::Server, TEXT, b"here"))
            .await
            .unwrap();
    };
    let ours = async { next(&mut socket).await.unwrap().unwrap() };
    let (message, ()) = tokio::join!(ours, peer);
    assert_eq!(message.as_text(), Some("here"));
    assert!(socket.stats().round_trip.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_ping_for_which_there_is_no_room_was_not_sent() {
    let (near, mut far) = tokio::io::duplex(100);
    let no_limit = Config {
        write_timeout: None,
        ..config()
    };
    let mut socket = open(near, Role::Server, no_limit);
    // The program has sent pings to no end.
    let mut cx = Context::from_waker(Waker::noop());
    while socket.feed_ping(&[]).is_ok() {}
    assert!(socket.poll_flush_untimed(&mut cx).is_pending());
    while socket.feed_ping(&[]).is_ok() {}
    let queued = socket.queued() + 100;
    let peer = async {
        sleep(SHORT * 2 + SHORT / 2).await;
        far.read_exact(&mut vec![0; queued]).await.unwrap();
        let (first, ping) = read_frame(&mut far).await;
        assert_eq!((first, &ping[..]), (PING, &3_u64.to_be_bytes()[..]));
        far.write_all(&frame(Role::Server, PONG, &ping))
            .await
            .unwrap();
        far.write_all(&frame(Role::Server, TEXT, b"here"))
            .await
            .unwrap();
    };
    let ours = async { next(&mut socket).await.unwrap().unwrap() };
    let (message, ()) = tokio::join!(ours, peer);
    assert_eq!(message.as_text(), Some("here"));
    assert_eq!(socket.stats().pings_sent, 1);
}

/// A transport that is read from slowly.
struct Slow<S> {
    io: S,
    /// Until it is read from again.
    pause: Pin<Box<Sleep>>,
}

impl<S> Slow<S> {
    fn new(io: S) -> Slow<S> {
        Slow {
            io,
            pause: Box::pin(sleep(Duration::ZERO)),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Slow<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.pause.as_mut().poll(cx));
        let mut part = [0; 32 << 10];
        let most = part.len().min(buffer.remaining());
        let mut part = ReadBuf::new(&mut part[..most]);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut part))?;
        let count = part.filled().len();
        buffer.put_slice(part.filled());
        let pause = Duration::from_secs(1) * count as u32 / RATE as u32;
        self.pause.as_mut().reset(Instant::now() + pause);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Slow<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_it_is_over_sockets() {
    async fn over<S>(near: S, far: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, role: Role)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let far = open(Slow::new(far), other(role), Config::default());
        let peer = tokio::spawn(thank(far));
        let mut socket = open(near, role, config());
        upload(&mut socket, role == Role::Client).await;
        peer.abort();
    }
    let (client, server) = (tcp().await, tcp().await);
    let tls = crate::tls::streams(tcp().await).await;
    let (near, far) = tokio::net::UnixStream::pair().unwrap();
    tokio::join!(
        over(client.0, client.1, Role::Client),
        over(server.0, server.1, Role::Server),
        over(tls.0, tls.1, Role::Client),
        over(near, far, Role::Server),
    );
}

#[tokio::test]
async fn sockets_know_what_the_peer_has_taken_through_tls_too() {
    async fn assert_knows<S: AsyncRead + AsyncWrite + Unpin + 'static>(
        near: S,
        far: &mut (impl AsyncRead + Unpin),
    ) {
        let mut socket = open(near, Role::Server, Config::default());
        socket.feed_binary(&vec![7; MESSAGE]).unwrap();
        let flushed = tokio::time::timeout(SHORT, socket.flush()).await;
        assert!(flushed.is_err());
        let (sent, taken) = (socket.stats().bytes_sent, socket.taken());
        assert!(sent > 0 && taken < sent, "{taken} of {sent}");
        let mut all = vec![0; MESSAGE + 10];
        let (flushed, read) = tokio::join!(socket.flush(), far.read_exact(&mut all));
        flushed.unwrap();
        read.unwrap();
        while socket.taken() < socket.stats().bytes_sent {
            tokio::task::yield_now().await;
        }
    }
    let (near, mut far) = tcp().await;
    assert_knows(near, &mut far).await;
    let (near, mut far) = tokio::net::UnixStream::pair().unwrap();
    assert_knows(near, &mut far).await;
    let (near, mut far) = crate::tls::streams(tcp().await).await;
    assert_knows(near, &mut far).await;
    // A stream that knows nothing counts what it has accepted.
    let (near, far) = tokio::io::duplex(1000);
    let mut socket = open(near, Role::Server, Config::default());
    socket.feed_binary(&[7; 5000]).unwrap();
    let flushed = tokio::time::timeout(SHORT / 4, socket.flush()).await;
    assert!(flushed.is_err());
    assert_eq!(socket.taken(), 1000);
    drop(far);
}
