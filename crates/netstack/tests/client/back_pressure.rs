//! A program that lags behind stops the reading: memory stays bounded, and nothing is lost.
use std::time::Duration;

use arkws::Message;
use arkws_netstack::RequestOptions;
use tokio::time::timeout;

use crate::connect::without_proxy;
use crate::support::{Client, Seen, Server, level, message};

/// Sends until the connection takes no more; returns how many messages were sent.
async fn flood(peer: &mut arkws::WebSocket<tokio::net::TcpStream>, payload: Message) -> usize {
    for count in 0.. {
        peer.feed_message(payload.clone()).unwrap();
        // Real time: the operating system is not told to hurry.
        if timeout(Duration::from_millis(300), peer.flush())
            .await
            .is_err()
        {
            return count + 1;
        }
        assert!(count < 200_000, "this server is never stopped");
    }
    unreachable!()
}

#[tokio::test]
async fn a_program_that_consumes_nothing_stops_a_fast_server_and_later_gets_everything() {
    let server = Server::start().await;
    let mut client = Client::at(level(26));
    let mut peer = client.open_to(&server).await;

    let sent = flood(&mut peer, Message::from(vec![7; 64 << 10])).await;
    let delivered = client.socket.stats().counters.bytes_received as usize;
    assert!(delivered < 8 << 20, "{delivered} bytes were delivered");
    assert!(
        sent * (64 << 10) > delivered,
        "the rest waits at the server"
    );

    // Now it consumes; the server can go on, and not one message is missing.
    let rest = tokio::spawn(async move {
        peer.flush().await.unwrap();
        peer.send("end".into()).await.unwrap();
        peer
    });
    let mut received = 0;
    loop {
        match client.next().await {
            Seen::Binary(data) => {
                assert_eq!(data.len(), 64 << 10);
                received += 1;
            }
            Seen::Text(end) => {
                assert_eq!(end, "end");
                break;
            }
            other => assert_eq!(other, Seen::DataEnd),
        }
    }
    assert_eq!(received, sent);
    rest.await.unwrap();
}

#[tokio::test]
async fn empty_messages_are_bounded_too() {
    let server = Server::start().await;
    let mut client = Client::at(level(26));
    let mut peer = client.open_to(&server).await;

    // Far more than are delivered ahead, and all of them in the operating system's buffers.
    const COUNT: usize = 40_000;
    for _ in 0..COUNT {
        peer.feed_text("").unwrap();
    }
    peer.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let ahead = client.socket.stats().counters.messages_received;
    assert!(ahead < 20_000, "{ahead} messages were delivered");

    for _ in 0..COUNT {
        assert_eq!(client.next().await, Seen::Text("".into()));
        assert_eq!(client.next().await, Seen::DataEnd);
    }
}

#[tokio::test]
async fn a_program_that_consumes_nothing_can_still_send_and_close() {
    let server = Server::start().await;
    let mut client = Client::at(level(26));
    let mut peer = client.open_to(&server).await;
    flood(&mut peer, Message::from(vec![7; 64 << 10])).await;

    client.send("still here").unwrap();
    client.close().unwrap();

    let rest = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(event) = peer.recv().await {
            seen.push(Message::from(event.unwrap()));
        }
        seen
    });
    let mut last = Vec::new();
    loop {
        match client.peek().await {
            Seen::Idle => break,
            Seen::Binary(_) | Seen::DataEnd => {}
            other => last.push(other),
        }
    }
    assert_eq!(
        last,
        [Seen::Sent(1), Seen::Close(1000, "CLOSE_NORMAL".into())]
    );
    let seen = rest.await.unwrap();
    assert_eq!(seen[0], Message::from("still here"));
    assert!(seen[1].is_close());
}

#[tokio::test]
async fn what_waits_for_a_server_that_does_not_read_is_bounded() {
    const LIMIT: usize = 32 << 20;
    const PIECE: usize = 1 << 20;
    let server = Server::start().await;
    let mut client = Client::new();
    let options = RequestOptions {
        max_queued_bytes: Some(LIMIT),
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let mut peer = server.accept().await;
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));

    let piece = "x".repeat(PIECE);
    let mut sent = 0;
    let error = loop {
        match client.send(&piece) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 1000, "nobody reads, and nothing is refused");
        tokio::task::yield_now().await;
    };
    assert_eq!(error.code, -1);
    let limit = format!("the limit is {LIMIT} (the option maxQueuedBytes changes it)");
    assert!(error.message.ends_with(&limit), "{error}");
    assert!(client.socket.buffered_amount() <= LIMIT);

    // When there is room again, messages are taken again; none was lost.
    for _ in 0..sent {
        assert_eq!(message(&mut peer).await.len(), PIECE);
    }
    client.send("y").unwrap();
    assert_eq!(message(&mut peer).await, Message::from("y"));
}

#[tokio::test]
async fn empty_messages_that_wait_are_bounded_too() {
    let server = Server::start().await;
    let client = Client::new();
    let options = RequestOptions {
        max_queued_bytes: Some(1000),
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let refused = (0..1000).find_map(|_| client.send("").err());
    let error = refused.expect("memory is not free");
    assert!(error.message.contains("maxQueuedBytes"), "{error}");
}
