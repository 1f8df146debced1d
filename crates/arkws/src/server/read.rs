//! Reading while a request is not answered.
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncRead, ReadBuf};

use crate::Error;
use crate::socket::pool;

/// Bytes that are read behind a request before it is answered, and what one more read brings.
pub(super) const MAX_LEFTOVER: usize = 64 << 10;

/// One read, into a block that is borrowed only while there is something to read.
pub(super) async fn read<S: AsyncRead + Unpin, T>(
    stream: &mut S,
    mut take: impl FnMut(&[u8]) -> T,
) -> io::Result<T> {
    poll_fn(|cx| {
        let mut block = pool::take_to_read();
        let mut buffer = ReadBuf::new(&mut block);
        let result = match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
            Poll::Ready(result) => Poll::Ready(result.map(|()| take(buffer.filled()))),
            Poll::Pending => Poll::Pending,
        };
        pool::give_back_read(block);
        result
    })
    .await
}

/// Ready when the client has ended the transport, or that has failed. What it sends meanwhile is
/// kept; after [`MAX_LEFTOVER`] of it no more is read, and this is never ready.
pub(super) async fn gone<S: AsyncRead + Unpin>(stream: &mut S, leftover: &mut Vec<u8>) {
    while leftover.len() < MAX_LEFTOVER {
        let taken = read(stream, |bytes| {
            leftover.extend_from_slice(bytes);
            bytes.len()
        });
        if let Ok(0) | Err(_) = taken.await {
            return;
        }
    }
    std::future::pending().await
}

/// Why there is no connection with a client that did not wait.
pub(super) fn before_answer() -> Error {
    let why = "the client ended the connection before its request was answered";
    io::Error::new(io::ErrorKind::UnexpectedEof, why).into()
}
