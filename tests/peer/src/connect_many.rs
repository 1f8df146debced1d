//! `peer connect-many`: thousands of connections at once, each of which has an answer.
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arkws::{Client, Message, Transport, WebSocket};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::open_files;

/// Handshakes at a time: a server bounds them, and so does the system's queue of connections.
const AT_A_TIME: usize = 100;
/// How long an answer may take, on a machine that has more to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// Connects, says `open`, waits for a line on standard input, has each connection exchange a
/// message, says `answered` and how long the slowest took, waits for a line, closes, says `closed`.
pub(crate) async fn run(url: &str, connections: usize) -> Result<()> {
    open_files::raise_limit()?;
    let mut lines = BufReader::new(stdin()).lines();
    let client = Client::builder().build()?;
    let (mut sockets, mut connecting) = (Vec::with_capacity(connections), JoinSet::new());
    while sockets.len() < connections {
        while connecting.len() < AT_A_TIME && sockets.len() + connecting.len() < connections {
            let (client, url) = (client.clone(), url.to_owned());
            connecting.spawn(async move { client.connect(url.as_str()).await });
        }
        let connected = connecting
            .join_next()
            .await
            .context("some are connecting")?;
        let number = sockets.len();
        let connected = connected?.with_context(|| format!("behind {number} connections"))?;
        sockets.push(connected.0);
    }
    println!("open");
    lines.next_line().await?;

    let mut exchanging = JoinSet::new();
    for (number, socket) in sockets.into_iter().enumerate() {
        exchanging.spawn(exchange(socket, number));
    }
    let (mut open, mut slowest) = (Vec::with_capacity(connections), Duration::ZERO);
    while let Some(exchanged) = exchanging.join_next().await {
        let (socket, took) = exchanged??;
        slowest = slowest.max(took);
        open.push(socket);
    }
    println!("answered, the slowest after {} ms", slowest.as_millis());
    lines.next_line().await?;

    let mut closing = JoinSet::new();
    for mut socket in open {
        closing.spawn(async move { socket.close(None).await });
    }
    while let Some(closed) = closing.join_next().await {
        closed?.context("a close was not answered")?;
    }
    println!("closed");
    Ok(())
}

async fn exchange(
    mut socket: WebSocket<Transport>,
    number: usize,
) -> Result<(WebSocket<Transport>, Duration)> {
    let begin = Instant::now();
    let message = Message::from(format!("I am number {number}"));
    socket.send(message.clone()).await?;
    let answer = timeout(PATIENCE, socket.recv()).await;
    let answer = answer.with_context(|| format!("number {number} has no answer"))?;
    let answer = answer.transpose()?.map(Message::from);
    ensure!(
        answer.as_ref() == Some(&message),
        "{answer:?} came for {message:?}"
    );
    Ok((socket, begin.elapsed()))
}
