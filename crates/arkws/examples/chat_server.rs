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
use std::sync::Arc;
use std::time::Duration;

use arkws::{Acceptor, AllowedOrigins, Error, Heartbeat, Limits, Message, Utf8Bytes};
use futures_util::StreamExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast};

/// How many messages a slow client may be behind before it misses some.
const BACKLOG: usize = 256;
/// The longest remark, in bytes.
const MAX_REMARK: usize = 16 << 10;
/// The most clients at a time; others wait in the listener's queue.
const MAX_CONNECTIONS: usize = 1000;
/// A client that takes nothing for this long is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

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
    let listener = match TcpListener::bind(&address).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("cannot listen on {address}: {error}");
            return ExitCode::FAILURE;
        }
    };
    match listener.local_addr() {
        Ok(address) => println!("listening on ws://{address}"),
        Err(error) => eprintln!("listening on {address} ({error})"),
    }
    match AllowedOrigins::new(arguments) {
        Ok(origins) => serve(listener, origins).await,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(listener: TcpListener, origins: AllowedOrigins) -> ExitCode {
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
    let (room, _) = broadcast::channel(BACKLOG);
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    for speaker in 1.. {
        let permit = Arc::clone(&permits).acquire_owned().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Most likely too many files are open: soon there will be fewer.
                eprintln!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (acceptor, room) = (acceptor.clone(), room.clone());
        tokio::spawn(async move {
            println!("{speaker} comes");
            match chat(stream, acceptor, speaker, room).await {
                Ok(()) => println!("{speaker} goes"),
                Err(error) => println!("{speaker} goes: {error}"),
            }
            drop(permit);
        });
    }
    ExitCode::SUCCESS
}

async fn chat(
    stream: TcpStream,
    acceptor: Acceptor,
    speaker: u64,
    room: broadcast::Sender<Remark>,
) -> Result<(), Error> {
    let mut socket = acceptor.accept(stream).await?;
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
