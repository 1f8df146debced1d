//! What is sent after the end of a connection is refused for the reason of that end.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use arkws::{Cause, CloseFrame, Config, Error, Heartbeat, Message, Role, WebSocket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::time::sleep;

use crate::common::{CLOSE, ROLES, frame, next, open, raw, tcp};

/// All that sends, after the end: the causes of the errors.
async fn late<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocket<S>) -> Vec<Cause> {
    let mut errors: Vec<Error> = vec![
        socket.feed_text("late").unwrap_err().into(),
        socket.feed_binary(b"late").unwrap_err().into(),
        socket.feed_ping(b"late").unwrap_err().into(),
    ];
    for message in [
        Message::from("late"),
        Message::from(vec![0; 100_000]),
        Message::Ping(b"late"[..].into()),
        Message::Pong(b"late"[..].into()),
        Message::Close(None),
    ] {
        errors.push(socket.feed_message(message.clone()).unwrap_err().into());
        errors.push(socket.send(message).await.unwrap_err());
    }
    let whys: Vec<String> = errors.iter().map(Error::to_string).collect();
    assert!(
        whys.iter().all(|why| *why == whys[0] && !why.is_empty()),
        "{whys:?}"
    );
    errors.iter().map(Error::cause).collect()
}

/// Receives to the end; everything that is sent later, and `close`, fails for this reason.
async fn ends<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocket<S>, cause: Cause) {
    let error = loop {
        if let Err(error) = next(socket).await.expect("an error") {
            break error;
        }
    };
    assert_eq!(error.cause(), cause, "{error}");
    for _ in 0..2 {
        assert_eq!(late(socket).await, [cause; 13]);
        while next(socket).await.is_some() {}
    }
    let again = socket.close(None).await.unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    assert_eq!(again.cause(), cause);
}

#[tokio::test]
async fn a_reset() {
    for role in ROLES {
        let (near, far) = tcp().await;
        let mut socket = open(near, role, Config::default());
        far.set_zero_linger().unwrap();
        drop(far);
        ends(&mut socket, Cause::Reset).await;
    }
}

#[tokio::test]
async fn a_reset_that_was_noticed_when_writing() {
    let (near, far) = tcp().await;
    let mut socket = open(near, ROLES[0], Config::default());
    far.set_zero_linger().unwrap();
    drop(far);
    let error = loop {
        socket.feed_binary(&[0; 1000]).unwrap();
        if let Err(error) = socket.flush().await {
            break error;
        }
    };
    assert_eq!(error.cause(), Cause::Reset);
    assert_eq!(late(&mut socket).await, [Cause::Reset; 13]);
    let flushed = socket.flush().await.unwrap_err();
    assert_eq!(flushed.to_string(), error.to_string());
}

#[tokio::test]
async fn an_end_without_a_close() {
    for role in ROLES {
        let (mut socket, far) = raw(role, Config::default());
        drop(far);
        ends(&mut socket, Cause::Reset).await;
    }
}

#[tokio::test(start_paused = true)]
async fn silence() {
    let config = Config {
        heartbeat: Some(Heartbeat {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
        }),
        ..Config::default()
    };
    for role in ROLES {
        let (mut socket, _far) = raw(role, config.clone());
        ends(&mut socket, Cause::Heartbeat).await;
        // Also when it was noticed while somebody flushed.
        let (near, mut far) = tokio::io::duplex(1000);
        let no_limit = Config {
            write_timeout: None,
            ..config.clone()
        };
        let mut socket = open(near, role, no_limit);
        socket.feed_binary(&[0; 2_000]).unwrap();
        socket.feed_binary(&[0; 100_000]).unwrap();
        let peer = async {
            // The ping leaves between the messages.
            sleep(Duration::from_secs(31)).await;
            far.read_exact(&mut [0; 1_500]).await.unwrap();
        };
        let (flushed, ()) = tokio::join!(socket.flush(), peer);
        assert_eq!(flushed.unwrap_err().cause(), Cause::Heartbeat);
        ends(&mut socket, Cause::Heartbeat).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing() {
    for role in ROLES {
        let (near, _far) = tokio::io::duplex(10);
        let mut socket = open(near, role, Config::default());
        socket.feed_binary(&[0; 100]).unwrap();
        ends(&mut socket, Cause::Timeout).await;
    }
}

#[tokio::test]
async fn a_broken_protocol() {
    for role in ROLES {
        let (mut socket, mut far) = raw(role, Config::default());
        far.write_all(b"\xFF\xFF").await.unwrap();
        far.shutdown().await.unwrap();
        ends(&mut socket, Cause::Protocol).await;
    }
}

#[tokio::test]
async fn a_message_that_is_too_big() {
    let mut config = Config::default();
    config.limits.max_message_size = 10;
    for role in ROLES {
        let (mut socket, mut far) = raw(role, config.clone());
        far.write_all(&frame(role, 0x82, &[0; 11])).await.unwrap();
        far.shutdown().await.unwrap();
        ends(&mut socket, Cause::TooBig).await;
    }
}

/// A stream that TLS fails.
struct Forged;

impl AsyncRead for Forged {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let error = arkws::rustls::Error::DecryptError;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)))
    }
}

impl AsyncWrite for Forged {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn records_that_cannot_be_decrypted() {
    for role in ROLES {
        ends(&mut open(Forged, role, Config::default()), Cause::Tls).await;
    }
}

#[tokio::test]
async fn a_close_by_either_side() {
    for role in ROLES {
        let (mut socket, mut far) = raw(role, Config::default());
        socket.start_close(None);
        assert_eq!(late(&mut socket).await[..1], [Cause::Closed]);
        drop(socket);
        far.read_to_end(&mut Vec::new()).await.unwrap();

        let (mut socket, mut far) = raw(role, Config::default());
        let going = frame(role, CLOSE, b"\x03\xE9");
        far.write_all(&going).await.unwrap();
        far.shutdown().await.unwrap();
        let closed = next(&mut socket).await.unwrap().unwrap();
        let expected = CloseFrame::new(arkws::CloseCode::GOING_AWAY, "");
        assert_eq!(closed, Message::Close(Some(expected)));
        assert!(next(&mut socket).await.is_none());
        assert_eq!(late(&mut socket).await, [Cause::Closed; 13]);
        assert_eq!(socket.close(None).await.unwrap(), None);
    }
}

/// One to whose peer nothing can be written any more after so long.
fn stuck(near: DuplexStream, role: Role) -> WebSocket<DuplexStream> {
    let config = Config {
        write_timeout: Some(Duration::from_secs(1)),
        ..Config::default()
    };
    let mut socket = open(near, role, config);
    socket.feed_binary(&[0; 100]).unwrap();
    socket
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_the_peer_has_closed_does_not_change_the_end() {
    for role in ROLES {
        let (near, mut far) = tokio::io::duplex(20);
        let mut socket = stuck(near, role);
        far.write_all(&frame(role, CLOSE, b"\x03\xE9"))
            .await
            .unwrap();
        let closed = next(&mut socket).await.unwrap().unwrap();
        assert!(closed.is_close());
        // The message and the answer do not leave.
        let error = socket.flush().await.unwrap_err();
        assert_eq!(error.cause(), Cause::Closed, "{error}");
        assert!(next(&mut socket).await.is_none());
        assert_eq!(late(&mut socket).await, [Cause::Closed; 13]);
        assert_eq!(socket.close(None).await.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_the_peer_has_gone_does_not_change_the_end() {
    for role in ROLES {
        let (near, mut far) = tokio::io::duplex(20);
        let mut socket = stuck(near, role);
        // It has ended its side only, and could read on.
        far.shutdown().await.unwrap();
        ends(&mut socket, Cause::Reset).await;
    }
}

#[tokio::test]
async fn both_halves_of_a_split_socket_know_it() {
    let (socket, mut far) = raw(ROLES[0], Config::default());
    far.write_all(b"\xFF\xFF").await.unwrap();
    far.shutdown().await.unwrap();
    let (mut sender, mut receiver) = socket.split();
    let error = receiver.recv().await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::Protocol);
    let fed = sender.feed_message(Message::from("late")).unwrap_err();
    assert_eq!(Error::from(fed).cause(), Cause::Protocol);
    let sent = sender.send(Message::from("late")).await.unwrap_err();
    assert_eq!(sent.cause(), Cause::Protocol);
    assert!(sent.to_string().contains(&error.to_string()), "{sent}");
}
