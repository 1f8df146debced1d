//! The end of a connection (RFC 6455, 7): agreed on, timed out, lost.
use std::sync::atomic::Ordering;
use std::time::Duration;

use arkws::{Cause, CloseCode, CloseFrame, Config, Error, Message, Phase, Role, SendError, State};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, advance, sleep};

use crate::common::{
    CLOSE, ROLES, Spy, TEXT, frame, next, open, pair, raw, read_frame, read_rest, tcp,
};

const TIMEOUT: Duration = Duration::from_secs(5);

fn bye(code: CloseCode) -> Option<CloseFrame> {
    Some(CloseFrame::new(code, "bye"))
}

#[tokio::test]
async fn either_end_can_close_and_both_learn_of_it() {
    for closer in ROLES {
        let (client, server) = pair(1024);
        let (mut here, mut there) = match closer {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        let close = async { here.close(bye(CloseCode::NORMAL)).await.unwrap() };
        let answer = async {
            let message = next(&mut there).await.unwrap().unwrap();
            assert_eq!(message, Message::Close(bye(CloseCode::NORMAL)));
            assert_eq!(there.state(), State::Closed);
            assert!(next(&mut there).await.is_none());
            assert!(next(&mut there).await.is_none());
        };
        let (frame, ()) = tokio::join!(close, answer);
        assert_eq!(frame.unwrap().code(), CloseCode::NORMAL);
        assert_eq!(here.state(), State::Closed);
    }
}

#[tokio::test]
async fn both_ends_may_close_at_the_same_time() {
    let (mut client, mut server) = pair(1024);
    let (from_server, from_client) = tokio::join!(
        client.close(bye(CloseCode::NORMAL)),
        server.close(bye(CloseCode::GOING_AWAY)),
    );
    assert_eq!(from_server.unwrap(), bye(CloseCode::GOING_AWAY));
    assert_eq!(from_client.unwrap(), bye(CloseCode::NORMAL));
}

#[tokio::test(start_paused = true)]
async fn a_server_ends_the_transport_first_and_a_client_waits_for_it() {
    // Given a client that has closed, the server answers and ends its side at once.
    let (mut server, mut far) = raw(Role::Server, Config::default());
    far.write_all(&frame(Role::Server, CLOSE, b"\x03\xE8"))
        .await
        .unwrap();
    let serve = async {
        assert!(next(&mut server).await.unwrap().unwrap().is_close());
        assert!(next(&mut server).await.is_none());
    };
    let read = async {
        assert_eq!(read_rest(&mut far).await, b"\x88\x02\x03\xE8");
        drop(far);
    };
    let start = Instant::now();
    tokio::join!(serve, read);
    assert_eq!(start.elapsed(), Duration::ZERO);

    // Given a server that has closed and does not end the transport, the client answers, waits, and
    // leaves it at that.
    let (mut client, mut far) = raw(Role::Client, Config::default());
    far.write_all(&frame(Role::Client, CLOSE, b"\x03\xE8"))
        .await
        .unwrap();
    assert!(next(&mut client).await.unwrap().unwrap().is_close());
    assert_eq!(read_frame(&mut far).await, (CLOSE, b"\x03\xE8".to_vec()));
    assert!(next(&mut client).await.is_none());
    assert_eq!(start.elapsed(), TIMEOUT);
}

/// That time runs from when the client waits, and not from when the close frame has come.
#[tokio::test(start_paused = true)]
async fn a_client_that_looks_late_waits_for_the_server_no_shorter() {
    let (mut client, mut far) = raw(Role::Client, Config::default());
    far.write_all(&frame(Role::Client, CLOSE, b"\x03\xE8"))
        .await
        .unwrap();
    assert!(next(&mut client).await.unwrap().unwrap().is_close());
    sleep(TIMEOUT - Duration::from_secs(1)).await;
    let start = Instant::now();
    assert!(next(&mut client).await.is_none());
    assert_eq!(start.elapsed(), TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_the_close_frame_times_out() {
    for role in ROLES {
        let (mut socket, mut far) = raw(role, Config::default());
        let start = Instant::now();
        assert!(socket.start_close(bye(CloseCode::NORMAL)));
        assert!(!socket.start_close(None));

        let error = next(&mut socket).await.unwrap().unwrap_err();
        assert!(
            matches!(error, Error::Timeout { phase: Phase::Close, limit } if limit == TIMEOUT),
            "{error}"
        );
        assert_eq!(
            error.to_string(),
            "the closing handshake took longer than 5s"
        );
        assert_eq!(start.elapsed(), TIMEOUT);
        assert!(next(&mut socket).await.is_none());
        assert_eq!(read_frame(&mut far).await.0, CLOSE);
        assert_eq!(read_rest(&mut far).await, b"");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_talks_on_for_ever_times_out_too() {
    let (mut socket, mut far) = raw(Role::Client, Config::default());
    socket.start_close(None);
    let word = frame(Role::Client, TEXT, b"and another thing");
    let mut messages = 0;
    let error = loop {
        far.write_all(&word).await.unwrap();
        match next(&mut socket).await.unwrap() {
            Ok(message) => assert!(message.is_text()),
            Err(error) => break error,
        }
        messages += 1;
        assert!(messages < 10);
        advance(Duration::from_secs(1)).await;
    };
    assert!(messages >= 5);
    assert_eq!(error.cause(), Cause::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_receive_for_long_still_finds_the_answer() {
    let (mut socket, mut far) = raw(Role::Client, Config::default());
    socket.start_close(None);
    socket.flush().await.unwrap();
    far.write_all(&frame(Role::Client, CLOSE, b""))
        .await
        .unwrap();
    drop(far);
    advance(TIMEOUT * 2).await;
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap(),
        Message::Close(None)
    );
    assert!(next(&mut socket).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn as_long_as_the_peer_takes_what_is_queued_it_has_time_to_close() {
    let (near, far) = tokio::io::duplex(1000);
    let mut socket = open(near, Role::Server, Config::default());
    socket.feed_binary(&[0; 20_000]).unwrap();
    let start = Instant::now();
    let peer = tokio::spawn(async move {
        let mut client = far;
        let mut left = 20_004 + 2;
        while left > 0 {
            sleep(Duration::from_secs(1)).await;
            left -= client.read(&mut [0; 1000]).await.unwrap();
        }
        client
            .write_all(&frame(Role::Server, CLOSE, b""))
            .await
            .unwrap();
        read_rest(&mut client).await
    });
    assert_eq!(socket.close(None).await.unwrap(), None);
    assert!(start.elapsed() > 2 * TIMEOUT);
    assert_eq!(peer.await.unwrap(), b"");
}

#[tokio::test]
async fn messages_that_arrive_before_the_answer_are_delivered_and_those_behind_it_are_not() {
    for role in ROLES {
        let (mut socket, mut far) = raw(role, Config::default());
        socket.start_close(None);
        let mut input = frame(role, TEXT, b"before");
        input.extend(frame(role, CLOSE, b""));
        input.extend(frame(role, TEXT, b"behind"));
        far.write_all(&input).await.unwrap();
        assert_eq!(
            next(&mut socket).await.unwrap().unwrap().as_text(),
            Some("before")
        );
        assert_eq!(
            next(&mut socket).await.unwrap().unwrap(),
            Message::Close(None)
        );
        far.write_all(&frame(role, TEXT, b"later")).await.unwrap();
        far.shutdown().await.unwrap();
        assert!(next(&mut socket).await.is_none());
    }
}

#[tokio::test]
async fn nothing_can_be_queued_behind_the_close_frame() {
    let (mut socket, _far) = raw(Role::Client, Config::default());
    socket.feed_message(Message::Close(None)).unwrap();
    for refused in [
        socket.feed_text("late"),
        socket.feed_binary(b"late"),
        socket.feed_ping(b"late"),
    ] {
        assert!(matches!(refused, Err(SendError::Closing)), "{refused:?}");
    }
    let unsent = socket.feed_message(Message::Close(None)).unwrap_err();
    assert!(matches!(unsent.error, SendError::Closing), "{unsent:?}");
    assert_eq!(unsent.message, Message::Close(None));
}

#[tokio::test]
async fn a_program_that_drops_the_socket_at_the_close_frame_has_answered_it() {
    let (mut socket, mut far) = raw(Role::Client, Config::default());
    far.write_all(&frame(Role::Client, CLOSE, b"\x03\xE9away"))
        .await
        .unwrap();
    assert!(next(&mut socket).await.unwrap().unwrap().is_close());
    drop(socket);
    assert_eq!(read_frame(&mut far).await, (CLOSE, b"\x03\xE9".to_vec()));
}

#[tokio::test]
async fn an_end_without_a_close_frame_is_a_lost_connection() {
    let whole = frame(Role::Client, TEXT, b"whole");
    let (cut, _) = whole.split_at(4);
    for last in [&[][..], &whole, cut] {
        let (mut socket, mut far) = raw(Role::Client, Config::default());
        far.write_all(last).await.unwrap();
        drop(far);
        if last.len() == whole.len() {
            assert!(next(&mut socket).await.unwrap().unwrap().is_text());
        }
        let error = next(&mut socket).await.unwrap().unwrap_err();
        assert_eq!(error.cause(), Cause::Reset);
        assert!(
            error.to_string().contains("without a closing handshake"),
            "{error}"
        );
        assert_eq!(socket.state(), State::Failed);
        assert!(next(&mut socket).await.is_none());
        let late = socket.feed_text("late");
        assert!(matches!(late, Err(SendError::Lost(_))), "{late:?}");
    }
}

#[tokio::test]
async fn a_reset_is_a_lost_connection() {
    let (near, far) = tcp().await;
    let mut socket = open(near, Role::Server, Config::default());
    // Closing with unread bytes resets.
    socket.send(Message::from("unread")).await.unwrap();
    far.readable().await.unwrap();
    drop(far);
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Reset);
    assert!(next(&mut socket).await.is_none());
    assert!(socket.flush().await.is_ok(), "nothing is queued");
}

#[tokio::test]
async fn a_peer_that_ends_only_its_own_side_still_gets_what_is_queued() {
    let (near, mut far) = tokio::io::duplex(100);
    let mut socket = open(near, Role::Server, Config::default());
    socket.feed_binary(&[7; 10_000]).unwrap();
    far.shutdown().await.unwrap();
    let (error, bytes) = tokio::join!(next(&mut socket), read_rest(&mut far));
    assert_eq!(error.unwrap().unwrap_err().cause(), Cause::Reset);
    assert_eq!(bytes.len(), 10_004);
    assert!(next(&mut socket).await.is_none());
}

#[tokio::test]
async fn a_peer_that_breaks_the_protocol_is_told_and_the_error_comes_once() {
    for role in ROLES {
        let (mut socket, mut far) = raw(role, Config::default());
        let mut input = frame(role, TEXT, b"fine");
        input.extend(frame(role, 0x83, b"reserved opcode"));
        input.extend(frame(role, TEXT, b"behind"));
        far.write_all(&input).await.unwrap();
        assert_eq!(
            next(&mut socket).await.unwrap().unwrap().as_text(),
            Some("fine")
        );
        let error = next(&mut socket).await.unwrap().unwrap_err();
        assert_eq!(error.cause(), Cause::Protocol);
        let (first, body) = read_frame(&mut far).await;
        assert_eq!((first, &body[..2]), (CLOSE, &1002u16.to_be_bytes()[..]));
        assert_eq!(read_rest(&mut far).await, b"");
        drop(far);
        assert!(next(&mut socket).await.is_none());
        assert!(next(&mut socket).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_breaks_the_protocol_and_does_not_read_costs_no_more_than_the_time_out() {
    let (near, mut far) = tokio::io::duplex(100);
    let mut socket = open(near, Role::Server, Config::default());
    socket.feed_binary(&[0; 1000]).unwrap();
    far.write_all(b"garbage").await.unwrap();
    let start = Instant::now();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Protocol);
    assert_eq!(start.elapsed(), TIMEOUT);
    assert!(next(&mut socket).await.is_none());
    assert_eq!(start.elapsed(), TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn after_an_error_a_peer_that_goes_on_is_read_to_its_end_but_not_for_ever() {
    let (mut socket, mut far) = raw(Role::Server, Config::default());
    far.write_all(b"garbage").await.unwrap();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Protocol);
    let start = Instant::now();
    let peer = tokio::spawn(async move {
        loop {
            far.write_all(&[0; 1000]).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
    });
    assert!(next(&mut socket).await.is_none());
    assert_eq!(start.elapsed(), TIMEOUT);
    peer.abort();
}

#[tokio::test]
async fn what_the_peer_sent_before_it_stopped_reading_is_received() {
    let (near, mut far) = tokio::io::duplex(1024);
    let (spy, seen) = Spy::new(near);
    let mut socket = open(spy, Role::Client, Config::default());
    let mut input = frame(Role::Client, TEXT, b"last words");
    input.extend(frame(Role::Client, CLOSE, b"\x03\xE9"));
    far.write_all(&input).await.unwrap();
    drop(far);
    seen.cannot_write.store(true, Ordering::Relaxed);

    let error = socket.send(Message::from("too late")).await.unwrap_err();
    assert_eq!(error.cause(), Cause::Reset);
    assert_eq!(socket.queued(), 0);
    let late = socket.feed_text("still too late");
    assert!(matches!(late, Err(SendError::Lost(_))), "{late:?}");
    assert_eq!(
        next(&mut socket).await.unwrap().unwrap().as_text(),
        Some("last words")
    );
    assert!(next(&mut socket).await.unwrap().unwrap().is_close());
    // It had closed, and that is why.
    let late = socket.feed_text("still too late");
    assert!(matches!(late, Err(SendError::Closing)), "{late:?}");
    assert!(next(&mut socket).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_takes_nothing_more_is_given_up_even_if_it_stays_open() {
    let (near, _far) = tokio::io::duplex(1024);
    let (spy, seen) = Spy::new(near);
    let mut socket = open(spy, Role::Client, Config::default());
    seen.cannot_write.store(true, Ordering::Relaxed);
    socket.feed_text("hello").unwrap();
    let start = Instant::now();
    let error = next(&mut socket).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("broken pipe"), "{error}");
    assert_eq!(error.cause(), Cause::Reset);
    assert_eq!(start.elapsed(), TIMEOUT);
    assert!(next(&mut socket).await.is_none());
}
