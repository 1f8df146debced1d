//! Reading: from the transport into the read buffer, and what memory that takes.
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use arkws_proto::connection::RecvBuffer;
use arkws_proto::frame::MAX_HEADER;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::unconstrained;
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use super::clock::Clock;
use super::{WebSocket, pool};

/// What came out of a read.
pub(super) enum Read {
    /// Bytes in the read buffer.
    Buffered,
    /// Bytes of a large message, in the buffer that it is put together in.
    Direct,
    /// The end of the stream.
    End,
}

/// How much is read at once, in bytes: the largest segment of the kernel, or a message of 64 KiB
/// and its header.
pub(super) const READ: usize = 66 << 10;

/// If the beginning of a message of more bytes than this has been read, the next read ends with
/// that message and the header after it. Whatever lay beyond would be a part of the next message,
/// and have to be moved.
const LARGE: usize = READ / 2;

/// An incomplete message of at least this many bytes stays in its block while it waits for its
/// rest: moving it would take as long as receiving it. The block is at most four times as large,
/// which is what any incomplete message may take.
const HELD: usize = pool::BLOCK / 4;

/// If a read brings no more bytes than this, they are moved to memory of their own size, so that a
/// program that takes its time over a message does not hold a whole block.
const FEW: usize = 4 << 10;

/// Bytes that are inflated before other tasks have their turn.
pub(super) const MOST_INFLATED: usize = 1 << 20;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Reads from the transport to where the bytes belong.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<io::Result<Read>> {
        let incomplete = self.engine.connection.incomplete(&self.input);
        let large = incomplete.map_or(0, |message| message.len);
        let most = match large > LARGE {
            true => large - self.input.waiting() + MAX_HEADER,
            false => READ,
        };
        let (count, read) = match self.engine.connection.direct_buffer() {
            Some(mut buffer) => {
                let io = Pin::new(&mut self.io);
                (ready!(poll_read_buf(io, cx, &mut buffer))?, Read::Direct)
            }
            None => {
                // No block, or too little of one, behind messages that the program shares.
                if self.input.capacity() < pool::BLOCK && self.input.spare() < most {
                    take_block(&mut self.input);
                }
                let room = self.input.room();
                let mut most = most.min(room.len());
                if self.shares_received && large > LARGE {
                    // The next are most likely as long.
                    most += (room.len() - most) / large * large;
                }
                let mut room = ReadBuf::new(&mut room[..most]);
                ready!(Pin::new(&mut self.io).poll_read(cx, &mut room))?;
                let count = room.filled().len();
                if count <= FEW && self.input.is_parsed() {
                    let few = RecvBuffer::filled(self.input.room()[..count].into());
                    pool::give_back_read(std::mem::replace(&mut self.input, few).into_storage());
                } else {
                    self.input.add_filled(count);
                }
                (count, Read::Buffered)
            }
        };
        if count == 0 {
            return Poll::Ready(Ok(Read::End));
        }
        self.engine.stats.bytes_received += count as u64;
        if let Some(monitor) = &mut self.heartbeat {
            monitor.received(clock.now());
        }
        Poll::Ready(Ok(read))
    }

    /// Whether the beginning of a message may stay in the block, however long it waits. Not that of
    /// a text: a bad byte in it has to fail at once, not when the rest has come; nor that of one
    /// that is read in pieces.
    pub(super) fn holds_input(&self) -> bool {
        if self.engine.connection.receives_in_pieces() {
            return false;
        }
        let incomplete = self.engine.connection.incomplete(&self.input);
        self.input.waiting() >= HELD && incomplete.is_some_and(|message| !message.text)
    }

    /// Whether something has arrived that nobody has received. As much as there is room for is read
    /// into the block. If there is no room, nobody can know, and the peer is taken to live.
    pub(super) fn hears(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.input.capacity() < pool::BLOCK {
            take_block(&mut self.input);
        }
        let room = self.input.room();
        if !room.is_empty() {
            let most = READ.min(room.len());
            let mut room = ReadBuf::new(&mut room[..most]);
            let io = &mut self.io;
            // At once, even if it is the turn of other tasks.
            let read = unconstrained(poll_fn(|cx| Pin::new(&mut *io).poll_read(cx, &mut room)));
            let result = pin!(read).poll(cx);
            let count = room.filled().len();
            match result {
                Poll::Ready(Ok(())) if count > 0 => {
                    self.input.add_filled(count);
                    self.engine.stats.bytes_received += count as u64;
                }
                Poll::Ready(Err(error)) => {
                    self.write_error = Some(error);
                    self.release_storage();
                    return false;
                }
                _ => {
                    self.release_storage();
                    return false;
                }
            }
        }
        if let Some(monitor) = &mut self.heartbeat {
            monitor.received(now);
        }
        true
    }

    /// The connection goes idle: it gives up all memory that it does not need for what is
    /// incomplete.
    pub(super) fn idle(&mut self) {
        self.release_storage();
        self.engine.release_buffers();
        self.engine.connection.allow_inflating(MOST_INFLATED);
    }

    /// Gives the block of the read buffer back, if all of its bytes are consumed.
    pub(super) fn release_storage(&mut self) {
        if self.input.is_parsed() {
            self.discard_input();
        }
    }

    pub(super) fn discard_input(&mut self) {
        if self.input.has_storage() {
            pool::give_back_read(std::mem::take(&mut self.input).into_storage());
        }
    }
}

/// Goes on reading in a block, with what waits to be parsed.
fn take_block(input: &mut RecvBuffer) {
    let block = pool::take_to_read();
    pool::give_back_read(input.move_to(block, pool::BLOCK - READ));
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use arkws_proto::Role;
    use tokio::io::{AsyncWriteExt, DuplexStream};

    use crate::{Config, MessageRef, WebSocket};

    fn client(io: DuplexStream) -> WebSocket<DuplexStream> {
        let config = Config::default();
        WebSocket::from_handshake(io, Role::Client, config, Default::default(), &[])
    }

    #[tokio::test]
    async fn a_connection_owns_a_read_buffer_only_while_bytes_wait_in_it() {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut socket = client(near);
        assert_eq!(socket.input.capacity(), 0);

        // Two messages and the beginning of a third in one read.
        far.write_all(b"\x81\x01a\x81\x01b\x81").await.unwrap();
        for _ in 0..2 {
            socket.recv().await.unwrap().unwrap();
            assert_ne!(socket.input.capacity(), 0);
        }
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_recv(&mut cx).is_pending());
        assert_eq!(socket.input.capacity(), 0);

        // The beginning was kept all the same.
        far.write_all(b"\x01c").await.unwrap();
        socket.recv().await.unwrap().unwrap();
    }

    /// A socket, its peer, and 50,000 bytes of a message of 64 KiB on the way.
    async fn receiving_a_part(opcode: u8) -> (WebSocket<DuplexStream>, DuplexStream, Vec<u8>) {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let socket = client(near);
        let mut message = vec![b'a'; 10 + (64 << 10)];
        message[..10].copy_from_slice(&[0x80 | opcode, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        far.write_all(&message[..50_000]).await.unwrap();
        (socket, far, message.split_off(50_000))
    }

    #[tokio::test]
    async fn a_message_that_fills_much_of_its_block_stays_there_until_it_is_whole() {
        let (mut socket, mut far, rest) = receiving_a_part(2).await;
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_recv(&mut cx).is_pending());
        assert_eq!(socket.input.waiting(), 50_000);
        // The rest comes, with the next message.
        far.write_all(&[&rest[..], b"\x82\x01b"].concat())
            .await
            .unwrap();
        for expected in [&[b'a'; 64 << 10][..], b"b"] {
            let message = socket.recv().await.unwrap().unwrap();
            assert!(matches!(message, MessageRef::Binary(data) if *data == *expected));
        }
        // It ends in the midst of a message.
        let (mut socket, far, _) = receiving_a_part(2).await;
        assert!(socket.poll_recv(&mut cx).is_pending());
        drop(far);
        assert!(socket.recv().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn large_messages_are_shared_from_the_block_which_is_read_into_again() {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let mut socket = client(near);
        let message = |byte| {
            let mut message = vec![byte; 10 + (64 << 10)];
            message[..10].copy_from_slice(&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
            message
        };
        let mut all = Vec::new();
        for byte in 0..12 {
            all.extend(message(byte));
        }
        far.write_all(&all).await.unwrap();
        let mut kept = Vec::new();
        let mut places = Vec::new();
        for byte in 0..12 {
            let received = socket.recv().await.unwrap().unwrap();
            let MessageRef::Binary(crate::Payload::Borrowed(data)) = received else {
                panic!("it lies in the block: {received:?}");
            };
            let (len, place) = (data.len(), data.as_ptr() as usize);
            let shared = socket.share_received(len).unwrap();
            assert_eq!(shared, vec![byte; 64 << 10]);
            places.push(place);
            kept.push(shared);
            // The program has the last three.
            if byte >= 3 {
                let oldest = kept.remove(0);
                assert_eq!(oldest[0], byte - 3);
            }
        }
        // Two of a block; of those that are free again, new messages are read into.
        places.sort_unstable();
        places.dedup();
        assert!(places.len() <= 8, "{places:?}");
        assert_eq!(kept.len(), 3);
        for (shared, byte) in kept.iter().zip(9..) {
            assert_eq!(*shared, vec![byte; 64 << 10]);
        }
        // What is small is lent, as ever, and what waits is not lost.
        far.write_all(b"\x82\x01a\x82\x01b").await.unwrap();
        for expected in [b"a", b"b"] {
            let received = socket.recv().await.unwrap().unwrap();
            assert!(matches!(received, MessageRef::Binary(data) if *data == *expected));
        }
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_recv(&mut cx).is_pending());
        assert!(!socket.input.has_storage());
    }

    #[tokio::test]
    async fn a_large_text_fails_at_its_first_bad_byte_however_late_the_rest_is() {
        let (mut socket, mut far, _) = receiving_a_part(1).await;
        let mut cx = std::task::Context::from_waker(Waker::noop());
        assert!(socket.poll_recv(&mut cx).is_pending());
        far.write_all(b"\xFF").await.unwrap();
        let error = socket.recv().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("UTF-8"), "{error}");
    }
}
