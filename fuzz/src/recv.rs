//! Any bytes, in any reads, to a connection with any configuration.
use arkws_proto::connection::{RecvBuffer, Storage};
use arkws_proto::{Connection, Event, ProtocolError, State};
use bytes::{Buf, BufMut};

use crate::config::{AnyConfig, peer, role};
use crate::input::{Cuts, Input};

/// After an error there is the same error again; text is UTF-8; memory grows with what arrived;
/// what is answered are valid frames, which say why the connection failed. The ways to receive find
/// the same.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let role = role(&mut input);
    let config = AnyConfig::read(&mut input);
    let cuts = Cuts::new(input.byte());
    let bytes = input.rest();

    let mut connection = Connection::new(role, config.config());
    let whole = receive_in_reads(&mut connection, bytes, cuts.clone());
    let failure = whole.1.clone();

    // What was answered is valid, and says why the connection failed.
    let transmit = connection.transmit();
    let answers = transmit.copy_to_bytes(transmit.remaining());
    let mut other = Connection::new(peer(role), config.default_limits());
    receive(&mut other, &answers, &mut Vec::new()).expect("answers are valid frames");
    if failure.is_some() {
        assert_eq!(other.state(), State::Closed);
    }

    let mut connection = Connection::new(role, config.config());
    let buffered = receive_buffered(&mut connection, bytes, cuts);
    assert_eq!(whole, buffered);
}

/// What was found, and why it ended.
type Found = (Vec<Seen>, Option<ProtocolError>);

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl Seen {
    fn new(event: &Event<'_>) -> Seen {
        match event {
            Event::Text(text) => {
                let text = std::str::from_utf8(text.as_str().as_bytes());
                Seen::Text(text.expect("text is UTF-8").to_owned())
            }
            Event::Binary(data) => Seen::Binary(data.to_vec()),
            Event::Ping(data) => Seen::Ping(data.to_vec()),
            Event::Pong(data) => Seen::Pong(data.to_vec()),
            Event::Close(frame) => Seen::Close(
                frame
                    .as_ref()
                    .map(|frame| (frame.code().into(), frame.reason().to_owned())),
            ),
        }
    }
}

fn receive_in_reads(connection: &mut Connection, mut bytes: &[u8], cuts: Cuts) -> Found {
    let mut seen = Vec::new();
    let mut failure: Option<ProtocolError> = None;
    let mut arrived = 0;
    for len in cuts {
        if bytes.is_empty() {
            break;
        }
        let (read, rest) = bytes.split_at(len.min(bytes.len()));
        bytes = rest;
        arrived += read.len();
        let before = seen.len();
        let result = receive(connection, read, &mut seen);
        if let Some(error) = &failure {
            assert_eq!(
                result.as_ref(),
                Err(error),
                "a failed connection stays failed"
            );
            assert_eq!(seen.len(), before, "nothing comes after a failure");
        }
        failure = result.err();
        assert_eq!(failure.is_some(), connection.state() == State::Failed);
        // DEFLATE makes at most 1032 bytes of one, and a read of them is inflated in blocks.
        let most = 1032 * arrived + (256 << 10);
        assert!(connection.unfinished_memory() <= most);
    }
    (seen, failure)
}

/// As whoever has the bytes in memory does, and fills the buffer of a large message directly.
fn receive(
    connection: &mut Connection,
    mut read: &[u8],
    seen: &mut Vec<Seen>,
) -> Result<(), ProtocolError> {
    while !read.is_empty() {
        let direct = connection.direct_buffer().map(|mut buffer| {
            let len = read.len().min(buffer.remaining_mut());
            buffer.put_slice(&read[..len]);
            len
        });
        if let Some(len) = direct {
            read.advance(len);
            let event = connection.recv(&mut &mut [][..])?;
            seen.extend(event.iter().map(Seen::new));
            continue;
        }
        let mut bytes = read.to_vec();
        let mut input = &mut bytes[..];
        while let Some(event) = connection.recv(&mut input)? {
            seen.push(Seen::new(&event));
        }
        assert!(input.is_empty());
        return Ok(());
    }
    Ok(())
}

/// As a driver of a network does.
fn receive_buffered(connection: &mut Connection, mut bytes: &[u8], mut cuts: Cuts) -> Found {
    let mut buffer = RecvBuffer::reading(Storage::zeroed(1 << 10), 1 << 9);
    let mut seen = Vec::new();
    while !bytes.is_empty() {
        let room = buffer.room();
        let len = cuts
            .next()
            .map_or(1, |len| len.min(bytes.len()).min(room.len()));
        assert!(len > 0, "there is always room");
        let (read, rest) = bytes.split_at(len);
        room[..len].copy_from_slice(read);
        buffer.add_filled(len);
        bytes = rest;
        loop {
            match connection.recv_buffered(&mut buffer) {
                Ok(Some(_)) => seen.extend(buffer.take_event().iter().map(Seen::new)),
                Ok(None) => break,
                Err(error) => return (seen, Some(error)),
            }
        }
    }
    // What is left of a message is looked at when it is moved out of the buffer.
    (seen, connection.take_incomplete(&mut buffer).err())
}
