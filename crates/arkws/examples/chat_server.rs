//! Passes what one client says on to all the others.
//!
//! ```console
//! cargo run --release --example chat_server -- 127.0.0.1:9001
//! ```
use std::process::ExitCode;
use std::time::Duration;

use arkws::{Acceptor, Error, Heartbeat, Message, Utf8Bytes};
use futures_util::StreamExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How many messages a slow client may be behind before it misses some.
const BACKLOG: usize = 256;

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
    if address.starts_with('-') || arguments.next().is_some() {
        eprintln!("usage: chat_server [ADDRESS]");
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
    serve(listener).await
}

async fn serve(listener: TcpListener) -> ExitCode {
    let acceptor = Acceptor::builder()
        .heartbeat(Heartbeat {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
        })
        .build();
    let (room, _) = broadcast::channel(BACKLOG);
    for speaker in 1.. {
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
