//! An event as the page gets it: in JSON.
use arkws::http::HeaderMap;
use arkws::{Message, Utf8Bytes, field_text};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use super::super::event::{ConnectionEvent, EventKind, Handshake};
use crate::record::{Direction, Fate, kind, seconds};

/// More of a payload is not kept, in bytes: the recording has all of it.
const KEPT: usize = 16 << 10;

#[derive(Serialize)]
struct PageEvent<'a> {
    connection: u64,
    /// Seconds since 1970.
    time: f64,
    #[serde(flatten)]
    kind: PageEventKind<'a>,
}

#[derive(Serialize)]
#[serde(
    tag = "kind",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
enum PageEventKind<'a> {
    Open {
        #[serde(flatten)]
        handshake: ShownHandshake<'a>,
    },
    Failed {
        #[serde(flatten)]
        handshake: ShownHandshake<'a>,
        why: &'a str,
    },
    Message {
        direction: Direction,
        r#type: &'static str,
        /// Of the payload, in bytes.
        size: usize,
        /// The text, or anything else in base64: its beginning.
        data: String,
        /// There is more of it.
        is_cut: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        fate: Fate,
    },
    End {
        why: &'a str,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownHandshake<'a> {
    from: String,
    url: &'a str,
    /// Seconds since 1970.
    began: f64,
    status: Option<u16>,
    protocol: Option<&'a str>,
    app_deflates: bool,
    target_deflates: bool,
    request: Vec<(&'a str, String)>,
    response: Vec<(&'a str, String)>,
}

/// `None`: it cannot be written, which does not happen.
pub(super) fn json(event: &ConnectionEvent<'_>) -> Option<Utf8Bytes> {
    let kind = match &event.kind {
        EventKind::Open(handshake) => PageEventKind::Open {
            handshake: shown(handshake),
        },
        EventKind::NotOpen(handshake, why) => PageEventKind::Failed {
            handshake: shown(handshake),
            why,
        },
        EventKind::Message {
            direction,
            message,
            fate,
        } => shown_message(*direction, message, *fate),
        EventKind::End(why) => PageEventKind::End { why },
    };
    let entry = PageEvent {
        connection: event.connection,
        time: seconds(event.time),
        kind,
    };
    serde_json::to_string(&entry).ok().map(Utf8Bytes::from)
}

fn shown(handshake: &Handshake) -> ShownHandshake<'_> {
    let answer = handshake.answer.as_ref();
    ShownHandshake {
        from: handshake.from.to_string(),
        url: &handshake.url,
        began: seconds(handshake.began),
        status: answer.map(|answer| answer.status.as_u16()),
        protocol: answer.and_then(|answer| answer.protocol.as_deref()),
        app_deflates: handshake.app_deflates,
        target_deflates: handshake.target_deflates,
        request: fields(&handshake.request),
        response: answer
            .map(|answer| fields(&answer.headers))
            .unwrap_or_default(),
    }
}

fn fields(headers: &HeaderMap) -> Vec<(&str, String)> {
    let fields = headers.iter();
    let fields = fields.map(|(name, value)| {
        let value = field_text(value.as_bytes()).into_owned();
        (name.as_str(), value)
    });
    fields.collect()
}

fn shown_message(direction: Direction, message: &Message, fate: Fate) -> PageEventKind<'static> {
    let code = match message {
        Message::Close(frame) => frame.as_ref().map(|frame| frame.code().get()),
        _ => None,
    };
    let payload = message.as_bytes();
    let kept = &payload[..payload.len().min(KEPT)];
    let data = match message {
        // A character that is cut at the end is left out.
        Message::Text(_) | Message::Close(_) => match std::str::from_utf8(kept) {
            Ok(text) => text.to_owned(),
            Err(cut) => String::from_utf8_lossy(&kept[..cut.valid_up_to()]).into_owned(),
        },
        _ => BASE64_STANDARD.encode(kept),
    };
    PageEventKind::Message {
        direction,
        r#type: kind(message),
        size: payload.len(),
        data,
        is_cut: kept.len() < payload.len(),
        code,
        fate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_payload_the_beginning_is_kept() {
        let text = "é".repeat(KEPT).replacen('é', "e", 1);
        let PageEventKind::Message {
            data, is_cut, size, ..
        } = shown_message(Direction::In, &text.as_str().into(), Fate::Passed)
        else {
            panic!("no message");
        };
        assert_eq!((data.len(), is_cut, size), (KEPT - 1, true, text.len()));
        assert!(text.starts_with(&data));
    }
}
