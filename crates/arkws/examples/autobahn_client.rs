//! Runs the cases of an Autobahn test suite's server, permessage-deflate offered.
//!
//! ```console
//! kosoku --mode fuzzingserver 127.0.0.1:9001
//! cargo run --release --example autobahn_client -- ws://127.0.0.1:9001
//! ```
//!
//! With `--no-context-takeover` after the URL it offers to compress each message by itself: some
//! cases ask for that.
mod echo;

use std::io::IsTerminal;
use std::process::ExitCode;

use arkws::{Client, DeflateConfig, Error, MessageRef};

const AGENT: &str = "arkws";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, no_context_takeover) = match &arguments[..] {
        [url] => (url, false),
        [url, flag] if flag == "--no-context-takeover" => (url, true),
        _ => {
            eprintln!("usage: autobahn_client URL [--no-context-takeover]");
            return ExitCode::FAILURE;
        }
    };
    match run(url.trim_end_matches('/'), no_context_takeover).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(server: &str, no_context_takeover: bool) -> Result<(), Error> {
    let client = Client::builder()
        .deflate(DeflateConfig {
            client_no_context_takeover: no_context_takeover,
            // Small messages too: the suite wants to see it.
            min_size: 0,
            ..DeflateConfig::default()
        })
        .build()?;
    let count = case_count(&client, server).await?;
    let progress = std::io::stderr().is_terminal();
    for case in 1..=count {
        if progress {
            eprint!("\rcase {case} of {count}");
        }
        let url = format!("{server}/runCase?case={case}&agent={AGENT}");
        let (mut socket, _) = client.connect(&url).await?;
        // Most cases break a rule, and end in an error on our side: it is the server that judges.
        let _ = echo::echo(&mut socket).await;
    }
    if progress {
        eprintln!();
    }
    let url = format!("{server}/updateReports?agent={AGENT}");
    let (mut socket, _) = client.connect(&url).await?;
    // The suite's servers end this connection as they please.
    while let Some(Ok(_)) = socket.recv().await {}
    Ok(())
}

async fn case_count(client: &Client, server: &str) -> Result<u32, Error> {
    let (mut socket, _) = client.connect(&format!("{server}/getCaseCount")).await?;
    let mut count = 0;
    while let Some(message) = socket.recv().await {
        if let MessageRef::Text(text) = message? {
            count = text.parse().unwrap_or_default();
        }
    }
    Ok(count)
}
