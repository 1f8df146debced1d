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
use std::time::Duration;

use arkws::{Acceptor, AllowedOrigins, DeflateConfig, Limits, Server, ServerLimits};

const USAGE: &str =
    "usage: echo_server [ADDRESS] [--deflate] [--max-message BYTES] [--origin ORIGIN]...";

/// The longest message, in bytes, unless `--max-message` says something else.
const MAX_MESSAGE: usize = 1 << 20;
/// The most clients at a time; others are refused.
const MAX_CONNECTIONS: usize = 128;
/// A client that takes nothing for this long is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long clients may take to say goodbye when the server is interrupted.
const GOODBYE: Duration = Duration::from_secs(10);

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
    match serve(&address, acceptor.build()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot listen on {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str, acceptor: Acceptor) -> std::io::Result<()> {
    let limits = ServerLimits {
        connections: MAX_CONNECTIONS,
        ..ServerLimits::default()
    };
    let server = Server::bind(address).await?;
    let server = server.acceptor(acceptor).limits(limits);
    let server = server.serve(async |mut socket, _request| {
        if let Err(error) = echo::echo(&mut socket).await {
            eprintln!("{error}");
        }
    });
    if let Some(address) = server.local_addr() {
        println!("listening on ws://{address}");
    }
    tokio::signal::ctrl_c().await?;
    server.shutdown(GOODBYE).await;
    Ok(())
}
