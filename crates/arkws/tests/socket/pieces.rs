//! One message, sent or received in pieces.
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use arkws::{
    Cause, CloseCode, CloseFrame, Config, DeflateConfig, DeflateParams, Error, Limits, Message,
    MessageKind, Negotiated, Role, SendError, WebSocket,
};
use futures_util::poll;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};

use crate::common::{BINARY, CLOSE, PING, PONG, TEXT, frame, next, pair, raw, read_frame};

/// The first byte of a frame that is neither the first nor the last.
const CONTINUATION: u8 = 0;
/// That of the last.
const LAST: u8 = 0x80;

const NO_LIMIT: u64 = u64::MAX;

/// Both ends, with compression agreed on.
fn compressed(buffer: usize, params: DeflateParams) -> [WebSocket<DuplexStream>; 2] {
    let (near, far) = tokio::io::duplex(buffer);
    let negotiated = || Negotiated {
        deflate: Some(params),
        ..Negotiated::default()
    };
    [(near, Role::Client), (far, Role::Server)]
        .map(|(io, role)| WebSocket::from_handshake(io, role, Config::default(), negotiated(), &[]))
}

fn deflate_params(no_context_takeover: bool) -> DeflateParams {
    let DeflateConfig {
        level, min_size, ..
    } = DeflateConfig::default();
    DeflateParams {
        server_no_context_takeover: no_context_takeover,
        client_no_context_takeover: no_context_takeover,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level,
        min_size,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_of_any_sizes_make_the_message_again(
        data in prop_oneof![
            vec(any::<u8>(), 0..5000),
            (0..200_000_usize).prop_map(|len| vec![7; len]),
        ],
        written in vec(prop_oneof![1..50_usize, 1..70_000_usize], 1..5),
        flushed in any::<bool>(),
        read in vec(prop_oneof![1..50_usize, 1..70_000_usize], 1..5),
        buffer in prop_oneof![20..100_usize, 1..100_000_usize],
        deflate in proptest::option::of(any::<bool>()),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let [mut near, mut far] = match deflate {
                None => pair(buffer).into(),
                Some(forgets) => compressed(buffer, deflate_params(forgets)),
            };
            let write = async {
                // Twice, so that what the first has left behind shows.
                for _ in 0..2 {
                    let mut writer = near.message_writer(MessageKind::Binary);
                    let mut rest = &data[..];
                    for size in written.iter().cycle() {
                        let (piece, behind) = rest.split_at((*size).min(rest.len()));
                        writer.write_all(piece).await.unwrap();
                        if flushed {
                            writer.flush().await.unwrap();
                        }
                        rest = behind;
                        if rest.is_empty() {
                            break;
                        }
                    }
                    writer.finish().await.unwrap();
                }
            };
            let receive = async {
                for _ in 0..2 {
                    let mut reader = far.message_reader(NO_LIMIT).await.unwrap().unwrap();
                    assert_eq!(reader.kind(), MessageKind::Binary);
                    let mut received = Vec::new();
                    for size in read.iter().cycle() {
                        let mut buffer = vec![0; *size];
                        match reader.read(&mut buffer).await.unwrap() {
                            0 => break,
                            len => received.extend_from_slice(&buffer[..len]),
                        }
                    }
                    assert!(received == data);
                }
            };
            tokio::join!(write, receive);
        });
    }
}

#[tokio::test]
async fn a_message_leaves_in_fragments_between_which_pings_are_answered() {
    let (socket, mut far) = raw(Role::Server, Config::default());
    let (mut sender, mut receiver) = socket.split();
    let mut writer = sender.message_writer(MessageKind::Text);
    // A character of which the first byte is in one frame and the rest in another.
    writer
        .write_all("a€".split_at(1).0.as_bytes())
        .await
        .unwrap();
    writer.write_all(&"€".as_bytes()[..1]).await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(
        read_frame(&mut far).await,
        (TEXT & !LAST, "a€".as_bytes()[..2].to_vec())
    );

    far.write_all(&frame(Role::Server, PING, b"?"))
        .await
        .unwrap();
    assert_eq!(
        receiver.recv().await.unwrap().unwrap(),
        Message::Ping("?".into())
    );
    assert!(poll!(pin!(receiver.recv())).is_pending());
    assert_eq!(read_frame(&mut far).await, (PONG, b"?".to_vec()));

    writer.feed_ping(b"mine").unwrap();
    writer.write_all(&"€".as_bytes()[1..]).await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(read_frame(&mut far).await, (PING, b"mine".to_vec()));
    let second = (CONTINUATION, "€".as_bytes()[1..].to_vec());
    assert_eq!(read_frame(&mut far).await, second);

    writer.finish().await.unwrap();
    assert_eq!(read_frame(&mut far).await, (LAST, Vec::new()));
    assert_eq!(sender.stats().messages_sent, 1);
    // What follows is a message of its own.
    sender.send(Message::from("next")).await.unwrap();
    assert_eq!(read_frame(&mut far).await, (TEXT, b"next".to_vec()));
}

#[tokio::test]
async fn a_short_message_is_one_frame() {
    let (mut socket, mut far) = raw(Role::Server, Config::default());
    let mut writer = socket.message_writer(MessageKind::Binary);
    writer.write_all(b"one, ").await.unwrap();
    writer.write_all(b"two").await.unwrap();
    writer.shutdown().await.unwrap();
    let late = writer.write_all(b"three").await.unwrap_err();
    assert_eq!(late.kind(), io::ErrorKind::BrokenPipe);
    drop(writer);
    assert_eq!(read_frame(&mut far).await, (BINARY, b"one, two".to_vec()));
    socket
        .message_writer(MessageKind::Text)
        .finish()
        .await
        .unwrap();
    assert_eq!(read_frame(&mut far).await, (TEXT, Vec::new()));
}

#[tokio::test]
async fn writing_waits_while_the_peer_takes_nothing() {
    let (mut near, mut far) = pair(1000);
    let mut writer = near.message_writer(MessageKind::Binary);
    let mut written = 0;
    while let Poll::Ready(len) = poll!(pin!(writer.write(&[7; 10_000]))) {
        written += len.unwrap();
    }
    // The queue, and a fragment that waits for room.
    assert!(
        written <= Config::DEFAULT_WRITE_BUFFER + 3 * (16 << 10),
        "{written}"
    );
    let read = async {
        let mut reader = far.message_reader(NO_LIMIT).await.unwrap().unwrap();
        tokio::io::copy(&mut reader, &mut tokio::io::sink())
            .await
            .unwrap()
    };
    let (finished, read) = tokio::join!(writer.finish(), read);
    finished.unwrap();
    assert_eq!(read as usize, written);
}

#[tokio::test]
async fn a_message_that_is_dropped_before_its_end_closes_the_connection() {
    for splits in [false, true] {
        let (near, mut far) = pair(1 << 20);
        if splits {
            let (mut sender, mut receiver) = near.split();
            let mut writer = sender.message_writer(MessageKind::Binary);
            writer.write_all(&[7; 20_000]).await.unwrap();
            drop(writer);
            sender.flush().await.unwrap();
            tokio::spawn(async move { while receiver.recv().await.is_some() {} });
        } else {
            let mut near = near;
            let mut writer = near.message_writer(MessageKind::Binary);
            writer.write_all(&[7; 20_000]).await.unwrap();
            drop(writer);
            let refused = near.send(Message::from("late")).await.unwrap_err();
            assert_eq!(refused.cause(), Cause::Closed);
            tokio::spawn(async move { while near.recv().await.is_some() {} });
        }
        // The peer gets no message, but learns why.
        match next(&mut far).await.unwrap().unwrap() {
            Message::Close(Some(frame)) => {
                assert_eq!(frame.code(), CloseCode::INTERNAL_ERROR);
                assert_eq!(frame.reason(), "a message was not finished");
            }
            other => panic!("{other:?}"),
        }
        assert!(next(&mut far).await.is_none());
    }
}

#[tokio::test]
async fn a_message_of_which_nothing_has_left_can_be_dropped() {
    let (mut near, mut far) = pair(1 << 20);
    let mut writer = near.message_writer(MessageKind::Text);
    writer.write_all(b"never mind").await.unwrap();
    drop(writer);
    near.send(Message::from("text")).await.unwrap();
    assert_eq!(next(&mut far).await.unwrap().unwrap(), "text".into());
}

#[tokio::test]
async fn no_message_follows_one_whose_writer_was_leaked() {
    let (mut near, _far) = pair(1 << 20);
    let mut writer = near.message_writer(MessageKind::Text);
    writer.write_all(b"text").await.unwrap();
    writer.flush().await.unwrap();
    std::mem::forget(writer);
    let refused = near.feed_text("another").unwrap_err();
    assert!(matches!(refused, SendError::UnfinishedMessage), "{refused}");
    assert!(near.start_close(None));
}

#[tokio::test]
async fn what_is_not_utf8_is_not_sent_as_text() {
    let (mut near, mut far) = pair(1 << 20);
    // A byte that no text has; and a text that ends within a character.
    let mut writer = near.message_writer(MessageKind::Text);
    for _ in 0..2 {
        let error = writer.write_all(&[0xFF]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
    drop(writer);
    let mut writer = near.message_writer(MessageKind::Text);
    writer.write_all(&"€".as_bytes()[..2]).await.unwrap();
    let error = io::Error::from(writer.finish().await.unwrap_err());
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    // Nothing has left of either.
    near.send(Message::from("text")).await.unwrap();
    assert_eq!(next(&mut far).await.unwrap().unwrap(), "text".into());
    // Unless something has.
    let mut writer = near.message_writer(MessageKind::Text);
    writer.write_all(b"text").await.unwrap();
    writer.flush().await.unwrap();
    writer.write_all(&[0xFF]).await.unwrap_err();
    drop(writer);
    assert_ne!(near.state(), arkws::State::Open);
}

#[tokio::test]
async fn a_message_is_read_as_it_arrives() {
    let (mut socket, mut far) = raw(Role::Client, Config::default());
    assert!(poll!(pin!(socket.message_reader(NO_LIMIT))).is_pending());
    far.write_all(&[BINARY & !LAST, 5]).await.unwrap();
    let mut reader = socket.message_reader(NO_LIMIT).await.unwrap().unwrap();
    assert_eq!(reader.kind(), MessageKind::Binary);
    let mut buffer = [0; 100];
    assert!(poll!(pin!(reader.read(&mut buffer))).is_pending());
    far.write_all(b"hel").await.unwrap();
    assert_eq!(reader.read(&mut buffer[..2]).await.unwrap(), 2);
    assert_eq!(reader.read(&mut buffer[2..]).await.unwrap(), 1);
    far.write_all(b"lo").await.unwrap();
    assert_eq!(reader.chunk().await.unwrap().unwrap(), "lo");
    assert!(poll!(pin!(reader.chunk())).is_pending());
    far.write_all(&frame(Role::Client, PING, b"between"))
        .await
        .unwrap();
    far.write_all(&frame(Role::Client, LAST, b" world"))
        .await
        .unwrap();
    far.write_all(&frame(Role::Client, TEXT, b"next"))
        .await
        .unwrap();
    assert_eq!(reader.chunk().await.unwrap().unwrap(), " world");
    assert_eq!(reader.chunk().await.unwrap(), None);
    assert_eq!(reader.read(&mut buffer).await.unwrap(), 0);
    drop(reader);
    assert_eq!(next(&mut socket).await.unwrap().unwrap(), "next".into());
    assert!(poll!(pin!(socket.recv())).is_pending());
    assert_eq!(read_frame(&mut far).await, (PONG, b"between".to_vec()));
}

/// A transport at the other end that is written to until no more is taken.
async fn fill(far: &mut DuplexStream, bytes: &[u8]) -> usize {
    let mut written = 0;
    while let Poll::Ready(len) = poll!(std::future::poll_fn(
        |cx| Pin::new(&mut *far).poll_write(cx, bytes)
    )) {
        written += len.unwrap();
    }
    written
}

#[tokio::test]
async fn a_frame_of_any_length_takes_little_memory_and_makes_the_peer_wait() {
    const FRAME: u64 = 10 << 30;
    let limits = Limits {
        max_frame_size: FRAME,
        ..Limits::default()
    };
    let config = Config {
        limits,
        // What is incomplete must not grow beyond this.
        unfinished_budget: Some(arkws::UnfinishedBudget::new(1 << 20)),
        ..Config::default()
    };
    let (mut socket, mut far) = raw(Role::Client, config);
    let mut header = vec![BINARY, 127];
    header.extend_from_slice(&FRAME.to_be_bytes());
    far.write_all(&header).await.unwrap();
    let mut reader = socket.message_reader(FRAME).await.unwrap().unwrap();
    let mut received = 0;
    let mut sent = 0;
    for _ in 0..20 {
        sent += fill(&mut far, &[7; 100_000]).await;
        let ahead = sent - received;
        assert!(ahead <= (1 << 20) + (256 << 10), "{ahead}");
        let chunk = reader.chunk().await.unwrap().unwrap();
        assert!(chunk.len() <= 256 << 10, "{}", chunk.len());
        received += chunk.len();
    }
    assert!(received > 20 * 1000, "{received}");
}

#[tokio::test]
async fn the_rest_of_a_message_that_nobody_reads_is_discarded() {
    for (deflate, leaked) in [
        (None, false),
        (None, true),
        (Some(false), false),
        (Some(true), true),
    ] {
        let [mut near, mut far] = match deflate {
            None => pair(1000).into(),
            Some(no_context_takeover) => compressed(1000, deflate_params(no_context_takeover)),
        };
        let write = async {
            let mut writer = near.message_writer(MessageKind::Text);
            for _ in 0..100 {
                writer
                    .write_all("größer ".repeat(100).as_bytes())
                    .await
                    .unwrap();
                writer.flush().await.unwrap();
            }
            writer.finish().await.unwrap();
            near.send(Message::from("größer")).await.unwrap();
        };
        let receive = async {
            let mut reader = far.message_reader(NO_LIMIT).await.unwrap().unwrap();
            assert_eq!(reader.kind(), MessageKind::Text);
            assert!(!reader.chunk().await.unwrap().unwrap().is_empty());
            match leaked {
                false => drop(reader),
                true => std::mem::forget(reader),
            }
            assert_eq!(next(&mut far).await.unwrap().unwrap(), "größer".into());
        };
        tokio::join!(write, receive);

        // So does the next reader, of however little.
        let write = async {
            let mut writer = near.message_writer(MessageKind::Binary);
            writer.write_all(&[7; 100_000]).await.unwrap();
            writer.finish().await.unwrap();
            near.send(Message::from("text")).await.unwrap();
        };
        let receive = async {
            let reader = far.message_reader(NO_LIMIT).await.unwrap().unwrap();
            match leaked {
                false => drop(reader),
                true => std::mem::forget(reader),
            }
            let mut reader = far.message_reader(10).await.unwrap().unwrap();
            let mut text = String::new();
            reader.read_to_string(&mut text).await.unwrap();
            assert_eq!(text, "text");
        };
        tokio::join!(write, receive);
    }
}

#[tokio::test]
async fn a_message_that_is_read_has_a_limit() {
    let (mut near, far) = pair(1 << 20);
    let (_sender, mut receiver) = far.split();
    let mut writer = near.message_writer(MessageKind::Binary);
    writer.write_all(&[7; 20_000]).await.unwrap();
    writer.flush().await.unwrap();
    let mut reader = receiver.message_reader(30_000).await.unwrap().unwrap();
    let mut read = 0;
    while read < 20_000 {
        read += reader.chunk().await.unwrap().unwrap().len();
    }
    writer.write_all(&[7; 20_000]).await.unwrap();
    writer.flush().await.unwrap();
    let error = reader.chunk().await.unwrap_err();
    assert_eq!(error.cause(), Cause::TooBig);
}

#[tokio::test]
async fn a_close_in_the_midst_of_a_message_is_an_error() {
    let (mut socket, mut far) = raw(Role::Server, Config::default());
    far.write_all(&frame(Role::Server, TEXT & !LAST, b"unfinished"))
        .await
        .unwrap();
    let mut reader = socket.message_reader(NO_LIMIT).await.unwrap().unwrap();
    far.write_all(&frame(Role::Server, CLOSE, b""))
        .await
        .unwrap();
    let mut read = String::new();
    let error = reader.read_to_string(&mut read).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    let source = error.get_ref().and_then(|error| error.downcast_ref());
    assert!(matches!(source, Some(Error::IncompleteMessage)), "{error}");
    drop(reader);
    assert!(socket.message_reader(NO_LIMIT).await.is_none());
    assert_eq!(socket.peer_close(), None);
}

/// Of whichever end; where it came before the message, too.
#[tokio::test]
async fn the_close_frame_that_a_reader_passes_over_is_kept() {
    for reads_whole in [true, false] {
        let (mut socket, mut far) = raw(Role::Server, Config::default());
        let close = frame(Role::Server, CLOSE, b"\x0f\xa0because");
        far.write_all(&close).await.unwrap();
        drop(far);
        let expected = CloseFrame::new(CloseCode::new(4000).unwrap(), "because");

        assert_eq!(socket.peer_close(), None);
        if reads_whole {
            let message = socket.recv().await.unwrap().map(Message::from);
            assert_eq!(message.unwrap(), Message::from(expected.clone()));
            assert_eq!(socket.peer_close(), Some(expected));
        } else {
            let (_sender, mut receiver) = socket.split();
            assert!(receiver.message_reader(NO_LIMIT).await.is_none());
            assert_eq!(receiver.peer_close(), Some(expected));
        }
    }
}

#[tokio::test]
async fn both_halves_take_a_long_message_at_once() {
    const LEN: u64 = 5_000_000;
    let (near, far) = pair(10_000);
    let (mut to_far, mut from_far) = near.split();
    let (mut to_near, mut from_near) = far.split();
    let echo = async {
        let mut reader = from_near.message_reader(LEN).await.unwrap().unwrap();
        let mut writer = to_near.message_writer(reader.kind());
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        writer.finish().await.unwrap();
    };
    let send = async {
        let mut writer = to_far.message_writer(MessageKind::Binary);
        let mut long = tokio::io::repeat(7).take(LEN);
        tokio::io::copy(&mut long, &mut writer).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let receive = async {
        let mut reader = from_far.message_reader(LEN).await.unwrap().unwrap();
        tokio::io::copy(&mut reader, &mut tokio::io::sink())
            .await
            .unwrap()
    };
    let ((), (), received) = tokio::join!(echo, send, receive);
    assert_eq!(received, LEN);
}
