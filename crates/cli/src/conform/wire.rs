//! The byte stream to the server, on which cases read and write what they like.
use std::fmt;
use std::io;
use std::time::Duration;

use arkws::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// The stream, and what has come and was not looked at.
pub(super) struct Wire {
    stream: Transport,
    pub(super) received: Vec<u8>,
    /// How much has come, looked at or not.
    total: usize,
    /// The server takes nothing any more: what was written last is cut.
    pub(super) is_stuck: bool,
    end: Option<WireEnd>,
}

/// How the server has ended the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WireEnd {
    OfStream,
    Error(String),
    /// None yet: it sends more than is read.
    Flood,
}

impl fmt::Display for WireEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireEnd::OfStream => f.write_str("the end of the stream"),
            WireEnd::Error(error) => f.write_str(error),
            WireEnd::Flood => f.write_str("more than 64 MiB"),
        }
    }
}

/// What reading has brought.
pub(super) enum Read {
    /// More bytes.
    More,
    /// The server has ended the connection.
    End(WireEnd),
    /// Nothing, for the time that was to be waited.
    Silence,
}

impl Wire {
    pub(super) fn new(stream: Transport) -> Wire {
        if let Some(stream) = stream.tcp_stream() {
            // Each write is to be seen.
            _ = stream.set_nodelay(true);
        }
        Wire {
            stream,
            received: Vec::new(),
            total: 0,
            is_stuck: false,
            end: None,
        }
    }

    /// Writes, and reads meanwhile: a server that sends everything back may take no more until that
    /// is read. Whoever does not take it is heard all the same.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(PIECE) {
            if self.is_stuck {
                return;
            }
            self.write_piece(piece).await;
        }
    }

    async fn write_piece(&mut self, piece: &[u8]) {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let writing = async {
            writer.write_all(piece).await?;
            writer.flush().await
        };
        let stuck = tokio::time::sleep(STUCK);
        tokio::pin!(writing, stuck);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            tokio::select! {
                biased;
                _ = &mut writing => return,
                () = &mut stuck => {
                    self.is_stuck = true;
                    return;
                }
                read = reader.read(&mut buffer), if self.end.is_none() => match read {
                    Ok(count @ 1..) => {
                        self.received.extend_from_slice(&buffer[..count]);
                        self.total += count;
                        self.end = (self.total > FLOOD).then_some(WireEnd::Flood);
                    }
                    end => self.end = Some(end_of(end)),
                },
            }
        }
    }

    /// Writes each byte by itself.
    pub(super) async fn drip(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write(&[*byte]).await;
            // The server reads in between, if it likes.
            tokio::task::yield_now().await;
        }
    }

    /// The end of what is written.
    pub(super) async fn end_writes(&mut self) {
        _ = self.stream.shutdown().await;
    }

    /// Waits for more, until then.
    pub(super) async fn read(&mut self, until: Instant) -> Read {
        if let Some(end) = &self.end {
            return Read::End(end.clone());
        }
        let mut buffer = vec![0; 16 * 1024];
        match timeout_at(until, self.stream.read(&mut buffer)).await {
            Err(_) => Read::Silence,
            Ok(Ok(count @ 1..)) => {
                self.received.extend_from_slice(&buffer[..count]);
                self.total += count;
                self.end = (self.total > FLOOD).then_some(WireEnd::Flood);
                Read::More
            }
            Ok(end) => {
                let end = end_of(end);
                self.end = Some(end.clone());
                Read::End(end)
            }
        }
    }
}

/// What is written at once, and for how long that may take.
const PIECE: usize = 64 * 1024;
const STUCK: Duration = Duration::from_secs(10);

/// How much of one connection is read.
const FLOOD: usize = 64 << 20;

fn end_of(read: io::Result<usize>) -> WireEnd {
    match read {
        // TLS that ends without a goodbye is an end, too.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            WireEnd::Error(error.to_string())
        }
        _ => WireEnd::OfStream,
    }
}
