//! What the echo server and the client of the Autobahn suite do with a connection.
use arkws::{Error, Message, MessageRef, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite};

/// A payload from this size on, in bytes, is handed on rather than copied.
const LARGE: usize = 64 << 10;

/// Sends every message back, until the connection has ended. Answers wait until everything that has
/// been read is answered, and leave in one write.
pub(crate) async fn echo<S>(socket: &mut WebSocket<S>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut result = Ok(());
    while let Some(received) = socket.recv_with_outbox().await {
        let (message, mut outbox) = match received {
            Ok(received) => received,
            Err(error) => {
                // Going on to the end lets the peer read why we closed.
                result = Err(error);
                continue;
            }
        };
        match message {
            MessageRef::Text(text) if text.len() < LARGE => outbox.feed_text(&text)?,
            MessageRef::Binary(data) if data.len() < LARGE => outbox.feed_binary(&data)?,
            MessageRef::Text(_) | MessageRef::Binary(_) => {
                outbox.feed_message(Message::from(message))?;
            }
            MessageRef::Ping(_) | MessageRef::Pong(_) | MessageRef::Close(_) => {}
        }
        // A peer that sends but does not read waits, instead of filling our memory.
        if outbox.is_full() {
            socket.flush().await?;
        }
    }
    result
}
