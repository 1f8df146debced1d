//! A file of recorded messages.
use std::path::Path;

use arkws::{CloseCode, CloseFrame, Message};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::har::HarRecording;
use super::{Direction, Fate, Recorded};
use crate::exit::Failure;

/// A line of the file. Fields that do not matter here may be missing.
#[derive(Debug, Deserialize)]
struct RecordLine {
    connection: Option<u64>,
    direction: Direction,
    time: Option<f64>,
    #[serde(rename = "type")]
    kind: String,
    data: Option<String>,
    code: Option<u16>,
    reason: Option<String>,
    #[serde(default)]
    fate: Fate,
}

/// The messages of one connection: of this one, or else of the first in the file, which may be
/// HAR.
///
/// # Errors
/// The file cannot be read, a line of it is no record of a message, or there is none of the
/// connection.
pub(crate) fn read(path: &Path, connection: Option<u64>) -> Result<Vec<Recorded>, Failure> {
    let place = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {place}: {error}")))?;
    let records = match serde_json::from_str::<HarRecording>(&text) {
        Ok(file) => file.records(connection.unwrap_or(1)),
        Err(_) => parse(&text, connection),
    };
    let records = records.map_err(|why| Failure::usage(format!("{place}, {why}")))?;
    match connection {
        Some(number) if records.is_empty() => {
            let words = format!("{place} has no message of connection {number}");
            Err(Failure::usage(words))
        }
        _ => Ok(records),
    }
}

fn parse(text: &str, connection: Option<u64>) -> Result<Vec<Recorded>, String> {
    let mut records = Vec::new();
    let mut wanted = connection.map(Some);
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let line = serde_json::from_str::<RecordLine>(line).map_err(|error| error.to_string());
        let of = line.as_ref().ok().and_then(|line| line.connection);
        let delivered = line.as_ref().is_ok_and(|line| line.fate.is_delivered());
        let record = line.and_then(recorded);
        let record = record.map_err(|why| format!("line {number}: {why}"))?;
        if *wanted.get_or_insert(of) == of && delivered {
            records.push(record);
        }
    }
    Ok(records)
}

fn recorded(line: RecordLine) -> Result<Recorded, String> {
    let data = line.data.unwrap_or_default();
    let bytes = |data| match BASE64_STANDARD.decode(data) {
        Ok(data) => Ok(data.into()),
        Err(error) => Err(format!("data is not base64: {error}")),
    };
    let message = match line.kind.as_str() {
        "text" => Message::text(data),
        "binary" => Message::Binary(bytes(data)?),
        "ping" => Message::Ping(bytes(data)?),
        "pong" => Message::Pong(bytes(data)?),
        "close" => Message::Close(match line.code.map(CloseCode::new) {
            None => None,
            Some(Some(code)) => {
                let reason = line.reason.unwrap_or_default();
                Some(CloseFrame::new(code, &reason))
            }
            Some(None) => return Err("this code cannot be sent".to_owned()),
        }),
        other => return Err(format!("there is no type \"{other}\"")),
    };
    Ok(Recorded {
        direction: line.direction,
        time: line.time,
        message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_message() {
        let records = parse(
            "{\"direction\":\"out\",\"time\":1.5,\"type\":\"text\",\"size\":2,\"data\":\"hi\"}\n\n\
             {\"direction\":\"in\",\"type\":\"binary\",\"data\":\"AP8=\"}\n\
             {\"direction\":\"in\",\"type\":\"ping\",\"data\":\"\"}\n\
             {\"direction\":\"in\",\"type\":\"close\",\"code\":4000,\"reason\":\"x\"}\n",
            None,
        );
        let close = CloseFrame::new(CloseCode::new(4000).unwrap(), "x");
        let recorded = |direction, time, message| Recorded {
            direction,
            time,
            message,
        };
        let expected = vec![
            recorded(Direction::Out, Some(1.5), "hi".into()),
            recorded(Direction::In, None, Message::binary(&b"\x00\xff"[..])),
            recorded(Direction::In, None, Message::Ping(Vec::new().into())),
            recorded(Direction::In, None, Message::Close(Some(close))),
        ];
        assert_eq!(records, Ok(expected));

        for wrong in [
            "{}",
            "{\"direction\":\"in\",\"type\":\"binary\",\"data\":\"?\"}",
            "{\"direction\":\"in\",\"type\":\"shout\"}",
            "{\"direction\":\"in\",\"type\":\"close\",\"code\":1005}",
        ] {
            let why = parse(&format!("\n{wrong}"), None).unwrap_err();
            assert!(why.starts_with("line 2: "), "{why}");
        }
    }

    #[test]
    fn one_connection_is_read_and_what_passed() {
        let line = |connection, data, rest| {
            format!(
                "{{\"connection\":{connection},\"direction\":\"in\",\"type\":\"text\",\
                 \"data\":\"{data}\"{rest}}}\n"
            )
        };
        let file = [
            line(3, "a", ""),
            line(4, "b", ""),
            line(3, "c", ",\"fate\":\"late\""),
            line(3, "d", ""),
        ]
        .concat();
        let texts = |connection| {
            let records = parse(&file, connection).unwrap().into_iter();
            let texts = records.map(|record| record.message.into_text().unwrap());
            texts.map(|text| text.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(texts(None), ["a", "d"]);
        assert_eq!(texts(Some(4)), ["b"]);
        assert!(texts(Some(5)).is_empty());
    }
}
