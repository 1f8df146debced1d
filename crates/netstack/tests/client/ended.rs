//! What is called after the end of a connection fails for the reason of that end.
use std::time::Duration;

use arkws_netstack::{BusinessError, CloseOptions, RequestOptions};
use tokio::io::AsyncWriteExt;

use crate::connect::without_proxy;
use crate::support::{Client, Frozen, SWITCHING, Seen, Server};

/// Waits for the end, and tells what calls that come later are answered.
async fn late(client: &mut Client) -> [BusinessError; 2] {
    client.rest().await;
    let [sent, fed] = [
        client.send("late").unwrap_err(),
        client.socket.feed_binary(vec![0]).unwrap_err(),
    ];
    assert_eq!(sent, fed);
    assert_eq!(sent.code, -1);
    let closed = client.socket.close(CloseOptions::default()).unwrap_err();
    assert_eq!(closed.code, BusinessError::OTHER);
    [sent, closed]
}

fn assert_tell(errors: &[BusinessError], cause: &str, why: &str) {
    for error in errors {
        assert_eq!(error.cause_name(), Some(cause), "{error}");
        assert!(error.message.contains(why), "{error}");
    }
}

#[tokio::test]
async fn never_connected_is_no_end() {
    let client = Client::new();
    let error = client.send("early").unwrap_err();
    assert_eq!((error.code, error.cause_name()), (-1, None));
    assert!(error.message.ends_with(": not connected"), "{error}");
}

#[tokio::test]
async fn a_reset() {
    let server = Server::start().await;
    let mut client = Client::new();
    let peer = client.open_to(&server).await;
    peer.get_ref().set_zero_linger().unwrap();
    drop(peer);
    assert_tell(&late(&mut client).await, "reset", "reset by peer");

    // The next connection has its own end.
    let mut peer = client.open_to(&server).await;
    client.send("in time").unwrap();
    client.sent(1).await;
    peer.close(None).await.unwrap();
    assert_tell(&late(&mut client).await, "closed", "closed with 1005");
}

#[tokio::test]
async fn a_broken_protocol() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    let (mut peer, _) = server.answer(SWITCHING).await;
    peer.write_all(b"\xFF\xFF").await.unwrap();
    assert_tell(&late(&mut client).await, "protocol", "reserved bit");
}

#[tokio::test(start_paused = true)]
async fn silence() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let mut client = Client::new();
    let options = RequestOptions {
        ping_interval: Some(1.0),
        pong_timeout: Some(1.0),
        ..without_proxy()
    };
    client.socket.connect(&server.url(), options).unwrap();
    let _peer = server.answer(SWITCHING).await;
    client.next().await;
    client.next().await;
    while client.socket.ready_state() != arkws_netstack::ReadyState::Closed {
        clock.advance(Duration::from_millis(500)).await;
    }
    assert_tell(&late(&mut client).await, "heartbeat", "pongTimeout");
}

#[tokio::test]
async fn an_attempt_that_failed() {
    let server = Server::start().await;
    let mut client = Client::new();
    let url = server.url();
    server.stop();
    client.connect(url).unwrap();
    assert_tell(&late(&mut client).await, "refused", "connection refused");
}

#[tokio::test]
async fn a_close_of_our_own() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;
    client.close().unwrap();
    let again = client.close().unwrap_err();
    assert_eq!((again.code, again.cause_name()), (2302999, Some("closed")));
    let (rest, ()) = tokio::join!(client.rest(), async {
        while peer.recv().await.is_some() {}
    });
    assert!(matches!(rest[..], [Seen::Close(1000, _)]), "{rest:?}");
    let error = client.send("late").unwrap_err();
    assert_eq!((error.code, error.cause_name()), (-1, Some("closed")));
    assert!(error.message.contains("1000"), "{error}");
}
