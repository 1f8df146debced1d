//! Messages in both directions: sizes, order, batching, fairness.
use std::sync::atomic::{AtomicUsize, Ordering};

use arkws::{Bytes, Cause, Config, Limits, Message, MessageRef, Negotiated, Role, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;

use crate::common::{
    BINARY, PING, PONG, ROLES, Seen, Spy, TEXT, frame, next, open, pair, raw, read_frame, tcp,
};

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

#[tokio::test]
async fn messages_of_all_length_encodings_arrive_in_both_directions() {
    let (mut client, mut server) = pair(1 << 20);
    for len in [0, 1, 125, 126, 4096, 65_535, 65_536, 200_000] {
        let data = Message::from(pattern(len));
        let text = Message::from("é".repeat(len / 2));
        for message in [data, text] {
            client.send(message.clone()).await.unwrap();
            assert_eq!(next(&mut server).await.unwrap().unwrap(), message);
            server.send(message.clone()).await.unwrap();
            assert_eq!(next(&mut client).await.unwrap().unwrap(), message);
        }
    }
    assert_eq!(client.stats().messages_sent, 16);
    assert_eq!(client.stats().messages_received, 16);
    assert_eq!(client.stats().bytes_sent, server.stats().bytes_received);
}

#[tokio::test]
async fn messages_of_16_mib_pass_over_tcp_in_both_directions() {
    let (near, far) = tcp().await;
    let mut client = open(near, Role::Client, Config::default());
    let mut server = open(far, Role::Server, Config::default());
    let message = Message::from(pattern(16 << 20));

    let echo = async {
        let message = next(&mut server).await.unwrap().unwrap();
        server.send(message).await.unwrap();
    };
    let ask = async {
        client.send(message.clone()).await.unwrap();
        next(&mut client).await.unwrap().unwrap()
    };
    let ((), answer) = tokio::join!(echo, ask);
    assert!(answer == message, "the bytes differ");
}

#[tokio::test]
async fn a_hundred_thousand_small_messages_arrive_in_order() {
    const COUNT: u32 = 100_000;
    for sender in ROLES {
        let (near, far) = tcp().await;
        let receiver = match sender {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        };
        let mut near = open(near, sender, Config::default());
        let mut far = open(far, receiver, Config::default());
        let send = async {
            for number in 0..COUNT {
                near.feed(Message::from(number.to_string())).await.unwrap();
            }
            SinkExt::flush(&mut near).await.unwrap();
        };
        let receive = async {
            for number in 0..COUNT {
                let message = far.next().await.unwrap().unwrap();
                assert_eq!(message.as_text(), Some(number.to_string().as_str()));
            }
        };
        tokio::join!(send, receive);
    }
}

#[tokio::test]
async fn messages_of_one_read_are_delivered_without_touching_the_transport() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let (spy, seen) = Spy::new(near);
    let mut socket = open(spy, Role::Client, Config::default());
    far.write_all(&frame(Role::Client, TEXT, b"hello").repeat(1000))
        .await
        .unwrap();

    for _ in 0..1000 {
        assert_eq!(
            next(&mut socket).await.unwrap().unwrap().as_text(),
            Some("hello")
        );
    }
    assert_eq!(Seen::count(&seen.polls), 1);
}

#[tokio::test]
async fn answers_leave_in_one_write_when_everything_read_is_consumed() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let (spy, seen) = Spy::new(near);
    let mut socket = open(spy, Role::Server, Config::default());
    let mut input = frame(Role::Server, PING, b"1");
    input.extend(frame(Role::Server, TEXT, b"2"));
    input.extend(frame(Role::Server, PING, b"3"));
    far.write_all(&input).await.unwrap();

    let serve = async {
        while let Some(received) = socket.recv_with_outbox().await {
            let (message, mut outbox) = received.unwrap();
            if let MessageRef::Text(text) = message {
                outbox.feed_text(&text).unwrap();
            }
            assert_eq!(Seen::count(&seen.writes), 0);
        }
    };
    let answers = async {
        [
            read_frame(&mut far).await,
            read_frame(&mut far).await,
            read_frame(&mut far).await,
        ]
    };
    let answers = tokio::select! {
        answers = answers => answers,
        () = serve => panic!("the connection ended"),
    };
    // Pongs go ahead of the messages that wait.
    let expected = [(PONG, "1"), (PONG, "3"), (TEXT, "2")];
    assert_eq!(
        answers,
        expected.map(|(first, payload)| (first, payload.into()))
    );
    assert_eq!(Seen::count(&seen.writes), 1);
}

#[tokio::test]
async fn fed_messages_wait_for_the_flush_and_leave_together() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let (spy, seen) = Spy::new(near);
    let mut socket = open(spy, Role::Server, Config::default());
    for _ in 0..100 {
        socket.feed_text("hello").unwrap();
        socket.feed_binary(b"world").unwrap();
    }
    assert_eq!(socket.queued(), 200 * 7);
    assert_eq!(Seen::count(&seen.writes), 0);
    socket.flush().await.unwrap();
    assert_eq!(socket.queued(), 0);
    assert_eq!(Seen::count(&seen.writes), 1);
    assert_eq!(read_frame(&mut far).await, (TEXT, b"hello".to_vec()));
    assert_eq!(read_frame(&mut far).await, (BINARY, b"world".to_vec()));
}

#[tokio::test]
async fn bytes_read_behind_the_handshake_come_first() {
    let (near, mut far) = tokio::io::duplex(1024);
    let leftover = frame(Role::Client, TEXT, b"early").repeat(20_000);
    let (whole, cut) = leftover.split_at(leftover.len() - 3);
    let mut socket = WebSocket::from_handshake(
        near,
        Role::Client,
        Config::default(),
        Negotiated::default(),
        whole,
    );
    far.write_all(cut).await.unwrap();
    for _ in 0..20_000 {
        assert_eq!(
            next(&mut socket).await.unwrap().unwrap().as_text(),
            Some("early")
        );
    }
    assert_eq!(socket.stats().bytes_received, leftover.len() as u64);
}

#[tokio::test]
async fn a_burst_of_messages_lets_other_tasks_run() {
    const COUNT: usize = 100_000;
    static RECEIVED: AtomicUsize = AtomicUsize::new(0);
    let (near, _far) = tokio::io::duplex(1024);
    let burst = frame(Role::Client, BINARY, b"").repeat(COUNT);
    let mut socket = WebSocket::from_handshake(
        near,
        Role::Client,
        Config::default(),
        Negotiated::default(),
        &burst,
    );
    let other = tokio::spawn(async { RECEIVED.load(Ordering::Relaxed) });
    for _ in 0..COUNT {
        socket.recv().await.unwrap().unwrap();
        RECEIVED.fetch_add(1, Ordering::Relaxed);
    }
    assert!(other.await.unwrap() < COUNT);
}

#[tokio::test]
async fn a_fragmented_message_is_put_together_and_pings_within_it_are_answered() {
    let (mut socket, mut far) = raw(Role::Server, Config::default());
    let mut input = frame(Role::Server, 0x01, "gr\u{fc}".as_bytes()[..3].as_ref());
    input.extend(frame(Role::Server, PING, b"?"));
    input.extend(frame(Role::Server, 0x80, &"\u{fc}n".as_bytes()[1..]));
    far.write_all(&input).await.unwrap();
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap(),
        Message::Ping(Bytes::from_static(b"?"))
    );
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap().as_text(),
        Some("gr\u{fc}n")
    );
    assert_eq!(socket.stats().pings_received, 1);
    socket.flush().await.unwrap();
    assert_eq!(read_frame(&mut far).await, (PONG, b"?".to_vec()));
}

#[tokio::test]
async fn a_message_over_the_limit_says_so_to_both_ends() {
    let config = Config {
        limits: Limits {
            max_message_size: 1000,
            ..Limits::default()
        },
        ..Config::default()
    };
    let (near, far) = tokio::io::duplex(1 << 16);
    let mut client = open(near, Role::Client, Config::default());
    let mut server = open(far, Role::Server, config);
    client.send(Message::from(pattern(1001))).await.unwrap();

    let error = server.recv().await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::TooBig);
    assert!(error.to_string().contains("1000"), "{error}");
    match next(&mut client).await.unwrap().unwrap() {
        Message::Close(Some(frame)) => assert_eq!(frame.code().get(), 1009),
        other => panic!("unexpected: {other:?}"),
    }
}
