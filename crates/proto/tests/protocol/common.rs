//! What the tests of the connection share: owned events, and ways to feed and drain a connection.
use arkws_proto::deflate::DeflateParams;
use arkws_proto::{Config, Connection, Event, ProtocolError, Role};
use bytes::{Buf, BufMut};

/// An [`Event`] without borrows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owned {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The status code, if there was one, and the reason.
    Close(Option<u16>, String),
}

impl From<Event<'_>> for Owned {
    fn from(event: Event<'_>) -> Owned {
        match event {
            Event::Text(text) => Owned::Text(text.as_str().to_owned()),
            Event::Binary(data) => Owned::Binary(data.to_vec()),
            Event::Ping(data) => Owned::Ping(data.to_vec()),
            Event::Pong(data) => Owned::Pong(data.to_vec()),
            Event::Close(None) => Owned::Close(None, String::new()),
            Event::Close(Some(frame)) => {
                Owned::Close(Some(frame.code().get()), frame.reason().to_owned())
            }
        }
    }
}

pub(crate) fn client() -> Connection {
    Connection::new(Role::Client, Config::default())
}

pub(crate) fn server() -> Connection {
    Connection::new(Role::Server, Config::default())
}

/// permessage-deflate with the default parameters of RFC 7692, for messages of any size.
pub(crate) fn deflate() -> DeflateParams {
    DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        level: 6,
        min_size: 0,
    }
}

pub(crate) fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// Passes one read to the connection; all events that came before an error, and the error.
pub(crate) fn feed(
    connection: &mut Connection,
    bytes: &[u8],
) -> (Vec<Owned>, Result<(), ProtocolError>) {
    let mut bytes = bytes.to_vec();
    let mut input = &mut bytes[..];
    let mut events = Vec::new();
    loop {
        match connection.recv(&mut input) {
            Ok(Some(event)) => events.push(event.into()),
            Ok(None) => {
                assert!(input.is_empty(), "all input is consumed");
                return (events, Ok(()));
            }
            Err(error) => return (events, Err(error)),
        }
    }
}

/// As [`feed`], for input without errors.
pub(crate) fn events(connection: &mut Connection, bytes: &[u8]) -> Vec<Owned> {
    let (events, result) = feed(connection, bytes);
    result.expect("valid input");
    events
}

/// Everything that waits for the transport.
pub(crate) fn drain(connection: &mut Connection) -> Vec<u8> {
    let transmit = connection.transmit();
    transmit.copy_to_bytes(transmit.remaining()).to_vec()
}

/// A frame as a person would write it: first byte, payload, and the masking key if it is a
/// client's.
pub(crate) fn frame(first: u8, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let masked = if key.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(masked | len as u8),
        len @ 126..=0xFFFF => {
            frame.push(masked | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(masked | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(key.into_iter().flatten());
    let key = key.unwrap_or_default();
    frame.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, k)| byte ^ k),
    );
    frame
}

/// Appends to the connection's own buffer; how many bytes it took.
pub(crate) fn put(connection: &mut Connection, bytes: &[u8]) -> Option<usize> {
    connection.direct_buffer().map(|mut buffer| {
        let len = bytes.len().min(buffer.remaining_mut());
        buffer.put_slice(&bytes[..len]);
        len
    })
}

/// What [`put`] has completed.
pub(crate) fn recv_appended(connection: &mut Connection) -> Result<Option<Owned>, ProtocolError> {
    let event = connection.recv(&mut &mut [][..])?;
    Ok(event.map(Owned::from))
}
