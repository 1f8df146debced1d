//! `peer connect`: our client against an echo server, whose ever it is.
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use arkws::{Client, DeflateConfig, Message, MessageKind, Roots, TlsConfig, Transport, WebSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Payload sizes: around every boundary of the frame header, and up to 16 MiB.
const SIZES: [usize; 12] = [
    0,
    1,
    2,
    125,
    126,
    127,
    4096,
    65_535,
    65_536,
    65_537,
    1 << 20,
    16 << 20,
];

/// How long the pieces are of messages that are sent in pieces: not a part of a frame.
const PIECE: usize = 40_001;

/// Small messages that are under way together.
const MANY: usize = 100_000;

/// As many where every one of them is compressed, which is slow with most peers.
const MANY_COMPRESSED: usize = 10_000;

/// How long an answer may take before the test says so instead of hanging.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(
    url: &str,
    deflate: Option<DeflateConfig>,
    ca: Option<PathBuf>,
    largest: usize,
) -> Result<()> {
    let tls = TlsConfig {
        roots: vec![ca.map_or(Roots::System, Roots::Path)],
        ..TlsConfig::default()
    };
    let client = Client::builder()
        .deflate(deflate.clone())
        .tls(tls.clone())
        // A test has one authority.
        .proxy_tls(tls)
        .build()?;
    let (socket, _) = client.connect(url).await?;
    exchange(socket, deflate, largest).await
}

/// All of it, over a socket that is open, with or without compression as it was asked for.
pub(crate) async fn exchange(
    mut socket: WebSocket<Transport>,
    deflate: Option<DeflateConfig>,
    largest: usize,
) -> Result<()> {
    let negotiated = &socket.negotiated().deflate;
    ensure!(
        negotiated.is_some() == deflate.is_some(),
        "asked for compression {deflate:?}, got {negotiated:?}"
    );
    sizes(&mut socket, largest).await?;
    for size in SIZES.map(|size| size.min(largest)) {
        pieces(&mut socket, binary(size), MessageKind::Binary).await?;
        pieces(&mut socket, text(size), MessageKind::Text).await?;
    }
    let count = if deflate.is_some() {
        MANY_COMPRESSED
    } else {
        MANY
    };
    let socket = many(socket, count).await?;
    close(socket).await
}

/// Messages of all sizes but the largest, one after the other.
pub(crate) async fn exchange_few(mut socket: WebSocket<Transport>) -> Result<()> {
    sizes(&mut socket, 1 << 16).await?;
    close(socket).await
}

async fn sizes(socket: &mut WebSocket<Transport>, largest: usize) -> Result<()> {
    for size in SIZES.map(|size| size.min(largest)) {
        for message in [binary(size), text(size)] {
            socket.send(message.clone()).await?;
            let echo = next(socket).await?;
            ensure!(
                echo == message,
                "a message of {size} bytes came back changed"
            );
        }
    }
    Ok(())
}

/// One message goes out in pieces, and its echo is read in pieces.
async fn pieces(
    socket: &mut WebSocket<Transport>,
    message: Message,
    kind: MessageKind,
) -> Result<()> {
    let size = message.len();
    let mut writer = socket.message_writer(kind);
    for piece in message.as_bytes().chunks(PIECE) {
        writer.write_all(piece).await?;
    }
    writer.finish().await?;
    let echo = async {
        let reader = socket.message_reader(size as u64).await;
        let mut reader = reader.context("the connection ended")??;
        ensure!(
            reader.kind() == kind,
            "{kind:?} came back as {:?}",
            reader.kind()
        );
        let mut echo = Vec::new();
        reader.read_to_end(&mut echo).await?;
        Ok(echo)
    };
    let echo = timeout(PATIENCE, echo).await.context("no answer came")??;
    ensure!(
        echo == message.as_bytes(),
        "a message of {size} bytes that was sent in pieces came back changed"
    );
    Ok(())
}

/// All of them go out while their echoes come in.
async fn many(socket: WebSocket<Transport>, count: usize) -> Result<WebSocket<Transport>> {
    let (mut sender, mut receiver) = socket.split();
    let sending = async {
        for number in 0..count {
            sender.feed_message(Message::Text(number.to_string().into()))?;
            // A full buffer is written out; the last one by the flush below.
            if number % 256 == 0 {
                sender.flush().await?;
            }
        }
        sender.flush().await?;
        anyhow::Ok(sender)
    };
    let receiving = async {
        for number in 0..count {
            let text = loop {
                let received = timeout(PATIENCE, receiver.recv())
                    .await
                    .with_context(|| format!("nothing came instead of message {number}"))?;
                match received.transpose()? {
                    Some(Message::Text(text)) => break text,
                    // Some peers ask now and then whether we are still there.
                    Some(Message::Ping(_)) => {}
                    other => bail!("{other:?} came instead of message {number}"),
                }
            };
            ensure!(
                *text == *number.to_string(),
                "{text:?} came instead of {number}"
            );
        }
        anyhow::Ok(receiver)
    };
    let (sender, receiver) = tokio::try_join!(sending, receiving)?;
    Ok(sender.reunite(receiver)?)
}

async fn close(mut socket: WebSocket<Transport>) -> Result<()> {
    let frame = arkws::CloseFrame::new(arkws::CloseCode::NORMAL, "done");
    let answer = socket.close(Some(frame)).await?;
    let code = answer.map(|frame| frame.code());
    ensure!(
        code == Some(arkws::CloseCode::NORMAL),
        "closed with {code:?}"
    );
    Ok(())
}

/// The next text or binary message.
async fn next(socket: &mut WebSocket<Transport>) -> Result<Message> {
    loop {
        match timeout(PATIENCE, socket.recv())
            .await
            .context("no answer came")?
            .transpose()?
            .map(Message::from)
        {
            Some(message @ (Message::Text(_) | Message::Binary(_))) => return Ok(message),
            Some(Message::Ping(_) | Message::Pong(_)) => {}
            Some(Message::Close(frame)) => bail!("the server closed: {frame:?}"),
            None => bail!("the connection ended"),
        }
    }
}

fn binary(size: usize) -> Message {
    let bytes: Vec<u8> = (0..size).map(|index| (index * 31 + size) as u8).collect();
    Message::Binary(bytes.into())
}

/// Text of a size in bytes, with characters of one to four bytes each.
fn text(size: usize) -> Message {
    let pattern = "aé€😀";
    let mut text = pattern.repeat(size / pattern.len());
    text.push_str(&"a".repeat(size - text.len()));
    Message::Text(text.into())
}
