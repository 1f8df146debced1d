//! Sends every message back.
//!
//! ```console
//! cargo run --release --example echo_server -- 127.0.0.1:9001
//! cargo run --release --example echo_server -- 127.0.0.1:9001 --deflate
//! ```
//!
//! What it holds is bounded, whatever its clients do: the connections, the length of a message, and
//! for how long a client may take nothing of its answers. Web pages may connect only from the
//! origins that `--origin` names.
mod echo;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use arkws::{Acceptor, AllowedOrigins, DeflateConfig, Error, Limits};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

const USAGE: &str =
    "usage: echo_server [ADDRESS] [--deflate] [--max-message BYTES] [--origin ORIGIN]...";

/// The longest message, in bytes, unless `--max-message` says something else.
const MAX_MESSAGE: usize = 1 << 20;
/// The most clients at a time; others wait in the listener's queue.
const MAX_CONNECTIONS: usize = 128;
/// A client that takes nothing for this long is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let mut address = None;
    let mut origins = Vec::new();
    let mut max_message = MAX_MESSAGE;
    let mut acceptor = Acceptor::builder().write_timeout(WRITE_TIMEOUT);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Small messages too: whoever asks for compression here wants to see it.
            "--deflate" => {
                acceptor = acceptor.deflate(DeflateConfig {
                    min_size: 0,
                    ..DeflateConfig::default()
                });
            }
            "--max-message" => match arguments.next().map(|bytes| bytes.parse()) {
                Some(Ok(bytes)) => max_message = bytes,
                _ => {
                    eprintln!("{USAGE}");
                    return ExitCode::FAILURE;
                }
            },
            "--origin" => origins.extend(arguments.next()),
            _ if !argument.starts_with('-') && address.is_none() => address = Some(argument),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::FAILURE;
            }
        }
    }
    let address = address.unwrap_or_else(|| "127.0.0.1:9001".into());
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
    let origins = match AllowedOrigins::new(origins) {
        Ok(origins) => origins,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let acceptor = acceptor.allowed_origins(origins).limits(Limits {
        max_message_size: max_message,
        max_frame_size: max_message as u64,
        ..Limits::default()
    });
    serve(listener, acceptor.build()).await
}

async fn serve(listener: TcpListener, acceptor: Acceptor) -> ExitCode {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
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
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = handle(stream, acceptor).await {
                eprintln!("{error}");
            }
            drop(permit);
        });
    }
}

async fn handle(stream: TcpStream, acceptor: Acceptor) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut socket = acceptor.accept(stream).await?;
    echo::echo(&mut socket).await
}
