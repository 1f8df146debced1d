//! What happens when the peer does not read.
use std::future::poll_fn;

use arkws::{Cause, Config, Error, Message, Role, SendError, WebSocket};
use futures_util::{FutureExt, Sink, SinkExt, StreamExt, poll, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::common::{CLOSE, PING, ROLES, frame, open};

const MESSAGE: usize = 1000;
const WRITE_BUFFER: usize = 16 << 10;

#[tokio::test]
async fn the_queue_to_a_peer_that_does_not_read_is_bounded_and_drains_when_it_does() {
    let (near, mut far) = tokio::io::duplex(4096);
    let config = Config {
        write_buffer: WRITE_BUFFER,
        ..Config::default()
    };
    let mut socket = open(near, Role::Server, config);

    let mut fed = 0;
    while poll!(poll_fn(|cx| socket.poll_ready(cx))).is_ready() {
        socket
            .start_send_unpin(Message::from(vec![0; MESSAGE]))
            .unwrap();
        fed += 1;
    }
    assert!(socket.queued() >= WRITE_BUFFER);
    assert!(socket.queued() < WRITE_BUFFER + 2 * MESSAGE);

    // Given a peer that reads at last, everything arrives.
    let total = fed * (MESSAGE + 4);
    let drain = async {
        let mut bytes = vec![0; total];
        far.read_exact(&mut bytes).await.unwrap();
    };
    let (flushed, ()) = tokio::join!(SinkExt::flush(&mut socket), drain);
    flushed.unwrap();
    assert_eq!(socket.queued(), 0);
    assert_eq!(socket.stats().bytes_sent, total as u64);
}

#[tokio::test]
async fn a_peer_that_does_not_read_does_not_keep_us_from_receiving() {
    let (near, far) = tokio::io::duplex(4096);
    let mut here = open(near, Role::Client, Config::default());
    let mut there = open(far, Role::Server, Config::default());
    // Both directions are full: neither flush can complete unless somebody receives.
    here.feed_binary(&[1; 100_000]).unwrap();
    there.feed_binary(&[2; 100_000]).unwrap();
    let (from_there, from_here) = tokio::join!(
        async { here.recv().await.map(|message| message.map(Message::from)) },
        async { there.recv().await.map(|message| message.map(Message::from)) },
    );
    assert_eq!(
        from_there.unwrap().unwrap(),
        Message::from(vec![2; 100_000])
    );
    assert_eq!(from_here.unwrap().unwrap(), Message::from(vec![1; 100_000]));
}

/// A socket that takes no more messages when this many bytes wait, and its peer.
fn bounded(role: Role, max_queued: usize) -> (WebSocket<DuplexStream>, DuplexStream) {
    let (near, far) = tokio::io::duplex(4096);
    let mut config = Config::default();
    config.limits.max_queued = max_queued;
    (open(near, role, config), far)
}

fn message(index: usize) -> Message {
    Message::from(vec![index as u8; index * 37 % 9000])
}

/// Sends all that there is through a sink; the other end gets all of it.
async fn sends_all<S>(mut sink: S, far: DuplexStream, from: Role)
where
    S: Sink<Message, Error = Error> + Unpin,
{
    const COUNT: usize = 200;
    let role = match from {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    };
    let send = async {
        for index in 0..COUNT / 2 {
            sink.feed(message(index)).await.unwrap();
        }
        let rest = (COUNT / 2..COUNT).map(|index| Ok(message(index)));
        sink.send_all(&mut stream::iter(rest)).await.unwrap();
    };
    let receive = async {
        let received = open(far, role, Config::default()).take(COUNT);
        received.map(Result::unwrap).collect::<Vec<_>>().await
    };
    let ((), received) = tokio::join!(send, receive);
    assert!(received.into_iter().eq((0..COUNT).map(message)));
}

#[tokio::test]
async fn what_waits_for_room_is_taken_whatever_the_limit() {
    for role in ROLES {
        for max_queued in [0, 1, 1000, 20_000] {
            let (socket, far) = bounded(role, max_queued);
            sends_all(socket, far, role).await;
            let (socket, far) = bounded(role, max_queued);
            let (sender, mut receiver) = socket.split();
            // The receiver would answer pings meanwhile.
            let receive = tokio::spawn(async move { receiver.recv().await.is_none() });
            sends_all(sender, far, role).await;
            receive.abort();
        }
    }
}

#[tokio::test]
async fn pings_between_ready_and_the_message_take_nothing_away() {
    let (mut socket, mut far) = bounded(Role::Server, 1000);
    socket.feed_binary(&[0; 900]).unwrap();
    assert!(poll!(poll_fn(|cx| socket.poll_ready(cx))).is_ready());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..20 {
        far.write_all(&frame(Role::Server, PING, &[1; 125]))
            .await
            .unwrap();
        let event = socket.poll_recv(&mut cx);
        assert!(event.is_ready());
        socket.feed_ping(&[2; 100]).unwrap();
    }
    socket
        .start_send_unpin(Message::from(vec![0; 100_000]))
        .unwrap();
}

#[tokio::test]
async fn a_message_that_is_refused_is_given_back() {
    for role in ROLES {
        let (mut socket, far) = bounded(role, 1000);
        socket.feed_binary(&[0; 50_000]).unwrap();
        assert!(poll!(poll_fn(|cx| socket.poll_ready(cx))).is_pending());
        let queued = socket.queued();

        let payload: arkws::Bytes = vec![7; 100_000].into();
        let address = payload.as_ptr();
        let unsent = socket
            .feed_message(Message::Binary(payload))
            .expect_err("full");
        assert!(matches!(
            unsent.error,
            SendError::QueueFull { queued: full, limit: 1000 } if full == queued
        ));
        let error = Error::from(unsent);
        assert_eq!(error.cause(), Cause::QueueFull);
        assert!(error.to_string().contains("max_queued"), "{error}");
        let payload = error.into_unsent().unwrap().into_bytes();
        assert_eq!(payload.as_ptr(), address, "not even copied");

        for message in [Message::from("text"), Message::from(vec![1, 2, 3])] {
            let unsent = socket.feed_message(message.clone()).unwrap_err();
            assert_eq!(unsent.message, message);
            let error = socket.send(message.clone()).await.unwrap_err();
            assert_eq!(error.cause(), Cause::QueueFull);
            assert_eq!(error.into_unsent(), Some(message));
        }
        let refused = socket.feed_text("text").unwrap_err();
        assert_eq!(refused.cause(), Cause::QueueFull);
        // Who asks whether the peer lives is not refused for it, nor who closes.
        socket.feed_ping(b"alive?").unwrap();
        assert!(socket.start_close(None));
        drop(far);
    }
}

#[tokio::test]
async fn after_the_end_nobody_is_told_that_there_is_room() {
    let (mut socket, mut far) = bounded(Role::Server, 1000);
    far.write_all(&frame(Role::Server, CLOSE, b""))
        .await
        .unwrap();
    assert!(socket.recv().await.unwrap().is_ok());
    let error = socket.ready().await.unwrap_err();
    assert_eq!(error.cause(), Cause::Closed);
    // A sink's user that asks first still has its message.
    let mut messages = stream::iter([Ok(Message::from("mine"))]);
    let error = socket.send_all(&mut messages).now_or_never().unwrap();
    assert_eq!(error.unwrap_err().cause(), Cause::Closed);
    let error = socket
        .start_send_unpin(Message::from("mine"))
        .expect_err("closed");
    assert_eq!(error.into_unsent(), Some(Message::from("mine")));
}
