//! Queueing messages: all of a connection but its transport and its read buffer.
use std::time::Duration;

use arkws_proto::{CloseFrame, Connection, MessageKind, SendError};
use bytes::Buf;
use tokio::time::Instant;

use super::{Stats, pool};
use crate::{Config, Message};

/// The protocol's state, and what the driver knows beside it.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) connection: Connection,
    pub(super) stats: Stats,
    pub(super) output: Output,
    /// When the peer's patience with us, or ours with the peer, ends. Set once the connection is closing.
    pub(super) deadline: Option<Box<Deadline>>,
    /// Bytes wait, and the transport has taken none since then.
    pub(super) stalled: Option<Instant>,
    close_timeout: Duration,
    write_timeout: Option<Duration>,
    write_buffer: usize,
}

/// Whether the transport takes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// All bytes have been written through to the operating system.
    Flushed,
    /// The transport took bytes, but may hold them back.
    Unflushed,
    /// Writing failed. What the peer sent before can still be read.
    Broken,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    pub(super) at: Instant,
    /// It passed, and what lay in the transport then is being read: a program that did not poll for a while must not
    /// mistake its own slowness for the peer's.
    pub(super) overdue: bool,
}

impl Engine {
    pub(super) fn new(connection: Connection, config: &Config) -> Engine {
        Engine {
            connection,
            stats: Stats::default(),
            output: Output::Flushed,
            deadline: None,
            stalled: None,
            close_timeout: config.close_timeout,
            write_timeout: config.write_timeout,
            write_buffer: config.write_buffer,
        }
    }

    #[inline]
    pub(super) fn outbox(&mut self) -> Outbox<'_> {
        Outbox { engine: self }
    }

    pub(super) fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// When the peer is to be given up unless it takes something of what waits for it.
    pub(super) fn write_deadline(&self) -> Option<(Instant, Duration)> {
        let limit = self.write_timeout?;
        Some((self.stalled?.checked_add(limit)?, limit))
    }

    /// May more be queued before something is written?
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.connection.queued() < self.write_buffer
    }

    pub(super) fn start_close(&mut self, frame: Option<CloseFrame>) -> bool {
        let started = self.connection.send_close(frame);
        if started {
            self.restart_deadline();
        }
        started
    }

    /// From now on, the close time-out counts.
    pub(super) fn restart_deadline(&mut self) {
        self.deadline = Instant::now()
            .checked_add(self.close_timeout)
            .map(|at| Box::new(Deadline { at, overdue: false }));
    }

    /// Bytes have been written.
    #[inline]
    pub(super) fn written(&mut self, bytes: usize) {
        self.stats.bytes_sent += bytes as u64;
        self.output = Output::Unflushed;
        // As long as the peer takes what is queued before the close frame, it has time.
        if self.deadline.is_some() {
            self.restart_deadline();
        }
    }

    /// The connection, with a block to encode messages into.
    #[inline]
    fn with_block(&mut self) -> &mut Connection {
        if !self.connection.has_block() {
            self.connection.lend_block(pool::take());
        }
        &mut self.connection
    }

    /// Gives up all memory that is not needed for what is incomplete.
    #[inline]
    pub(super) fn release_buffers(&mut self) {
        if let Some(block) = self.connection.reclaim_block() {
            pool::give_back(block);
        }
        self.connection.release_buffers();
    }

    /// Nothing can be written any more: what waits is dropped.
    pub(super) fn break_output(&mut self) {
        self.output = Output::Broken;
        self.stalled = None;
        while self.connection.queued() > 0 {
            let transmit = self.connection.transmit();
            transmit.advance(transmit.remaining());
        }
        self.restart_deadline();
    }
}

/// Queues messages while a [`MessageRef`](crate::MessageRef) is borrowed: see
/// [`WebSocket::recv_with_outbox`](crate::WebSocket::recv_with_outbox).
///
/// What is queued leaves with the next flush, at the latest when all that has been read is consumed.
#[derive(Debug)]
pub struct Outbox<'a> {
    engine: &'a mut Engine,
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

    /// Queues an owned message; large payloads are not copied. A [`Message::Close`] starts the closing handshake.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_message(&mut self, message: Message) -> Result<(), SendError> {
        match message {
            Message::Text(text) => {
                self.feed(|connection| connection.send_owned(MessageKind::Text, text.into_bytes()))
            }
            Message::Binary(data) => {
                self.feed(|connection| connection.send_owned(MessageKind::Binary, data))
            }
            Message::Ping(data) => self.feed_ping(&data),
            Message::Pong(data) => self.open()?.send_pong(&data),
            Message::Close(frame) => match self.engine.start_close(frame) {
                true => Ok(()),
                false => Err(SendError::Closing),
            },
        }
    }

    /// Queues a ping of at most 125 bytes.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn feed_ping(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.open()?.send_ping(data)
    }

    /// Bytes that wait for the transport.
    pub fn queued(&self) -> usize {
        self.engine.connection.queued()
    }

    /// Do [`Config::write_buffer`](crate::Config::write_buffer) or more bytes wait? Then flush before feeding more.
    pub fn is_full(&self) -> bool {
        !self.engine.has_room()
    }

    #[inline]
    fn feed(
        &mut self,
        send: impl FnOnce(&mut Connection) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        send(self.open()?)?;
        self.engine.stats.messages_sent += 1;
        Ok(())
    }

    #[inline]
    fn open(&mut self) -> Result<&mut Connection, SendError> {
        match self.engine.output {
            Output::Broken => Err(SendError::Closing),
            Output::Flushed | Output::Unflushed => Ok(self.engine.with_block()),
        }
    }
}
