//! Messages, owned and borrowed.
use arkws_proto::{CloseFrame, Utf8Bytes};
use bytes::Bytes;

/// A message, owned: what the `Stream` yields and the `Sink` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A ping; the answer has been sent when the stream yields it.
    Ping(Bytes),
    /// A pong.
    Pong(Bytes),
    /// A close frame; the last message of a stream.
    Close(Option<CloseFrame>),
}

/// A message, borrowed from the connection's read buffer: nothing is allocated or copied.
///
/// This is [`arkws_proto::Event`]: `Text`, `Binary`, `Ping`, `Pong`, `Close`.
pub type MessageRef<'a> = arkws_proto::Event<'a>;
