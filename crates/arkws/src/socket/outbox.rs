//! Queueing messages.
use std::fmt;

use arkws_proto::{Connection, MessageKind, RefusedPayload};
use bytes::Bytes;
use tokio::time::Instant;

use super::engine::{Engine, Output};
use crate::{Message, SendError, Unsent, Utf8Bytes};

/// Queues messages while a [`MessageRef`](crate::MessageRef) is borrowed: see
/// [`WebSocket::recv_with_outbox`](crate::WebSocket::recv_with_outbox).
///
/// What is queued leaves with the next flush, or when all that has been read is consumed.
pub struct Outbox<'a> {
    engine: &'a mut Engine,
}

impl<'a> Outbox<'a> {
    #[inline]
    pub(super) fn new(engine: &'a mut Engine) -> Outbox<'a> {
        Outbox { engine }
    }
}

impl Outbox<'_> {
    /// Queues a text message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    #[inline]
    pub fn feed_text(&mut self, text: &str) -> Result<(), SendError> {
        self.feed(|connection| connection.send_text(text))
    }

    /// Queues a binary message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    #[inline]
    pub fn feed_binary(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.feed(|connection| connection.send_binary(data))
    }

    /// Queues an owned message; large payloads are not copied. A [`Message::Close`] starts the
    /// closing handshake.
    ///
    /// # Errors
    /// Nothing was queued: the message is given back.
    pub fn feed_message(&mut self, message: Message) -> Result<(), Unsent> {
        let (message, error) = match message {
            Message::Text(text) => match self.feed_owned(MessageKind::Text, text.into_bytes()) {
                Ok(()) => return Ok(()),
                Err(refused) => {
                    let text = Utf8Bytes::try_from(refused.payload).expect("it was text");
                    (Message::Text(text), refused.error)
                }
            },
            Message::Binary(data) => match self.feed_owned(MessageKind::Binary, data) {
                Ok(()) => return Ok(()),
                Err(refused) => (Message::Binary(refused.payload), refused.error),
            },
            Message::Ping(data) => match self.connection().and_then(|it| it.send_ping(&data)) {
                Ok(_) => return Ok(()),
                Err(error) => (Message::Ping(data), error),
            },
            Message::Pong(data) => match self.connection().and_then(|it| it.send_pong(&data)) {
                Ok(_) => return Ok(()),
                Err(error) => (Message::Pong(data), error),
            },
            Message::Close(frame) => {
                let writes = self.engine.output != Output::Broken;
                if writes && self.engine.start_close(frame.clone(), Instant::now) {
                    return Ok(());
                }
                (Message::Close(frame), arkws_proto::SendError::Closing)
            }
        };
        let error = self.engine.refused(error);
        Err(Unsent { message, error })
    }

    fn feed_owned(&mut self, kind: MessageKind, payload: Bytes) -> Result<(), RefusedPayload> {
        let connection = match self.connection() {
            Ok(connection) => connection,
            Err(error) => return Err(RefusedPayload { error, payload }),
        };
        connection.send_owned(kind, payload)?;
        self.engine.stats.messages_sent += 1;
        Ok(())
    }

    /// Queues the next fragment of a message, which `last` ends.
    pub(super) fn feed_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        last: bool,
    ) -> Result<(), SendError> {
        match self
            .connection()
            .and_then(|it| it.send_fragment(kind, payload, last))
        {
            Ok(()) => {
                self.engine.stats.messages_sent += u64::from(last);
                Ok(())
            }
            Err(refusal) => Err(self.engine.refused(refusal)),
        }
    }

    /// Queues a ping of at most 125 bytes: as
    /// [`WebSocket::feed_ping`](crate::WebSocket::feed_ping).
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_ping(&mut self, data: &[u8]) -> Result<(), SendError> {
        match self.connection().and_then(|it| it.send_ping(data)) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.engine.refused(refusal)),
        }
    }

    /// Bytes that wait for the transport.
    pub fn queued(&self) -> usize {
        self.engine.connection.queued()
    }

    /// Whether [`Config::write_buffer`](crate::Config::write_buffer) or more bytes wait, or as many
    /// as make the next message be refused. Then flush before feeding more.
    pub fn is_full(&self) -> bool {
        !self.engine.has_room()
    }

    #[inline(always)]
    fn feed(
        &mut self,
        send: impl FnOnce(&mut Connection) -> Result<(), arkws_proto::SendError>,
    ) -> Result<(), SendError> {
        match self.connection().and_then(send) {
            Ok(()) => {
                self.engine.stats.messages_sent += 1;
                Ok(())
            }
            Err(refusal) => Err(self.engine.refused(refusal)),
        }
    }

    #[inline]
    fn connection(&mut self) -> Result<&mut Connection, arkws_proto::SendError> {
        match self.engine.output {
            Output::Broken => Err(arkws_proto::SendError::Closing),
            Output::Flushed | Output::Unflushed => Ok(self.engine.with_block()),
        }
    }
}

impl fmt::Debug for Outbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}
