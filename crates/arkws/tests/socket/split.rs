//! Two halves on two tasks.
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use arkws::{Cause, CloseCode, CloseFrame, Config, Heartbeat, Message, Role, SendError, State};
use futures_util::{SinkExt, StreamExt, poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, sleep};

use crate::common::{CLOSE, PING, TEXT, frame, next, open, pair, raw, read_frame, read_rest, tcp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_halves_work_at_the_same_time() {
    const COUNT: u32 = 20_000;
    let (near, far) = tcp().await;
    let (mut sender, mut receiver) = open(near, Role::Client, Config::default()).split();
    let mut server = open(far, Role::Server, Config::default());
    let echo = tokio::spawn(async move {
        while let Some(received) = server.recv_with_outbox().await {
            match received.unwrap() {
                (arkws::MessageRef::Text(text), mut outbox) => outbox.feed_text(&text).unwrap(),
                (message, _) => assert!(matches!(message, arkws::MessageRef::Close(_))),
            }
        }
    });
    let send = tokio::spawn(async move {
        for number in 0..COUNT {
            sender
                .feed(Message::from(number.to_string()))
                .await
                .unwrap();
        }
        SinkExt::flush(&mut sender).await.unwrap();
        sender
    });
    for number in 0..COUNT {
        let message = receiver.next().await.unwrap().unwrap();
        assert_eq!(message.as_text(), Some(number.to_string().as_str()));
    }
    let mut sender = send.await.unwrap();
    sender.close().await.unwrap();
    assert_eq!(
        receiver.recv().await.unwrap().unwrap(),
        Message::Close(None)
    );
    assert!(receiver.recv().await.is_none());
    echo.await.unwrap();
}

/// Both halves wait for the same few bytes of room: one to send messages, one to send pongs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_half_misses_that_there_is_room_again() {
    const COUNT: usize = 2_000;
    for round in 0..5 {
        let (near, far) = tokio::io::duplex(16 + round);
        let (mut sender, mut receiver) = open(near, Role::Server, Config::default()).split();
        let (mut from_far, mut to_far) = tokio::io::split(far);

        let send = tokio::spawn(async move {
            for _ in 0..COUNT {
                sender.send(Message::from("0123456789")).await.unwrap();
            }
            sender
        });
        let receive = tokio::spawn(async move {
            for _ in 0..COUNT {
                assert!(matches!(receiver.recv().await, Some(Ok(Message::Ping(_)))));
            }
            // What is left of the pongs.
            while let Some(Ok(_)) = receiver.recv().await {}
        });
        let ping = tokio::spawn(async move {
            for _ in 0..COUNT {
                to_far
                    .write_all(&frame(Role::Server, PING, b"?"))
                    .await
                    .unwrap();
            }
            to_far
        });
        let mut texts = 0;
        while texts < COUNT {
            if read_frame(&mut from_far).await.0 == TEXT {
                texts += 1;
            }
        }
        // The last flush may wait for pongs as well: the peer reads on.
        let mut discard = tokio::io::sink();
        let sender = tokio::select! {
            sender = send => sender.unwrap(),
            end = tokio::io::copy(&mut from_far, &mut discard) => panic!("it ended: {end:?}"),
        };
        let to_far = ping.await.unwrap();
        drop((from_far, to_far));
        receive.await.unwrap();
        drop(sender);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_gives_up_waiting_does_not_take_the_wake_up_with_it() {
    let (near, mut far) = tokio::io::duplex(100);
    let (mut sender, mut receiver) = open(near, Role::Server, Config::default()).split();
    sender.feed_message(Message::from(vec![0; 10_000])).unwrap();
    far.write_all(&frame(Role::Server, CLOSE, b""))
        .await
        .unwrap();
    // Given a receiver that waits for room to answer the close frame,
    let receive = tokio::spawn(async move {
        assert!(receiver.recv().await.unwrap().unwrap().is_close());
        receiver.recv().await
    });
    tokio::task::yield_now().await;
    // when the sender waits for room as well, and gives up,
    assert!(poll!(pin!(sender.flush())).is_pending());
    // then the receiver writes all of it, without waiting for a time-out.
    let start = Instant::now();
    assert_eq!(read_rest(&mut far).await.len(), 10_004 + 2);
    drop(far);
    assert!(receive.await.unwrap().is_none());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_sender_does_not_wait_for_a_peer_that_the_receiver_has_given_up() {
    let config = Config {
        heartbeat: Some(Heartbeat {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
        }),
        write_timeout: None,
        ..Config::default()
    };
    let (near, mut far) = tokio::io::duplex(1000);
    let (mut sender, mut receiver) = open(near, Role::Client, config).split();
    let send = tokio::spawn(async move {
        sender.feed(vec![0; 2_000].into()).await?;
        sender.send(vec![0; 100_000].into()).await
    });
    tokio::spawn(async move {
        // The ping leaves between the messages.
        sleep(Duration::from_secs(31)).await;
        far.read_exact(&mut [0; 1_500]).await.unwrap();
        std::future::pending::<()>().await;
    });
    let error = receiver.recv().await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Heartbeat);
    assert_eq!(send.await.unwrap().unwrap_err().cause(), Cause::Heartbeat);
    assert!(receiver.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_close_of_the_sender_is_carried_out_by_the_receiver() {
    let (socket, mut far) = raw(Role::Client, Config::default());
    let (mut sender, mut receiver) = socket.split();
    let receive = tokio::spawn(async move {
        let error = receiver.recv().await.unwrap().unwrap_err();
        assert!(receiver.recv().await.is_none());
        error
    });
    // Given a receiver that waits,
    tokio::time::sleep(Duration::from_secs(1)).await;
    // when the sender starts to close and does nothing more,
    assert!(sender.start_close(Some(CloseFrame::new(CloseCode::GOING_AWAY, "bye"))));
    assert!(!sender.start_close(None));
    assert_eq!(sender.state(), State::CloseSent);
    let unsent = sender.feed_message(Message::from("late")).unwrap_err();
    assert!(matches!(unsent.error, SendError::Closing), "{unsent:?}");
    assert_eq!(unsent.message, Message::from("late"));
    // then the close frame leaves, and the time-out runs.
    let (first, body) = read_frame(&mut far).await;
    assert_eq!((first, &body[2..]), (CLOSE, &b"bye"[..]));
    assert_eq!(receive.await.unwrap().cause(), Cause::Timeout);
}

#[tokio::test]
async fn the_halves_can_be_put_together_again() {
    let (client, mut server) = pair(1024);
    let (mut sender, receiver) = client.split();
    sender.feed_message(Message::from("before")).unwrap();
    let mut client = sender.reunite(receiver).unwrap();
    client.send(Message::from("after")).await.unwrap();
    assert_eq!(
        next(&mut server).await.unwrap().unwrap().as_text(),
        Some("before")
    );
    assert_eq!(
        next(&mut server).await.unwrap().unwrap().as_text(),
        Some("after")
    );
}

#[tokio::test]
async fn halves_of_different_connections_are_given_back() {
    let (one, two) = pair(1024);
    let (mut sender_one, receiver_one) = one.split();
    let (sender_two, mut receiver_two) = two.split();
    let error = sender_one.reunite(receiver_two).unwrap_err();
    assert_eq!(
        error.to_string(),
        "these halves are not of the same connection"
    );
    (sender_one, receiver_two) = (error.0, error.1);
    sender_one.send(Message::from("still here")).await.unwrap();
    let message = receiver_two.recv().await.unwrap().unwrap();
    assert_eq!(message.as_text(), Some("still here"));
    drop((receiver_one, sender_two));
}

#[tokio::test]
async fn a_sender_flushes_while_its_receiver_waits() {
    let (socket, mut far) = raw(Role::Server, Config::default());
    let (mut sender, mut receiver) = socket.split();
    let receive = tokio::spawn(async move { receiver.recv().await });
    tokio::task::yield_now().await;
    sender.send(Message::from("hello")).await.unwrap();
    let mut bytes = [0; 7];
    far.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"\x81\x05hello");
    far.write_all(&frame(Role::Server, TEXT, b"hi"))
        .await
        .unwrap();
    let message = receive.await.unwrap().unwrap().unwrap();
    assert_eq!(message.as_text(), Some("hi"));
}

#[tokio::test]
async fn a_sender_has_the_fast_calls_of_a_whole_socket() {
    let (near, mut far) = pair(1 << 16);
    let (mut sender, _receiver) = near.split();
    sender.ready().await.unwrap();
    sender.feed_text("one").unwrap();
    sender.feed_binary(b"two").unwrap();
    sender.feed_ping(b"three").unwrap();
    let both = sender.feed_with(|outbox| {
        outbox.feed_text("four")?;
        outbox.feed_binary(b"five")
    });
    both.unwrap();
    assert!(sender.queued() > 15);
    sender.flush().await.unwrap();

    let mut received = Vec::new();
    for _ in 0..5 {
        received.push(next(&mut far).await.unwrap().unwrap());
    }
    // A ping goes ahead.
    let expected = [
        Message::Ping("three".into()),
        "one".into(),
        b"two".to_vec().into(),
        "four".into(),
        b"five".to_vec().into(),
    ];
    assert_eq!(received, expected);
}

#[tokio::test]
async fn a_close_frame_that_is_fed_with_others_wakes_the_receiver() {
    let (near, mut far) = pair(1 << 16);
    let (mut sender, mut receiver) = near.split();
    let received = tokio::spawn(async move {
        let received = receiver.recv().await.unwrap();
        assert!(receiver.recv().await.is_none());
        received
    });
    tokio::task::yield_now().await;
    let fed = sender.feed_with(|outbox| outbox.feed_message(Message::Close(None)));
    fed.unwrap();
    // The receiver writes it.
    assert_eq!(next(&mut far).await.unwrap().unwrap(), Message::Close(None));
    assert!(next(&mut far).await.is_none());
    assert!(received.await.unwrap().unwrap().is_close());
}

/// A stream that takes nothing and wakes nobody, and is reset when it is told to be.
struct Mute(Arc<AtomicBool>);

impl AsyncRead for Mute {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.0.load(Ordering::Relaxed) {
            true => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            false => Poll::Pending,
        }
    }
}

impl AsyncWrite for Mute {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_sender_that_waits_is_woken_by_the_end_that_the_receiver_has_found() {
    let reset = Arc::new(AtomicBool::new(false));
    let socket = open(Mute(Arc::clone(&reset)), Role::Client, Config::default());
    let (mut sender, mut receiver) = socket.split();
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let cx = &mut Context::from_waker(&waker);
    sender.feed_text("never to leave").unwrap();
    assert!(sender.poll_flush(cx).is_pending());
    assert!(!woken.0.load(Ordering::Relaxed));

    reset.store(true, Ordering::Relaxed);
    let error = receiver.recv().await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Reset);

    assert!(woken.0.load(Ordering::Relaxed));
    match sender.poll_flush(cx) {
        Poll::Ready(Err(error)) => assert_eq!(error.cause(), Cause::Reset),
        other => panic!("{other:?}"),
    }
}
