//! `close`, and objects that are let go of.
use std::time::Duration;

use arkws::Message;
use arkws_netstack::{ApiLevel, CloseCode, CloseFrame, CloseOptions, ReadyState};
use tokio::io::AsyncReadExt;

use crate::support::{
    Client, Frozen, Seen, Server, assert_other_error, close_frame, level, message,
};

fn close_options(code: u32, reason: &str) -> CloseOptions {
    CloseOptions {
        code: Some(code),
        reason: Some(reason.to_owned()),
    }
}

#[tokio::test]
async fn a_local_close_reports_its_own_code_and_reason() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;

    client.socket.close(close_options(4321, "enough")).unwrap();
    assert_eq!(client.socket.ready_state(), ReadyState::Closing);

    let frame = close_frame(&mut peer).await;
    assert_eq!(frame, Some((4321, "enough".into())));
    assert_eq!(client.rest().await, [Seen::Close(4321, "enough".into())]);
    assert_eq!(client.socket.ready_state(), ReadyState::Closed);
    client.assert_silent().await;
}

#[tokio::test]
async fn a_close_frame_may_have_no_body_and_no_reason() {
    let server = Server::start().await;
    for (frame, seen) in [
        (None, (1005, "")),
        (
            Some(CloseFrame::new(CloseCode::new(3000).unwrap(), "")),
            (3000, ""),
        ),
    ] {
        let mut client = Client::at(ApiLevel::NEWEST);
        let mut peer = client.open_to(&server).await;
        let sent = frame.as_ref().map(|_| (seen.0, seen.1.to_owned()));
        client.socket.close_with(frame).unwrap();
        assert_eq!(close_frame(&mut peer).await, sent);
        assert_eq!(client.rest().await, [Seen::Close(seen.0, seen.1.into())]);
    }
}

#[tokio::test]
async fn codes_that_must_not_be_sent_are_replaced_by_1000() {
    for (asked, sent) in [
        (1000, 1000),
        (1003, 1003),
        (1004, 1000),
        (1005, 1000),
        (1006, 1000),
        (1007, 1007),
        (1014, 1014),
        (1015, 1000),
        (1016, 1000),
        (2999, 1000),
        (3000, 3000),
        (4999, 4999),
        (5000, 1000),
        (0, 1000),
        (65536 + 1001, 1000),
        (u32::MAX, 1000),
    ] {
        let server = Server::start().await;
        let mut client = Client::new();
        let mut peer = client.open_to(&server).await;

        client.socket.close(close_options(asked, "x")).unwrap();

        assert_eq!(close_frame(&mut peer).await, Some((sent, "x".into())));
        assert_eq!(client.rest().await, [Seen::Close(sent, "x".into())]);
    }
}

#[tokio::test]
async fn the_default_reason_depends_on_the_level_and_long_ones_are_cut_between_characters() {
    let long = "€".repeat(42);
    let cut = "€".repeat(41);
    for (api, reason, expected) in [
        (10, None, ""),
        (11, Some(""), ""),
        (12, None, "CLOSE_NORMAL"),
        (26, Some(""), "CLOSE_NORMAL"),
        (26, Some("mine"), "mine"),
        (10, Some(&*long), &*cut),
    ] {
        let server = Server::start().await;
        let mut client = Client::at(level(api));
        let mut peer = client.open_to(&server).await;

        let options = CloseOptions {
            code: None,
            reason: reason.map(str::to_owned),
        };
        client.socket.close(options).unwrap();

        let frame = close_frame(&mut peer).await;
        assert_eq!(frame, Some((1000, expected.into())), "level {api}");
        assert_eq!(client.rest().await, [Seen::Close(1000, expected.into())]);
    }
}

#[tokio::test]
async fn what_was_sent_before_close_goes_first() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;

    for n in 0..1000 {
        client.send(&n.to_string()).unwrap();
    }
    client.socket.send_binary(vec![1; 4 << 20]).unwrap();
    client.close().unwrap();

    for n in 0..1000 {
        assert_eq!(message(&mut peer).await.as_text(), Some(&*n.to_string()));
    }
    assert_eq!(message(&mut peer).await.len(), 4 << 20);
    assert_eq!(close_frame(&mut peer).await, Some((1000, "".into())));
    let mut sent = 0;
    for seen in client.rest().await {
        match seen {
            Seen::Sent(through) => sent = through,
            other => assert_eq!(other, Seen::Close(1000, "".into())),
        }
    }
    assert_eq!(sent, 1001);
}

#[tokio::test]
async fn a_second_close_and_one_without_a_connection_are_2302999() {
    let server = Server::start().await;
    let mut client = Client::new();
    let refused = |client: &Client| assert_other_error(&client.close().unwrap_err(), 2302999);
    refused(&client);

    let mut peer = client.open_to(&server).await;
    client.close().unwrap();
    refused(&client);
    close_frame(&mut peer).await;
    client.rest().await;
    refused(&client);
}

#[tokio::test]
async fn before_open_close_cancels_the_attempt_and_its_event_comes() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    client.send("never").unwrap();
    let mut attempt = server.accept_raw().await;
    assert_eq!(client.socket.ready_state(), ReadyState::Connecting);

    client.socket.close(close_options(3000, "no")).unwrap();

    let events = client.rest().await;
    let [Seen::SendFailed(1, 1, error), Seen::Close(3000, reason)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!((error.code, error.cause_name()), (-1, Some("closed")));
    assert_eq!(reason, "no");
    // The attempt is gone, not only forgotten.
    attempt.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test]
async fn before_the_network_thread_runs_close_cancels_as_well() {
    let server = Server::start().await;
    let mut client = Client::new();
    client.connect(server.url()).unwrap();
    client.close().unwrap();
    assert_eq!(client.rest().await, [Seen::Close(1000, "".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_the_close_frame_has_five_seconds() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_raw(&server).await;

    client.close().unwrap();
    // It has the frame, and says nothing.
    let mut frame = [0; 8];
    peer.read_exact(&mut frame).await.unwrap();
    clock.advance(Duration::from_millis(4900)).await;
    client.assert_silent().await;
    clock.advance(Duration::from_millis(200)).await;

    assert_eq!(client.rest().await, [Seen::Close(1000, "".into())]);
    peer.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_nothing_any_more_does_not_hold_a_close_up() {
    let clock = Frozen::clock();
    let server = Server::start().await;
    let mut client = Client::new();
    let _peer = client.open_raw(&server).await;

    for _ in 0..4 {
        client.socket.send_binary(vec![7; 5 << 20]).unwrap_err();
        client.socket.send_binary(vec![7; 4 << 20]).unwrap();
    }
    client.close().unwrap();
    // What still leaves for the peer's system, in real time, gives the peer more of the clock's.
    let rest = client.rest();
    let time_passes = async {
        for _ in 0..100_000 {
            clock.advance(Duration::from_millis(100)).await;
            tokio::task::yield_now().await;
        }
    };
    let events = tokio::select! {
        events = rest => events,
        () = time_passes => panic!("the close is held up"),
    };
    let [.., Seen::SendFailed(_, _, error), Seen::Close(1000, _)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(error.cause_name(), Some("closed"));
}

#[tokio::test]
async fn the_object_can_connect_again_from_inside_the_close_and_the_error_handler() {
    let server = Server::start().await;
    let mut client = Client::new();
    let (socket, url) = (client.socket.clone(), server.url());
    let mut again = 2;
    client.on_event(move |seen| {
        let ended = matches!(seen, Seen::Close(..) | Seen::Error(_));
        if ended && again > 0 && socket.ready_state() == ReadyState::Closed {
            again -= 1;
            socket
                .connect(&url, crate::connect::without_proxy())
                .unwrap();
        }
    });

    // Nobody answers: an error, and the object connects.
    let nobody = Server::start().await.stop();
    client.connect(format!("ws://{nobody}")).unwrap();
    assert_eq!(client.error().await.cause_name(), Some("refused"));
    assert_eq!(client.next().await, Seen::Idle);
    // The server closes: the object connects again.
    let mut peer = server.accept().await;
    peer.close(None).await.unwrap();
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));
    assert_eq!(client.next().await, Seen::Close(1005, "".into()));
    assert_eq!(client.next().await, Seen::Idle);
    // And it works.
    let mut peer = server.accept().await;
    peer.send("again".into()).await.unwrap();
    assert!(matches!(client.next().await, Seen::Headers(_)));
    assert!(matches!(client.next().await, Seen::Open { .. }));
    assert_eq!(client.next().await, Seen::Text("again".into()));
}

#[tokio::test]
async fn a_dropped_object_says_what_was_queued_and_goodbye_and_nothing_to_its_listener() {
    let server = Server::start().await;
    let mut client = Client::new();
    let mut peer = client.open_to(&server).await;
    client.send("last words").unwrap();

    let mut seen = client.let_go();

    assert_eq!(message(&mut peer).await, Message::from("last words"));
    assert_eq!(close_frame(&mut peer).await, Some((1001, "".into())));
    assert_eq!(seen.recv().await, None, "no events any more");
}

#[tokio::test]
async fn an_object_dropped_while_connecting_gives_up() {
    let server = Server::start().await;
    let client = Client::new();
    client.connect(server.url()).unwrap();
    let mut attempt = server.accept_raw().await;

    let mut seen = client.let_go();

    attempt.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(seen.recv().await, None, "no events");
}
