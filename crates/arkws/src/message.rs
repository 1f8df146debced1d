//! Messages, owned and borrowed.
use std::fmt;

use arkws_proto::{CloseFrame, Utf8Bytes};
use bytes::{Bytes, BytesMut};

/// A message, owned: what the `Stream` yields and the `Sink` takes.
///
/// ```
/// use arkws::Message;
///
/// let text = Message::from("hello");
/// assert_eq!(text.as_text(), Some("hello"));
/// assert_eq!(text.len(), 5);
///
/// let bytes = Message::from(vec![1, 2, 3]);
/// assert!(bytes.is_binary() && bytes.is_data());
/// assert_eq!(&bytes.into_bytes()[..], [1, 2, 3]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A ping; its answer is in the output queue when the stream yields it. To be sent: at most 125
    /// bytes.
    Ping(Bytes),
    /// A pong. To be sent: at most 125 bytes.
    Pong(Bytes),
    /// A close frame; the last message of a stream.
    Close(Option<CloseFrame>),
}

/// A message, borrowed from the connection: most small ones lie in its read buffer, and are not
/// copied (see [fast paths](crate#fast-paths)).
///
/// This is [`arkws_proto::Event`]: `Text`, `Binary`, `Ping`, `Pong`, `Close`. `Message::from` makes
/// it an owned [`Message`].
pub type MessageRef<'a> = arkws_proto::Event<'a>;

impl Message {
    /// A text message.
    pub fn text(text: impl Into<Utf8Bytes>) -> Message {
        Message::Text(text.into())
    }

    /// A binary message.
    pub fn binary(data: impl Into<Bytes>) -> Message {
        Message::Binary(data.into())
    }

    /// Is it text?
    pub const fn is_text(&self) -> bool {
        matches!(self, Message::Text(_))
    }

    /// Is it bytes?
    pub const fn is_binary(&self) -> bool {
        matches!(self, Message::Binary(_))
    }

    /// Is it text or bytes, not a ping, pong or close frame?
    pub const fn is_data(&self) -> bool {
        matches!(self, Message::Text(_) | Message::Binary(_))
    }

    /// Is it a ping?
    pub const fn is_ping(&self) -> bool {
        matches!(self, Message::Ping(_))
    }

    /// Is it a pong?
    pub const fn is_pong(&self) -> bool {
        matches!(self, Message::Pong(_))
    }

    /// Is it a close frame?
    pub const fn is_close(&self) -> bool {
        matches!(self, Message::Close(_))
    }

    /// Length of the payload in bytes; of a close frame, that of its reason.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Is the payload empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The payload; of a close frame, its reason.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data,
            Message::Close(frame) => frame
                .as_ref()
                .map_or(&[], |frame| frame.reason().as_bytes()),
        }
    }

    /// The text of a text message.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Message::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a text message, without copying.
    pub fn into_text(self) -> Option<Utf8Bytes> {
        match self {
            Message::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The payload, without copying; of a close frame, its reason.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Message::Text(text) => text.into_bytes(),
            Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data,
            Message::Close(_) => Bytes::copy_from_slice(self.as_bytes()),
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Message {
        Message::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Message {
        Message::Text(text.into())
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Message {
        Message::Text(text)
    }
}

impl From<&[u8]> for Message {
    fn from(data: &[u8]) -> Message {
        Message::Binary(Bytes::copy_from_slice(data))
    }
}

impl From<Vec<u8>> for Message {
    fn from(data: Vec<u8>) -> Message {
        Message::Binary(data.into())
    }
}

impl From<Bytes> for Message {
    fn from(data: Bytes) -> Message {
        Message::Binary(data)
    }
}

impl From<BytesMut> for Message {
    fn from(data: BytesMut) -> Message {
        Message::Binary(data.freeze())
    }
}

impl From<CloseFrame> for Message {
    fn from(frame: CloseFrame) -> Message {
        Message::Close(Some(frame))
    }
}

/// As [`Message::into_bytes`].
impl From<Message> for Bytes {
    fn from(message: Message) -> Bytes {
        message.into_bytes()
    }
}

/// For people: a text as it is, a close frame by its code and reason, all else by its length.
///
/// ```
/// use arkws::{CloseCode, CloseFrame, Message};
///
/// assert_eq!(Message::from("hello").to_string(), "hello");
/// assert_eq!(Message::from(vec![1, 2, 3]).to_string(), "3 bytes");
/// let close = CloseFrame::new(CloseCode::NORMAL, "done");
/// assert_eq!(Message::from(close).to_string(), "close 1000: done");
/// ```
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Text(text) => text.fmt(f),
            Message::Binary(data) => write!(f, "{} bytes", data.len()),
            Message::Ping(data) => write!(f, "ping of {} bytes", data.len()),
            Message::Pong(data) => write!(f, "pong of {} bytes", data.len()),
            Message::Close(Some(frame)) => write!(f, "close {frame}"),
            Message::Close(None) => f.write_str("close"),
        }
    }
}

/// Copies what is borrowed; a payload that was put together in a buffer of its own, such as a large
/// one, moves.
impl From<MessageRef<'_>> for Message {
    fn from(message: MessageRef<'_>) -> Message {
        match message {
            MessageRef::Text(text) => Message::Text(text.into_utf8_bytes()),
            MessageRef::Binary(data) => Message::Binary(data.into_bytes()),
            MessageRef::Ping(data) => Message::Ping(data.into_bytes()),
            MessageRef::Pong(data) => Message::Pong(data.into_bytes()),
            MessageRef::Close(frame) => Message::Close(frame),
        }
    }
}
