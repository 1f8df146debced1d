//! The server's part of a conversation, from a record of `arkws connect --jsonl` (`--script`).
use std::path::Path;

use arkws::{CloseCode, CloseFrame, Message};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::heard::Heard;
use super::log::Log;
use super::outgoing::{Action, Outgoing};
use crate::exit::Failure;

/// What is waited for and sent, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script(Vec<Step>);

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Await(Message),
    Send(Message),
    Close(Option<CloseFrame>),
}

/// A line of the file. Fields that do not matter here may be missing.
#[derive(Debug, Deserialize)]
struct Recorded {
    direction: Way,
    #[serde(rename = "type")]
    kind: String,
    data: Option<String>,
    code: Option<u16>,
    reason: Option<String>,
}

/// As the client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Way {
    Out,
    In,
}

impl Script {
    /// # Errors
    /// The file cannot be read, or a line of it is no record of a message.
    pub(super) fn read(path: &Path) -> Result<Script, Failure> {
        let place = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("cannot read {place}: {error}")))?;
        Script::parse(&text).map_err(|why| Failure::usage(format!("{place}, {why}")))
    }

    fn parse(text: &str) -> Result<Script, String> {
        let mut steps = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let line = serde_json::from_str(line).map_err(|error| error.to_string());
            let step = line.and_then(step);
            steps.extend(step.map_err(|why| format!("line {number}: {why}"))?);
        }
        Ok(Script(steps))
    }

    /// Plays it to a client. Who says something else is sent away.
    pub(super) async fn play(&self, mut heard: Heard, outgoing: Outgoing, log: &Log) {
        for step in &self.0 {
            let action = match step {
                Step::Send(message) => Action::Send(message.clone()),
                Step::Close(frame) => Action::Close(frame.clone()),
                Step::Await(expected) => match heard.next().await {
                    Some(message) if message == *expected => continue,
                    Some(_) => {
                        log.say(format_args!(
                            "the script has another message here: {expected}"
                        ));
                        let why = "the script has another message here";
                        let frame = CloseFrame::new(CloseCode::POLICY, why);
                        outgoing.give(Action::Close(Some(frame))).await;
                        return;
                    }
                    None => return,
                },
            };
            outgoing.give(action).await;
        }
        // What comes behind its end is heard, and not answered.
        while heard.next().await.is_some() {}
    }
}

/// `None`: nothing that is played, such as a ping.
fn step(line: Recorded) -> Result<Option<Step>, String> {
    let data = line.data.unwrap_or_default();
    let message = match line.kind.as_str() {
        "text" => Message::text(data),
        "binary" => match BASE64_STANDARD.decode(data) {
            Ok(data) => Message::binary(data),
            Err(error) => return Err(format!("data is not base64: {error}")),
        },
        "close" if line.direction == Way::In => {
            let reason = line.reason.unwrap_or_default();
            let frame = match line.code.map(CloseCode::new) {
                None => None,
                Some(Some(code)) => Some(CloseFrame::new(code, &reason)),
                Some(None) => return Err("this code cannot be sent".to_owned()),
            };
            return Ok(Some(Step::Close(frame)));
        }
        "close" | "ping" | "pong" => return Ok(None),
        other => return Err(format!("there is no type \"{other}\"")),
    };
    Ok(Some(match line.direction {
        Way::Out => Step::Await(message),
        Way::In => Step::Send(message),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_the_part_of_the_server() {
        let script = Script::parse(
            "{\"direction\":\"out\",\"time\":1.5,\"type\":\"text\",\"size\":2,\"data\":\"hi\"}\n\n\
             {\"direction\":\"in\",\"type\":\"binary\",\"data\":\"AP8=\"}\n\
             {\"direction\":\"in\",\"type\":\"ping\",\"data\":\"\"}\n\
             {\"direction\":\"in\",\"type\":\"close\",\"code\":4000,\"reason\":\"x\"}\n",
        );
        let close = CloseFrame::new(CloseCode::new(4000).unwrap(), "x");
        let steps = vec![
            Step::Await("hi".into()),
            Step::Send(Message::binary(&b"\x00\xff"[..])),
            Step::Close(Some(close)),
        ];
        assert_eq!(script, Ok(Script(steps)));

        for wrong in [
            "{}",
            "{\"direction\":\"in\",\"type\":\"binary\",\"data\":\"?\"}",
            "{\"direction\":\"in\",\"type\":\"shout\"}",
            "{\"direction\":\"in\",\"type\":\"close\",\"code\":1005}",
        ] {
            let why = Script::parse(&format!("\n{wrong}")).unwrap_err();
            assert!(why.starts_with("line 2: "), "{why}");
        }
    }
}
