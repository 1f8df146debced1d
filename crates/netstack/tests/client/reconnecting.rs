//! Connections that come back by themselves.
use std::time::Duration;

use arkws::{CloseCode, CloseFrame, Message};
use arkws_netstack::{
    ConnectionCause, Header, ReadyState, Reconnect, Renewal, Renewed, RequestOptions,
};
use tokio::net::TcpListener;

use crate::connect::without_proxy;
use crate::support::{Client, Frozen, SWITCHING, Seen, Server, field, message};

/// Without jitter, so that times can be foretold.
fn steady() -> Reconnect {
    Reconnect {
        jitter: false,
        ..Reconnect::default()
    }
}

fn connect(client: &Client, url: &str, reconnect: Reconnect) {
    let options = RequestOptions {
        reconnect: Some(reconnect),
        ..without_proxy()
    };
    client.socket.connect(url, options).unwrap();
}

async fn opened(client: &mut Client) {
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));
}

/// The next event must announce this attempt.
async fn announced(client: &mut Client, number: u32, milliseconds: u64) -> &'static str {
    match client.next().await {
        Seen::Reconnecting {
            attempt,
            delay,
            cause,
        } => {
            assert_eq!((attempt, delay), (number, milliseconds), "{cause}");
            assert_eq!(cause.code, 200);
            cause.cause_name().unwrap()
        }
        other => panic!("unexpected: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_comes_back_and_what_was_sent_meanwhile_is_sent_then() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let mut client = Client::new();
    connect(&client, &server.url(), steady());
    let peer = server.accept().await;
    opened(&mut client).await;

    drop(peer);
    assert_eq!(announced(&mut client, 1, 1000).await, "reset");
    assert_eq!(client.socket.ready_state(), ReadyState::Connecting);
    client.send("one").unwrap();
    client.send("two").unwrap();
    client.assert_silent().await;
    clock.advance(Duration::from_secs(1)).await;

    let mut peer = server.accept().await;
    opened(&mut client).await;
    assert_eq!(client.next().await, Seen::Reconnected(1));
    assert_eq!(message(&mut peer).await, Message::from("one"));
    assert_eq!(message(&mut peer).await, Message::from("two"));
    assert_eq!(client.next().await, Seen::Sent(2));
    peer.send("hello again".into()).await.unwrap();
    assert_eq!(client.next().await, Seen::Text("hello again".into()));
}

#[tokio::test(start_paused = true)]
async fn attempts_back_off_and_stop_at_the_limit() {
    let clock = Frozen::clock();
    let address = Server::start().await.stop();
    let mut client = Client::new();
    let reconnect = Reconnect {
        max_attempts: Some(4),
        max_delay: Duration::from_secs(3),
        ..steady()
    };
    connect(&client, &format!("ws://{address}"), reconnect);
    client.send("in vain").unwrap();

    for (attempt, delay) in [(1, 1000), (2, 2000), (3, 3000), (4, 3000)] {
        let cause = announced(&mut client, attempt, delay).await;
        assert_eq!(cause, "refused");
        clock.advance(Duration::from_millis(delay)).await;
    }
    let events = client.rest().await;
    // There was no connection, so no `close`.
    let [Seen::SendFailed(1, 1, failed), Seen::Error(error)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(failed.cause_name(), Some("refused"));
    assert_eq!(error.cause_name(), Some("refused"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_open_and_does_not_come_back_ends_with_error_and_close() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let mut client = Client::new();
    let reconnect = Reconnect {
        max_attempts: Some(1),
        ..steady()
    };
    connect(&client, &server.url(), reconnect);
    let peer = server.accept().await;
    opened(&mut client).await;

    server.stop();
    drop(peer);
    announced(&mut client, 1, 1000).await;
    clock.advance(Duration::from_secs(1)).await;

    let events = client.rest().await;
    let [Seen::Error(error), Seen::Close(1006, _)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(error.cause_name(), Some("refused"));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_lost_while_it_is_being_secured_is_tried_again() {
    let clock = Frozen::clock();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://{}", listener.local_addr().unwrap());
    let mut client = Client::new();
    let options = RequestOptions {
        skip_server_cert_verification: true,
        reconnect: Some(steady()),
        ..without_proxy()
    };
    client.socket.connect(&url, options).unwrap();

    for (attempt, delay) in [(1, 1000), (2, 2000)] {
        drop(listener.accept().await.unwrap());
        assert_eq!(announced(&mut client, attempt, delay).await, "tls");
        clock.advance(Duration::from_millis(delay)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn close_ends_it_also_between_two_attempts() {
    let _clock = Frozen::clock();
    let address = Server::start().await.stop();
    let mut client = Client::new();
    connect(&client, &format!("ws://{address}"), steady());
    announced(&mut client, 1, 1000).await;
    client.send("x").unwrap();

    client.close().unwrap();

    let events = client.rest().await;
    let [Seen::SendFailed(1, 1, error), Seen::Close(1000, _)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(error.cause_name(), Some("closed"));
    assert_eq!(client.socket.ready_state(), ReadyState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_come_back_is_come_back_to_and_one_that_says_goodbye_is_not() {
    let clock = Frozen::clock();
    for (code, returns) in [
        (1000, false),
        (1001, true),
        (1008, false),
        (1011, true),
        (1012, true),
        (1013, true),
        (3000, false),
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        connect(&client, &server.url(), steady());
        let mut peer = server.accept().await;
        opened(&mut client).await;

        let frame = CloseFrame::new(CloseCode::new(code).unwrap(), "because");
        peer.close(Some(frame)).await.unwrap();

        if returns {
            assert_eq!(announced(&mut client, 1, 1000).await, "closed");
            // It is as if the connection had been lost: sends wait.
            client.send("later").unwrap();
            clock.advance(Duration::from_secs(1)).await;
            let mut peer = server.accept().await;
            assert_eq!(message(&mut peer).await, Message::from("later"));
        } else {
            let expected = Seen::Close(code, "because".into());
            assert_eq!(client.rest().await, [expected]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_pass_is_not_retried_unless_asked_for() {
    let _clock = Frozen::clock();
    for (status, retry_on, retried) in [
        ("403 Forbidden", vec![], false),
        ("429 Too Many Requests", vec![], true),
        ("503 Service Unavailable", vec![], true),
        (
            "403 Forbidden",
            vec![ConnectionCause::Handshake.into()],
            true,
        ),
        (
            "503 Service Unavailable",
            vec![ConnectionCause::Dns.into()],
            false,
        ),
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        let reconnect = Reconnect {
            retry_on,
            ..steady()
        };
        connect(&client, &server.url(), reconnect);
        server.answer(&format!("HTTP/1.1 {status}\r\n\r\n")).await;
        if retried {
            assert_eq!(announced(&mut client, 1, 1000).await, "handshake");
        } else {
            assert_eq!(
                client.error().await.cause_name(),
                Some("handshake"),
                "{status}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_names_a_date_to_retry_after_is_left_alone_until_then() {
    let _clock = Frozen::clock();
    let noon = "Date: Sun, 06 Nov 1994 12:00:00 GMT\r\n";
    for (date, retry_after, delay) in [
        // By the server's clock, whatever ours says.
        (noon, "Sun, 06 Nov 1994 12:00:10 GMT", 10_000),
        (noon, "Sunday, 06-Nov-94 12:00:10 GMT", 10_000),
        (noon, "Mon, 07 Nov 1994 12:00:00 GMT", 600_000),
        (noon, "Sun, 06 Nov 1994 11:59:00 GMT", 1000),
        // By ours.
        ("", "Sun, 06 Nov 1994 12:00:10 GMT", 1000),
        ("", "Fri, 31 Dec 9999 23:59:59 GMT", 600_000),
        ("", "soon", 1000),
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        connect(&client, &server.url(), steady());
        let head = format!("HTTP/1.1 503 Busy\r\n{date}Retry-After: {retry_after}\r\n\r\n");
        server.answer(&head).await;
        assert_eq!(
            announced(&mut client, 1, delay).await,
            "handshake",
            "{retry_after}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn while_there_is_no_connection_the_queue_is_bounded() {
    let clock = Frozen::clock();
    let address = Server::start().await.stop();
    let mut client = Client::new();
    let reconnect = Reconnect {
        max_queued_bytes: 1000,
        ..steady()
    };
    connect(&client, &format!("ws://{address}"), reconnect);
    announced(&mut client, 1, 1000).await;

    client.send(&"x".repeat(600)).unwrap();
    let error = client.send(&"x".repeat(401)).unwrap_err();
    assert_eq!(error.code, -1);
    assert!(
        error.message.contains("reconnect.maxQueuedBytes"),
        "{error}"
    );
    client.send(&"x".repeat(400)).unwrap();
    assert_eq!(client.socket.buffered_amount(), 1000);

    // Once it is up the bound is another.
    let listener = TcpListener::bind(address).await.unwrap();
    clock.advance(Duration::from_secs(1)).await;
    let mut peer = arkws::accept(listener.accept().await.unwrap().0)
        .await
        .unwrap();
    opened(&mut client).await;
    assert_eq!(client.next().await, Seen::Reconnected(1));
    client.send(&"x".repeat(5000)).unwrap();
    for length in [600, 400, 5000] {
        assert_eq!(message(&mut peer).await.len(), length);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_hold_does_not_reset_the_back_off() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let mut client = Client::new();
    connect(&client, &server.url(), steady());

    // Accepted and dropped at once, again and again.
    for (attempt, delay) in [(1, 1000), (2, 2000), (3, 4000)] {
        drop(server.accept().await);
        opened(&mut client).await;
        if attempt > 1 {
            assert_eq!(client.next().await, Seen::Reconnected(attempt - 1));
        }
        announced(&mut client, attempt, delay).await;
        clock.advance(Duration::from_millis(delay)).await;
    }
    // This one holds.
    let peer = server.accept().await;
    opened(&mut client).await;
    assert_eq!(client.next().await, Seen::Reconnected(3));
    clock.advance(Duration::from_secs(5)).await;
    drop(peer);
    announced(&mut client, 1, 1000).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_object_does_not_come_back() {
    let clock = Frozen::clock();
    let address = Server::start().await.stop();
    let mut client = Client::new();
    connect(&client, &format!("ws://{address}"), steady());
    announced(&mut client, 1, 1000).await;

    let mut seen = client.let_go();

    assert_eq!(seen.recv().await, None);
    let listener = TcpListener::bind(address).await.unwrap();
    clock.advance(Duration::from_secs(60)).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let listener = listener.into_std().unwrap();
    let error = listener.accept().expect_err("nobody connects");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test(start_paused = true)]
async fn the_program_is_asked_for_the_first_attempt_too_if_it_wants_to_be() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let mut client = Client::new();
    let renewal = Renewal::new(|attempt| {
        Box::pin(async move {
            let token = Header {
                name: "token".to_owned(),
                value: attempt.to_string(),
            };
            Ok(Renewed {
                url: None,
                headers: Some(vec![token]),
            })
        })
    });
    let reconnect = Reconnect {
        renewal: Some(renewal),
        renews_first: true,
        ..steady()
    };
    connect(&client, &server.url(), reconnect);
    let (peer, head) = server.answer(SWITCHING).await;
    assert_eq!(field(&head, "token"), Some("0"), "{head}");
    opened(&mut client).await;
    drop(peer);

    assert_eq!(announced(&mut client, 1, 1000).await, "reset");
    clock.advance(Duration::from_secs(1)).await;
    let (_peer, head) = server.answer(SWITCHING).await;
    assert_eq!(field(&head, "token"), Some("1"), "{head}");
    opened(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn the_program_is_asked_with_what_to_connect_again() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let other = Server::start().await;
    let mut client = Client::new();
    let url = format!("{}again", other.url());
    let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
    let renewal = Renewal::new(move |attempt| {
        asked.send(attempt).unwrap();
        let url = url.clone();
        Box::pin(async move {
            let header = |value: String| Header {
                name: "token".to_owned(),
                value,
            };
            match attempt {
                1 => Err("no token".to_owned()),
                2 => std::future::pending().await,
                3 => Ok(Renewed {
                    url: Some("nowhere".to_owned()),
                    headers: None,
                }),
                4 => Ok(Renewed {
                    url: None,
                    headers: Some(vec![header("\n".to_owned())]),
                }),
                _ => Ok(Renewed {
                    url: Some(url),
                    headers: Some(vec![header(attempt.to_string())]),
                }),
            }
        })
    });
    let reconnect = Reconnect {
        max_delay: Duration::from_secs(1),
        renewal: Some(renewal),
        ..steady()
    };
    connect(&client, &server.url(), reconnect);
    let peer = server.accept().await;
    opened(&mut client).await;
    drop(peer);

    assert_eq!(announced(&mut client, 1, 1000).await, "reset");
    for (attempt, cause) in [
        (2, "invalid"),
        (3, "timeout"),
        (4, "invalid"),
        (5, "invalid"),
    ] {
        clock.advance(Duration::from_secs(1)).await;
        assert_eq!(asks.recv().await, Some(attempt - 1));
        if attempt == 3 {
            clock.advance(Duration::from_secs(20)).await;
        }
        assert_eq!(announced(&mut client, attempt, 1000).await, cause);
    }
    clock.advance(Duration::from_secs(1)).await;
    let (_peer, head) = other.answer(SWITCHING).await;
    assert!(head.starts_with("GET /again "), "{head}");
    assert_eq!(field(&head, "token"), Some("5"), "{head}");
    opened(&mut client).await;
}
