//! Messages as Chrome has them in HAR files, `_webSocketMessages`.
use std::time::SystemTime;

use arkws::{CloseCode, CloseFrame, Message};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::{Direction, Recorded, seconds};

/// A message.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HarMessage {
    #[serde(rename = "type")]
    direction: HarDirection,
    /// Seconds since 1970.
    time: f64,
    opcode: u8,
    /// The text; anything else in base64.
    data: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum HarDirection {
    Send,
    Receive,
}

/// What matters here of a file.
#[derive(Debug, Deserialize)]
pub(super) struct HarRecording {
    log: HarLog,
}

#[derive(Debug, Deserialize)]
struct HarLog {
    entries: Vec<HarSocket>,
}

#[derive(Debug, Deserialize)]
struct HarSocket {
    #[serde(rename = "_webSocketMessages")]
    messages: Option<Vec<HarMessage>>,
}

impl HarMessage {
    pub(crate) fn new(direction: Direction, time: SystemTime, message: &Message) -> HarMessage {
        let base64 = |data: &[u8]| BASE64_STANDARD.encode(data);
        let (opcode, data) = match message {
            Message::Text(text) => (1, text.to_string()),
            Message::Binary(data) => (2, base64(data)),
            Message::Close(None) => (8, String::new()),
            // As the frame has it: a code, then the reason.
            Message::Close(Some(frame)) => {
                let code = frame.code().get().to_be_bytes();
                (8, base64(&[&code, frame.reason().as_bytes()].concat()))
            }
            Message::Ping(data) => (9, base64(data)),
            Message::Pong(data) => (10, base64(data)),
        };
        HarMessage {
            direction: match direction {
                Direction::Out => HarDirection::Send,
                Direction::In => HarDirection::Receive,
            },
            time: seconds(time),
            opcode,
            data,
        }
    }

    fn recorded(self) -> Result<Recorded, String> {
        let bytes = || match BASE64_STANDARD.decode(&self.data) {
            Ok(data) => Ok(data),
            Err(error) => Err(format!("data is not base64: {error}")),
        };
        let message = match self.opcode {
            1 => self.data.into(),
            2 => Message::binary(bytes()?),
            8 => Message::Close(close(&bytes()?)?),
            9 => Message::Ping(bytes()?.into()),
            10 => Message::Pong(bytes()?.into()),
            other => return Err(format!("there is no opcode {other}")),
        };
        Ok(Recorded {
            direction: match self.direction {
                HarDirection::Send => Direction::Out,
                HarDirection::Receive => Direction::In,
            },
            time: Some(self.time),
            message,
        })
    }
}

fn close(body: &[u8]) -> Result<Option<CloseFrame>, String> {
    let Some((code, reason)) = body.split_first_chunk() else {
        return Ok(None);
    };
    let code = CloseCode::new(u16::from_be_bytes(*code)).ok_or("this code cannot be sent")?;
    let reason = String::from_utf8_lossy(reason);
    Ok(Some(CloseFrame::new(code, &reason)))
}

impl HarRecording {
    /// The messages of one of its WebSockets, of which this is the number, from 1.
    ///
    /// # Errors
    /// One of them is none.
    pub(super) fn records(self, number: u64) -> Result<Vec<Recorded>, String> {
        let mut sockets = self.log.entries.into_iter().filter_map(|it| it.messages);
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let messages = sockets.nth(index).unwrap_or_default();
        messages.into_iter().map(HarMessage::recorded).collect()
    }
}
