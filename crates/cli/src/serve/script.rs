//! The server's part of a conversation, from a record of `arkws connect --jsonl` (`--script`).
use std::path::Path;

use arkws::{CloseCode, CloseFrame, Message};

use super::heard::Heard;
use super::log::Log;
use super::outgoing::{Action, Outgoing};
use crate::exit::Failure;
use crate::record::{self, Direction, Recorded};

/// What is waited for and sent, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script(Vec<ScriptStep>);

#[derive(Debug, PartialEq, Eq)]
enum ScriptStep {
    Await(Message),
    Send(Message),
    Close(Option<CloseFrame>),
}

impl Script {
    /// # Errors
    /// The file cannot be read, or a line of it is no record of a message.
    pub(super) fn read(path: &Path) -> Result<Script, Failure> {
        let records = record::read(path, None)?;
        Ok(Script(records.into_iter().filter_map(step).collect()))
    }

    /// Plays it to a client. Who says something else is sent away.
    pub(super) async fn play(&self, mut heard: Heard, outgoing: Outgoing, log: &Log) {
        for step in &self.0 {
            let action = match step {
                ScriptStep::Send(message) => Action::Send(message.clone()),
                ScriptStep::Close(frame) => Action::Close(frame.clone()),
                ScriptStep::Await(expected) => match heard.next().await {
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
fn step(record: Recorded) -> Option<ScriptStep> {
    match (record.direction, record.message) {
        (Direction::Out, message) if message.is_data() => Some(ScriptStep::Await(message)),
        (Direction::In, Message::Close(frame)) => Some(ScriptStep::Close(frame)),
        (Direction::In, message) if message.is_data() => Some(ScriptStep::Send(message)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_becomes_the_part_of_the_server() {
        let close = CloseFrame::new(CloseCode::new(4000).unwrap(), "x");
        let record = |direction, message| Recorded {
            direction,
            time: None,
            message,
        };
        let (out, back) = (Direction::Out, Direction::In);
        let steps = [
            record(out, "hi".into()),
            record(out, Message::Ping(Vec::new().into())),
            record(back, Message::binary(&b"\x00\xff"[..])),
            record(back, Message::Pong(Vec::new().into())),
            record(out, Message::Close(None)),
            record(back, Message::Close(Some(close.clone()))),
        ];
        let expected = [
            ScriptStep::Await("hi".into()),
            ScriptStep::Send(Message::binary(&b"\x00\xff"[..])),
            ScriptStep::Close(Some(close)),
        ];
        assert!(steps.into_iter().filter_map(step).eq(expected));
    }
}
