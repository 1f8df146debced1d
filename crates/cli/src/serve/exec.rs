//! A command for each client (`--exec`): its messages are lines of the command's input, lines of
//! the output are messages.
use std::process::Stdio;

use arkws::{CloseCode, CloseFrame, Message};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};

use super::heard::Heard;
use super::log::Log;
use super::outgoing::{Action, Outgoing};

/// Runs it, until its output ends. It is killed if the client goes before.
pub(super) async fn run(command: &str, heard: Heard, outgoing: Outgoing, log: &Log) {
    let started = shell(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            log.say(format_args!("the shell cannot be started: {error}"));
            let frame = CloseFrame::new(CloseCode::INTERNAL_ERROR, "");
            outgoing.give(Action::Close(Some(frame))).await;
            return;
        }
    };
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return;
    };
    let reads = async {
        feed(input, heard).await;
        std::future::pending().await
    };
    tokio::select! {
        () = reads => {}
        () = pass_on(output, &outgoing) => {}
    }
    if let Ok(status) = child.wait().await {
        log.say(format_args!("the command has ended: {status}"));
    }
    let frame = CloseFrame::new(CloseCode::NORMAL, "");
    outgoing.give(Action::Close(Some(frame))).await;
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.args(["/C", command]);
    shell
}

async fn feed(mut input: ChildStdin, mut heard: Heard) {
    while let Some(message) = heard.next().await {
        let line = [message.as_bytes(), b"\n"].concat();
        if input.write_all(&line).await.is_err() {
            // It reads no more, and may still say something.
            return;
        }
    }
}

async fn pass_on(output: ChildStdout, outgoing: &Outgoing) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output
        .read_until(b'\n', &mut line)
        .await
        .is_ok_and(|read| read > 0)
    {
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        let message = match String::from_utf8(std::mem::take(&mut line)) {
            Ok(text) => Message::text(text),
            Err(error) => Message::binary(error.into_bytes()),
        };
        outgoing.give(Action::Send(message)).await;
    }
}
