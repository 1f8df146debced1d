//! `feed` and `flush`: sending on the thread that calls.
use arkws::{Acceptor, DeflateConfig, Message};
use arkws_netstack::{ApiLevel, Context, Network, RequestOptions};
use tokio::runtime;
use tokio::sync::oneshot;

use crate::connect::without_proxy;
use crate::support::{Client, Seen, Server, message};

#[tokio::test]
async fn an_idle_connection_is_written_to_by_the_thread_that_flushes() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;

    client.socket.feed_text("one").unwrap();
    client.socket.feed_binary(vec![2]).unwrap();
    assert_eq!(client.socket.buffered_amount(), 4);
    assert_eq!(client.socket.bytes_accepted(), 4);
    assert_eq!(client.socket.bytes_handed_over(), 0);
    // Nothing else runs on this test's only thread.
    assert_eq!(client.socket.flush(0), 2);
    assert_eq!(client.socket.buffered_amount(), 0);
    assert_eq!(client.socket.bytes_accepted(), 4);
    assert_eq!(client.socket.bytes_handed_over(), 4);
    assert_eq!(client.socket.stats().counters.messages_sent, 2);
    assert_eq!(client.socket.flush(0), 0);

    assert_eq!(message(&mut peer).await, Message::from("one"));
    assert_eq!(message(&mut peer).await, Message::from(vec![2]));
    client.assert_silent().await;
}

#[tokio::test]
async fn behind_a_failure_that_the_sender_does_not_know_of_the_network_thread_writes() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    assert_eq!(client.socket.feed_text("never"), Ok(1));
    client.close().unwrap();
    let [Seen::SendFailed(1, 1, _), Seen::Close(..)] = &client.rest().await[..] else {
        panic!("the send fails");
    };
    let mut peer = client.open_to(&server).await;

    // As if the event had not come yet: what the thread wrote would be taken for the first send.
    assert_eq!(client.socket.feed_text("two"), Ok(2));
    assert_eq!(client.socket.flush(0), 0);
    assert_eq!(message(&mut peer).await, Message::from("two"));
    client.sent(2).await;

    assert_eq!(client.socket.feed_text("three"), Ok(3));
    assert_eq!(client.socket.flush(1), 3);
    assert_eq!(message(&mut peer).await, Message::from("three"));
    client.assert_silent().await;
}

#[tokio::test]
async fn what_is_fed_before_open_leaves_right_after_it() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    client.socket.feed_text("early").unwrap();
    assert_eq!(client.socket.flush(0), 0);

    let mut peer = server.accept().await;
    assert_eq!(message(&mut peer).await, Message::from("early"));
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));
    client.sent(1).await;
}

#[tokio::test]
async fn much_that_is_fed_leaves_by_itself_in_order() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;
    for part in 0..100_u8 {
        client.socket.feed_binary(vec![part; 6 << 10]).unwrap();
    }
    // The network thread has been woken, and will see to the rest as well.
    assert_eq!(client.socket.flush(0), 0);
    for part in 0..100_u8 {
        assert_eq!(message(&mut peer).await, Message::from(vec![part; 6 << 10]));
    }
    client.sent(100).await;
}

#[tokio::test]
async fn several_writes_of_one_flush_are_answered_together() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;
    // Three times what leaves in one write.
    for part in 0..192_u8 {
        client.socket.feed_binary(vec![part; 1 << 10]).unwrap();
    }
    let flushed = client.socket.flush(0);
    assert!(flushed > 0);
    for part in 0..192_u8 {
        assert_eq!(message(&mut peer).await, Message::from(vec![part; 1 << 10]));
    }
    if flushed < 192 {
        client.sent(192).await;
    }
    client.assert_silent().await;
}

#[tokio::test]
async fn what_the_peer_does_not_take_is_answered_when_it_does() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;

    // The peer does not read.
    let (mut fed, mut flushed) = (0, 0);
    while client.socket.buffered_amount() == 0 {
        client.socket.feed_binary(vec![7; 16 << 10]).unwrap();
        fed += 1;
        flushed = flushed.max(client.socket.flush(flushed));
    }
    assert_eq!(flushed, fed - 1);
    client.socket.feed_text("behind").unwrap();
    assert_eq!(client.socket.flush(0), 0);

    for _ in 0..fed {
        assert_eq!(message(&mut peer).await.len(), 16 << 10);
    }
    assert_eq!(message(&mut peer).await, Message::from("behind"));
    client.sent(fed + 1).await;
    assert_eq!(client.socket.buffered_amount(), 0);
}

#[tokio::test]
async fn a_connection_that_compresses_is_left_to_the_network_thread() {
    let acceptor = Acceptor::builder().deflate(DeflateConfig::default());
    let server = Server::with(acceptor.build()).await;
    let mut client = Client::new();
    client
        .socket
        .connect(
            &server.url(),
            RequestOptions {
                per_message_deflate: true,
                ..without_proxy()
            },
        )
        .unwrap();
    let mut peer = server.accept().await;
    client.next().await;
    client.next().await;

    client.socket.feed_text("compressed").unwrap();
    assert_eq!(client.socket.flush(0), 0);
    assert_eq!(message(&mut peer).await, Message::from("compressed"));
    client.sent(1).await;
}

#[tokio::test]
async fn a_listener_may_feed_and_flush() {
    let server = Server::start().await;
    let mut client = Client::new();
    let socket = client.socket.clone();
    client.on_event(move |seen| {
        if let Seen::Text(text) = seen {
            socket.feed_text(text.as_str()).unwrap();
            // The network thread is here.
            assert_eq!(socket.flush(0), 0);
        }
    });
    let mut peer = client.open_to(&server).await;
    peer.send("echo".into()).await.unwrap();
    assert_eq!(message(&mut peer).await, Message::from("echo"));
    assert_eq!(client.next().await, Seen::Text("echo".to_owned()));
    assert_eq!(client.next().await, Seen::DataEnd);
    client.sent(1).await;
}

#[tokio::test]
async fn a_message_that_was_flushed_into_a_lost_connection_fails_or_was_sent() {
    let server = Server::start().await;
    let mut client = Client::new();
    let peer = client.open_to(&server).await;
    // Unread bytes: the connection is reset, not ended.
    client.socket.feed_text("unread").unwrap();
    assert_eq!(client.socket.flush(0), 1);
    drop(peer);

    // Before the network thread has noticed: nobody waits meanwhile.
    let mut answered = 1;
    for number in 2..=11 {
        assert_eq!(client.socket.feed_text("lost"), Ok(number));
        answered = answered.max(client.socket.flush(answered));
    }
    let mut ends = Vec::new();
    for seen in client.rest().await {
        match seen {
            Seen::SendFailed(from, through, error) => {
                assert_eq!(error.code, -1);
                assert_eq!(from, answered + 1, "in order");
                answered = through;
            }
            end => ends.push(end),
        }
    }
    assert!(
        matches!(ends[..], [Seen::Error(_), Seen::Close(1006, _)]),
        "{ends:?}"
    );
    assert_eq!(answered, 11, "every send is answered, once");
}

#[tokio::test]
async fn a_connection_whose_event_loop_is_gone_is_closed() {
    let server = Server::start().await;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let network = Network::on(runtime.handle().clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::spawn(move || runtime.block_on(stopped));
    let mut client = Client::with(Context::new(ApiLevel::CONTRACT).with_network(network));
    let mut peer = client.open_to(&server).await;

    stop.send(()).unwrap();
    thread.join().unwrap().unwrap();

    assert!(peer.recv().await.unwrap().is_err());
    // The object lives, and knows.
    assert_eq!(client.socket.feed_text("nobody").unwrap_err().code, -1);
    assert_eq!(client.socket.flush(0), 0);
}

#[tokio::test]
async fn two_threads_that_write_keep_the_order_and_answer_every_send_once() {
    const COUNT: u64 = 50_000;
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;

    // The peer echoes, so that the network thread is busy now and then...
    let echo = tokio::spawn(async move {
        for expected in 0..COUNT {
            let received = message(&mut peer).await;
            assert_eq!(received, Message::from(expected.to_string()));
            if expected % 50 == 0 {
                peer.send(received).await.unwrap();
            }
        }
        peer
    });
    // ... while a thread of the program's sends in turns of different lengths.
    let socket = client.socket.clone();
    let sender = tokio::task::spawn_blocking(move || {
        let mut flushed = 0;
        for n in 0..COUNT {
            socket.feed_text(n.to_string()).unwrap();
            if n % 7 == 0 || n % 64 == 0 || n == COUNT - 1 {
                flushed = flushed.max(socket.flush(flushed));
            }
        }
        flushed
    });
    let mut echoed = 0;
    let mut answered = sender.await.unwrap();
    while answered < COUNT || echoed < COUNT.div_ceil(50) {
        match client.next().await {
            Seen::Sent(through) => answered = answered.max(through),
            Seen::Text(_) => {}
            Seen::DataEnd => echoed += 1,
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert_eq!(answered, COUNT);
    let _peer = echo.await.unwrap();
    client.assert_silent().await;
}
