//! Messages that a program writes, or reads, in pieces.
use std::time::Duration;

use arkws::{
    CloseCode, CloseFrame, Error, Message, MessageKind, Receiver, Sender, State, Transport,
};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};

use crate::program::{At, Recorder};

/// Writes a message. `false`: nothing more can be sent, or is to be.
pub(crate) async fn send(
    sender: &mut Sender<Transport>,
    message: Message,
    pieces: &[(usize, Duration)],
    ends: bool,
    recorder: &Recorder,
) -> bool {
    let (kind, bytes) = match &message {
        Message::Text(text) => (MessageKind::Text, text.as_bytes()),
        Message::Binary(data) => (MessageKind::Binary, &data[..]),
        _ => unreachable!("a message"),
    };
    let mut left = bytes;
    let mut writer = sender.message_writer(kind);
    for &(len, wait) in pieces {
        let (piece, rest) = left.split_at(len);
        left = rest;
        let since = Instant::now();
        let written = async {
            writer.write_all(piece).await?;
            writer.flush().await
        };
        if let Err(error) = written.await {
            recorder.flushed(since, None, Err(error.downcast().expect("of arkws")));
            return false;
        }
        recorder.flushed(since, None, Ok(()));
        if !wait.is_zero() {
            let since = Instant::now();
            sleep(wait).await;
            recorder.record().gaps.push((since, Instant::now()));
        }
    }
    if !ends {
        drop(writer);
        // Unless the connection had come to its end before.
        let closes = sender.state() == State::CloseSent && !recorder.is_told();
        let frame = CloseFrame::new(CloseCode::INTERNAL_ERROR, "a message was not finished");
        recorder.close_started(&Some(frame), closes);
        return false;
    }
    let since = Instant::now();
    if let Err(error) = writer.write_all(left).await {
        recorder.flushed(since, None, Err(error.downcast().expect("of arkws")));
        return false;
    }
    // It arrives before this is told.
    let at = Instant::now();
    let what = message.clone();
    recorder.record().sent.push(At { at, what });
    let finished = writer.finish().await;
    recorder.record().in_doubt = finished.is_err();
    let is_well = finished.is_ok();
    recorder.flushed(since, None, finished);
    is_well
}

/// Reads the next message. As `recv`, but that pings and pongs are passed over, and that the peer's
/// close frame is told when the transport has ended.
pub(crate) async fn receive(
    receiver: &mut Receiver<Transport>,
    recorder: &Recorder,
) -> Option<Result<Message, Error>> {
    if recorder.is_told() {
        return receiver.recv().await;
    }
    match read(receiver).await {
        Some(Err(Error::IncompleteMessage)) | None => {
            Some(Ok(Message::Close(receiver.peer_close())))
        }
        message => message,
    }
}

async fn read(receiver: &mut Receiver<Transport>) -> Option<Result<Message, Error>> {
    let mut reader = match receiver.message_reader(1 << 30).await? {
        Ok(reader) => reader,
        Err(error) => return Some(Err(error)),
    };
    let mut content = Vec::new();
    loop {
        match reader.chunk().await {
            Ok(Some(piece)) => content.extend_from_slice(&piece),
            Ok(None) => break,
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(match reader.kind() {
        MessageKind::Text => Message::from(String::from_utf8(content).expect("it was checked")),
        MessageKind::Binary => Message::from(content),
    }))
}
