//! Passes what one client says on to all the others.
//!
//! ```console
//! cargo run --release --example chat_server -- 127.0.0.1:9001
//! cargo run --release --example chat_server -- 127.0.0.1:9001 https://example.org
//! ```
//!
//! What it holds is bounded, whatever its clients do: the connections, the length of a remark, how
//! many remarks a client may be behind, and for how long one may take nothing at all. Web pages may
//! connect only from the origins that are named behind the address: without that every page that a
//! user has open could join.
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arkws::{
    Acceptor, AllowedOrigins, Error, Heartbeat, Limits, Message, Server, ServerLimits, Transport,
    Utf8Bytes, WebSocket,
};
use futures_util::StreamExt;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How many messages a slow client may be behind before it misses some.
const BACKLOG: usize = 256;
/// The longest remark, in bytes.
const MAX_REMARK: usize = 16 << 10;
/// The most clients at a time; others are refused.
const MAX_CONNECTIONS: usize = 1000;
/// A client that takes nothing for this long is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long clients may take to say goodbye when the server is interrupted.
const GOODBYE: Duration = Duration::from_secs(10);

/// Something that was said, and by whom: the number of the connection.
#[derive(Clone)]
struct Remark {
    speaker: u64,
    text: Utf8Bytes,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9001".into());
    if address.starts_with('-') {
        eprintln!("usage: chat_server [ADDRESS] [ORIGIN]...");
        return ExitCode::FAILURE;
    }
    let origins = match AllowedOrigins::new(arguments) {
        Ok(origins) => origins,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match serve(&address, origins).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot listen on {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str, origins: AllowedOrigins) -> std::io::Result<()> {
    let acceptor = Acceptor::builder()
        .allowed_origins(origins)
        .limits(Limits {
            max_message_size: MAX_REMARK,
            max_frame_size: MAX_REMARK as u64,
            ..Limits::default()
        })
        .write_timeout(WRITE_TIMEOUT)
        .heartbeat(Heartbeat {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
        })
        .build();
    let limits = ServerLimits {
        connections: MAX_CONNECTIONS,
        ..ServerLimits::default()
    };
    let (room, _) = broadcast::channel(BACKLOG);
    let speakers = AtomicU64::new(1);
    let server = Server::bind(address).await?;
    let server = server.acceptor(acceptor).limits(limits);
    let server = server.serve(move |socket, _request| {
        let speaker = speakers.fetch_add(1, Ordering::Relaxed);
        let room = room.clone();
        async move {
            println!("{speaker} comes");
            match chat(socket, speaker, room).await {
                Ok(()) => println!("{speaker} goes"),
                Err(error) => println!("{speaker} goes: {error}"),
            }
        }
    });
    if let Some(address) = server.local_addr() {
        println!("listening on ws://{address}");
    }
    tokio::signal::ctrl_c().await?;
    server.shutdown(GOODBYE).await;
    Ok(())
}

async fn chat(
    mut socket: WebSocket<Transport>,
    speaker: u64,
    room: broadcast::Sender<Remark>,
) -> Result<(), Error> {
    let mut remarks = room.subscribe();
    loop {
        tokio::select! {
            message = socket.next() => match message.transpose()? {
                Some(Message::Text(text)) => {
                    // There is always a listener: ourselves.
                    let _ = room.send(Remark { speaker, text });
                }
                Some(_) => {}
                None => return Ok(()),
            },
            remark = remarks.recv() => match remark {
                Ok(remark) if remark.speaker == speaker => {}
                Ok(remark) => {
                    let line = format!("{}: {}", remark.speaker, remark.text);
                    socket.send(Message::from(line)).await?;
                }
                Err(RecvError::Lagged(missed)) => {
                    let line = format!("(you missed {missed} remarks)");
                    socket.send(Message::from(line)).await?;
                }
                Err(RecvError::Closed) => unreachable!("we hold a sender"),
            },
        }
    }
}
