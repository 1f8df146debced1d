//! Streams that the program makes: a network in memory, on simulated time.
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arkws::Message;
use arkws_netstack::{Connector, Host, Reconnect, RequestOptions, Transport};
use futures_util::FutureExt;
use tokio::io::DuplexStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::connect::without_proxy;
use crate::support::{Client, Seen, soon};

/// A network of servers in memory: whom a client asks for, and the server's end of its stream.
fn network() -> (
    Arc<dyn Connector>,
    UnboundedReceiver<(String, DuplexStream)>,
) {
    let (asked, streams) = unbounded_channel();
    let connector = move |host: &Host, port: u16| {
        let name = format!("{host}:{port}");
        let (near, far) = tokio::io::duplex(1 << 16);
        let asked = asked.send((name, far));
        async move {
            match asked {
                Ok(()) => Ok(Transport::other(near)),
                Err(_) => Err(io::ErrorKind::HostUnreachable.into()),
            }
        }
    };
    (Arc::new(connector), streams)
}

async fn opened(client: &mut Client) {
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_client_lives_and_comes_back_on_a_network_in_memory() {
    let (connector, mut streams) = network();
    let mut client = Client::new();
    let options = RequestOptions {
        connector: Some(connector),
        reconnect: Some(Reconnect {
            jitter: false,
            ..Reconnect::default()
        }),
        ..without_proxy()
    };
    let started = Instant::now();
    client
        .socket
        .connect("ws://server.test/chat", options)
        .unwrap();

    let (asked, stream) = soon(streams.recv()).await.unwrap();
    assert_eq!(asked, "server.test:80");
    let peer = arkws::accept(stream).await.unwrap();
    opened(&mut client).await;
    drop(peer);
    assert!(matches!(
        client.next().await,
        Seen::Reconnecting { delay: 1000, .. }
    ));

    let (_, stream) = soon(streams.recv()).await.unwrap();
    let mut peer = arkws::accept(stream).await.unwrap();
    opened(&mut client).await;
    assert_eq!(client.next().await, Seen::Reconnected(1));
    // Exactly so long: nothing here takes time but what waits for it.
    assert_eq!(started.elapsed(), Duration::from_secs(1));

    client.send("hello").unwrap();
    let message = peer.recv().await.unwrap().map(Message::from);
    assert_eq!(message.unwrap(), Message::from("hello"));
    assert_eq!(client.next().await, Seen::Sent(1));

    // A server that answers nothing is given up when the heartbeat says so.
    assert!(matches!(client.next().await, Seen::Reconnecting { .. }));
    assert_eq!(started.elapsed().as_secs(), 1 + 30 + 30);
}

#[tokio::test(start_paused = true)]
async fn a_network_without_the_server_is_told() {
    let (connector, streams) = network();
    drop(streams);
    let mut client = Client::new();
    let options = RequestOptions {
        connector: Some(connector),
        ..without_proxy()
    };
    client.socket.connect("ws://server.test/", options).unwrap();

    let error = client.error().await;

    assert_eq!(error.cause_name(), Some("unreachable"), "{error}");
    assert!(error.message.contains("server.test:80"), "{error}");
}

/// Or the server would take what it has got for all that there was.
#[tokio::test(start_paused = true)]
async fn a_server_is_not_told_goodbye_by_terminate_if_it_reads_in_that_moment() {
    let (ends, mut far_ends) = unbounded_channel();
    let connector = move |_: &Host, _: u16| {
        // What is left of the message will fit, and a close frame behind it.
        let (near, far) = tokio::io::duplex(64);
        ends.send(far).unwrap();
        async move { Ok(Transport::other(near)) }
    };
    let mut client = Client::new();
    let options = RequestOptions {
        connector: Some(Arc::new(connector)),
        ..without_proxy()
    };
    client.socket.connect("ws://server.test/", options).unwrap();
    let stream = soon(far_ends.recv()).await.unwrap();
    let mut peer = arkws::accept(stream).await.unwrap();
    opened(&mut client).await;
    client.send(&"-".repeat(100)).unwrap();
    tokio::task::yield_now().await;

    assert!(peer.recv().now_or_never().is_none());
    client.socket.terminate().unwrap();

    let mut received = Vec::new();
    while let Some(message) = peer.recv().await {
        received.push(message.map(Message::from));
    }
    assert!(received.last().unwrap().is_err(), "{received:?}");
}

/// Its answer is told when the program reads again, but the server knows that somebody is there.
#[tokio::test(start_paused = true)]
async fn a_ping_leaves_while_the_client_is_paused() {
    let (connector, mut streams) = network();
    let mut client = Client::new();
    let options = RequestOptions {
        connector: Some(connector),
        ..without_proxy()
    };
    client.socket.connect("ws://server.test/", options).unwrap();
    let (_, stream) = soon(streams.recv()).await.unwrap();
    let mut peer = arkws::accept(stream).await.unwrap();
    opened(&mut client).await;

    client.socket.pause();
    client.socket.ping(Some(b"here".to_vec())).unwrap();

    let message = soon(peer.recv()).await.unwrap().map(Message::from);
    assert_eq!(message.unwrap(), Message::Ping(b"here".as_slice().into()));
    peer.flush().await.unwrap();
    client.socket.resume();
    assert_eq!(client.next().await, Seen::Pong(b"here".to_vec(), Some(1)));
}
