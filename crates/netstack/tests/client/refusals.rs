//! Attempts that fail: `error` only, with the cause, and the object is free again.
use std::time::Duration;

use arkws_netstack::{BusinessError, ReadyState, RequestOptions};
use tokio::io::AsyncWriteExt;

use crate::connect::without_proxy;
use crate::support::{Client, Frozen, Seen, Server, read_head};

/// What people read ends with the name of the cause, by which the book has a section.
#[track_caller]
fn assert_named(error: &BusinessError) {
    let name = error.cause_name().expect("a cause");
    assert_eq!(error.to_string(), format!("{} [{name}]", error.message));
    let book = include_str!("../../../../docs/src/errors.md");
    assert!(book.contains(&format!("\n#### `{name}`\n")), "{name}");
}

/// The one error of an attempt; the object must be able to connect again.
async fn failed(client: &mut Client) -> BusinessError {
    let events = client.rest().await;
    let [Seen::Error(error)] = &events[..] else {
        panic!("an attempt that failed gives `error` only, not {events:?}");
    };
    assert_eq!(error.code, 200);
    let text = "Websocket connect failed: ";
    assert!(error.message.starts_with(text), "{error}");
    assert_eq!(
        error.message.matches("connect failed").count(),
        1,
        "{error}"
    );
    assert_named(error);
    assert_eq!(client.socket.ready_state(), ReadyState::Closed);

    let server = Server::start().await;
    let _peer = client.open_to(&server).await;
    error.clone()
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let address = Server::start().await.stop();
    let mut client = Client::new();
    client.connect(format!("ws://{address}/")).unwrap();
    let error = failed(&mut client).await;
    assert_eq!(
        error.message,
        format!("Websocket connect failed: {address}: connection refused")
    );
    assert_eq!(error.cause_name(), Some("refused"));
    assert_eq!(error.data.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_named() {
    let mut client = Client::new();
    client.connect("ws://no-such-host.invalid/").unwrap();
    let error = failed(&mut client).await;
    assert_eq!(error.cause_name(), Some("dns"));
    assert!(error.message.contains("no-such-host.invalid"), "{error}");
}

#[tokio::test]
async fn a_status_other_than_101_is_told_in_words_and_as_data() {
    for (status, line) in [
        ("200", "HTTP/1.1 200 OK"),
        ("301", "HTTP/1.1 301 Moved Permanently"),
        ("403", "HTTP/1.1 403 Forbidden"),
        ("404", "HTTP/1.1 404 Not Found"),
        ("503", "HTTP/1.1 503 Service Unavailable"),
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        client.connect(server.url()).unwrap();
        server
            .answer(&format!("{line}\r\nContent-Length: 0\r\n\r\n"))
            .await;
        let error = failed(&mut client).await;
        assert_eq!(error.data.as_deref(), Some(status));
        assert_eq!(error.cause_name(), Some("handshake"));
        assert!(error.message.contains(status), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_failed_handshake() {
    for answer in [
        // No proof that the key was read.
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: c3RhbGU=\r\n\r\n",
        // Something that was not offered.
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2p1\r\n",
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        client.connect(server.url()).unwrap();
        let (_peer, _) = server.answer(answer).await;
        let error = failed(&mut client).await;
        assert_eq!(error.cause_name(), Some("handshake"), "{error}");
        assert_eq!(error.data.as_deref(), Some("0"));
    }
}

#[tokio::test]
async fn a_server_that_ends_the_connection_in_the_middle_of_the_handshake_is_reported() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    let mut peer = server.accept_raw().await;
    read_head(&mut peer).await;
    peer.write_all(b"HTTP/1.1 101 Swit").await.unwrap();
    drop(peer);
    let error = failed(&mut client).await;
    assert_eq!(error.cause_name(), Some("reset"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_has_15_seconds_or_what_the_option_says() {
    let clock = Frozen::clock();
    for (option, limit) in [(None, 15), (Some(Duration::from_secs(3)), 3)] {
        let server = Server::start().await;
        let mut client = Client::new();
        let options = RequestOptions {
            handshake_timeout: option,
            ..without_proxy()
        };
        client.socket.connect(&server.url(), options).unwrap();
        let mut peer = server.accept_raw().await;
        read_head(&mut peer).await;

        clock
            .advance(Duration::from_secs(limit) - Duration::from_millis(100))
            .await;
        client.assert_silent().await;
        clock.advance(Duration::from_millis(200)).await;

        let error = failed(&mut client).await;
        assert_eq!(error.cause_name(), Some("timeout"));
        assert!(error.message.contains("handshakeTimeout"), "{error}");
    }
}

#[tokio::test]
async fn redirects_are_followed_and_loops_are_not() {
    let (first, second) = (Server::start().await, Server::start().await);
    let mut client = Client::new();
    client.connect(first.url()).unwrap();
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}there\r\nContent-Length: 0\r\n\r\n",
        second.url()
    );
    first.answer(&redirect).await;
    let _peer = second.accept().await;
    assert!(matches!(client.next().await, Seen::Headers(_)));

    let mut client = Client::new();
    client.connect(first.url()).unwrap();
    let itself = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        first.url()
    );
    for _ in 0..5 {
        first.answer(&itself).await;
    }
    let error = failed(&mut client).await;
    assert_eq!(error.cause_name(), Some("redirect"));
    assert!(
        error.message.contains("(the option maxRedirects changes"),
        "{error}"
    );
}
