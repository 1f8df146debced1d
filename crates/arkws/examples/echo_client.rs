//! Sends messages to a server and prints its answers.
//!
//! ```console
//! cargo run --release --example echo_client -- ws://127.0.0.1:9001 hello world
//! ```
use std::process::ExitCode;

use arkws::{CloseCode, CloseFrame, Error, Message, MessageRef};

const USAGE: &str =
    "usage: echo_client URL [MESSAGE]...\nexample: echo_client ws://127.0.0.1:9001 hello world";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next().filter(|url| !url.starts_with('-')) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let mut messages: Vec<String> = arguments.collect();
    if messages.is_empty() {
        messages.push("hello".into());
    }
    match talk(&url, messages).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn talk(url: &str, messages: Vec<String>) -> Result<(), Error> {
    let (mut socket, response) = arkws::connect(url).await?;
    println!(
        "connected: {} {}",
        response.status.as_str(),
        // What the server says does nothing to the terminal.
        response.reason.escape_debug()
    );

    let mut expected = messages.len();
    for message in messages {
        println!("> {message}");
        socket.send(Message::from(message)).await?;
    }
    while let Some(message) = socket.recv().await {
        match message? {
            MessageRef::Text(text) => println!("< {}", text.as_str().escape_debug()),
            MessageRef::Binary(data) => println!("< {} bytes", data.len()),
            MessageRef::Ping(_) | MessageRef::Pong(_) => continue,
            MessageRef::Close(None) => println!("closed"),
            MessageRef::Close(Some(frame)) => {
                let reason = frame.reason().escape_debug();
                println!("closed: {} {reason}", frame.code().get());
            }
        }
        expected = expected.saturating_sub(1);
        if expected == 0 {
            // The loop goes on until the server has answered this, and the transport has ended.
            socket.start_close(Some(CloseFrame::new(CloseCode::NORMAL, "bye")));
        }
    }
    Ok(())
}
