//! Messages that travel together: from the program's threads to one write of the connection's task.
use std::borrow::Cow;
use std::ops::Range;

use arkws::{Message, SendError, WebSocket};

/// A payload shorter than this is copied into memory that the messages of a batch share. A longer
/// one keeps the memory it came in, and so does the socket with it. Bytes.
const SMALL: usize = 8 << 10;

/// A batch is closed before its frames would be longer than this: about what the socket writes at
/// once (63 KiB). Bytes.
const FULL: usize = 64 << 10;

/// So much memory is kept by a batch of an idle connection. Bytes.
const KEPT: usize = 1 << 10;

/// What a message counts for in a batch, beside its payload: RFC 6455, 5.2, the longest header.
pub(crate) const HEADER: usize = 14;

/// A message that a program sends.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing<'a> {
    Text(Cow<'a, str>),
    Binary(Cow<'a, [u8]>),
    /// A payload that several connections send.
    Shared(Message),
}

impl Outgoing<'_> {
    /// The same with a payload that need not be copied when the message is pushed to a batch, if it
    /// is not small.
    #[inline]
    pub(crate) fn detached(self) -> Self {
        if self.len() < SMALL {
            return self;
        }
        Outgoing::Shared(match self {
            Outgoing::Text(text) => Message::from(text.into_owned()),
            Outgoing::Binary(data) => Message::from(data.into_owned()),
            Outgoing::Shared(message) => message,
        })
    }

    /// The bytes of its payload.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Outgoing::Text(text) => text.len(),
            Outgoing::Binary(data) => data.len(),
            Outgoing::Shared(message) => size(message),
        }
    }
}

/// Messages in the order in which they were sent.
///
/// A message costs a few bytes beside its payload, and no allocation of its own while it is small.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Until they are fed to a socket.
    locations: Vec<PayloadLocation>,
    messages: usize,
    /// The numbers of those that are answered, which follow each other.
    sends: Range<u64>,
    /// The small payloads, one behind the other.
    text: String,
    binary: Vec<u8>,
    large: Vec<Message>,
    /// Of payloads.
    bytes: usize,
}

/// Where a message's payload lies.
#[derive(Debug)]
enum PayloadLocation {
    /// It is the next so many bytes of the texts.
    Text(u32),
    /// It is the next so many bytes of the binary payloads.
    Binary(u32),
    /// It is the next large one.
    Large,
}

impl Batch {
    /// What a message occupies beside its payload. Bytes.
    pub(crate) const PLACE: usize = size_of::<PayloadLocation>();

    /// Whether a message of `len` bytes may still be added.
    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.is_empty() || self.bytes + len + HEADER * (self.messages + 1) <= FULL
    }

    /// Adds a message. One that is answered has the number behind the last one that is.
    pub(crate) fn push(&mut self, message: Outgoing<'_>, number: Option<u64>) {
        let len = message.len();
        let location = match message.detached() {
            Outgoing::Text(text) => self.text(&text),
            Outgoing::Binary(data) => self.binary(&data),
            Outgoing::Shared(Message::Text(text)) if len < SMALL => self.text(&text),
            Outgoing::Shared(Message::Binary(data)) if len < SMALL => self.binary(&data),
            Outgoing::Shared(message) => {
                self.large.push(message);
                PayloadLocation::Large
            }
        };
        self.locations.push(location);
        if let Some(number) = number {
            if self.sends.is_empty() {
                self.sends.start = number;
            }
            self.sends.end = number + 1;
        }
        self.messages += 1;
        self.bytes += len;
    }

    fn text(&mut self, text: &str) -> PayloadLocation {
        self.text.push_str(text);
        PayloadLocation::Text(text.len() as u32)
    }

    fn binary(&mut self, data: &[u8]) -> PayloadLocation {
        self.binary.extend_from_slice(data);
        PayloadLocation::Binary(data.len() as u32)
    }

    /// Feeds the messages to `socket`; their counts and numbers stay until [`clear`](Self::clear).
    ///
    /// # Errors
    /// The first refusal; what is behind that message was not fed.
    pub(crate) fn feed<S>(&mut self, socket: &mut WebSocket<S>) -> Result<(), SendError> {
        let (mut texts, mut binaries) = (&*self.text, &*self.binary);
        let mut large = self.large.drain(..);
        for location in self.locations.drain(..) {
            match location {
                PayloadLocation::Text(len) => {
                    let (text, rest) = texts.split_at(len as usize);
                    texts = rest;
                    socket.feed_text(text)?;
                }
                PayloadLocation::Binary(len) => {
                    let (data, rest) = binaries.split_at(len as usize);
                    binaries = rest;
                    socket.feed_binary(data)?;
                }
                PayloadLocation::Large => socket
                    .feed_message(large.next().expect("one each"))
                    .map_err(|unsent| unsent.error)?,
            }
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages == 0
    }

    /// How many messages.
    pub(crate) fn len(&self) -> usize {
        self.messages
    }

    /// The bytes of their payloads.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The numbers of those that are answered.
    pub(crate) fn sends(&self) -> Range<u64> {
        self.sends.clone()
    }

    /// The number of the last one that is answered, if there is any.
    #[inline]
    pub(crate) fn last_send(&self) -> Option<u64> {
        (!self.sends.is_empty()).then(|| self.sends.end - 1)
    }

    /// Empties the batch, and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.locations.clear();
        self.messages = 0;
        self.sends = 0..0;
        self.text.clear();
        self.binary.clear();
        self.large.clear();
        self.bytes = 0;
    }

    /// Gives the memory of an empty batch back, unless it is little.
    pub(crate) fn shrink(&mut self) {
        let places = self.locations.capacity() * size_of::<PayloadLocation>();
        if places + self.text.capacity() + self.binary.capacity() > KEPT {
            *self = Batch::default();
        }
    }
}

/// The bytes of a message's payload.
#[inline]
fn size(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => data.len(),
        Message::Close(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use arkws::{Config, MessageRef, Role};

    use super::*;

    #[tokio::test]
    async fn messages_of_all_kinds_and_sizes_leave_in_the_order_in_which_they_came() {
        // Given a batch in which small and large payloads lie in different places...
        let text = |len: usize| "é".repeat(len / 2);
        let messages: Vec<Message> = [0, 2, SMALL - 2, SMALL, 3 * SMALL, 4]
            .into_iter()
            .flat_map(|len| {
                [
                    Message::from(text(len)),
                    Message::from(vec![len as u8; len]),
                ]
            })
            .collect();
        let mut batch = Batch::default();
        for (index, message) in messages.iter().enumerate() {
            let outgoing = match message {
                Message::Text(text) if index % 4 == 0 => Outgoing::Text(Cow::Borrowed(text)),
                Message::Binary(data) if index % 4 == 1 => Outgoing::Binary(Cow::Borrowed(data)),
                shared => Outgoing::Shared(shared.clone()),
            };
            batch.push(outgoing, Some(7 + index as u64));
        }
        assert_eq!(batch.bytes(), messages.iter().map(size).sum::<usize>());

        // ... when it is fed to a socket, twice, since its memory is used again...
        let (near, far) = tokio::io::duplex(1 << 20);
        let open = |io, role| {
            WebSocket::from_handshake(io, role, Config::default(), Default::default(), &[])
        };
        let (mut client, mut server) = (open(near, Role::Client), open(far, Role::Server));
        batch.feed(&mut client).unwrap();
        assert_eq!(batch.sends(), 7..7 + messages.len() as u64);
        batch.clear();
        assert!(batch.is_empty());
        batch.push(Outgoing::Text("last".into()), None);
        assert_eq!(batch.last_send(), None);
        batch.feed(&mut client).unwrap();
        client.flush().await.unwrap();

        // ... then they arrive as they were sent.
        for sent in messages.iter().chain([&Message::from("last")]) {
            let received: MessageRef<'_> = server.recv().await.unwrap().unwrap();
            assert_eq!(Message::from(received), *sent);
        }
    }

    #[test]
    fn a_batch_is_full_before_its_frames_are_longer_than_one_write_but_takes_any_message_first() {
        let mut batch = Batch::default();
        assert!(batch.has_room(10 * FULL));
        while batch.has_room(100) {
            batch.push(Outgoing::Binary(Cow::Borrowed(&[0; 100])), None);
        }
        let frames = batch.len() * (100 + HEADER);
        assert!(frames <= FULL && frames + 100 + HEADER > FULL);
        assert!(batch.has_room(0));
    }
}
