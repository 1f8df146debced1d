//! Messages in, frames out (RFC 6455, 5.2, 5.4 and 5.5).
use std::fmt;

use bytes::Bytes;

use super::state::Life;
use super::{Connection, MessageKind};
use crate::deflate::Deflater;
use crate::frame::{Header, MAX_CONTROL_PAYLOAD, Opcode};

/// The most pings and pongs that wait, in bytes. They have room of their own: however many messages
/// wait, the peer can be asked whether it is there.
const MAX_CONTROL_QUEUED: usize = 16 << 10;

/// Why a message was not queued. The caller still has it, or gets it back
/// ([`RefusedPayload`]).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A close frame has been queued or the connection has failed: nothing may follow it
    /// (RFC 6455, 5.5.1).
    #[error("the connection is closing: nothing may be sent after the close frame")]
    Closing,
    /// [`Limits::max_queued`](crate::Limits::max_queued) bytes or more wait; or 16 KiB of pings and
    /// pongs, of which one more was to be sent.
    #[error("the output queue is full: {queued} bytes are waiting, the limit is {limit}")]
    QueueFull {
        /// Bytes that wait.
        queued: usize,
        /// The limit.
        limit: usize,
    },
    /// A ping or pong over 125 bytes (RFC 6455, 5.5).
    #[error("a control frame carries at most 125 bytes, not {0}")]
    ControlTooLong(usize),
    /// A whole message or a new fragmented one was started while fragments of another are
    /// outstanding (RFC 6455, 5.4).
    #[error("a fragmented message is being sent: finish it first")]
    FragmentedMessageOpen,
}

/// A payload that was not queued, given back.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct RefusedPayload {
    /// Why.
    pub error: SendError,
    /// The payload, as it was.
    pub payload: Bytes,
}

/// Errors are logged: the payload is shown as its length in bytes.
impl fmt::Debug for RefusedPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedPayload")
            .field("error", &self.error)
            .field("payload", &self.payload.len())
            .finish()
    }
}

/// What is remembered between two sends.
#[derive(Default)]
pub(super) struct Sender {
    /// The fragmented message that has been started and not ended.
    fragmented: Option<Fragmented>,
    /// Made for the first message that is compressed.
    deflater: Option<Box<Deflater>>,
}

/// A message of which fragments have been queued, and not the last.
#[derive(Clone, Copy)]
struct Fragmented {
    kind: MessageKind,
    compressed: bool,
}

impl Sender {
    pub(super) fn release_buffers(&mut self) {
        // In the midst of a message the compressor knows what the next fragment may refer to.
        let between = self.fragmented.is_none();
        match &mut self.deflater {
            Some(deflater) if between && deflater.is_disposable() => self.deflater = None,
            Some(deflater) => deflater.release_buffers(),
            None => {}
        }
    }
}

impl Connection {
    /// Queues a text message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    #[inline]
    pub fn send_text(&mut self, text: &str) -> Result<(), SendError> {
        self.send_message(MessageKind::Text, text.as_bytes())
    }

    /// Queues a binary message.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    #[inline]
    pub fn send_binary(&mut self, data: &[u8]) -> Result<(), SendError> {
        self.send_message(MessageKind::Binary, data)
    }

    /// Queues a message whose payload is owned: a large one is not copied (a server sends it as it
    /// is; a client masks it in place when it is the only owner).
    ///
    /// # Errors
    /// Nothing was queued: the payload is given back.
    pub fn send_owned(&mut self, kind: MessageKind, payload: Bytes) -> Result<(), RefusedPayload> {
        if let Err(error) = self.check_message() {
            return Err(RefusedPayload { error, payload });
        }
        if self.compresses(payload.len()) {
            self.compress(kind, &payload);
        } else {
            self.transmit.owned_frame(kind.opcode(), payload);
        }
        Ok(())
    }

    /// Queues one fragment of a message (RFC 6455, 5.4). The first call starts the message; `fin`
    /// ends it. Control frames may be sent in between, other messages not. With compression agreed
    /// on, a message of several fragments is compressed: each fragment leaves whole, so that the
    /// peer can inflate what it has.
    ///
    /// The fragments of a text may end within a character. That they are UTF-8 together is the
    /// caller's business: a [`Validator`](crate::utf8::Validator) tells.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
    ) -> Result<(), SendError> {
        let (opcode, compressed) = match self.sender.fragmented {
            None if fin => return self.send_message(kind, payload),
            None => {
                self.check()?;
                let compressed = self.deflate.is_some() && self.has_deflater();
                (kind.opcode(), compressed)
            }
            Some(open) if open.kind == kind => {
                self.check()?;
                (Opcode::Continuation, open.compressed)
            }
            Some(_) => {
                self.check()?;
                return Err(SendError::FragmentedMessageOpen);
            }
        };
        let header = Header {
            fin,
            rsv1: compressed && opcode != Opcode::Continuation,
            ..Header::whole(opcode)
        };
        match &mut self.sender.deflater {
            Some(deflater) if compressed => {
                let fragment = deflater.compress_fragment(payload, fin);
                self.transmit.frame(header, fragment);
            }
            _ => self.transmit.frame(header, payload),
        }
        self.sender.fragmented = (!fin).then_some(Fragmented { kind, compressed });
        Ok(())
    }

    /// Whether a message has been started in fragments, and not ended.
    pub fn is_sending_fragments(&self) -> bool {
        self.sender.fragmented.is_some()
    }

    /// Queues a ping of at most 125 bytes: ahead of the messages that wait, but behind a frame of
    /// which a part has left. Returns how many bytes have to leave until the ping has, itself
    /// included.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_ping(&mut self, data: &[u8]) -> Result<usize, SendError> {
        self.send_control(Opcode::Ping, data)
    }

    /// Queues an unsolicited pong of at most 125 bytes (RFC 6455, 5.5.3), where a
    /// [ping](Self::send_ping) goes, too.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued.
    pub fn send_pong(&mut self, data: &[u8]) -> Result<usize, SendError> {
        self.send_control(Opcode::Pong, data)
    }

    /// Whether the next message will be taken, of whatever size. Only taking one, or the end of the
    /// connection, changes a `true`.
    #[inline]
    pub fn is_ready(&self) -> bool {
        self.check().is_ok()
    }

    #[inline]
    fn send_message(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), SendError> {
        self.check_message()?;
        if self.compresses(payload.len()) {
            self.compress(kind, payload);
        } else {
            self.transmit.frame(Header::whole(kind.opcode()), payload);
        }
        Ok(())
    }

    /// Whether compressing a message of this length is tried.
    #[inline]
    fn compresses(&self, len: usize) -> bool {
        self.deflate
            .as_ref()
            .is_some_and(|params| len >= params.min_size)
    }

    /// Makes the compressor, if there is none; whether there is one then.
    fn has_deflater(&mut self) -> bool {
        let deflater = &mut self.sender.deflater;
        if deflater.is_none()
            && let Some(params) = &self.deflate
        {
            *deflater = Deflater::new(params, self.role).map(Box::new);
        }
        deflater.is_some()
    }

    /// Queues a message, compressed if that is possible and makes it smaller (RFC 7692, 6.1).
    #[inline(never)]
    fn compress(&mut self, kind: MessageKind, message: &[u8]) {
        self.has_deflater();
        let plain = Header::whole(kind.opcode());
        match self
            .sender
            .deflater
            .as_mut()
            .and_then(|deflater| deflater.compress(message))
        {
            Some(compressed) => {
                let header = Header {
                    rsv1: true,
                    ..plain
                };
                self.transmit.frame(header, compressed);
            }
            None => self.transmit.frame(plain, message),
        }
    }

    fn send_control(&mut self, opcode: Opcode, data: &[u8]) -> Result<usize, SendError> {
        if data.len() > MAX_CONTROL_PAYLOAD {
            return Err(SendError::ControlTooLong(data.len()));
        }
        self.check_open()?;
        let (queued, limit) = (self.transmit.queued_control(), MAX_CONTROL_QUEUED);
        if queued + data.len() > limit {
            return Err(SendError::QueueFull { queued, limit });
        }
        Ok(self.transmit.control_frame(opcode, data))
    }

    /// May a whole message be queued?
    #[inline]
    fn check_message(&self) -> Result<(), SendError> {
        self.check()?;
        match self.sender.fragmented {
            None => Ok(()),
            Some(_) => Err(SendError::FragmentedMessageOpen),
        }
    }

    /// May a frame of a message be queued?
    #[inline]
    fn check(&self) -> Result<(), SendError> {
        self.check_open()?;
        match self.queued() < self.limits.max_queued {
            true => Ok(()),
            false => self.check_room(),
        }
    }

    #[inline]
    fn check_open(&self) -> Result<(), SendError> {
        match self.life {
            Life::Open => Ok(()),
            _ => Err(SendError::Closing),
        }
    }

    /// As [`check`](Self::check), not counting pings and pongs: they come by themselves and take no
    /// room away from messages.
    #[inline(never)]
    fn check_room(&self) -> Result<(), SendError> {
        let queued = self.transmit.queued_data();
        let limit = self.limits.max_queued;
        match queued == 0 || queued < limit {
            true => Ok(()),
            false => Err(SendError::QueueFull { queued, limit }),
        }
    }
}
