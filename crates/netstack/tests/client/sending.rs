//! `send`: order, answers, limits.
use std::time::Duration;

use arkws::Message;
use tokio::io::AsyncReadExt;

use crate::support::{Client, Frozen, Seen, Server, assert_other_error, message};

/// The platform's limit for one message.
const MAX_SEND: usize = 5 * 1024 * 1024 - 16;

#[tokio::test]
async fn what_is_sent_before_open_arrives_in_order_right_after_it() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();

    client.send("first").unwrap();
    client.socket.send_binary(vec![0, 1, 255]).unwrap();
    client.send("third\0").unwrap();
    assert_eq!(client.socket.buffered_amount(), 5 + 3 + 6);

    let mut peer = server.accept().await;
    assert_eq!(message(&mut peer).await, Message::from("first"));
    assert_eq!(message(&mut peer).await, Message::from(vec![0, 1, 255]));
    assert_eq!(message(&mut peer).await, Message::from("third\0"));
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));
    client.sent(3).await;
    assert_eq!(client.socket.buffered_amount(), 0);
    assert_eq!(client.socket.stats().counters.messages_sent, 3);
}

#[tokio::test]
async fn empty_and_largest_messages_are_sent_and_larger_ones_are_401() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;

    client.send("").unwrap();
    client.socket.send_binary(Vec::new()).unwrap();
    client.socket.send_binary(vec![7; MAX_SEND]).unwrap();
    assert_eq!(message(&mut peer).await, Message::from(""));
    assert_eq!(message(&mut peer).await, Message::from(vec![]));
    assert_eq!(message(&mut peer).await.len(), MAX_SEND);
    client.sent(3).await;

    for error in [
        client.socket.send_binary(vec![7; MAX_SEND + 1]).map(drop),
        // Characters do not count, bytes do.
        client.send(&"€".repeat(MAX_SEND / 3 + 1)),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.code, 401);
        assert!(error.message.starts_with("Parameter error: "), "{error}");
    }
    client.assert_silent().await;
}

#[tokio::test]
async fn many_small_messages_arrive_in_order_and_every_one_is_answered() {
    const COUNT: u64 = 100_000;
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;

    for n in 0..COUNT {
        client.send(&n.to_string()).unwrap();
    }
    for n in 0..COUNT {
        assert_eq!(message(&mut peer).await.as_text(), Some(&*n.to_string()));
    }
    client.sent(COUNT).await;
}

#[tokio::test]
async fn a_send_is_answered_only_when_the_operating_system_has_it() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_raw(&server).await;

    // More than the kernel's buffers hold, to a server that does not read.
    client.send("first").unwrap();
    client.sent(1).await;
    for _ in 0..8 {
        client.socket.send_binary(vec![7; MAX_SEND]).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let waiting = client.socket.buffered_amount();
    assert!(waiting > 4 * MAX_SEND, "{waiting}");

    // It reads: now they go.
    let reader = tokio::spawn(async move {
        let mut total = 0;
        let mut buffer = vec![0; 1 << 16];
        while total < 8 * MAX_SEND {
            total += peer.read(&mut buffer).await.unwrap();
        }
        peer
    });
    client.sent(9).await;
    assert_eq!(client.socket.buffered_amount(), 0);
    reader.await.unwrap();
}

#[tokio::test]
async fn sends_that_the_connection_takes_with_it_fail_with_the_cause() {
    let server = Server::start().await;
    let mut client = Client::new();
    let peer = client.open_raw(&server).await;
    for _ in 0..8 {
        client.socket.send_binary(vec![7; MAX_SEND]).unwrap();
    }

    drop(peer);

    let (mut answered, mut lost) = (0, false);
    for seen in client.rest().await {
        match seen {
            Seen::Sent(through) => answered = through,
            Seen::SendFailed(from, through, error) => {
                assert_eq!(from, answered + 1, "in order");
                assert_eq!(error.code, -1);
                let text = "Websocket Unknown Other Error: ";
                assert!(error.message.starts_with(text), "{error}");
                assert_eq!(error.cause_name(), Some("reset"));
                answered = through;
            }
            Seen::Error(_) => lost = true,
            Seen::Close(code, _) => assert_eq!(code, 1006),
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert!(lost);
    assert_eq!(answered, 8, "every send is answered, once");
    assert_eq!(client.socket.buffered_amount(), 0);
    assert_eq!(client.socket.bytes_accepted(), 8 * MAX_SEND as u64);
    assert!(client.socket.bytes_handed_over() < 8 * MAX_SEND as u64);
}

#[tokio::test]
async fn without_a_connection_send_is_minus_one() {
    let server = Server::start().await;
    let mut client = Client::new();
    let refused = |client: &Client| assert_other_error(&client.send("x").unwrap_err(), -1);
    refused(&client);

    let mut peer = client.open_to(&server).await;
    client.close().unwrap();
    refused(&client);
    while peer.recv().await.is_some() {}
    client.rest().await;
    refused(&client);
}

#[tokio::test]
async fn after_the_servers_close_frame_send_is_minus_one() {
    let server = Server::start().await;
    let client = Client::new();
    let (refused, hook_refused) = tokio::sync::oneshot::channel();
    let (socket, mut refused) = (client.socket.clone(), Some(refused));
    client.on_event(move |seen| {
        if matches!(seen, Seen::Close(..)) {
            let code = socket.send_text("x").unwrap_err().code;
            refused.take().unwrap().send(code).unwrap();
        }
    });
    client.connect(server.url()).unwrap();
    let mut peer = server.accept().await;
    peer.close(None).await.unwrap();
    assert_eq!(hook_refused.await, Ok(-1));
}

#[tokio::test(start_paused = true)]
async fn sends_of_an_attempt_that_fails_are_told_why() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    client.send("one").unwrap();
    client.send("two").unwrap();
    let _silent = server.accept_raw().await;
    for _ in 0..16 {
        clock.advance(Duration::from_secs(1)).await;
    }

    let events = client.rest().await;
    let [Seen::SendFailed(1, 2, failed), Seen::Error(error)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(failed.cause_name(), Some("timeout"));
    assert_eq!(error.cause_name(), Some("timeout"));
    assert!(error.message.contains("handshakeTimeout"), "{error}");
}

#[tokio::test]
async fn every_send_is_answered_also_if_a_listener_panics() {
    const COUNT: u64 = 40;
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;
    client.on_event(|seen| assert!(!matches!(seen, Seen::Text(_)), "as asked"));

    // The peer does not read: some are under way, others wait.
    for _ in 0..COUNT {
        client.send(&"x".repeat(1 << 20)).unwrap();
    }
    peer.send("panic".into()).await.unwrap();

    let mut answered = 0;
    let mut failed = 0;
    let events = client.rest().await;
    let mut rest = events.iter().filter(|event| match event {
        Seen::Sent(through) => {
            answered = *through;
            false
        }
        Seen::SendFailed(from, through, error) => {
            assert_eq!(error.cause_name(), Some("internal"));
            assert_eq!(*from, answered + failed + 1, "in order");
            failed = through - answered;
            false
        }
        _ => true,
    });
    let ends = [rest.next(), rest.next(), rest.next()];
    let [Some(Seen::Error(error)), Some(Seen::Close(1006, _)), None] = ends else {
        panic!("{events:?}");
    };
    assert_eq!(error.cause_name(), Some("internal"));
    assert!(failed > 1, "{events:?}");
    assert_eq!(answered + failed, COUNT);
}
