//! The byte stream to the server, on which cases read and write what they like.
use std::fmt;
use std::io;
use std::time::Duration;

use arkws::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// The stream, and what has come and was not looked at.
pub(super) struct Wire {
    stream: Transport,
    pub(super) received: Vec<u8>,
    end: Option<WireEnd>,
}

/// How the server has ended the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WireEnd {
    OfStream,
    Error(String),
}

impl fmt::Display for WireEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireEnd::OfStream => f.write_str("the end of the stream"),
            WireEnd::Error(error) => f.write_str(error),
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
            end: None,
        }
    }

    /// Writes, and reads meanwhile: a server that sends everything back may take no more until that
    /// is read. Whoever does not take it is heard all the same.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let writing = async {
            writer.write_all(bytes).await?;
            writer.flush().await
        };
        tokio::pin!(writing);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            tokio::select! {
                biased;
                _ = &mut writing => return,
                read = reader.read(&mut buffer), if self.end.is_none() => match read {
                    Ok(count @ 1..) => self.received.extend_from_slice(&buffer[..count]),
                    end => self.end = Some(end_of(end)),
                },
                // It takes nothing any more, and says nothing.
                () = tokio::time::sleep(STUCK) => return,
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

    /// Waits for more.
    pub(super) async fn read(&mut self, patience: Duration) -> Read {
        if let Some(end) = &self.end {
            return Read::End(end.clone());
        }
        let mut buffer = vec![0; 16 * 1024];
        match timeout(patience, self.stream.read(&mut buffer)).await {
            Err(_) => Read::Silence,
            Ok(Ok(count @ 1..)) => {
                self.received.extend_from_slice(&buffer[..count]);
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

/// For how long a write may make no progress.
const STUCK: Duration = Duration::from_secs(10);

fn end_of(read: io::Result<usize>) -> WireEnd {
    match read {
        // TLS that ends without a goodbye is an end, too.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            WireEnd::Error(error.to_string())
        }
        _ => WireEnd::OfStream,
    }
}
