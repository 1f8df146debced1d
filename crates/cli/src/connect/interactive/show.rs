//! How a message looks: JSON indented, binary data in hexadecimal digits, nothing that controls the
//! terminal.
use std::fmt::Write;

use arkws::Message;
use serde::de::IgnoredAny;

use crate::escape;

/// More of a binary message is not shown, in bytes.
const SHOWN: usize = 512;

/// The text that is shown for it.
pub(super) fn message(message: &Message) -> String {
    match message {
        Message::Text(text) => escape::controls(&pretty(text)).into_owned(),
        message => dump(message.as_bytes()),
    }
}

/// Objects and lists of JSON are indented, whatever numbers and order they have; anything else is
/// as it was.
fn pretty(text: &str) -> String {
    let begins = text.trim_start().starts_with(['{', '[']);
    if !begins || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return text.to_owned();
    }
    let mut pretty = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    let mut rest = text.chars().peekable();
    let line = |pretty: &mut String, depth: usize| {
        pretty.push('\n');
        pretty.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(character) = rest.next() {
        if in_string {
            pretty.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            ' ' | '\t' | '\r' | '\n' => {}
            '{' | '[' => {
                pretty.push(character);
                while rest.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(end) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    pretty.push(end);
                } else {
                    depth += 1;
                    line(&mut pretty, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut pretty, depth);
                pretty.push(character);
            }
            ',' => {
                pretty.push(',');
                line(&mut pretty, depth);
            }
            ':' => pretty.push_str(": "),
            character => {
                in_string = character == '"';
                pretty.push(character);
            }
        }
    }
    pretty
}

/// Sixteen bytes a line, with what they are in ASCII.
fn dump(data: &[u8]) -> String {
    let mut text = format!("{} bytes", data.len());
    for (line, bytes) in data[..data.len().min(SHOWN)].chunks(16).enumerate() {
        _ = write!(text, "\n  {:04x} ", line * 16);
        for at in 0..16 {
            _ = match bytes.get(at) {
                Some(byte) => write!(text, " {byte:02x}"),
                None => write!(text, "   "),
            };
        }
        let ascii = bytes.iter().map(|byte| match byte {
            0x20..=0x7e => char::from(*byte),
            _ => '.',
        });
        _ = write!(text, "  {}", ascii.collect::<String>());
    }
    if data.len() > SHOWN {
        text.push_str("\n  ...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_stays_what_it_was() {
        let json = "{\"b\": [1.10,{} , [ ]],\"a\":\"x, {\\\"y\\\"}\"}";
        let expected = "{\n  \"b\": [\n    1.10,\n    {},\n    []\n  ],\n  \
                        \"a\": \"x, {\\\"y\\\"}\"\n}";
        assert_eq!(pretty(json), expected);
        for other in ["{not json", "12", "\"text\"", "[1,]"] {
            assert_eq!(pretty(other), other);
        }
    }

    #[test]
    fn bytes_are_shown_with_what_they_are_in_ascii() {
        let text = dump(b"\0\x1babc");
        let digits = format!("  0000  00 1b 61 62 63{}  ..abc", "   ".repeat(11));
        assert_eq!(text, format!("5 bytes\n{digits}"));
        assert!(dump(&[0; 513]).ends_with("\n  ..."));
    }
}
